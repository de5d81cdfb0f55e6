"""The recorded answers of the course, and answers in a form that a notebook can store."""

from __future__ import annotations

from functools import cache
from importlib import resources
import json
import math
import re
from typing import Any

from mfbook._validation import shown
from mfbook.course import _judging
import numpy as np

# An answer with more values than this is stored without them: no exercise asks for so many.
LARGEST = 1000
# How an exercise is numbered: chapter, a dot, its place in the chapter.
EXERCISE = re.compile(r"(\d+|[A-Z])\.\d+")
# The call of a check in the source of a cell, and the exercise that it names.
CALL = re.compile(r"\banswers\.check\(\s*[\"']?([\w.]*)")

Recorded = dict[str, dict[str, dict[str, Any]]]


@cache
def recorded() -> Recorded:
    """Return the recorded answers: data set → exercise → expected, tolerance, mistakes."""
    text = resources.files("mfbook.course").joinpath("recorded.json").read_text(encoding="utf-8")
    return json.loads(text)


def key_to_json(key: _judging.Key) -> dict[str, Any]:
    """Return a key in the form in which it is recorded; raise `ValueError` if it is too large."""
    if key.expected.size > LARGEST:
        raise ValueError(
            f"expected has {key.expected.size} values; an answer may have at most {LARGEST}."
        )
    return {
        "expected": to_json(key.expected),
        "tolerance": key.tolerance,
        "mistakes": [[to_json(value), text] for value, text in key.mistakes],
    }


def key_from_json(entry: dict[str, Any]) -> _judging.Key:
    """Return the key that `key_to_json` has recorded."""
    mistakes = [(from_json(value), text) for value, text in entry["mistakes"]]
    return _judging.make_key(from_json(entry["expected"]), entry["tolerance"], mistakes)


def find(exercise: str, dataset: str) -> _judging.Key | str:
    """Return the recorded key of an exercise, or say that there is none."""
    of_dataset = recorded().get(dataset, {})
    if exercise in of_dataset:
        return key_from_json(of_dataset[exercise])
    if any(exercise in exercises for exercises in recorded().values()):
        return f"The answer to exercise {exercise} is not recorded for the data set {dataset}."
    chapter = chapter_of(exercise)
    there = in_order(e for e in of_dataset if chapter_of(e) == chapter)
    return (
        f"There is no exercise {exercise} with a recorded answer; those of chapter {chapter}: "
        f"{', '.join(there) or 'none'}."
    )


def chapter_of(exercise: str) -> str:
    """Return the chapter of an exercise: "7" for "7.1"."""
    return exercise.partition(".")[0]


def in_order(exercises: Any) -> list[str]:
    """Return exercises in the order of the course: chapters by number, then the appendices."""

    def position(exercise: str) -> tuple[float, str, int]:
        chapter, _, number = exercise.partition(".")
        return (float(chapter) if chapter.isdecimal() else math.inf, chapter, int(number))

    return sorted(exercises, key=position)


def to_json(values: np.ndarray) -> dict[str, Any]:
    """Return the shape and the values of an array in a form that JSON can hold."""
    # JSON has neither NaN nor infinity.
    plain = [x if math.isfinite(x) else str(x) for x in values.ravel().tolist()]
    return {"shape": list(values.shape), "values": plain}


def from_json(stored: Any) -> np.ndarray:
    """Return the array of `to_json`; raise `ValueError` for anything else."""
    try:
        shape, values = stored["shape"], stored["values"]
        if not isinstance(shape, list) or not isinstance(values, list) or len(values) > LARGEST:
            raise ValueError
        numbers = [float(x) if isinstance(x, str) else x for x in values]
        if not all(isinstance(x, bool | int | float) for x in numbers):
            raise ValueError
        return np.array(numbers).reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError(f"{shown(stored)} is no stored array.") from None


def answer_to_json(answer: object) -> dict[str, Any] | None:
    """Return an answer in a form that a notebook can store; None if there is none yet."""
    if _judging.is_missing(answer):
        return None
    truth = _judging.read(answer, wants_truth=True)
    given = _judging.read(answer) if isinstance(truth, str) else truth.astype(bool)
    if isinstance(given, str):
        return {"text": shown(answer)}
    if given.size > LARGEST:
        return {"text": f"an array of the shape {given.shape}"}
    return to_json(given)
