"""Lists leave out what was rated, and are measured as the definitions say."""

from mfbook import baselines, datasets, recommend
import numpy as np
import pandas as pd
import pytest


def test_what_was_rated_is_not_recommended(twin):
    model = baselines.ItemMean().fit(twin)
    users = [0, 5, 461]
    lists = recommend.top_n(recommend.scores(model, twin, users), 20)
    for user, items in zip(users, lists, strict=True):
        seen = set(twin.train.loc[twin.train["user_idx"] == user, "item_idx"])
        assert not seen & set(items)


def test_the_measures_by_hand(twin):
    liked = twin.test[(twin.test["user_idx"] == 0) & (twin.test["rating"] >= 4)][
        "item_idx"
    ].tolist()
    others = [i for i in range(twin.n_items) if i not in liked][:2]
    found = recommend.evaluate(np.array([[others[0], liked[0], others[1]]]), twin, [0])
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(3, len(liked))))
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / len(liked))
    assert found["NDCG"] == pytest.approx(1 / np.log2(3) / ideal)
    assert found["coverage"] == pytest.approx(3 / twin.n_items)


def test_a_perfect_list_has_ndcg_1(twin):
    liked = twin.test[twin.test["rating"] >= 4].groupby("user_idx")["item_idx"].agg(list)
    user = liked.index[liked.map(len) >= 5][0]
    assert recommend.evaluate(np.array([liked[user][:5]]), twin, [user])["NDCG"] == pytest.approx(1)


def test_similar_vectors_come_first_and_never_the_item_itself():
    vectors = np.array([[1.0, 0], [2, 0.1], [0, 1], [-1, 0], [0, 0]])
    order, cosine = recommend.similar(vectors, 0, 3)
    assert order.tolist() == [1, 2, 4]
    assert cosine[0] > 0.99


def test_bad_input_is_named(twin):
    with pytest.raises(ValueError, match="n is 0"):
        recommend.top_n(np.zeros((1, 5)), 0)
    with pytest.raises(ValueError, match="9999"):
        recommend.scores(baselines.GlobalMean().fit(twin), twin, [9999])
    unrated = sorted(set(range(twin.n_users)) - set(twin.test["user_idx"]))[0]
    with pytest.raises(ValueError, match="None of these users"):
        recommend.evaluate(np.array([[1]]), twin, [unrated])


class Table:
    """Predicts what a table says, and knows no learning curve."""

    history = None

    def __init__(self, stars):
        self.stars = np.asarray(stars)

    def predict(self, user_idx, item_idx):
        return self.stars[user_idx, item_idx]


class Short:
    """Predicts one number too few."""

    def predict(self, user_idx, item_idx):
        return np.zeros(len(user_idx) - 1)


@pytest.fixture
def tiny():
    """Three users, five items. User 0 likes item 3, user 1 likes items 2 and 4, user 2 nothing."""
    train = pd.DataFrame({"user_id": [0, 1, 2], "item_id": [0, 0, 1], "rating": [5.0, 1.0, 3.0]})
    test = pd.DataFrame(
        {
            "user_id": [0, 0, 1, 1, 1, 2],
            "item_id": [3, 4, 2, 4, 1, 4],
            "rating": [4.0, 3.0, 5.0, 4.0, 2.0, 1.0],
        }
    )
    return datasets.make_split(train, test)


LISTS = np.array([[1, 3, 2], [2, 3, 4], [0, 2, 3]])


def test_the_measures_of_one_user_who_liked_less_than_the_list_is_long(tiny):
    found = recommend.evaluate(LISTS[:1], tiny, [0])
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1)
    # The best list has the one liked item in the first position, so the ideal is 1.
    assert found["NDCG"] == pytest.approx(1 / np.log2(3))


def test_users_without_a_liked_item_count_only_in_the_coverage(tiny):
    everybody = recommend.evaluate(LISTS, tiny, [0, 1, 2])
    two = recommend.evaluate(LISTS[:2], tiny, [0, 1])
    for measure in ("precision", "recall", "NDCG"):
        assert everybody[measure] == two[measure]
    assert everybody["precision"] == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert two["coverage"] == pytest.approx(4 / 5)
    assert everybody["coverage"] == pytest.approx(5 / 5)


def test_liked_from_says_what_is_liked(tiny):
    strict = recommend.evaluate(LISTS[:2], tiny, [0, 1], liked_from=5)
    assert strict["precision"] == pytest.approx(1 / 3)  # user 1 alone, one item of three
    mild = recommend.evaluate(LISTS[:1], tiny, [0], liked_from=3)
    assert mild["recall"] == pytest.approx(1 / 2)


def test_the_lists_are_as_long_as_asked_for():
    scores = np.array([[3.0, 5.0, 4.0, 1.0]])
    assert recommend.top_n(scores, n=1).tolist() == [[1]]
    assert recommend.top_n(scores, n=3).tolist() == [[1, 2, 0]]
    assert recommend.top_n(np.zeros((2, 30))).shape == (2, 10)


def test_what_was_rated_is_below_any_prediction_and_the_rest_is_not_clipped(tiny):
    model = Table([[-3, -2, -7, -9, -1], [0] * 5, [9, 8, 7, 6, 5.5]])
    scores = recommend.scores(model, tiny, [0, 2])
    assert scores.tolist() == [[-np.inf, -2, -7, -9, -1], [9, -np.inf, 7, 6, 5.5]]
    assert recommend.top_n(scores, 4).tolist() == [[4, 1, 2, 3], [0, 2, 3, 4]]


def test_lists_longer_than_what_is_left_are_refused(tiny):
    scores = recommend.scores(Table(np.zeros((3, 5))), tiny, [0, 1])
    with pytest.raises(ValueError, match="n is 5, but row 0 has only 4 item"):
        recommend.top_n(scores, 5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_not_finite_make_no_list(tiny, value):
    stars = np.zeros((3, 5))
    stars[1, 3] = value
    with pytest.raises(ValueError, match=rf"The model predicts {value} for user 1 and item 3"):
        recommend.scores(Table(stars), tiny, [0, 1])


def test_scores_that_are_none_make_no_list():
    with pytest.raises(ValueError, match="score of item 1 in row 0 is nan"):
        recommend.top_n(np.array([[1.0, np.nan]]), 1)
    with pytest.raises(ValueError, match=r"scores has the shape \(2,\)"):
        recommend.top_n(np.array([1.0, 2.0]), 1)
    for n in (0, 2.0, "2", None, True):
        with pytest.raises(ValueError, match=r"n is .* a whole number, 1 or more"):
            recommend.top_n(np.zeros((1, 5)), n)


def test_scores_of_nobody_and_of_no_vector(tiny):
    model = Table(np.zeros((3, 5)))
    assert recommend.scores(model, tiny, []).shape == (0, 5)
    with pytest.raises(ValueError, match="two vectors of the same length"):
        recommend.scores(model, tiny, 1)
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        recommend.scores(model, tiny.train, [0])


@pytest.mark.parametrize(
    ("lists", "users", "message"),
    [
        ([[0, 1, 5]], [0], r"item_idx\[2\] is 5, but this table has 5 rows"),
        ([[0, 1, -1]], [0], r"item_idx\[2\] is -1"),
        ([[0.0, 1.0]], [0], "item_idx has the type float64"),
        ([[0, 1], [3, 3]], [0, 1], "lists has item 3 twice in row 1"),
        ([[0, 1, 0]], [0], "lists has item 0 twice in row 0"),
        ([[0, 1], [2, 3]], [0, 0], "user_idx has user 0 twice"),
        ([[0, 1]], [7], r"user_idx\[0\] is 7"),
        ([[0, 1]], [0, 1], r"lists has the shape \(1, 2\) and user_idx the shape \(2,\)"),
        ([0, 1], [0, 1], r"lists has the shape \(2,\)"),
    ],
)
def test_evaluate_refuses_what_are_no_lists(tiny, lists, users, message):
    with pytest.raises(ValueError, match=message):
        recommend.evaluate(np.array(lists), tiny, users)


@pytest.mark.parametrize("liked_from", ["4", None, np.nan, True])
def test_liked_from_must_be_a_number(tiny, liked_from):
    with pytest.raises(ValueError, match=r"liked_from is .*; it must be a number of stars"):
        recommend.evaluate(LISTS, tiny, [0, 1, 2], liked_from)


def test_similarity_is_the_angle_and_not_the_length():
    vectors = np.array([[1.0, 0], [0.1, 0], [50, 50]])
    order, cosine = recommend.similar(vectors, 0, 2)
    assert order.tolist() == [1, 2]
    assert cosine == pytest.approx([1, 0.5**0.5])


@pytest.mark.parametrize(
    ("item", "n", "message"),
    [
        (0, 3, r"n is 3, but only 2 item\(s\) are not the item itself"),
        (0, 0, "n is 0"),
        (3, 1, r"item_idx\[0\] is 3"),
        (-1, 1, r"item_idx\[0\] is -1"),
        (0.5, 1, "item_idx has the type float64"),
    ],
)
def test_similar_refuses_what_it_cannot_find(item, n, message):
    with pytest.raises(ValueError, match=message):
        recommend.similar(np.eye(3), item, n)


def test_similar_needs_vectors():
    with pytest.raises(ValueError, match="The vector of item 1 is not finite"):
        recommend.similar(np.array([[1.0, 2], [np.nan, 1]]), 0, 1)
    with pytest.raises(ValueError, match="one row for each item"):
        recommend.similar(np.ones(3), 0, 1)


def test_of_equal_scores_the_lower_index_comes_first():
    scores = np.array([[1.0, 3, 2, 3, 2, 2], [0, 0, 0, 0, 0, 0]])
    assert recommend.top_n(scores, 4).tolist() == [[1, 3, 2, 4], [0, 1, 2, 3]]


def test_a_user_may_be_asked_for_twice_and_in_blocks(tiny, monkeypatch):
    model = Table(np.arange(15).reshape(3, 5))
    at_once = recommend.scores(model, tiny, [2, 0, 2, 1])
    assert (at_once[0] == at_once[2]).all() and np.isneginf(at_once[:, [0, 1]]).sum() == 4
    monkeypatch.setattr(recommend, "BLOCK", 7)
    assert (recommend.scores(model, tiny, [2, 0, 2, 1]) == at_once).all()


@pytest.fixture
def large():
    """Return a split of 200,000 users and as many items."""
    rows = np.arange(200_000)
    table = pd.DataFrame({"user_id": rows, "item_id": rows, "rating": 3.0})
    return datasets.make_split(table, table.iloc[:2].assign(item_id=[5, 6]))


def test_a_table_too_large_for_memory_is_refused_with_a_way_out(large):
    model = baselines.ItemMean().fit(large)
    users = np.arange(large.n_users)
    message = r"200,000 x 200,000 scores would take 320 GB .*limit is 2 GB.*user_idx, 3200\)"
    with pytest.raises(ValueError, match=message):
        recommend.scores(model, large, users)
    lists = recommend.top_n(recommend.scores(model, large, np.array_split(users, 3200)[0]), 1)
    assert lists[:3].tolist() == [[1], [0], [0]]


@pytest.mark.parametrize(
    "vectors",
    [
        np.float16([[60000, 1], [1, 60000], [60000, 60000]]),
        np.array([[1e200, 0], [0, 1e-200], [1e300, 1e300]]),
        np.array([[5e-324, 0], [0, 1e-300], [1e-200, 1e-200]]),
    ],
)
def test_similar_vectors_of_any_size_and_precision(vectors):
    order, cosine = recommend.similar(vectors, 0, 2)
    assert order.tolist() == [2, 1]
    assert cosine == pytest.approx([0.5**0.5, 0], abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: recommend.scores(None, s, [0]), "model is None, which cannot predict"),
        (lambda s: recommend.scores(baselines.ItemMean, s, [0]), "which cannot predict"),
        (lambda s: recommend.scores(Table(np.eye(5)), s, [[0], [1, 2]]), "user_idx cannot be read"),
        (lambda s: recommend.scores(Table([["a"] * 5] * 3), s, [0]), "which is not a number"),
        (lambda s: recommend.scores(Short(), s, [0]), r"for 5 pairs have the shape \(4,\)"),
        (lambda s: recommend.top_n(None, 1), "scores is None, which is not a number"),
        (lambda s: recommend.top_n([["a"]], 1), r"scores\[0, 0\] is 'a', which is not a number"),
        (lambda s: recommend.top_n([[np.inf, 1.0]], 1), "score of item 0 in row 0 is inf"),
        (lambda s: recommend.evaluate(np.zeros((2, 0), int), s, [0, 1]), "nothing to measure"),
        (lambda s: recommend.evaluate(np.zeros((0, 2), int), s, []), "nothing to measure"),
        (lambda s: recommend.evaluate([[0], [1, 2]], s, [0, 1]), "lists cannot be read as an arr"),
        (lambda s: recommend.evaluate(None, s, [0]), r"lists has the shape \(\)"),
        (lambda s: recommend.evaluate(LISTS[:1], s, [0], 10**400), "rating of a value of the type"),
        (lambda s: recommend.similar([["a", "b"]] * 3, 0, 1), "is 'a', which is not a number"),
        (lambda s: recommend.similar(np.eye(3), None, 1), "item_idx has the type object"),
        (lambda s: recommend.similar(np.zeros((3, 0)), 0, 1), r"vectors has the shape \(3, 0\)"),
        (lambda s: recommend.similar([[1, 2], [0, 0]], 1, 1), "vector of item 1 has only zeros"),
    ],
)
def test_wrong_arguments_are_named(tiny, call, message):
    with pytest.raises(ValueError, match=message):
        call(tiny)


def test_the_means_over_users_are_what_evaluate_returns(twin):
    users = [7, 0, 461]
    lists = recommend.top_n(recommend.scores(baselines.Popularity().fit(twin), twin, users))
    by_user = recommend.evaluate_users(lists, twin, users)
    assert by_user.index.tolist() == users
    means = recommend.evaluate(lists, twin, users)[["precision", "recall", "NDCG"]]
    assert by_user.mean().to_numpy() == pytest.approx(means.to_numpy())


def test_users_without_a_liked_item_have_no_row(twin):
    few = twin.test["user_idx"].unique()[:3]
    nobody = sorted(set(range(twin.n_users)) - set(twin.test["user_idx"]))[0]
    users = [few[0], nobody, few[1]]
    lists = np.tile(np.arange(5), (3, 1))
    assert recommend.evaluate_users(lists, twin, users).index.tolist() == [few[0], few[1]]


def test_the_interval_is_as_wide_as_the_standard_error_says():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = recommend.interval(values)
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.03)
    narrow = recommend.interval(values, level=0.5)
    assert low < narrow[0] < narrow[1] < high
    assert recommend.interval(values) == (low, high)
    assert recommend.interval(values, seed=1) != (low, high)


def test_popularity_of_lists_counts_an_item_as_often_as_it_is_listed(twin):
    counts = np.bincount(twin.train["item_idx"], minlength=twin.n_items)
    found = recommend.popularity(np.array([[3, 4], [3, 5]]), twin)
    assert found == pytest.approx((2 * counts[3] + counts[4] + counts[5]) / 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda split: recommend.interval([]), "by_user is empty"),
        (lambda split: recommend.interval([1.0, np.nan]), "by_user"),
        (lambda split: recommend.interval([[1.0]]), "n_users"),
        (lambda split: recommend.interval([1.0], level=95), "between 0 and 1"),
        (lambda split: recommend.interval([1.0], n_draws=0), "n_draws is 0"),
        (lambda split: recommend.interval([1.0], seed=-1), "seed"),
        (lambda split: recommend.popularity([], split), "nothing to measure"),
        (lambda split: recommend.popularity([[9999]], split), "9999"),
        (lambda split: recommend.popularity([[1]], "u1"), "Split"),
        (lambda split: recommend.evaluate_users([[1]], split, [0], "many"), "'many'"),
        (lambda split: recommend.evaluate_users([[1, 1]], split, [0]), "item 1 twice"),
    ],
)
def test_measures_refuse_what_is_no_list_and_no_number(twin, call, message):
    with pytest.raises(ValueError, match=message):
        call(twin)
