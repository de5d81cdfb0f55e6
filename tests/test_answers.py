"""The check cells say what is wrong with an answer, not only that it is wrong."""

import json
from pathlib import Path

import mfbook
from mfbook import course
from mfbook.course import _recorded, answers
from mfbook.datasets import DataError
import nbformat
import numpy as np
import pandas as pd
import pytest

from tools import answers as recording

MISTAKES = [(4.0, "that is the width.")]


def message(answer, **arguments):
    """Return what a check says about an answer."""
    return answers.check("1.2", answer, **arguments).message


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """Let no exercise be checked in this session yet."""
    monkeypatch.setattr(answers, "_session", {})


@pytest.fixture
def recorded(monkeypatch):
    """Record some answers for MovieLens only, and work on MovieLens."""
    one = {"expected": {"shape": [], "values": [0.0634]}, "tolerance": 0.001, "mistakes": []}
    known = {"shape": [2], "values": [1.0, 2.0]}
    two = {"expected": known, "tolerance": 0.001, "mistakes": [[known | {"shape": [2, 1]}, "no."]]}
    book = {"ml-100k": {"1.10": one, "1.2": two, "2.1": one}, "synthetic": {"2.1": one}}
    monkeypatch.setattr(_recorded, "recorded", lambda: book)
    monkeypatch.setenv("MFBOOK_DATASET", "ml-100k")


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
def test_a_wrong_answer_is_explained(answer, words):
    result = answers.check("1.2", answer, expected=3, mistakes=MISTAKES)
    assert words in result.message
    assert result.state == {"Not answered yet": "missing", "Right.": "right"}.get(words, "wrong")


def test_of_several_values_the_worst_is_named():
    said = message([1.0, 2.5, 3.1], expected=[1.0, 2.0, 3.0])
    assert "[1] is furthest off; your answer is too large" in said


def test_tolerance_is_the_largest_difference_that_is_accepted():
    assert message(3.02, expected=3, tolerance=0.03) == "Right."
    assert message(3.02, expected=3) == "Not yet: your answer is too large."


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
def test_what_is_no_number_is_not_taken_for_one(answer, words):
    result = answers.check("1.2", answer, expected=1)
    assert words in result.message
    assert result.state == "wrong"


def test_an_infinite_answer_can_be_right_or_a_known_mistake(recwarn):
    by_zero = (np.inf, "you divided by 0.")
    assert message(np.inf, expected=np.inf) == "Right."
    assert message(np.inf, expected=1, mistakes=[by_zero]) == "Not yet: you divided by 0."
    assert "too small" in message(-np.inf, expected=np.inf)
    assert "too small" in message(1, expected=np.inf)
    assert "not finite" in message(np.inf, expected=1)
    assert not recwarn.list


def test_an_answer_near_zero_has_no_wrong_sign():
    said = message(1e-9, expected=0.0, tolerance=1e-12)
    assert said == "Not yet: your answer is too large."


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
def test_columns_are_judged_by_their_values(answer, words, recwarn):
    assert words in message(answer, expected=[1])
    assert message(pd.Series([1]), expected=[1]) == "Right."
    assert message(pd.Series([1], dtype=object), expected=[1]) == "Right."
    assert not recwarn.list


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exercise": 1.2}, 'exercise is 1.2; pass its number as text, for example "1.2"'),
        ({"exercise": "one"}, "exercise is 'one'"),
        ({"expected": "3"}, "expected is '3', which is not a number"),
        ({"expected": np.zeros(1001)}, "expected has 1001 values; an answer may have at most 1000"),
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
        answers.check(**{"exercise": "1.2", "answer": 3, "expected": 3} | arguments)


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (6.34, 0.0634, "in percent; give a share instead"),
        (6.3, 0.0634, "in percent"),
        (0.0634, 6.34, "a share; give percent instead"),
        ([6.34, 25], [0.0634, 0.25], "in percent"),
        (-0.0634, 0.0634, "the sign is the wrong way round"),
        ([-1.5, 2.0], [1.5, -2.0], "the sign is the wrong way round"),
        (0.06, 0.0634, "too few digits; give 3 digits after the decimal point"),
        (0.93, 0.9382, "too few digits"),
        (0.94, 0.9382, "too few digits"),
        (21, 21.37, "too few digits"),
        ([0.94, 0.2], [0.9382, 0.2011], "too few digits"),
        ([2.0, 1.0], [1.0, 2.0], "the right values in another order"),
        ([[1.0], [2.0]], [1.0, 2.0], "the values are right, but your answer has the shape (2, 1)"),
        ([3.0], 3.0, "the values are right, but your answer has the shape (1,); it must be ()"),
        ([[1, 3], [2, 4]], [[1.0, 2.0], [3.0, 4.0]], "rows and columns are exchanged"),
        ([[1, 3], [2, 4], [5, 6]], [[1.0, 2, 5], [3, 4, 6]], "rows and columns are exchanged"),
    ],
)
def test_what_led_to_a_wrong_answer_is_recognized(answer, expected, words):
    result = answers.check("1.2", answer, expected=expected)
    assert words in result.message
    assert result.message == f"Not yet: {result.mistake}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        # one digit of 0.94, and none of 3.5, is another number
        (1, 0.9382),
        (4, 3.5),
        (3, 3.5),
        (0.1, 0.0634),
        # no factor of 2, and no hundred times 0
        (0.1268, 0.0634),
        (0.05, 0.0),
        # numbers of things are no shares
        (0.16, 16),
        ([3.0, 2.0], [1.0, 2.0]),
        ([1e308, -1e308], [-1.0, 1e308]),
    ],
)
def test_no_mistake_is_seen_where_there_is_none(answer, expected, recwarn):
    result = answers.check("1.2", answer, expected=expected)
    assert (result.state, result.mistake) == ("wrong", None)
    assert not recwarn.list


def test_a_known_mistake_comes_before_what_is_recognized():
    said = message([[1.0], [2.0]], expected=[1.0, 2.0], mistakes=[([[1.0], [2.0]], "a column.")])
    assert said == "Not yet: a column."


def test_a_number_of_things_is_whole():
    assert "a whole number" in message(21.5, expected=21, tolerance=0)
    assert message(2100, expected=21, tolerance=0) == "Not yet: your answer is too large."
    assert message(21.0, expected=21, tolerance=0) == "Right."


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (True, True, "Right."),
        (np.bool_(False), True, "the other of the two is right"),
        ([True, False], [True, True], "1 of the 2 values are wrong"),
        (1, True, "1 is no truth value; the answer must be True or False"),
        ("yes", False, "'yes' is no truth value"),
        ([True], True, "the values are right, but your answer has the shape (1,)"),
    ],
)
def test_an_answer_can_be_true_or_false(answer, expected, words):
    assert words in message(answer, expected=expected)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("1.10", 0.0634, "Right."),
        ("1.10", 6.34, "in percent"),
        ("1.2", [1, 2], "Right."),
        ("1.2", [[1], [2]], "Not yet: no."),
        ("1.3", 1, "no exercise 1.3 with a recorded answer; those of chapter 1: 1.2, 1.10."),
        ("9.3", 1, "those of chapter 9: none."),
        ("9.3", ..., "Not answered yet"),
    ],
)
def test_without_an_expected_answer_the_recorded_one_counts(recorded, exercise, answer, words):
    result = answers.check(exercise, answer)
    assert words in result.message
    assert result.recorded is None


def test_an_answer_that_is_recorded_for_the_other_data_set_only(recorded, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    assert answers.check("2.1", 0.0634).state == "right"
    result = answers.check("1.2", 1)
    assert result.message == (
        "The answer to exercise 1.2 is not recorded for the data set synthetic."
    )
    assert result.state == "missing"
    monkeypatch.setenv("MFBOOK_DATASET", "mine")
    with pytest.raises(DataError, match="no data set 'mine'"):
        answers.check("1.2", 1)


@pytest.mark.parametrize(
    ("answer", "stored"),
    [
        (..., None),
        (np.float32(0.5), {"shape": [], "values": [0.5]}),
        (pd.Series([1, np.nan]), {"shape": [2], "values": [1.0, "nan"]}),
        (-np.inf, {"shape": [], "values": ["-inf"]}),
        ([[True, False]], {"shape": [1, 2], "values": [True, False]}),
        ("=1+1", {"text": "'=1+1'"}),
        (np.ones((2000, 2)), {"text": "an array of the shape (2000, 2)"}),
        ("a" * 10**6, {"text": "a value of the type str"}),
    ],
)
def test_a_notebook_stores_the_answer(answer, stored):
    bundle = answers.check("1.2", answer, expected=[1.0])._repr_mimebundle_()
    # JSON has neither NaN nor infinity.
    kept = json.loads(json.dumps(bundle[answers.MIME], allow_nan=False))
    assert kept["answer"] == stored
    assert bundle["text/plain"] == kept["message"]
    if stored and "values" in stored:
        assert np.array_equal(_recorded.from_json(stored), answer, equal_nan=True)


def test_a_notebook_stores_the_key_only_where_it_says_the_key(recorded):
    key = {"expected": {"shape": [], "values": [3]}, "tolerance": 0.001}
    key |= {"mistakes": [[{"shape": [], "values": [4.0]}, "that is the width."]]}
    kept = answers.check("1.2", 4, expected=3, mistakes=MISTAKES)._repr_mimebundle_()[answers.MIME]
    assert kept["recorded"] == key
    assert (kept["exercise"], kept["dataset"], kept["version"]) == (
        "1.2",
        "ml-100k",
        mfbook.__version__,
    )
    assert "recorded" not in answers.check("1.10", 4)._repr_mimebundle_()[answers.MIME]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"text": "no"},
        {"shape": [], "values": [[1]]},
        {"shape": [], "values": ["one"]},
        {"shape": [2], "values": [1]},
        {"shape": None, "values": [1]},
        {"shape": ["2"], "values": [1, 2]},
        {"shape": [1001], "values": [0] * 1001},
        {"shape": [10**30, 0], "values": []},
    ],
)
def test_what_is_no_stored_array_is_refused(stored):
    with pytest.raises(ValueError, match="is no stored array"):
        _recorded.from_json(stored)


def test_progress_shows_the_last_result_of_each_exercise(recorded, capsys):
    course.progress()
    assert capsys.readouterr().out.startswith("No answer was checked in this session.")
    answers.check("2.1", 0.0634)
    for answer in (..., 6.34, 0.0634):
        answers.check("1.10", answer)
    answers.check("1.2", ...)
    assert course.progress() is None
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["1.2", "missing"],
        ["1.10", "right"],
        ["2.1", "right"],
    ]
    assert lines[3:] == [
        f"Chapters 1, 2: 2 right of 3 checked (ml-100k, mfbook {mfbook.__version__})"
    ]
    assert max(map(len, lines)) < 100


def test_the_course_has_no_other_name():
    with pytest.raises(AttributeError, match="no attribute 'progres'"):
        course.progres  # noqa: B018


def test_the_recorded_answers_are_those_of_the_notebooks():
    paths = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
    book = _recorded.recorded()
    assert book["ml-100k"], "run python -m tools.answers"
    assert recording.collect(paths) == {"ml-100k": book["ml-100k"]}, "run python -m tools.answers"
    assert list(book["synthetic"]) == list(book["ml-100k"]), "run python -m tools.answers --twin"


def test_every_known_mistake_can_be_recognized():
    # On the twin, two numbers that MovieLens tells apart may happen to be the same.
    movielens = {"ml-100k": _recorded.recorded()["ml-100k"]}
    assert recording.unrecognizable(movielens) == []
    key = {"expected": {"shape": [], "values": [0.5]}, "tolerance": 0.1}
    key |= {"mistakes": [[{"shape": [], "values": [x]}, f"it is {x}."] for x in (0.41, 0.7)]}
    assert recording.unrecognizable({"synthetic": {"1.2": key}}) == [
        "Exercise 1.2 on synthetic: an answer that deserves 'it is 0.41.' counts as right. Choose a "
        "smaller tolerance, or leave that mistake out."
    ]


def chapter(path, *cells):
    """Write a notebook of the authors with these code cells, each with the results it shows."""
    made = [
        nbformat.v4.new_code_cell(
            source,
            outputs=[
                nbformat.v4.new_output("execute_result", r._repr_mimebundle_()) for r in results
            ],
        )
        for source, *results in cells
    ]
    title = nbformat.v4.new_markdown_cell("# 1 · A chapter")
    nbformat.write(nbformat.v4.new_notebook(cells=[title, *made]), path)
    return path


def test_answers_are_recorded_with_nine_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "ml-100k")
    third = answers.check("1.2", ..., expected=1 / 3, mistakes=[(2 / 3, "twice.")])
    count = answers.check("1.10", 1.0, expected=12345678901, tolerance=0)
    exact = answers.check("A.1", ..., expected=[1 / 3], tolerance=0)
    source = 'answers.check("1.2", answer_1_2, expected=1 / 3)'
    path = chapter(
        tmp_path / "01.ipynb",
        ("1 + 1",),
        (source, third),
        ("answers.check(\n    '1.10', 1.0)", count),
        ('x = 1\nanswers.check( "A.1", x)', exact),
    )
    assert recording.collect([path]) == {
        "ml-100k": {
            "1.2": {
                "expected": {"shape": [], "values": [0.333333333]},
                "tolerance": 0.001,
                "mistakes": [[{"shape": [], "values": [0.666666667]}, "twice."]],
            },
            "1.10": {
                "expected": {"shape": [], "values": [12345678901]},
                "tolerance": 0.0,
                "mistakes": [],
            },
            "A.1": {
                "expected": {"shape": [1], "values": [1 / 3]},
                "tolerance": 0.0,
                "mistakes": [],
            },
        }
    }


@pytest.mark.parametrize(
    ("source", "shown", "words"),
    [
        ('answers.check("1.2", 1, expected=1)', [], "checks 1.2 shows no result. Run the notebook"),
        ('answers.check("1.3", 1, expected=1)', ["1.2"], "checks 1.3 shows 1.2."),
        ("answers.check(answer, expected=1)", ["1.2"], "checks answer shows 1.2"),
        ("1", ["1.2"], "checks nothing shows 1.2"),
    ],
)
def test_a_check_that_was_not_run_is_not_recorded(tmp_path, source, shown, words):
    results = [answers.check(exercise, 1, expected=1) for exercise in shown]
    path = chapter(tmp_path / "01.ipynb", (source, *results))
    with pytest.raises(ValueError, match=words):
        recording.collect([path])


def test_no_exercise_is_recorded_twice(tmp_path):
    cell = ('answers.check("1.2", 1, expected=1)', answers.check("1.2", 1, expected=1))
    paths = [chapter(tmp_path / name, cell) for name in ("01.ipynb", "02.ipynb")]
    with pytest.raises(ValueError, match=r"02\.ipynb checks exercise 1\.2 again"):
        recording.collect(paths)


def test_recording_replaces_the_chapters_that_were_read():
    old = {"ml-100k": {"1.2": 1, "1.3": 2, "11.1": 3}, "synthetic": {"1.2": 4}}
    new = {"ml-100k": {"1.10": 5, "1.9": 6}}
    both = recording.merged(old, new)
    assert both == {
        "ml-100k": {"1.9": 6, "1.10": 5, "11.1": 3},
        "synthetic": {"1.2": 4},
    }
    assert list(both["ml-100k"]) == ["1.9", "1.10", "11.1"]
    assert old["ml-100k"] == {"1.2": 1, "1.3": 2, "11.1": 3}
    assert json.loads(recording.as_text(both)) == both
    assert recording.as_text(both).count("\n") == 10
    assert json.loads(recording.as_text({"synthetic": {}})) == {"synthetic": {}}


def test_the_command_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MFBOOK_DATASET", "ml-100k")
    record = tmp_path / "recorded.json"
    record.write_text('{"synthetic": {"1.2": 7}}')
    monkeypatch.setattr(recording, "RECORDED", record)
    with pytest.raises(SystemExit, match="There is no notebook in"):
        recording.main([str(tmp_path)])
    chapter(tmp_path / "01.ipynb", ("1",))
    with pytest.raises(SystemExit, match=r"No notebook in .* checks an answer\."):
        recording.main([str(tmp_path)])
    chapter(tmp_path / "01.ipynb", ('answers.check("1.2", ..., expected=[1, 2])',))
    with pytest.raises(SystemExit, match="shows no result"):
        recording.main([str(tmp_path)])
    assert record.read_text() == '{"synthetic": {"1.2": 7}}'
    source = "from mfbook.course import answers\nanswers.check('1.2', ..., expected=[1, 2])"
    recording.main(
        [
            str(
                chapter(
                    tmp_path / "01.ipynb", (source, answers.check("1.2", ..., expected=[1, 2]))
                ).parent
            )
        ]
    )
    assert capsys.readouterr().out == "ml-100k: 1 answers\n"
    assert list(json.loads(record.read_text())) == ["ml-100k", "synthetic"]
    before = (tmp_path / "01.ipynb").read_bytes()
    recording.main([str(tmp_path), "--twin"])
    stored = json.loads(record.read_text())
    assert stored["synthetic"] == stored["ml-100k"]
    assert stored["synthetic"]["1.2"]["expected"] == {"shape": [2], "values": [1, 2]}
    assert (tmp_path / "01.ipynb").read_bytes() == before
