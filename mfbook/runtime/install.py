"""Install the MXNet build that suits this machine, and say why it cannot run.

Behind ``python -m mfbook install``. Only MXNet and NVIDIA's libraries are ever installed or
removed; NumPy and all other packages stay as they are, so no restart is needed.

Only the standard library is used, and only syntax that Python 3.8 can read, so that ``--check``
can say what is missing before anything is installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import platform
import re
import subprocess
import sys
import tempfile

from mfbook.runtime import gpu, integrity, requirements
from mfbook.runtime.requirements import CPU_BUILD, GPU_BUILD, Build, SystemLibrary

# mxnet, mxnet-cu112, mxnet-cu101mkl, mxnet-mkl, mxnet-native, but no package that only uses MXNet.
BUILD_NAME = re.compile(r"mxnet(-(cu\d+(mkl)?|mkl|native))?")

__all__ = [
    "InstallError",
    "builds",
    "choose",
    "install",
    "missing_libraries",
    "pending_changes",
    "why_no_venv",
    "why_unsupported",
]


class InstallError(Exception):
    """Raised when pip fails; the message says what was changed, and what to do.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> try:
    ...     raise install.InstallError("pip could not download mxnet==1.9.1.")
    ... except install.InstallError as error:
    ...     print(error)
    pip could not download mxnet==1.9.1.
    """


def why_unsupported() -> str | None:
    """Why MXNet 1.9.1 cannot run on this machine, with the remedy, or None if it can.

    Returns
    -------
    str or None
        One or two sentences for the reader.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> print(install.why_unsupported())
    None
    """
    if sys.version_info < requirements.OLDEST_PYTHON:
        major, minor = sys.version_info[:2]
        oldest = ".".join(map(str, requirements.OLDEST_PYTHON))
        return (
            f"This is Python {major}.{minor}; the course needs {oldest} or newer. "
            "Name a newer one, for example `make PYTHON=python3.12 book`."
        )
    machine = (platform.system(), platform.machine())
    if machine not in CPU_BUILD.platforms:
        return (
            f"MXNet {CPU_BUILD.version} has no build for {machine[0]} on {machine[1]}. "
            "Use Linux (on Windows: WSL), a Linux container, or Google Colab."
        )
    missing = missing_libraries()
    return requirements.missing_libraries_message(missing) if missing else None


def why_no_venv() -> str | None:
    """Why this Python cannot make virtual environments, with the remedy, or None if it can.

    Returns
    -------
    str or None
        Two sentences for the reader.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> print(install.why_no_venv())
    None
    """
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return (
            "This Python cannot make virtual environments. On Debian or Ubuntu: "
            "`apt-get install python3-venv`."
        )
    return None


def missing_libraries() -> list[SystemLibrary]:
    """System libraries that MXNet needs and that cannot be loaded on this machine.

    Returns
    -------
    list of mfbook.runtime.requirements.SystemLibrary

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> install.missing_libraries()
    []
    """
    return [library for library in requirements.system_libraries() if not _loads(library.name)]


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def builds() -> dict[str, str]:
    """Installed builds of MXNet, of whatever version.

    Returns
    -------
    dict of str to str
        The version of each, by its name for pip.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> list(install.builds().values())
    ['1.9.1']
    """
    from importlib import metadata

    found = {}
    for distribution in metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if BUILD_NAME.fullmatch(name):
            found[name] = distribution.version
    return found


def choose() -> tuple[Build, str]:
    """Build of MXNet that suits this machine, and the reason for it.

    Returns
    -------
    build : mfbook.runtime.requirements.Build
        The GPU build where MXNet could compute on a GPU, otherwise the CPU build.
    reason : str
        One sentence for the reader.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> build, reason = install.choose()
    >>> build.name in ("mxnet", "mxnet-cu112")
    True
    """
    if (platform.system(), platform.machine()) not in GPU_BUILD.platforms:
        return CPU_BUILD, "There is a GPU build only for Linux on x86-64."
    reason = gpu.driver_problem()
    if reason:
        return CPU_BUILD, reason
    return GPU_BUILD, "This machine has a GPU that MXNet can use."


def pending_changes(build: Build) -> tuple[list[str], list[str]]:
    """Packages to uninstall and to install, so that one build of MXNet is there and no other.

    All builds share one folder. So if another build is or was installed next to it, or if the
    folder is incomplete, all of them are uninstalled and ``build`` is installed again.

    Parameters
    ----------
    build : mfbook.runtime.requirements.Build

    Returns
    -------
    uninstall : list of str
        Names of packages.
    install : list of str
        Requirements (``name==version``).

    Examples
    --------
    >>> from mfbook.runtime import install, requirements
    >>> [build] = [build for build in requirements.BUILDS if build.name in install.builds()]
    >>> install.pending_changes(build)
    ([], [])
    """
    present = builds()
    is_installed = present == {build.name: build.version} and _is_complete(build.name)
    add = [] if is_installed else [build.requirement]
    if build == GPU_BUILD:
        add += [wheel.requirement for wheel in requirements.CUDA_WHEELS if not gpu.has(wheel)]
    return ([] if is_installed else sorted(present)), add


def _is_complete(name: str) -> bool:
    """Whether all files of a build are as they were installed."""
    files = integrity.damaged_files(name)
    if files is None:
        # Without the list of its files, what counts is whether it loads.
        command = [sys.executable, "-c", "import mfbook, mxnet; mxnet.nd.ones(1).asnumpy()"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return not files


def install(build: Build) -> str:
    """Install one build of MXNet without changing any other package.

    Everything is downloaded before anything is removed.

    Parameters
    ----------
    build : mfbook.runtime.requirements.Build
        ``requirements.CPU_BUILD`` or ``requirements.GPU_BUILD``.

    Returns
    -------
    str
        One sentence on what was done.

    Raises
    ------
    InstallError
        If pip fails, and has then said why; or if pip could not uninstall what is there.

    Examples
    --------
    >>> from mfbook.runtime import install, requirements
    >>> [build] = [build for build in requirements.BUILDS if build.name in install.builds()]
    >>> install.install(build).partition(" 1.9.1 ")[2]
    'is already installed; nothing to do.'
    """
    present = builds()
    remove, add = pending_changes(build)
    if not remove and not add:
        return f"{build.name} {build.version} is already installed; nothing to do."
    if present:
        print("Found: " + ", ".join(f"{name} {present[name]}" for name in sorted(present)))
    if len(present) > 1:
        print("Several builds share one folder and break each other: one replaces them all.")
    for name in remove:
        _check_files(name, present[name], alone=len(remove) == 1)
    sizes = {item.requirement: item.megabytes for item in (build, *requirements.CUDA_WHEELS)}
    print(f"Downloading about {sum(sizes[item] for item in add):,} MB: {', '.join(add)}")
    try:
        with tempfile.TemporaryDirectory() as wheels:
            _replace(remove, add, wheels)
    except OSError as error:
        raise InstallError(
            f"The folder for downloads could not be used: {error}. Set TMPDIR to a folder that you "
            "may write, on a disk with enough space."
        ) from None
    return f"Installed {', '.join(add)}; NumPy was left as it is."


def _check_files(name: str, version: str, alone: bool) -> None:
    """Raise `InstallError` if pip cannot uninstall a build; say what is damaged if it is alone."""
    files = integrity.damaged_files(name)
    if files is None:
        raise InstallError(
            f"{name} {version} cannot be uninstalled, because pip's list of its files (RECORD) is "
            f"missing or damaged. Delete {' and '.join(integrity.folders(name))}; then run "
            "`python -m mfbook install` again."
        )
    # Builds in the same folder damage each other.
    if files and alone:
        print(f"Of {name} {version}, {integrity.describe(files)}. It is replaced.")


def _replace(remove: list[str], add: list[str], wheels: str) -> None:
    """Download packages into the folder ``wheels``, uninstall others, install what was downloaded."""
    # --no-deps: MXNet's metadata asks for numpy<2, which would downgrade or compile NumPy.
    _pip(
        ["download", "--no-deps", "--dest", wheels, *add],
        f"pip could not download {', '.join(add)}; its message is above. Nothing was changed. "
        "Is there a network, and room on the disk?",
    )
    try:
        if remove:
            _pip(
                ["uninstall", "--yes", *remove],
                f"pip could not uninstall {', '.join(remove)}; its message is above. "
                "May you change this Python's packages? If not, use a virtual environment.",
            )
        _pip(
            ["install", "--no-deps", "--no-index", "--find-links", wheels, *add],
            f"pip could not install {', '.join(add)}; its message is above. "
            "When that is put right, run `python -m mfbook install` again.",
        )
    except KeyboardInterrupt:
        raise InstallError(
            "Stopped while MXNet was replaced, so it may be incomplete now. "
            "Run `python -m mfbook install` again."
        ) from None


def _pip(arguments: list[str], problem: str) -> None:
    """Run pip; raise `InstallError` with the message ``problem`` if it fails."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    try:
        subprocess.run([*pip, *arguments], check=True)
    except subprocess.CalledProcessError:
        raise InstallError(problem) from None
