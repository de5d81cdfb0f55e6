"""The number, the links and the setup cell at the start of each notebook.

All addresses follow from that of the repository on GitHub, which `tools.stamp` writes into a copy of
the sources. The sources themselves have none: there the notebooks have no links.
"""

import re

import mfbook
import nbformat

from tools import reading, setup_cell

# The branch that `tools.stamp` fills and all links lead to, and the learners' notebooks in it.
BRANCH, LEARNERS = "ready", "learners"
# The file name of the course's wheel.
WHEEL = f"mfbook-{mfbook.__version__}-py3-none-any.whl"
# The address of a repository, as GitHub allows it.
REPOSITORY = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38})"
    r"/(?P<name>(?!\.{1,2}$)(?!.*\.git$)[\w.-]{1,100})",
    re.ASCII,
)
# The first line of a title, with the number that it may have already.
TITLE = re.compile(r"# (?:(?:\d+|[A-Z]) · )?")
LINKS_START = "Open this chapter in: "
SKIPPED = {"slideshow": {"slide_type": "skip"}}


def site(url):
    """Address of the book that the repository at ``url`` publishes on GitHub Pages."""
    owner, name = REPOSITORY.fullmatch(url).groups()
    host = f"{owner}.github.io"
    # A repository of this name is published at the root.
    return f"https://{host}/" if name.lower() == host.lower() else f"https://{host}/{name}/"


def wheel(url):
    """Address of the course's wheel in the repository at ``url``."""
    return f"{url}/raw/{BRANCH}/{WHEEL}"


def launchers(url, file_name):
    """Where a learner's notebook opens in a browser: the name of each service, and the link.

    Parameters
    ----------
    url : str
        Address of the repository.
    file_name : str
        The notebook's.

    Returns
    -------
    dict
    """
    repository = url.removeprefix("https://github.com/")
    file = f"{LEARNERS}/{file_name}"
    return {
        "Google Colab": f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{file}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src={url}/blob/{BRANCH}/{file}",
        "Binder": f"https://mybinder.org/v2/gh/{repository}/{BRANCH}?labpath={file}",
    }


def synced(path, url):
    """Notebook at ``path`` with the number, links and setup cell that it should have.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; its file name begins with its number. Its first cell holds the title.
    url : str
        Address of the repository; empty if there is none, and then no link.

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
    _sync_links(notebook.cells, path.name, url)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    setup = next((cell for cell in code if cell.source.startswith(setup_cell.START)), None)
    if setup is None:
        setup = nbformat.v4.new_code_cell(id="setup")
        first = notebook.cells.index(code[0]) if code else 1 + bool(url)
        notebook.cells.insert(first, setup)
    setup.source = setup_cell.source(wheel(url) if url else "")
    setup.metadata = nbformat.from_dict(setup_cell.METADATA)
    return notebook


def _sync_links(cells, file_name, url):
    """Put the row of links below the title, or remove it if there is no address, in place."""
    row = nbformat.v4.new_markdown_cell(id="links")
    if len(cells) > 1 and cells[1].source.startswith(LINKS_START):
        row = cells.pop(1)
        # What somebody wrote below the links stays.
        if below := row.source.partition("\n")[2].strip():
            cells.insert(1, nbformat.v4.new_markdown_cell(below, metadata=SKIPPED))
    if url:
        row.source = _links(file_name, url)
        # The page of the book has these links already.
        row.metadata = nbformat.from_dict(SKIPPED | {"tags": ["remove-cell"]})
        cells.insert(1, row)


def _links(file_name, url):
    links = [f"[{place}]({link})" for place, link in launchers(url, file_name).items()]
    return LINKS_START + " · ".join(links)
