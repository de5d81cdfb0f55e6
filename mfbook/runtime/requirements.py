"""What MXNet 1.9.1 needs: the one table of its builds, wheels and system libraries.

The installer, the doctor and the messages of a failed ``import mxnet`` all read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
import platform
import sys
from typing import NamedTuple

__all__ = [
    "BUILDS",
    "CHAPTERS_WITHOUT_MXNET",
    "CPU_BUILD",
    "CUDA_WHEELS",
    "GPU_BUILD",
    "OLDEST_PYTHON",
    "SYSTEM_LIBRARIES",
    "Build",
    "SystemLibrary",
    "Wheel",
    "chapters_without_mxnet",
    "how_to_install",
    "missing_libraries_message",
    "system_libraries",
]

#: The oldest version of Python that the course runs on: major and minor number.
OLDEST_PYTHON = (3, 10)

#: The chapters that run where there is no MXNet.
CHAPTERS_WITHOUT_MXNET = (1, 2, 8, 9, 10, 11)


class Build(NamedTuple):
    """A build of MXNet on PyPI.

    Attributes
    ----------
    name : str
        Its name for pip.
    version : str
        The version that the course uses.
    megabytes : int
        The size of the download.
    installed_megabytes : int
        The space that it takes when it is installed, with the CUDA libraries that it needs.
    platforms : tuple of (str, str)
        Operating system and processor, as `platform.system` and `platform.machine` name them.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> requirements.CPU_BUILD.requirement
    'mxnet==1.9.1'
    """

    name: str
    version: str
    megabytes: int
    installed_megabytes: int
    platforms: tuple[tuple[str, str], ...]

    @property
    def requirement(self) -> str:
        """The build as pip wants it: ``name==version``."""
        return f"{self.name}=={self.version}"


class Wheel(NamedTuple):
    """A wheel of NVIDIA's with CUDA libraries for MXNet's GPU build.

    Attributes
    ----------
    name : str
        Its name for pip.
    version : str
        The version that the course uses.
    megabytes : int
        The size of the download.
    libraries : tuple of str
        The libraries to load from it, in this order.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> requirements.CUDA_WHEELS[0].requirement
    'nvidia-cuda-runtime-cu11==11.8.89'
    """

    name: str
    version: str
    megabytes: int
    libraries: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """The wheel as pip wants it: ``name==version``."""
        return f"{self.name}=={self.version}"


class SystemLibrary(NamedTuple):
    """A library that MXNet takes from the operating system (Linux on x86-64).

    Attributes
    ----------
    name : str
        The name that the loader knows.
    debian_package : str
        The package of Debian and Ubuntu that holds it.
    wheel : str
        A wheel on PyPI that holds a copy of it, as pip wants it (``name==version``).
    megabytes : int
        The size of that wheel.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> requirements.SYSTEM_LIBRARIES[0].debian_package
    'libgomp1'
    """

    name: str
    debian_package: str
    wheel: str
    megabytes: int


#: The build that computes on CPUs. There is also a wheel for Linux on ARM, but it cannot be loaded:
#: it needs libarmpl_lp64_mp.so, libamath.so and libastring.so of Arm's compiler, which neither it nor
#: another package has.
CPU_BUILD = Build("mxnet", "1.9.1", 49, 200, (("Linux", "x86_64"), ("Darwin", "x86_64")))
#: The build that computes on NVIDIA's GPUs, and on CPUs.
GPU_BUILD = Build("mxnet-cu112", "1.9.1", 500, 4150, (("Linux", "x86_64"),))
#: Both builds.
BUILDS = (CPU_BUILD, GPU_BUILD)

#: NVIDIA's wheels for the GPU build. A library is loaded after those that it uses, so the order
#: matters.
CUDA_WHEELS = (
    Wheel("nvidia-cuda-runtime-cu11", "11.8.89", 1, ("libcudart.so.11.0",)),
    Wheel("nvidia-cublas-cu11", "11.11.3.6", 418, ("libcublasLt.so.11", "libcublas.so.11")),
    Wheel("nvidia-cufft-cu11", "10.9.0.58", 168, ("libcufft.so.10",)),
    Wheel("nvidia-curand-cu11", "10.3.0.86", 58, ("libcurand.so.10",)),
    Wheel("nvidia-cusparse-cu11", "11.7.5.86", 204, ("libcusparse.so.11",)),
    Wheel("nvidia-cusolver-cu11", "11.4.1.48", 128, ("libcusolver.so.11",)),
    Wheel("nvidia-cuda-nvrtc-cu11", "11.8.89", 23, ("libnvrtc.so.11.2",)),
    Wheel("nvidia-cudnn-cu11", "8.9.6.50", 700, ("libcudnn.so.8",)),
    Wheel("nvidia-nccl-cu11", "2.21.5", 148, ("libnccl.so.2",)),
    Wheel("nvidia-nvtx-cu11", "11.8.86", 1, ("libnvToolsExt.so.1",)),
)

#: What MXNet takes from the operating system on Linux. Where that does not have it, the installer
#: puts a copy beside MXNet's own library, which looks there first. The wheels are the last of their
#: kind that run on every Linux that MXNet runs on, and suit every Python.
SYSTEM_LIBRARIES = (
    SystemLibrary("libgomp.so.1", "libgomp1", "treelite==4.4.1", 1),
    SystemLibrary("libquadmath.so.0", "libquadmath0", "scipy-openblas64==0.3.27.44.6", 8),
)


def chapters_without_mxnet() -> str:
    """Chapters that run where there is no MXNet, in words.

    Returns
    -------
    str

    Notes
    -----
    The installer, the doctor and the setup cell of each chapter say it.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> requirements.chapters_without_mxnet()
    '1, 2, 8, 9, 10 and 11'
    """
    *others, last = map(str, CHAPTERS_WITHOUT_MXNET)
    return f"{', '.join(others)} and {last}"


def system_libraries(
    system: str | None = None, machine: str | None = None
) -> tuple[SystemLibrary, ...]:
    """System libraries that MXNet needs on a platform.

    Parameters
    ----------
    system, machine : str, optional
        Operating system and processor, as `platform.system` and `platform.machine` name them;
        by default those of this machine.

    Returns
    -------
    tuple of SystemLibrary
        Empty on macOS, where MXNet brings its own, and where there is no MXNet.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> [library.name for library in requirements.system_libraries("Linux", "x86_64")]
    ['libgomp.so.1', 'libquadmath.so.0']
    """
    here = (system or platform.system(), machine or platform.machine())
    return SYSTEM_LIBRARIES if here == ("Linux", "x86_64") else ()


def how_to_install(libraries: Iterable[SystemLibrary]) -> str:
    """Sentences that say how to get system libraries, without and with an administrator.

    Parameters
    ----------
    libraries : iterable of SystemLibrary
        At least one library.

    Returns
    -------
    str

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> print(requirements.how_to_install(requirements.SYSTEM_LIBRARIES))
    Run `python -m mfbook install`: it puts copies beside MXNet, and needs no administrator.
    ...On Debian or Ubuntu: `apt-get install libgomp1 libquadmath0`.
    """
    packages = " ".join(library.debian_package for library in libraries)
    # The Python of a conda environment finds libraries of conda's packages.
    is_conda = Path(sys.prefix, "conda-meta").is_dir()
    conda = "In this conda environment: `conda install --channel conda-forge libgcc`. "
    return (
        "Run `python -m mfbook install`: it puts copies beside MXNet, and needs no administrator. "
        f"{conda if is_conda else ''}"
        f"On Debian or Ubuntu: `apt-get install {packages}`."
    )


def missing_libraries_message(libraries: Sequence[SystemLibrary]) -> str:
    """Message that names missing system libraries and says how to get them.

    Parameters
    ----------
    libraries : sequence of SystemLibrary
        What is missing; at least one library.

    Returns
    -------
    str

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> print(requirements.missing_libraries_message(requirements.SYSTEM_LIBRARIES[:1]))
    MXNet needs libgomp.so.1, which is missing on this machine.
    Run `python -m mfbook install`: it puts copies beside MXNet, and needs no administrator.
    ...On Debian or Ubuntu: `apt-get install libgomp1`.
    """
    names = " and ".join(library.name for library in libraries)
    verb = "is" if len(libraries) == 1 else "are"
    return f"MXNet needs {names}, which {verb} missing on this machine. {how_to_install(libraries)}"
