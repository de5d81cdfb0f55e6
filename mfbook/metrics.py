"""Root mean squared error, pooled over all ratings."""

import math

import mxnet as mx
import numpy as np


def rmse(label, prediction):
    r"""Return the root mean squared error of predictions.

    .. math:: \sqrt{\frac{1}{n} \sum_{j=1}^{n} (r_j - \hat r_j)^2}

    Parameters
    ----------
    label : array_like, shape (n,)
        The true ratings, in stars.
    prediction : array_like, shape (n,)
        The predicted ratings, in stars.

    Returns
    -------
    float
        In stars. All n errors count alike, however they were batched.

    Raises
    ------
    ValueError
        If the two differ in length, are empty, or hold a value that is not finite.
    """
    label, prediction = (np.asarray(x, dtype=np.float64) for x in (label, prediction))
    if label.shape != prediction.shape or label.ndim != 1:
        raise ValueError(
            f"rmse needs two equally long vectors; label has shape {label.shape}, "
            f"prediction {prediction.shape}."
        )
    if label.size == 0:
        raise ValueError("rmse of no ratings is not defined: label and prediction are empty.")
    for name, values in (("label", label), ("prediction", prediction)):
        if not np.isfinite(values).all():
            first = int(np.argmin(np.isfinite(values)))
            raise ValueError(f"rmse: {name}[{first}] is {values[first]}, not a finite number.")
    return math.sqrt(np.mean((label - prediction) ** 2))


class RMSE(mx.metric.EvalMetric):
    """Running form of `rmse` for MXNet's training loops: pools over batches of any size.

    MXNet's own ``mx.metric.RMSE`` returns the mean of the batches' RMSEs, which is another
    number.
    """

    def __init__(self):
        super().__init__("rmse")

    def update(self, labels, preds):
        """Add one batch: lists of NDArrays, pairwise of the same number of elements."""
        mx.metric.check_label_shapes(labels, preds)
        for label, pred in zip(labels, preds, strict=True):
            label, pred = (x.asnumpy().astype(np.float64).ravel() for x in (label, pred))
            if label.size != pred.size:
                raise ValueError(
                    f"RMSE.update got {label.size} labels and {pred.size} predictions."
                )
            self.sum_metric += float(np.sum((label - pred) ** 2))
            self.num_inst += label.size

    def get(self):
        """Return ``("rmse", value)``; the value is NaN before the first update."""
        value = math.sqrt(self.sum_metric / self.num_inst) if self.num_inst else math.nan
        return self.name, value
