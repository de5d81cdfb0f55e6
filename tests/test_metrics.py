"""RMSE is the root of the pooled squared error, whatever the batches."""

import math

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook.metrics import RMSE, rmse
import mxnet as mx
import numpy as np
import pytest


def test_by_hand():
    assert rmse([5, 3, 4], [4, 3, 2]) == pytest.approx(math.sqrt(5 / 3))
    assert rmse(np.float32([1]), np.float32([1])) == 0


def test_pooled_over_uneven_batches():
    rng = np.random.default_rng(0)
    label = rng.integers(1, 6, 100).astype(np.float32)
    prediction = label + rng.normal(0, np.linspace(0.1, 2, 100)).astype(np.float32)
    metric, batch_values = RMSE(), []
    for rows in (slice(0, 64), slice(64, 96), slice(96, 99), slice(99, 100)):
        metric.update([mx.nd.array(label[rows])], [mx.nd.array(prediction[rows])])
        batch_values.append(rmse(label[rows], prediction[rows]))
    name, value = metric.get()
    assert name == "rmse"
    assert value == pytest.approx(rmse(label, prediction), rel=1e-6)
    assert abs(value - np.mean(batch_values)) > 0.1


def test_several_outputs_and_column_predictions():
    metric = RMSE()
    metric.update(
        [mx.nd.array([1, 2]), mx.nd.array([3])], [mx.nd.array([[2], [4]]), mx.nd.array([3])]
    )
    assert metric.get()[1] == pytest.approx(math.sqrt(5 / 3))


def test_reset_and_empty():
    metric = RMSE()
    assert math.isnan(metric.get()[1])
    metric.update([mx.nd.array([1])], [mx.nd.array([3])])
    metric.reset()
    assert math.isnan(metric.get()[1])


def test_works_in_a_module():
    metric = mx.metric.create(["mae", RMSE()])
    metric.update([mx.nd.array([1, 2])], [mx.nd.array([1, 4])])
    assert dict(metric.get_name_value())["rmse"] == pytest.approx(math.sqrt(2))


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


def test_update_refuses_unequal_lengths():
    with pytest.raises(ValueError, match="3 labels and 2 predictions"):
        RMSE().update([mx.nd.array([1, 2, 3])], [mx.nd.array([1, 2])])
