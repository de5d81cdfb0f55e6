"""What a machine lacks is said in one sentence, before anything is downloaded."""

import collections
import os
from pathlib import Path
import subprocess
import sys

from mfbook import install
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
    find = install.importlib.util.find_spec
    monkeypatch.setattr(
        install.importlib.util,
        "find_spec",
        lambda name: None if name == "ensurepip" else find(name),
    )
    assert "apt-get install python3-venv" in install.obstacle()


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


def test_install_leaves_other_packages_alone(monkeypatch):
    calls = []
    monkeypatch.setattr(install, "installed", lambda: None)
    monkeypatch.setattr(install.subprocess, "run", lambda command, check: calls.append(command))
    assert "NumPy was left as it is" in install.install()
    assert calls == [[sys.executable, "-m", "pip", "install", "--no-deps", "mxnet==1.9.1"]]


def test_second_install_does_nothing(monkeypatch):
    monkeypatch.setattr(install.subprocess, "run", lambda *_, **__: pytest.fail("called pip"))
    assert install.install() == "MXNet 1.9.1 is already installed."
