"""Checks of arguments, shared by all modules."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from mfbook.exceptions import DataError
import numpy as np
from numpy.typing import ArrayLike

# The largest array of MXNet's builds, and the largest seed of its random numbers.
LARGEST_ARRAY = LARGEST_SEED = 2**31 - 1


def as_float(value: Any) -> float:
    """Return a number as a float; NaN for what is no real number.

    Examples
    --------
    >>> as_float(3), as_float("3"), as_float(True), as_float(10**400)
    (3.0, nan, nan, inf)
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def check_indices(user_idx: ArrayLike, item_idx: ArrayLike, n_users: int, n_items: int) -> None:
    """Raise `ValueError` unless both are vectors of the same length with existing indices.

    Parameters
    ----------
    user_idx, item_idx : array_like of int, shape (n,)
        Zero-based indices.
    n_users, n_items : int
        Number of users and items: an index must be smaller.

    Examples
    --------
    >>> check_indices([0, 2], [1, 1], n_users=3, n_items=2)
    >>> check_indices([0, 3], [1, 1], n_users=3, n_items=2)
    Traceback (most recent call last):
    ...
    ValueError: user_idx[1] is 3, but this table has 3 rows (0 to 2). Pass indices, not ids, and \
build every model for split.n_users and split.n_items.
    """
    users, items = np.asarray(user_idx), np.asarray(item_idx)
    if users.ndim != 1 or users.shape != items.shape:
        raise ValueError(
            f"user_idx has shape {users.shape} and item_idx has shape {items.shape}; "
            "they must be two vectors of the same length."
        )
    for name, idx, size in (("user_idx", users, n_users), ("item_idx", items, n_items)):
        if len(idx) and not np.issubdtype(idx.dtype, np.integer):
            raise ValueError(f"{name} has the type {idx.dtype}; indices must be whole numbers.")
        outside = np.flatnonzero((idx < 0) | (idx >= size))
        if len(outside):
            raise ValueError(
                f"{name}[{outside[0]}] is {idx[outside[0]]}, but this table has {size} rows "
                f"(0 to {size - 1}). Pass indices, not ids, and build every model for "
                "split.n_users and split.n_items."
            )


def check_sizes(**sizes: Any) -> None:
    """Raise `ValueError` for the first size that is not a whole number of 1 or more.

    Examples
    --------
    >>> check_sizes(k=8, epochs=20)
    >>> check_sizes(k=8, epochs=0)
    Traceback (most recent call last):
    ...
    ValueError: epochs is 0; it must be a whole number, 1 or more.
    """
    for name, size in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number, 1 or more.")


def check_seed(seed: Any) -> None:
    """Raise `ValueError` unless ``seed`` is a whole number from 0 to 2**31 - 1.

    Examples
    --------
    >>> check_seed(0)
    >>> check_seed("today")
    Traceback (most recent call last):
    ...
    ValueError: seed is 'today'; it must be a whole number from 0 to 2147483647.
    """
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) <= LARGEST_SEED:
        raise ValueError(f"seed is {seed!r}; it must be a whole number from 0 to {LARGEST_SEED}.")


def check_array_size(shape: tuple[int, ...], holder: str, remedy: str) -> None:
    """Raise `ValueError` if an array is too large for MXNet's builds.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    holder : str
        What needs the array.
    remedy : str
        What makes the array smaller, as a sentence.

    Examples
    --------
    >>> check_array_size((1000, 64), "This PlainNet", "Use fewer factors.")
    >>> check_array_size((2**20, 2**11), "This PlainNet", "Use fewer factors.")
    Traceback (most recent call last):
    ...
    ValueError: This PlainNet needs an array of 1,048,576 x 2,048 = 2,147,483,648 numbers; an array \
of MXNet holds at most 2,147,483,647. Use fewer factors.
    """
    size = math.prod(shape)
    if size > LARGEST_ARRAY:
        raise ValueError(
            f"{holder} needs an array of {' x '.join(f'{n:,}' for n in shape)} = {size:,} numbers; "
            f"an array of MXNet holds at most {LARGEST_ARRAY:,}. {remedy}"
        )


def check_positive(**values: Any) -> None:
    """Raise `ValueError` for the first value that is not a finite number greater than 0.

    Examples
    --------
    >>> check_positive(reg=0.1)
    >>> check_positive(reg=0.1, reg_bias=-1)
    Traceback (most recent call last):
    ...
    ValueError: reg_bias is -1; it must be greater than 0.
    >>> check_positive(reg=float("inf"))
    Traceback (most recent call last):
    ...
    ValueError: reg is inf; it must be a finite number.
    """
    for name, value in values.items():
        # NaN is not greater than 0 either.
        if not as_float(value) > 0:
            raise ValueError(f"{name} is {value!r}; it must be greater than 0.")
        if math.isinf(as_float(value)):
            raise ValueError(f"{name} is {value!r}; it must be a finite number.")


def check_fraction(fraction: Any) -> None:
    """Raise `DataError` unless ``fraction`` is a number between 0 and 1, both excluded.

    Examples
    --------
    >>> check_fraction(0.2)
    >>> check_fraction(20)
    Traceback (most recent call last):
    ...
    mfbook.exceptions.DataError: fraction is 20; it must be between 0 and 1, both excluded.
    """
    if not isinstance(fraction, Real) or not 0 < float(fraction) < 1:
        raise DataError(f"fraction is {fraction!r}; it must be between 0 and 1, both excluded.")


def check_fitted(model: object, attribute: str) -> None:
    """Raise `ValueError` unless ``model`` has the ``attribute`` that its ``fit`` sets.

    Examples
    --------
    >>> class Constant:
    ...     def fit(self, split):
    ...         self.mean = 3.5
    ...         return self
    >>> check_fitted(Constant().fit(None), "mean")
    >>> check_fitted(Constant(), "mean")
    Traceback (most recent call last):
    ...
    ValueError: This Constant has not been fitted. Call fit first.
    """
    if getattr(model, attribute, None) is None:
        raise ValueError(f"This {type(model).__name__} has not been fitted. Call fit first.")
