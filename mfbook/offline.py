"""Gather the course in one folder, for machines without a network.

Behind ``python -m mfbook offline FOLDER``. The folder holds wheels, data, notebooks, the built
book, and a README that explains them. It suits machines like this one: the same system, processor
and Python version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tempfile

from mfbook.datasets import download
from mfbook.runtime import requirements

__all__ = ["gather"]

ROOT = Path(__file__).resolve().parent.parent
# What the folder needs on its disk, wheels and all.
NEEDED_MB = 1000
# The beginning of the name of a folder with unfinished work.
UNFINISHED = ".unfinished-"
# What the wheel of the course is built from: a checkout's own build/ may hold old modules.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "mfbook")
README = """\
# Matrix Factorization in MXNet, without a network

For {system} on {machine} with Python {python}. Nothing is downloaded.

If this folder is on a USB stick, copy it to a disk of your machine first.

## Read

    python3 -m http.server --directory book

Then open http://localhost:8000 in a browser.

## Run the notebooks

{needs} In this folder:

    bash start.sh

The first time, and after the folder was moved, this makes `.venv` and fills it from `wheels`. Then it
says what is missing on the machine, if anything, and opens JupyterLab.

## Data

{data}
"""
START = """\
#!/usr/bin/env bash
# Install the course from this folder only, check the machine, open JupyterLab (or run "$@").
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")"
# A relative path, because pip splits PIP_FIND_LINKS at spaces.
export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -e data/ml-100k ] || [ -e data/ml-100k.zip ]; then export MFBOOK_DATA="$PWD/data"; fi
# The commands in .venv know their own path, so they do not run from another.
if [ "$(cat .venv/ready 2> /dev/null)" != "$PWD" ] || ! .venv/bin/python -c "" 2> /dev/null; then
    rm -rf .venv
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --requirement requirements.txt mfbook
    .venv/bin/python -m mfbook install --cpu
    echo "$PWD" > .venv/ready
fi
.venv/bin/python -m mfbook doctor
if [ $# -eq 0 ]; then set -- jupyter lab notebooks; fi
PATH="$PWD/.venv/bin:$PATH" exec "$@"
"""
WITH_DATA = """\
MovieLens 100K is in `data`. Its license forbids passing it on: before you hand this folder to
others, take `data/ml-100k` out, and let each of them fetch it."""
WITHOUT_DATA = f"""\
MovieLens 100K is not here: its license forbids passing it on. Fetch
{download.URL}
and put the file into `data`. Or run `export MFBOOK_DATASET=synthetic` before `start.sh`:
everything then works on an invented twin of the data, and says so."""


def gather(folder: Path) -> str:
    """Fill a folder with everything that the course needs, and say in one sentence what it holds.

    Parameters
    ----------
    folder : Path
        New or empty.

    Returns
    -------
    str
        The size of the folder, and whether MovieLens is in it.

    Raises
    ------
    ValueError
        If the folder is not empty or cannot be filled, the book is not built, or this is no checkout
        of the course. What was made in the folder is then deleted, and nothing else.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook import offline
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "thesis.txt").touch()
    ...     try:
    ...         offline.gather(Path(folder))
    ...     except ValueError as error:
    ...         print(error)  # doctest: +ELLIPSIS
    The folder ... is not empty. Name a new folder.
    """
    book = ROOT / "_build/html"
    _check_folder(folder)
    if not (ROOT / "requirements.txt").is_file():
        raise ValueError(
            f"There is no checkout of the course in {ROOT}, and the package is not enough. "
            "Run this from a checkout."
        )
    if not (book / "index.html").is_file():
        raise ValueError("The book is not built yet. Run `make book` first.")
    # `resolve` fails where links go round in a circle.
    if Path(os.path.realpath(folder)).is_relative_to(book):
        raise ValueError(f"The folder {folder} is inside the built book. Name another folder.")
    data = _find_data()
    with _all_or_nothing(folder) as work:
        _gather_wheels(work / "wheels")
        print("Copying the book and the notebooks.")
        shutil.copytree(book, work / "book")
        (work / "notebooks").mkdir()
        for notebook in (ROOT / "notebooks").glob("*.ipynb"):
            shutil.copy(notebook, work / "notebooks")
        shutil.copy(ROOT / "requirements.txt", work)
        _copy_data(data, work / "data")
        readme = README.format(
            system=platform.system(),
            machine=platform.machine(),
            python=".".join(platform.python_version_tuple()[:2]),
            needs=_needs(),
            data=WITH_DATA if data else WITHOUT_DATA,
        )
        (work / "README.md").write_text(readme, encoding="utf-8")
        (work / "start.sh").write_text(START, encoding="utf-8")
        size = sum(f.stat().st_size for f in work.rglob("*") if f.is_file()) / 1e6
    return f"{folder} is complete: {size:,.0f} MB, {'with' if data else 'without'} MovieLens."


def _check_folder(folder: Path) -> None:
    """Raise `ValueError` if a folder is not new or empty, or if its disk is too small."""
    try:
        for path in (folder, *folder.parents):
            if path.is_symlink() and not path.exists():
                raise ValueError(f"{path} is a link that leads to no folder. Name a new folder.")
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file, not a folder. Name a new folder.")
        entries = list(folder.iterdir()) if folder.exists() else []
        if any(entry.name.startswith(UNFINISHED) for entry in entries):
            raise ValueError(
                f"Another command fills the folder {folder}, or was killed while it did. Name a new "
                f"folder, or delete {UNFINISHED}* in it."
            )
        if entries:
            raise ValueError(f"The folder {folder} is not empty. Name a new folder.")
        existing = folder.absolute()
        while not existing.exists():
            existing = existing.parent
        free = shutil.disk_usage(existing).free // 10**6
    except OSError as error:
        raise _folder_error(folder, error) from None
    if free < NEEDED_MB:
        raise ValueError(
            f"The disk of {folder} has {free:,} MB free, and about {NEEDED_MB} MB are needed. Free "
            "some space, or name a folder on another disk."
        )


def _folder_error(folder: Path, error: OSError) -> ValueError:
    # `shutil.copytree` collects errors, and gives each as (source, target, reason).
    reason = error.strerror or (str(error.args[0][0][-1]) if error.args else "unknown reason")
    return ValueError(
        f"The folder {folder} could not be filled: {reason}. Nothing was left in it but what others "
        "put there. Name a folder that you may write, on a disk with enough space."
    )


@contextlib.contextmanager
def _all_or_nothing(folder: Path) -> Iterator[Path]:
    """Make a folder, and give one inside it for unfinished work, whose entries then move up.

    If that fails, everything that was made is deleted, and nothing that others put there meanwhile.
    """
    made: list[Path] = []
    entries: list[Path] = []
    try:
        try:
            for path in (*reversed(folder.parents), folder):
                if not path.exists():
                    path.mkdir()
                    made.append(path)
            with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as work:
                try:
                    yield Path(work)
                    entries += Path(work).iterdir()
                    _move(entries, folder)
                except BaseException:
                    # Those that have moved.
                    for path in (folder / entry.name for entry in entries if not entry.exists()):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
                    raise
        except BaseException:
            with contextlib.suppress(OSError):
                # One that others put something into is not empty, and stays.
                for path in reversed(made):
                    path.rmdir()
            raise
    except OSError as error:
        raise _folder_error(folder, error) from None


def _move(entries: Iterable[Path], folder: Path) -> None:
    """Move files and folders into a folder; raise `ValueError` if others put one there already."""
    for entry in entries:
        if os.path.lexists(folder / entry.name):
            raise ValueError(
                f"The folder {folder} could not be filled: others put {entry.name} there meanwhile. "
                "Name a new folder."
            )
        entry.rename(folder / entry.name)


def _gather_wheels(target: Path) -> None:
    """Put the wheels of MXNet, the course and all that it needs into a new folder."""
    target.mkdir()
    print("Gathering wheels; this takes a minute or two.")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    collect = [*pip, "wheel", "--wheel-dir", str(target)]
    mxnet = requirements.CPU_BUILD.requirement
    # What pip leaves there if it is stopped is deleted as well.
    with tempfile.TemporaryDirectory(prefix="mfbook-") as work:
        environment = os.environ | {"TMPDIR": work}
        source = _copy_sources(Path(work, "mfbook"))
        try:
            for what in (
                ["--requirement", str(ROOT / "requirements.txt")],
                ["--no-deps", mxnet, str(source)],
            ):
                subprocess.run([*collect, *what], check=True, env=environment)
        except subprocess.CalledProcessError:
            raise ValueError(
                "pip could not gather the wheels; its message is above. Nothing of it was left. Is "
                "there a network, and room on the disk?"
            ) from None


def _copy_sources(target: Path) -> Path:
    """Copy what the wheel of the course is built from, and return the copy."""
    target.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, target / name)
    return target


def _needs() -> str:
    """Say what the README's machines must have."""
    libraries = requirements.system_libraries()
    if not libraries:
        return "You need Python with venv."
    names = " and ".join(library.name for library in libraries)
    packages = " ".join(library.debian_package for library in libraries)
    return (
        f"You need Python with venv, and the system libraries {names}.\n"
        f"On Debian or Ubuntu: `apt-get install python3-venv {packages}`."
    )


def _find_data() -> Path | None:
    """Return the folder with MovieLens if it is on this machine."""
    if not os.environ.get("MFBOOK_DATA") and not (download.cache() / "ml-100k").is_dir():
        return None
    return download.folder("ml-100k")


def _copy_data(source: Path | None, target: Path) -> None:
    """Copy MovieLens into a new folder, which stays empty without it."""
    target.mkdir()
    if source is None:
        return
    copy = target / "ml-100k"
    copy.mkdir()
    for path in source.iterdir():
        # Without its permissions: a copy of a read-only file could not be deleted easily.
        if path.is_file():
            shutil.copyfile(path, copy / path.name)
