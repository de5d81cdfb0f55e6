"""Find files of an installed build of MXNet that are missing or damaged.

The list of files that pip writes, RECORD, has the size and the SHA-256 of each. Only the standard
library is used, because the installer asks, and the layer that imports MXNet.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
import csv
import hashlib
from importlib import metadata
from pathlib import Path
import re

__all__ = ["damaged_files", "describe", "folders", "library_is_cut"]

CHUNK = 2**20


def damaged_files(name: str) -> list[str] | None:
    """Files of a build that are missing or are not as they were installed.

    Parameters
    ----------
    name : str
        The name of an installed build for pip.

    Returns
    -------
    list of str or None
        Their paths from the folder of packages, sorted; None if pip's list of the build's files is
        missing or incomplete.

    Examples
    --------
    >>> from mfbook.runtime import install, integrity
    >>> [integrity.damaged_files(name) for name in install.builds()]
    [[]]
    """
    listed = _listed(metadata.distribution(name))
    if listed is None:
        return None
    return sorted(
        file
        for file, (path, size, digest) in listed.items()
        if _size(path) != size or _digest(path) != digest
    )


def library_is_cut(name: str) -> bool:
    """Whether a build's library has not the size that it was installed with.

    Loading such a library can end the process, so its size is compared first.

    Parameters
    ----------
    name : str
        The name of an installed build for pip.

    Returns
    -------
    bool
        False as well if pip's list of the build's files is missing.

    Examples
    --------
    >>> from mfbook.runtime import install, integrity
    >>> [integrity.library_is_cut(name) for name in install.builds()]
    [False]
    """
    listed = _listed(metadata.distribution(name)) or {}
    libraries = [entry for file, entry in listed.items() if file.startswith("mxnet/libmxnet.")]
    return any(_size(path) != size for path, size, _ in libraries)


def describe(files: Sequence[str]) -> str:
    """Phrase that names damaged files.

    Parameters
    ----------
    files : sequence of str
        At least one.

    Returns
    -------
    str

    Examples
    --------
    >>> from mfbook.runtime import integrity
    >>> integrity.describe(["mxnet/base.py", "mxnet/libmxnet.so"])
    'mxnet/base.py and 1 more are missing or damaged'
    """
    if len(files) == 1:
        return f"{files[0]} is missing or damaged"
    return f"{files[0]} and {len(files) - 1} more are missing or damaged"


def folders(name: str) -> list[str]:
    """Folders of a build: that of its modules, and the one with what pip knows about it.

    Parameters
    ----------
    name : str
        The name of an installed build for pip.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from pathlib import Path
    >>> from mfbook.runtime import install, integrity
    >>> [name] = install.builds()
    >>> [Path(folder).name for folder in integrity.folders(name)]
    ['mxnet', 'mxnet-1.9.1.dist-info']
    """
    distribution = metadata.distribution(name)
    modules = Path(str(distribution.locate_file("mxnet")))
    stem = re.compile(name.replace("-", "[-_]") + r"-\d.*\.(dist|egg)-info", re.IGNORECASE)
    about = [path for path in modules.parent.iterdir() if stem.fullmatch(path.name)]
    return [str(path) for path in (modules, *sorted(about))]


def _listed(
    distribution: metadata.Distribution,
) -> dict[str, tuple[Path, int, str]] | None:
    """Path, size and digest of each file of a build, by what RECORD calls it."""
    try:
        rows = list(csv.reader((distribution.read_text("RECORD") or "").splitlines()))
        found = {
            file: (Path(str(distribution.locate_file(file))), int(size), digest.partition("=")[2])
            for file, digest, size in rows
            # Files that Python compiled later have no digest.
            if file.startswith("mxnet/") and digest.startswith("sha256=")
        }
    except (ValueError, csv.Error, OSError):
        return None
    return found if "mxnet/__init__.py" in found else None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    """SHA-256 of a file as RECORD writes it, or None if the file cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                digest.update(chunk)
    except OSError:
        return None
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
