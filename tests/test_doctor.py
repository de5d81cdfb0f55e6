"""The doctor names each fault and its remedy, and its exit code says whether the course will run."""

import collections
import json
import shutil
import subprocess
import sys

from mfbook import doctor
from mfbook.__main__ import main
from mfbook.datasets import download
from mfbook.runtime import gpu, install
import pytest


def assert_fault(check, *phrases):
    """Assert that a check finds a fault whose detail or remedy contains all phrases."""
    finding = check()
    assert not finding.ok
    assert finding.remedy
    for phrase in phrases:
        assert phrase in f"{finding.detail} {finding.remedy}"


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MFBOOK_DATA", raising=False)
    monkeypatch.delenv("MFBOOK_DATASET", raising=False)
    return tmp_path / "cache"


def test_wrong_python(monkeypatch):
    version = collections.namedtuple("Version", "major minor")(3, 9)
    monkeypatch.setattr(doctor.sys, "version_info", version)
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.18")
    assert_fault(doctor.check_python, "3.9.18", "Use Python 3.10 or newer")


def test_wrong_platform(monkeypatch):
    monkeypatch.setattr(doctor.platform, "system", lambda: "Windows")
    assert_fault(doctor.check_platform, "Windows", "WSL")


def test_no_libquadmath(monkeypatch):
    monkeypatch.setattr(install, "_loads", lambda name: name != "libquadmath.so.0")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    assert_fault(doctor.check_libraries, "libquadmath.so.0", "apt-get install libquadmath0")


def test_missing_package(monkeypatch):
    version = doctor.metadata.version

    def without_pandas(name):
        if name == "pandas":
            raise doctor.metadata.PackageNotFoundError
        return version(name)

    monkeypatch.setattr(doctor.metadata, "version", without_pandas)
    assert_fault(doctor.check_packages, "missing: pandas", "-m pip install pandas")
    findings = {finding.subject: finding for finding in doctor.examine()}
    assert findings["data"].detail == "not checked"


def test_numpy_without_the_layer(monkeypatch):
    """The real failure: MXNet imported on NumPy 2 with nothing in between."""
    monkeypatch.setattr(doctor, "TRY_MXNET", "import mxnet")
    assert_fault(
        doctor.check_mxnet, "without the compatibility layer", "Import mfbook before mxnet"
    )


def test_both_builds(monkeypatch):
    monkeypatch.setattr(install, "builds", lambda: {"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"})
    assert_fault(doctor.check_mxnet, "mxnet-cu112", "break each other", "python -m mfbook install")


def test_no_mxnet(monkeypatch):
    monkeypatch.setattr(install, "builds", dict)
    assert_fault(doctor.check_mxnet, "not installed", "python -m mfbook install")


def test_mxnet_that_does_not_load(monkeypatch):
    monkeypatch.setattr(doctor, "TRY_MXNET", "raise ImportError('something broke')")
    assert_fault(doctor.check_mxnet, "something broke", "python -m mfbook install")


def test_corrupt_data(monkeypatch, tmp_path, empty_cache):
    folder = tmp_path / "ml-100k"
    folder.mkdir()
    (folder / "u.data").write_text("1\t2\t3\t4\n")
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    assert_fault(doctor.check_data, "u.data is missing or damaged", "fetch ml-100k.zip again")


def test_incomplete_data_in_the_cache(empty_cache):
    (empty_cache / "ml-100k").mkdir(parents=True)
    assert_fault(doctor.check_data, "is missing or damaged")


def test_complete_data(movielens):
    assert doctor.check_data().ok


def test_no_data_and_no_network(monkeypatch, empty_cache):
    monkeypatch.setattr(download, "URL", "http://127.0.0.1:9/ml-100k.zip")
    assert_fault(
        doctor.check_data, "GroupLens does not answer", "MFBOOK_DATA", "MFBOOK_DATASET=synthetic"
    )


def test_unknown_data_set(monkeypatch, empty_cache):
    monkeypatch.setenv("MFBOOK_DATASET", "netflix")
    assert_fault(doctor.check_data, "no data set 'netflix'")


def test_cache_not_writable(monkeypatch, tmp_path, empty_cache):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "file" / "cache"))
    assert_fault(doctor.check_cache, "cannot be written", "MFBOOK_CACHE")


def test_disk_full(monkeypatch, empty_cache):
    usage = collections.namedtuple("Usage", "free")(12_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert_fault(doctor.check_disk, "12 MB free", "Free 300 MB")


def test_gpu_too_new(monkeypatch):
    sentence = "MXNet 1.9.1 has no code for this GPU: its compute capability is 9.0."
    monkeypatch.setattr(gpu, "why_unusable", lambda: sentence)
    finding = doctor.check_gpu()
    assert finding.detail == f"not used. {sentence}"
    # The CPU is enough.
    assert not finding.required


def test_gpu_without_its_build(monkeypatch):
    monkeypatch.setattr(gpu, "why_unusable", lambda: None)
    assert "python -m mfbook install --gpu" in doctor.check_gpu().detail
    monkeypatch.setattr(install, "builds", lambda: {"mxnet-cu112": "1.9.1"})
    assert doctor.check_gpu().detail == "will be used"


def test_report_and_exit_code(monkeypatch, capsys):
    good, bad = doctor.Finding("one", True, "fine"), doctor.Finding("two", False, "gone", "Get it.")
    for found, code, verdict in (([good], 0, "will run."), ([good, bad], 1, "will not run yet.")):
        monkeypatch.setattr(doctor, "examine", lambda found=found: found)
        assert main(["doctor"]) == code
        assert f"The course {verdict}" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["runs"] is False
    assert report["findings"][1]["remedy"] == "Get it."


def test_the_whole_doctor_on_this_machine(split):
    done = subprocess.run(
        [sys.executable, "-m", "mfbook", "doctor"], capture_output=True, text=True, timeout=120
    )
    assert "✔ MXNet: mxnet 1.9.1, loads and computes" in done.stdout
    assert done.returncode == 0, done.stdout
