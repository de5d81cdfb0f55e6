"""Keep the notebooks and the pages made from them consistent: sync, execute, check.

``python -m tools.notebooks sync`` writes each notebook's number, setup cell and, in a copy that
`tools.stamp` made, links; they follow from its file name and the repository's address in _config.yml.
Then it writes the pages of exercises, of results and of the timetable, and the figure of the home page.

``python -m tools.notebooks execute`` runs the notebooks on MovieLens 100K and stores their outputs;
then it writes the three pages.

``python -m tools.notebooks check`` exits with a message if a notebook or a page is not what these
commands would write.

Each takes names: only the notebooks whose file name contains one of them. What is wrong with one
notebook does not stop the work on the others.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import contextlib
from importlib.metadata import version
import os
from pathlib import Path
import platform
import re
import sys
import time

from jupyter_client.kernelspec import NoSuchKernel
from mfbook.course import diagrams
import nbclient
import nbformat
from tqdm import tqdm
import yaml

from tools import exercises_page, links, movielens, reading, results_page, slides, timetable_page
from tools.writing import write

ROOT = Path(__file__).resolve().parent.parent
PAGES = {  # pages that are written from the notebooks
    "book/exercises.md": exercises_page.page,
    "book/results.md": results_page.page,
    "book/timetable.md": timetable_page.page,
}
CPU_INFO = Path("/proc/cpuinfo")
HOME_FIGURE = "book/_static/factors.svg"
# One state of a tqdm progress bar, or its move to the line above.
PROGRESS_BAR = re.compile(r"[^\r\n]*\d+%\|[^\r\n]*|\x1b\[A")


def paths(names=()):
    """Paths of the notebooks, in order; with ``names``, of those that contain one of them."""
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not found:
        sys.exit(f"There is no notebook in {ROOT / 'notebooks'}.")
    chosen = [path for path in found if not names or any(name in path.name for name in names)]
    if not chosen:
        sys.exit(f"No notebook's name contains {' or '.join(names)}: {[p.name for p in found]}.")
    return chosen


def synced(path):
    """Notebook at ``path`` with the number, links and setup cell that it should have."""
    return links.synced(path, repository())


def repository():
    """Address of the repository that _config.yml holds; empty where none was stamped.

    Exits with a sentence if _config.yml cannot be read or holds something else.
    """
    try:
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        url = config["repository"]["url"]
        if url == "" or links.REPOSITORY.fullmatch(url):
            return url
        reason = f"it is {url!r}"
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        reason = str(error)
    sys.exit(
        "_config.yml does not hold the url of the repository, which is empty or "
        f"https://github.com/OWNER/NAME ({reason}). Mend it, or take it from the last commit."
    )


def sync(names=()):
    """Write numbers, links and setup cells, the pages, and the figure of the home page."""
    problems = []
    for path in paths(names):
        try:
            write(as_text(synced(path)), path)
        except ValueError as error:
            problems.append(str(error))
    write(diagrams.factors().svg, ROOT / HOME_FIGURE)
    _exit_with([*problems, *_write_pages()])


def as_text(notebook):
    """Text of a notebook as it is stored: `nbformat`'s, which ends with a line break."""
    return nbformat.writes(notebook) + "\n"


def _write_pages():
    """Write the pages that are made from the notebooks; return why some could not be."""
    problems = []
    for page, text_of in PAGES.items():
        try:
            write(text_of(paths()), ROOT / page)
        except ValueError as error:
            problems.append(f"{page} is as it was: {error}")
    return problems


def _exit_with(problems):
    """Exit with all problems, a line each, if there are any."""
    if problems:
        sys.exit("\n".join(problems))


def execute(names=()):
    """Run the notebooks on MovieLens, store their outputs, and write the pages."""
    movielens.require("Stored outputs")
    # All of them are read first: what is wrong shows before an hour of running.
    for path in (chosen := paths(names)):
        reading.read(path)
    for path in tqdm(chosen, desc="notebooks"):
        before = path.read_bytes()
        notebook = reading.read(path)
        seconds = run(notebook, path)
        tqdm.write(f"{path.name}: {seconds} s")
        notebook = tidied(notebook)
        notebook.metadata["mfbook"] = {"seconds": seconds, "machine": machine()}
        if path.read_bytes() != before:
            sys.exit(
                f"{path.name} was edited while it ran, so its outputs are not stored. Run it again."
            )
        write(as_text(notebook), path)
    _exit_with(_write_pages())


def run(notebook, path):
    """Run a notebook in its folder; return how long it took, in whole seconds."""
    start = time.perf_counter()
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3")
    try:
        client.execute(cwd=str(path.parent))
    except (
        nbclient.exceptions.CellControlSignal,
        nbclient.exceptions.DeadKernelError,
        NoSuchKernel,
    ) as error:
        # Ctrl-C reaches the kernel as well.
        if getattr(error, "ename", None) == "KeyboardInterrupt":
            sys.exit(f"{path.name} was interrupted, and is as it was.")
        sys.exit(f"{path.name} stopped, and is as it was. {error}")
    except Exception as error:
        # At Ctrl-C nbclient ends its kernel, and can fail in many ways at what it does next.
        sys.exit(
            f"{path.name} was interrupted, and is as it was ({type(error).__name__}). Run it again."
        )
    return round(time.perf_counter() - start)


def machine():
    """One line about this machine and the versions on it."""
    models = []
    # Only Linux has that file.
    with contextlib.suppress(OSError):
        models = re.findall("model name\\s*: (.*)", CPU_INFO.read_text(encoding="utf-8"))
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
    problems = [problem for path in paths(names) if (problem := problem_of(path))]
    for page, text_of in PAGES.items():
        try:
            if (ROOT / page).read_text(encoding="utf-8") != text_of(paths()):
                problems.append(f"{page} is not what the notebooks say. Run `make execute`.")
        except OSError as error:
            problems.append(f"{page} cannot be read: {error.strerror}. Run `make execute`.")
        except ValueError as error:
            problems.append(f"{page} was not checked: {error}")
    _exit_with(problems)


def problem_of(path):
    """What is wrong with the notebook at ``path`` and what to do, or None."""
    try:
        notebook = reading.read(path)
    except ValueError as error:
        return str(error)
    if notebook != synced(path):
        return f"{path.name}: its number, links or setup cell are not up to date. Run `make sync`."
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        return f"{path.name}: it was not run from top to bottom. Run `make execute`."
    try:
        slides.deck(path)
    except ValueError as error:
        return f"{path.name}: slides cannot be made from it. {error}"
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
    try:
        commands[chosen.command](chosen.names)
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
