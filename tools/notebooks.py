"""Keep the notebooks in step: ``sync``, ``execute`` and ``check`` (several at once if you like).

sync
    writes each notebook's number, link row and setup cell, from its file's name and the
    repository's address in _config.yml; the page of all exercises; the home page's picture.
execute
    runs every notebook on MovieLens 100K, stores what it prints, and writes book/results.md.
check
    says which notebook ``sync`` would change, or was not run from top to bottom, and whether
    book/results.md and book/exercises.md are what the notebooks say.
"""

from importlib.metadata import version
import os
from pathlib import Path
import platform
import re
import sys
import time

import exercises_page
from mfbook import datasets, pictures
import nbclient
import nbformat
import results_page
from tqdm import tqdm
import yaml

ROOT = Path(__file__).resolve().parent.parent
APPENDIX = "A_the_original_today.ipynb"
PAGES = {  # what is written from the notebooks
    "book/results.md": results_page.page,
    "book/exercises.md": exercises_page.page,
}
PICTURE = "book/_static/factors.svg"
PROGRESS = re.compile(r"[^\r\n]*\d+%\|[^\r\n]*|\x1b\[A")  # one state of tqdm's bar, or its move up
LINKS = (
    "[Open this chapter in Google Colab]({colab}) · [in Kaggle]({kaggle}) · [in Binder]({binder}) "
    "· [download the notebook]({raw})"
)
SETUP = """\
# @title Setup: installs the course on Colab and Kaggle, does nothing elsewhere
import os
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    %pip install --quiet git+{url}
    !{{sys.executable}} -m mfbook.install"""


def notebooks():
    """Return the paths of the notebooks, in order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def synced(path):
    """Return the notebook at ``path`` with its number, links and setup cell as they should be."""
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    url, branch = repository["url"], repository["branch"]
    name = url.removeprefix("https://github.com/")
    where = f"{branch}/notebooks/{path.name}"
    colab = f"https://colab.research.google.com/github/{name}/blob/{where}"
    kaggle = f"https://kaggle.com/kernels/welcome?src={url}/blob/{where}"
    binder = f"https://mybinder.org/v2/gh/{name}/{branch}?labpath=notebooks/{path.name}"
    notebook = nbformat.read(path, as_version=4)
    lines = notebook.cells[0].source.split("\n")
    raw = f"https://github.com/{name}/raw/{where}"
    links = LINKS.format(colab=colab, kaggle=kaggle, binder=binder, raw=raw)
    number = path.stem.partition("_")[0].lstrip("0")
    lines[0] = f"# {number} · {lines[0].partition(' · ')[2] or lines[0].removeprefix('# ')}"
    if lines[2].startswith("[Open this chapter in"):
        lines[2] = links
    else:
        lines[2:2] = [links, ""]
    notebook.cells[0].source = "\n".join(lines)
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    setup.source = SETUP.format(url=url)
    setup.metadata = {"cellView": "form", "tags": ["hide-cell"]}
    return notebook


def sync():
    """Write numbers, link rows and setup cells, the pages and the home page's picture."""
    for path in notebooks():
        nbformat.write(synced(path), path)
    (ROOT / PICTURE).write_text(pictures.factors().svg, encoding="utf-8")
    write_pages()


def write_pages():
    """Write the pages that are made from the notebooks."""
    for page, write in PAGES.items():
        (ROOT / page).write_text(write(notebooks()), encoding="utf-8")


def execute(names):
    """Run the notebooks in place; with ``names``, only those that contain one of them."""
    if datasets.dataset_name() != "ml-100k":
        sys.exit("Stored outputs are made on MovieLens alone: unset MFBOOK_DATASET.")
    datasets.folder()
    chosen = [p for p in notebooks() if not names or any(name in p.name for name in names)]
    for path in tqdm(chosen, desc="notebooks"):
        notebook = nbformat.read(path, as_version=4)
        start = time.perf_counter()
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(
            cwd=str(path.parent)
        )
        seconds = round(time.perf_counter() - start)
        tqdm.write(f"{path.name}: {seconds} s")
        notebook = tidied(notebook)
        notebook.metadata["mfbook"] = {"seconds": seconds, "machine": machine()}
        nbformat.write(notebook, path)
    write_pages()


def machine():
    """Return one line on this machine and what it runs."""
    models = re.findall("model name\\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    versions = [f"{name} {version(name)}" for name in ("numpy", "mxnet")]
    return ", ".join(
        [
            f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}",
            platform.system(),
            f"Python {platform.python_version()}",
            *versions,
        ]
    )


def original(**names):
    """Return what appendix A defines in its cells tagged ``original``.

    Parameters
    ----------
    **names
        What those cells take from the cells before them: ``max_user``, ``max_item``, ``ctx``.

    Returns
    -------
    dict
        Name to class or function: ``DataIter``, ``RMSE``, ``plain_net``, …
    """
    import math
    import random

    import mxnet as mx

    found = {"math": math, "random": random, "mx": mx, "Path": Path, "datasets": datasets} | names
    for cell in nbformat.read(ROOT / "notebooks" / APPENDIX, as_version=4).cells:
        if "original" in cell.metadata.get("tags", []):
            exec(cell.source, found)
    return found


def tidied(notebook):
    """Drop what differs from run to run: times, versions, and finished progress bars."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            for output in cell.outputs:
                if output.get("name") == "stderr":  # what is no progress bar stays to be seen
                    output["text"] = PROGRESS.sub("", output["text"]).strip()
            cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
    return notebook


def check():
    """Exit with a message if a notebook is not in step, or was not run as it stands."""
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        if notebook != synced(path):
            sys.exit(
                f"{path.name}: its number, links or setup cell are out of step. Run `make sync`."
            )
        counts = [
            c.execution_count for c in notebook.cells if c.cell_type == "code" and c.source.strip()
        ]
        if counts != list(range(1, len(counts) + 1)):
            sys.exit(f"{path.name} was not run from top to bottom. Run `make execute`.")
    for page, write in PAGES.items():
        if (ROOT / page).read_text(encoding="utf-8") != write(notebooks()):
            sys.exit(f"{page} is not what the notebooks say. Run `make execute`.")


def main():
    """Do what the command line asks for, in its order."""
    words = sys.argv[1:]
    steps = {"sync": sync, "check": check, "execute": lambda: execute(names)}
    names = [word for word in words if word not in steps]
    for word in words:
        if word in steps:
            steps[word]()


if __name__ == "__main__":
    main()
