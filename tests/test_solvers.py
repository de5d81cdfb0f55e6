"""The solvers do what their equations say, see the training part alone, and know how sure they are."""

from dataclasses import replace

from mfbook import datasets, features, solvers
from mfbook.metrics import rmse
from mxnet import nd
import numpy as np
import pytest


@pytest.fixture(scope="module")
def twin():
    return datasets.load("synthetic")


def pairs(part):
    return part["user_idx"].to_numpy(), part["item_idx"].to_numpy()


def test_one_user_is_solved_as_numpy_solves_the_normal_equations(twin):
    model = solvers.ALS(k=5, reg=9, reg_bias=5)
    model.fit(twin, epochs=1)
    none = nd.zeros((1, 6))
    left, right = solvers.equations(model.known[0], model.items, model.penalty, none)
    mine = solvers.solve(left, right).asnumpy()
    items = model.items.asnumpy().astype(float)
    for user in (0, 17, 942):
        rows = twin.train[twin.train["user_idx"] == user]
        rated = items[rows["item_idx"]]
        v = np.column_stack([rated[:, :5], np.ones(len(rows))])
        r = rows["rating"].to_numpy(float) - model.mean - rated[:, 5]
        wanted = np.linalg.solve(v.T @ v + np.diag([9] * 5 + [5]), v.T @ r)
        assert mine[user] == pytest.approx(wanted, abs=1e-4)


def test_each_sweep_lowers_what_als_minimises(twin):
    losses = []
    for sweeps in (1, 2, 5):
        model = solvers.ALS(k=3, reg=5, reg_bias=5)
        model.fit(twin, sweeps)
        users, items = model.users.asnumpy(), model.items.asnumpy()
        rows = twin.train
        error = rows["rating"] - solvers.combine(users, items, model.mean, *pairs(rows))
        losses.append((error**2).sum() + 5 * (users**2).sum() + 5 * (items**2).sum())
    assert losses[0] > losses[1] > losses[2]


def test_folding_in_equals_solving_that_user_again(twin):
    model = solvers.ALS(k=5, reg=9, reg_bias=5)
    model.fit(twin, epochs=3)
    none = nd.zeros((1, 6))
    system = solvers.equations(model.known[0], model.items, model.penalty, none)
    rows = twin.train[twin.train["user_idx"] == 7]
    again = solvers.solve(*system).asnumpy()[7]
    assert model.fold_in(rows["item_idx"], rows["rating"])[0] == pytest.approx(again, abs=1e-5)


@pytest.mark.parametrize("rating", [[3.0], [3.0, 6.0], [3.0, np.nan]])
def test_folding_in_refuses_ratings_that_are_none(twin, rating):
    model = solvers.ALS(k=2, reg=9, reg_bias=5)
    model.fit(twin, epochs=1)
    with pytest.raises(ValueError, match="must be 2 numbers from 1 to 5"):
        model.fold_in([0, 1], rating)


def test_noise_gives_draws_with_the_right_covariance():
    left = np.array([[2.0, 0.6], [0.6, 1.0]])
    n = 40_000
    drawn = solvers.solve(
        nd.array(np.tile(left, (n, 1, 1))),
        nd.array(np.tile([1.0, -1.0], (n, 1))),
        nd.random.normal(shape=(n, 2)),
    ).asnumpy()
    assert drawn.mean(axis=0) == pytest.approx(np.linalg.solve(left, [1, -1]), abs=0.02)
    assert np.cov(drawn.T) == pytest.approx(np.linalg.inv(left), abs=0.03)


def test_drawn_priors_surround_the_rows():
    rng = np.random.default_rng(0)
    side = rng.normal([1.0, -2.0], [0.5, 2.0], (5000, 2))
    drawn = [solvers.draw_prior(side, rng) for _ in range(200)]
    mean = np.mean([m for m, _ in drawn], axis=0)
    precision = np.mean([p for _, p in drawn], axis=0)
    assert mean == pytest.approx([1.0, -2.0], abs=0.05)
    assert np.linalg.inv(precision) == pytest.approx(np.diag([0.25, 4.0]), abs=0.15)


def test_gibbs_covers_the_twins_truth_as_often_as_it_says(twin):
    """The truth of the twin's test ratings is known. Tolerance: see below.

    20,000 ratings lie on 462 users, whose errors go together, so that the share covered has a
    standard error near 0.01; and the model is not quite the twin's (its thresholds bend the
    ends of the scale). 0.05 allows for both, and fails for a sampler that forgets its noise.
    """
    model = solvers.Gibbs(k=4, chain=120)
    history = model.fit(twin, epochs=120)
    drawn = np.array([mean for mean, _ in model.draws(*pairs(twin.test))])  # (n_samples, n)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    truth = twin.test["expected"].to_numpy()
    covered = ((low <= truth) & (truth <= high)).mean()
    assert covered == pytest.approx(0.9, abs=0.05)
    floor = rmse(twin.test["rating"], twin.test["expected"])
    assert (
        floor < history.test_rmse < floor + 0.07
    )  # the networks of chapters 3 to 7 end at 0.1 and more


def test_the_mean_of_samples_is_what_the_history_says(twin):
    model = solvers.Gibbs(k=2, features=features.attributes(twin), burn_in=2)
    history = model.fit(twin, epochs=5)
    assert len(model.samples) == 3
    prediction = model.predict(*pairs(twin.test))
    assert rmse(twin.test["rating"], prediction) == pytest.approx(history.test_rmse, abs=1e-6)


@pytest.mark.parametrize("make", [lambda f: solvers.ALS(3, 5, 5), lambda f: solvers.Gibbs(3, f, 1)])
def test_neither_features_nor_predictions_depend_on_the_test_ratings(twin, make):
    other = replace(twin, test=twin.test.iloc[::-1].assign(rating=1.0))
    predictions = []
    for split in (twin, other):
        known = features.beside(features.implicit(split), features.attributes(twin))
        model = make((known[0][:, :40], known[1][:, :40]))
        model.fit(split, epochs=3)
        predictions.append(model.predict(*pairs(twin.test)))
    assert (predictions[0] == predictions[1]).all()


def test_features_of_the_training_part():
    split = datasets.load("synthetic")
    users, items = features.implicit(split)
    assert (users > 0).sum() == len(split.train)
    assert np.linalg.norm(users, axis=1) == pytest.approx(1, abs=1e-5)
    assert items.shape == (split.n_items, split.n_users)
    of_users, of_items = features.attributes(split)
    assert of_users is None  # the twin's users are only numbers
    assert (of_items.sum(axis=1) == 2).all()  # one genre and one group of years


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: solvers.ALS(0, 1, 1), "k is 0"),
        (lambda: solvers.ALS(2, 0, 1), "reg is 0"),
        (lambda: solvers.Gibbs(2, burn_in=0), "burn_in is 0"),
        (lambda: solvers.ALS(2, 1, 1).predict([0], [0]), "Call fit first"),
        (lambda: solvers.ALS(2, 1, 1).fit(datasets.load("synthetic"), 0), "epochs is 0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_an_index_outside_the_tables_and_too_few_sweeps_are_named(twin):
    model = solvers.Gibbs(2)
    model.fit(twin, epochs=1)
    with pytest.raises(ValueError, match="more than 20 epochs"):
        model.predict([0], [0])
    with pytest.raises(ValueError, match="9999"):
        model.predict([9999], [0])
