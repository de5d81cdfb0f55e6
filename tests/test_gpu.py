"""A GPU is used only where MXNet can use it; otherwise one sentence says why not."""

import ctypes
from pathlib import Path
import re

from mfbook import devices
from mfbook.runtime import gpu, requirements
import mxnet as mx
import pytest


def fill(reference, value):
    reference._obj.value = value
    return 0


class Driver:
    """A stand-in for libcuda.so.1."""

    def __init__(self, error=0, version=12040, capabilities=((7, 5),)):
        self.error, self.version, self.capabilities = error, version, capabilities

    def cuInit(self, flags):
        return self.error

    def cuDriverGetVersion(self, reference):
        return fill(reference, self.version)

    def cuDeviceGetCount(self, reference):
        return fill(reference, len(self.capabilities))

    def cuDeviceGetAttribute(self, reference, what, index):
        return fill(reference, self.capabilities[index][what - gpu.CAPABILITY_ATTRIBUTES[0]])


@pytest.mark.parametrize(
    ("driver", "sentence"),
    [
        (Driver(error=100), r"finds no GPU that it can use \(cuInit returned error 100\)"),
        (Driver(version=10020), r"too old: it knows CUDA 10\.2, and MXNet needs 11\.0"),
        (Driver(capabilities=()), "lists no GPU"),
        (
            Driver(capabilities=((9, 0),)),
            r"capability is 9\.0, and MXNet has code for 5\.0 to 8\.9",
        ),
        (Driver(capabilities=((12, 0), (3, 5))), r"capability is 12\.0"),
    ],
)
def test_driver_or_gpu_that_mxnet_cannot_use(monkeypatch, driver, sentence):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: driver)
    assert re.search(sentence, gpu.driver_problem())


@pytest.mark.parametrize("capability", [(5, 0), (6, 1), (7, 5), (8, 0), (8, 9)])
def test_gpu_that_mxnet_has_code_for(monkeypatch, capability):
    driver = Driver(capabilities=((9, 0), capability))
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: driver)
    assert gpu.driver_problem() is None


def test_no_driver(monkeypatch):
    def missing(*_, **__):
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert gpu.driver_problem() == "There is no NVIDIA driver on this machine (libcuda.so.1)."


def test_a_driver_without_the_functions_of_a_driver(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert "does not answer as a driver should" in gpu.driver_problem()


@pytest.fixture
def wheels(monkeypatch, tmp_path):
    """Folder of all libraries of all wheels, as empty files, and the list of those loaded."""
    for wheel in requirements.CUDA_WHEELS:
        folder = tmp_path / wheel.name / "lib"
        folder.mkdir(parents=True)
        for library in wheel.libraries:
            (folder / library).touch()
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: spec)
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path, mode=0: loaded.append((Path(path).name, mode)))
    return tmp_path, loaded


def test_preload_loads_every_library_globally(wheels):
    assert gpu.preload() is None
    libraries = [library for wheel in requirements.CUDA_WHEELS for library in wheel.libraries]
    assert wheels[1] == [(library, ctypes.RTLD_GLOBAL) for library in libraries]


@pytest.mark.parametrize("wheel", requirements.CUDA_WHEELS, ids=lambda wheel: wheel.name)
def test_preload_names_the_missing_wheel(wheels, wheel):
    library = wheel.libraries[-1]
    next(wheels[0].glob(f"*/lib/{library}")).unlink()
    sentence = gpu.preload()
    assert library in sentence
    assert wheel.name in sentence
    assert "python -m mfbook install --gpu" in sentence


def test_preload_without_any_wheel(monkeypatch):
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: None)
    assert "nvidia-cuda-runtime-cu11, which is missing" in gpu.preload()


@pytest.fixture
def said(monkeypatch, capsys):
    """Return a function that asks for the devices and returns what was printed."""
    devices._say_why.cache_clear()

    def ask(listed, problem, cuda):
        class Features:
            def is_enabled(self, name):
                return cuda

        monkeypatch.setattr(mx.context, "num_gpus", lambda: listed)
        monkeypatch.setattr(gpu, "driver_problem", lambda: problem)
        monkeypatch.setattr(mx.runtime, "Features", Features)
        assert devices.available() == [mx.cpu()]
        return capsys.readouterr().out

    yield ask
    devices._say_why.cache_clear()


def test_gpus_that_compute_come_before_the_cpu(monkeypatch):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 3)
    monkeypatch.setattr(devices, "_computes", lambda device: device.device_id != 1)
    assert devices.available() == [mx.gpu(0), mx.gpu(2), mx.cpu()]
    assert devices.usable() == [mx.gpu(0)]


def test_an_ordinary_cpu_machine_is_told_nothing(said):
    assert said(0, "There is no NVIDIA driver.", cuda=False) == ""


def test_a_gpu_that_fails_is_explained_once(said):
    assert said(1, "No code for this GPU.", cuda=True) == "No code for this GPU. The CPU is used.\n"
    assert said(1, "No code for this GPU.", cuda=True) == ""


def test_a_gpu_without_its_build_is_pointed_out(said):
    assert "python -m mfbook install --gpu" in said(0, None, cuda=False)


def test_a_gpu_build_without_a_gpu_is_explained(said):
    assert said(0, "The driver lists no GPU.", cuda=True).endswith("The CPU is used.\n")
