"""The user's cache folder, and how folders get into it: complete, or not at all."""

from __future__ import annotations

from collections.abc import Callable
import errno
import os
from pathlib import Path, PurePosixPath
import shutil
import tempfile
from types import ModuleType
import warnings
import zipfile

from mfbook.exceptions import DataError


def cache() -> Path:
    """Return the user's cache folder for the course.

    Examples
    --------
    >>> from mfbook.datasets import download
    >>> download.cache().is_absolute()
    True
    """
    return Path(os.environ.get("MFBOOK_CACHE") or import_pooch().os_cache("mfbook"))


def import_pooch() -> ModuleType:
    """Return pooch, imported without tqdm's warning that ipywidgets are missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pooch
    return pooch


def make_folder(target: Path, fill: Callable[[Path], object]) -> Path:
    """Make the folder ``target`` with ``fill(folder)``: complete, or not at all.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as work:
            unfinished = Path(work) / "unfinished"
            unfinished.mkdir()
            fill(unfinished)
            unfinished.rename(target)
    except OSError as error:
        # Another process was faster.
        if target.is_dir():
            return target
        raise write_error(error) from None
    return target


def write_error(error: OSError) -> DataError:
    """Return the error to raise if the cache cannot be written."""
    reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
    return DataError(
        f"The cache {cache()} could not be written: {reason}. Free some space (50 MB are enough), "
        "or set MFBOOK_CACHE to a folder that can be written."
    )


def extract(archive: str | os.PathLike[str], target: Path) -> None:
    """Unpack the files of ``ml-100k.zip`` into the folder ``target``.

    Raises
    ------
    DataError
        If the archive is damaged, or has a file whose path is outside the folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile, zipfile
    >>> from mfbook.datasets import download
    >>> folder = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(folder / "ml-100k.zip", "w") as archive:
    ...     archive.writestr("ml-100k/u.genre", "Drama|0")
    >>> download.extract(folder / "ml-100k.zip", folder)
    >>> (folder / "u.genre").read_text()
    'Drama|0'
    """
    try:
        with zipfile.ZipFile(archive) as content:
            for member in content.infolist():
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts:
                    raise DataError(
                        f"{archive} has a file outside its own folder: {member.filename!r}. "
                        "Delete the archive and download it again."
                    )
                if not member.is_dir():
                    with content.open(member) as source, (target / path.name).open("wb") as copy:
                        shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{archive} is damaged ({error}). Delete it and download it again."
        ) from None
