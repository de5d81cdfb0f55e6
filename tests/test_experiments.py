"""Models are compared fairly: chosen on validation, the test set read once for each model."""

from dataclasses import replace
import inspect
from pathlib import Path
import shutil
from typing import ClassVar

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import datasets, experiments, features, metrics, networks, training
from mfbook.exceptions import DataError, DivergenceError, TrainingError
from mfbook.experiments import SPECS, Spec
from mfbook.history import History
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
    return chosen, 22 if spec.family in ("solver", "time") else min(spec.epochs, 1)


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
    loose = {"k": 2, "reg": 0.5, "reg_bias": 0.5}
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


def test_the_third_run_of_2016_repeats(movielens):
    """Chapter 5 shows the kept curves and begins one of them; here half of it runs."""
    network = networks.OneLayerMLP(movielens.n_users, movielens.n_items, hidden=256, k=512)
    errors = training.fit(network, movielens, epochs=5, seed=0).curve
    kept = experiments.curves().query("evaluation_set == 'test' and seed == 0")
    kept = kept[kept["model"].str.startswith("MLP")]
    assert errors.tolist() == pytest.approx(kept["rmse"].tolist()[:5], abs=0.01)
    assert kept["rmse"].iloc[-1] == pytest.approx(0.953, abs=0.012)


@pytest.fixture
def few(twin):
    """Return the twin with 2,000 training ratings and 500 test ratings."""
    train = twin.train.sample(2000, random_state=0).reset_index(drop=True)
    return replace(twin, train=train, evaluation=twin.test.head(500))


class Recorded:
    """A model that notes what it is fitted to, has a given learning curve, and predicts 7."""

    fits: ClassVar[list] = []

    def __init__(self, hyperparameters, epochs, curve):
        self.hyperparameters, self.epochs, self.curve = hyperparameters, epochs, curve
        self.history = None

    def fit(self, split, *, seed=0):
        self.split, self.seed = split, seed
        Recorded.fits.append(self)
        frame = pd.DataFrame({f"{split.evaluation_set}_rmse": self.curve})
        frame["epoch"] = frame.index + 1
        self.history = History(frame, split.evaluation_set)
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), 7.0)


def recorded(early_stopping=False, curve=(1.0, 0.8, 0.9)):
    Recorded.fits.clear()
    return Spec(
        lambda chosen, epochs: Recorded(chosen, epochs, curve),
        "network",
        {"k": (1, 2, 3)},
        n_trials=None,
        epochs=3,
        early_stopping=early_stopping,
    )


def test_early_stopping_counts_epochs_from_1(few):
    found = experiments.search(recorded(early_stopping=True), few, [{"k": 1}])
    assert found[["epochs", "validation"]].to_numpy().tolist() == [[2, 0.8]]
    found = experiments.search(recorded(early_stopping=True, curve=(0.7, 0.8)), few, [{"k": 1}])
    assert found[["epochs", "validation"]].to_numpy().tolist() == [[1, 0.7]]


def test_without_early_stopping_the_last_epoch_counts(few):
    found = experiments.search(recorded(), few, [{"k": 1}])
    assert found[["epochs", "validation"]].to_numpy().tolist() == [[3, 0.9]]


def test_a_search_tries_each_combination_on_the_validation_split(few):
    experiments.search(recorded(), few)
    assert [model.hyperparameters for model in Recorded.fits] == [{"k": 1}, {"k": 2}, {"k": 3}]
    inner = few.validation_split()
    for model in Recorded.fits:
        assert (model.epochs, model.seed) == (3, 0)
        assert model.split.evaluation_set == "validation"
        pd.testing.assert_frame_equal(model.split.train, inner.train)
        pd.testing.assert_frame_equal(model.split.evaluation, inner.evaluation)


def test_the_final_fit_sees_all_training_ratings_and_no_test_rating(few):
    tested = experiments.test_once(recorded(), few, {"k": 2}, epochs=5, seed=4)
    (model,) = Recorded.fits
    assert (model.hyperparameters, model.epochs, model.seed) == ({"k": 2}, 5, 4)
    pd.testing.assert_frame_equal(model.split.train, few.train)
    assert model.split.evaluation_set == "validation"
    assert not model.split.evaluation.merge(few.test, on=["user_id", "item_id"]).size
    assert set(tested["unclipped"]) == {7.0}
    assert set(tested["prediction"]) == {5.0}
    assert tested["error"].tolist() == (5 - few.test["rating"]).tolist()


def test_only_a_divergence_counts_as_one(few):
    def raises(error):
        def factory(chosen, epochs):
            raise error

        return Spec(factory, "network", {"k": (1,)}, epochs=1)

    found = experiments.search(raises(DivergenceError("NaN")), few, [{"k": 1}])
    assert found["validation"].tolist() == [np.inf]
    with pytest.raises(TrainingError, match="batch_size is 99"):
        experiments.search(raises(TrainingError("batch_size is 99")), few, [{"k": 1}])


RATES = {"learning_rate": 0.4, "weight_decay": 1e-5}


def test_the_plain_network_gets_all_of_its_hyperparameters(few):
    spec = SPECS["plain"]
    model = spec.make({"k": 3, "noise": 0.2} | RATES, 7)
    assert (model.epochs, model.batch_size) == (7, 1024)
    assert (model.learning_rate, model.weight_decay) == (0.4, 1e-5)
    assert spec.make({"k": 3, "noise": 0.2} | RATES).epochs == spec.epochs == 60
    network = model.build(few, 0)
    table = network.item.weight.data().asnumpy()
    assert table.shape == (few.n_items, 3)
    deviation = np.abs(table - (few.train["rating"].mean() / 3) ** 0.5).max()
    assert deviation == pytest.approx(0.2, abs=0.01)
    same, other = (model.build(few, seed).item.weight.data().asnumpy() for seed in (0, 1))
    assert (same == table).all()
    assert (other != table).any()


def sizes(network):
    """Return hidden and k of a network."""
    return network.item[2].weight.shape


def test_the_other_networks_get_all_of_their_hyperparameters(few):
    for name, extra in (("MLP", {}), ("MLP with dropout", {"dropout": 0.3})):
        model = SPECS[name].make({"hidden": 5, "k": 3} | extra | RATES)
        assert (model.batch_size, model.learning_rate, model.weight_decay) == (1024, 0.4, 1e-5)
        network = model.build(few, 0)
        assert sizes(network) == (5, 3)
        assert getattr(network, "dropout", None) == extra.get("dropout")


@pytest.mark.parametrize(
    ("name", "kind", "shape"),
    [
        ("MLP, as in 2016", networks.OneLayerMLP, (64, 64)),
        ("MLP (256, 512), as run in 2016", networks.OneLayerMLP, (256, 512)),
        ("dropout (256, 512), as meant in 2016", networks.OneLayerDropoutMLP, (256, 512)),
    ],
)
def test_the_models_of_2016_have_its_settings(few, name, kind, shape):
    model = SPECS[name].make({})
    assert (model.epochs, model.batch_size) == (10, 64)
    assert (model.learning_rate, model.weight_decay) == (0.05, 1e-4)
    network = model.build(few, 0)
    assert type(network) is kind
    assert sizes(network) == shape


def test_the_solvers_get_all_of_their_hyperparameters():
    als = SPECS["ALS"].make({"k": 3, "reg": 9, "reg_bias": 5}, 4)
    assert (als.reg, als.reg_bias) == (9, 5)
    assert (als.k, als.epochs) == (3, 4)
    biases = SPECS["biases"].make({"reg_user": 6, "reg_item": 2})
    assert (biases.reg_user, biases.reg_item) == (6, 2)
    both = (features.implicit, features.attributes)
    for name, chosen in (
        ("Bayesian", ()),
        ("Bayesian, implicit", both[:1]),
        ("Bayesian, implicit and attributes", both),
    ):
        model = SPECS[name].make({"k": 7}, 30)
        assert (model.k, model.epochs, model.features) == (7, 30, chosen)


BIASES = {"reg_user": 6, "reg_item": 2}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: experiments.search("ALS", s), r"spec is 'ALS'; pass a Spec, .*SPECS\['ALS'\]"),
        (lambda s: experiments.test_once("ALS", s, {}, 1), "spec is 'ALS'; pass a Spec"),
        (lambda s: experiments.search(SPECS["ALS"], s.train), "split is a DataFrame"),
        (lambda s: experiments.search(SPECS["ALS"], s, []), r"hyperparameters is \[\]; it must be"),
        (lambda s: experiments.search(SPECS["ALS"], s, {"k": 3}), "it must be a list of one dict"),
        (lambda s: SPECS["ALS"].make({"k": 3}), "names of this spec's space: k, reg, reg_bias"),
        (lambda s: SPECS["global mean"].make({"k": 3}), "this spec's space: none"),
        (lambda s: SPECS["ALS"].make(None), "hyperparameters is None"),
        (lambda s: SPECS["biases"].make(BIASES, "5"), "epochs is '5'; it must be a whole number"),
        (lambda s: experiments.search(SPECS["ALS"], s, 5), "hyperparameters is 5; it must be a li"),
        (lambda s: experiments.search(SPECS["ALS"], s, "k"), "hyperparameters is 'k'; it must be"),
        (lambda s: experiments.search(SPECS["ALS"], s, [None]), "hyperparameters is None; it must"),
        (lambda s: experiments.search(SPECS["ALS"], s, np.array(3)), "must be a list of one dict"),
        (lambda s: experiments.search(SPECS["ALS"], s, None, "5"), "epochs is '5'"),
        (lambda s: experiments.search(SPECS["ALS"], s, None, 0), "epochs is 0"),
        (lambda s: experiments.search(None, s), "spec is None; pass a Spec"),
        (lambda s: experiments.test_once(SPECS["biases"], s, None, 0), "hyperparameters is None"),
        (lambda s: experiments.test_once(SPECS["biases"], s, BIASES, None), "epochs is None"),
        (lambda s: experiments.test_once(SPECS["biases"], s, BIASES, s.train), "epochs is a value"),
        (lambda s: experiments.test_once(SPECS["biases"], s, BIASES, 0, "x"), "seed is 'x'"),
        (lambda s: experiments.test_once(SPECS["biases"], None, BIASES, 0), "split is a NoneType"),
        (lambda s: Spec(None, "baseline"), "factory is None; it must be a function"),
        (lambda s: Spec(print, "baseline", None), "space is None; it must be a dict"),
        (lambda s: Spec(print, "baseline", epochs="5"), "epochs is '5'"),
        (lambda s: Spec(print, "baseline", n_trials=0), "n_trials is 0"),
        (lambda s: Spec(print, "baseline", n_seeds=None), "n_seeds is None"),
        (lambda s: Spec(print, "baseline", early_stopping="no"), "early_stopping is 'no'"),
    ],
)
def test_impossible_searches_are_named(few, call, message):
    with pytest.raises(ValueError, match=message):
        call(few)


def test_a_final_fit_needs_a_test_set(few):
    Recorded.fits.clear()
    with pytest.raises(AttributeError, match="no test set"):
        experiments.test_once(recorded(), few.validation_split(), {"k": 1}, epochs=1)
    assert not Recorded.fits


@pytest.mark.parametrize(
    ("space", "n", "message"),
    [
        ({"a": [1, 1]}, 2, "this space has only 1 combinations"),
        ({"a": [1, 2]}, 0, "n is 0; it must be a whole number"),
        ({"a": [1, 2]}, "3", "n is '3'; it must be a whole number"),
        ({"a": []}, 1, r"The space of a is \[\]; it must be a list of values to try"),
        ({"a": 5}, None, "The space of a is 5"),
        ({"a": "fast"}, None, "The space of a is 'fast'"),
        (
            {"a": range(10**12)},
            1,
            "The space of a has 1,000,000,000,000 values; list at most 10,000",
        ),
        (None, 1, "space is None; it must be a dict"),
        ([1, 2], 1, r"space is \[1, 2\]; it must be a dict"),
    ],
)
def test_impossible_spaces_are_named(space, n, message):
    with pytest.raises(ValueError, match=message):
        experiments.draw_hyperparameters(space, n)


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Return a folder with copies of the stored tables, which are read from there."""
    for name in ("results.csv", "trials.csv", "curves.csv"):
        shutil.copy(Path(experiments.__file__).with_name(name), tmp_path)
    monkeypatch.setattr("mfbook.experiments.tables.resources.files", lambda package: tmp_path)
    return tmp_path


READERS = {
    "results.csv": experiments.results,
    "trials.csv": experiments.trials,
    "curves.csv": experiments.curves,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>\n<html></html>\n", "line 1 is '<!DOCTYPE html>'; it must name the col"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "line 1 is 'version http"),
        (b"", "line 1 is ''; it must name the columns"),
        (b"\xff\xfe\x00", "is not a text"),
    ],
)
def test_something_else_is_no_table_of_results(tables, name, content, message):
    (tables / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.*{message}"):
        READERS[name]()
    (tables / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*make results"):
        READERS[name]()


@pytest.mark.parametrize("name", READERS)
def test_a_table_of_results_that_was_cut_off_is_refused(tables, name):
    whole = (tables / name).read_text()
    lines = whole.splitlines(keepends=True)
    cut = ["".join(lines[:n]) for n in (2, len(lines) // 2, len(lines) - 5, len(lines) - 1)]
    for text in (*cut, whole[:-1], whole[:-4], whole[: len(whole) // 2]):
        (tables / name).write_text(text)
        with pytest.raises(DataError, match=rf"{name}.*Install mfbook again"):
            READERS[name]()
    (tables / name).write_text(whole)
    assert len(READERS[name]()) == len(lines) - 1


def test_damaged_values_of_results_are_refused(tables):
    lines = (tables / "curves.csv").read_text().splitlines(keepends=True)
    for value, message in (("", "line 4 has no rmse"), ("good", "else than numbers in rmse")):
        changed = lines.copy()
        changed[3] = changed[3].rpartition(",")[0] + f",{value}\n"
        (tables / "curves.csv").write_text("".join(changed))
        with pytest.raises(DataError, match=message):
            experiments.curves()
    text = (tables / "trials.csv").read_text().replace('"{', '"[', 1)
    (tables / "trials.csv").write_text(text)
    with pytest.raises(DataError, match="cannot be read as a table"):
        experiments.trials()


def test_all_combinations_can_be_drawn_at_random():
    space = {"a": list(range(60)), "b": list(range(60))}
    drawn = experiments.draw_hyperparameters(space, n=3600)
    assert len({(chosen["a"], chosen["b"]) for chosen in drawn}) == 3600


def test_all_hyperparameters_are_checked_before_the_first_fit(few):
    Recorded.fits.clear()
    with pytest.raises(ValueError, match="names of this spec's space: k"):
        experiments.search(recorded(), few, [{"k": 1}, {"q": 1}])
    assert not Recorded.fits


class Lost:
    """Predicts NaN."""

    history = None

    def fit(self, split, *, seed=0):
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), np.nan)


def test_final_predictions_are_finite_numbers(few):
    spec = Spec(lambda chosen, epochs: Lost(), "solver")
    with pytest.raises(ValueError, match=r"prediction\[0\] is nan, not a finite number"):
        experiments.test_once(spec, few, {}, 0)


def test_a_column_of_hyperparameters_can_be_searched(few):
    chosen = pd.Series([BIASES], index=[7])
    assert len(experiments.search(SPECS["biases"], few, chosen)) == 1
    assert len(experiments.test_once(SPECS["biases"], few, BIASES, np.int64(0))) == len(few.test)


def test_no_function_hides_a_module_of_its_name():
    modules = {path.stem for path in Path(experiments.__file__).parent.glob("*.py")}
    for name in modules & set(vars(experiments)):
        assert inspect.ismodule(getattr(experiments, name)), f"{name} hides a module"


def test_a_folder_in_place_of_a_table_is_named(tables):
    (tables / "trials.csv").unlink()
    (tables / "trials.csv").mkdir()
    with pytest.raises(DataError, match=r"trials.csv cannot be read \(.*Install mfbook again"):
        experiments.trials()


def test_hyperparameters_in_a_table_are_dicts(tables):
    lines = (tables / "trials.csv").read_text().splitlines(keepends=True)
    head, tail = lines[1].split('"')[0], lines[1].rpartition('"')[2]
    lines[1] = f"{head}3{tail}"
    (tables / "trials.csv").write_text("".join(lines))
    with pytest.raises(DataError, match="something else than a dict in hyperparameters"):
        experiments.trials()


class Awkward:
    """A model whose `fit` and `predict` return what they are told."""

    history = None

    def __init__(self, fitted="self", predicted=None):
        self.fitted, self.predicted = fitted, predicted

    def fit(self, split, *, seed=0):
        return self if self.fitted == "self" else self.fitted

    def predict(self, user_idx, item_idx):
        return self.predicted


@pytest.mark.parametrize("run", [experiments.search, experiments.test_once])
def test_a_model_of_ones_own_that_is_none(twin, run):
    given = ([{}],) if run is experiments.search else ({}, 1)
    for model, message in (
        (None, "returned None, which has no method fit"),
        (Awkward(fitted=None), "fit of a model returned None; it must return the model itself"),
        (Awkward(predicted=[3.0]), "prediction"),
    ):
        spec = Spec(lambda hyperparameters, epochs, model=model: model, "mine", epochs=1)
        with pytest.raises(ValueError, match=message):
            run(spec, twin, *given)


def test_a_space_of_numbers_is_named():
    with pytest.raises(ValueError, match="the names of this spec's space: 1"):
        Spec(lambda hyperparameters, epochs: None, "mine", {1: [2]}).make({})


def test_a_model_with_sessions_is_told_the_time(split):
    few = replace(split, train=split.train.sample(6000, random_state=0).reset_index(drop=True))
    model = SPECS["Bayesian, with time stamps"].make({"k": 10}, 21).fit(few)
    told = metrics.predict_rows(model, few.test)
    pairs = few.test["user_idx"], few.test["item_idx"]
    assert told == pytest.approx(model.predict(*pairs, few.test["timestamp"]))
    assert not np.allclose(told, model.predict(*pairs))
