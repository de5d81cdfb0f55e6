"""Try MXNet's GPU build on a machine without a GPU. Run ``make check-gpu``; it downloads 2.4 GB.

A stub of NVIDIA's driver stands in for the real one: its functions return an error, as a driver
does that finds no GPU. Needs gcc and Linux on x86-64.
"""

import os
from pathlib import Path
import subprocess
import sys
import tempfile
import venv

ROOT = Path(__file__).resolve().parents[2]
# All that libmxnet.so takes from the driver: nm -D libmxnet.so | grep " U cu"
FUNCTIONS = (
    "cuDeviceGet",
    "cuDevicePrimaryCtxRetain",
    "cuGetErrorString",
    "cuGraphKernelNodeGetParams",
    "cuGraphNodeGetType",
    "cuLaunchKernel",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleLoadDataEx",
    "cuModuleUnload",
)
TRAIN = """
import mfbook
from mfbook import datasets, devices, networks, training
import mxnet as mx
split = datasets.load("synthetic")
network = networks.PlainNet(split.n_users, split.n_items, 8)
history = training.fit(network, split, epochs=1, batch_size=512)
print("built for CUDA:", mx.runtime.Features().is_enabled("CUDA"))
print("GPUs:", mx.context.num_gpus(), "devices:", devices.available())
print("trained on", network.device(), "to RMSE", round(history.rmse, 2))
"""


def run(python: Path, *arguments: str, **environment: str) -> tuple[str, int]:
    """Output and exit code of a command of the environment's Python."""
    done = subprocess.run(
        [python, *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.strip(), done.returncode


def expect(text: str, *phrases: str) -> None:
    """Print ``text``; exit unless it contains all ``phrases``."""
    print("   ", text.replace("\n", "\n    "))
    missing = [phrase for phrase in phrases if phrase not in text]
    if missing:
        sys.exit(f"expected to read: {missing}")


def build_stub(folder: Path) -> None:
    """Compile a libcuda.so.1 whose functions return error 100: no device."""
    code = "\n".join(f"int {name}() {{ return 100; }}" for name in FUNCTIONS)
    (folder / "stub.c").write_text(code)
    library = folder / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, folder / "stub.c"], check=True)


def main() -> None:
    """Install the GPU build into an environment of its own and try it."""
    folder = Path(tempfile.mkdtemp())
    venv.create(folder / "env", with_pip=True)
    python = folder / "env/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", ROOT], check=True)
    print("1. The installer")
    print(run(python, "-m", "mfbook", "install", "--gpu")[0])
    expect(run(python, "-m", "mfbook", "install", "--gpu")[0], "already installed; nothing to do")

    print("2. No driver: one sentence")
    text, code = run(python, "-c", "import mfbook, mxnet")
    expect(text.splitlines()[-1], "needs NVIDIA's driver (libcuda.so.1)", "mfbook install --cpu")
    assert code == 1

    print("3. A driver that finds no GPU: the CPU")
    build_stub(folder)
    path = {"LD_LIBRARY_PATH": str(folder)}
    text, code = run(python, "-c", TRAIN, **path)
    expect(text, "built for CUDA: True", "GPUs: 0", "trained on cpu(0)", "does not answer")
    assert code == 0

    print("4. A library is missing: its name")
    run(python, "-m", "pip", "uninstall", "--yes", "nvidia-curand-cu11")
    text, code = run(python, "-c", "import mfbook, mxnet", **path)
    expect(text.splitlines()[-1], "nvidia-curand-cu11", "mfbook install --gpu")
    assert code == 1

    print("5. The installer repairs it, and goes back to the CPU build")
    expect(run(python, "-m", "mfbook", "install", "--gpu")[0], "Installed nvidia-curand-cu11")
    expect(run(python, "-m", "mfbook", "install", "--cpu")[0], "Found: mxnet-cu112 1.9.1")
    text, code = run(python, "-c", TRAIN)
    expect(text, "built for CUDA: False", "trained on cpu(0)")
    print("The GPU build behaves on a machine without a GPU.")


if __name__ == "__main__":
    main()
