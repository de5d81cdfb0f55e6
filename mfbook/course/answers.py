"""Checks of the answers to exercises, which explain what is wrong with a wrong answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

from mfbook._validation import as_float, as_numbers, shown
import numpy as np
from numpy.typing import ArrayLike

# What NumPy would convert to numbers without a word, by the letter of its kind.
NOT_NUMBERS = {
    "b": "a truth value",
    "S": "text in bytes",
    "U": "text",
    "c": "complex",
    "M": "a date",
    "m": "a time span",
}


def check(
    answer: object,
    expected: ArrayLike,
    tolerance: float = 1e-3,
    mistakes: Iterable[tuple[ArrayLike, str]] = (),
) -> None:
    """Print whether an answer is right and, if it is not, what is wrong with it.

    Parameters
    ----------
    answer : float or array_like of float
        The reader's answer, or the three dots ``...`` if there is none yet.
    expected : float or array_like of float
        The right answer.
    tolerance : float
        Largest absolute difference at which an answer still counts as right.
    mistakes : iterable of (float or array_like of float, str)
        Wrong answers that are easy to arrive at, each with a sentence that says what led to it.

    Raises
    ------
    ValueError
        If ``expected``, ``tolerance`` or ``mistakes`` are none: the exercise itself is wrong.

    Notes
    -----
    The exercises at the end of every chapter use it, from chapter 1 on.

    Examples
    --------
    >>> from mfbook.course import answers
    >>> area = 3 * 4
    >>> answers.check(7, expected=area, mistakes=[(3 + 4, "that is half of the perimeter.")])
    Not yet: that is half of the perimeter.
    >>> answers.check(12.0001, expected=area)
    Right.
    """
    right = as_numbers(expected, "expected")
    if np.isnan(right).any():
        raise ValueError("expected has NaN, which no answer can equal. Pass the right answer.")
    largest = as_float(tolerance)
    if not 0 <= largest < math.inf:
        raise ValueError(f"tolerance is {shown(tolerance)}; it must be a finite number, 0 or more.")
    print(_verdict(answer, right, largest, _known(mistakes)))


def _known(mistakes: object) -> list[tuple[np.ndarray, str]]:
    """Return the mistakes as arrays and sentences; raise `ValueError` for anything else."""
    if not isinstance(mistakes, Iterable) or isinstance(mistakes, str | Mapping | np.ndarray):
        raise ValueError(
            f"mistakes is {shown(mistakes)}; it must be a list of wrong answers, each with a sentence."
        )
    known = []
    for pair in mistakes:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[1], str):
            raise ValueError(
                f"mistakes has {shown(pair)}; each must be a wrong answer and a sentence, for example "
                '(7, "that is half of it.").'
            )
        known.append((as_numbers(pair[0], "a mistake"), pair[1]))
    return known


def _verdict(
    answer: object,
    expected: np.ndarray,
    tolerance: float,
    mistakes: list[tuple[np.ndarray, str]],
) -> str:
    if answer is ... or answer is None:
        return (
            "Not answered yet: replace the three dots by your answer, run that cell, "
            "then run this one."
        )
    if callable(answer):
        return f"Not yet: {answer!r} is a function; the answer must be a number."
    try:
        values = np.asarray(answer)
        what = _no_number(values)
        if what:
            written = repr(answer) if len(repr(answer)) <= 40 else "your answer"
            verb = "is" if values.dtype.kind != "O" else "has"
            return f"Not yet: {written} {verb} {what}; the answer must be a number."
        given = values.astype(float)
    except OverflowError:
        return "Not yet: your answer is too large for a number of double precision."
    except (TypeError, ValueError):
        return f"Not yet: {type(answer).__name__} cannot be read as numbers."
    if given.shape != expected.shape:
        return f"Not yet: your answer has the shape {given.shape}; it must be {expected.shape}."
    if _close(given, expected, tolerance):
        return "Right."
    for mistake, explanation in mistakes:
        if _close(given, mistake, tolerance):
            return f"Not yet: {explanation}"
    if not np.isfinite(given).all():
        return "Not yet: your answer has values that are not finite. Was something divided by 0?"
    return f"Not yet: {_direction(given, expected)}"


def _no_number(values: np.ndarray) -> str | None:
    """Return what an array holds that NumPy would convert to numbers in silence, or None."""
    # In an array of objects, such as a column of a table, each value has its own type.
    arrays = map(np.asarray, values.flat) if values.dtype.kind == "O" else [values]
    return next((NOT_NUMBERS[a.dtype.kind] for a in arrays if a.dtype.kind in NOT_NUMBERS), None)


def _close(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    if one.shape != other.shape:
        return False
    # Equal infinities are close; their difference is NaN.
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.all((one == other) | (np.abs(one - other) <= tolerance)))


def _direction(given: np.ndarray, expected: np.ndarray) -> str:
    if given.ndim:
        with np.errstate(over="ignore"):
            worst = np.unravel_index(np.argmax(np.abs(given - expected)), expected.shape)
        index = ", ".join(map(str, worst))
        direction = _direction(given[worst], expected[worst])
        return f"the value at [{index}] is furthest off; {direction}"
    if expected != 0 and np.isclose(given, -expected):
        return "the sign is the wrong way round."
    if expected != 0 and np.isclose(given, 100 * expected):
        return "that is in percent; the answer must be a fraction."
    return f"your answer is too {'large' if given > expected else 'small'}."
