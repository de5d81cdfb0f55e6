"""The check cells say what is wrong with an answer, not only that it is wrong."""

from mfbook.course import answers
import numpy as np
import pandas as pd
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
    answers.check(answer, expected=3, mistakes=MISTAKES)
    assert words in capsys.readouterr().out


def test_of_several_values_the_worst_is_named(capsys):
    answers.check([1.0, 2.5, 3.1], expected=[1.0, 2.0, 3.0])
    assert "[1] is furthest off; your answer is too large" in capsys.readouterr().out


def test_tolerance_is_the_largest_difference_that_is_accepted(capsys):
    answers.check(3.02, expected=3, tolerance=0.03)
    answers.check(3.02, expected=3)
    assert capsys.readouterr().out.splitlines() == ["Right.", "Not yet: your answer is too large."]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (True, "True is a truth value; the answer must be a number"),
        (np.bool_(True), "is a truth value"),
        ([True], "is a truth value"),
        (b"1", "b'1' is text in bytes; the answer must be a number"),
        (["1"], "['1'] is text"),
        ("1" * 100, "your answer is text"),
        (1 + 0j, "(1+0j) is complex"),
        (np.datetime64("1970-01-01"), "is a date"),
        (np.timedelta64(1, "s"), "is a time span"),
        (10**400, "too large for a number of double precision"),
        ([[1], [2, 3]], "list cannot be read as numbers"),
        (np.inf, "not finite"),
        (-np.inf, "not finite"),
    ],
)
def test_what_is_no_number_is_not_taken_for_one(answer, words, capsys):
    answers.check(answer, expected=1)
    out = capsys.readouterr().out
    assert words in out
    assert "Right" not in out


def test_an_infinite_answer_can_be_right_or_a_known_mistake(recwarn, capsys):
    answers.check(np.inf, expected=np.inf)
    answers.check(np.inf, expected=1, mistakes=[(np.inf, "you divided by 0.")])
    answers.check(-np.inf, expected=np.inf)
    answers.check(1, expected=np.inf)
    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert (first, second) == ("Right.", "Not yet: you divided by 0.")
    assert "not finite" in third
    assert "too small" in fourth
    assert not recwarn.list


def test_an_answer_near_zero_has_no_wrong_sign(capsys):
    answers.check(1e-9, expected=0, tolerance=1e-12)
    assert capsys.readouterr().out == "Not yet: your answer is too large.\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (pd.Series(["1"]), "has text; the answer must be a number"),
        (pd.Series([True], dtype=object), "has a truth value"),
        (np.array([1.0, b"1"], object)[1:], "has text in bytes"),
        ([pd.Timestamp(0)], "cannot be read as numbers"),
        (pd.Series([None], dtype=object), "not finite"),
        ([1e308], "too large"),
    ],
)
def test_columns_are_judged_by_their_values(answer, words, recwarn, capsys):
    answers.check(answer, expected=[1])
    out = capsys.readouterr().out
    assert words in out and "Right" not in out
    answers.check(pd.Series([1]), expected=[1])
    answers.check(pd.Series([1], dtype=object), expected=[1])
    assert capsys.readouterr().out == "Right.\nRight.\n"
    assert not recwarn.list


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"expected": None}, "expected is None, which is not a number"),
        ({"expected": ["3"]}, r"expected\[0\] is '3'"),
        ({"expected": np.nan}, "expected has NaN"),
        ({"tolerance": None}, "tolerance is None; it must be a finite number, 0 or more"),
        ({"tolerance": "0.1"}, "tolerance is '0.1'"),
        ({"tolerance": -1}, "tolerance is -1"),
        ({"tolerance": np.nan}, "tolerance is nan"),
        ({"tolerance": np.inf}, "tolerance is inf"),
        ({"mistakes": None}, "mistakes is None; it must be a list of wrong answers"),
        ({"mistakes": {3: "no"}}, "mistakes is {3: 'no'}"),
        ({"mistakes": [3]}, "mistakes has 3; each must be a wrong answer and a sentence"),
        ({"mistakes": [(3, None)]}, r"mistakes has \(3, None\)"),
        ({"mistakes": [("a", "no.")]}, "a mistake is 'a', which is not a number"),
    ],
)
def test_a_wrong_exercise_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        answers.check(3, **{"expected": 3} | arguments)
