"""The check cells say what is wrong with an answer, not only that it is wrong."""

from mfbook.course import exercises
import numpy as np
import pytest

MISTAKES = [(4.0, "that is the width.")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "Not answered yet"),
        (None, "Not answered yet"),
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
def test_a_wrong_answer_is_explained(answer, words, capsys):
    exercises.check(answer, expected=3, mistakes=MISTAKES)
    assert words in capsys.readouterr().out


def test_of_several_values_the_worst_is_named(capsys):
    exercises.check([1.0, 2.5, 3.1], expected=[1.0, 2.0, 3.0])
    assert "[1] is furthest off; your answer is too large" in capsys.readouterr().out


def test_tolerance_is_the_largest_difference_that_is_accepted(capsys):
    exercises.check(3.02, expected=3, tolerance=0.03)
    exercises.check(3.02, expected=3)
    assert capsys.readouterr().out.splitlines() == ["Right.", "Not yet: your answer is too large."]
