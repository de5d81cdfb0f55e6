"""ALS solves what its equations say, and sees only the training set."""

from dataclasses import replace

from mfbook import als, datasets, features
from mfbook.exceptions import DataError, TrainingError
from mxnet import nd
import numpy as np
import pandas as pd
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


def test_folding_in_refuses_an_item_twice(twin):
    with pytest.raises(ValueError, match=r"item_idx has the item 7 twice, .* at position 2"):
        fitted(twin, k=2).fold_in([7, 3, 7], [5.0, 1.0, 5.0])


def test_folding_in_refuses_what_are_no_vectors(twin):
    model = fitted(twin, k=2)
    with pytest.raises(ValueError, match="must be 1 numbers from 1 to 5"):
        model.fold_in([3], ["good"])
    with pytest.raises(ValueError, match="they must be two vectors"):
        model.fold_in(3, 5.0)


def test_factors_and_biases_have_their_own_penalties(twin):
    model = fitted(twin, k=2)
    assert model.prior_precision.asnumpy().tolist() == np.diag([9, 9, 5]).tolist()
    no_bias, no_factors = fitted(twin, reg_bias=1e9), fitted(twin, reg=1e9)
    assert np.abs(no_bias.users.asnumpy()[:, -1]).max() < 1e-4
    assert np.abs(no_bias.users.asnumpy()[:, :-1]).max() > 0.1
    assert np.abs(no_factors.users.asnumpy()[:, :-1]).max() < 1e-4
    assert np.abs(no_factors.users.asnumpy()[:, -1]).max() > 0.1


def test_a_penalty_too_small_for_single_precision(twin):
    with pytest.raises(TrainingError, match=r"no solution in single precision.*Make the penalty"):
        fitted(twin, k=20, epochs=5, reg=1e-20, reg_bias=1e-20)


def test_equations_that_mxnet_cannot_hold(twin):
    with pytest.raises(ValueError, match="This ALS needs an array of 1,682 x 5,001 x 5,001"):
        fitted(twin, k=5000)


@pytest.mark.parametrize("seed", ["a", -1, None, 2**31])
def test_impossible_seed(twin, seed):
    with pytest.raises(ValueError, match=r"seed is .* a whole number from 0 to 2147483647"):
        als.ALS(k=2, reg=9, reg_bias=5).fit(twin, seed=seed)


def test_fit_needs_a_split(twin):
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        als.ALS(k=2, reg=9, reg_bias=5).fit(twin.train)


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
        (lambda: als.ALS(k=2, reg=1, reg_bias=0), "reg_bias is 0; it must be greater than 0"),
        (lambda: als.ALS(k=2, reg=np.inf, reg_bias=1), "reg is inf; it must be a finite number"),
        (lambda: als.ALS(k=2, reg=None, reg_bias=1), "reg is None"),
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
    for vectors in (np.zeros((1, 5)), np.zeros(3)):
        with pytest.raises(
            ValueError, match=r"user_vectors has the shape .*; it must be \(rows, 3"
        ):
            model.predict_from_vectors(vectors, [0], [0])


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


@pytest.fixture
def described():
    """Three ratings by users and of items with attributes, some of which are missing."""
    train = pd.DataFrame({"user_id": [1, 2, 3], "item_id": [1, 2, 1], "rating": [5.0, 1.0, 3.0]})
    test = pd.DataFrame({"user_id": [1], "item_id": [2], "rating": [2.0]})
    users = pd.DataFrame(
        {"user_id": [1, 2, 3], "age": [17, 30, np.nan], "gender": ["F", "M", "F"]}
    ).assign(occupation=["student", "writer", "student"])
    items = pd.DataFrame({"item_id": [1], "title": ["Heat (1995)"], "genres": ["Action|Drama"]})
    return datasets.make_split(train, test, users=users, items=items)


def test_each_attribute_has_its_features(described):
    users, items = features.attributes(described)
    assert users.shape == (3, 2 + 2 + 7)  # genders, occupations, groups of ages
    assert users[:, :2].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert users[:, 2:4].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert users[:, 4:].argmax(axis=1).tolist()[:2] == [0, 2]  # up to 18, and 26 to 35
    assert users[:, 4:].sum(axis=1).tolist() == [1, 1, 0]
    assert items[:, :2].tolist() == [[1, 1], [0, 0]]
    assert items[:, 2:].sum(axis=1).tolist() == [1, 0]


def test_the_length_of_a_row_does_not_depend_on_its_number_of_ratings(described):
    users, items = features.implicit(described)
    assert users == pytest.approx(np.array([[1, 0], [0, 1], [1, 0]]))
    assert items == pytest.approx(np.array([[0.5**0.5, 0, 0.5**0.5], [0, 1, 0]]), abs=1e-6)


def test_data_without_attributes(described):
    bare = replace(
        described, users=described.users[["user_id"]], items=described.items[["item_id"]]
    )
    with pytest.raises(DataError, match="ratings has no attributes: its users have no gender"):
        features.attributes(bare)
    empty = replace(bare, items=bare.items.assign(genres=np.nan))
    with pytest.raises(DataError, match="ratings has no attributes"):
        features.attributes(empty)


def test_attributes_of_another_type_are_named(described):
    young = replace(described, users=described.users.assign(age="young"))
    with pytest.raises(DataError, match="column age of the users has 'young' in row 0"):
        features.attributes(young)
    numbered = replace(described, items=described.items.assign(title=7))
    with pytest.raises(
        DataError, match="column title of the items holds values of the type integer"
    ):
        features.attributes(numbered)


def test_features_of_different_splits_are_not_stacked():
    with pytest.raises(ValueError, match="feature matrices of the items have 2 and 3 rows"):
        features.stack((None, np.ones((2, 1))), (None, np.ones((3, 1))))


@pytest.mark.parametrize("make", [features.implicit, features.attributes])
def test_features_need_a_split(twin, make):
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        make(twin.train)


@pytest.mark.parametrize("column", [-1, 2, 10**6])
def test_ratings_outside_their_table_are_refused(column):
    with pytest.raises(ValueError, match=rf"item_idx\[0\] is {column}, but this table has 2 rows"):
        als.rating_rows([0], [column], [1.0], shape=(2, 2))
    with pytest.raises(ValueError, match=f"is {column}, but this table has 2 rows"):
        als.predict_pairs(np.ones((2, 3)), np.ones((2, 3)), 3.5, [0], [column])


def test_no_pairs_give_no_ratings(twin):
    assert fitted(twin, k=2).predict([], []).shape == (0,)


@pytest.mark.parametrize("k", [50_000, 2**31, 10**30])
def test_more_factors_than_mxnet_can_hold_are_refused_before_they_take_memory(twin, k):
    with pytest.raises(ValueError, match="This ALS needs an array of 1,682 x"):
        als.ALS(k=k, reg=9, reg_bias=5).fit(twin)


def test_items_start_as_small_vectors_without_biases(twin, monkeypatch):
    seen = []

    def sweep(model):
        seen.append(model.items.asnumpy().copy())

    monkeypatch.setattr(als.ALS, "_sweep", sweep)
    fitted(twin, k=3)
    assert (seen[0][:, -1] == 0).all()
    assert seen[0][:, :-1].std() == pytest.approx(0.1, rel=0.05)
