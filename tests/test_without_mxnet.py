"""The chapters that need no MXNet run where it cannot be installed: native Windows, Apple silicon."""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
# With None in its place, an import of MXNet fails as if it were not installed.
BLOCK = "import sys\nsys.modules['mxnet'] = None\n"
SKIPPED = "Skipped: "


def printed(notebook):
    """Return what each code cell printed."""
    return [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize(
    ("number", "n_skipped"), [("01", 1), ("02", 2), ("08", 3), ("09", 0), ("10", 0), ("11", 1)]
)
def test_the_chapter_runs(number, n_skipped, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(BLOCK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600).execute(cwd=str(tmp_path))
    texts = printed(notebook)
    # The failed import says once why, and each cell that needs MXNet says that it is skipped.
    assert sum(SKIPPED in text for text in texts) == n_skipped
    assert any("mxnet" in text for text in texts) == bool(n_skipped)


def test_a_chapter_of_networks_stops_with_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(BLOCK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    (path,) = NOTEBOOKS.glob("03_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs = []
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="mxnet"):
        nbclient.NotebookClient(notebook, timeout=600).execute(cwd=str(tmp_path))
    assert not any(cell.outputs for cell in code[2:])
