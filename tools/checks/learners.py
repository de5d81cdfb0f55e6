"""Run the learners' notebooks with nothing inserted, and with answers and solutions inserted.

``python tools/checks/learners.py 03 10`` runs those whose name contains one of these words, all of
them without a word (about 25 minutes). Unanswered, every check must say so; answered with the
expected values, every check must find them right; and no cell may raise an error. Reads MFBOOK_DATA
and MFBOOK_DATASET like the course. Run it from the root of the checkout.
"""

import ast
import copy
from pathlib import Path
import re
import sys
import tempfile

from mfbook.course import answers
import nbclient
from nbformat.v4 import new_code_cell

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools import learners, notebooks, reading

CHECK = re.compile(r"# @title Check (\w+\.\d+)")
SOLUTION = re.compile(r"# @title Solution (\w+\.\d+)")


def answered(notebook, solutions):
    """Learners' notebook with every answer and every solution in its place.

    Parameters
    ----------
    notebook, solutions : nbformat.NotebookNode
        Those of `tools.learners.learner`.

    Returns
    -------
    nbformat.NotebookNode
    """
    filled = copy.deepcopy(notebook)
    for cell in solutions.cells:
        if found := CHECK.match(cell.source):
            number = found[1].replace(".", "_")
            of_learner = _first(filled, f"answer_{number} = ...")
            of_learner.source = _expected(cell.source, f"answer_{number}")
        elif found := SOLUTION.match(cell.source):
            # Below the exercise: what follows in the chapter must bear what a solution leaves.
            start = filled.cells.index(_first(filled, f"### Exercise {found[1]}:"))
            below = [c.source.startswith(("## ", "### ")) for c in filled.cells[start + 1 :]]
            end = start + 1 + [*below, True].index(True)
            filled.cells.insert(end, new_code_cell(cell.source))
    return filled


def _first(notebook, start):
    return next(cell for cell in notebook.cells if cell.source.startswith(start))


def _expected(check, variable):
    """Code that gives a variable the value that an authors' check expects."""
    *before, last = ast.parse(check).body
    expected = next(k.value for k in last.value.keywords if k.arg == "expected")
    return "\n".join([*map(ast.unparse, before), f"{variable} = {ast.unparse(expected)}"])


def states(notebook):
    """State of each check after a notebook ran, by exercise; an error in a cell is raised."""
    notebook = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=folder)
    shown = {}
    for cell in notebook.cells:
        if found := CHECK.match(cell.source):
            shown[found[1]] = cell.outputs[0].data[answers.MIME]["state"]
    return shown


def main():
    """Run the notebooks that the arguments name; exit with what went wrong."""
    problems = []
    for path in notebooks.paths(sys.argv[1:]):
        notebook, solutions = learners.learner(reading.read(path))
        for what, made, state in (
            ("nothing inserted", notebook, "missing"),
            ("answers and solutions inserted", answered(notebook, solutions), "right"),
        ):
            try:
                found = states(made)
            except nbclient.exceptions.CellExecutionError as error:
                problems.append(f"{path.stem}, {what}: {error}")
                continue
            print(f"{path.stem}, {what}: {found}", flush=True)
            wrong = {exercise: said for exercise, said in found.items() if said != state}
            problems += [f"{path.stem}, {what}: {wrong} instead of {state}"] if wrong else []
    return "\n".join(problems)


if __name__ == "__main__":
    sys.exit(main())
