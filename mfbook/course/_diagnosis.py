"""Recognize in a wrong answer what led to it: percent, sign, order, shape, too few digits."""

from __future__ import annotations

import math

import numpy as np


def close(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Whether two arrays have the same shape, and no values further apart than the tolerance."""
    if one.shape != other.shape:
        return False
    one, other = one.astype(float), other.astype(float)
    # Equal infinities are close; their difference is NaN.
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.all((one == other) | (np.abs(one - other) <= tolerance)))


def mistake(given: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    """Return what led to a wrong answer, as a sentence, or None if that is not known."""
    if given.shape != expected.shape:
        return _shape(given, expected, tolerance)
    if not np.isfinite(given).all() or not np.isfinite(expected.astype(float)).all():
        return None
    if expected.dtype.kind == "b":
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return _values(given, expected, tolerance)


def _values(given: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    if given.ndim == 2 and close(given.T, expected, tolerance):
        return "the values are right, but rows and columns are exchanged."
    if given.ndim and close(np.sort(given, axis=None), np.sort(expected, axis=None), tolerance):
        return "these are the right values in another order."
    if _nearly(given, -expected, tolerance):
        return "the sign is the wrong way round."
    if expected.dtype.kind in "iu" and tolerance == 0:
        whole = np.array_equal(given, np.round(given))
        return None if whole else "the answer must be a whole number."
    if _nearly(given, 100.0 * expected, 100 * tolerance):
        return "that is in percent; give a share instead (0.25 for 25 %)."
    if expected.dtype.kind == "f" and _nearly(given, expected / 100, tolerance / 100):
        return "that is a share; give percent instead (25 for 0.25)."
    return _digits(given, expected, tolerance)


def _shape(given: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    """Return what is wrong with the shape if the values are right, or None."""
    if given.size != expected.size or not given.size:
        return None
    if close(given.T, expected, tolerance):
        return "the values are right, but rows and columns are exchanged."
    if close(given.reshape(expected.shape), expected, tolerance):
        return (
            f"the values are right, but your answer has the shape {given.shape}; it must be "
            f"{expected.shape}."
        )
    return None


def _nearly(given: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Whether the answer is this other value, which may be rounded, and is not 0."""
    if not np.any(other):
        return False
    size = np.abs(other)
    # Near 0, everything is within the tolerance.
    limit = np.clip(tolerance, 0.01 * size, 0.05 * size)
    return bool(np.all(np.abs(given - other) <= limit))


def _digits(given: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    """Return how many digits are wanted if the answer is rounded or cut off before that."""
    if expected.dtype.kind != "f" or not 0 < tolerance < 1:
        return None
    wanted = math.ceil(-math.log10(tolerance) - 1e-9)
    size = np.abs(expected).max(initial=0.0)
    # With one digit of 0.94 or none of 3.5, it is another number.
    if np.abs(given - expected).max(initial=0.0) > 0.1 * size:
        return None
    for digits in range(0 if size >= 10 else 1, wanted):
        cut = np.trunc(expected * 10.0**digits) / 10.0**digits
        if any(
            np.allclose(given, x, rtol=1e-12, atol=0) for x in (np.round(expected, digits), cut)
        ):
            unit = "digit" if wanted == 1 else "digits"
            return f"your answer has too few digits; give {wanted} {unit} after the decimal point."
    return None


def direction(given: np.ndarray, expected: np.ndarray) -> str:
    """Return in which direction a wrong answer is off, as a sentence."""
    if given.shape != expected.shape:
        return f"your answer has the shape {given.shape}; it must be {expected.shape}."
    if expected.dtype.kind == "b":
        wrong = int(np.sum(given != expected))
        return (
            f"{wrong} of the {given.size} values are wrong."
            if given.ndim
            else "the other of the two is right."
        )
    if not np.isfinite(given).all() and np.isfinite(expected.astype(float)).all():
        return "your answer has values that are not finite. Was something divided by 0?"
    if given.ndim:
        return _worst(given, expected.astype(float))
    return f"your answer is too {'large' if given > expected else 'small'}."


def _worst(given: np.ndarray, expected: np.ndarray) -> str:
    """Return which of several values is furthest off, and in which direction."""
    with np.errstate(over="ignore"):
        worst = np.unravel_index(np.argmax(np.abs(given - expected)), expected.shape)
    index = ", ".join(map(str, worst))
    return f"the value at [{index}] is furthest off; {direction(given[worst], expected[worst])}"
