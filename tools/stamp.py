"""Write the course with an address: ``python -m tools.stamp OWNER/NAME --out FOLDER``.

The folder gets a copy of the files under version control, in which every link, the setup cells, Binder
and the site belong to the repository OWNER/NAME on GitHub; the learners' notebooks; and the wheel of
mfbook, which the setup cells install. Published as the branch "ready", it is what the links lead to.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

from tools import kit, learners, links, notebooks
from tools.writing import reason

ROOT = Path(__file__).resolve().parent.parent
NO_ADDRESS = '\n  url: ""\n'
# GitHub runs workflows from the main branch, and does not let one of them write others.
LEFT_OUT = (".github", ".ci")


def stamp(name, folder):
    """Fill a folder with the course as published in the repository ``name``.

    Parameters
    ----------
    name : str
        OWNER/NAME.
    folder : pathlib.Path
        New or empty. It is filled completely or, if anything fails, not at all.

    Raises
    ------
    ValueError
        If GitHub allows no such name, the folder is not empty or cannot be filled, or the sources
        are not under version control or have an address already.
    """
    url = f"https://github.com/{name}"
    if not links.REPOSITORY.fullmatch(url):
        raise ValueError(
            f"{name!r} is no repository on GitHub. Write its owner and its name as OWNER/NAME."
        )
    target = folder.resolve()
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{folder} is not a folder. Name a new or empty one.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"The folder {folder} is not empty. Name a new or empty one.")
    if not target.parent.is_dir():
        raise ValueError(f"There is no folder {target.parent}. Make it, or name another.")
    try:
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as work:
            copy = Path(work, "ready")
            _copy_sources(copy)
            _write_address(copy, url)
            kit.wheel(copy)
            copy.rename(target)
    except (OSError, shutil.Error) as error:
        raise ValueError(
            f"The folder {folder} could not be filled, and is as it was: {reason(error)}."
        ) from None


def _copy_sources(target):
    """Copy the files under version control, as they are now, into a new folder."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[0]
        raise ValueError(
            f"git cannot list the files of the course ({said}). Run this in a clone of its repository."
        ) from None
    for file in filter(None, listed.stdout.split("\0")):
        # git lists a deleted file until the deletion is committed.
        if Path(file).parts[0] not in LEFT_OUT and os.path.lexists(ROOT / file):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target / file, follow_symlinks=False)


def _write_address(folder, url):
    """Write the address of the repository into a copy of the sources, and the learners' notebooks."""
    config = folder / "_config.yml"
    text = config.read_text(encoding="utf-8")
    if text.count(NO_ADDRESS) != 1:
        raise ValueError(
            f'{ROOT / "_config.yml"} has no line `url: ""` under `repository`, where the address '
            "belongs. Take the file from the last commit."
        )
    config.write_text(text.replace(NO_ADDRESS, f"\n  url: {url}\n"), encoding="utf-8")
    (folder / links.LEARNERS).mkdir()
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        chapter = links.synced(path, url)
        for_learners, _ = learners.learner(chapter)
        path.write_text(notebooks.as_text(chapter), encoding="utf-8")
        learner = folder / links.LEARNERS / path.name
        learner.write_text(notebooks.as_text(for_learners), encoding="utf-8")


def main(arguments=None):
    """Write a copy of the course in which all addresses belong to one repository on GitHub."""
    parser = argparse.ArgumentParser(prog="python -m tools.stamp", description=main.__doc__)
    parser.add_argument("name", metavar="OWNER/NAME", help="the repository")
    parser.add_argument("--out", required=True, type=Path, help="the folder, new or empty")
    chosen = parser.parse_args(arguments)
    try:
        stamp(chosen.name, chosen.out)
    except ValueError as error:
        sys.exit(str(error))
    print(f"{chosen.out} is the course as published in {chosen.name}.")


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
