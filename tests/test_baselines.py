"""The errors to beat."""

from dataclasses import replace

from mfbook import baselines, datasets, recommend
from mfbook.exceptions import DataError
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
import pytest


def score(predictor, split):
    prediction = predictor.fit(split).predict(split.test["user_idx"], split.test["item_idx"])
    return rmse(split.test["rating"], prediction)


@pytest.fixture
def small():
    train = pd.DataFrame(
        {"user_id": [1, 1, 2, 3], "item_id": [7, 8, 7, 8], "rating": [5.0, 1.0, 3.0, 3.0]}
    )
    test = pd.DataFrame({"user_id": [2, 3], "item_id": [9, 7], "rating": [2.0, 1.0]})
    return datasets.make_split(train, test)


def test_global_mean(small):
    assert baselines.GlobalMean().fit(small).predict([0, 1], [0, 2]).tolist() == [3, 3]


def test_item_mean_falls_back_to_the_global_mean(small):
    assert baselines.ItemMean().fit(small).predict([0, 0, 0], [0, 1, 2]).tolist() == [4, 2, 3]


def test_biases_solve_their_normal_equations(small):
    model = baselines.Biases(reg_user=2, reg_item=1).fit(small)
    user, item = (small.train[c].to_numpy() for c in ("user_idx", "item_idx"))
    design = np.concatenate([np.eye(3)[user], np.eye(3)[item]], axis=1)  # (n_ratings, 6)
    target = small.train["rating"].to_numpy() - 3
    penalty = np.diag([2, 2, 2, 1, 1, 1])
    exact = np.linalg.solve(design.T @ design + penalty, design.T @ target)
    learned = np.concatenate([model.user_bias, model.item_bias])
    assert learned == pytest.approx(exact, abs=1e-6)
    assert model.predict([1], [2]) == pytest.approx([3 + exact[1]])


def test_errors_to_beat_on_u1(movielens):
    assert score(baselines.GlobalMean(), movielens) == pytest.approx(1.1537, abs=1e-4)
    assert score(baselines.ItemMean(), movielens) == pytest.approx(1.0334, abs=1e-4)
    assert score(baselines.Biases(reg_user=6, reg_item=2), movielens) <= 0.957


@pytest.mark.parametrize(
    "model",
    [
        baselines.GlobalMean(),
        baselines.ItemMean(),
        baselines.Popularity(),
        baselines.Biases(reg_user=1, reg_item=1),
    ],
)
def test_predict_refuses_what_is_no_index(small, model):
    model.fit(small)
    assert len(model.predict([], [])) == 0
    for user, item in (([-1], [0]), ([0], [3]), ([0, 1], [0]), ([0.5], [0])):
        with pytest.raises(ValueError, match=r"user_idx|item_idx"):
            model.predict(user, item)


@pytest.mark.parametrize("regs", [(0, 1), (1, -2), (float("nan"), 1)])
def test_biases_refuse_no_regularization(regs):
    with pytest.raises(ValueError, match="must be greater than 0"):
        baselines.Biases(reg_user=regs[0], reg_item=regs[1])


@pytest.mark.parametrize(
    "model",
    [
        baselines.GlobalMean(),
        baselines.ItemMean(),
        baselines.Popularity(),
        baselines.Biases(reg_user=1, reg_item=1),
    ],
)
def test_predict_before_fit(model):
    with pytest.raises(ValueError, match=f"{type(model).__name__} has not been fitted"):
        model.predict([0], [0])


def test_each_side_has_its_own_penalty(small):
    """Where one side cannot move, the other is the shrunken mean of what is left."""
    model = baselines.Biases(reg_user=1e9, reg_item=1).fit(small)
    assert model.user_bias == pytest.approx([0, 0, 0], abs=1e-6)
    assert model.item_bias == pytest.approx([2 / 3, -2 / 3, 0], abs=1e-6)
    model = baselines.Biases(reg_user=1, reg_item=1e9).fit(small)
    assert model.item_bias == pytest.approx([0, 0, 0], abs=1e-6)


def test_predictions_are_not_clipped(small):
    model = baselines.Biases(reg_user=1, reg_item=1).fit(small)
    model.user_bias[:] = 4.0
    assert model.predict([0], [2]) == pytest.approx([7.0])
    model.user_bias[:] = -4.0
    assert model.predict([0], [2]) == pytest.approx([-1.0])


@pytest.mark.parametrize("sweeps", [0, 2.5, "20", None])
def test_impossible_sweeps(sweeps):
    with pytest.raises(ValueError, match=r"sweeps is .* a whole number, 1 or more"):
        baselines.Biases(reg_user=1, reg_item=1, sweeps=sweeps)


@pytest.mark.parametrize(
    "model",
    [
        baselines.GlobalMean(),
        baselines.ItemMean(),
        baselines.Popularity(),
        baselines.Biases(reg_user=1, reg_item=1),
    ],
)
def test_fit_needs_a_split_with_numbers(small, model):
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        model.fit(small.train)
    with pytest.raises(DataError, match="the rating in row 0 is nan"):
        model.fit(replace(small, train=small.train.assign(rating=np.nan)))
    with pytest.raises(ValueError, match="user_idx has the type float64"):
        model.fit(small).predict([np.nan], [0])


def test_infinite_penalty():
    with pytest.raises(ValueError, match="reg_item is inf; it must be a finite number"):
        baselines.Biases(reg_user=1, reg_item=np.inf)


@pytest.mark.parametrize("reg", [10**30, 2**64, 1e300])
def test_a_very_large_penalty_leaves_no_bias(small, reg):
    model = baselines.Biases(reg_user=reg, reg_item=reg).fit(small)
    assert model.predict([0, 1], [0, 1]) == pytest.approx([3, 3])


def test_indices_that_are_no_vector_are_named(small):
    model = baselines.ItemMean().fit(small)
    with pytest.raises(ValueError, match="user_idx cannot be read as an array"):
        model.predict([[0], [1, 2]], [0, 1])


def test_popularity_counts_training_ratings(small):
    model = baselines.Popularity().fit(small)
    assert model.predict([0, 1, 2, 0], [0, 1, 2, 0]).tolist() == [2, 2, 0, 2]
    assert model.history is None


def test_popularity_is_the_list_to_beat_on_u1(movielens):
    users = movielens.test["user_idx"].unique()
    lists = recommend.top_n(
        recommend.scores(baselines.Popularity().fit(movielens), movielens, users)
    )
    assert recommend.evaluate(lists, movielens, users)["NDCG"] == pytest.approx(0.245, abs=5e-4)
