"""Learners' notebooks: nothing is spoiled, there is a cell for each answer, and the rest is equal."""

import builtins
import copy
import re
import symtable

from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import CellExecutionError
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
import pytest

from tools import learners, notebooks, reading
from tools.checks.learners import answered, states

PATHS = notebooks.paths()
EXERCISE = re.compile(r"### Exercise (\w+\.\d+): (\w+)")
BOOK_LINK = re.compile(r"\[([^\]]+)\]\(\.\./book/[^)]*\)")


def made_from(path):
    """Return an authors' notebook, and the two made from it."""
    authors = reading.read(path)
    return authors, *learners.learner(authors)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def made(request):
    return made_from(request.param)


def exercise(
    *cells, answer="answer_1_1 = ...", check="answers.check('1.1', answer_1_1, expected=2)"
):
    """Return a chapter with one exercise: answer cell, check, and what is given."""
    printed = [new_output("stream", text="2\n")]
    before = [
        *([new_code_cell(answer)] if answer else []),
        *([new_code_cell(f"# @title Check 1.1\n{check}", outputs=printed)] if check else []),
    ]
    return new_notebook(
        cells=[
            new_markdown_cell("# 1 · A chapter"),
            new_markdown_cell("### Exercise 1.1: modify\n\nHow many?"),
            *before,
            *(cells or [new_code_cell("# @title Solution 1.1\nprint(2)", outputs=printed)]),
            new_markdown_cell("## Key points"),
        ]
    )


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def exercises_of(notebook):
    """Cells of each exercise of a notebook, by its number."""
    found, current = {}, []
    for cell in notebook.cells:
        if heading := EXERCISE.match(cell.source):
            current = found[heading[1]] = []
        elif cell.source.startswith("## "):
            current = []
        current.append(cell)
    return found


def test_nothing_is_spoiled(made):
    _, notebook, _ = made
    for cell in notebook.cells:
        assert not {"Solution", "expected="} & set(re.findall(r"Solution|expected=", cell.source))
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
        assert set(cell.metadata) <= {"cellView", "tags"}
        assert cell.metadata.get("tags", ["answer"]) == ["answer"]
    for cells in exercises_of(notebook).values():
        assert "<details>" not in "".join(cell.source for cell in cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_one_cell_for_each_answer(made):
    authors, notebook, _ = made
    asked = exercises_of(authors)
    assert 3 <= len(asked) <= 5
    for number, cells in exercises_of(notebook).items():
        kind = EXERCISE.match(asked.pop(number)[0].source)[2]
        answers = [cell for cell in cells if cell.metadata.get("tags")]
        assert len(answers) == 1
        variable = f"answer_{number.replace('.', '_')}"
        checks = [cell.source for cell in cells if cell.source.startswith("# @title Check")]
        if checks:
            assert answers[0].source == f"{variable} = ..."
            call = f'answers.check("{number}", {variable})'
            assert checks == [f"# @title Check {number}\n{call}"]
            assert cells.index(answers[0]) == len(cells) - 2
        elif kind == "recall":
            assert answers[0].cell_type == "markdown"
        else:
            assert answers[0].cell_type == "code" and answers[0].source.startswith("# Exercise")
    assert not asked


def test_everything_else_is_the_authors(made):
    """In order, each learner's cell is an authors' cell; what was left out is with the solutions."""
    authors, notebook, solutions = made
    moved = "\n".join(sources(solutions))
    checked = {c.source.split("\n")[0] for c in authors.cells if "# @title Check" in c.source}
    rest = [cell for cell in authors.cells if not cell.source.startswith("# @title Check")]
    written = []
    for cell in notebook.cells[:-1]:
        if cell.source.split("\n")[0] in checked:
            continue
        if cell.metadata.get("tags") == ["answer"] and "= ..." not in cell.source:
            continue
        while (left_out := rest.pop(0)) and not _equal(cell, left_out):
            text = BOOK_LINK.sub(r"\1", left_out.source)
            assert text in moved, left_out.source
            written.append(left_out)
    assert not rest
    assert notebook.cells[-1].source.endswith("course.progress()")
    assert all(c.source.startswith("# @title Solution") or "<details>" in c.source for c in written)


def _equal(cell, of_authors):
    """Whether a learner's cell is an authors' one, but for hints and links to the book."""
    text = re.sub(r"<details>.*?</details>\s*", "", of_authors.source, flags=re.DOTALL).strip()
    texts = {BOOK_LINK.sub(r"\1", of_authors.source), BOOK_LINK.sub(r"\1", text)}
    return cell.cell_type == of_authors.cell_type and cell.source in texts - {""}


def test_solutions_show_what_they_print_and_checks_what_they_expect(made):
    authors, _, solutions = made
    outputs = {c.source: c.outputs for c in authors.cells if "# @title Solution" in c.source}
    found = {c.source: c.outputs for c in solutions.cells if "# @title Solution" in c.source}
    assert found == outputs and all(outputs.values())
    checks = [c for c in solutions.cells if c.source.startswith("# @title Check")]
    assert all("expected=" in cell.source and not cell.outputs for cell in checks)
    assert "(../book/" not in "".join(sources(solutions))


def test_both_are_valid_notebooks(made):
    for notebook in made[1:]:
        nbformat.validate(notebook)
        ids = [cell.id for cell in notebook.cells]
        assert len(ids) == len(set(ids))


def test_the_authors_notebook_is_as_it_was():
    notebook = exercise()
    before = copy.deepcopy(notebook)
    learners.learner(notebook)
    assert notebook == before


def names(code):
    """Names that a cell defines; global names that it reads at once, and those in its functions."""
    tables = [symtable.symtable(TransformerManager().transform_cell(code), "cell", "exec")]
    symbols = tables[0].get_symbols()
    defined = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    at_once = {s.get_name() for s in symbols if s.is_referenced()}
    for table in tables:
        tables += table.get_children()
    inner = [symbol for table in tables[1:] for symbol in table.get_symbols()]
    return defined, at_once, {s.get_name() for s in inner if s.is_global() and s.is_referenced()}


def test_no_cell_reads_a_name_that_only_a_solution_defines(made):
    _, notebook, solutions = made
    known, later = {*dir(builtins), "get_ipython", "display"}, set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            defined, at_once, in_functions = names(cell.source)
            assert at_once <= known | defined, cell.source
            known, later = known | defined, later | in_functions
    assert later <= known
    for cells in exercises_of(solutions).values():
        # A solution runs below its exercise and its check, without the other solutions.
        defined = set()
        for cell in (cell for cell in cells if cell.cell_type == "code"):
            now, *read = names(cell.source)
            defined |= now
            answers = {name for name in read[0] if name.startswith("answer_")}
            assert set().union(*read) - answers <= known | defined, cell.source


def test_names_that_a_cell_defines_and_reads():
    code = "import a.b\n%pip install x\ndef f(y):\n    return y + z\nfor i in [k]: c = i"
    defined, at_once, in_functions = names(code)
    assert {"a", "f", "i", "c"} <= defined
    assert {"k", "i"} <= at_once and not {"y", "z"} & at_once
    assert in_functions == {"z"}


def test_hints_and_answers_in_folds_move_to_the_solutions():
    hint = "Count them.\n\n<details>\n<summary>Hint</summary>\n\nTwo.\n\n</details>"
    after = new_markdown_cell("<details>\n<summary>What it shows</summary>\n\nTwo.\n\n</details>")
    recall = "<details>\n<summary>How many?</summary>\n\nTwo.\n\n</details>"
    notebook = exercise(
        new_markdown_cell(hint),
        new_code_cell("# @title Solution 1.1\nprint(2)"),
        after,
        check="",
        answer="",
    )
    notebook.cells += [
        new_markdown_cell(recall, metadata={"tags": ["solution"]}),
        new_markdown_cell(recall.replace("Two", "Three")),
    ]
    for_learners, solutions = learners.learner(notebook)
    assert sources(for_learners)[2:4] == ["Count them.", "# Exercise 1.1: write your code here."]
    text = "".join(sources(for_learners))
    assert "Two" not in text and "Three" in text
    assert sum("Two" in source for source in sources(solutions)) == 3


def test_links_to_the_book_become_words():
    notebook = exercise()
    notebook.cells[
        -1
    ].source = "## Sources\n\nSee the [Results](../book/results.md) and [2](02.ipynb)."
    assert (
        learners.learner(notebook)[0]
        .cells[-2]
        .source.endswith("See the Results and [2](02.ipynb).")
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells": [new_markdown_cell("It is 2.")]}, "Exercise 1.1 has no solution"),
        ({"check": ""}, r"1 cells that begin with `answer_1_1 = ...` and 0"),
        ({"answer": "answer = ..."}, r"0 cells that begin with `answer_1_1 = ...` and 1"),
        ({"check": "print(2)"}, r"does not end in `answers.check\(\"1.1\", answer_1_1"),
        ({"check": "answers.check('1.2', answer_1_1, expected=2)"}, "does not end in"),
        ({"check": "answers.check('1.1', answer, expected=2)"}, "does not end in"),
        ({"check": "answers.check("}, "The check of exercise 1.1 is not Python"),
    ],
)
def test_an_exercise_that_is_not_whole_is_refused(changes, message):
    cells = changes.pop("cells", ())
    with pytest.raises(ValueError, match=message):
        learners.learner(exercise(*cells, **changes))


@pytest.mark.parametrize("name", ["01", "B"])
def test_unanswered_nothing_raises_and_answered_all_is_right(name):
    _, notebook, solutions = made_from(next(p for p in PATHS if p.name.startswith(name)))
    unanswered = states(notebook)
    assert unanswered and set(unanswered.values()) == {"missing"}
    assert states(answered(notebook, solutions)) == dict.fromkeys(unanswered, "right")


def test_an_error_in_a_cell_is_not_overlooked():
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        states(new_notebook(cells=[new_code_cell("1 / 0")]))
