"""Exercises: checks explain mistakes, and nothing needs the cells that learners do not get."""

import ast
import itertools
from pathlib import Path
import re

from mfbook.course import _judging, _recorded
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TITLE = re.compile(r"# @title (Check|Solution) (\w+\.\d+)")
# Their questions are answered in words, with yes or no, or by a clock.
UNCHECKED = {"1.1", "2.1", "6.2", "11.4", "A.3", "B.1", "B.3", "C.3", "C.4"}


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def cells(request):
    return [c for c in nbformat.read(request.param, as_version=4).cells if c.cell_type == "code"]


def names(source):
    """Return the names that a cell reads and those that it sets."""
    tree = ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))
    read, stored = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            stored.add(node.name)
        elif isinstance(node, ast.alias):
            stored.add((node.asname or node.name).split(".")[0])
    return read, stored


def needed_of_exercises(cells):
    """Return which cells read a name that another exercise's check or solution has set last."""
    made, found = {}, []
    for cell in cells:
        title = TITLE.match(cell.source)
        exercise = title and title[2]
        read, stored = names(cell.source)
        for name in read - stored:
            if made.get(name, exercise) != exercise:
                found.append((cell.source.split("\n")[0], name, made[name]))
        if exercise:
            made |= dict.fromkeys(stored, exercise)
        else:
            made = {name: by for name, by in made.items() if name not in stored}
    return found


def test_every_exercise_with_a_number_is_checked():
    sources = "\n\n".join(
        cell.source for path in PATHS for cell in nbformat.read(path, as_version=4).cells
    )
    exercises = re.findall(r"### Exercise (\w+\.\d+)", sources)
    checked = re.findall(r"# @title Check (\w+\.\d+)", sources)
    assert set(exercises) - set(checked) == UNCHECKED
    assert [name for name in exercises if name in set(checked)] == checked


def test_an_answer_is_checked_under_its_own_name(cells):
    for before, cell in itertools.pairwise(cells):
        title = TITLE.match(cell.source)
        if title and title[1] == "Check":
            variable = f"answer_{title[2].replace('.', '_')}"
            assert before.source == f"{variable} = ..."
            call = ast.parse(cell.source).body[-1].value
            assert ast.unparse(call.func) == "answers.check"
            assert [ast.unparse(a) for a in call.args] == [repr(title[2]), variable]
            mistakes = next(k.value for k in call.keywords if k.arg == "mistakes")
            assert len(mistakes.elts) >= 2


def test_nothing_needs_a_check_or_solution_of_another_exercise(cells):
    assert needed_of_exercises(cells) == []


def test_a_cell_that_needs_a_solution_is_found():
    sources = ["n = 1", "# @title Solution 1.1\nn = m = 2", "# @title Solution 1.2\nprint(m)"]
    sources += ["print(n)", "n = 3", "print(n)"]
    made = [nbformat.v4.new_code_cell(source) for source in sources]
    wanted = [("# @title Solution 1.2", "m", "1.1"), ("print(n)", "n", "1.1")]
    assert needed_of_exercises(made) == wanted


@pytest.mark.parametrize("exercise", _recorded.recorded()["ml-100k"])
def test_each_mistake_gets_its_own_sentence(exercise):
    """On MovieLens, no mistake is within the tolerance of the right answer or of another one."""
    key = _recorded.find(exercise, "ml-100k")
    assert _judging.judge(key.expected.tolist(), key).state == "right"
    for mistake, sentence in key.mistakes:
        assert _judging.judge(mistake.tolist(), key).message == f"Not yet: {sentence}"
