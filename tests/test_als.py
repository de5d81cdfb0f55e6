"""ALS solves what its equations say, and sees only the training set."""

from dataclasses import replace

from mfbook import als, features
from mxnet import nd
import numpy as np
import pytest


def pairs(ratings):
    return ratings["user_idx"].to_numpy(), ratings["item_idx"].to_numpy()


def fitted(split, epochs=1, **hyperparameters):
    return als.ALS(**{"k": 5, "reg": 9, "reg_bias": 5} | hyperparameters, epochs=epochs).fit(split)


def test_one_user_is_solved_as_numpy_solves_the_normal_equations(twin):
    model = fitted(twin)
    left, right = als.normal_equations(model.rating_rows[0], model.items, model.prior_precision)
    solved = als.solve(left, right).asnumpy()
    items = model.items.asnumpy().astype(float)
    for user in (0, 17, 942):
        rows = twin.train[twin.train["user_idx"] == user]
        rated = items[rows["item_idx"]]
        v = np.column_stack([rated[:, :5], np.ones(len(rows))])
        r = rows["rating"].to_numpy(float) - model.mean - rated[:, 5]
        expected = np.linalg.solve(v.T @ v + np.diag([9] * 5 + [5]), v.T @ r)
        assert solved[user] == pytest.approx(expected, abs=1e-4)


def test_a_prior_mean_and_the_noise_enter_the_equations(twin):
    """A = αG + Λ and b = αg + Λm, where G and g are those of an unweighted fit without prior."""
    model = fitted(twin, k=2)
    rows, none = model.rating_rows[0], nd.zeros((3, 3))
    prior_precision = nd.array([[2, 0.5, 0], [0.5, 3, 0], [0, 0, 4]])
    prior_mean = nd.array([[1, -1, 0.5]])
    gram, rest = als.normal_equations(rows, model.items, none)
    left, right = als.normal_equations(rows, model.items, prior_precision, prior_mean, 1.5)
    expected = 1.5 * gram.asnumpy() + prior_precision.asnumpy()
    assert left.asnumpy() == pytest.approx(expected, abs=1e-3)
    shift = prior_precision.asnumpy() @ prior_mean.asnumpy()[0]
    assert right.asnumpy() == pytest.approx(1.5 * rest.asnumpy() + shift, abs=1e-3)


def test_each_sweep_lowers_what_als_minimizes(twin):
    losses = []
    for sweeps in (1, 2, 5):
        model = fitted(twin, sweeps, k=3, reg=5)
        users, items = model.users.asnumpy(), model.items.asnumpy()
        error = twin.train["rating"] - model.predict(*pairs(twin.train))
        losses.append((error**2).sum() + 5 * (users**2).sum() + 5 * (items**2).sum())
    assert losses[0] > losses[1] > losses[2]


def test_folding_in_equals_solving_that_user_again(twin):
    model = fitted(twin, epochs=3)
    system = als.normal_equations(model.rating_rows[0], model.items, model.prior_precision)
    rows = twin.train[twin.train["user_idx"] == 7]
    again = als.solve(*system).asnumpy()[7]
    vector = model.fold_in(rows["item_idx"], rows["rating"])
    assert vector[0] == pytest.approx(again, abs=1e-5)
    items = rows["item_idx"].to_numpy()
    from_vector = model.predict_from_vectors(vector, np.zeros(len(items), int), items)
    users = model.users.asnumpy()
    users[7] = vector[0]
    assert from_vector == pytest.approx(
        als.predict_pairs(users, model.items.asnumpy(), model.mean, np.full(len(items), 7), items)
    )


@pytest.mark.parametrize("rating", [[3.0], [3.0, 6.0], [3.0, np.nan]])
def test_folding_in_refuses_ratings_that_are_none(twin, rating):
    with pytest.raises(ValueError, match="must be 2 numbers from 1 to 5"):
        fitted(twin, k=2).fold_in([0, 1], rating)


def test_predictions_are_not_clipped_and_the_history_says_their_error(twin):
    model = fitted(twin, epochs=5, reg=0.5, reg_bias=0.5)
    prediction = model.predict(*pairs(twin.test))
    assert prediction.max() > 5
    error = np.sqrt(np.mean((twin.test["rating"] - prediction) ** 2))
    assert model.history.rmse == pytest.approx(error, abs=1e-6)
    assert len(model.history.frame) == 5


def test_another_seed_starts_elsewhere(twin):
    one, same, other = (
        als.ALS(k=2, reg=9, reg_bias=5, epochs=1).fit(twin, seed=seed).predict([0], [0])
        for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other


def test_noise_gives_draws_with_the_right_covariance():
    left = np.array([[2.0, 0.6], [0.6, 1.0]])
    n = 40_000
    drawn = als.solve(
        nd.array(np.tile(left, (n, 1, 1))),
        nd.array(np.tile([1.0, -1.0], (n, 1))),
        nd.random.normal(shape=(n, 2)),
    ).asnumpy()
    assert drawn.mean(axis=0) == pytest.approx(np.linalg.solve(left, [1, -1]), abs=0.02)
    assert np.cov(drawn.T) == pytest.approx(np.linalg.inv(left), abs=0.03)


def test_predictions_do_not_depend_on_the_test_ratings(twin):
    other = replace(twin, evaluation=twin.test.iloc[::-1].assign(rating=1.0))
    one, two = (fitted(split, epochs=3).predict(*pairs(twin.test)) for split in (twin, other))
    assert (one == two).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: als.ALS(k=0, reg=1, reg_bias=1), "k is 0"),
        (lambda: als.ALS(k=2, reg=0, reg_bias=1), "reg is 0"),
        (lambda: als.ALS(k=2, reg=1, reg_bias=1, epochs=0), "epochs is 0"),
        (lambda: als.ALS(k=2, reg=1, reg_bias=1).predict([0], [0]), "Call fit first"),
        (lambda: als.ALS(k=2, reg=1, reg_bias=1).fold_in([0], [5]), "Call fit first"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_index_outside_the_tables_is_named(twin):
    model = fitted(twin, k=2)
    with pytest.raises(ValueError, match="9999"):
        model.predict([9999], [0])
    with pytest.raises(ValueError, match=r"user_idx\[0\] is 1, but this table has 1 row"):
        model.predict_from_vectors(np.zeros((1, 3)), [1], [0])


def test_features_of_the_training_set(twin):
    users, items = features.implicit(twin)
    assert (users > 0).sum() == len(twin.train)
    assert np.linalg.norm(users, axis=1) == pytest.approx(1, abs=1e-5)
    assert items.shape == (twin.n_items, twin.n_users)
    of_users, of_items = features.attributes(twin)
    assert of_users is None  # the twin's users are only ids
    assert (of_items.sum(axis=1) == 2).all()  # one genre and one group of years


def test_features_are_stacked_side_by_side(twin):
    implicit, attributes = features.implicit(twin), features.attributes(twin)
    users, items = features.stack(implicit, attributes)
    assert (users == implicit[0]).all()
    assert (items == np.hstack([implicit[1], attributes[1]])).all()
    assert features.stack() == (None, None)
