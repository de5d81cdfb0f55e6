"""Keep the notebooks and the pages made from them consistent: sync, execute, check.

``python -m tools.notebooks sync`` writes each notebook's number, links and setup cell, which follow
from its file name and the repository's address in _config.yml; then the page of exercises, the page
of results and the figure of the home page.

``python -m tools.notebooks execute`` runs the notebooks on MovieLens 100K and stores their outputs;
then it writes the two pages.

``python -m tools.notebooks check`` exits with a message if a notebook or a page is not what these
commands would write.

Each takes names: only the notebooks whose file name contains one of them.
"""

import argparse
from importlib.metadata import version
import os
from pathlib import Path
import platform
import re
import sys
import time

from mfbook.course import diagrams
import nbclient
import nbformat
from tqdm import tqdm
import yaml

from tools import exercises_page, links, movielens, results_page, slides

ROOT = Path(__file__).resolve().parent.parent
PAGES = {  # pages that are written from the notebooks
    "book/exercises.md": exercises_page.page,
    "book/results.md": results_page.page,
}
HOME_FIGURE = "book/_static/factors.svg"
# One state of a tqdm progress bar, or its move to the line above.
PROGRESS_BAR = re.compile(r"[^\r\n]*\d+%\|[^\r\n]*|\x1b\[A")


def paths(names=()):
    """Paths of the notebooks, in order; with ``names``, of those that contain one of them."""
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [path for path in found if not names or any(name in path.name for name in names)]
    if not chosen:
        sys.exit(f"No notebook's name contains {' or '.join(names)}: {[p.name for p in found]}.")
    return chosen


def synced(path):
    """Notebook at ``path`` with the number, links and setup cell that it should have."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return links.synced(path, **config["repository"])


def sync(names=()):
    """Write numbers, links and setup cells, the pages, and the figure of the home page."""
    for path in paths(names):
        _write(synced(path), path)
    (ROOT / HOME_FIGURE).write_text(diagrams.factors().svg, encoding="utf-8")
    write_pages()


def _write(notebook, path):
    """Replace the notebook at ``path`` as a whole: a full disk leaves the old one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        nbformat.write(notebook, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_pages():
    """Write the pages that are made from the notebooks."""
    for page, text_of in PAGES.items():
        (ROOT / page).write_text(text_of(paths()), encoding="utf-8")


def execute(names=()):
    """Run the notebooks on MovieLens, store their outputs, and write the pages."""
    movielens.require("Stored outputs")
    for path in tqdm(paths(names), desc="notebooks"):
        before = path.read_bytes()
        notebook = nbformat.reads(before.decode("utf-8"), as_version=4)
        start = time.perf_counter()
        client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3")
        client.execute(cwd=str(path.parent))
        seconds = round(time.perf_counter() - start)
        tqdm.write(f"{path.name}: {seconds} s")
        notebook = tidied(notebook)
        notebook.metadata["mfbook"] = {"seconds": seconds, "machine": machine()}
        if path.read_bytes() != before:
            sys.exit(
                f"{path.name} was edited while it ran, so its outputs are not stored. Run it again."
            )
        _write(notebook, path)
    write_pages()


def machine():
    """One line about this machine and the versions on it."""
    models = re.findall("model name\\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return ", ".join(
        [
            f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}",
            platform.system(),
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in ("numpy", "mxnet")),
        ]
    )


def tidied(notebook):
    """Notebook without what differs from run to run: times, versions, finished progress bars."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            for output in cell.outputs:
                # Warnings stay in the notebook, so that somebody sees them.
                if output.get("name") == "stderr":
                    output["text"] = PROGRESS_BAR.sub("", output["text"]).strip()
            cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
    return notebook


def check(names=()):
    """Exit with a message if a notebook or a page is not what sync and execute would write."""
    for path in paths(names):
        problem = problem_of(path)
        if problem:
            sys.exit(f"{path.name}: {problem}")
    for page, text_of in PAGES.items():
        if (ROOT / page).read_text(encoding="utf-8") != text_of(paths()):
            sys.exit(f"{page} is not what the notebooks say. Run `make execute`.")


def problem_of(path):
    """What is wrong with the notebook at ``path`` and what to do, or None."""
    notebook = nbformat.read(path, as_version=4)
    if notebook != synced(path):
        return "its number, links or setup cell are not up to date. Run `make sync`."
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        return "it was not run from top to bottom. Run `make execute`."
    try:
        slides.deck(path)
    except ValueError as error:
        return f"slides cannot be made from it. {error}"
    return None


def main(arguments=None):
    """Run the command that the arguments name."""
    commands = {"sync": sync, "execute": execute, "check": check}
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks", description=__doc__.split("\n")[0]
    )
    choices = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        choice = choices.add_parser(name, help=command.__doc__, description=command.__doc__)
        choice.add_argument("names", nargs="*", help="only notebooks whose name contains one")
    chosen = parser.parse_args(arguments)
    commands[chosen.command](chosen.names)


if __name__ == "__main__":
    main()
