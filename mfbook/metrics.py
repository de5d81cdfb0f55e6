"""Root mean squared error, pooled over all ratings."""

from __future__ import annotations

import math

from mfbook._validation import as_numbers, check_finite, check_model
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.datasets._times import as_seconds
from mfbook.model import Model, TimedModel
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


def rmse(label: ArrayLike, prediction: ArrayLike) -> float:
    r"""Root mean squared error of predictions.

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
        If the two differ in length, are empty, or hold a value that is no number or not finite.

    Notes
    -----
    Built in chapter 2, equation 2.1.

    Examples
    --------
    >>> rmse([5, 3, 4, 2], [4, 4, 3, 3])
    1.0
    """
    label, prediction = as_numbers(label, "label"), as_numbers(prediction, "prediction")
    if label.shape != prediction.shape or label.ndim != 1:
        raise ValueError(
            f"rmse needs two equally long vectors; label has shape {label.shape}, "
            f"prediction {prediction.shape}."
        )
    if label.size == 0:
        raise ValueError("rmse of no ratings is not defined: label and prediction are empty.")
    check_finite(label, "rmse: label")
    check_finite(prediction, "rmse: prediction")
    with np.errstate(over="ignore"):
        error = label - prediction
    check_finite(error, "rmse: label - prediction, error")
    # Scaled by a power of 2, so that no square is too large or too small; that rounds nothing.
    exponent = int(np.frexp(np.abs(error).max())[1])
    return math.ldexp(math.sqrt(np.mean(np.ldexp(error, -exponent) ** 2)), exponent)


def evaluate(model: Model, split: Split) -> float:
    """RMSE of a fitted model on the evaluation set, its predictions clipped to the scale.

    This is the measure by which models are ranked: a rating never lies outside the scale of the
    ratings, so the predictions of every model are clipped in the same way first.

    Parameters
    ----------
    model : mfbook.Model
        Fitted on ``split`` or a part of its training set.
    split : mfbook.datasets.Split
        Its evaluation set is read once; its ``scale`` is that of the training ratings.

    Returns
    -------
    float
        In stars.

    Raises
    ------
    ValueError
        If ``split`` is not a `Split`, the model is none or has not been fitted, or a prediction is
        not finite.

    Notes
    -----
    Chapter 2 clips for the first time (exercise 2.2); chapter 7 ranks models by this measure.

    Examples
    --------
    >>> from mfbook import baselines, datasets
    >>> split = datasets.load("synthetic")
    >>> round(evaluate(baselines.Biases(reg_user=6, reg_item=2).fit(split), split), 2)
    1.01
    """
    check_model(model)
    check_split(split)
    pairs = split.evaluation
    prediction = as_numbers(predict_rows(model, pairs), "prediction")
    check_finite(prediction, "rmse: prediction")
    return rmse(pairs["rating"], np.clip(prediction, *split.scale))


def predict_rows(model: Model, ratings: pd.DataFrame) -> np.ndarray:
    """Predictions for the rows of a table, with their time stamps for a model that uses them.

    Parameters
    ----------
    model : mfbook.Model
        Fitted.
    ratings : pandas.DataFrame
        With the columns ``user_idx`` and ``item_idx`` and, for a model with sessions,
        ``timestamp``. The ratings themselves are not read.

    Returns
    -------
    numpy.ndarray, shape (n,)
        In stars, unclipped.

    Raises
    ------
    ValueError
        If the model has not been fitted, or an index is outside its table.
    DataError
        If the model has sessions, and the table no time stamps.

    Notes
    -----
    Chapter 9 explains what time stamps add.

    Examples
    --------
    >>> from mfbook import baselines, datasets
    >>> split = datasets.load("synthetic")
    >>> predict_rows(baselines.ItemMean().fit(split), split.test).shape
    (20000,)
    """
    pairs = ratings["user_idx"], ratings["item_idx"]
    if isinstance(model, TimedModel) and model.with_sessions:
        return model.predict(*pairs, as_seconds(ratings.get("timestamp")))
    return model.predict(*pairs)
