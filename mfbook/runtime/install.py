"""Install the MXNet build that suits this machine, and say why it cannot run.

Behind ``python -m mfbook install``. Only MXNet and the libraries that it needs are ever installed
or removed; NumPy and all other packages stay as they are, so no restart is needed.

Only the standard library is used, and only syntax that Python 3.8 can read, so that ``--check``
can say what is missing before anything is installed.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import subprocess
import sys
import tempfile

from mfbook.runtime import gpu, integrity, libraries, requirements
from mfbook.runtime.requirements import CPU_BUILD, GPU_BUILD, Build, SystemLibrary

# mxnet, mxnet-cu112, mxnet-cu101mkl, mxnet-mkl, mxnet-native, but no package that only uses MXNet.
BUILD_NAME = re.compile(r"mxnet(-(cu\d+(mkl)?|mkl|native))?")

__all__ = [
    "InstallError",
    "builds",
    "choose",
    "install",
    "pending_changes",
    "why_no_build",
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
        return why_no_build(*machine)
    return None


def why_no_build(system: str, machine: str) -> str:
    """What is to be known on a platform that has no build of MXNet.

    Parameters
    ----------
    system, machine : str
        Operating system and processor, as `platform.system` and `platform.machine` name them.

    Returns
    -------
    str
        Which chapters run there all the same, and where the others do.

    Examples
    --------
    >>> from mfbook.runtime import install
    >>> print(install.why_no_build("Windows", "AMD64"))
    MXNet 1.9.1 has no build that runs on Windows on AMD64.
    Chapters 1, 2, 8, 9, 10 and 11 run without it.
    For the others, use WSL (Linux inside Windows) or Google Colab.
    """
    elsewhere = {
        "Windows": "WSL (Linux inside Windows) or Google Colab",
        "Darwin": "Google Colab or a container for linux/amd64",
    }.get(system, "Google Colab or a machine with an x86-64 processor")
    return (
        f"MXNet {CPU_BUILD.version} has no build that runs on {system} on {machine}. "
        f"Chapters {requirements.chapters_without_mxnet()} run without it. "
        f"For the others, use {elsewhere}."
    )


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

    Everything is downloaded before anything is removed. System libraries that MXNet needs and that
    are missing are copied beside it.

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
        If pip fails, and has then said why; if pip could not uninstall what is there; or if the
        copies cannot be written.

    Examples
    --------
    >>> from mfbook.runtime import install, requirements
    >>> [build] = [build for build in requirements.BUILDS if build.name in install.builds()]
    >>> install.install(build).partition(" 1.9.1 ")[2]
    'is already installed; nothing to do.'
    """
    present = builds()
    remove, add = pending_changes(build)
    copies = libraries.missing()
    if not remove and not add and not copies:
        return f"{build.name} {build.version} is already installed; nothing to do."
    if present:
        print("Found: " + ", ".join(f"{name} {present[name]}" for name in sorted(present)))
    if len(present) > 1:
        print("Several builds share one folder and break each other: one replaces them all.")
    for name in remove:
        _check_files(name, present[name], alone=len(remove) == 1)
    sizes = {item.requirement: item.megabytes for item in (build, *requirements.CUDA_WHEELS)}
    sizes.update({library.wheel: library.megabytes for library in copies})
    download = [*add, *(library.wheel for library in copies)]
    print(f"Downloading about {sum(sizes[item] for item in download):,} MB: {', '.join(download)}")
    try:
        with tempfile.TemporaryDirectory() as wheels:
            _replace(remove, add, download, wheels)
            _copy(copies, wheels)
    except OSError as error:
        raise InstallError(
            f"The folder for downloads could not be used: {error}. Set TMPDIR to a folder that you "
            "may write, on a disk with enough space."
        ) from None
    done = [f"Installed {', '.join(add)}"] if add else []
    if copies:
        names = " and ".join(library.name for library in copies)
        done.append(f"{'put' if add else 'Put'} copies of {names} beside MXNet")
    return f"{'; '.join(done)}; NumPy was left as it is."


def _copy(copies: list[SystemLibrary], wheels: str) -> None:
    """Put copies of system libraries beside MXNet; raise `InstallError` if that is not possible."""
    try:
        libraries.copy(copies, wheels)
    except OSError as error:
        names = " and ".join(library.name for library in copies)
        raise InstallError(
            f"Copies of {names} could not be put beside MXNet: {error}. May you change this "
            "Python's packages? If not, use a virtual environment."
        ) from None


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


def _replace(remove: list[str], add: list[str], download: list[str], wheels: str) -> None:
    """Download packages into the folder ``wheels``, uninstall others, install what was downloaded."""
    # --no-deps: MXNet's metadata asks for numpy<2, which would downgrade or compile NumPy.
    _pip(
        ["download", "--no-deps", "--dest", wheels, *download],
        f"pip could not download {', '.join(download)}; its message is above. Nothing was changed. "
        "Is there a network, and room on the disk?",
    )
    try:
        if remove:
            _pip(
                ["uninstall", "--yes", *remove],
                f"pip could not uninstall {', '.join(remove)}; its message is above. "
                "May you change this Python's packages? If not, use a virtual environment.",
            )
        if add:
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
