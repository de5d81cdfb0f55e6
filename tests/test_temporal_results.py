"""All models are compared by date too: chosen on a validation set by date, the test set read once."""

import concurrent.futures
from dataclasses import replace
import json
from pathlib import Path

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import datasets, experiments, metrics
from mfbook.exceptions import DataError
from mfbook.experiments import SPECS, tables
import pandas as pd
import pytest

from tools import result_tables, results_page, temporal_results

PLAIN = ("global mean", "item mean", "biases")


@pytest.fixture(scope="module")
def dated():
    """The twin's ratings with a time stamp each, in an order that is not that of the rows."""
    twin = datasets.load("synthetic")
    ratings = pd.concat([twin.train, twin.test]).sample(6000, random_state=0)
    return ratings.assign(timestamp=range(len(ratings))).sample(frac=1, random_state=1)


@pytest.fixture
def by_date(dated):
    """A split by date of these ratings, and a validation split by date of its training set."""
    twin = datasets.load("synthetic")
    split = temporal_results.divide(
        dated[temporal_results.RATINGS], "by date", twin.users, twin.items
    )
    inner = temporal_results.divide(
        split.train[temporal_results.RATINGS], "by date", twin.users, twin.items
    )
    return split, replace(inner, evaluation_set="validation")


def test_a_search_uses_the_validation_set_that_it_is_given(by_date):
    _, inner = by_date
    chosen = {"reg_user": 6, "reg_item": 2}
    found = experiments.search(SPECS["biases"], inner, [chosen])
    model = SPECS["biases"].make(chosen).fit(inner)
    expected = metrics.rmse(
        inner.validation["rating"], metrics.predict_rows(model, inner.validation)
    )
    assert found["validation"].tolist() == [pytest.approx(expected)]


def test_both_test_sets_are_a_fifth_and_only_one_is_the_last(dated, by_date):
    split, inner = by_date
    assert len(split.test) == pytest.approx(1200, abs=2)
    assert len(inner.validation) == pytest.approx(960, abs=2)
    assert split.train["timestamp"].max() < split.test["timestamp"].min()
    assert inner.train["timestamp"].max() < inner.validation["timestamp"].min()
    assert inner.validation["timestamp"].max() < split.test["timestamp"].min()
    described = split.users, split.items
    drawn = temporal_results.divide(dated[temporal_results.RATINGS], "at random", *described)
    assert len(drawn.test) == 1200
    assert drawn.train["timestamp"].max() > drawn.test["timestamp"].min()


def test_users_and_items_keep_their_attributes():
    ratings = pd.DataFrame({"user_id": [9, 4, 9, 4, 7], "item_id": [1, 1, 2, 2, 1], "rating": 3.0})
    ratings["timestamp"] = range(5)
    users = pd.DataFrame({"user_id": [4, 7, 9], "age": [40, 70, 90]})
    items = pd.DataFrame({"item_id": [1, 2], "title": ["one", "two"]})
    for how in tables.SPLITS:
        split = temporal_results.divide(ratings, how, users, items)
        assert (split.users["age"] == 10 * split.users["user_id"]).all()
        assert split.items["title"].tolist() == ["one", "two"]


def test_known_users_are_those_with_training_ratings(by_date):
    split, _ = by_date
    measured = temporal_results.tested(SPECS["item mean"], split, {}, 0, seed=0)
    test = experiments.test_once(SPECS["item mean"], split, {}, 0)
    known = test["user_idx"].isin(set(split.train["user_idx"]))
    assert 0 < known.mean() < 1
    assert measured["seed"] == 0
    assert measured["test"] == pytest.approx((test["error"] ** 2).mean() ** 0.5)
    assert measured["test_known"] == pytest.approx((test["error"][known] ** 2).mean() ** 0.5)


def test_the_stored_table_has_every_model_seed_and_split():
    table = experiments.temporal()
    expected = [
        (how, name, seed)
        for how in tables.SPLITS
        for name in temporal_results.MODELS
        for seed in range(min(3, SPECS[name].n_seeds))
    ]
    assert list(table[["split", "model", "seed"]].itertuples(index=False, name=None)) == expected
    chosen = table["model"].map(lambda name: bool(SPECS[name].space))
    assert (table["validation"].notna() == chosen).all()
    for name, spec in SPECS.items():
        for found in table.loc[table["model"] == name, "hyperparameters"]:
            assert set(found) == set(spec.space)


def test_at_random_nearly_everybody_is_known():
    table = experiments.temporal().set_index("split")
    apart = (table["test"] - table["test_known"]).abs()
    assert apart["at random"].max() < 0.001 < apart["by date"].drop_duplicates().max()


def test_a_table_that_was_cut_off_is_refused(monkeypatch, tmp_path):
    whole = Path(tables.__file__).with_name("temporal.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(tables.resources, "files", lambda package: tmp_path)
    lines = whole.splitlines(keepends=True)
    for n in (2, 1 + len(lines) // 2, len(lines) - 1):
        (tmp_path / "temporal.csv").write_text("".join(lines[:n]))
        with pytest.raises(DataError, match=r"temporal\.csv ends too early"):
            experiments.temporal()
    (tmp_path / "temporal.csv").write_text("<html>\n")
    with pytest.raises(DataError, match="it must name the columns"):
        experiments.temporal()
    (tmp_path / "temporal.csv").unlink()
    with pytest.raises(DataError, match=r"temporal\.csv is missing.*make results"):
        experiments.temporal()


def test_the_stored_numbers_are_those_of_a_fit_today(movielens):
    stored = experiments.temporal().query("model == 'biases'")
    ratings = pd.concat([movielens.train, movielens.test])[temporal_results.RATINGS]
    for how, row in stored.set_index("split").iterrows():
        split = temporal_results.divide(ratings, how, movielens.users, movielens.items)
        chosen = row["hyperparameters"]
        measured = temporal_results.tested(SPECS["biases"], split, chosen, 0, seed=0)
        for name in ("test", "test_known"):
            assert measured[name] == pytest.approx(row[name], rel=0.002), (how, name)


class AtOnce(concurrent.futures.Executor):
    """Runs what is submitted, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future = concurrent.futures.Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_the_command_writes_a_table_that_can_be_read(monkeypatch, tmp_path, dated):
    twin = datasets.load("synthetic")
    late = dated["timestamp"] >= 3000
    stored = replace(twin, train=dated[~late], evaluation=dated[late])
    searched = []
    search = experiments.search

    def counted(spec, inner, tried, epochs):
        searched.append((inner, tried))
        return search(spec, inner, tried, epochs)

    monkeypatch.setattr(temporal_results.datasets, "load", lambda name: stored)
    monkeypatch.setattr(temporal_results.experiments, "search", counted)
    monkeypatch.setattr(temporal_results, "MODELS", list(PLAIN))
    monkeypatch.setattr(result_tables, "FOLDER", tmp_path)
    monkeypatch.setattr(temporal_results.movielens, "require", lambda what: None)
    monkeypatch.setattr(temporal_results.workers, "pool", AtOnce)
    temporal_results.main([])
    table = pd.read_csv(tmp_path / "temporal.csv")
    assert tuple(table.columns) == tables.COLUMNS["temporal.csv"]
    assert table["model"].tolist() == [*PLAIN, *PLAIN]
    assert table["split"].tolist() == ["by date"] * 3 + ["at random"] * 3
    assert table["validation"].isna().tolist() == [True, True, False] * 2
    assert set(json.loads(table["hyperparameters"][2])) == {"reg_user", "reg_item"}
    by_date, at_random = (inner for inner, _ in searched)
    assert by_date.train["timestamp"].max() < by_date.validation["timestamp"].min()
    assert at_random.train["timestamp"].max() > at_random.validation["timestamp"].min()
    assert [len(tried) for _, tried in searched] == [12, 12]


def test_a_trial_has_fewer_sweeps_and_a_network_fewer_trials(monkeypatch, by_date):
    searched, fitted = [], []
    monkeypatch.setattr(temporal_results, "divide", lambda *arguments: by_date[0])

    def search(spec, inner, tried, epochs):
        searched.append((len(tried), epochs))
        found = {"hyperparameters": tried[0], "epochs": 7, "validation": 1.0}
        return pd.DataFrame([found])

    monkeypatch.setattr(temporal_results.experiments, "search", search)
    monkeypatch.setattr(
        temporal_results,
        "tested",
        lambda spec, split, chosen, epochs, seed: fitted.append(epochs) or {"seed": seed},
    )
    monkeypatch.setattr(temporal_results.datasets, "load", lambda name: by_date[0])
    rows = [temporal_results.one_model(name, "by date") for name in ("MLP", "ALS", "Bayesian")]
    assert searched == [(6, 60), (12, 20), (3, 80)]
    assert [row["epochs"] for row, *_ in rows] == [7, 20, 240]
    assert fitted == [7] * 3 + [20] * 3 + [240] * 3
    assert [row["seed"] for row in rows[0]] == [0, 1, 2]


def test_the_command_stores_nothing_made_on_the_twin(monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    with pytest.raises(SystemExit, match="made on MovieLens only"):
        temporal_results.main([])


def test_the_page_of_results_shows_each_model_once():
    table = results_page.by_date()
    assert table["model"].tolist() == temporal_results.MODELS
    assert table.columns.tolist() == ["model", "at random", "by date", "by date, known users"]
    stored = experiments.temporal()
    means = stored.groupby(["split", "model"])[["test", "test_known"]].mean()
    for row in table.itertuples(index=False):
        at_random, by_date = means.loc["at random", row[0]], means.loc["by date", row[0]]
        expected = (at_random["test"], by_date["test"], by_date["test_known"])
        for shown, mean in zip(row[1:], expected, strict=True):
            assert float(shown.split(" ± ")[0]) == pytest.approx(mean, abs=0.00006)
