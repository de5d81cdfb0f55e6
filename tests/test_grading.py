"""The table of a class is right, whatever was handed in, and nothing in it is run unasked."""

import csv
import json
import os
from pathlib import Path
import random

import mfbook
from mfbook import grading
from mfbook.__main__ import main
from mfbook.course import _recorded, answers
from mfbook.grading import _files, _run, _table
import numpy as np
import pytest


def number(value):
    return {"expected": {"shape": [], "values": [value]}, "tolerance": 0.001, "mistakes": []}


BOOK = {
    "ml-100k": {"1.2": number(0.0634), "1.3": number(5.0), "2.1": number(1.5)},
    "synthetic": {"1.2": number(0.08), "1.3": number(5.0)},
}
TITLE = {"cell_type": "markdown", "metadata": {}, "source": ["# 1 · Prepare the data\n", "\n", "x"]}
FROM_BOOK = f"""\
from mfbook.course import _recorded, answers
_recorded.recorded = lambda: {BOOK!r}
"""


@pytest.fixture(autouse=True)
def recorded(monkeypatch):
    """Let the course have three exercises, and no learner an influence on the data set."""
    monkeypatch.setattr(_recorded, "recorded", lambda: BOOK)
    monkeypatch.setattr(answers, "_session", {})
    monkeypatch.setenv("MFBOOK_DATASET", "ml-100k")


@pytest.fixture
def handed_in(tmp_path):
    """Return the folder with what a class has handed in."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    return folder


def code(source, *outputs):
    outputs = [{"output_type": "execute_result", "metadata": {}, "data": o} for o in outputs]
    outputs = [output | {"execution_count": 1} for output in outputs]
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": outputs,
    }


def check(exercise, answer, /, source=None, **changes):
    """Return a check cell that was run, with changes in its stored result."""
    variable = f"answer_{exercise.replace('.', '_')}"
    original = f'# @title Check {exercise}\nanswers.check("{exercise}", {variable})'
    bundle = json.loads(json.dumps(answers.check(exercise, answer)._repr_mimebundle_()))
    bundle[answers.MIME] |= changes
    return code(source or original, bundle)


def put(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )


def graded(folder, **arguments):
    """Return the rows of the table: (learner, exercise) → row, and the rows of broken files."""
    table = folder.parent / "grades.csv"
    table.unlink(missing_ok=True)
    grading.grade(folder, table, **arguments)
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    exercises = {(row["learner"], row["exercise"]): row for row in rows if row["exercise"]}
    broken = [row for row in rows if not row["exercise"]]
    assert len(rows) == len(exercises) + len(broken), "one row for each learner and exercise"
    assert {row["state"] for row in broken} <= {"broken"}
    return exercises, broken


def state_of(folder, *cells):
    """Return state and message of exercise 1.2 in a notebook with these cells."""
    put(folder / "ann.ipynb", TITLE, *cells)
    row = graded(folder)[0]["ann", "1.2"]
    return row["state"], row["message"]


def test_twelve_notebooks(handed_in, tmp_path, monkeypatch, capsys):
    right, five = check("1.2", 0.0634), check("1.3", 5)
    trap = tmp_path / "trap"
    put(handed_in / "right/01.ipynb", TITLE, right, five)
    put(handed_in / "wrong/01.ipynb", TITLE, check("1.2", 6.34), check("1.3", 7))
    put(handed_in / "missing/01.ipynb", TITLE, check("1.2", ...))
    put(handed_in / "broken/01.ipynb")
    (handed_in / "broken/01.ipynb").write_text('{"cells": [')
    changed = 'answers.check("1.2", 0.0634, expected=0.0634)'
    put(handed_in / "edited/01.ipynb", TITLE, check("1.2", 0.0634, changed), five)
    put(handed_in / "forged/01.ipynb", TITLE, check("1.2", 9, state="right"), five)
    put(handed_in / "cleared/01.ipynb", TITLE, code(right["source"]), code(five["source"]))
    put(handed_in / "twice/01.ipynb", TITLE, right, five)
    put(handed_in / "twice/01 (1).ipynb", TITLE, check("1.2", 1), five)
    (handed_in / "empty.ipynb").write_text("")
    put(handed_in / "old.ipynb", TITLE, check("1.2", 0.0634, version="0.0.9"), five)
    put(handed_in / "trap.ipynb", TITLE, code(f"open({str(trap)!r}, 'w')"), check("1.2", 0.0634))
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    put(handed_in / "twin.ipynb", TITLE, check("1.2", 0.08), check("1.3", 5))
    monkeypatch.setenv("MFBOOK_DATASET", "ml-100k")

    table = tmp_path / "class.csv"
    assert main(["grade", str(handed_in), "--table", str(table)]) is None
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert " ".join(printed.pop()) == f"{table} has 26 rows for 12 learners."
    states = ["right", "wrong", "missing", "edited", "no", "output", "duplicate", "broken"]
    assert printed[0] == states
    assert ["twice", "1", "0", "0", "0", "0", "1", "0"] in printed

    exercises, broken = graded(handed_in)
    assert {key: row["state"] for key, row in exercises.items()} == {
        ("broken", "1.2"): "missing",
        ("broken", "1.3"): "missing",
        ("cleared", "1.2"): "no output",
        ("cleared", "1.3"): "no output",
        ("edited", "1.2"): "edited",
        ("edited", "1.3"): "right",
        ("empty", "1.2"): "missing",
        ("empty", "1.3"): "missing",
        ("forged", "1.2"): "edited",
        ("forged", "1.3"): "right",
        ("missing", "1.2"): "missing",
        ("missing", "1.3"): "missing",
        ("old", "1.2"): "right",
        ("old", "1.3"): "right",
        ("right", "1.2"): "right",
        ("right", "1.3"): "right",
        ("trap", "1.2"): "right",
        ("trap", "1.3"): "missing",
        ("twice", "1.2"): "duplicate",
        ("twice", "1.3"): "right",
        ("twin", "1.2"): "right",
        ("twin", "1.3"): "right",
        ("wrong", "1.2"): "wrong",
        ("wrong", "1.3"): "wrong",
    }
    assert not trap.exists()
    assert [(row["learner"], row["message"].split(" (")[0]) for row in broken] == [
        ("broken", "broken/01.ipynb is not JSON in UTF-8"),
        ("empty", "empty.ipynb is empty."),
    ]
    assert exercises["wrong", "1.2"]["message"].startswith("Not yet: that is in percent")
    assert exercises["missing", "1.2"]["message"].startswith("Not answered yet")
    assert exercises["missing", "1.3"]["message"].startswith("No check cell of this exercise")
    assert "was changed. Without that, right: Right." in exercises["edited", "1.2"]["message"]
    assert exercises["forged", "1.2"]["message"] == (
        "The stored result says 'right', but the stored answer is wrong."
    )
    assert "another version of mfbook" in exercises["old", "1.2"]["message"]
    assert exercises["twin", "1.2"] == {
        "learner": "twin",
        "exercise": "1.2",
        "file": "twin.ipynb",
        "state": "right",
        "answer": "0.08",
        "message": "Right.",
        "data set": "synthetic",
        "version": mfbook.__version__,
    }
    assert exercises["twice", "1.3"]["file"] == "twice/01 (1).ipynb, twice/01.ipynb"
    assert (
        "twice/01 (1).ipynb: wrong; twice/01.ipynb: right" in (exercises["twice", "1.2"]["message"])
    )


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "right"),
        ({"answer": None}, "edited"),
        ({"answer": None, "state": "missing"}, "missing"),
        ({"answer": {"text": "=cmd"}}, "edited"),
        ({"answer": {"text": "'a'"}, "state": "wrong"}, "wrong"),
        ({"answer": {"shape": [1], "values": [0.0634]}, "state": "wrong"}, "wrong"),
        ({"answer": {"shape": [], "values": [10**400]}, "state": "wrong"}, "wrong"),
        ({"answer": 0.0634}, "edited"),
        ({"answer": {"shape": [9], "values": []}}, "edited"),
        ({"state": "wrong"}, "edited"),
        ({"state": ["right"]}, "edited"),
        ({"state": "wrong", "version": "9"}, "right"),
        ({"version": 1}, "edited"),
        ({"dataset": "mine"}, "edited"),
        ({"dataset": ["ml-100k"]}, "edited"),
        ({"dataset": "synthetic"}, "edited"),
        ({"dataset": "synthetic", "state": "wrong"}, "wrong"),
        ({"recorded": number(0.0634), "message": "Right!"}, "right"),
    ],
)
def test_only_the_stored_answer_counts(handed_in, changes, state):
    assert state_of(handed_in, check("1.2", 0.0634, **changes))[0] == state


def test_a_result_without_its_parts_is_none(handed_in):
    bundle = {answers.MIME: {"exercise": "1.2"}}
    cell = code('answers.check("1.2", answer_1_2)', bundle)
    assert state_of(handed_in, cell) == (
        "edited",
        "The stored result is not one that the course writes.",
    )
    changed = cell | {"source": 'answers.check("1.2", 1)'}
    assert state_of(handed_in, changed)[0] == "edited"


@pytest.mark.parametrize(
    ("source", "is_original"),
    [
        ('answers.check("1.2", answer_1_2)', True),
        (["# my note\n", "answers.check('1.2',\n", "    answer_1_2)\n"], True),
        ('answers.check("1.2", answer_1_3)', False),
        ('answers.check("1.2", answer_1_2, tolerance=9)', False),
        ('answers.check("1.3", answer_1_3)', False),
        ('answer_1_2 = 0.0634\nanswers.check("1.2", answer_1_2)', False),
        ('display(FORGED)  # answers.check("1.2", answer_1_2)', False),
        ("", False),
    ],
)
def test_the_check_cell_must_be_that_of_the_course(handed_in, source, is_original):
    state, message = state_of(handed_in, check("1.2", 0.0634) | {"source": source})
    assert state == ("right" if is_original else "edited"), message


def test_a_changed_check_without_a_result_is_edited(handed_in):
    assert state_of(handed_in, code('x = answers.check("1.2", answer_1_2)')) == (
        "edited",
        "The check cell was changed. Without that, no output: The check cell shows no result.",
    )


def test_the_last_check_that_shows_a_result_counts(handed_in):
    cells = check("1.2", 9), check("1.2", 0.0634), code('answers.check("1.2", answer_1_2)')
    assert state_of(handed_in, *cells)[0] == "right"


def test_an_error_in_a_check_cell_is_named(handed_in):
    cell = code('answers.check("1.2", answer_1_2)')
    cell["outputs"] = [
        {"output_type": "error", "ename": "NameError", "evalue": "", "traceback": []}
    ]
    assert state_of(handed_in, cell) == (
        "no output",
        "The check cell shows no result; it ended with NameError.",
    )


def test_an_exercise_that_is_not_recorded_for_the_data_set_is_not_judged(handed_in):
    put(handed_in / "ann.ipynb", TITLE, check("2.1", 1.5, dataset="synthetic"))
    row = graded(handed_in)[0]["ann", "2.1"]
    assert row["state"] == "not judged"
    assert "exercise 2.1 is not recorded for the data set synthetic" in row["message"]


def test_an_untouched_copy_and_the_solutions_say_nothing(handed_in):
    put(handed_in / "ann/01.ipynb", TITLE, check("1.2", ...), code(check("1.3", 5)["source"]))
    put(handed_in / "ann/mine.ipynb", TITLE, check("1.2", 0.0634), check("1.3", ...))
    about = TITLE | {"source": "# Solutions: 1 · Prepare the data"}
    put(handed_in / "ann/solutions.ipynb", about, check("1.2", 9), check("2.1", 9))
    states = {key[1]: row["state"] for key, row in graded(handed_in)[0].items()}
    assert states == {"1.2": "right", "1.3": "no output"}


def test_exercises_come_from_the_course(handed_in):
    put(handed_in / "ann.ipynb", TITLE)
    put(handed_in / "bob.ipynb", check("1.2", 0.0634), check("7.7", ...))
    put(handed_in / "cid.ipynb", code("1"))
    states = {key: row["state"] for key, row in graded(handed_in)[0].items()}
    assert states == {
        (learner, exercise): "right" if (learner, exercise) == ("bob", "1.2") else "missing"
        for learner in ("ann", "bob", "cid")
        for exercise in ("1.2", "1.3")
    }


BROKEN = {
    b" \n": "is empty",
    b"PK\x03\x04\xff\xfe": "is not JSON in UTF-8",
    b"[" * 10**6: "is nested too deeply",
    b'{"cells": ' + b"[" * 10**6: "is nested too deeply",
    b"[]": "it has no list of cells",
    b'{"worksheets": []}': "it has no list of cells",
    b'{"cells": {}}': "it has no list of cells",
    b'{"cells": [1]}': "cell 1 has no source",
    b'{"cells": [{"source": ""}, {"source": 1}]}': "cell 2 has no source",
    b'{"cells": [{"source": [1]}]}': "cell 1 has no source",
    b'{"cells": [{"source": "", "outputs": {}}]}': "the outputs of cell 1 are damaged",
    b'{"cells": [{"source": "", "outputs": [1]}]}': "the outputs of cell 1 are damaged",
}


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_notebook_is_a_row_and_the_others_are_graded(handed_in, content):
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    (handed_in / "bob.ipynb").write_bytes(content)
    exercises, broken = graded(handed_in)
    assert exercises["ann", "1.2"]["state"] == "right"
    assert exercises["bob", "1.2"]["state"] == "missing"
    assert [row["learner"] for row in broken] == ["bob"]
    assert BROKEN[content] in broken[0]["message"]


def test_what_is_no_file_is_not_opened(handed_in, tmp_path):
    put(handed_in / "ann/01.ipynb", TITLE, check("1.2", 0.0634))
    (handed_in / "ann/round").symlink_to(handed_in)
    (handed_in / "ann/.ipynb_checkpoints").mkdir()
    put(handed_in / "ann/.ipynb_checkpoints/01-checkpoint.ipynb", TITLE, check("1.2", 1))
    put(handed_in / "__MACOSX/ann/01.ipynb", TITLE, check("1.2", 1))
    (handed_in / "ann/._01.ipynb").write_bytes(b"\0\5\x16\7")
    put(tmp_path / "secret.ipynb", TITLE, check("1.2", 0.0634))
    (handed_in / "bob.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (handed_in / "loop.ipynb").symlink_to("loop.ipynb")
    os.mkfifo(handed_in / "pipe.ipynb")
    with (handed_in / "large.ipynb").open("wb") as file:
        file.truncate(_files.LARGEST + 1)
    exercises, broken = graded(handed_in)
    assert exercises["ann", "1.2"]["state"] == "right"
    assert exercises["bob", "1.2"]["state"] == "missing"
    assert sorted(row["message"] for row in broken) == [
        "ann/round is a link to a folder, which is not followed.",
        "bob.ipynb is a link, which is not followed.",
        "large.ipynb has 20 MB; at most 20 MB are read.",
        "loop.ipynb is a link, which is not followed.",
        "pipe.ipynb is no file.",
    ]


def test_what_may_not_be_read_is_a_row(handed_in, monkeypatch):
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    put(handed_in / "bob.ipynb", TITLE)
    put(handed_in / "cid/01.ipynb", TITLE)
    read, scan = Path.read_bytes, os.scandir

    def refuse(call, name):
        def refused(path):
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return call(path)

        return refused

    monkeypatch.setattr(Path, "read_bytes", refuse(read, "bob.ipynb"))
    monkeypatch.setattr(os, "scandir", refuse(scan, "cid"))
    exercises, broken = graded(handed_in)
    assert exercises["ann", "1.2"]["state"] == "right"
    assert [(row["learner"], row["message"]) for row in broken] == [
        ("bob", "bob.ipynb cannot be read: Permission denied."),
        ("cid", "cid cannot be read: Permission denied."),
    ]


def test_what_nobody_foresaw_is_a_row(handed_in, monkeypatch):
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    put(handed_in / "bob.ipynb", TITLE, check("1.3", 5))
    find = _recorded.find
    monkeypatch.setattr(_recorded, "find", lambda e, d: find(e, d) if e == "1.2" else 1 / 0)
    exercises, broken = graded(handed_in)
    assert exercises["ann", "1.2"]["state"] == "right"
    assert [row["message"] for row in broken] == [
        "bob.ipynb could not be judged (ZeroDivisionError: division by zero)."
    ]


def test_no_damage_to_a_notebook_stops_the_table(handed_in):
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    whole = json.loads((handed_in / "ann.ipynb").read_text())
    rng = random.Random(0)
    for n in range(300):
        put(handed_in / f"n{n}.ipynb")
        (handed_in / f"n{n}.ipynb").write_text(json.dumps(damaged(whole, rng)))
    exercises, broken = graded(handed_in)
    assert exercises["ann", "1.2"]["state"] == "right"
    unforeseen = [row["message"] for row in broken if "could not be judged" in row["message"]]
    assert unforeseen == []
    assert len({row["state"] for row in exercises.values()}) >= 4


def damaged(value, rng):
    """Return a copy of a notebook's content in which one value is of another type."""
    copy = json.loads(json.dumps(value))
    places = []

    def visit(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                visit(node[key])

    visit(copy)
    node, key = rng.choice(places)
    node[key] = rng.choice([None, 0, -1, 1e400, "x", [], {}, [None], {"x": 1}, True, [[]]])
    return copy


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann Lee", "Ann Lee"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1-800", "'+1-800"),
        ("-1+cmd", "'-1+cmd"),
        ("@sum", "'@sum"),
        ("  =1", "'  =1"),
        ("\t=1", "'?=1"),
        ("＝1", "'＝1"),
        ("-0.25", "-0.25"),
        ("1e-05", "1e-05"),
        ("a\x1b[2Jb\r\n", "a?[2Jb??"),
        ("\udcff", "?"),
    ],
)
def test_a_learners_text_is_harmless(text, shown):
    if text.startswith("\t"):
        assert not _table.harmless(text).startswith(("=", "\t"))
    else:
        assert _table.harmless(text) == shown


def test_no_cell_of_the_table_is_a_formula(handed_in):
    forged = check("1.2", 0.0634, answer={"text": "=1+1"}, state="wrong", version="@x")
    put(handed_in / "=cmd|x/01.ipynb", TITLE, forged)
    graded(handed_in)
    text = (handed_in.parent / "grades.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(text.splitlines()))[1] == [
        "'=cmd|x",
        "1.2",
        "'=cmd|x/01.ipynb",
        "wrong",
        "'=1+1",
        "Not yet: the answer is no number. (It was checked by another version of mfbook.)",
        "ml-100k",
        "'@x",
    ]


def test_a_table_is_never_overwritten(handed_in, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    assert main(["grade", "handed in"]) is None
    before = Path("grades.csv").read_bytes()
    assert main(["grade", "handed in"]) == (
        "grades.csv exists. Move it away, or name another file with --table."
    )
    assert Path("grades.csv").read_bytes() == before
    assert "There is no folder nowhere" in main(["grade", "handed in", "--table", "nowhere/g.csv"])
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "Nothing can be written into" in main(["grade", "handed in", "--table", "new.csv"])


def test_a_table_is_written_as_a_whole_or_not_at_all(handed_in, tmp_path, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    put(handed_in / "ann.ipynb", TITLE, check("1.2", 0.0634))
    monkeypatch.setattr(Path, "replace", full)
    table = tmp_path / "grades.csv"
    assert main(["grade", str(handed_in), "--table", str(table)]) == (
        f"{table} was not written: No space left on device."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["handed in"]


def test_without_a_notebook_there_is_no_table(handed_in, tmp_path):
    table = tmp_path / "grades.csv"
    assert "There is no notebook" in main(["grade", str(handed_in), "--table", str(table)])
    nothing = str(tmp_path / "nothing")
    assert "is no folder" in main(["grade", nothing, "--table", str(table)])
    assert not table.exists()


def test_notebooks_are_run_where_the_instructor_asks_for_it(handed_in, tmp_path):
    forged = check("1.2", 0.0634)
    trace = f"import pathlib; pathlib.Path({str(tmp_path / 'run')!r}).write_text('run')"
    mine = code("open('mine.txt', 'w').write('x')")
    put(
        handed_in / "ann.ipynb",
        TITLE,
        code(FROM_BOOK + trace),
        mine,
        code("answer_1_2 = 6.34"),
        code("1 / 0"),
        forged,
    )
    put(handed_in / "bob.ipynb", TITLE, code("import os; os._exit(1)"), forged)
    before = (handed_in / "ann.ipynb").read_bytes()
    exercises, broken = graded(handed_in, run=True)
    row = exercises["ann", "1.2"]
    assert (row["state"], row["answer"]) == ("wrong", "6.34")
    assert (tmp_path / "run").read_text() == "run"
    assert (handed_in / "ann.ipynb").read_bytes() == before
    assert not (handed_in / "mine.txt").exists()
    assert exercises["bob", "1.2"]["state"] == "no output"
    assert [row["message"].split(":")[0] for row in broken] == [
        "bob.ipynb could not be run to its end"
    ]


def test_a_run_ends_in_time(handed_in, monkeypatch):
    monkeypatch.setattr(_run, "LONGEST", 1)
    loop = code("while True: pass")
    put(handed_in / "ann.ipynb", TITLE, loop, check("1.2", 0.0634))
    exercises, broken = graded(handed_in, run=True)
    assert exercises["ann", "1.2"]["state"] == "no output"
    assert [row["message"] for row in broken] == ["ann.ipynb was stopped after 1 seconds."]


def test_a_missing_package_is_named_before_a_run(handed_in, monkeypatch):
    put(handed_in / "ann.ipynb", TITLE)
    monkeypatch.setitem(__import__("sys").modules, "nbclient", None)
    with pytest.raises(ValueError, match=r"nbclient is needed\. Run `pip install"):
        graded(handed_in, run=True)


def test_numbers_are_shown_as_they_are(handed_in):
    put(handed_in / "ann.ipynb", TITLE, check("1.2", np.array([-1.5, np.nan])))
    assert graded(handed_in)[0]["ann", "1.2"]["answer"] == "[-1.5, nan]"


def test_a_long_text_is_cut(handed_in):
    long = {"answer": {"text": "x" * 10**6}, "state": "wrong", "version": "9" * 10**6}
    put(handed_in / "ann.ipynb", TITLE, check("1.2", 1, **long))
    row = graded(handed_in)[0]["ann", "1.2"]
    assert (row["answer"], row["version"]) == ("x" * 60, "9" * 60)
