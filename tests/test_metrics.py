"""RMSE is the root of the pooled squared error, and models are ranked by clipped predictions."""

import math

from mfbook import datasets, metrics
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
import pytest


def test_by_hand():
    assert rmse([5, 3, 4], [4, 3, 2]) == pytest.approx(math.sqrt(5 / 3))
    assert rmse(np.float32([1]), np.float32([1])) == 0


class Constant:
    history = None

    def __init__(self, stars):
        self.stars = stars

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), self.stars)


def test_evaluate_clips_to_the_scale_of_the_training_ratings():
    train = pd.DataFrame({"user_id": [1, 1], "item_id": [1, 2], "rating": [2.0, 4.0]})
    test = pd.DataFrame({"user_id": [1, 1], "item_id": [3, 4], "rating": [3.0, 5.0]})
    split = datasets.make_split(train, test)
    assert metrics.evaluate(Constant(9.0), split) == pytest.approx(1)
    assert metrics.evaluate(Constant(-3.0), split) == pytest.approx(math.sqrt(5))
    assert metrics.evaluate(Constant(3.5), split) == pytest.approx(rmse([3, 5], [3.5, 3.5]))


@pytest.mark.parametrize(
    ("label", "prediction", "message"),
    [
        ([1, 2], [1], "two equally long vectors"),
        ([1, 2], [[1], [2]], "two equally long vectors"),
        ([], [], "not defined"),
        ([1, 2], [1, math.nan], r"prediction\[1\] is nan"),
        ([math.inf, 2], [1, 2], r"label\[0\] is inf"),
    ],
)
def test_refusals(label, prediction, message):
    with pytest.raises(ValueError, match=message):
        rmse(label, prediction)


def test_evaluate_clips_to_no_other_scale():
    train = pd.DataFrame({"user_id": [1, 1], "item_id": [1, 2], "rating": [0.0, 10.0]})
    test = pd.DataFrame({"user_id": [1, 1], "item_id": [3, 4], "rating": [7.0, 7.0]})
    split = datasets.make_split(train, test)
    assert metrics.evaluate(Constant(8.0), split) == pytest.approx(1)
    assert metrics.evaluate(Constant(0.5), split) == pytest.approx(6.5)
    assert metrics.evaluate(Constant(12.0), split) == pytest.approx(3)


def test_evaluate_needs_a_split_and_finite_predictions():
    with pytest.raises(ValueError, match="split is a DataFrame; pass a Split"):
        metrics.evaluate(Constant(3.0), pd.DataFrame({"rating": [3.0]}))
    table = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": [2.0, 4.0]})
    split = datasets.random_split(table, fraction=0.5)
    with pytest.raises(ValueError, match=r"prediction\[0\] is nan"):
        metrics.evaluate(Constant(math.nan), split)


@pytest.mark.parametrize("stars", [np.inf, -np.inf, np.nan])
def test_evaluate_refuses_what_clipping_would_hide(twin, stars):
    with pytest.raises(ValueError, match=r"prediction\[0\] is .*not a finite number"):
        metrics.evaluate(Constant(stars), twin)
