"""Models of lists are compared fairly: chosen by NDCG on validation, the test set read once."""

import concurrent.futures
from dataclasses import replace
import json
from pathlib import Path

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import experiments, recommend
from mfbook.exceptions import DataError
from mfbook.experiments import ranking, tables
from mfbook.experiments.ranking import RANKERS
import numpy as np
import pandas as pd
import pytest

from tools import ranking_results, result_tables


@pytest.fixture
def few(split):
    """The split with a small training set."""
    train = split.train.sample(6000, random_state=0).reset_index(drop=True)
    return replace(split, train=train)


def test_the_search_is_sorted_and_reads_no_test_rating(few):
    tried = [{"reg": reg} for reg in (1, 50, 5000)]
    found = ranking.search_lists(RANKERS["EASE"], few, tried)
    assert found["validation"].is_monotonic_decreasing
    assert sorted(h["reg"] for h in found["hyperparameters"]) == [1, 50, 5000]
    other = replace(few, evaluation=few.test.assign(rating=1.0))
    pd.testing.assert_frame_equal(found, ranking.search_lists(RANKERS["EASE"], other, tried))


def test_the_search_measures_lists_on_validation(few):
    chosen = {"reg": 50}
    found = ranking.search_lists(RANKERS["EASE"], few, [chosen])
    inner = few.validation_split()
    made, users = ranking.lists(RANKERS["EASE"].make(chosen).fit(inner), inner)
    assert set(users) == set(inner.validation["user_idx"])
    expected = recommend.evaluate(made, inner, users)["NDCG"]
    assert found["validation"][0] == pytest.approx(expected)


def test_by_default_every_combination_is_tried(few, monkeypatch):
    spec = replace(RANKERS["EASE"], space={"reg": (50, 5000)})
    assert len(ranking.search_lists(spec, few)) == 2


@pytest.mark.parametrize("name", RANKERS)
def test_each_model_makes_lists_that_are_measured(few, name):
    spec = RANKERS[name]
    chosen = experiments.draw_hyperparameters(spec.space, None)[0]
    measured = ranking.measure_lists(spec, few, chosen)
    assert set(measured) == set(tables.LISTS)
    assert measured["low"] <= measured["NDCG"] <= measured["high"]
    assert measured["popularity"] > 0


def test_hyperparameters_of_another_model_are_refused_before_a_fit(few):
    made = []
    spec = replace(RANKERS["EASE"], factory=lambda chosen, epochs: made.append(chosen))
    with pytest.raises(ValueError, match="names of this spec's space: reg"):
        ranking.search_lists(spec, few, [{"reg": 50}, {"k": 5}])
    assert not made
    with pytest.raises(ValueError, match="Split"):
        ranking.search_lists(RANKERS["EASE"], "u1")
    with pytest.raises(ValueError, match="Split"):
        ranking.measure_lists(RANKERS["EASE"], "u1", {"reg": 50})


def test_the_stored_table_has_every_model_seed_and_fold():
    table = experiments.rankings()
    expected = {
        (dataset, fold, name, seed)
        for dataset, fold in tables.FOLDS
        for name, spec in RANKERS.items()
        for seed in range(spec.n_seeds)
    }
    assert set(table[["dataset", "fold", "model", "seed"]].itertuples(index=False)) == expected
    assert len(table) == len(expected)
    assert (table["low"] < table["NDCG"]).all() and (table["NDCG"] < table["high"]).all()
    chosen = table["model"].map(lambda name: bool(RANKERS[name].space))
    assert (table["validation"].notna() == chosen).all()


def test_a_table_that_was_cut_off_is_refused(monkeypatch, tmp_path):
    whole = Path(tables.__file__).with_name("ranking.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(tables.resources, "files", lambda package: tmp_path)
    lines = whole.splitlines(keepends=True)
    for n in (2, len(lines) // 2, len(lines) - 1):
        (tmp_path / "ranking.csv").write_text("".join(lines[:n]))
        with pytest.raises(DataError, match=r"ranking\.csv ends too early"):
            experiments.rankings()
    (tmp_path / "ranking.csv").write_text("<html>\n")
    with pytest.raises(DataError, match="it must name the columns"):
        experiments.rankings()


def test_models_of_choices_beat_popularity_and_stars_on_every_fold():
    table = experiments.rankings().query("dataset == 'ml-100k'")
    ndcg = table.groupby(["fold", "model"])["NDCG"].mean().unstack()
    assert (ndcg[["EASE", "implicit ALS"]].min(axis=1) > ndcg["popularity"] + 0.05).all()
    assert (ndcg["popularity"] > ndcg[["item mean", "biases", "ALS", "Bayesian"]].max(axis=1)).all()
    assert ndcg.loc[1, "EASE"] >= 0.46
    assert ndcg.loc[1, "implicit ALS"] >= 0.43


def test_the_stored_numbers_are_those_of_a_fit_today(movielens):
    stored = experiments.rankings().query("dataset == 'ml-100k' and fold == 1")
    row = stored[stored["model"] == "EASE"].iloc[0]
    measured = ranking.measure_lists(RANKERS["EASE"], movielens, row["hyperparameters"])
    for name, value in measured.items():
        assert value == pytest.approx(row[name], rel=0.01), name


class AtOnce(concurrent.futures.Executor):
    """Runs what is submitted, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future = concurrent.futures.Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_the_command_writes_a_table_that_can_be_read(monkeypatch, tmp_path):
    few = {name: RANKERS[name] for name in ("popularity", "EASE")}
    few["EASE"] = replace(few["EASE"], space={"reg": (200, 800)})
    monkeypatch.setattr(ranking_results, "RANKERS", few)
    monkeypatch.setattr(ranking_results, "FOLDS", [("synthetic", 1)])
    monkeypatch.setattr(result_tables, "FOLDER", tmp_path)
    monkeypatch.setattr(ranking_results.movielens, "require", lambda what: None)
    monkeypatch.setattr(ranking_results.workers, "pool", AtOnce)
    ranking_results.main([])
    table = pd.read_csv(tmp_path / "ranking.csv")
    assert tuple(table.columns) == tables.COLUMNS["ranking.csv"]
    assert table["model"].tolist() == ["popularity", "EASE"]
    assert table["validation"].isna().tolist() == [True, False]
    assert json.loads(table["hyperparameters"][1])["reg"] in (200, 800)


def test_the_command_stores_nothing_made_on_the_twin(monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    with pytest.raises(SystemExit, match="made on MovieLens only"):
        ranking_results.main([])


def test_the_stored_table_of_catalogs_is_whole():
    table = experiments.serving()
    assert sorted(table["items"].unique()) == list(tables.CATALOGS)
    assert table["recall"].between(0, 1).all()
    for _, of_catalog in table.groupby("items"):
        # The more candidates, the more of the exact ten are found.
        assert of_catalog["recall"].is_monotonic_increasing
    largest = table[table["items"] == tables.CATALOGS[-1]]
    assert (largest["milliseconds"] < largest["exact_milliseconds"]).all()


def test_a_table_of_catalogs_that_was_cut_off_is_refused(monkeypatch, tmp_path):
    whole = Path(tables.__file__).with_name("serving.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(tables.resources, "files", lambda package: tmp_path)
    lines = whole.splitlines(keepends=True)
    for n in (2, len(lines) // 2, len(lines) - 1):
        (tmp_path / "serving.csv").write_text("".join(lines[:n]))
        with pytest.raises(DataError, match=r"serving\.csv ends too early"):
            experiments.serving()


def test_the_command_measures_catalogs(monkeypatch, tmp_path):
    pytest.importorskip("usearch")
    from tools import serving_results

    monkeypatch.setattr(serving_results, "CATALOGS", (200, 2000))
    monkeypatch.setattr(serving_results, "QUERIES", 20)
    monkeypatch.setattr(result_tables, "FOLDER", tmp_path)
    serving_results.main([])
    table = pd.read_csv(tmp_path / "serving.csv")
    assert tuple(table.columns) == tables.COLUMNS["serving.csv"]
    assert table["items"].tolist() == [200] * 6 + [2000] * 6
    # A small catalog is searched nearly whole.
    assert table["recall"][5] > 0.99
    assert (table.drop(columns="recall") > 0).all(axis=None)


def test_the_angle_orders_the_items_of_a_catalog_as_the_inner_product_does():
    pytest.importorskip("usearch")
    from tools import serving_results

    items, users = serving_results.vectors(300)
    lengths = np.linalg.norm(items, axis=1)
    assert lengths == pytest.approx(lengths.max(), rel=1e-5)
    products = users[:, :-1] @ items[:, :-1].T
    cosines = users @ items.T / lengths
    assert (products.argmax(axis=1) == cosines.argmax(axis=1)).mean() > 0.95
