"""A `Split` numbers users and items from 0, keeps their ids, and never mixes its two sets."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
import shutil

from mfbook import datasets
from mfbook.datasets import DataError, _descriptions, download
import numpy as np
import pandas as pd
import pytest


def pairs(table, ids=("user_id", "item_id")):
    return set(map(tuple, table[list(ids)].to_numpy().tolist()))


@pytest.fixture
def ratings():
    rng = np.random.default_rng(0)
    cells = rng.permutation(30 * 40)[:600]
    return pd.DataFrame(
        {
            "user_id": 1000 + 7 * (cells // 40),
            "item_id": 5 + 3 * (cells % 40),
            "rating": rng.integers(1, 6, 600).astype(np.float32),
        }
    )


def test_canonical_split(movielens):
    assert (len(movielens.train), len(movielens.test)) == (80_000, 20_000)
    assert (movielens.n_users, movielens.n_items) == (943, 1682)
    assert len(movielens.unseen) == 32
    assert movielens.items.loc[49, "title"] == "Star Wars (1977)"
    assert movielens.items.loc[49, "genres"] == "Action|Adventure|Romance|Sci-Fi|War"
    assert movielens.users.loc[0, ["age", "gender", "occupation"]].notna().all()
    assert movielens.dataset == "ml-100k"
    assert movielens.name == "ml-100k, fold u1"
    assert repr(movielens).endswith(
        "32 test ratings are of users or items that are not in the training set"
    )


@pytest.mark.parametrize("name", ["ml-100k", "synthetic"])
def test_five_folds_share_out_all_ratings(movielens, name):
    tests = [pairs(datasets.load(name, fold).test) for fold in range(1, 6)]
    assert sum(map(len, tests)) == len(set.union(*tests)) == 100_000


@pytest.mark.parametrize("fold", [0, 6, "1", True, 1.0])
def test_unknown_fold(fold):
    with pytest.raises(DataError, match="the published folds are 1 to 5"):
        datasets.load("synthetic", fold)


def test_indices_are_rows_of_users_and_items_in_both_sets(split):
    for ratings in (split.train, split.test):
        assert (split.users["user_id"].to_numpy()[ratings["user_idx"]] == ratings["user_id"]).all()
        assert (split.items["item_id"].to_numpy()[ratings["item_idx"]] == ratings["item_id"]).all()
        assert ratings[["user_idx", "item_idx"]].dtypes.eq(np.int32).all()
    every = pd.concat([split.train, split.test])
    assert set(every["user_idx"]) == set(range(split.n_users))
    assert set(every["item_idx"]) == set(range(split.n_items))


def test_sets_do_not_overlap(split):
    assert not pairs(split.train) & pairs(split.test)


def test_make_split_keeps_sparse_ids_and_reports_unseen_items():
    train = pd.DataFrame({"user_id": [70, 9], "item_id": [10**12, 3], "rating": [5.0, 1.0]})
    test = pd.DataFrame({"user_id": [9], "item_id": [4], "rating": [2.0]})
    split = datasets.make_split(train, test)
    assert split.users["user_id"].tolist() == [9, 70]
    assert split.items["item_id"].tolist() == [3, 4, 10**12]
    assert split.train["item_idx"].tolist() == [2, 0]
    assert split.test["item_idx"].tolist() == [1]
    assert split.unseen["item_id"].tolist() == [4]
    assert split.dataset == "custom"
    assert repr(split).endswith(
        "1 test rating is of users or items that are not in the training set"
    )


def test_make_split_names_a_missing_column(ratings):
    with pytest.raises(
        DataError,
        match=r"mine, test set: the table has no column rating\. Its columns are: user_id, item_id",
    ):
        datasets.make_split(ratings, ratings.drop(columns="rating"), name="mine")


@pytest.mark.parametrize("column", ["user_id", "item_id", "rating"])
@pytest.mark.parametrize("value", [None, np.nan, np.inf, -np.inf])
def test_make_split_refuses_what_is_missing(ratings, column, value):
    train, test = ratings[:500].astype({column: object}), ratings[500:]
    train.loc[7, column] = value
    with pytest.raises(DataError, match=f"mine, training set, row 7: the {column} is missing"):
        datasets.make_split(train, test, name="mine")


def test_make_split_refuses_text_for_a_rating(ratings):
    test = ratings[500:].astype({"rating": object})
    test.iloc[3, 2] = "good"
    with pytest.raises(DataError, match="test set, row 3: the rating is missing or not a number"):
        datasets.make_split(ratings[:500], test)


NO_RATINGS = {
    "dates": pd.to_datetime(["2020-01-01", "2020-01-02"]),
    "dates as objects": [date(2020, 1, 1), date(2020, 1, 2)],
    "time spans": pd.to_timedelta([1, 2], unit="s"),
    "complex": [3 + 1j, 2],
    "complex objects": pd.Series([3 + 1j, 2], dtype=object),
}


@pytest.mark.parametrize("kind", NO_RATINGS)
def test_make_split_refuses_what_is_no_rating(kind):
    train = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": NO_RATINGS[kind]})
    test = pd.DataFrame({"user_id": [1], "item_id": [2], "rating": [3]})
    with pytest.raises(DataError, match=r"mine, training set: the column rating holds values of"):
        datasets.make_split(train, test, name="mine")


@pytest.mark.parametrize("table", [None, [5, 3], "u.data"])
def test_make_split_needs_tables(ratings, table):
    with pytest.raises(DataError, match=r"mine, training set: the table is of the type \w+. Pass"):
        datasets.make_split(table, ratings, name="mine")
    with pytest.raises(DataError, match=r"mine, test set: the table is of the type \w+. Pass"):
        datasets.make_split(ratings, table, name="mine")
    with pytest.raises(DataError, match="mine: the table is of the type"):
        datasets.random_split(table, name="mine")
    if table is not None:
        with pytest.raises(DataError, match="mine: the table of items is of the type"):
            datasets.make_split(ratings[:500], ratings[500:], items=table, name="mine")


def test_make_split_refuses_a_column_twice(ratings):
    twice = pd.concat([ratings, ratings[["rating"]]], axis=1)
    with pytest.raises(DataError, match="the table has the column rating twice"):
        datasets.random_split(twice)


@pytest.mark.parametrize("ids", [["a", 1], [[1], [2]], [1j, 2]])
def test_make_split_refuses_what_is_no_id(ids):
    train = pd.DataFrame({"user_id": ids, "item_id": [1, 2], "rating": [5, 3]})
    with pytest.raises(DataError, match="training set: user_id holds values of the type"):
        datasets.make_split(train, train)


def test_ids_of_both_sets_and_of_descriptions_must_be_comparable(ratings):
    test = ratings[500:].astype({"item_id": str})
    with pytest.raises(DataError, match="item_id holds numbers in the training set and texts in"):
        datasets.make_split(ratings[:500], test)
    items = pd.DataFrame({"item_id": ["5", "8"], "title": ["a", "b"]})
    with pytest.raises(DataError, match="table of items has texts for item_id, the ratings have n"):
        datasets.make_split(ratings[:500], ratings[500:], items=items)


def test_an_id_without_a_description_keeps_its_row(ratings):
    items = pd.DataFrame({"item_id": [8, 10**6], "title": ["eight", "not rated"]})
    split = datasets.make_split(ratings[:500], ratings[500:], items=items)
    assert split.n_items == ratings["item_id"].nunique()
    assert split.items["title"].notna().sum() == 1
    assert split.items.set_index("item_id")["title"][8] == "eight"
    without = pd.DataFrame({"item_id": [8, np.nan], "title": ["eight", "none"]})
    with pytest.raises(DataError, match="table of items has no item_id in row 1"):
        datasets.make_split(ratings[:500], ratings[500:], items=without)


@pytest.mark.parametrize("seed", ["a", -1, None, 1.5, 2**31, True])
def test_impossible_seed(ratings, seed):
    split = datasets.random_split(ratings)
    calls = (
        lambda: datasets.random_split(ratings, seed=seed),
        lambda: datasets.per_user_split(ratings, seed=seed),
        lambda: split.validation_split(seed=seed),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"seed is .* a whole number from 0 to 2147483647"):
            call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rating": np.nan}, "training set: the rating in row 0 is nan"),
        ({"rating": -np.inf}, "training set: the rating in row 0 is -inf"),
        ({"rating": "five"}, "the column rating has the type"),
        ({"item_idx": 0.5}, "the column item_idx has the type float64"),
        ({"item_idx": 99}, "item_idx is 99 in row 0, but there are only 40 items"),
        ({"user_idx": -1}, "user_idx is -1 in row 0"),
    ],
)
def test_a_split_refuses_tables_that_are_no_ratings(ratings, change, message):
    split = datasets.random_split(ratings)
    with pytest.raises(DataError, match=message):
        replace(split, train=split.train.assign(**change))


def test_a_split_names_what_it_needs(ratings):
    split = datasets.random_split(ratings)
    with pytest.raises(DataError, match=r"has no column item_idx, user_idx\."):
        replace(split, train=ratings)
    with pytest.raises(DataError, match="the table is of the type NoneType"):
        replace(split, evaluation=None)


def test_make_split_refuses_leaks_and_repeats(ratings):
    with pytest.raises(
        DataError, match=r"60 pair\(s\) of user and item are in both .* the first is user"
    ):
        datasets.make_split(ratings, ratings[:60])
    with pytest.raises(DataError, match=r"row 600: user .* a second time"):
        datasets.random_split(pd.concat([ratings, ratings[:1]], ignore_index=True))


def test_make_split_refuses_repeated_items(ratings):
    items = pd.DataFrame({"item_id": [5, 5], "title": ["a", "b"]})
    with pytest.raises(DataError, match="table of items has the item_id 5 a second time in row 1"):
        datasets.make_split(ratings[:500], ratings[500:], items=items)


def test_empty_sets(ratings):
    with pytest.raises(DataError, match="test set of mine is empty"):
        datasets.make_split(ratings, ratings[:0], name="mine")
    with pytest.raises(DataError, match="training set of mine is empty"):
        datasets.make_split(ratings[:0], ratings, name="mine")


@pytest.mark.parametrize("make", [datasets.random_split, datasets.per_user_split])
def test_random_splits(ratings, make):
    split = make(ratings, fraction=0.25, seed=3)
    assert len(split.test) == pytest.approx(150, abs=10)
    assert pairs(split.train) | pairs(split.test) == pairs(ratings)
    assert not pairs(split.train) & pairs(split.test)
    pd.testing.assert_frame_equal(split.test, make(ratings, fraction=0.25, seed=3).test)
    assert pairs(split.test) != pairs(make(ratings, fraction=0.25, seed=4).test)
    assert (split.dataset, split.evaluation_set) == ("custom", "test")


def test_per_user_split_takes_the_same_share_of_every_user(ratings):
    test = datasets.per_user_split(ratings, fraction=0.25).test["user_id"].value_counts()
    expected = (ratings["user_id"].value_counts() * 0.25).round()
    assert test.reindex(expected.index, fill_value=0).tolist() == expected.tolist()


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 20, "0.2"])
def test_impossible_fraction(ratings, fraction):
    with pytest.raises(DataError, match="must be between 0 and 1"):
        datasets.random_split(ratings, fraction=fraction)
    with pytest.raises(DataError, match="must be between 0 and 1"):
        datasets.random_split(ratings).validation_split(fraction)


def test_validation_set_is_drawn_from_train_and_resembles_test(split):
    inner = split.validation_split(fraction=0.2, seed=1)
    assert pairs(inner.train) | pairs(inner.validation) == pairs(split.train)
    assert not pairs(inner.validation) & (pairs(inner.train) | pairs(split.test))
    assert set(inner.validation["user_id"]) <= set(split.test["user_id"])
    candidates = split.train["user_id"].isin(split.test["user_id"]).sum()
    assert len(inner.validation) == round(0.2 * candidates)
    assert (inner.n_users, inner.n_items) == (split.n_users, split.n_items)
    other = split.validation_split(fraction=0.2, seed=2)
    assert pairs(inner.validation) != pairs(other.validation)


def test_validation_set_says_what_it_is(split):
    inner = split.validation_split()
    assert (inner.evaluation_set, inner.dataset) == ("validation", split.dataset)
    assert inner.name == f"{split.name}, validation"
    assert inner.validation is inner.evaluation
    assert f"training and {len(inner.validation):,} validation ratings" in repr(inner)
    assert f"{len(inner.unseen)} validation ratings are of users or items" in repr(inner)
    assert "test rating" not in repr(inner)


def test_the_other_set_is_refused_with_advice(twin):
    inner = twin.validation_split()
    assert twin.test is twin.evaluation
    with pytest.raises(AttributeError, match=r"has a validation set and no test set: use split\."):
        _ = inner.test
    with pytest.raises(AttributeError, match=r"Make one with split\.validation_split\(\)"):
        _ = twin.validation
    assert not hasattr(inner, "test")


def test_unknown_evaluation_set(twin):
    with pytest.raises(DataError, match="evaluation_set is 'train'; it must be 'test' or"):
        datasets.Split(twin.train, twin.test, twin.users, twin.items, evaluation_set="train")


def test_held_out_rows_of_the_stored_results(movielens):
    """The stored validation errors are of these rows."""
    held_out = movielens.validation_split(fraction=0.2, seed=0).validation
    assert len(held_out) == 6_493
    assert held_out.index[:5].tolist() == [2, 5, 11, 14, 17]
    assert held_out.index.to_numpy().sum() == 105_123_019


def test_scale_is_that_of_the_training_ratings():
    train = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": [0.5, 4]})
    test = pd.DataFrame({"user_id": [1], "item_id": [2], "rating": [5]})
    scale = datasets.make_split(train, test).scale
    assert scale == (0.5, 4.0)
    assert all(type(rating) is float for rating in scale)


def test_twin_has_movielens_shape(twin):
    assert (len(twin.train), len(twin.test)) == (80_000, 20_000)
    assert (twin.n_users, twin.n_items) == (943, 1682)
    every = pd.concat([twin.train, twin.test])
    shares = every["rating"].value_counts(normalize=True).sort_index()
    assert shares.to_numpy() == pytest.approx([0.061, 0.114, 0.271, 0.342, 0.212], abs=0.002)
    per_user = every["user_id"].value_counts()
    assert per_user.min() >= 20
    assert per_user.max() == 737
    per_item = every["item_id"].value_counts()
    assert per_item.min() == 1
    # MovieLens: at most 583 ratings of an item, the median 27, and the first tenth has 43 %.
    assert per_item.max() == pytest.approx(583, abs=50)
    assert per_item.median() == pytest.approx(27, abs=10)
    assert per_item.iloc[:168].sum() / 100_000 == pytest.approx(0.43, abs=0.05)
    assert not every.duplicated(["user_id", "item_id"]).any()
    assert twin.test["user_id"].max() == 462


def test_twin_says_what_it_is_and_is_always_the_same(twin):
    assert "synthetic twin of ml-100k (not MovieLens)" in repr(twin)
    assert twin.dataset == "synthetic"
    pd.testing.assert_frame_equal(twin.train, datasets.load("synthetic").train)


def test_noise_floor_is_the_error_of_the_expected_ratings(twin):
    assert twin.noise_floor == pytest.approx(0.905, abs=0.005)
    # The expected rating is unbiased: its residuals must not depend on it.
    residual = twin.train["rating"] - twin.train["expected"]
    assert abs(np.corrcoef(residual, twin.train["expected"])[0, 1]) < 0.01
    assert abs(residual.mean()) < 0.01
    # Nor does the noise depend on what was chosen.
    n_ratings = twin.train.groupby("item_idx")["rating"].transform("size")
    assert abs(np.corrcoef(residual, np.log(n_ratings))[0, 1]) < 0.01


def test_noise_floor_of_movielens_is_unknown(movielens):
    with pytest.raises(DataError, match="noise floor of ml-100k"):
        _ = movielens.noise_floor


def test_twin_files_equal_the_twin(twin, tmp_path, monkeypatch):
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path))
    folder = datasets.folder("synthetic")
    read = datasets.read_ratings(folder / "u1.test")
    columns = ["user_id", "item_id", "rating"]
    pd.testing.assert_frame_equal(read[columns], twin.test[columns])
    assert len(datasets.read_ratings(folder / "u.data")) == 100_000


def test_descriptions_of_users_are_merged_by_id(ratings):
    ages = pd.DataFrame({"user_id": [1007, 1000], "age": [31, 52]})
    split = datasets.make_split(ratings[:500], ratings[500:], users=ages)
    assert split.users["user_id"].is_monotonic_increasing
    assert split.users.set_index("user_id")["age"].loc[[1000, 1007]].tolist() == [52, 31]
    twice = pd.concat([ages, ages])
    with pytest.raises(
        DataError, match="table of users has the user_id 1007 a second time in row 2"
    ):
        datasets.make_split(ratings[:500], ratings[500:], users=twice)
    without_ids = ages.rename(columns={"user_id": "id"})
    with pytest.raises(DataError, match="table of users has no column user_id"):
        datasets.make_split(ratings[:500], ratings[500:], users=without_ids)


@pytest.mark.parametrize("name", ["u.user", "u.item", "u.genre"])
def test_a_missing_file_of_movielens_is_named(movielens, monkeypatch, tmp_path, name):
    copy = tmp_path / "ml-100k"
    shutil.copytree(download.folder("ml-100k"), copy)
    (copy / name).unlink()
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"{name} is missing. Unpack all of ml-100k.zip"):
        datasets.load("ml-100k")


USERS = "1|24|M|technician|85711\n2|53|F|other|94043\n"
GENRES = "Action|0\nComedy|1\nDrama|2\n\n"
ITEMS = "1|Toy (1995)|01-Jan-1995||url|0|1|0\n2|Délicatessen (1991)|01-Jan-1991||url|0|1|1\n"


@pytest.fixture
def described(tmp_path):
    """Return a function that writes the three files and reads them."""

    def read(users=USERS, items=ITEMS, genres=GENRES):
        for name, text in (("u.user", users), ("u.item", items), ("u.genre", genres)):
            (tmp_path / name).write_bytes(text.encode("latin-1"))
        return (
            _descriptions.read_users(tmp_path / "u.user"),
            _descriptions.read_items(tmp_path / "u.item", tmp_path / "u.genre"),
        )

    return read


def test_descriptions_are_read_with_their_accents(described):
    users, items = described()
    assert users.to_numpy().tolist() == [[1, 24, "M", "technician"], [2, 53, "F", "other"]]
    assert items["title"].tolist() == ["Toy (1995)", "Délicatessen (1991)"]
    assert items["genres"].tolist() == ["Comedy", "Comedy|Drama"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("users", "", "u.user is empty"),
        ("users", "1|24|M|technician\n", r"u.user, line 1 has 4 field\(s\) .* it should have 5"),
        ("users", USERS.replace("|53", "|old"), "u.user, line 2: the age 'old' is not a whole"),
        ("users", "x" + USERS, "u.user, line 1: the user_id 'x1' is not a whole number"),
        ("users", "<html>\n", r"u.user, line 1 has 1 field\(s\)"),
        ("items", ITEMS[:-6], r"u.item, line 2 has 6 field\(s\)"),
        ("items", ITEMS.replace("0|1|1", "0|1|x"), "line 2: a genre has the flag 'x', not 0 or 1"),
        ("items", ITEMS.replace("2|D", "9999999999|D"), "line 2: the item_id '9999999999'"),
        ("items", "\x00" * 50, r"u.item, line 1 has 1 field\(s\)"),
        ("genres", "", "u.genre is empty"),
        ("genres", "Action|0\nComedy|1\n", r"u.item, line 1 has 8 field\(s\)"),
        ("genres", GENRES.replace("y|1", "y|7"), "line 2: the genre 'Comedy' has the number 7"),
        ("genres", GENRES.replace("|1", ""), r"u.genre, line 2 has 1 field\(s\)"),
    ],
)
def test_a_damaged_description_is_named(described, file, text, message):
    with pytest.raises(DataError, match=message) as caught:
        described(**{file: text})
    assert str(caught.value).endswith("Unpack all of ml-100k.zip there again.")


@pytest.mark.parametrize("dtype", ["float64", "uint64"])
def test_ids_of_other_types_are_the_same_whole_numbers(dtype):
    train = ratings_of([7, 8], [1, 2]).astype({"user_id": dtype})
    split = datasets.make_split(train, ratings_of([8], [1]))
    assert split.users["user_id"].tolist() == [7, 8]
    assert split.users["user_id"].dtype == "int64"


@pytest.mark.parametrize("user_id", [1.5, 1e17, np.uint64(2**63)])
def test_ids_that_are_not_exact_are_refused(user_id):
    train = ratings_of([3, 4], [1, 2])
    with pytest.raises(datasets.DataError, match=r"user_id is .* in row 0, which is no whole"):
        datasets.make_split(train, ratings_of([user_id], [1]))


def ratings_of(users, items):
    return pd.DataFrame({"user_id": users, "item_id": items, "rating": 3.0})


@pytest.mark.parametrize("make", [datasets.random_split, datasets.per_user_split])
def test_the_index_of_a_table_changes_nothing(ratings, make):
    expected = make(ratings)
    for index in (["user_id"], ["user_id", "item_id"]):
        split = make(ratings.set_index(index, drop=False))
        pd.testing.assert_frame_equal(split.train, expected.train)


def test_rows_of_the_splits_of_stored_results():
    """The same seed gives the same rows, in the same order, for ever."""
    table = datasets.synthetic()[["user_id", "item_id", "rating"]]
    split = datasets.random_split(table, seed=3)
    assert split.test["item_id"].head(5).tolist() == RANDOM_ROWS
    split = datasets.per_user_split(table, seed=3)
    assert split.test["item_id"].head(5).tolist() == PER_USER_ROWS


RANDOM_ROWS = [1339, 1573, 1506, 1345, 1479]
PER_USER_ROWS = [508, 1573, 1206, 1612, 839]


def test_sparse_columns_and_columns_with_a_time_zone(ratings):
    expected = datasets.random_split(ratings).train
    sparse = ratings.astype({"user_id": pd.SparseDtype(int, 0), "rating": pd.SparseDtype(float, 3)})
    pd.testing.assert_frame_equal(datasets.random_split(sparse).train, expected)
    days = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(ratings["user_id"], unit="D")
    timed = datasets.random_split(ratings.assign(user_id=days))
    assert timed.train["user_idx"].tolist() == expected["user_idx"].tolist()
    with pytest.raises(DataError, match="the column rating holds values of the type datetime64"):
        datasets.random_split(ratings.assign(rating=days))


def test_categories_are_numbered_in_the_order_of_their_texts(ratings):
    texts = ratings.astype({"user_id": str, "item_id": str})
    expected = datasets.random_split(texts)
    # One of the categories does not occur.
    categories = texts.astype({"user_id": "category", "item_id": "category"})
    categories["user_id"] = categories["user_id"].cat.add_categories("nobody")
    split = datasets.random_split(categories)
    for column in ("user_idx", "item_idx", "rating"):
        assert split.train[column].equals(expected.train[column])
    assert split.users["user_id"].tolist() == expected.users["user_id"].tolist()
    again = datasets.make_split(categories[:500], categories[500:])
    assert again.users["user_id"].tolist() == expected.users["user_id"].tolist()
    numbers = ratings.astype({"user_id": "category"})
    pd.testing.assert_frame_equal(
        datasets.random_split(numbers).train, datasets.random_split(ratings).train
    )


def test_repeated_whole_numbers_are_shown_as_such(ratings):
    twice = pd.concat([ratings, ratings[:1]], ignore_index=True)
    with pytest.raises(DataError, match=r"row 600: user \d+ rates item \d+ a second time"):
        datasets.random_split(twice)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_test_set_has_no_missing_ratings_either(ratings, value):
    test = ratings[500:].assign(rating=lambda t: t["rating"].where(t.index != 503, value))
    with pytest.raises(DataError, match="mine, test set, row 3: the rating is missing"):
        datasets.make_split(ratings[:500], test, name="mine")


RATINGS = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [5, 6, 5, 6], "rating": [1, 2, 3, 4]})


def test_splits_are_compared_as_objects():
    split = datasets.random_split(RATINGS, fraction=0.25)
    assert split in [split] and split != replace(split) and {split: 1}[split] == 1


def test_split_of_what_are_no_tables():
    split = datasets.random_split(RATINGS, fraction=0.25)
    for wrong, message in (
        ({"users": None}, "users is None. Pass a pandas DataFrame"),
        ({"items": 2}, "items is 2. Pass a pandas DataFrame"),
        ({"evaluation_set": np.arange(2)}, "evaluation_set is array"),
        ({"train": split.train.astype({"user_idx": "Int64"})}, "user_idx has the type Int64"),
    ):
        with pytest.raises(DataError, match=message):
            replace(split, **wrong)


def test_numbers_in_another_byte_order():
    swapped = RATINGS.astype({"user_id": ">i8", "rating": ">f4"}).assign(
        timestamp=np.arange(4, dtype=">i4")
    )
    one, other = (datasets.random_split(r, fraction=0.25) for r in (swapped, RATINGS))
    pd.testing.assert_frame_equal(one.train.drop(columns="timestamp"), other.train)


def test_descriptions_with_an_index_of_the_same_name():
    titles = pd.DataFrame({"item_id": [6, 5], "title": ["b", "a"]}).set_index("item_id", drop=False)
    split = datasets.random_split(RATINGS, fraction=0.25, items=titles)
    assert split.items["title"].tolist() == ["a", "b"]


def test_name_and_fold_of_any_type():
    assert len(datasets.load("synthetic", fold=np.int64(2)).test) == 20_000
    for wrong in (np.arange(2), pd.NA, pd.DataFrame({"a": [1, 2]})):
        with pytest.raises(DataError, match=r"^There is no data set [^\n]*$"):
            datasets.dataset_name(wrong)
        with pytest.raises(DataError, match=r"^fold is [^\n]*$"):
            datasets.load("synthetic", fold=wrong)


def test_noise_floor_of_expectations_that_are_no_numbers():
    split = datasets.random_split(RATINGS, fraction=0.25)
    odd = replace(split, evaluation=split.evaluation.assign(expected="3"))
    with pytest.raises(ValueError, match=r"expected.* is not a number"):
        _ = odd.noise_floor


def test_rating_too_large_for_a_float():
    ratings = RATINGS.assign(rating=pd.Series([10**400, 1, 2, 3], dtype=object))
    with pytest.raises(DataError, match="too large for a float"):
        datasets.random_split(ratings, fraction=0.25)


def test_a_fraction_may_be_a_fraction():
    one, other = (datasets.per_user_split(RATINGS, fraction=f).test for f in (Fraction(1, 2), 0.5))
    pd.testing.assert_frame_equal(one, other)


def test_users_of_the_twin_rate_in_sittings():
    table = datasets.synthetic().sort_values(["user_id", "timestamp"])
    pauses = table.groupby("user_id")["timestamp"].diff().dropna()
    assert pauses.min() >= 0
    assert (pauses == 0).mean() == pytest.approx(0.57, abs=0.03)
    assert (pauses > 3600).mean() == pytest.approx(0.03, abs=0.005)
