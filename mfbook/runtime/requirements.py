"""What MXNet 1.9.1 needs: the one table of its builds, wheels and system libraries.

The installer, the doctor and the messages of a failed ``import mxnet`` all read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import platform
from typing import NamedTuple

__all__ = [
    "BUILDS",
    "CPU_BUILD",
    "CUDA_WHEELS",
    "GPU_BUILD",
    "OLDEST_PYTHON",
    "SYSTEM_LIBRARIES",
    "Build",
    "SystemLibrary",
    "Wheel",
    "how_to_install",
    "missing_libraries_message",
    "system_libraries",
]

#: The oldest version of Python that the course runs on: major and minor number.
OLDEST_PYTHON = (3, 10)


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
    """A library that MXNet takes from the operating system (Linux).

    Attributes
    ----------
    name : str
        The name that the loader knows.
    debian_package : str
        The package of Debian and Ubuntu that holds it.
    machines : tuple of str
        The processors on which MXNet needs it.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> requirements.SYSTEM_LIBRARIES[0].debian_package
    'libgomp1'
    """

    name: str
    debian_package: str
    machines: tuple[str, ...]


#: The build that computes on CPUs.
CPU_BUILD = Build(
    "mxnet", "1.9.1", 49, (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "x86_64"))
)
#: The build that computes on NVIDIA's GPUs, and on CPUs.
GPU_BUILD = Build("mxnet-cu112", "1.9.1", 500, (("Linux", "x86_64"),))
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

#: What the operating system must have. Each library says on which processors.
SYSTEM_LIBRARIES = (
    SystemLibrary("libgomp.so.1", "libgomp1", ("x86_64", "aarch64")),
    SystemLibrary("libquadmath.so.0", "libquadmath0", ("x86_64",)),
)


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
        Empty on macOS, where MXNet brings its own.

    Examples
    --------
    >>> from mfbook.runtime import requirements
    >>> [library.name for library in requirements.system_libraries("Linux", "aarch64")]
    ['libgomp.so.1']
    """
    if (system or platform.system()) != "Linux":
        return ()
    machine = machine or platform.machine()
    return tuple(library for library in SYSTEM_LIBRARIES if machine in library.machines)


def how_to_install(libraries: Iterable[SystemLibrary]) -> str:
    """Sentence that says how to install system libraries.

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
    >>> requirements.how_to_install(requirements.SYSTEM_LIBRARIES)
    'On Debian or Ubuntu: `apt-get install libgomp1 libquadmath0`.'
    """
    packages = " ".join(library.debian_package for library in libraries)
    return f"On Debian or Ubuntu: `apt-get install {packages}`."


def missing_libraries_message(libraries: Sequence[SystemLibrary]) -> str:
    """Message that names missing system libraries and says how to install them.

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
    On Debian or Ubuntu: `apt-get install libgomp1`.
    """
    names = " and ".join(library.name for library in libraries)
    verb = "is" if len(libraries) == 1 else "are"
    return f"MXNet needs {names}, which {verb} missing on this machine. {how_to_install(libraries)}"
