"""The number, the links and the setup cell at the start of each notebook."""

import re

import nbformat

from tools import reading

# The first line of a title, with the number that it may have already.
TITLE = re.compile(r"# (?:(?:\d+|[A-Z]) · )?")
LINKS_START = "[Open this chapter in"
LINKS = (
    "[Open this chapter in Google Colab]({colab}) · [in Kaggle]({kaggle}) · [in Binder]({binder}) "
    "· [download the notebook]({raw})"
)
SETUP_START = "# @title Setup"
SETUP = """\
# @title Setup: installs the course on Colab and Kaggle, does nothing elsewhere
import os
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    %pip install --quiet git+{url}
    !{{sys.executable}} -m mfbook install"""
SETUP_METADATA = {
    "cellView": "form",
    "slideshow": {"slide_type": "skip"},
    "tags": ["hide-cell"],
}


def synced(path, url, branch):
    """Notebook at ``path`` with the number, links and setup cell that it should have.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; its file name begins with its number. Its first cell holds the title.
    url, branch : str
        Address and branch of the repository that the links lead to.

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    ValueError
        If it is no notebook that begins with a title.
    """
    notebook = reading.read(path)
    title = notebook.cells[0]
    number = path.stem.partition("_")[0].lstrip("0")
    title.source = TITLE.sub(f"# {number} · ", title.source, count=1)
    if len(notebook.cells) == 1 or not notebook.cells[1].source.startswith(LINKS_START):
        metadata = {"slideshow": {"slide_type": "skip"}}
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(id="links", metadata=metadata))
    links = notebook.cells[1]
    # What an author wrote below the links stays.
    links.source = _links(path.name, url, branch) + "".join(links.source.partition("\n")[1:])
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    setup = next((cell for cell in code if cell.source.startswith(SETUP_START)), None)
    if setup is None:
        setup = nbformat.v4.new_code_cell(id="setup")
        first = notebook.cells.index(code[0]) if code else 2
        notebook.cells.insert(first, setup)
    setup.source = SETUP.format(url=url)
    setup.metadata = nbformat.from_dict(SETUP_METADATA)
    return notebook


def _links(file_name, url, branch):
    name = url.removeprefix("https://github.com/")
    file = f"{branch}/notebooks/{file_name}"
    return LINKS.format(
        colab=f"https://colab.research.google.com/github/{name}/blob/{file}",
        kaggle=f"https://kaggle.com/kernels/welcome?src={url}/blob/{file}",
        binder=f"https://mybinder.org/v2/gh/{name}/{branch}?labpath=notebooks/{file_name}",
        raw=f"https://github.com/{name}/raw/{file}",
    )
