"""Fill a folder completely or not at all, and say in one sentence why it cannot be filled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
from pathlib import Path
import shutil
import tempfile

# The beginning of the name of a folder with unfinished work.
UNFINISHED = ".unfinished-"


def check_folder(folder: Path, needed_mb: int) -> None:
    """Raise `ValueError` if a folder is not new or empty, or if its disk is too small.

    Examples
    --------
    >>> from pathlib import Path
    >>> check_folder(Path("a new folder"), needed_mb=0)
    """
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
    if free < needed_mb:
        raise ValueError(
            f"The disk of {folder} has {free:,} MB free, and about {needed_mb:,} MB are needed. Free "
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
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """Make a folder, and give one inside it for unfinished work, whose entries then move up.

    If that fails, everything that was made is deleted, and nothing that others put there meanwhile.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "new"
    >>> with all_or_nothing(folder) as work:
    ...     (work / "README.md").touch()
    >>> [path.name for path in folder.iterdir()]
    ['README.md']
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
        if (folder / entry.name).exists() or (folder / entry.name).is_symlink():
            raise ValueError(
                f"The folder {folder} could not be filled: others put {entry.name} there meanwhile. "
                "Name a new folder."
            )
        entry.rename(folder / entry.name)
