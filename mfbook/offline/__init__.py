"""Gather the course in one folder, for machines without a network.

Behind ``python -m mfbook offline FOLDER``. The folder holds wheels for chosen systems and Python
versions, the learners' notebooks, the solutions, the built book, and a README that explains them. It
never holds MovieLens, whose license forbids passing it on.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import shutil

import mfbook
from mfbook.offline import _start, _texts
from mfbook.offline._folder import all_or_nothing, check_folder
from mfbook.offline._wheels import Target, gather_wheels, megabytes, targets

__all__ = ["gather"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Matrix Factorization in MXNet, without a network</title>
<style>body {{ font: 1rem/1.5 sans-serif; margin: 2rem auto; max-width: 45rem; padding: 0 1rem }}
td, th {{ border-bottom: 1px solid #bbb; padding: 0.3rem 1rem 0.3rem 0; text-align: left }}</style>
{body}</html>
"""


def gather(folder: Path, *, platforms: Sequence[str] = (), pythons: Sequence[str] = ()) -> str:
    """Fill a folder with everything that the course needs, and say in one sentence what it holds.

    Parameters
    ----------
    folder : Path
        New or empty.
    platforms : sequence of str
        For which systems, for example ``["linux-x86_64", "windows-amd64"]``; by default this one.
    pythons : sequence of str
        For which versions of Python, for example ``["3.11", "3.12"]``; by default this one.

    Returns
    -------
    str
        The size of the folder, and for which machines it is.

    Raises
    ------
    ValueError
        If the folder is not empty or cannot be filled, a platform or version is impossible, the book
        or the kit is not made, or this is no checkout of the course. What was made in the folder is
        then deleted, and nothing else.

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
    chosen = targets(platforms, pythons)
    book, kit = ROOT / "_build/html", ROOT / "_build/kit"
    own_mb = (_size(book) + _size(kit)) // 10**6
    check_folder(folder, megabytes(chosen) + own_mb)
    wheel = _check_sources(book, kit)
    # `resolve` fails where links go round in a circle.
    if Path(os.path.realpath(folder)).is_relative_to(ROOT / "_build"):
        raise ValueError(f"The folder {folder} is inside _build. Name another folder.")
    with all_or_nothing(folder) as work:
        gather_wheels(chosen, ROOT / "requirements.txt", work / "wheels", work / "requirements")
        shutil.copy(wheel, work / "wheels")
        for path in (work / "requirements").iterdir():
            with path.open("a", encoding="utf-8") as file:
                file.write(f"mfbook=={mfbook.__version__}\n")
        print("Copying the book and the notebooks.")
        shutil.copytree(book, work / "book")
        for name in ("notebooks", "solutions"):
            (work / name).mkdir()
            for notebook in (kit / name).glob("*.ipynb"):
                shutil.copy(notebook, work / name)
        _write_texts(work, chosen)
        size = _size(work) / 1e6
    return f"{folder} is complete: {size:,.0f} MB, for {', '.join(t.name for t in chosen)}."


def _check_sources(book: Path, kit: Path) -> Path:
    """Return the wheel of the kit; raise `ValueError` if the book or the kit is not made."""
    if not (ROOT / "requirements.txt").is_file():
        raise ValueError(
            f"There is no checkout of the course in {ROOT}, and the package is not enough. "
            "Run this from a checkout."
        )
    if not (book / "index.html").is_file():
        raise ValueError("The book is not built yet. Run `make book` first.")
    wheels = list(kit.rglob(f"mfbook-{mfbook.__version__}-*.whl"))
    is_made = all(any((kit / name).glob("*.ipynb")) for name in ("notebooks", "solutions"))
    if not wheels or not is_made:
        raise ValueError(
            "The learners' notebooks and the wheel of this version are not made yet. Run `make kit` "
            "first."
        )
    return wheels[0]


def _size(folder: Path) -> int:
    """Size of all files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write_texts(work: Path, chosen: Sequence[Target]) -> None:
    """Write the README, as a page too, and what starts the course."""
    # A part of what builds the book.
    from markdown_it import MarkdownIt

    text = _texts.readme(chosen)
    page = PAGE.format(body=MarkdownIt().enable("table").render(text))
    (work / "README.md").write_text(text, encoding="utf-8")
    (work / "START.html").write_text(page, encoding="utf-8")
    shutil.copy(Path(_start.__file__), work / "start.py")
    (work / "start.sh").write_text(_texts.START_SH, encoding="utf-8", newline="\n")
    (work / "start.bat").write_text(_texts.START_BAT, encoding="utf-8", newline="\r\n")
