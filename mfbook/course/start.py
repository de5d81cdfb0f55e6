"""What the setup cell of every notebook calls: it makes MXNet and the data ready."""

from __future__ import annotations

import contextlib
from importlib import metadata
import importlib.util
import os
from pathlib import Path
import platform
import time

import mfbook
from mfbook.datasets import download
from mfbook.exceptions import DataError
from mfbook.runtime import install, libraries, requirements

__all__ = ["StartError", "ready"]

ARCHIVE = "ml-100k.zip"
# The seconds that the server of MovieLens has for its first answer.
SECONDS = 10
RESTART = "restart the kernel (on Colab: Runtime, Restart session)"
DOWNLOADED = "in the cache, downloaded now"
BY_HAND = (
    f"MovieLens 100K could not be downloaded. To use it, fetch {download.URL} in another way, put "
    f"{ARCHIVE} beside the notebook, {RESTART} and run this cell again."
)


class StartError(Exception):
    """Raised when a notebook cannot start; Jupyter shows only the message, without a traceback.

    Notes
    -----
    The setup cell of every notebook shows it; see chapter 1.

    Examples
    --------
    >>> from mfbook.course import start
    >>> try:
    ...     start.ready("0.0.1")
    ... except start.StartError as error:
    ...     print(str(error).partition(". ")[0])
    This notebook is for mfbook 0.0.1, but mfbook 0.1.0 is installed
    """

    # IPython shows what this returns, instead of a traceback.
    def _render_traceback_(self) -> list[str]:
        return [f"Setup stopped. {self}"]


def ready(version: str, began: float | None = None) -> None:
    """Make MXNet and the data ready, and print in one line what was done and how long it took.

    MXNet is installed if it is missing and has a build for this machine; NumPy stays as it is. If
    it cannot be installed, the line says which chapters run without it. If MovieLens can be neither
    found nor downloaded, this session works on the synthetic twin.

    Parameters
    ----------
    version : str
        The version of `mfbook` that the notebook was written for.
    began : float, optional
        When the setup began, by `time.perf_counter`; by default now.

    Raises
    ------
    StartError
        If this is another version of `mfbook`, or if no data can be had at all.

    Notes
    -----
    The setup cell of every notebook calls it; see chapter 1. Where MovieLens is not in MFBOOK_DATA
    and not in the cache, the file ml-100k.zip is used if it lies beside the notebook.

    Examples
    --------
    >>> import mfbook
    >>> from mfbook.course import start
    >>> start.ready(mfbook.__version__)
    Ready in ... s: mfbook 0.1.0, MXNet 1.9.1, NumPy ..., Python ...; the synthetic twin. ...
    """
    began = time.perf_counter() if began is None else began
    _check_version(version)
    mxnet, without = _prepare_mxnet()
    try:
        data, twin = _prepare_data()
    except DataError as error:
        raise StartError(str(error)) from None
    versions = [
        f"mfbook {version}",
        mxnet,
        f"NumPy {_installed('numpy')}",
        f"Python {platform.python_version()}",
    ]
    line = f"Ready in {time.perf_counter() - began:.1f} s: {', '.join(versions)}; {data}."
    print(" ".join(text for text in (line, without, twin) if text))


def _check_version(version: str) -> None:
    """Raise `StartError` if the notebook was written for another version."""
    if version == mfbook.__version__:
        return
    wheel = f"mfbook-{version}-py3-none-any.whl"
    if _installed("mfbook") == version:
        raise StartError(
            f"mfbook {version} is installed, but this session has loaded {mfbook.__version__} "
            f"before. To use the new one, {RESTART} and run this cell again."
        )
    raise StartError(
        f"This notebook is for mfbook {version}, but mfbook {mfbook.__version__} is installed. Put "
        f"{wheel} from the same kit.zip beside the notebook and run `%pip install {wheel}` in a "
        f"new cell; then {RESTART} and run this cell again."
    )


def _installed(name: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _prepare_mxnet() -> tuple[str, str]:
    """Install MXNet, or what it needs, if that is missing; say what is there, and what is not."""
    problem = install.why_unsupported()
    if problem:
        return "no MXNet", problem
    here = [build for build in requirements.BUILDS if _installed(build.name) == build.version]
    if here and not libraries.missing():
        return f"MXNet {here[0].version}", ""
    problem = _install(here[0] if here else install.choose()[0])
    if problem is None:
        return f"MXNet {requirements.CPU_BUILD.version} (installed now)", ""
    chapters = requirements.chapters_without_mxnet()
    return "no MXNet", f"Without MXNet, only chapters {chapters} run here. {problem}"


def _install(build: requirements.Build) -> str | None:
    """Install a build of MXNet; say why that failed, or return None."""
    if importlib.util.find_spec("pip") is None:
        return (
            "MXNet cannot be installed, because this Python has no pip: run `python -m ensurepip`."
        )
    try:
        install.install(build)
    except install.InstallError as error:
        return str(error)
    return None


def _prepare_data() -> tuple[str, str]:
    """Find, download or make the data; say where they are, and why they are not MovieLens."""
    if download.dataset_name() == "synthetic":
        return _prepare_twin("MFBOOK_DATASET asks for it.")
    place = _place()
    if place == DOWNLOADED and not _server_answers():
        return _prepare_twin(BY_HAND)
    try:
        download.folder()
    except DataError as error:
        return _prepare_twin(BY_HAND if place == DOWNLOADED else str(error))
    return f"MovieLens 100K {place}", ""


def _place() -> str:
    """Where MovieLens is; ml-100k.zip beside the notebook counts from now on in this session."""
    if os.environ.get("MFBOOK_DATA"):
        return "in MFBOOK_DATA"
    with contextlib.suppress(DataError, OSError):
        if (download.cache() / "ml-100k").is_dir():
            return "in the cache"
    if Path(ARCHIVE).is_file():
        os.environ["MFBOOK_DATA"] = str(Path.cwd())
        return f"from {ARCHIVE} beside the notebook"
    return DOWNLOADED


def _server_answers() -> bool:
    """Whether MovieLens could be downloaded; the download itself would try for over a minute."""
    import requests

    try:
        requests.head(download.URL, timeout=SECONDS)
    except requests.RequestException:
        return False
    return True


def _prepare_twin(reason: str) -> tuple[str, str]:
    """Choose the synthetic twin for this session; say so."""
    os.environ["MFBOOK_DATASET"] = "synthetic"
    download.folder()
    return "the synthetic twin", (
        "THE DATA ARE THE SYNTHETIC TWIN, not MovieLens, so results differ from those in the "
        f"book. Why: {reason}"
    )
