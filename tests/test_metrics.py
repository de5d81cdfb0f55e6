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
