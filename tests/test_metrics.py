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


def test_errors_of_any_size():
    assert rmse([1e200, 0], [0, 0]) == pytest.approx(1e200 / math.sqrt(2))
    assert rmse([1e-200], [0]) == pytest.approx(1e-200)
    assert rmse([0.0], [0.0]) == 0
    with pytest.raises(ValueError, match=r"error\[1\] is inf, not a finite number"):
        rmse([1, 1.7e308], [1, -1.7e308])


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "label is None, which is not a number"),
        ("34", "label is '34', which is not a number"),
        (["3", "4"], r"label\[0\] is '3', which is not a number"),
        ([True, False], r"label\[0\] is True, which is not a number"),
        ([3, None], r"label\[1\] is None"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), r"label\[0\] is .*2020.* not a number"),
        (pd.Series(["3", 4]), r"label\[0\] is '3'"),
        ([[3], [4, 5]], "label cannot be read as an array"),
        ([10**400, 3], r"label\[0\] is inf"),
        (np.ma.masked_array([3.0, 4], [0, 1]), "label has masked values"),
        ({3: 4}, "label is {3: 4}, which is not a number"),
        ([3 + 0j, 4], r"label\[0\] is \(3\+0j\)"),
    ],
)
def test_what_are_no_numbers_has_no_rmse(label, message):
    with pytest.raises(ValueError, match=message):
        rmse(label, [3, 4])
    if label is not None and not isinstance(label, str | dict):
        with pytest.raises(ValueError, match=message.replace("label", "prediction")):
            rmse([3, 4], label)


class Reader:
    def predict(self, user_idx, item_idx):
        return ["good"] * len(user_idx)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, "model is None, which cannot predict. Pass a fitted model"),
        (Constant, "model is .*which cannot predict"),
        ("ALS", "model is 'ALS', which cannot predict"),
        (Reader(), r"prediction\[0\] is 'good', which is not a number"),
    ],
)
def test_evaluate_needs_a_model(twin, model, message):
    with pytest.raises(ValueError, match=message):
        metrics.evaluate(model, twin)
