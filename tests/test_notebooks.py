"""Each notebook is complete, tidy, and shows the code that the package has."""

import ast
import errno
import inspect
from pathlib import Path
import re
import textwrap

import mfbook
from mfbook import networks
from mfbook.course import headlines
import nbformat
import pytest
from syntax import methods

from tools import links, notebooks, setup_cell

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


def test_there_are_notebooks():
    assert len(PATHS) >= 3


def test_outputs_are_stored_and_clean(notebook):
    for number, cell in enumerate(code_cells(notebook), start=1):
        assert cell.execution_count == number
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
    assert sum(bool(cell.outputs) for cell in code_cells(notebook)) > 10


def test_figures_have_alt_text_and_a_caption_that_says_something_else(notebook):
    for cell in code_cells(notebook):
        shown = [output.get("data", {}) for output in cell.outputs]
        # A demonstration is HTML, and its picture has a title.
        pictures = [kind for data in shown if "text/html" not in data for kind in data]
        if any(kind.startswith("image/") for kind in pictures):
            about = cell.metadata["mystnb"]
            assert len(about["image"]["alt"]) > 40
            caption = about["figure"]["caption"]
            assert len(caption) > 40 and caption.endswith(".")
            assert caption not in about["image"]["alt"]


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


def configure(folder, url):
    """Write a _config.yml with an address, or an empty one."""
    (folder / "_config.yml").write_text(f'repository: {{url: "{url}", branch: ready}}')


@pytest.fixture
def fork(monkeypatch, tmp_path):
    """A copy of one chapter, and an address in its _config.yml."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book" / "_static").mkdir(parents=True)
    path = tmp_path / "notebooks" / "03_learn_the_vectors.ipynb"
    path.write_text((ROOT / "notebooks" / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    configure(tmp_path, "https://github.com/ann/fork")
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    return path


def test_an_address_makes_every_link_and_no_address_none(fork):
    configure(notebooks.ROOT, "")
    notebooks.sync()
    before = fork.read_text(encoding="utf-8")
    configure(notebooks.ROOT, "https://github.com/ann/fork")
    with pytest.raises(SystemExit, match=r"03_learn_the_vectors.ipynb: its number, links or setup"):
        notebooks.check()
    notebooks.sync()
    with_links = fork.read_text(encoding="utf-8")
    for link in (
        "google.com/github/ann/fork/blob/ready/learners/03_learn_the_vectors.ipynb",
        "welcome?src=https://github.com/ann/fork/blob/ready/learners/03_learn_the_vectors.ipynb",
        "v2/gh/ann/fork/ready?labpath=learners/03_learn_the_vectors.ipynb",
        f"https://github.com/ann/fork/raw/ready/mfbook-{mfbook.__version__}-py3-none-any.whl",
    ):
        assert link in with_links
    notebooks.sync()
    assert fork.read_text(encoding="utf-8") == with_links
    configure(notebooks.ROOT, "")
    notebooks.sync()
    assert fork.read_text(encoding="utf-8") == before
    notebooks.sync()
    assert fork.read_text(encoding="utf-8") == before


def test_the_page_of_the_book_does_not_show_the_links_twice(fork):
    notebooks.sync()
    row = nbformat.read(fork, as_version=4).cells[1]
    assert row.metadata["tags"] == ["remove-cell"]


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
    title, row, _, setup, mine = nbformat.read(path, as_version=4).cells
    assert title.source == "# 13 · A new chapter"
    assert "blob/ready/learners/13_a_new_chapter.ipynb" in row.source
    assert setup.source.startswith("# @title Setup")
    assert mine.source == "mine = 42"
    assert "ann/fork" not in fork.read_text(encoding="utf-8")  # it was not named


def test_check_wants_every_cell_to_say_whether_it_is_on_a_slide(fork):
    notebooks.sync()
    notebook = nbformat.read(fork, as_version=4)
    cell = notebook.cells[5]
    del cell.metadata["slideshow"]
    nbformat.write(notebook, fork)
    with pytest.raises(SystemExit, match=rf"slides cannot .* {cell.id}: slide_type is None"):
        notebooks.check()


def test_a_name_that_no_notebook_has_is_an_error(fork):
    with pytest.raises(SystemExit, match="No notebook's name contains 99"):
        notebooks.main(["check", "99"])


def test_a_folder_without_notebooks_is_an_error(fork):
    fork.unlink()
    with pytest.raises(SystemExit, match="There is no notebook in"):
        notebooks.main(["check"])


@pytest.mark.parametrize("arguments", [[], ["tidy"]])
def test_a_command_is_needed(arguments):
    with pytest.raises(SystemExit) as stopped:
        notebooks.main(arguments)
    assert stopped.value.code == 2


def test_the_setup_cell_is_the_same_everywhere_and_says_one_line():
    cells = [code_cells(nbformat.read(path, as_version=4))[0] for path in PATHS]
    assert {cell.source for cell in cells} == {setup_cell.source()}
    for cell in cells:
        said = "".join(output["text"] for output in cell.outputs)
        assert said.count("\n") <= 1


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

    write = Path.write_bytes

    def fail(path, content):
        write(path, b"half")
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(SystemExit, match="is as it was: the disk is full"):
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


EMPTY = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": %s}'
BROKEN = {
    "": "is empty",
    "{": "is not JSON",
    "[1]": "no list of cells",
    "{}": "no list of cells",
    EMPTY % "[]": "does not begin with a title",
    EMPTY % "[1]": "is no valid notebook",
    EMPTY % '[{"cell_type": "markdown"}]': "is no valid notebook",
    EMPTY.replace("4", "3", 1) % "[]": "has the notebook format 3",
    "\udcff": "is not JSON in UTF-8",
}


@pytest.mark.parametrize("command", ["sync", "check"])
@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_notebook_is_named_and_the_others_are_handled(fork, command, text):
    broken = fork.with_name("02_broken.ipynb")
    broken.write_text(text, encoding="utf-8", errors="surrogateescape")
    before = broken.read_bytes()
    page = notebooks.ROOT / "book/results.md"
    page.write_text("as it was")
    with pytest.raises(SystemExit) as stopped:
        notebooks.main([command])
    assert re.search(rf"^02_broken.ipynb .*({BROKEN[text]})", stopped.value.code, re.MULTILINE)
    assert broken.read_bytes() == before
    assert page.read_text() == "as it was"
    if command == "sync":
        assert "ann/fork" in fork.read_text(encoding="utf-8")
    else:
        assert "03_learn_the_vectors.ipynb: its number, links" in stopped.value.code


def test_a_notebook_that_cannot_be_read(fork):
    fork.with_name("02_broken.ipynb").symlink_to("nowhere")
    with pytest.raises(SystemExit, match=r"02_broken.ipynb cannot be read: No such file"):
        notebooks.main(["sync"])


@pytest.mark.parametrize("url", ["https://github.com/ann/fork", ""])
def test_sync_keeps_what_the_author_wrote(fork, url):
    configure(notebooks.ROOT, url)
    path = fork.with_name("13_new.ipynb")
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# Users\n\nUsers · items"),
                nbformat.v4.new_markdown_cell(f"{links.LINKS_START}[Colab](x)\n\nAnd a sentence."),
                nbformat.v4.new_markdown_cell("# @title Setup is explained here"),
            ],
            metadata={"mfbook": RUN},
        ),
        path,
    )
    notebooks.sync()
    notebooks.sync()
    title, *row, setup, below, text = nbformat.read(path, as_version=4).cells
    assert title.source == "# 13 · Users\n\nUsers · items"
    assert [cell.source.endswith("13_new.ipynb)") for cell in row] == [True] * bool(url)
    assert below.source == "And a sentence."
    assert setup.cell_type == "code"
    assert text.source == "# @title Setup is explained here"


def test_a_title_is_enough(fork):
    path = fork.with_name("13_new.ipynb")
    title = nbformat.v4.new_markdown_cell("# Users")
    nbformat.write(nbformat.v4.new_notebook(cells=[title], metadata={"mfbook": RUN}), path)
    notebooks.sync()
    assert len(nbformat.read(path, as_version=4).cells) == 3


def test_a_notebook_that_never_ran_is_named(fork):
    notebook = nbformat.read(fork, as_version=4)
    del notebook.metadata["mfbook"]
    nbformat.write(notebook, fork)
    with pytest.raises(
        SystemExit, match=r"03_learn_the_vectors.ipynb does not say how long it ran"
    ):
        notebooks.sync()
    assert (notebooks.ROOT / "book/exercises.md").is_file()


@pytest.mark.parametrize("row", [{"model": "a", "error": 1.0}, {"model": "a", "rmse": "low"}, []])
def test_stored_headlines_of_another_version_are_named(fork, row):
    notebook = nbformat.read(fork, as_version=4)
    output = nbformat.v4.new_output("display_data", {headlines.MIME: [row]})
    code_cells(notebook)[-1].outputs = [output]
    nbformat.write(notebook, fork)
    message = r"03_learn_the_vectors.ipynb has stored headlines that .* execute 03_learn"
    with pytest.raises(SystemExit, match=message):
        notebooks.sync()


NO_REPOSITORY = (
    *("", "repository: {url: x}", "repository: {url: 5}", "repository: {}", "a: [", None),
    *("repository: {url: https://github.com/ann}", "repository: {url: https://github.com/a/b/c}"),
)


@pytest.mark.parametrize("text", NO_REPOSITORY)
def test_a_config_without_the_repository(fork, text):
    path = notebooks.ROOT / "_config.yml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(
        SystemExit, match=r"(?s)does not hold the url of the repository, .* \(.*Mend it"
    ):
        notebooks.sync()


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'NoneType' object has no attribute 'cleanup_resources'"),
        notebooks.nbclient.exceptions.CellExecutionError("Traceback", "KeyboardInterrupt", ""),
    ],
)
def test_an_interrupted_run_leaves_the_notebook(fork, monkeypatch, error):
    class Client:
        def __init__(self, notebook, **options):
            pass

        def execute(self, **options):
            raise error

    before = fork.read_bytes()
    monkeypatch.setattr(notebooks.movielens, "require", lambda what: None)
    monkeypatch.setattr(notebooks.nbclient, "NotebookClient", Client)
    with pytest.raises(SystemExit, match="was interrupted, and is as it was"):
        notebooks.execute()
    assert fork.read_bytes() == before


def test_a_machine_without_a_file_about_its_processor(monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "CPU_INFO", tmp_path / "cpuinfo")
    assert f"cores of {notebooks.platform.machine()}, " in notebooks.machine()


def test_a_cell_that_fails_leaves_the_notebook(fork, monkeypatch):
    class Client:
        def __init__(self, notebook, **options):
            pass

        def execute(self, **options):
            raise notebooks.nbclient.exceptions.CellExecutionError("1 / 0", "ZeroDivisionError", "")

    monkeypatch.setattr(notebooks.nbclient, "NotebookClient", Client)
    monkeypatch.setattr(notebooks.movielens, "require", lambda what: None)
    before = fork.read_bytes()
    with pytest.raises(SystemExit, match=r"03_learn_the_vectors.ipynb stopped, .* 1 / 0"):
        notebooks.execute()
    assert fork.read_bytes() == before
