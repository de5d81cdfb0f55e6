"""The exceptions that `mfbook` raises about data and about training; both are `ValueError`."""

from __future__ import annotations

__all__ = ["DataError", "DivergenceError", "TrainingError"]


class DataError(ValueError):
    """Raised when data are missing or wrong; the message says what, where, and what to do.

    Notes
    -----
    See chapter 1 and appendix B.

    Examples
    --------
    >>> from mfbook import datasets
    >>> try:
    ...     datasets.load("synthetic", fold=6)
    ... except datasets.DataError as error:
    ...     print(error)
    fold is 6; the published folds are 1 to 5.
    """


class TrainingError(ValueError):
    """Raised when a model cannot be trained as asked, or when its training diverges.

    Notes
    -----
    See chapter 3.

    Examples
    --------
    >>> from mfbook.exceptions import TrainingError
    >>> try:
    ...     raise TrainingError("learning_rate is 0; it must be greater than 0.")
    ... except ValueError as error:
    ...     print(error)
    learning_rate is 0; it must be greater than 0.
    """


class DivergenceError(TrainingError):
    """Raised when predictions become infinite or NaN, because the training has diverged.

    Notes
    -----
    See chapter 3; a search for hyperparameters (chapter 7) goes on after it.

    Examples
    --------
    >>> from mfbook import datasets, exceptions, networks, training
    >>> split = datasets.load("synthetic")
    >>> network = networks.PlainNet(split.n_users, split.n_items, k=2)
    >>> try:
    ...     training.fit(network, split, epochs=1, batch_size=64, learning_rate=50.0)
    ... except exceptions.DivergenceError:
    ...     print("It diverged.")
    It diverged.
    """
