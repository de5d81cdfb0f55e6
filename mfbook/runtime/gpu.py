"""Say whether MXNet's GPU build can run here, and load the CUDA libraries that it needs.

The build needs NVIDIA's CUDA 11 libraries, a driver, and a GPU that it has machine code for. The
libraries come from NVIDIA's own wheels, so the CUDA version of the machine does not matter. Only
the standard library is used here, because the installer and the doctor ask before MXNet is there.
"""

from __future__ import annotations

import ctypes
from importlib import metadata
import importlib.util
from pathlib import Path

from mfbook.runtime.requirements import CUDA_WHEELS, Wheel

__all__ = ["driver_problem", "has", "preload"]

# The driver counts CUDA versions as 1000 * major + 10 * minor.
OLDEST_CUDA = 11000
# Lowest and highest compute capability that the build has machine code for.
CAPABILITY_RANGE = ((5, 0), (8, 9))
# The driver's numbers for CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
CAPABILITY_ATTRIBUTES = (75, 76)


def has(wheel: Wheel) -> bool:
    """Whether a wheel is installed in the version that the course uses.

    Parameters
    ----------
    wheel : mfbook.runtime.requirements.Wheel

    Returns
    -------
    bool

    Examples
    --------
    >>> from mfbook.runtime import gpu, requirements
    >>> gpu.has(requirements.Wheel("no-such-package", "1.0", 1, ()))
    False
    """
    try:
        return metadata.version(wheel.name) == wheel.version
    except metadata.PackageNotFoundError:
        return False


def preload() -> str | None:
    """Load the CUDA libraries of the installed wheels, so that MXNet finds them by name.

    Returns
    -------
    str or None
        One sentence that names the first library that is missing or damaged, with the remedy;
        None if all are loaded.

    Notes
    -----
    ``import mxnet`` calls this where the GPU build is installed.

    Examples
    --------
    >>> from mfbook.runtime import gpu
    >>> problem = gpu.preload()
    >>> problem is None or "python -m mfbook install --gpu" in problem
    True
    """
    package = importlib.util.find_spec("nvidia")
    folders = list(package.submodule_search_locations or []) if package else []
    for wheel in CUDA_WHEELS:
        for library in wheel.libraries:
            paths = [path for folder in folders for path in Path(folder).glob(f"*/lib/{library}")]
            try:
                ctypes.CDLL(str(paths[0]), mode=ctypes.RTLD_GLOBAL)
            except (IndexError, OSError):
                return (
                    f"MXNet's GPU build needs {library} of the package {wheel.name}, which is "
                    "missing or damaged. Run `python -m mfbook install --gpu`, or `--cpu` for the "
                    "CPU build."
                )
    return None


def driver_problem() -> str | None:
    """Why MXNet cannot compute on a GPU of this machine, or None if it can.

    Returns
    -------
    str or None
        One sentence for the reader.

    Notes
    -----
    Only the driver is asked; neither MXNet nor CUDA must be installed. Chapter 6 explains devices.

    Examples
    --------
    >>> from mfbook.runtime import gpu
    >>> reason = gpu.driver_problem()
    >>> reason is None or "GPU" in reason or "driver" in reason
    True
    """
    try:
        return _why_driver_unusable(ctypes.CDLL("libcuda.so.1"))
    except OSError:
        return "There is no NVIDIA driver on this machine (libcuda.so.1)."
    except AttributeError as error:
        return f"NVIDIA's driver does not answer as a driver should ({error})."


def _why_driver_unusable(driver: ctypes.CDLL) -> str | None:
    error = driver.cuInit(0)
    if error:
        return f"NVIDIA's driver finds no GPU that it can use (cuInit returned error {error})."
    version = _ask(driver.cuDriverGetVersion)
    if version < OLDEST_CUDA:
        return (
            f"NVIDIA's driver is too old: it knows CUDA {version // 1000}.{version % 1000 // 10}, "
            "and MXNet needs 11.0 (driver 450) or newer."
        )
    found = [_compute_capability(driver, i) for i in range(_ask(driver.cuDeviceGetCount))]
    if not found:
        return "NVIDIA's driver lists no GPU."
    lowest, highest = CAPABILITY_RANGE
    if any(lowest <= capability <= highest for capability in found):
        return None
    return (
        f"MXNet 1.9.1 has no code for this GPU: its compute capability is "
        f"{found[0][0]}.{found[0][1]}, and MXNet has code for "
        f"{lowest[0]}.{lowest[1]} to {highest[0]}.{highest[1]}."
    )


def _ask(function: ctypes._NamedFuncPointer, *arguments: int) -> int:
    """Answer of a function of the driver that writes an integer; 0 if it returns an error."""
    value = ctypes.c_int()
    return value.value if function(ctypes.byref(value), *arguments) == 0 else 0


def _compute_capability(driver: ctypes.CDLL, device: int) -> tuple[int, int]:
    major, minor = CAPABILITY_ATTRIBUTES
    return (
        _ask(driver.cuDeviceGetAttribute, major, device),
        _ask(driver.cuDeviceGetAttribute, minor, device),
    )
