"""ALS solves what its equations say, and sees only the training set."""

from dataclasses import replace
import itertools

from mfbook import als, datasets, features, history, least_squares
from mfbook.exceptions import DataError, TrainingError
from mfbook.least_squares import solve_rows
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
import pytest


def pairs(ratings):
    return ratings["user_idx"].to_numpy(), ratings["item_idx"].to_numpy()


def fitted(split, epochs=1, **hyperparameters):
    return als.ALS(**{"k": 5, "reg": 9, "reg_bias": 5} | hyperparameters, epochs=epochs).fit(split)


def cells(n):
    """Return a split with n training ratings, each of another cell of 500 columns."""
    cell = np.arange(n)
    ratings = np.random.default_rng(0).integers(1, 6, n)
    table = pd.DataFrame({"user_id": cell // 500, "item_id": cell % 500, "rating": ratings})
    return datasets.make_split(table, pd.DataFrame({"user_id": [0], "item_id": 500, "rating": 3}))


def users_again(model, split):
    """Solve for all users of a fitted model again, its items fixed."""
    _, (by_user, _) = als.centered_blocks(split, model.k)
    return solve_rows(by_user, model.items, model.prior_precision)


def test_one_user_is_solved_as_numpy_solves_the_normal_equations(twin):
    model = fitted(twin)
    solved, items = users_again(model, twin), model.items.astype(float)
    for user in (0, 17, 942):
        rows = twin.train[twin.train["user_idx"] == user]
        rated = items[rows["item_idx"]]
        v = np.column_stack([rated[:, :5], np.ones(len(rows))])
        r = rows["rating"].to_numpy(float) - model.mean - rated[:, 5]
        expected = np.linalg.solve(v.T @ v + np.diag([9] * 5 + [5]), v.T @ r)
        assert solved[user] == pytest.approx(expected, abs=1e-4)


def test_each_sweep_lowers_what_als_minimizes(twin):
    losses = []
    for sweeps in (1, 2, 5):
        model = fitted(twin, sweeps, k=3, reg=5)
        users, items = model.users, model.items
        error = twin.train["rating"] - model.predict(*pairs(twin.train))
        losses.append((error**2).sum() + 5 * (users**2).sum() + 5 * (items**2).sum())
    assert losses[0] > losses[1] > losses[2]


def test_folding_in_equals_solving_that_user_again(twin):
    model = fitted(twin, epochs=3)
    again = users_again(model, twin)[7]
    rows = twin.train[twin.train["user_idx"] == 7]
    vector = model.fold_in(rows["item_idx"], rows["rating"])
    assert vector[0] == pytest.approx(again, abs=1e-5)
    items = rows["item_idx"].to_numpy()
    from_vector = model.predict_from_vectors(vector, np.zeros(len(items), int), items)
    users = model.users.copy()
    users[7] = vector[0]
    assert from_vector == pytest.approx(
        als.predict_pairs(users, model.items, model.mean, np.full(len(items), 7), items), abs=1e-5
    )


def test_a_person_without_ratings_is_an_average_one(twin):
    assert fitted(twin, k=2).fold_in([], []).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("rating", [[3.0], [3.0, 6.0], [3.0, np.nan]])
def test_folding_in_refuses_ratings_that_are_none(twin, rating):
    with pytest.raises(ValueError, match="must be 2 numbers from 1 to 5"):
        fitted(twin, k=2).fold_in([0, 1], rating)


def test_folding_in_refuses_an_item_twice(twin):
    with pytest.raises(ValueError, match=r"item_idx has the item 7 twice, .* at position 2"):
        fitted(twin, k=2).fold_in([7, 3, 7], [5.0, 1.0, 5.0])


@pytest.mark.parametrize(
    "rating",
    [
        [True, False],
        ["5", "3"],
        [5.0, "good"],
        [None, 3.0],
        pd.to_datetime(["2000-01-01", "2000-01-02"]),
        np.array([5, 3], "timedelta64[D]"),
    ],
)
def test_folding_in_refuses_ratings_that_are_no_numbers(twin, rating):
    with pytest.raises(ValueError, match=r"^rating\[[01]\] is .*, which is not a number\. Pass"):
        fitted(twin, k=2).fold_in([0, 1], rating)


def test_folding_in_refuses_what_are_no_vectors(twin):
    with pytest.raises(ValueError, match="they must be two vectors"):
        fitted(twin, k=2).fold_in(3, 5.0)


def test_factors_and_biases_have_their_own_penalties(twin):
    model = fitted(twin, k=2)
    assert model.prior_precision.tolist() == np.diag([9, 9, 5]).tolist()
    no_bias, no_factors = fitted(twin, reg_bias=1e9), fitted(twin, reg=1e9)
    assert np.abs(no_bias.users[:, -1]).max() < 1e-4
    assert np.abs(no_bias.users[:, :-1]).max() > 0.1
    assert np.abs(no_factors.users[:, :-1]).max() < 1e-4
    assert np.abs(no_factors.users[:, -1]).max() > 0.1


def test_a_penalty_too_small_for_single_precision(twin):
    with pytest.raises(TrainingError, match=r"no solution in single precision.*Make the penalty"):
        fitted(twin, k=20, epochs=5, reg=1e-20, reg_bias=1e-20)


@pytest.mark.parametrize("k", [22_361, 50_000, np.int32(50_000), 2**31, 10**30])
def test_more_factors_than_fit_into_memory_are_refused_before_they_take_any(twin, monkeypatch, k):
    monkeypatch.setattr(als, "centered_blocks", None)
    with pytest.raises(ValueError, match=r"^The equations of one user with .* factors would take"):
        fitted(twin, k=k)


def split_of(n_users, n_items):
    """Return a split of two ratings, with so many users and items."""
    ratings = pd.DataFrame({"user_idx": [0, 1], "item_idx": [1, 0], "rating": [2.0, 4.0]})
    users, items = (pd.DataFrame(index=range(n)) for n in (n_users, n_items))
    return datasets.Split(ratings, ratings, users, items)


def test_tables_of_factors_are_as_large_as_memory_allows():
    wide = split_of(3, 250_000)
    als.check_factors(wide, 1999)
    with pytest.raises(ValueError, match=r"^The table of 250,000 x 2,001 factors would take 2 GB"):
        als.check_factors(wide, 2000)
    als.check_factors(split_of(3, 3), 22_360)


def test_users_times_items_may_be_more_than_any_array_holds():
    """9.6 billion cells, of which 5,000 have a rating: nothing grows with the cells."""
    rng = np.random.default_rng(0)
    n_users, n_items = 162_500, 59_000
    user, item = (rng.choice(n, 5000, replace=False) for n in (n_users, n_items))
    table = pd.DataFrame({"user_idx": user, "item_idx": item, "rating": rng.integers(1, 6, 5000)})
    table = table.assign(user_id=user, item_id=item)
    large = replace(
        cells(1),
        train=table,
        users=pd.DataFrame({"user_id": range(n_users)}),
        items=pd.DataFrame({"item_id": range(n_items)}),
    )
    model = fitted(large, k=2)
    assert (len(model.users), len(model.items)) == (n_users, n_items)
    without = np.setdiff1d(np.arange(n_users), user)
    assert not model.users[without].any()
    assert model.users[user].any(axis=1).all()


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


@pytest.mark.parametrize(
    ("ages", "message"),
    [
        ([-5, 30, 17], "has -5 in row 0, which is not a number of years from 0 to 200"),
        ([17, 300, 30], "has 300 in row 1"),
        ([17, 30, np.inf], "has inf in row 2"),
        (pd.to_datetime(["2000-01-01"] * 3), "holds values of the type datetime64, not numbers of"),
        (pd.to_timedelta([17, 30, 40], unit="D"), "holds values of the type timedelta64"),
        ([True, False, True], "holds values of the type boolean"),
        ([17, 30, pd.Timestamp(0)], r"has Timestamp\(.* in row 2"),
    ],
)
def test_impossible_ages_are_named(described, ages, message):
    changed = replace(described, users=described.users.assign(age=ages))
    with pytest.raises(DataError, match=f"column age of the users {message}"):
        features.attributes(changed)


def test_attributes_that_no_row_can_have_are_named(described):
    lists = replace(described, users=described.users.assign(gender=[["F"]] * 3))
    with pytest.raises(DataError, match="column gender of the users has a list or a dict in a row"):
        features.attributes(lists)
    twice = replace(
        described, users=described.users.set_axis(["user_id", "age", "age", "c"], axis=1)
    )
    with pytest.raises(DataError, match="has the column age twice"):
        features.attributes(twice)


def test_the_youngest_and_the_newest_have_a_group(described):
    newborn = replace(described, users=described.users.assign(age=[0, 200, None]))
    users, _ = features.attributes(newborn)
    assert users[:, 4:].sum(axis=1).tolist() == [1, 1, 0]
    newer = described.items.assign(title=["Heat (1995)", "Dune (2021)"])
    _, items = features.attributes(replace(described, items=newer))
    assert items[:, 2:].sum(axis=1).tolist() == [1, 1]


def test_features_too_large_for_memory_are_refused_before_they_are_made(described):
    rows = np.arange(200_000)
    table = pd.DataFrame({"user_id": rows, "item_id": rows, "rating": 3.0})
    large = datasets.make_split(table, table.iloc[:1].assign(item_id=5))
    with pytest.raises(ValueError, match="200,000 users and 200,000 items would take 320 GB"):
        features.implicit(large)
    texts = rows.astype(str)
    for change in (
        {"users": large.users.assign(occupation=texts)},
        {"items": large.items.assign(genres=texts)},
    ):
        with pytest.raises(DataError, match=r"200,000 different values .* would take 320 GB"):
            features.attributes(replace(large, **change))


@pytest.mark.parametrize("wrong", [3, None, (np.ones((2, 1)),), ("ab", None), ([[1]], None)])
def test_what_are_no_features_is_not_stacked(wrong):
    with pytest.raises(
        ValueError, match=r"features\[1\] is a .*; it must be a pair|it must be a Num"
    ):
        features.stack((None, None), wrong)


def test_features_of_different_splits_are_not_stacked():
    with pytest.raises(ValueError, match="feature matrices of the items have 2 and 3 rows"):
        features.stack((None, np.ones((2, 1))), (None, np.ones((3, 1))))


@pytest.mark.parametrize("make", [features.implicit, features.attributes])
def test_features_need_a_split(twin, make):
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        make(twin.train)


@pytest.mark.parametrize("column", [-1, 2, 10**6])
def test_ratings_outside_their_table_are_refused(column):
    with pytest.raises(ValueError, match=f"is {column}, but this table has 2 rows"):
        als.predict_pairs(np.ones((2, 3)), np.ones((2, 3)), 3.5, [0], [column])


def test_no_pairs_give_no_ratings(twin):
    assert fitted(twin, k=2).predict([], []).shape == (0,)


@pytest.fixture
def solved_for(monkeypatch):
    """Return a list that grows by each side that the solver is given, with those it returns."""
    calls = []

    def recorded(blocks, other, penalty):
        calls.append((other.copy(), solve_rows(blocks, other, penalty)))
        return calls[-1][1]

    monkeypatch.setattr(als, "solve_rows", recorded)
    return calls


def test_items_start_as_small_vectors_without_biases(twin, solved_for):
    fitted(twin, k=3)
    items, _ = solved_for[0]
    assert items.shape == (twin.n_items, 4)
    assert (items[:, -1] == 0).all()
    assert items[:, :-1].std() == pytest.approx(0.1, rel=0.05)


def test_a_sweep_solves_for_the_users_and_with_them_for_the_items(twin, solved_for):
    model = fitted(twin, k=3, epochs=2)
    assert len(solved_for) == 4
    for (_, solution), (other, _) in itertools.pairwise(solved_for):
        assert (other == solution).all()
    assert model.users is solved_for[2][1]
    assert model.items is solved_for[3][1]


def test_a_failed_refit_leaves_the_model_as_it_was(twin, monkeypatch):
    model = fitted(twin, k=20)
    before = [model.users, model.items, model.mean, model.scale, model.history]
    copies = model.users.copy(), model.items.copy()

    def fails_with(error, message, split=twin):
        with pytest.raises(error, match=message):
            model.fit(split)
        after = [model.users, model.items, model.mean, model.scale, model.history]
        assert all(new is old for new, old in zip(after, before, strict=True))
        assert all((new == old).all() for new, old in zip(after[:2], copies, strict=True))

    fails_with(ValueError, "split is a DataFrame", twin.train)
    half = replace(twin, train=twin.train[::2].assign(rating=5.0))
    answers = iter([model.users, model.items])
    monkeypatch.setattr(als, "solve_rows", lambda *_: next(answers, np.full((1682, 21), np.nan)))
    model.epochs = 2
    fails_with(TrainingError, "In epoch 2 the predictions stopped being finite", half)
    monkeypatch.undo()
    model.reg = model.reg_bias = 1e-20
    fails_with(TrainingError, "no solution in single precision")


def test_vectors_that_are_not_finite_are_refused(twin):
    model = fitted(twin, k=2)
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"user_vectors\[1, 2\] is (nan|inf), not a finite"):
            model.predict_from_vectors([[0, 0, 0], [0, 0, value]], [0], [0])
    with pytest.raises(ValueError, match=r"user_vectors\[0, 0\] is 'a', which is not a number"):
        model.predict_from_vectors([["a", "b", "c"]], [0], [0])


def test_many_pairs_are_predicted_as_few_are(twin, monkeypatch):
    model = fitted(twin, k=2)
    at_once = model.predict(*pairs(twin.test))
    monkeypatch.setattr(least_squares, "PAIRS_AT_ONCE", 999)
    assert model.predict(*pairs(twin.test)) == pytest.approx(at_once, abs=1e-6)


# --- what the learning curve is measured on ------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "n_measured"), [(150_000, 100_000), (100_000, 100_000), (3000, 3000)]
)
def test_at_most_100_000_training_ratings_are_measured_on(n, n_measured):
    split, seen = cells(n), []

    def predict_sets(train, evaluation):
        seen.append(train)
        assert evaluation is split.evaluation
        return [np.full(len(ratings), 3.0) for ratings in (train, evaluation)]

    curve = history.run_epochs(split, 2, lambda: None, predict_sets).frame
    first, second = seen
    assert len(first) == n_measured
    assert first.index.is_unique
    assert first.equals(split.train.loc[first.index])
    assert first.equals(second)
    in_the_second_half = first["user_idx"] >= n / 1000
    assert in_the_second_half.mean() == pytest.approx(0.5, abs=0.01)
    error = np.sqrt(np.mean((first["rating"] - 3.0) ** 2))
    assert curve["train_rmse"].tolist() == pytest.approx([error, error])
    speed = n / curve["seconds"]
    assert curve["ratings_per_second"].tolist() == pytest.approx(speed.tolist())


def test_the_training_error_is_that_of_the_ratings_that_are_measured_on(twin, monkeypatch):
    monkeypatch.setattr(history, "MEASURED_RATINGS", 500)
    model = fitted(twin, k=2)
    train = history._measured(twin.train)
    error = rmse(train["rating"], model.predict(*pairs(train)))
    assert len(train) == 500
    assert model.history.frame["train_rmse"].tolist() == pytest.approx([error])
    assert model.history.rmse == pytest.approx(
        rmse(twin.test["rating"], model.predict(*pairs(twin.test)))
    )


def test_parts_of_the_solver_name_what_does_not_fit():
    table = np.ones((3, 2))
    for call, name in (
        (lambda: als.predict_pairs(None, table, 3.5, [0], [0]), "users is None"),
        (lambda: als.predict_pairs(table, np.ones((3, 4)), 3.5, [0], [0]), "items has the shape"),
        (lambda: als.predict_pairs(table, table, None, [0], [0]), "mean is None"),
        (lambda: als.centered_blocks(None, 2), "split is a NoneType"),
        (lambda: als.centered_blocks(split_of(2, 2), "2"), "k is '2'"),
        (lambda: als.check_factors(None, 2), "split is a NoneType"),
        (lambda: als.check_factors(split_of(2, 2), None), "k is None"),
        (lambda: als.first_factors(split_of(2, 2), 2, 0), "rng is 0"),
    ):
        with pytest.raises(ValueError, match=name):
            call()


def test_fit_without_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert als.ALS(k=1, reg=1, reg_bias=1, epochs=1).fit(split_of(2, 2)).history.rmse > 0


@pytest.mark.parametrize(
    ("train_epoch", "predict_sets", "message"),
    [
        (None, lambda *sets: sets, "train_epoch is None; it must be a function"),
        (lambda: None, lambda *sets: None, "predict_sets returned None; it must return two"),
        (lambda: None, lambda *sets: [3.5, 3.5], "A prediction of predict_sets is 3.5"),
    ],
)
def test_functions_of_an_epoch_that_cannot_be_used(train_epoch, predict_sets, message):
    with pytest.raises(ValueError, match=message):
        history.run_epochs(split_of(2, 2), 1, train_epoch, predict_sets)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_attributes_in_unusual_precision(dtype):
    ratings = pd.DataFrame({"user_id": [1, 2], "item_id": [5, 6], "rating": [1, 2]})
    users = pd.DataFrame({"user_id": [1, 2], "gender": np.array([0, 1], dtype)})
    split = datasets.make_split(ratings, ratings.assign(item_id=[6, 5]), users=users)
    assert features.attributes(split)[0].tolist() == [[1, 0], [0, 1]]


def test_an_age_too_large_for_a_number():
    ratings = pd.DataFrame({"user_id": [1, 2], "item_id": [5, 6], "rating": [1, 2]})
    users = pd.DataFrame({"user_id": [1, 2], "age": pd.Series([10**400, 3], dtype=object)})
    split = datasets.make_split(ratings, ratings.assign(item_id=[6, 5]), users=users)
    with pytest.raises(DataError, match="age of the users has a number that is too large"):
        features.attributes(split)
