"""Checks of arguments, shared by all modules."""

from __future__ import annotations

from decimal import Decimal
import math
from numbers import Integral, Real
from typing import Any
import warnings

from mfbook.exceptions import DataError
import numpy as np
from numpy.typing import ArrayLike

# The largest array of MXNet's builds, and the largest seed of its random numbers.
LARGEST_ARRAY = LARGEST_SEED = 2**31 - 1
# The largest dense table that is made, in bytes: a computer with 8 GB can hold some copies of it.
LARGEST_TABLE = 2 * 10**9


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


def as_array(values: ArrayLike, name: str) -> np.ndarray:
    """Return an array of any type; raise `ValueError` for masked values and ragged rows.

    Examples
    --------
    >>> as_array([[1, 2], [3, 4]], "lists").shape
    (2, 2)
    >>> as_array([[1, 2], [3]], "lists")
    Traceback (most recent call last):
    ...
    ValueError: lists cannot be read as an array. Pass rows that are all equally long.
    """
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values. Leave them out: {name}.compressed().")
    try:
        # NumPy 1.23 only warns, and makes an array of lists.
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Creating an ndarray from ragged")
            return np.asarray(values)
    except (ValueError, Warning):
        raise ValueError(
            f"{name} cannot be read as an array. Pass rows that are all equally long."
        ) from None


def as_numbers(values: ArrayLike, name: str) -> np.ndarray:
    """Return an array of float64; raise `ValueError` for what are no real numbers.

    Texts, dates and truth values are refused, although NumPy converts some of them in silence.

    Examples
    --------
    >>> as_numbers([5, 3.5], "label")
    array([5. , 3.5])
    >>> as_numbers([5, "3.5"], "label")
    Traceback (most recent call last):
    ...
    ValueError: label[0] is '5', which is not a number. Pass real numbers.
    """
    array = as_array(values, name)
    if array.dtype.kind == "O":
        wrong = [not isinstance(x, Real | Decimal) or isinstance(x, bool) for x in array.flat]
    else:
        wrong = [array.dtype.kind not in "iuf"] * min(array.size, 1)
    if any(wrong):
        position = wrong.index(True)
        raise ValueError(
            f"{name}{_at(array, position)} is {shown(array.flat[position])}, which is not a "
            "number. Pass real numbers."
        )
    if array.dtype.kind == "O":
        floats = [as_float(x if isinstance(x, Real) else float(x)) for x in array.flat]
        return np.array(floats, float).reshape(array.shape)
    # What is too large for float64 becomes infinite; `check_finite` names it.
    with np.errstate(over="ignore"):
        return array.astype(np.float64, copy=False)


def as_single(values: ArrayLike, name: str) -> np.ndarray:
    """Return numbers in single precision; raise `ValueError` for what are none.

    Examples
    --------
    >>> as_single([5, 3.5], "label")
    array([5. , 3.5], dtype=float32)
    """
    is_single = isinstance(values, np.ndarray) and values.dtype == np.float32
    with np.errstate(over="ignore"):
        return np.asarray(values if is_single else as_numbers(values, name), np.float32)


def check_finite(values: np.ndarray, name: str) -> None:
    """Raise `ValueError` for the first value that is infinite or NaN.

    Examples
    --------
    >>> check_finite(np.array([5.0, 3.5]), "label")
    >>> check_finite(np.array([5.0, np.nan]), "label")
    Traceback (most recent call last):
    ...
    ValueError: label[1] is nan, not a finite number.
    """
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        raise ValueError(
            f"{name}{_at(values, first)} is {values.flat[first]}, not a finite number."
        )


def _at(array: np.ndarray, position: int) -> str:
    """Return the index of an element, in brackets; nothing for a single value."""
    index = np.unravel_index(position, array.shape)
    return f"[{', '.join(map(str, index))}]" if index else ""


def shown(value: object) -> str:
    """Return how a value is written, or its type if that is long.

    Examples
    --------
    >>> shown("5"), shown(np.float32(0.5)), shown("5" * 1000)
    ("'5'", '0.5', 'a value of the type str')
    """
    if isinstance(value, np.generic) and value.dtype.kind in "iufcbU":
        value = value.item()
    # Python itself refuses to write a number of thousands of digits.
    written = "" if isinstance(value, int) and abs(value) >= 10**60 else repr(value)
    short = 0 < len(written) <= 60 and "\n" not in written
    return written if short else f"a value of the type {type(value).__name__}"


def check_memory(n_bytes: int, what: str, remedy: str) -> None:
    """Raise `ValueError` if a dense table would be too large for most computers.

    Parameters
    ----------
    n_bytes : int
        Its size.
    what : str
        What it is, with its shape.
    remedy : str
        What makes it smaller, as a sentence.

    Examples
    --------
    >>> check_memory(8 * 943 * 1682, "A table of 943 x 1,682 scores", "Ask for fewer users.")
    >>> check_memory(8 * 10**10, "A table of 50,000 x 200,000 scores", "Ask for fewer users.")
    Traceback (most recent call last):
    ...
    ValueError: A table of 50,000 x 200,000 scores would take 80 GB of memory; the limit is 2 GB. \
Ask for fewer users.
    """
    if n_bytes > LARGEST_TABLE:
        raise ValueError(
            f"{what} would take {as_float(n_bytes) / 1e9:,.3g} GB of memory; the limit is "
            f"{LARGEST_TABLE / 1e9:.0f} GB. {remedy}"
        )


def check_flags(**flags: Any) -> None:
    """Raise `ValueError` for the first value that is neither True nor False.

    Examples
    --------
    >>> check_flags(fill=True)
    >>> check_flags(fill="no")
    Traceback (most recent call last):
    ...
    ValueError: fill is 'no'; it must be True or False.
    """
    for name, flag in flags.items():
        if not isinstance(flag, bool | np.bool_):
            raise ValueError(f"{name} is {shown(flag)}; it must be True or False.")


def check_model(model: object) -> None:
    """Raise `ValueError` unless ``model`` has a method `predict` that can be called.

    Examples
    --------
    >>> check_model(None)
    Traceback (most recent call last):
    ...
    ValueError: model is None, which cannot predict. Pass a fitted model, for example \
baselines.ItemMean().fit(split).
    """
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        raise ValueError(
            f"model is {shown(model)}, which cannot predict. Pass a fitted model, for example "
            "baselines.ItemMean().fit(split)."
        )


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
    users, items = as_array(user_idx, "user_idx"), as_array(item_idx, "item_idx")
    if users.ndim != 1 or users.shape != items.shape:
        raise ValueError(
            f"user_idx has shape {users.shape} and item_idx has shape {items.shape}; "
            "they must be two vectors of the same length."
        )
    for name, idx, size in (("user_idx", users, n_users), ("item_idx", items, n_items)):
        if not len(idx):
            continue
        # NumPy counts spans of time among the integers, but not by the letter of their kind.
        if idx.dtype.kind not in "iu":
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
            raise ValueError(f"{name} is {shown(size)}; it must be a whole number, 1 or more.")


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
        raise ValueError(
            f"seed is {shown(seed)}; it must be a whole number from 0 to {LARGEST_SEED}."
        )


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


def check_shape(array: object, name: str, *shape: int | str) -> None:
    """Raise `ValueError` unless this is a NumPy array of real numbers of the shape.

    Parameters
    ----------
    array : object
        What was passed.
    name : str
        Of the argument.
    *shape : int or str
        The length of each axis; a text where any length will do.

    Examples
    --------
    >>> check_shape(np.ones((5, 3)), "other", "n", 3)
    >>> check_shape(np.ones((5, 2)), "other", "n", 3)
    Traceback (most recent call last):
    ...
    ValueError: other has the shape (5, 2); it must be a NumPy array of numbers of the shape (n, 3).
    """
    is_array = isinstance(array, np.ndarray) and array.dtype.kind in "iuf"
    found = array.shape if isinstance(array, np.ndarray) and is_array else ()
    fits = len(found) == len(shape) and all(
        isinstance(needed, str) or needed == n for needed, n in zip(shape, found, strict=True)
    )
    if not is_array or not fits:
        what = f"has the shape {found}" if is_array else f"is {shown(array)}"
        needed = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(
            f"{name} {what}; it must be a NumPy array of numbers of the shape ({needed})."
        )


def check_generator(rng: object) -> None:
    """Raise `ValueError` unless this is a generator of random numbers.

    Examples
    --------
    >>> check_generator(np.random.default_rng(0))
    >>> check_generator(0)
    Traceback (most recent call last):
    ...
    ValueError: rng is 0; pass a generator of NumPy, for example np.random.default_rng(0).
    """
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng is {shown(rng)}; pass a generator of NumPy, for example np.random.default_rng(0)."
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
            raise ValueError(f"{name} is {shown(value)}; it must be greater than 0.")
        if math.isinf(as_float(value)):
            raise ValueError(f"{name} is {shown(value)}; it must be a finite number.")


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
    if not 0 < as_float(fraction) < 1:
        raise DataError(
            f"fraction is {shown(fraction)}; it must be between 0 and 1, both excluded."
        )


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


def as_new_items(item_idx: ArrayLike, n_items: int) -> np.ndarray:
    """Return the indices of what a new person rated; raise `ValueError` unless each occurs once."""
    item = as_array(item_idx, "item_idx")
    check_indices(np.zeros(item.shape, int), item, 1, n_items)
    item = item.astype(int)
    unique, first = np.unique(item, return_index=True)
    if len(unique) < len(item):
        position = int(np.setdiff1d(np.arange(len(item)), first)[0])
        raise ValueError(
            f"item_idx has the item {item[position]} twice, the second time at position {position}. "
            "Give each item once."
        )
    return item
