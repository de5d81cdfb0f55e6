"""Gather the course in one folder, for machines without a network.

Behind ``python -m mfbook offline FOLDER``. The folder holds wheels, data, notebooks, the built
book, and a README that explains them. It suits machines like this one: the same system, processor
and Python version.
"""

from __future__ import annotations

import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys

from mfbook.datasets import download
from mfbook.runtime import requirements

__all__ = ["gather"]

ROOT = Path(__file__).resolve().parent.parent
README = """\
# Matrix Factorization in MXNet, without a network

For {system} on {machine} with Python {python}. Nothing is downloaded.

## Read

    python3 -m http.server --directory book

Then open http://localhost:8000 in a browser.

## Run the notebooks

{needs} In this folder:

    bash start.sh

The first time this makes `.venv` and fills it from `wheels`. Then it says what is missing on the
machine, if anything, and opens JupyterLab.

## Data

{data}
"""
START = """\
#!/usr/bin/env bash
# Install the course from this folder only, check the machine, open JupyterLab (or run "$@").
set -euo pipefail
cd "$(dirname "$0")"
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$PWD/wheels" PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -e data/ml-100k ] || [ -e data/ml-100k.zip ]; then export MFBOOK_DATA="$PWD/data"; fi
if [ ! -e .venv/ready ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement requirements.txt mfbook
    .venv/bin/python -m mfbook install --cpu
    touch .venv/ready
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
        If the folder is not empty, the book is not built, or this is no checkout of the course.
    subprocess.CalledProcessError
        If pip fails; pip has then said why.

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
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"The folder {folder} is not empty. Name a new folder.")
    if not (ROOT / "requirements.txt").is_file():
        raise ValueError(
            f"There is no checkout of the course in {ROOT}, and the package is not enough. "
            "Run this from a checkout."
        )
    if not (book / "index.html").is_file():
        raise ValueError("The book is not built yet. Run `make book` first.")
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    print("Gathering wheels; this takes a minute or two.")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    collect = [*pip, "wheel", "--wheel-dir", str(wheels)]
    pins = ROOT / "requirements.txt"
    subprocess.run([*collect, "--requirement", str(pins)], check=True)
    mxnet = requirements.CPU_BUILD.requirement
    subprocess.run([*collect, "--no-deps", mxnet, str(ROOT)], check=True)
    print("Copying the book and the notebooks.")
    shutil.copytree(book, folder / "book")
    (folder / "notebooks").mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder / "notebooks")
    shutil.copy(pins, folder)
    has_data = _copy_data(folder / "data")
    readme = README.format(
        system=platform.system(),
        machine=platform.machine(),
        python=".".join(platform.python_version_tuple()[:2]),
        needs=_needs(),
        data=WITH_DATA if has_data else WITHOUT_DATA,
    )
    (folder / "README.md").write_text(readme)
    (folder / "start.sh").write_text(START)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
    return f"{folder} is complete: {size:,.0f} MB, {'with' if has_data else 'without'} MovieLens."


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


def _copy_data(target: Path) -> bool:
    """Copy MovieLens if it is on this machine; return whether it is."""
    target.mkdir()
    cached = download.cache() / "ml-100k"
    if not os.environ.get("MFBOOK_DATA") and not cached.is_dir():
        return False
    shutil.copytree(download.folder("ml-100k"), target / "ml-100k")
    for path in (target / "ml-100k", *(target / "ml-100k").iterdir()):
        # A copy of a read-only folder could not be deleted easily.
        path.chmod(path.stat().st_mode | 0o200)
    return True
