"""Implicit ALS and EASE minimize what their papers say, and refuse what they cannot use."""

from dataclasses import replace
import tracemalloc

from mfbook import least_squares, ranking, recommend
from mfbook.datasets import make_split
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def small():
    """Seven users and six items; what has four stars or more is liked."""
    rng = np.random.default_rng(0)
    pairs = [(u, i) for u in range(1, 8) for i in range(1, 7) if (u * i + u) % 3 or u == i]
    table = pd.DataFrame(pairs, columns=["user_id", "item_id"])
    table["rating"] = rng.integers(1, 6, len(table)).astype(float)
    return make_split(table.iloc[:-4], table.iloc[-4:], name="small")


def choices(split, liked_from=4):
    """Return the liked training pairs as a matrix of zeros and ones."""
    liked = split.train[split.train["rating"] >= liked_from]
    matrix = np.zeros((split.n_users, split.n_items))
    matrix[liked["user_idx"], liked["item_idx"]] = 1
    return matrix


def objective(x, users, items, reg, unobserved):
    """The loss of Rendle and others (2022), written down with dense matrices."""
    scores = users @ items.T
    n_users, n_items = x.shape
    loss = (x * (scores - 1) ** 2).sum() + unobserved * (scores**2).sum()
    of_users = (x.sum(axis=1) + unobserved * n_items) * (users**2).sum(axis=1)
    of_items = (x.sum(axis=0) + unobserved * n_users) * (items**2).sum(axis=1)
    return loss + reg * (of_users.sum() + of_items.sum())


def test_implicit_als_finds_a_minimum_of_the_loss(small):
    x, weights = choices(small), {"reg": 0.05, "unobserved": 0.2}
    model = ranking.ImplicitALS(k=2, epochs=200, **weights).fit(small)
    least = objective(x, model.users, model.items, **weights)
    rng = np.random.default_rng(1)
    for _ in range(30):
        users = model.users + 0.02 * rng.standard_normal(model.users.shape)
        items = model.items + 0.02 * rng.standard_normal(model.items.shape)
        assert objective(x, users, items, **weights) > least
    assert least < objective(x, 0 * model.users, 0 * model.items, **weights)


# With fewer factors than the longest row has choices, and with more.
@pytest.mark.parametrize("k", [2, 3, 9])
def test_the_blocks_solve_what_a_loop_over_rows_solves(small, k):
    x = choices(small)
    assert 1 < x.sum(axis=1).max() < 9
    items = np.random.default_rng(2).standard_normal((small.n_items, k)).astype(np.float32)
    user, item = np.nonzero(x)
    blocks = least_squares.rating_blocks(user, item, np.ones(len(user)), x.shape, k)
    found = least_squares.solve_choices(blocks, items, unobserved=0.3, reg=0.1)
    for row in range(small.n_users):
        chosen = items[x[row] > 0]
        left = chosen.T @ chosen + 0.3 * items.T @ items
        left += 0.1 * (len(chosen) + 0.3 * small.n_items) * np.eye(k)
        assert found[row] == pytest.approx(np.linalg.solve(left, chosen.sum(axis=0)), abs=1e-5)


def test_rows_of_few_choices_need_no_equations_as_large_as_the_factors(small, monkeypatch):
    sizes = []
    solve = least_squares.solve
    monkeypatch.setattr(
        least_squares,
        "solve",
        lambda left, right: sizes.append(left.shape[1]) or solve(left, right),
    )
    ranking.ImplicitALS(k=50, reg=0.1, unobserved=0.1, epochs=1).fit(small)
    assert max(sizes) <= max(small.n_users, small.n_items)


def test_folding_in_finds_the_vector_that_a_fit_gives_the_same_choices(small):
    model = ranking.ImplicitALS(k=2, reg=0.05, unobserved=0.2, epochs=200).fit(small)
    user = int(choices(small).sum(axis=1).argmax())
    vector = model.fold_in(np.flatnonzero(choices(small)[user]))
    assert vector[0] == pytest.approx(model.users[user], abs=1e-4)


def test_a_person_without_choices_has_the_vector_zero(small):
    model = ranking.ImplicitALS(k=2, reg=0.05, unobserved=0.2).fit(small)
    assert not model.fold_in([]).any()


@pytest.mark.parametrize(
    "model",
    [ranking.ImplicitALS(k=2, reg=0.05, unobserved=0.2), ranking.EASE(reg=0.5)],
    ids=["ImplicitALS", "EASE"],
)
def test_a_user_without_likes_has_the_same_score_for_every_item(small, model):
    train = small.train.copy()
    train.loc[train["user_idx"] == 2, "rating"] = 1.0
    model.fit(replace(small, train=train))
    every = np.arange(small.n_items)
    assert not model.predict(np.full(len(every), 2), every).any()
    assert model.predict(np.full(len(every), 4), every).any()


def test_ease_minimizes_its_loss_with_a_diagonal_of_zeros(small):
    x = choices(small)
    model = ranking.EASE(reg=0.5).fit(small)
    assert not np.diag(model.weights).any()

    def loss(weights):
        return ((x - x @ weights) ** 2).sum() + 0.5 * (weights**2).sum()

    rng = np.random.default_rng(3)
    for _ in range(30):
        other = model.weights + 0.01 * rng.standard_normal(x.shape[1:] * 2)
        other[np.diag_indices(small.n_items)] = 0
        assert loss(other) > loss(model.weights)


def test_ease_predicts_from_the_other_choices(small):
    x = choices(small)
    model = ranking.EASE(reg=0.5).fit(small)
    user, item = [3, 0, 3], [1, 2, 0]
    assert model.predict(user, item) == pytest.approx((x @ model.weights)[user, item], abs=1e-6)
    liked = np.flatnonzero(x[3])
    assert model.fold_in(liked)[0] == pytest.approx((x @ model.weights)[3], abs=1e-6)


@pytest.mark.parametrize(
    "model",
    [ranking.EASE(reg=200), ranking.ImplicitALS(k=10, reg=0.03, unobserved=0.2)],
    ids=["EASE", "ImplicitALS"],
)
def test_choices_make_better_lists_than_popularity(movielens, model):
    users = movielens.test["user_idx"].unique()

    def ndcg(of):
        lists = recommend.top_n(recommend.scores(of, movielens, users))
        return recommend.evaluate(lists, movielens, users)["NDCG"]

    assert ndcg(model.fit(movielens)) > 0.42


def test_predictions_of_many_pairs_take_little_memory(small):
    model = ranking.ImplicitALS(k=64, reg=0.1, unobserved=0.1, epochs=1).fit(small)
    rng = np.random.default_rng(4)
    user, item = (rng.integers(n, size=500_000) for n in (small.n_users, small.n_items))
    tracemalloc.start()
    predicted = model.predict(user, item)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # two tables of all pairs' vectors would take 256 MB
    assert predicted == pytest.approx((model.users @ model.items.T)[user, item], abs=1e-5)


def test_liked_from_decides_what_was_chosen(small):
    assert len(ranking.liked(small, 1)) == len(small.train)
    assert (ranking.liked(small, 5)["rating"] == 5).all()
    few = ranking.EASE(reg=1, liked_from=5).fit(small).weights
    assert not np.allclose(few, ranking.EASE(reg=1).fit(small).weights)


def test_ratings_of_the_evaluation_set_change_nothing(small):
    model = ranking.ImplicitALS(k=2, reg=0.05, unobserved=0.2, epochs=3)
    before = model.fit(small).items.copy()
    other = replace(small, evaluation=small.test.assign(rating=5.0))
    assert np.array_equal(model.fit(other).items, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: ranking.EASE(reg=0), "reg is 0"),
        (lambda s: ranking.EASE(reg=1, liked_from="many").fit(s), "liked_from is 'many'"),
        (lambda s: ranking.EASE(reg=1, liked_from=6).fit(s), "nothing was liked"),
        (lambda s: ranking.EASE(reg=1).fit("u1"), "Split"),
        (lambda s: ranking.EASE(reg=1).predict([0], [0]), "fit"),
        (lambda s: ranking.EASE(reg=1).fit(s).predict([0], [99]), "99"),
        (lambda s: ranking.EASE(reg=1).fit(s).fold_in([1, 1]), "the item 1 twice"),
        (lambda s: ranking.ImplicitALS(k=0, reg=1, unobserved=1), "k is 0"),
        (lambda s: ranking.ImplicitALS(k=2, reg=1, unobserved=-1), "unobserved is -1"),
        (lambda s: ranking.ImplicitALS(k=2, reg=1, unobserved=1, epochs=0), "epochs is 0"),
        (lambda s: ranking.ImplicitALS(k=2, reg=1, unobserved=1).predict([0], [0]), "fit"),
        (lambda s: ranking.ImplicitALS(k=2, reg=1, unobserved=1).fit(s, seed=-1), "seed"),
        (lambda s: ranking.ImplicitALS(k=10**6, reg=1, unobserved=1).fit(s), "k smaller"),
        (lambda s: ranking.ImplicitALS(k=2, reg=1, unobserved=1).fit(s).fold_in([-1]), "-1"),
    ],
)
def test_refusals(small, call, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        call(small)


def test_ease_says_how_much_memory_too_many_items_would_take(small):
    many = replace(small, items=pd.DataFrame({"item_id": np.arange(60_000)}))
    with pytest.raises(ValueError, match=r"60,000 items .* GB"):
        ranking.EASE(reg=1).fit(many)


def test_a_failed_fit_leaves_the_model_as_it_was(small):
    model = ranking.ImplicitALS(k=2, reg=0.05, unobserved=0.2).fit(small)
    before = model.predict([0, 1], [2, 3])
    with pytest.raises(ValueError, match="nothing was liked"):
        model.fit(replace(small, train=small.train.assign(rating=1.0)))
    assert np.array_equal(model.predict([0, 1], [2, 3]), before)
