"""Models are compared fairly: chosen on validation, the test set read once for each model."""

from dataclasses import replace

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import datasets, experiments, metrics, networks, training
from mfbook.experiments import SPECS
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
    """Return the split with a counted test set, as small as its batches allow."""
    Counted.reads = 0
    few = split.train.sample(6000, random_state=0).reset_index(drop=True)
    return replace(split, train=few, evaluation=Counted(split.test))


def cheapest(spec):
    """Return few hyperparameters and epochs, for a quick search."""
    chosen = experiments.draw_hyperparameters(spec.space, spec.n_trials and 2)[:2]
    return chosen, 22 if spec.family == "solver" else min(spec.epochs, 1)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.space])
def test_each_model_reads_the_test_ratings_once(counted, name):
    spec = SPECS[name]
    chosen, epochs = cheapest(spec)
    found = experiments.search(spec, counted, chosen[:1], epochs)
    assert Counted.reads == 0
    best = found.iloc[0]
    tested = experiments.test_once(spec, counted, best["hyperparameters"], int(best["epochs"]))
    assert Counted.reads == 1
    assert len(tested) == len(counted.test)
    assert tested["prediction"].between(*counted.scale).all()
    assert tested["error"].to_numpy() == pytest.approx(
        (tested["prediction"] - counted.test["rating"]).to_numpy()
    )


def test_the_test_ratings_change_no_choice(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    other = replace(few, evaluation=few.test.assign(rating=1.0))
    chosen = experiments.draw_hyperparameters(SPECS["plain"].space, n=3)
    found, again = (experiments.search(SPECS["plain"], s, chosen, 2) for s in (few, other))
    pd.testing.assert_frame_equal(found, again)


def test_search_ranks_by_validation_and_keeps_what_diverged(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    calm = {"k": 4, "noise": 0.1, "learning_rate": 0.05, "weight_decay": 0.0}
    wild = calm | {"learning_rate": 1e4}
    found = experiments.search(SPECS["plain"], few, [wild, calm], epochs=2)
    assert found["hyperparameters"].tolist() == [calm, wild]
    assert np.isfinite(found["validation"][0])
    assert found["validation"][1] == np.inf
    assert found["epochs"].between(1, 2).all()


def test_early_stopping_takes_the_best_epoch_and_solvers_their_last(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    inner = few.validation_split()
    rates = {"k": 16, "noise": 0.1, "learning_rate": 0.6, "weight_decay": 0.0}
    found = experiments.search(SPECS["plain"], few, [rates], epochs=40)
    curve = SPECS["plain"].make(rates, 40).fit(inner).history.curve
    assert found["epochs"][0] == curve.idxmin() < 40
    assert found["validation"][0] == curve.min()
    loose = {"k": 8, "reg": 0.5, "reg_bias": 0.5}
    found = experiments.search(SPECS["ALS"], few, [loose], epochs=10)
    curve = SPECS["ALS"].make(loose, 10).fit(inner).history.curve
    assert curve.idxmin() < 10
    assert found["epochs"][0] == 10
    assert found["validation"][0] == curve.iloc[-1]


def test_the_final_predictions_are_those_of_the_model_clipped(split):
    chosen = {"k": 3, "reg": 0.5, "reg_bias": 0.5}
    tested = experiments.test_once(SPECS["ALS"], split, chosen, epochs=3, seed=1)
    model = SPECS["ALS"].make(chosen, 3).fit(split, seed=1)
    raw = model.predict(split.test["user_idx"], split.test["item_idx"])
    assert tested["unclipped"].to_numpy() == pytest.approx(raw, abs=1e-6)
    assert tested["prediction"].to_numpy() == pytest.approx(np.clip(raw, 1, 5), abs=1e-6)
    assert (tested["unclipped"] != tested["prediction"]).any()


def test_drawn_hyperparameters_are_distinct_and_repeat_themselves():
    space = SPECS["biases"].space
    drawn = experiments.draw_hyperparameters(space, n=12)
    assert drawn == experiments.draw_hyperparameters(space, n=12)
    assert drawn != experiments.draw_hyperparameters(space, n=12, seed=1)
    assert len({tuple(chosen.items()) for chosen in drawn}) == 12
    assert len(experiments.draw_hyperparameters(space, n=None)) == 16


def test_more_draws_than_there_are_combinations_are_refused():
    with pytest.raises(ValueError, match="n is 3, but this space has only 2 combinations"):
        experiments.draw_hyperparameters({"a": [1, 2]}, n=3)


def test_kept_results_are_whole_and_were_chosen_on_validation():
    results, trials = experiments.results(), experiments.trials()
    assert (results["dataset"] == "ml-100k").sum() > 100
    by_model = results.groupby(["dataset", "fold", "model"])
    for group, tried in trials.groupby(["dataset", "fold", "model"]):
        best, rows = tried.loc[tried["validation"].idxmin()], by_model.get_group(group)
        spec = SPECS[group[-1]]
        assert (rows["hyperparameters"] == best["hyperparameters"]).all()
        assert (rows["epochs"] == best["epochs"]).all()
        assert len(tried) == (spec.n_trials or len(spec.space["k"]))
        assert len(rows) == spec.n_seeds
        if not spec.early_stopping:
            assert (tried["epochs"] == spec.epochs).all()


def test_kept_results_are_of_clipped_predictions():
    results = experiments.results()
    assert (results["test"] <= results["test_unclipped"]).all()
    assert (results["test"] < results["test_unclipped"]).mean() > 0.8


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
    kept = experiments.results().query("dataset == 'ml-100k' and fold == 1 and model == @model")
    assert len(kept) == 3
    assert kept["test"].mean() <= bar


def test_kept_results_repeat_for_the_biases(movielens):
    kept = experiments.results().query("dataset == 'ml-100k' and model == 'biases'")
    for row in kept.itertuples():
        split = datasets.load("ml-100k", row.fold)
        model = SPECS["biases"].make(row.hyperparameters).fit(split)
        assert metrics.evaluate(model, split) == pytest.approx(row.test, abs=1e-5)


def test_the_original_results_were_reproduced():
    kept = experiments.results().query("dataset == 'ml-100k' and fold == 1")
    kept = kept.groupby("model")["test_unclipped"]
    for name, published, tolerance in (
        ("plain, as in 2016", 1.02, 0.02),
        ("MLP, as in 2016", 0.963, 0.01),
        ("MLP (256, 512), as run in 2016", 0.953, 0.012),
    ):
        assert kept.mean()[name] == pytest.approx(published, abs=tolerance)


def test_kept_curves_are_whole_and_end_at_the_kept_results():
    runs = experiments.curves().groupby(["evaluation_set", "dataset", "fold", "model", "seed"])
    epochs = runs["epoch"].agg(list)
    assert epochs["test"].tolist() == [list(range(1, 11))] * 10
    assert epochs["validation"].tolist() == [list(range(1, 9))] * 20
    last = runs["rmse"].last()["test"]
    results = experiments.results().set_index(["dataset", "fold", "model", "seed"])
    assert (last - results.loc[last.index, "test_unclipped"]).abs().max() < 1e-6


def test_the_third_run_of_2016_repeats_to_its_end(movielens):
    """Chapter 5 shows the kept curves and begins one of them; here it runs to the tenth epoch."""
    network = networks.OneLayerMLP(movielens.n_users, movielens.n_items, hidden=256, k=512)
    errors = training.fit(network, movielens, epochs=10, seed=0).curve
    kept = experiments.curves().query("evaluation_set == 'test' and seed == 0")
    kept = kept[kept["model"].str.startswith("MLP")]
    assert errors.tolist() == pytest.approx(kept["rmse"].tolist(), abs=0.01)
    assert errors.iloc[-1] == pytest.approx(0.953, abs=0.012)
