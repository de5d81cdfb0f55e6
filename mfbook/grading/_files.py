"""Find the notebooks that were handed in, and read them without running anything."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import stat
from typing import Any

# In bytes. A notebook of the course has less than one million.
LARGEST = 20_000_000
# What macOS adds to the archives that it makes.
RESOURCES = "__MACOSX"


def find(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield the learner, the path, and a problem if there is one, of what was handed in.

    Links are not followed, and hidden files and folders, such as Jupyter's own copies, are left out.
    """
    unreadable: list[OSError] = []
    for where, folders, names in os.walk(folder, onerror=unreadable.append):
        here = Path(where)
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n != RESOURCES)
        for path in (here / name for name in folders):
            if path.is_symlink():
                yield _learner(path, folder), path, "is a link to a folder, which is not followed"
        for name in sorted(names):
            if name.lower().endswith(".ipynb") and not name.startswith("."):
                yield _learner(here / name, folder), here / name, ""
    for error in unreadable:
        path = Path(error.filename)
        yield _learner(path, folder), path, f"cannot be read: {error.strerror}"


def _learner(path: Path, folder: Path) -> str:
    """Return the name of the folder in which the notebooks of a learner lie, or that of the file."""
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else path.stem


def read(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook; raise `ValueError` with the reason if it has none."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise ValueError("is a link, which is not followed")
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is no file")
        if status.st_size > LARGEST:
            raise ValueError(
                f"has {status.st_size / 1e6:,.0f} MB; at most {LARGEST / 1e6:.0f} MB are read"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if not raw.strip():
        raise ValueError("is empty")
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except (RecursionError, MemoryError):
        raise ValueError("is nested too deeply, or too large for the memory") from None
    except ValueError as error:
        raise ValueError(f"is not JSON in UTF-8 ({error})") from None
    return _cells(content)


def _cells(content: Any) -> list[dict[str, Any]]:
    """Return the cells of a notebook's content; raise `ValueError` if it is no notebook."""
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise ValueError("is no notebook of the format 4: it has no list of cells")
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or not _is_text(cell.get("source")):
            raise ValueError(f"is no valid notebook: cell {number} has no source")
        outputs = cell.get("outputs", [])
        if not isinstance(outputs, list) or not all(isinstance(o, dict) for o in outputs):
            raise ValueError(f"is no valid notebook: the outputs of cell {number} are damaged")
    return cells


def _is_text(source: object) -> bool:
    is_lines = isinstance(source, list) and all(isinstance(line, str) for line in source)
    return isinstance(source, str) or is_lines
