"""System libraries of MXNet on machines that do not have them, and where nobody may install them.

MXNet's own library looks for others in its own folder first. So a copy there is enough: it needs no
administrator, no restart and no variable of the environment. The copies come from wheels on PyPI.
Like the installer, this module uses only the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable
import contextlib
import ctypes
from importlib import metadata
from pathlib import Path
import re
import zipfile

from mfbook.runtime import requirements
from mfbook.runtime.requirements import SystemLibrary

__all__ = ["copy", "missing"]


def missing() -> list[SystemLibrary]:
    """System libraries that MXNet needs, and that neither this machine nor MXNet's folder has.

    Returns
    -------
    list of mfbook.runtime.requirements.SystemLibrary

    Examples
    --------
    >>> from mfbook.runtime import libraries
    >>> libraries.missing()
    []
    """
    folder = _mxnet_folder()
    return [
        library
        for library in requirements.system_libraries()
        if not (folder and _loads(str(folder / library.name))) and not _loads(library.name)
    ]


def copy(libraries: Iterable[SystemLibrary], wheels: str) -> None:
    """Put copies of system libraries into the folder of the installed MXNet.

    Parameters
    ----------
    libraries : iterable
        What to copy, as `missing` returns it.
    wheels : str
        The folder with the wheels that hold them.

    Raises
    ------
    OSError
        If MXNet is not installed, a wheel is missing, or a copy cannot be written.

    Notes
    -----
    ``python -m mfbook install`` calls it. pip does not know the copies, so they stay where a build
    is replaced by another, which finds them there.

    Examples
    --------
    >>> from mfbook.runtime import libraries
    >>> libraries.copy([], "wheels")
    """
    folder = _mxnet_folder()
    for library in libraries:
        if folder is None:
            raise OSError("MXNet is not installed")
        content = _content(library, Path(wheels))
        part = folder / f"{library.name}.part"
        try:
            part.write_bytes(content)
            part.replace(folder / library.name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()


def _content(library: SystemLibrary, wheels: Path) -> bytes:
    """Content of a library in its wheel, where it has a longer name, as auditwheel gives it."""
    name = library.wheel.partition("==")[0].replace("-", "_")
    stem = re.escape(library.name.partition(".")[0])
    for wheel in wheels.glob(f"{name}-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for file in archive.namelist():
                if re.search(rf"/{stem}-[0-9a-f]+\.so[.\d]*$", file):
                    return archive.read(file)
    raise OSError(f"the wheel of {library.wheel} with {library.name} is not in {wheels}")


def _mxnet_folder() -> Path | None:
    """Folder of the installed build of MXNet, or None."""
    for build in requirements.BUILDS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return Path(str(metadata.distribution(build.name).locate_file("mxnet")))
    return None


def _loads(name: str) -> bool:
    """Whether a library can be loaded, by its path or by its name."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
