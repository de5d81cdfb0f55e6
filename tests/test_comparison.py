"""Models are compared fairly: settings from validation, the test part read once for each model."""

from dataclasses import replace

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import baselines, comparison, datasets, networks, training
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
import pytest


class Counted(pd.DataFrame):
    """A table that counts how often its ratings are read."""

    reads = 0

    def __getitem__(self, key):
        if key == "rating" or (isinstance(key, list) and "rating" in key):
            Counted.reads += 1
        return super().__getitem__(key)


@pytest.fixture
def counted(split):
    """Return the split with a counted test part, as small as its batches allow."""
    Counted.reads = 0
    few = split.train.sample(6000, random_state=0).reset_index(drop=True)
    return replace(split, train=few, test=Counted(split.test))


@pytest.mark.parametrize("name", comparison.CONTENDERS)
def test_each_model_reads_the_test_ratings_once(counted, name):
    train, space = comparison.CONTENDERS[name]
    found = comparison.search(train, counted, comparison.trials(space, n=2), epochs=1)
    assert Counted.reads == 0
    best = found.iloc[0]
    tested = comparison.test_once(train, counted, best["setting"], max(best["epochs"], 1), seed=0)
    assert Counted.reads == 1
    assert len(tested) == len(counted.test)
    assert tested["error"].to_numpy() == pytest.approx(
        (tested["prediction"] - counted.test["rating"]).to_numpy()
    )


def test_the_test_ratings_change_no_choice(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    other = replace(few, test=few.test.assign(rating=1.0))
    train, space = comparison.CONTENDERS["plain"]
    settings = comparison.trials(space, n=3)
    found, again = (comparison.search(train, part, settings, epochs=2) for part in (few, other))
    pd.testing.assert_frame_equal(found, again)


def test_search_ranks_by_validation_and_keeps_what_diverged(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    calm = {"k": 4, "noise": 0.1, "learning_rate": 0.05, "weight_decay": 0.0}
    wild = calm | {"learning_rate": 1e4}
    found = comparison.search(comparison.train_plain, few, [wild, calm], epochs=2)
    assert found["setting"].tolist() == [calm, wild]
    assert np.isfinite(found["validation"][0])
    assert found["validation"][1] == np.inf
    assert found["epochs"].between(1, 2).all()


def test_trials_are_distinct_and_repeat_themselves():
    space = comparison.CONTENDERS["biases"][1]
    drawn = comparison.trials(space, n=12)
    assert drawn == comparison.trials(space, n=12)
    assert drawn != comparison.trials(space, n=12, seed=1)
    assert len({tuple(setting.items()) for setting in drawn}) == 12


def test_kept_results_are_whole_and_were_chosen_on_validation():
    results, trials = comparison.results(), comparison.kept_trials()
    assert (results["data"] == "ml-100k").sum() > 100
    by_model = results.groupby(["data", "fold", "model"])
    for group, tried in trials.groupby(["data", "fold", "model"]):
        best, rows = tried.loc[tried["validation"].idxmin()], by_model.get_group(group)
        assert (rows["setting"] == best["setting"]).all()
        if group[-1] in comparison.SOLVERS:
            _, settings, sweeps = comparison.SOLVERS[group[-1]]
            assert len(tried) == len(settings or range(comparison.N_TRIALS))
            assert len(rows) == 3
            assert (rows["epochs"] == sweeps).all()
        else:
            assert len(tried) == comparison.N_TRIALS
            assert len(rows) == (1 if group[-1] == "biases" else 5)
            assert (rows["epochs"] == best["epochs"]).all()


@pytest.mark.parametrize(
    ("model", "bar"),
    [
        ("ALS", 0.925),
        ("Bayesian", 0.906),
        ("Bayesian, implicit", 0.890),
        ("Bayesian, implicit and attributes", 0.884),
    ],
)
def test_the_solvers_reach_their_bars_on_u1(model, bar):
    kept = comparison.results().query("data == 'ml-100k' and fold == 1 and model == @model")
    assert len(kept) == 3
    assert kept["test"].mean() <= bar


@pytest.mark.parametrize("name", comparison.SOLVERS)
def test_each_solver_reads_the_test_ratings_once(counted, name):
    train, settings, _ = comparison.SOLVERS[name]
    setting = (settings or comparison.trials(comparison.ALS_SPACE, n=1))[0]
    comparison.search(train, counted, [setting], epochs=22)
    assert Counted.reads == 0
    comparison.test_once(train, counted, setting, epochs=22, seed=0)
    assert Counted.reads == 1


def test_kept_results_repeat_for_the_biases(movielens):
    kept = comparison.results().query("data == 'ml-100k' and model == 'biases'")
    for row in kept.itertuples():
        split = datasets.load("ml-100k", row.fold)
        model = baselines.Biases(**row.setting).fit(split)
        prediction = model.predict(split.test["user_idx"], split.test["item_idx"])
        assert rmse(split.test["rating"], prediction) == pytest.approx(row.test, abs=1e-5)


def test_the_original_results_were_reproduced():
    kept = comparison.results().query("data == 'ml-100k' and fold == 1").groupby("model")["test"]
    for name, published, tolerance in (
        ("plain, as in 2016", 1.02, 0.02),
        ("MLP, as in 2016", 0.963, 0.01),
        ("MLP (256, 512), as run in 2016", 0.953, 0.012),
    ):
        assert kept.mean()[name] == pytest.approx(published, abs=tolerance)


def test_kept_curves_are_whole_and_end_at_the_kept_results():
    runs = comparison.kept_curves().groupby(["part", "data", "fold", "model", "seed"])
    epochs = runs["epoch"].agg(list)
    assert epochs["u1.test"].tolist() == [list(range(1, 11))] * 10
    assert epochs["validation"].tolist() == [list(range(1, 9))] * 20
    last = runs["test_rmse"].last()["u1.test"]
    results = comparison.results().set_index(["data", "fold", "model", "seed"])["test"]
    assert (last - results.loc[last.index]).abs().max() < 1e-6


def test_the_third_run_of_2016_repeats_to_its_end(movielens):
    """Chapter 5 shows the kept curves and begins one of them; here it runs to the tenth epoch."""
    network = networks.OneLayerMLP(movielens.n_users, movielens.n_items, hidden=256, k=512)
    errors = training.fit(network, movielens, epochs=10, seed=0).frame["test_rmse"]
    kept = comparison.kept_curves().query("part == 'u1.test' and seed == 0")
    kept = kept[kept["model"].str.startswith("MLP")]
    assert errors.tolist() == pytest.approx(kept["test_rmse"].tolist(), abs=0.01)
    assert errors.iloc[-1] == pytest.approx(0.953, abs=0.012)
