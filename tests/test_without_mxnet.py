"""The chapters that need no MXNet run where it cannot be installed: native Windows, Apple silicon."""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
BLOCKED = Path(__file__).parent / "without_mxnet"
SKIPPED = "Skipped: "


def printed(notebook):
    """Return what each code cell printed."""
    return [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def without_mxnet(number, monkeypatch):
    """A chapter without outputs, which runs as if MXNet were not installed."""
    monkeypatch.setenv("PYTHONPATH", str(BLOCKED), prepend=os.pathsep)
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return notebook


@pytest.mark.parametrize(("number", "n_skipped"), [("01", 1), ("02", 2), ("08", 3), ("11", 1)])
def test_the_chapter_runs(number, n_skipped, tmp_path, monkeypatch):
    """Chapters 9 and 10 are always run without MXNet: see conftest.py."""
    notebook = without_mxnet(number, monkeypatch)
    nbclient.NotebookClient(notebook, timeout=600).execute(cwd=str(tmp_path))
    texts = printed(notebook)
    # The failed import says once why, and each cell that needs MXNet says that it is skipped.
    assert sum(SKIPPED in text for text in texts) == n_skipped
    assert any("mxnet" in text for text in texts)


def test_a_chapter_of_networks_stops_with_one_sentence(tmp_path, monkeypatch):
    notebook = without_mxnet("04", monkeypatch)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="mxnet"):
        nbclient.NotebookClient(notebook, timeout=600).execute(cwd=str(tmp_path))
    assert not any(cell.outputs for cell in code[2:])


def test_chapter_3_runs_up_to_its_first_network(tmp_path, monkeypatch):
    """The home page's short path has its first two sections."""
    notebook = without_mxnet("03", monkeypatch)
    heading = "## The same in Gluon"
    (end,) = (n for n, c in enumerate(notebook.cells) if c.source.startswith(heading))
    notebook.cells = notebook.cells[:end]
    nbclient.NotebookClient(notebook, timeout=600).execute(cwd=str(tmp_path))
    assert sum("mxnet" in text for text in printed(notebook)) == 1
