"""Judge an answer: whether it is right and, if not, which mistake it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math
from typing import Any, NamedTuple

from mfbook._validation import as_array, as_float, as_numbers, shown
from mfbook.course import _diagnosis
import numpy as np

# What NumPy would convert to numbers without a word, by the letter of its kind.
NOT_NUMBERS = {
    "b": "a truth value",
    "S": "text in bytes",
    "U": "text",
    "c": "complex",
    "M": "a date",
    "m": "a time span",
}
NOT_ANSWERED = (
    "Not answered yet: replace the three dots by your answer, run that cell, then run this one."
)


class Key(NamedTuple):
    """The right answer of an exercise, how close an answer must be, and the known mistakes."""

    expected: np.ndarray
    tolerance: float
    mistakes: list[tuple[np.ndarray, str]]


class Verdict(NamedTuple):
    """What an answer is ("right", "wrong" or "missing"), in a sentence, and the mistake found."""

    state: str
    message: str
    mistake: str | None = None


def make_key(expected: Any, tolerance: Any, mistakes: Any) -> Key:
    """Return the key of an exercise; raise `ValueError` for what cannot be one."""
    right = _right(expected, "expected")
    if np.isnan(right).any():
        raise ValueError("expected has NaN, which no answer can equal. Pass the right answer.")
    largest = as_float(tolerance)
    if not 0 <= largest < math.inf:
        raise ValueError(f"tolerance is {shown(tolerance)}; it must be a finite number, 0 or more.")
    return Key(right, largest, _known(mistakes))


def _right(value: Any, name: str) -> np.ndarray:
    """Return truth values and whole numbers as they are, and other numbers as float64."""
    array = as_array(value, name)
    if array.dtype.kind == "b":
        return array
    numbers = as_numbers(array, name)
    return array if array.dtype.kind in "iu" else numbers


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
        known.append((_right(pair[0], "a mistake"), pair[1]))
    return known


def judge(answer: object, key: Key | str) -> Verdict:
    """Return what an answer is, and the mistake that it shows if one was recognized.

    Where a text stands for the key, it says why there is none.
    """
    if is_missing(answer):
        return Verdict("missing", NOT_ANSWERED)
    if isinstance(key, str):
        return Verdict("missing", key)
    given = read(answer, wants_truth=key.expected.dtype.kind == "b")
    if isinstance(given, str):
        return Verdict("wrong", f"Not yet: {given}")
    if _diagnosis.close(given, key.expected, key.tolerance):
        return Verdict("right", "Right.")
    for mistake, explanation in key.mistakes:
        if _diagnosis.close(given, mistake, key.tolerance):
            return Verdict("wrong", f"Not yet: {explanation}", explanation)
    recognized = _diagnosis.mistake(given, key.expected, key.tolerance)
    explanation = recognized or _diagnosis.direction(given, key.expected)
    return Verdict("wrong", f"Not yet: {explanation}", recognized)


def is_missing(answer: object) -> bool:
    """Whether nobody has answered yet."""
    return answer is ... or answer is None


def read(answer: object, wants_truth: bool = False) -> np.ndarray | str:
    """Return an answer as an array of float64, or say why it is none.

    Truth values become 0 and 1, but only where the exercise asks for them.
    """
    if callable(answer):
        return f"{answer!r} is a function; the answer must be a number."
    try:
        values = np.asarray(answer)
        if wants_truth:
            if values.dtype.kind == "b":
                return values.astype(float)
            return f"{_written(answer)} is no truth value; the answer must be True or False."
        what = _no_number(values)
        if what:
            verb = "is" if values.dtype.kind != "O" else "has"
            return f"{_written(answer)} {verb} {what}; the answer must be a number."
        return values.astype(float)
    except OverflowError:
        return "your answer is too large for a number of double precision."
    except (TypeError, ValueError):
        return f"{type(answer).__name__} cannot be read as numbers."


def _written(answer: object) -> str:
    return repr(answer) if len(repr(answer)) <= 40 else "your answer"


def _no_number(values: np.ndarray) -> str | None:
    """Return what an array holds that NumPy would convert to numbers in silence, or None."""
    # In an array of objects, such as a column of a table, each value has its own type.
    arrays = map(np.asarray, values.flat) if values.dtype.kind == "O" else [values]
    return next((NOT_NUMBERS[a.dtype.kind] for a in arrays if a.dtype.kind in NOT_NUMBERS), None)
