"""Each notebook is complete, tidy, and shows the code that the package has."""

import ast
import inspect
from pathlib import Path
import textwrap

from mfbook import networks
import nbformat
import pytest

from notebooks import tidied

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def class_in(path, name):
    """Return the syntax tree of the class ``name`` in a notebook."""
    for cell in code_cells(nbformat.read(path, as_version=4)):
        if f"class {name}(" in cell.source:
            tree = ast.parse(cell.source)
            return next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    raise AssertionError(f"{path.name} does not show {name}")


def methods(tree):
    code = [ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [text.replace("networks.check_sizes", "check_sizes") for text in code]


def test_there_are_notebooks():
    assert len(PATHS) >= 3


def test_outputs_are_stored_and_clean(notebook):
    for number, cell in enumerate(code_cells(notebook), start=1):
        assert cell.execution_count == number
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
    assert sum(bool(cell.outputs) for cell in code_cells(notebook)) > 10


def test_figures_have_alt_text(notebook):
    for cell in code_cells(notebook):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 40


def test_solutions_are_folded_and_executed(notebook):
    solutions = [c for c in code_cells(notebook) if c.source.startswith("# @title Solution")]
    exercises = [c for c in notebook.cells if "### Exercise" in c.source]
    assert 3 <= len(solutions) <= 5
    assert len(exercises) == len(solutions)
    for cell in solutions:
        assert "hide-cell" in cell.metadata["tags"]
        assert cell.metadata["cellView"] == "form"
        assert cell.outputs


def test_tidying_drops_the_progress_bar_and_keeps_a_warning():
    bar = "epochs:   0%|          | 0/10 [00:00<?, ?it/s]\repochs:  10%|█ | 1/10 [00:01<00:09, 1.1s/it]"
    texts = [bar, "\r      \r", bar + "\nUserWarning: look here\n"]
    outputs = [nbformat.v4.new_output("stream", name="stderr", text=text) for text in texts]
    cell = nbformat.v4.new_code_cell("pass", outputs=outputs)
    (left,) = tidied(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert left["text"] == "UserWarning: look here"


def test_no_path_tricks(notebook):
    for cell in code_cells(notebook):
        assert "sys.path" not in cell.source
        assert "../" not in cell.source


def test_no_machine_path_in_outputs(notebook):
    text = "".join(str(cell.outputs) for cell in code_cells(notebook))
    assert str(Path.home()) + "/" not in text
    assert str(ROOT) not in text


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("03_learn_the_vectors", "PlainNet"),
        ("03_learn_the_vectors", "AroundMean"),
        ("04_add_a_layer", "OneLayerMLP"),
        ("05_drop_half_of_it", "OneLayerDropoutMLP"),
    ],
)
def test_notebook_and_package_show_the_same_class(stem, name):
    shown = class_in(ROOT / "notebooks" / f"{stem}.ipynb", name)
    source = textwrap.dedent(inspect.getsource(getattr(networks, name)))
    assert methods(shown) == methods(ast.parse(source).body[0])
