"""The check cells say what is wrong with an answer, not only that it is wrong."""

from mfbook import exercises
import numpy as np
import pytest

SLIPS = [(4.0, "that is the width.")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "Not answered yet"),
        (3, "Right."),
        (np.float32(3.0004), "Right."),
        (4, "that is the width"),
        ("3", "'3' is text"),
        (max, "is a function"),
        ({}, "cannot be read"),
        ([3, 3], "has the shape (2,)"),
        (np.nan, "not finite"),
        (-3, "sign"),
        (300, "percent"),
        (3.1, "too large"),
        (2.9, "too small"),
    ],
)
def test_an_answer_is_told_what_is_wrong(answer, words, capsys):
    exercises.check(answer, 3, slips=SLIPS)
    assert words in capsys.readouterr().out


def test_of_several_numbers_the_worst_is_named(capsys):
    exercises.check([1.0, 2.5, 3.1], [1.0, 2.0, 3.0])
    assert "[1] is furthest off; your answer is too large" in capsys.readouterr().out
