"""Sentences for a failed ``import mxnet``: why it failed, and what to do."""

from __future__ import annotations

import contextlib
from importlib import metadata
import importlib.machinery
import os
from pathlib import Path
import sys

from mfbook.runtime import integrity, requirements

INSTALL_HINT = "Run `python -m mfbook install`, then run this again."


def spec_problem(spec: importlib.machinery.ModuleSpec | None) -> str | None:
    """Why what Python found under the name ``mxnet`` is not MXNet, or None if it is."""
    # A folder without __init__.py has no origin: Python would import it as an empty package.
    if spec is None or spec.origin is None:
        return f"MXNet is not installed. {INSTALL_HINT}"
    folder = Path(spec.origin).parent
    if spec.submodule_search_locations is None:
        what = f"the file {spec.origin}"
    elif any((folder / name).exists() for name in ("base.py", "libinfo.py")):
        return None
    else:
        what = f"the folder {folder}"
    return f"Python imports {what} as MXNet, because of its name. Rename it, then run this again."


def library_problem(path: str) -> str | None:
    """Why loading MXNet's library could end the process, or None; ``path`` is its __init__.py."""
    build = _build_at(path)
    if build and integrity.library_is_cut(build):
        return f"MXNet's library is missing or damaged. {INSTALL_HINT}"
    return None


def reason(error: Exception, path: str) -> str | None:
    """Why MXNet could not be imported, or None for an error that nobody foresaw.

    Parameters
    ----------
    error : Exception
        What the import raised.
    path : str
        MXNet's ``__init__.py``.
    """
    if isinstance(error, OSError):
        return _library_message(error, path)
    package = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    if isinstance(error, ModuleNotFoundError) and package not in ("", "mxnet"):
        return (
            f"MXNet needs the package {package}, which is not installed. "
            f"Run `{sys.executable} -m pip install {package}`, then run this again."
        )
    return _damage(path)


def _library_message(error: OSError, path: str) -> str:
    name = str(error).partition(":")[0]
    if name == "libcuda.so.1":
        return (
            "MXNet's GPU build needs NVIDIA's driver (libcuda.so.1), which is missing on this "
            "machine. Run `python -m mfbook install --cpu`, then run this again."
        )
    for library in requirements.SYSTEM_LIBRARIES:
        if library.name == name:
            return requirements.missing_libraries_message([library])
    if name == os.environ.get("MXNET_LIBRARY_PATH"):
        return (
            f"The library in MXNET_LIBRARY_PATH could not be loaded: {error}. Unset that variable, "
            "then run this again."
        )
    return _damage(path) or f"MXNet's library could not be loaded: {error}. {INSTALL_HINT}"


def _damage(path: str) -> str | None:
    """Which files of MXNet are damaged, and what to do; None if all are as they were installed."""
    build = _build_at(path)
    files = integrity.damaged_files(build) if build else []
    if files is None:
        return (
            f"MXNet in {Path(path).parent} is damaged, and so is pip's list of its files. "
            f"{INSTALL_HINT}"
        )
    return (
        f"MXNet cannot be imported: {integrity.describe(files)}. {INSTALL_HINT}" if files else None
    )


def _build_at(path: str) -> str | None:
    """Name of the installed build whose ``__init__.py`` is at ``path``, or None."""
    for build in requirements.BUILDS:
        with contextlib.suppress(metadata.PackageNotFoundError, OSError):
            installed = metadata.distribution(build.name).locate_file("mxnet/__init__.py")
            if Path(path).samefile(str(installed)):
                return build.name
    return None
