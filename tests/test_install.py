"""What a machine lacks is said in one sentence, before anything is downloaded."""

import collections
import os
from pathlib import Path
import subprocess
import sys

from mfbook import gpu, install
import pytest

ROOT = Path(__file__).parent.parent


def test_this_machine_passes_the_check():
    done = subprocess.run([sys.executable, "mfbook/install.py", "--check"], cwd=ROOT)
    assert done.returncode == 0


def test_old_python(monkeypatch):
    version = collections.namedtuple("Version", "major minor")(3, 9)
    monkeypatch.setattr(install.sys, "version_info", version)
    assert install.obstacle().startswith("This is Python 3.9; the course needs 3.10 or newer.")
    assert "make PYTHON=" in install.obstacle()


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Darwin", "arm64")])
def test_unsupported_platform(monkeypatch, system, machine):
    monkeypatch.setattr(install.platform, "system", lambda: system)
    monkeypatch.setattr(install.platform, "machine", lambda: machine)
    assert f"no build for {system} on {machine}" in install.obstacle()
    assert "Colab" in install.obstacle()


def test_missing_libraries(monkeypatch):
    monkeypatch.setattr(install, "_loads", lambda name: False)
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    assert "`apt-get install libgomp1 libquadmath0`" in install.obstacle()
    monkeypatch.setattr(install.platform, "machine", lambda: "aarch64")
    assert "`apt-get install libgomp1`" in install.obstacle()


def test_no_venv_module(monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    assert "apt-get install python3-venv" in install.missing_venv()


def test_the_check_says_everything_at_once(monkeypatch):
    monkeypatch.setattr(install, "missing_libraries", lambda: "No library.")
    monkeypatch.setattr(install, "missing_venv", lambda: "No venv.")
    with pytest.raises(SystemExit) as stop:
        install.main(["--check"])
    assert stop.value.code == "No library.\nNo venv."
    with pytest.raises(SystemExit) as stop:
        install.main(["--cpu"])  # installing needs no venv
    assert stop.value.code == "No library."


def test_make_stops_before_any_download(tmp_path):
    """Run `make book` in a copy, with a Python that reports a missing library."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "mfbook").mkdir()
    code = (ROOT / "mfbook/install.py").read_text()
    code = code.replace('"libgomp.so.1"', '"libnotthere.so.1"')
    (tmp_path / "mfbook/install.py").write_text(code)
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "book"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    )
    assert done.returncode != 0
    assert done.stderr.startswith("MXNet needs libnotthere.so.1, which this machine lacks.")
    assert not (tmp_path / ".venv").exists()


WHEELS = list(gpu.WHEELS)
EVERYTHING = ["mxnet-cu112==1.9.1", *WHEELS]


@pytest.fixture
def machine(monkeypatch):
    """A machine whose packages the test sets; what pip is asked to do is noted, not done."""

    class Machine:
        builds, wheels, whole = {}, [], True
        calls = []  # noqa: RUF012

    fake = Machine()
    fake.calls = []
    monkeypatch.setattr(install, "builds", lambda: fake.builds)
    monkeypatch.setattr(install, "_whole", lambda: fake.whole)
    monkeypatch.setattr(gpu, "has", lambda wheel: wheel in fake.wheels)
    monkeypatch.setattr(
        install.subprocess, "run", lambda command, check: fake.calls.append(command[5:])
    )
    return fake


def test_install_leaves_other_packages_alone(machine, capsys):
    assert "NumPy was left as it is" in install.install(install.CPU)
    assert machine.calls == [["install", "--no-deps", "mxnet==1.9.1"]]
    assert "Downloading about 49 MB: mxnet==1.9.1" in capsys.readouterr().out


def test_gpu_build_comes_with_its_libraries(machine, capsys):
    machine.wheels = WHEELS[:2]
    install.install(install.GPU)
    assert machine.calls == [["install", "--no-deps", "mxnet-cu112==1.9.1", *WHEELS[2:]]]
    assert "Downloading about 1,930 MB" in capsys.readouterr().out


@pytest.mark.parametrize("build", [install.CPU, install.GPU])
def test_second_install_does_nothing(machine, build):
    machine.builds, machine.wheels = {build: "1.9.1"}, WHEELS
    assert install.install(build) == f"{build} 1.9.1 is already installed; nothing to do."
    assert machine.calls == []


@pytest.mark.parametrize(
    ("builds", "whole", "wanted", "added"),
    [
        ({"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"}, True, install.CPU, ["mxnet==1.9.1"]),
        ({"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"}, True, install.GPU, EVERYTHING),
        ({"mxnet-cu112": "1.9.1"}, True, install.CPU, ["mxnet==1.9.1"]),
        ({"mxnet": "1.6.0"}, True, install.CPU, ["mxnet==1.9.1"]),
        ({"mxnet": "1.9.1"}, False, install.CPU, ["mxnet==1.9.1"]),
    ],
    ids=["both, to CPU", "both, to GPU", "GPU to CPU", "old version", "folder gone"],
)
def test_what_is_wrong_is_replaced(machine, capsys, builds, whole, wanted, added):
    machine.builds, machine.whole = builds, whole
    install.install(wanted)
    remove, add = machine.calls
    assert remove == ["uninstall", "--yes", *sorted(builds)]
    assert add == ["install", "--no-deps", *added]
    said = capsys.readouterr().out
    assert all(f"{name} {version}" in said for name, version in builds.items())
    assert ("break each other" in said) == (len(builds) > 1)


def test_the_machine_decides(monkeypatch):
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(gpu, "obstacle", lambda: "There is no driver.")
    assert install.choose() == (install.CPU, "There is no driver.")
    monkeypatch.setattr(gpu, "obstacle", lambda: None)
    assert install.choose()[0] == install.GPU
    monkeypatch.setattr(install.platform, "machine", lambda: "aarch64")
    assert install.choose()[0] == install.CPU


def test_the_installed_build_is_found():
    assert install.builds() == {"mxnet": "1.9.1"}
    assert install._whole()
    assert install.lacking(install.CPU) == ([], [])


def test_a_failing_pip_gets_one_sentence(monkeypatch):
    def fail(command, check):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(install, "builds", dict)
    monkeypatch.setattr(install.subprocess, "run", fail)
    with pytest.raises(SystemExit, match=r"pip could not install MXNet.*network"):
        install.main(["--cpu"])
