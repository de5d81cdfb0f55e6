"""The learning curve of a fit, and the loop over epochs that every fit shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import sys
import time

from mfbook._validation import check_shape, check_sizes, shown
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import DivergenceError
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
from tqdm import tqdm

# After each epoch, at most so many training ratings are measured on.
MEASURED_RATINGS = 100_000


# Two of them are equal only if they are the same: tables have no single answer to "==".
@dataclass(frozen=True, eq=False)
class History:
    """The learning curve of one fit.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per epoch: ``epoch`` (from 1); ``train_rmse`` and ``test_rmse`` (or
        ``validation_rmse``, after the evaluation set) in stars, both measured after the epoch on
        unclipped predictions, the first on at most 100,000 training ratings, drawn once;
        ``seconds`` of training, without the measuring; ``ratings_per_second``.
    evaluation_set : str
        What the model was measured on: ``"test"`` or ``"validation"``.

    Notes
    -----
    Chapter 3 shows the first one.

    Examples
    --------
    >>> from mfbook import als, datasets
    >>> history = als.ALS(k=2, reg=9, reg_bias=5, epochs=3).fit(datasets.load("synthetic")).history
    >>> list(history.frame.columns[:3])
    ['epoch', 'train_rmse', 'test_rmse']
    >>> bool(history.rmse == history.curve.iloc[-1])
    True
    """

    frame: pd.DataFrame
    evaluation_set: str

    @property
    def curve(self) -> pd.Series:
        """RMSE on the evaluation set after each epoch, in stars, indexed by epoch."""
        return self.frame.set_index("epoch")[f"{self.evaluation_set}_rmse"]

    @property
    def rmse(self) -> float:
        """RMSE on the evaluation set after the last epoch, in stars."""
        return float(self.curve.iloc[-1])

    @property
    def seconds(self) -> float:
        """Training time of all epochs together, in seconds."""
        return float(self.frame["seconds"].sum())

    def _repr_html_(self) -> str:
        formats = {
            "train_rmse": "{:.4f}",
            f"{self.evaluation_set}_rmse": "{:.4f}",
            "seconds": "{:.2f}",
            "ratings_per_second": "{:,.0f}",
        }
        shown = self.frame.assign(**{c: self.frame[c].map(f.format) for c, f in formats.items()})
        return shown.to_html(index=False)


def run_epochs(
    split: Split,
    epochs: int,
    train_epoch: Callable[[], None],
    predict_sets: Callable[[pd.DataFrame, pd.DataFrame], Sequence[np.ndarray]],
    remedy: str = "",
) -> History:
    """Train for some epochs, measure after each, and return the learning curve.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Its ratings are compared with the predictions.
    epochs : int
        How often ``train_epoch`` is called.
    train_epoch : callable
        Trains for one epoch. It returns only when the computation is finished, because it is
        timed.
    predict_sets : callable
        ``predict_sets(train, evaluation)`` returns the predictions, in stars, for the rows of two
        tables: the training ratings that are measured on, and ``split.evaluation``.
    remedy : str
        What to do if the predictions stop being finite numbers.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If an argument is of another type, or there is not one prediction for each row.
    DivergenceError
        If a prediction is not finite, because the training has diverged.

    Notes
    -----
    Chapter 3 explains what an epoch is.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> three_stars = lambda *sets: [np.full(len(ratings), 3.0) for ratings in sets]
    >>> run_epochs(split, 2, lambda: None, three_stars).frame["test_rmse"].round(3).tolist()
    [1.238, 1.238]
    """
    check_split(split)
    check_sizes(epochs=epochs)
    for name, function in (("train_epoch", train_epoch), ("predict_sets", predict_sets)):
        if not callable(function):
            raise ValueError(f"{name} is {shown(function)}; it must be a function.")
    rows = []
    sets = _measured(split.train), split.evaluation
    # Without a terminal at all, as in a service, there is nothing to draw a bar into.
    hidden = sys.stderr is None
    for epoch in tqdm(range(1, epochs + 1), desc="epochs", leave=False, disable=hidden):
        start = time.perf_counter()
        train_epoch()
        seconds = time.perf_counter() - start
        errors = []
        for ratings, prediction in zip(sets, _both(predict_sets(*sets)), strict=True):
            check_shape(prediction, "A prediction of predict_sets", len(ratings))
            if not np.isfinite(prediction).all():
                raise DivergenceError(
                    f"In epoch {epoch} the predictions stopped being finite numbers: the training "
                    f"diverged. {remedy}".rstrip()
                )
            errors.append(rmse(ratings["rating"], prediction))
        rows.append((epoch, *errors, seconds, len(split.train) / seconds))
    evaluated = f"{split.evaluation_set}_rmse"
    columns = ["epoch", "train_rmse", evaluated, "seconds", "ratings_per_second"]
    return History(pd.DataFrame(rows, columns=columns), split.evaluation_set)


def _both(predictions: object) -> Sequence[np.ndarray]:
    """Return what `predict_sets` has returned; raise `ValueError` unless these are two things."""
    if not isinstance(predictions, list | tuple) or len(predictions) != 2:
        raise ValueError(
            f"predict_sets returned {shown(predictions)}; it must return two arrays, the "
            "predictions for each of its two tables."
        )
    return predictions


def _measured(train: pd.DataFrame) -> pd.DataFrame:
    """Return the training ratings, or so many of them, drawn at random, as are measured on."""
    if len(train) <= MEASURED_RATINGS:
        return train
    rows = np.random.default_rng(0).choice(len(train), MEASURED_RATINGS, replace=False)
    return train.iloc[np.sort(rows)]
