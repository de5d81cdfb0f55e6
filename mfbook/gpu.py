"""What MXNet's GPU build needs: NVIDIA's CUDA 11 libraries, a driver, and a GPU it has code for.

The libraries come from NVIDIA's own wheels, whatever CUDA the machine has. Only the standard
library is used here, so that `mfbook.install` and `mfbook.doctor` can ask before MXNet is there.
"""

import ctypes
from importlib import metadata
import importlib.util
from pathlib import Path

# Every wheel that the build needs, pinned: its megabytes, and its libraries in the order to load.
WHEELS = {
    "nvidia-cuda-runtime-cu11==11.8.89": (1, "libcudart.so.11.0"),
    "nvidia-cublas-cu11==11.11.3.6": (418, "libcublasLt.so.11", "libcublas.so.11"),
    "nvidia-cufft-cu11==10.9.0.58": (168, "libcufft.so.10"),
    "nvidia-curand-cu11==10.3.0.86": (58, "libcurand.so.10"),
    "nvidia-cusparse-cu11==11.7.5.86": (204, "libcusparse.so.11"),
    "nvidia-cusolver-cu11==11.4.1.48": (128, "libcusolver.so.11"),
    "nvidia-cuda-nvrtc-cu11==11.8.89": (23, "libnvrtc.so.11.2"),
    "nvidia-cudnn-cu11==8.9.6.50": (700, "libcudnn.so.8"),
    "nvidia-nccl-cu11==2.21.5": (148, "libnccl.so.2"),
    "nvidia-nvtx-cu11==11.8.86": (1, "libnvToolsExt.so.1"),
}
OLDEST_CUDA = 11000  # as the driver counts: 1000 * major + 10 * minor
CAPABILITIES = ((5, 0), (8, 9))  # the build has machine code for these GPUs and no others
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…


def has(wheel):
    """Return whether a wheel, given as ``name==version``, is installed in that version."""
    name, _, version = wheel.partition("==")
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False


def preload():
    """Load the libraries of the wheels, so that MXNet finds them by name.

    Returns
    -------
    str or None
        One sentence that names the first wheel that is missing or damaged, with the remedy.
    """
    package = importlib.util.find_spec("nvidia")
    places = list(package.submodule_search_locations) if package else []
    for wheel, (_, *libraries) in WHEELS.items():
        for library in libraries:
            found = [path for place in places for path in Path(place).glob(f"*/lib/{library}")]
            try:
                ctypes.CDLL(str(found[0]), mode=ctypes.RTLD_GLOBAL)
            except (IndexError, OSError):
                return (
                    f"MXNet's GPU build needs {library} of the package "
                    f"{wheel.partition('==')[0]}, which is missing or damaged. "
                    "Run `python -m mfbook.install --gpu`, or `--cpu` for the CPU build."
                )
    return None


def obstacle():
    """Return why MXNet could not compute on a GPU of this machine, or None if it could.

    Returns
    -------
    str or None
        One sentence for a person.
    """
    try:
        return _judge(ctypes.CDLL("libcuda.so.1"))
    except OSError:
        return "There is no NVIDIA driver on this machine (libcuda.so.1)."
    except AttributeError as error:
        return f"NVIDIA's driver does not answer as a driver should ({error})."


def _judge(driver):
    error = driver.cuInit(0)
    if error:
        return f"NVIDIA's driver finds no GPU that it can use (cuInit returned error {error})."
    version = _number(driver.cuDriverGetVersion)
    if version < OLDEST_CUDA:
        return (
            f"NVIDIA's driver is too old: it knows CUDA {version // 1000}.{version % 1000 // 10}, "
            "and MXNet needs 11.0 (driver 450) or newer."
        )
    found = [_capability(driver, i) for i in range(_number(driver.cuDeviceGetCount))]
    if not found:
        return "NVIDIA's driver lists no GPU."
    lowest, highest = CAPABILITIES
    if any(lowest <= capability <= highest for capability in found):
        return None
    return (
        f"MXNet 1.9.1 has no code for this GPU: its compute capability is "
        f"{found[0][0]}.{found[0][1]}, and MXNet knows 5.0 to 8.9."
    )


def _number(function, *arguments):
    value = ctypes.c_int()
    return value.value if function(ctypes.byref(value), *arguments) == 0 else 0


def _capability(driver, index):
    return tuple(_number(driver.cuDeviceGetAttribute, what, index) for what in (MAJOR, MINOR))
