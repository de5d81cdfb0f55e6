"""The number, the links and the setup cell at the start of each notebook."""

import nbformat

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
    """
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0]
    number = path.stem.partition("_")[0].lstrip("0")
    name = title.source.partition(" · ")[2] or title.source.removeprefix("# ")
    title.source = f"# {number} · {name}"
    if not notebook.cells[1].source.startswith(LINKS_START):
        metadata = {"slideshow": {"slide_type": "skip"}}
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(id="links", metadata=metadata))
    notebook.cells[1].source = _links(path.name, url, branch)
    setup = next((c for c in notebook.cells if c.source.startswith(SETUP_START)), None)
    if setup is None:
        setup = nbformat.v4.new_code_cell(id="setup")
        first = next((i for i, c in enumerate(notebook.cells) if c.cell_type == "code"), 2)
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
