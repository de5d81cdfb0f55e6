"""Gather the course in one folder, for a room with no network: ``python -m mfbook.offline FOLDER``.

The folder holds wheels, data, notebooks, the built book, and a README that needs nothing else.
It fits machines like this one: the same system, processor and Python version.
"""

import argparse
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys

from mfbook import download, install

ROOT = Path(__file__).resolve().parent.parent
README = """\
# Matrix Factorization in MXNet, with no network

For {system} on {machine} with Python {python}. Nothing is downloaded.

## Read

    python3 -m http.server --directory book

Then open http://localhost:8000 in a browser.

## Run the notebooks

You need Python with venv, and two system libraries; on Debian or Ubuntu they are in the packages
`python3-venv`, `libgomp1` and `libquadmath0`. In this folder:

    bash start.sh

The first time this makes `.venv` and fills it from `wheels`. Then it says what the machine lacks,
if anything, and opens JupyterLab.

## Data

{data}
"""
START = """\
#!/usr/bin/env bash
# Install the course from this folder alone, check the machine, open JupyterLab (or run "$@").
set -euo pipefail
cd "$(dirname "$0")"
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$PWD/wheels" PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -e data/ml-100k ] || [ -e data/ml-100k.zip ]; then export MFBOOK_DATA="$PWD/data"; fi
if [ ! -e .venv/ready ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement requirements.txt mfbook
    .venv/bin/python -m mfbook.install --cpu
    touch .venv/ready
fi
.venv/bin/python -m mfbook.doctor
if [ $# -eq 0 ]; then set -- jupyter lab notebooks; fi
PATH="$PWD/.venv/bin:$PATH" exec "$@"
"""
WITH_DATA = """\
MovieLens 100K is in `data`. Its licence forbids passing it on: before you hand this folder to
others, take `data/ml-100k` out, and let each of them fetch it."""
WITHOUT_DATA = f"""\
MovieLens 100K is not here: its licence forbids passing it on. Fetch
{download.URL}
and put the file into `data`. Or run `export MFBOOK_DATASET=synthetic` before `start.sh`:
everything then works on an invented twin of the data, and says so."""


def gather(folder):
    """Fill a folder with all that the course needs.

    Parameters
    ----------
    folder : Path
        New or empty.

    Returns
    -------
    str
        One sentence on what is there.

    Raises
    ------
    ValueError
        If the folder is not empty, the book is not built, or this is no checkout of the course.
    subprocess.CalledProcessError
        If pip fails.
    """
    book = ROOT / "_build/html"
    if not (ROOT / "requirements.txt").is_file():
        raise ValueError("Run this from a checkout of the course: it needs more than the package.")
    if not (book / "index.html").is_file():
        raise ValueError("The book is not built yet. Run `make book` first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not empty. Name a new folder.")
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    print("Gathering wheels; this takes a minute or two.")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    collect = [*pip, "wheel", "--wheel-dir", wheels]
    requirements = ROOT / "requirements.txt"
    subprocess.run([*collect, "--requirement", requirements], check=True)
    mxnet = f"{install.CPU}=={install.VERSION}"
    subprocess.run([*collect, "--no-deps", mxnet, str(ROOT)], check=True)
    print("Copying the book and the notebooks.")
    shutil.copytree(book, folder / "book")
    (folder / "notebooks").mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder / "notebooks")
    shutil.copy(requirements, folder)
    has_data = _copy_data(folder / "data")
    readme = README.format(
        system=platform.system(),
        machine=platform.machine(),
        python=".".join(platform.python_version_tuple()[:2]),
        data=WITH_DATA if has_data else WITHOUT_DATA,
    )
    (folder / "README.md").write_text(readme)
    (folder / "start.sh").write_text(START)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
    return f"{folder} is complete: {size:,.0f} MB, {'with' if has_data else 'without'} MovieLens."


def _copy_data(target):
    """Copy MovieLens from where it is on this machine; return whether it is on it."""
    target.mkdir()
    cached = download.cache() / "ml-100k"
    if not os.environ.get("MFBOOK_DATA") and not cached.is_dir():
        return False
    shutil.copytree(download.folder("ml-100k"), target / "ml-100k")
    for path in (target / "ml-100k", *(target / "ml-100k").iterdir()):
        path.chmod(path.stat().st_mode | 0o200)  # a read-only source would be a nuisance to delete
    return True


def main(arguments=None):
    """Gather, and say in one sentence what was done or why not."""
    parser = argparse.ArgumentParser(prog="python -m mfbook.offline", description=__doc__)
    parser.add_argument("folder", type=Path, help="a new or empty folder")
    options = parser.parse_args(arguments)
    try:
        print(gather(options.folder))
    except ValueError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError:
        sys.exit("pip could not gather the wheels; its message is above. Is there a network?")


if __name__ == "__main__":
    main()
