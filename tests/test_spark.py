"""The model on Spark equals itself in every form, and every fault is one sentence."""

import os
import signal
import subprocess
import sys
import threading

from mfbook import Model, baselines, datasets, metrics, recommend, spark
from mfbook.course import cluster
from mfbook.exceptions import DataError
from mfbook.spark import _files, _frames, _session
import numpy as np
import pandas as pd
import psutil
import pytest

HYPERPARAMETERS = {"k": 10, "reg": 0.15, "reg_bias": 5}


@pytest.fixture(scope="module")
def java():
    """Let Java compile quickly rather than well; skip the test if there is none, but not in CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        try:
            _session.check_pyspark()
            spark.check_java()
        except spark.SparkError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        yield


@pytest.fixture(scope="module")
def machines(java):
    """Return a running cluster of a master and two workers."""
    with cluster.standalone(workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def session(machines):
    """Return a session on the cluster."""
    yield spark.session(machines.url)
    spark.stop()


@pytest.fixture(scope="module")
def fitted(session, split):
    return spark.ALS(**HYPERPARAMETERS, session=session).fit(split)


@pytest.fixture(scope="module")
def few():
    """Return a split of few ratings, in which training sees every user and item, by text ids."""
    ratings = datasets.load("synthetic").train.sample(6500, random_state=0)
    ratings = ratings[["user_id", "item_id", "rating"]]
    test, train = ratings.head(500), ratings.tail(6000)
    seen = test["user_id"].isin(train["user_id"]) & test["item_id"].isin(train["item_id"])
    return datasets.make_split(train, test[seen])


@pytest.fixture(scope="module")
def files(few, session, tmp_path_factory):
    """Return a folder with the same ratings as CSV and as Parquet, the ids being text."""
    folder = tmp_path_factory.mktemp("ratings")
    for ratings, name in ((few.train, "train"), (few.test, "test")):
        text = ratings.assign(
            user_id="reader-" + ratings["user_id"].astype(str).str.zfill(5),
            item_id="book-" + ratings["item_id"].astype(str).str.zfill(5),
        )
        text[["user_id", "item_id", "rating"]].to_csv(folder / f"{name}.csv", index=False)
        table = session.read.csv(str(folder / f"{name}.csv"), header=True)
        table = table.selectExpr("user_id", "item_id", "float(rating) AS rating")
        table.repartition(3).write.parquet(str(folder / name))
    return folder


@pytest.fixture(scope="module")
def from_parquet(files, session):
    return spark.ALS(k=3, reg=0.15, reg_bias=5, epochs=3, session=session).fit_files(
        files / "train"
    )


def pairs(ratings):
    return ratings["user_idx"].to_numpy(), ratings["item_idx"].to_numpy()


def test_two_workers_fit_u1(fitted, movielens, session):
    assert session.sparkContext.master.startswith("spark://127.0.0.1:")
    assert metrics.evaluate(fitted, movielens) <= 0.935


def test_it_is_a_model_with_a_curve_of_one_row(fitted, split):
    assert isinstance(fitted, Model)
    assert fitted.history.frame["epoch"].tolist() == [10]
    assert fitted.history.evaluation_set == "test"
    error = metrics.rmse(split.test["rating"], fitted.predict(*pairs(split.test)))
    assert fitted.history.rmse == pytest.approx(error)


def test_its_tables_give_lists(fitted, split):
    assert fitted.users.shape == (split.n_users, 11)
    lists = recommend.top_n(recommend.scores(fitted, split, [0, 5]), n=3)
    assert lists.shape == (2, 3)
    assert len(recommend.similar(fitted.items[:, :-1], 49, n=2)[0]) == 2


def test_its_biases_are_those_of_the_baseline(fitted, split):
    expected = baselines.Biases(reg_user=5, reg_item=5, sweeps=_frames.BIAS_SWEEPS).fit(split)
    assert fitted.users[:, -1] == pytest.approx(expected.user_bias, abs=1e-4)
    assert fitted.items[:, -1] == pytest.approx(expected.item_bias, abs=1e-4)


def test_of_an_item_never_rated_only_the_user_counts(fitted, split):
    unseen = np.setdiff1d(np.arange(split.n_items), split.train["item_idx"])
    prediction = fitted.predict([7] * len(unseen), unseen)
    assert prediction == pytest.approx(fitted.mean + fitted.users[7, -1])


def test_text_ids_in_parquet_and_csv_give_what_the_split_gives(from_parquet, files, few, session):
    hyperparameters = {"k": 3, "reg": 0.15, "reg_bias": 5, "epochs": 3, "session": session}
    from_split = spark.ALS(**hyperparameters).fit(few)
    from_csv = spark.ALS(**hyperparameters).fit_files(files / "train.csv", format="csv")
    assert from_csv.user_ids[0].startswith("reader-0")
    expected = from_split.predict(*pairs(few.test))
    for model in (from_parquet, from_csv):
        assert model.predict(*pairs(few.test)) == pytest.approx(expected, abs=1e-4)
    error = from_csv.evaluate_files(files / "test")
    assert error == pytest.approx(metrics.evaluate(from_split, few), abs=1e-5)


def test_a_saved_model_predicts_the_same(from_parquet, few, session, tmp_path):
    path = tmp_path / "model"
    from_parquet.save(path)
    loaded = spark.ALS.load(path, session=session)
    assert loaded.predict(*pairs(few.test)) == pytest.approx(from_parquet.predict(*pairs(few.test)))
    assert loaded.item_ids.tolist() == from_parquet.item_ids.tolist()
    assert (loaded.k, loaded.reg, loaded.epochs, loaded.scale) == (3, 0.15, 3, (1, 5))
    with pytest.raises(ValueError, match="model exists already"):
        loaded.save(path)
    with pytest.raises(DataError, match="no saved model in"):
        spark.ALS.load(tmp_path / "nothing", session=session)


def test_files_with_ids_that_training_never_saw(from_parquet, session, tmp_path):
    known = from_parquet.user_ids[4], from_parquet.item_ids[2]
    table = pd.DataFrame(
        [(known[0], "new", 3), ("new", known[1], 3), ("new", "new", 3), (*known, 3)],
        columns=["user_id", "item_id", "rating"],
    )
    table.to_csv(tmp_path / "new.csv", index=False)
    rows = from_parquet.predict_files(tmp_path / "new.csv", format="csv").collect()
    found = {(row.user_id, row.item_id): row.prediction for row in rows}
    expected = from_parquet.mean + np.array(
        [from_parquet.users[4, -1], from_parquet.items[2, -1], 0]
    )
    assert found[known[0], "new"] == pytest.approx(expected[0], abs=1e-5)
    assert found["new", known[1]] == pytest.approx(expected[1], abs=1e-5)
    assert found["new", "new"] == pytest.approx(expected[2], abs=1e-5)
    assert found[known] == pytest.approx(from_parquet.predict([4], [2])[0], abs=1e-5)


def test_lists_from_the_cluster_are_those_of_the_tables(from_parquet, few, files, session):
    users = [5, 2]
    scores = recommend.scores(from_parquet, few, users)
    expected = recommend.top_n(scores, n=4)
    rated = session.read.parquet(str(files / "train"))
    lists = from_parquet.recommend(from_parquet.user_ids[users], n=4, rated=rated)
    assert lists["user_id"].tolist() == np.repeat(from_parquet.user_ids[users], 4).tolist()
    assert lists["item_id"].tolist() == from_parquet.item_ids[expected].ravel().tolist()
    best = np.take_along_axis(scores, expected, axis=1).ravel()
    assert lists["prediction"].to_numpy() == pytest.approx(best, abs=1e-4)
    with pytest.raises(ValueError, match="User 'nobody' has no rating in the training files"):
        from_parquet.recommend(["nobody"])


def test_another_seed_gives_other_vectors(from_parquet, files, session):
    other = spark.ALS(k=3, reg=0.15, reg_bias=5, epochs=3, session=session)
    other.fit_files(files / "train", seed=1)
    assert not np.allclose(other.users[:, :-1], from_parquet.users[:, :-1], atol=0.01)


def test_indices_have_no_gaps_between_partitions(session):
    keys = "spark.sql.adaptive.enabled", "spark.sql.shuffle.partitions"
    before = [session.conf.get(key) for key in keys]
    for key, value in zip(keys, ("false", "3"), strict=True):
        session.conf.set(key, value)
    try:
        found = _files.indexed(session.range(50, 80).union(session.range(5))).collect()
    finally:
        for key, value in zip(keys, before, strict=True):
            session.conf.set(key, value)
    assert sorted((row.idx, row.id) for row in found) == list(
        enumerate([*range(5), *range(50, 80)])
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"user_id": ["a"], "stars": [3]}, "has no column 'item_id'; it has user_id, stars"),
        ({"user_id": ["a", None]}, r"user None and item 'x': its user_id is missing"),
        ({"rating": [3, None]}, r"bad.csv, .* user 'a' and item 'x': its rating is missing"),
        ({"rating": [3, 7]}, r"bad.csv, .*: rating 7 is not a number from 1 to 5"),
        ({"rating": ["3", "many"]}, "rating many is not a number from 1 to 5"),
        ({"rating": ["3", "NaN"]}, "rating NaN is not a number from 1 to 5"),
        ({"user_id": [], "rating": []}, "has no ratings"),
    ],
)
def test_bad_rows_are_named(session, tmp_path, table, message):
    whole = {"user_id": "a", "item_id": "x", "rating": 3.0} | table
    if "stars" in table:
        whole = table
    pd.DataFrame(whole).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(DataError, match=message):
        spark.ALS(**HYPERPARAMETERS, session=session).fit_files(tmp_path / "bad.csv", format="csv")


def test_one_bad_partition_among_good_ones_is_named(session, files, tmp_path):
    good = session.read.parquet(str(files / "train"))
    good.write.parquet(str(tmp_path / "mixed"))
    wrong = good.limit(1).selectExpr("user_id", "item_id", "float(6) AS rating")
    wrong.write.mode("append").parquet(str(tmp_path / "mixed"))
    with pytest.raises(DataError, match=r"mixed/part-.*parquet, a row .*: rating 6.0 is not"):
        spark.ALS(**HYPERPARAMETERS, session=session).fit_files(tmp_path / "mixed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "xlsx"}, "format is 'xlsx'; it must be one of csv, parquet"),
        ({"columns": ("a", "b")}, "it must name three"),
        ({"scale": (5, 1)}, r"scale is \(5, 1\)"),
        ({}, "nothing does not exist"),
        ({"path": __file__}, "test_spark.py is not a parquet file"),
    ],
)
def test_arguments_for_files_are_checked(session, tmp_path, arguments, message):
    model = spark.ALS(**HYPERPARAMETERS, session=session)
    with pytest.raises(DataError, match=message):
        model.fit_files(**{"path": tmp_path / "nothing"} | arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spark.ALS(k=0, reg=1, reg_bias=1), "k is 0"),
        (lambda: spark.ALS(k=2, reg=0, reg_bias=1), "reg is 0"),
        (lambda: spark.ALS(k=2, reg=1, reg_bias=1, epochs=0), "epochs is 0"),
        (lambda: spark.ALS(k=2, reg=1, reg_bias=1).predict([0], [0]), "Call fit first"),
        (lambda: spark.ALS(k=2, reg=1, reg_bias=1).recommend(["a"]), "Call fit first"),
        (lambda: spark.ALS(k=2, reg=1, reg_bias=1).save("model"), "Call fit first"),
        (lambda: spark.ALS(k=2, reg=1, reg_bias=1).fit([1]), "split is a list"),
        (lambda: spark.session(memory="much"), "memory is 'much'"),
        (lambda: spark.session(memory="200m"), "Spark needs at least"),
        (lambda: spark.session("spark://nowhere"), "must have the form spark://host:port"),
    ],
)
def test_bad_arguments_are_named(java, call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_another_master_than_that_of_the_running_session(session):
    with pytest.raises(spark.SparkError, match="is running, so none can start on local"):
        spark.session("local[1]")
    assert spark.session(session.sparkContext.master).sparkContext is session.sparkContext


def test_a_master_that_is_not_there(java):
    with pytest.raises(spark.SparkError, match=r"There is no master at spark://127\.0\.0\.1:1:"):
        spark.session("spark://127.0.0.1:1")


def test_a_process_of_the_cluster_that_does_not_start(java, tmp_path):
    broken = cluster.Cluster(tmp_path)
    log = broken._launch("master", "master.Nobody")
    try:
        with pytest.raises(spark.SparkError, match=r"Spark's master did not start .*Nobody"):
            broken._wait_for(log, "listens")
    finally:
        broken.stop()


def test_no_java(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for start in (spark.session, cluster.standalone().__enter__):
        with pytest.raises(spark.SparkError, match="There is no Java, which Spark runs on"):
            start()
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(spark.SparkError, match="is Java 11; Spark needs 17 or newer"):
        spark.check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(spark.SparkError, match=r"JAVA_HOME is .*nowhere, but there is no Java"):
        spark.check_java()


def test_no_pyspark(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.ml.recommendation", None)
    with pytest.raises(spark.SparkError, match=r'Install it: pip install "mfbook\[spark\]"'):
        spark.session()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "Spark ran out of memory"),
        ("Py4JNetworkError: Answer from Java side is empty", "The Spark session has ended"),
        ("x\n: a.B: one\n\tat a.b\nCaused by: c.D: disk full\n\tat c", "Spark stopped: disk full."),
    ],
)
def test_what_spark_says_becomes_a_sentence(said, sentence):
    assert _session.explanation(said).startswith(sentence)


def run(code, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_driver_with_more_memory_than_there_is(java):
    done = run(
        "from mfbook import spark\n"
        "try: spark.session('local[1]', memory='900000g')\n"
        "except spark.SparkError as error: print(error)"
    )
    out, err = done.communicate(timeout=120)
    assert out.startswith("This machine cannot give the driver so much memory.")
    assert "\tat " not in err


INTERRUPTED = """
from mfbook import datasets, spark
from mfbook.course import cluster
with cluster.standalone(workers=1) as machines:
    session = spark.session(machines.url)
    print("fitting", flush=True)
    model = spark.ALS(k=10, reg=0.15, reg_bias=5, epochs=100, session=session)
    model.fit(datasets.load("synthetic"))
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fit_leaves_no_process(java, sent):
    process = run(INTERRUPTED)
    assert process.stdout.readline() == "fitting\n"
    # The shells and Java processes of master, worker and driver, and of the executor.
    started = psutil.Process(process.pid).children(recursive=True)
    assert len([child for child in started if child.name() == "java"]) == 4
    process.send_signal(sent)
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []


def test_a_worker_killed_during_the_fit_changes_nothing(
    machines, session, fitted, split, monkeypatch
):
    """The last test of this module: from then on the cluster has one worker."""
    killed = threading.Event()
    biases = _frames.biases

    def then_kill(*arguments):
        result = biases(*arguments)
        timer = threading.Timer(1, lambda: (machines.kill_worker(0), killed.set()))
        timer.start()
        return result

    monkeypatch.setattr(_frames, "biases", then_kill)
    model = spark.ALS(**HYPERPARAMETERS, session=session)
    train = model._fit
    finished = []
    monkeypatch.setattr(
        model, "_fit", lambda *arguments: (train(*arguments), finished.append(killed.is_set()))
    )
    error = metrics.evaluate(model.fit(split), split)
    assert finished == [True], "the worker was killed too late"
    assert error == pytest.approx(metrics.evaluate(fitted, split), abs=1e-3)


def test_workers_on_this_machine_run_this_python(session):
    """On Colab ``python3`` may be another version, with which Spark refuses to work."""
    assert session.sparkContext.pythonExec == os.environ["PYSPARK_PYTHON"] == sys.executable
