"""Each notebook is complete, tidy, and shows the code that the package has."""

import ast
import inspect
from pathlib import Path
import textwrap

from mfbook import networks
import nbformat
import pytest

from tools import notebooks

ROOT = Path(__file__).parent.parent
RUN = {"seconds": 1, "machine": "a machine"}
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
    """Return the code of a class's methods, without docstrings and type hints."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for method in found:
        method.returns = None
        for argument in ast.walk(method.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        if ast.get_docstring(method):
            del method.body[0]
    return [ast.unparse(method).replace("networks.check_sizes", "check_sizes") for method in found]


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
    (left,) = notebooks.tidied(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert left["text"] == "UserWarning: look here"


@pytest.fixture
def fork(monkeypatch, tmp_path):
    """A checkout with one chapter, and another address in its _config.yml."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book" / "_static").mkdir(parents=True)
    path = tmp_path / "notebooks" / "03_learn_the_vectors.ipynb"
    path.write_text((ROOT / "notebooks" / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    config = "repository: {url: https://github.com/ann/fork, branch: dev}"
    (tmp_path / "_config.yml").write_text(config)
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    return path


def test_one_line_moves_every_link(fork):
    with pytest.raises(SystemExit, match=r"03_learn_the_vectors.ipynb: its number, links or setup"):
        notebooks.check()
    notebooks.sync()
    text = fork.read_text(encoding="utf-8")
    assert "mfbook/mfbook" not in text
    file = "dev/notebooks/03_learn_the_vectors.ipynb"
    for link in (
        f"colab.research.google.com/github/ann/fork/blob/{file}",
        f"kaggle.com/kernels/welcome?src=https://github.com/ann/fork/blob/{file}",
        "mybinder.org/v2/gh/ann/fork/dev?labpath=notebooks/03_learn_the_vectors.ipynb",
        f"github.com/ann/fork/raw/{file}",
        "%pip install --quiet git+https://github.com/ann/fork",
    ):
        assert link in text


def test_a_moved_chapter_gets_its_number(fork):
    moved = fork.rename(fork.with_name("12_learn_the_vectors.ipynb"))
    notebooks.sync()
    first = nbformat.read(moved, as_version=4).cells[0].source
    assert first == "# 12 · Learn the vectors"


def test_sync_adds_links_and_setup_to_a_new_notebook_and_only_once(fork):
    path = fork.with_name("13_a_new_chapter.ipynb")
    cells = [
        nbformat.v4.new_markdown_cell("# A new chapter"),
        nbformat.v4.new_markdown_cell("In this chapter you do something."),
        nbformat.v4.new_code_cell("mine = 42"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"mfbook": RUN}), path)
    notebooks.main(["sync", "13_"])
    notebooks.main(["sync", "13_"])
    title, links, _, setup, mine = nbformat.read(path, as_version=4).cells
    assert title.source == "# 13 · A new chapter"
    assert "blob/dev/notebooks/13_a_new_chapter.ipynb" in links.source
    assert setup.source.startswith("# @title Setup")
    assert mine.source == "mine = 42"
    assert "mfbook/mfbook" in fork.read_text(encoding="utf-8")  # it was not named


def test_check_wants_every_cell_to_say_whether_it_is_on_a_slide(fork):
    notebooks.sync()
    notebook = nbformat.read(fork, as_version=4)
    del notebook.cells[5].metadata["slideshow"]
    nbformat.write(notebook, fork)
    with pytest.raises(SystemExit, match=r"slides cannot .* cell-5: slide_type is None"):
        notebooks.check()


def test_a_name_that_no_notebook_has_is_an_error(fork):
    with pytest.raises(SystemExit, match="No notebook's name contains 99"):
        notebooks.main(["check", "99"])


@pytest.mark.parametrize("arguments", [[], ["tidy"]])
def test_a_command_is_needed(arguments):
    with pytest.raises(SystemExit) as stopped:
        notebooks.main(arguments)
    assert stopped.value.code == 2


def test_the_setup_cell_is_the_same_everywhere_and_idle_here():
    cells = [code_cells(nbformat.read(path, as_version=4))[0] for path in PATHS]
    assert len({cell.source for cell in cells}) == 1
    assert all(cell.outputs == [] for cell in cells)


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


def test_a_write_that_fails_leaves_the_notebook(fork, monkeypatch):
    before = fork.read_bytes()

    def fail(notebook, path):
        path.write_text("half")
        raise OSError("the disk is full")

    monkeypatch.setattr(notebooks.nbformat, "write", fail)
    with pytest.raises(OSError, match="disk is full"):
        notebooks.sync()
    assert fork.read_bytes() == before
    assert list(fork.parent.iterdir()) == [fork]


def test_edits_made_while_a_notebook_runs_are_kept(fork, monkeypatch):
    class Client:
        def __init__(self, notebook, **options):
            pass

        def execute(self, **options):
            fork.write_text("edited", encoding="utf-8")

    monkeypatch.setattr(notebooks.nbclient, "NotebookClient", Client)
    monkeypatch.setattr(notebooks.movielens, "require", lambda what: None)
    with pytest.raises(SystemExit, match=r"03_learn_the_vectors.ipynb was edited while it ran"):
        notebooks.execute()
    assert fork.read_text(encoding="utf-8") == "edited"


@pytest.mark.parametrize(("name", "message"), [("synthetic", "Tables are"), ("zz", "'zz'")])
def test_what_is_stored_is_made_on_movielens(monkeypatch, name, message):
    monkeypatch.setenv("MFBOOK_DATASET", name)
    with pytest.raises(SystemExit, match=message):
        notebooks.movielens.require("Tables")
