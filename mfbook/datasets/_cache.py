"""The user's cache folder, and how files get into it: complete, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import errno
import os
from pathlib import Path, PurePosixPath
import platform
import re
import shutil
import tempfile
import time
from types import ModuleType
import warnings
import zipfile
import zlib

from mfbook.exceptions import DataError

FULL = (errno.ENOSPC, errno.EDQUOT)
NO_FOLDER = (errno.EEXIST, errno.ENOTDIR)
# Seconds for which nobody else deletes unfinished work: another container may have this host's name.
KEPT = 3600
# What `zipfile` raises for damaged archives: RuntimeError if a bit says that it is encrypted, or
# compressed in a way that it does not know; ValueError if a position is impossible.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


def cache() -> Path:
    """Return the user's cache folder for the course; raise `DataError` if it cannot be one.

    Examples
    --------
    >>> from mfbook.datasets import download
    >>> download.cache().is_absolute()
    True
    """
    folder = environment_folder("MFBOOK_CACHE")
    if folder:
        return folder
    try:
        folder = Path(import_pooch().os_cache("mfbook"))
        _check_possible(folder)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "your home folder is unknown"
        raise DataError(
            f"There is no folder for the cache: {reason}. Set MFBOOK_CACHE to the whole path of a "
            "folder that can be written."
        ) from None
    return folder


def environment_folder(variable: str) -> Path | None:
    """Return the folder that an environment variable names, or None if it is not set.

    Raises
    ------
    DataError
        If no folder can have that name.
    """
    value = os.environ.get(variable)
    if not value:
        return None
    if value[0] in "\"'" and value[-1] == value[0]:
        raise DataError(
            f"{variable} is {value}, with quotation marks, which would be part of the folder's "
            "name. Set it without them, or unset it."
        )
    try:
        # "~" is the user's home.
        path = Path(value).expanduser()
        _check_possible(path)
        # The same folder for the whole session, even if the current one changes.
        if not path.is_absolute():
            path = path.absolute()
            os.environ[variable] = str(path)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that home folder is unknown"
        shown = value if len(value) <= 200 else f"{value[:200]}…"
        raise DataError(
            f"{variable} is {shown!r}, which cannot be used: {reason}. Set it to the whole path of "
            "a folder, or unset it."
        ) from None
    return path


def _check_possible(path: Path) -> None:
    """Raise `OSError` if no file can have this path, for example because it is too long."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.lstat()


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
        with work_folder(target.parent) as work:
            unfinished = work / "unfinished"
            unfinished.mkdir()
            fill(unfinished)
            unfinished.rename(target)
    except OSError as error:
        # Another process was faster.
        if target.is_dir():
            return target
        raise write_error(error) from None
    return target


@contextlib.contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """Make a folder inside ``parent`` for unfinished work, and delete it in the end.

    Those of processes of this host that were killed over an hour ago are deleted as well.
    """
    prefix = f".unfinished-{_host()}-"
    for left in parent.glob(f"{prefix}*-*"):
        process = left.name.removeprefix(prefix).split("-")[0]
        if process.isdecimal() and _is_old(left) and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-", dir=parent) as work:
        yield Path(work)


def _host() -> str:
    """Return the name of this host, as a part of a file's name without a hyphen."""
    return re.sub(r"[^A-Za-z0-9.]", "_", platform.node())[:64] or "localhost"


def _is_old(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > KEPT
    except OSError:
        # Another process has deleted it.
        return False


def _is_running(process: int) -> bool:
    if os.name != "posix":
        # On Windows the call below would end the process.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It belongs to somebody else.
        return True
    return True


def write_error(error: OSError) -> DataError:
    """Return the error to raise if the cache cannot be written."""
    if error.errno in FULL:
        reason = "the disk is full"
        remedy = (
            "Free some space (50 MB are enough), or set MFBOOK_CACHE to a folder on another disk"
        )
    elif error.errno in NO_FOLDER:
        reason = f"there is a file where a folder should be ({error.filename2 or error.filename})"
        remedy = "Delete or rename that file, or set MFBOOK_CACHE to a folder that can be written"
    else:
        reason = str(error)
        remedy = "Set MFBOOK_CACHE to a folder that can be written"
    return DataError(f"The cache {cache()} could not be written: {reason}. {remedy}.")


def extract(archive: str | os.PathLike[str], target: Path) -> None:
    """Unpack the files of ``ml-100k.zip`` into the folder ``target``.

    Parameters
    ----------
    archive : str or path-like
        The path of ``ml-100k.zip``.
    target : pathlib.Path
        A folder that exists. Folders inside the archive are left out.

    Raises
    ------
    DataError
        If the archive is missing or damaged, or has a file whose path is outside the folder.

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
    if not Path(archive).is_file():
        raise DataError(f"There is no archive {archive}. Check the path and the spelling.")
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
    except DataError:
        raise
    except (*ZIP_ERRORS, OSError) as error:
        # An impossible position, too.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise DataError(
            f"{archive} is damaged ({error}). Delete it and download it again."
        ) from None
