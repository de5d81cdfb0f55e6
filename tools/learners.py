"""Make a notebook for learners, and one with its solutions, from a notebook of the authors.

The first is the chapter without outputs. Of each exercise it has the text, one cell to write in, and
the check if there is one. Folded hints and solutions move to the second notebook; their outputs
stay there, because a solution needs the chapter above it to run, and nobody should have to run the
chapter to see what a solution prints.
"""

import ast
import copy
import re

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

EXERCISE = re.compile(r"### Exercise (\w+\.\d+): (\w+)")
SOLUTION = re.compile(r"# @title Solution\b")
FOLDED = re.compile(r"<details>.*?</details>\s*", re.DOTALL)
# The pages of the book are not in the kit.
BOOK_LINK = re.compile(r"\[([^\]]+)\]\(\.\./book/[^)]*\)")
# A folded answer outside of the exercises that gives a solution away.
SPOILER = "solution"
ABOUT = """\
# Solutions: {title}

For each exercise: its text, its hint, its check with the right answer, and a solution with what it \
printed on MovieLens 100K. To run a solution, copy its cell into the notebook of the chapter, below \
the exercise. If there is a check, copy that before it: solutions use what their check has computed."""
PROGRESS = "from mfbook import course\n\ncourse.progress()"


def learner(notebook):
    """Notebook for learners, and notebook with the hints and solutions of its exercises.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Of the authors. It is not changed.

    Returns
    -------
    learners, solutions : nbformat.NotebookNode

    Raises
    ------
    ValueError
        If an exercise has no solution, or if its answer cell and its check do not fit together.
    """
    kept, moved = [], []
    for name, cells in _parts(copy.deepcopy(notebook.cells)):
        if name is None:
            spoilers = [cell for cell in cells if SPOILER in cell.metadata.get("tags", [])]
            kept += [cell for cell in cells if cell not in spoilers]
            moved += spoilers
        else:
            kept += _exercise(name, copy.deepcopy(cells))
            moved += [_solved(cell, name) for cell in cells if not _is_answer(cell, name)]
    title = notebook.cells[0].source.split("\n")[0].removeprefix("# ")
    about = new_markdown_cell(ABOUT.format(title=title), id="about")
    kept = [bare for cell in kept if (bare := _bare(cell)).source]
    return _notebook([*kept, new_code_cell(PROGRESS, id="progress")]), _notebook([about, *moved])


def _parts(cells):
    """Yield the name of an exercise, or None, with the cells that belong to it."""
    name, part = None, []
    for cell in cells:
        found = EXERCISE.match(cell.source)
        if cell.cell_type == "markdown" and (found or cell.source.startswith(("# ", "## "))):
            if part:
                yield name, part
            name, part = found and found[1], []
        part.append(cell)
    yield name, part


def _exercise(name, cells):
    """Cells of an exercise that a learner gets."""
    given = []
    for cell in cells:
        if SOLUTION.match(cell.source):
            break
        if _is_check(cell, name):
            cell.source = _reduced(cell.source, name)
        elif cell.cell_type == "markdown":
            cell.source = FOLDED.sub("", cell.source).strip()
        given.append(cell)
    else:
        raise ValueError(
            f"Exercise {name} has no solution. Let one of its cells begin with "
            f"`# @title Solution {name}`."
        )
    answers = [cell for cell in given if _is_answer(cell, name)]
    checks = [cell for cell in given if _is_check(cell, name)]
    if len(answers) != len(checks) or len(answers) > 1:
        raise ValueError(
            f"Exercise {name} has {len(answers)} cells that begin with `{_variable(name)} = ...` and "
            f"{len(checks)} that begin with `# @title Check {name}`, before its solution. It must "
            "have one of each, or none."
        )
    if not answers:
        answers = [_empty(name, EXERCISE.match(cells[0].source)[2])]
        given += answers
    answers[0].metadata = nbformat.from_dict({"tags": ["answer"]})
    return given


def _variable(name):
    return f"answer_{name.replace('.', '_')}"


def _is_answer(cell, name):
    return cell.cell_type == "code" and cell.source.startswith(f"{_variable(name)} = ...")


def _is_check(cell, name):
    return cell.cell_type == "code" and cell.source.split("\n")[0] == f"# @title Check {name}"


def _reduced(source, name):
    """Source of a check cell with the recorded answer in place of the one computed here."""
    try:
        last = ast.parse(source).body[-1:]
    except SyntaxError as error:
        raise ValueError(f"The check of exercise {name} is not Python: {error.msg}.") from None
    call = last[0].value if last and isinstance(last[0], ast.Expr) else None
    if not isinstance(call, ast.Call) or [
        ast.unparse(part) for part in (call.func, *call.args)
    ] != [
        "answers.check",
        repr(name),
        _variable(name),
    ]:
        raise ValueError(
            f'The check of exercise {name} does not end in `answers.check("{name}", '
            f"{_variable(name)}, expected=...)`."
        )
    return f'# @title Check {name}\nanswers.check("{name}", {_variable(name)})'


def _empty(name, kind):
    """Cell to write in, of an exercise that is not checked."""
    number = name.replace(".", "-").lower()
    if kind == "recall":
        return new_markdown_cell("*Your answer:*", id=f"answer-{number}")
    return new_code_cell(f"# Exercise {name}: write your code here.", id=f"answer-{number}")


def _bare(cell):
    """Cell without outputs, and without what only the book, the slides and the tests need."""
    kept = {key: cell.metadata[key] for key in ("cellView",) if key in cell.metadata}
    if "answer" in cell.metadata.get("tags", []):
        kept["tags"] = ["answer"]
    cell.metadata = nbformat.from_dict(kept)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        cell.source = BOOK_LINK.sub(r"\1", cell.source)
    return cell


def _solved(cell, name):
    """Cell of the notebook with the solutions: a check has no output, because nobody has answered."""
    cell.metadata = nbformat.from_dict({})
    if cell.cell_type == "code":
        cell.execution_count = None
        if _is_check(cell, name):
            cell.outputs = []
    else:
        cell.source = BOOK_LINK.sub(r"\1", cell.source)
    return cell


def _notebook(cells):
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    return notebook
