"""Make one file to hand out: ``python -m tools.kit`` writes _build/kit and _build/kit.zip.

The kit holds a notebook for each chapter, without outputs and solutions; the solutions; the wheel of
mfbook; and a page that says how to start. It needs neither this checkout nor git.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import io
import os
from pathlib import Path
import shutil
from string import Template
import subprocess
import sys
import tempfile
import zipfile

import mfbook
from mfbook.runtime import requirements

from tools import learners, notebooks, reading

ROOT = Path(__file__).resolve().parent.parent
KIT = ROOT / "_build" / "kit"
TEMPLATE = Path(__file__).with_name("kit_start.html")
# What the wheel is built from: a checkout's own build/ may hold old modules.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "mfbook")
# The oldest time that a zip file can hold: the same sources give the same wheel, bit by bit.
EPOCH = "315532800"
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def wheel(folder):
    """Build the wheel of mfbook, without network, from a clean copy of its sources.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is written; the folder exists.

    Returns
    -------
    pathlib.Path
        The wheel. The same sources give the same bytes.

    Raises
    ------
    ValueError
        If it cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="mfbook-") as work:
        source = _copy_sources(Path(work, "mfbook"))
        built = Path(work, "dist")
        built.mkdir()
        made = subprocess.run(
            [sys.executable, "-c", BUILD, str(built)],
            cwd=source,
            env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
        )
        found = list(built.glob("*.whl"))
        if made.returncode or len(found) != 1:
            reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ValueError(
                f"The wheel of mfbook could not be built ({reason}). It needs setuptools 77 or newer: "
                "run `.venv/bin/pip install --requirement requirements-book.txt`."
            )
        target = folder / found[0].name
        target.write_bytes(found[0].read_bytes())
    return target


def _copy_sources(target):
    """Copy what the wheel is built from into a new folder, and return it."""
    target.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, target / name)
    return target


def contents():
    """The files of the kit: a dict of their bytes by their path in it.

    Raises
    ------
    ValueError
        If a notebook or the wheel cannot be made.
    """
    files = {}
    for path in notebooks.paths():
        try:
            made = learners.learner(reading.read(path))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        for folder, notebook in zip(("notebooks", "solutions"), made, strict=True):
            files[f"{folder}/{path.name}"] = notebooks.as_text(notebook).encode()
    with tempfile.TemporaryDirectory(prefix="mfbook-") as work:
        built = wheel(Path(work))
        # Beside the notebooks, where their setup cell looks for it.
        files[f"notebooks/{built.name}"] = built.read_bytes()
        files["START.html"] = start_page(built).encode()
    return dict(sorted(files.items()))


def start_page(built):
    """The page that says how to start with the wheel ``built``: HTML that needs nothing else."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        version=mfbook.__version__,
        wheel=built.name,
        wheel_kb=f"{built.stat().st_size / 1e3:.0f}",
        without_mxnet=requirements.chapters_without_mxnet(),
        mxnet_mb=requirements.CPU_BUILD.megabytes,
        python=".".join(map(str, requirements.OLDEST_PYTHON)),
    )


def zipped(files):
    """A zip file that holds files in the folder ``kit``; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{KIT.name}/{name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def write(files, folder):
    """Replace a folder, and the zip file of its name, as a whole: a full disk leaves the old ones."""
    try:
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kit-", dir=folder.parent) as work:
            for name, content in files.items():
                target = Path(work, "new", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            archive = Path(work, "new.zip")
            archive.write_bytes(zipped(files))
            _swap(Path(work, "new"), folder, Path(work, "old"))
            archive.replace(folder.with_suffix(".zip"))
    except OSError as error:
        sys.exit(
            f"{folder} could not be written: {error.strerror}. Is there room on the disk, and may you "
            "write there?"
        )


def _swap(new, folder, old):
    """Put a new folder in the place of one that may be there, which becomes ``old``."""
    try:
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        # Ctrl-C as well must not leave nothing there.
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def main(arguments=None):
    """Write learners' notebooks, solutions, wheel and START.html into _build/kit and _build/kit.zip."""
    argparse.ArgumentParser(prog="python -m tools.kit", description=main.__doc__).parse_args(
        arguments
    )
    try:
        files = contents()
    except ValueError as error:
        sys.exit(f"The kit is as it was. {error}")
    write(files, KIT)
    archive = KIT.with_suffix(".zip")
    print(f"{archive}: {len(files)} files, {archive.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
