"""The doctor names each fault and its remedy, and its exit code says whether the course will run."""

import collections
import errno
import http.server
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading

from mfbook import doctor
from mfbook.__main__ import main
from mfbook.datasets import download
from mfbook.runtime import gpu, install, libraries, requirements
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


@pytest.fixture
def movielens_copy(movielens, monkeypatch, tmp_path):
    """Return a copy of MovieLens, which MFBOOK_DATA names."""
    copy = tmp_path / "ml-100k"
    shutil.copytree(download.folder("ml-100k"), copy)
    for path in copy.iterdir():
        path.chmod(0o644)
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    return copy


def test_wrong_python(monkeypatch):
    version = collections.namedtuple("Version", "major minor")(3, 9)
    monkeypatch.setattr(doctor.sys, "version_info", version)
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.18")
    assert_fault(doctor.check_python, "3.9.18", "Use Python 3.10 or newer")


def test_wrong_platform(monkeypatch):
    monkeypatch.setattr(doctor.platform, "system", lambda: "Windows")
    assert_fault(doctor.check_platform, "Windows", "WSL")


def test_no_libquadmath(monkeypatch):
    monkeypatch.setattr(libraries, "missing", lambda: [requirements.SYSTEM_LIBRARIES[1]])
    assert_fault(
        doctor.check_libraries,
        "libquadmath.so.0",
        "`python -m mfbook install`",
        "needs no administrator",
        "apt-get install libquadmath0",
    )


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


@pytest.mark.parametrize("name", download.FILES)
def test_every_file_of_movielens_is_checked(movielens_copy, name):
    """A file is cut short, then changed at the same length, then gone."""
    path = movielens_copy / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert_fault(doctor.check_data, f"{path} is damaged", "bytes instead of", "Unpack all of")
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert_fault(doctor.check_data, f"{path} is damaged: its MD5 is", "Unpack all of")
    path.unlink()
    assert_fault(doctor.check_data, f"{path} is missing", "Unpack all of ml-100k.zip there again")


def test_incomplete_data_in_the_cache(empty_cache):
    (empty_cache / "ml-100k").mkdir(parents=True)
    assert_fault(doctor.check_data, "u.data is missing", f"Delete the folder {empty_cache}/ml-100k")


def test_data_that_cannot_be_read(movielens_copy):
    (movielens_copy / "u.user").unlink()
    (movielens_copy / "u.user").symlink_to("u.user")
    assert_fault(doctor.check_data, "u.user cannot be read", "symbolic links")


def test_complete_data(movielens):
    assert doctor.check_data().ok


def test_no_data_and_no_network(monkeypatch, empty_cache):
    monkeypatch.setattr(download, "URL", "http://127.0.0.1:9/ml-100k.zip")
    assert_fault(
        doctor.check_data, "GroupLens does not answer", "MFBOOK_DATA", "MFBOOK_DATASET=synthetic"
    )


@pytest.mark.parametrize(("status", "answer"), [(404, "404 Not Found"), (500, "500 Internal")])
def test_a_server_that_answers_with_an_error(monkeypatch, empty_cache, status, answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(status)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setattr(download, "URL", f"http://127.0.0.1:{server.server_port}/ml-100k.zip")
        assert_fault(doctor.check_data, f"GroupLens answers: {answer}", "MFBOOK_DATA")


def test_unknown_data_set(monkeypatch, empty_cache):
    monkeypatch.setenv("MFBOOK_DATASET", "netflix")
    assert_fault(doctor.check_data, "no data set 'netflix'")


IMPOSSIBLE = {
    "~nosuchuser/data": "home folder is unknown",
    "x" * 5000: "File name too long",
    "/dev/null/data": "",
}


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=["user", "long", "file"])
@pytest.mark.parametrize("variable", ["MFBOOK_DATA", "MFBOOK_CACHE"])
def test_paths_that_cannot_be(monkeypatch, empty_cache, capsys, variable, value):
    monkeypatch.setattr(download, "URL", "http://127.0.0.1:9/ml-100k.zip")
    monkeypatch.setattr(doctor, "TRY_MXNET", "print('1.9.1')")
    monkeypatch.setenv(variable, value)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert IMPOSSIBLE[value] in said
    assert variable in said
    assert len(said) < 4000


def test_cache_not_writable(monkeypatch, tmp_path, empty_cache):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "file" / "cache"))
    assert_fault(doctor.check_cache, "cannot be written", "MFBOOK_CACHE")


def test_the_cache_keeps_its_files(empty_cache, tmp_path):
    """The doctor writes a file to try it, under a name that no other file has."""
    empty_cache.mkdir()
    (tmp_path / "thesis.txt").write_text("thesis")
    (empty_cache / "probe").symlink_to(tmp_path / "thesis.txt")
    (empty_cache / "probe.txt").write_text("mine")
    before = sorted(empty_cache.iterdir())
    assert doctor.check_cache().ok
    assert sorted(empty_cache.iterdir()) == before
    assert (empty_cache / "probe").read_text() == "thesis"


@pytest.fixture
def locked_cache(monkeypatch, empty_cache):
    """A cache on a full disk that may not be written; root may write every other one."""

    def refuse(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    empty_cache.mkdir()
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    usage = collections.namedtuple("Usage", "free")(0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    return empty_cache


def test_a_locked_cache_that_is_filled_is_enough(locked_cache):
    assert_fault(doctor.check_cache, "cannot be written: Permission denied", "MFBOOK_CACHE")
    assert_fault(doctor.check_disk, "0 MB free")
    (locked_cache / "ml-100k").mkdir()
    assert doctor.check_cache().ok
    assert "cannot be written" in doctor.check_cache().detail
    assert doctor.check_disk().ok


def test_data_beside_a_locked_cache_are_enough(locked_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    (tmp_path / "ml-100k.zip").touch()
    # It would be unpacked into the cache.
    assert not doctor.check_cache().ok
    (tmp_path / "ml-100k").mkdir()
    assert doctor.check_cache().ok
    # The twin is made in the cache.
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    assert not doctor.check_cache().ok


@pytest.fixture(scope="module")
def whole_twin(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MFBOOK_CACHE", str(cache))
        return download.folder("synthetic")


@pytest.fixture
def cached_twin(whole_twin, monkeypatch, empty_cache):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    return shutil.copytree(whole_twin, empty_cache / "synthetic")


@pytest.mark.parametrize("name", ["u.data", "u1.base", "u5.test", "u.item"])
def test_a_twin_that_is_damaged(cached_twin, name):
    assert doctor.check_data().ok
    path = cached_twin / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    found = (
        f"has {len(lines) - 1:,} lines instead of {len(lines):,}. Delete the folder {cached_twin}"
    )
    assert_fault(doctor.check_data, f"{path} is damaged: it {found}")
    path.unlink()
    path.mkdir()
    assert_fault(doctor.check_data, name)


def test_a_twin_with_a_wrong_line(cached_twin):
    path = cached_twin / "u3.base"
    path.write_bytes(path.read_bytes().replace(b"\t", b" ", 1))
    assert_fault(doctor.check_data, f"{path}, line 1", f"Delete the folder {cached_twin}")


@pytest.mark.parametrize("error", [ImportError, RuntimeError])
def test_a_check_that_fails_is_a_finding(monkeypatch, error):
    """A damaged NumPy, or no home folder, for example."""

    def fail():
        raise error("numpy is broken\nin many ways")

    monkeypatch.setitem(doctor.CHECKS, "data", fail)
    monkeypatch.setattr(doctor, "TRY_MXNET", "pass")
    finding = next(finding for finding in doctor.examine() if finding.subject == "data")
    assert not finding.ok
    assert finding.detail == f"not checked: {error.__name__}: numpy is broken ({__file__})"
    assert "--force-reinstall" in finding.remedy


def test_a_bad_finding_that_is_not_required_does_not_stop_the_course():
    optional = doctor.Finding("GPU", False, "broken", "Mend it.", required=False)
    assert doctor.course_runs([optional])
    assert doctor.to_text([optional]).splitlines()[-1] == "The course will run."


@pytest.fixture
def free_mb(monkeypatch):
    """Free space by folder, which the test sets."""
    free = {}
    usage = collections.namedtuple("Usage", "free")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage(free.get(str(folder), 10_000) * 10**6)
    )
    return free


def test_disk_full(empty_cache, free_mb):
    free_mb[str(empty_cache.parent)] = 49
    assert_fault(doctor.check_disk, "49 MB free", "Free 50 MB", "MFBOOK_CACHE")
    free_mb[str(empty_cache.parent)] = 50
    assert doctor.check_disk().ok
    # MXNet is there and needs no more.
    free_mb[sys.prefix] = 0
    assert doctor.check_disk().ok


@pytest.mark.parametrize(
    ("build", "needed"), [(requirements.CPU_BUILD, 249), (requirements.GPU_BUILD, 6499)]
)
def test_no_room_for_mxnet(monkeypatch, empty_cache, free_mb, build, needed):
    """The download and what is unpacked from it are on the disk at the same time."""
    monkeypatch.setattr(install, "builds", dict)
    monkeypatch.setattr(install, "choose", lambda: (build, "because"))
    assert doctor.check_disk().ok
    free_mb[sys.prefix] = needed - 1
    assert_fault(
        doctor.check_disk, f"{needed - 1:,} MB free at {sys.prefix}", f"Free {needed:,} MB", "MXNet"
    )
    # Where there is no build, none will be installed.
    monkeypatch.setattr(install, "why_unsupported", lambda: "No build.")
    assert doctor.check_disk().ok


def test_gpu_too_new(monkeypatch):
    sentence = "MXNet 1.9.1 has no code for this GPU: its compute capability is 9.0."
    monkeypatch.setattr(gpu, "driver_problem", lambda: sentence)
    finding = doctor.check_gpu()
    assert finding.detail == f"not used. {sentence}"
    # The CPU is enough.
    assert not finding.required


def test_gpu_without_its_build(monkeypatch):
    monkeypatch.setattr(gpu, "driver_problem", lambda: None)
    assert "python -m mfbook install --gpu" in doctor.check_gpu().detail
    monkeypatch.setattr(install, "builds", lambda: {"mxnet-cu112": "1.9.1"})
    assert doctor.check_gpu().detail == "will be used"


NO_MXNET = doctor.Finding("MXNet", False, "not installed", "Install it.")
NO_BUILD = doctor.Finding("platform", False, "Windows on AMD64", "Use WSL.")
NO_DATA = doctor.Finding("data", False, "missing", "Get it.")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([NO_MXNET], "Chapters 1, 2, 8, 9, 10 and 11 will run here. The others need MXNet."),
        (
            [NO_BUILD, NO_MXNET],
            "Chapters 1, 2, 8, 9, 10 and 11 will run here. The others need MXNet.",
        ),
        ([NO_BUILD, NO_DATA], "The course will not run yet."),
        ([], "The course will run."),
    ],
)
def test_the_last_line_says_what_runs(findings, verdict):
    assert doctor.to_text(findings).splitlines()[-1] == verdict
    assert doctor.course_runs(findings) == (verdict == "The course will run.")


# Windows has no such names.
LIKE_WINDOWS = """
import os, platform, signal, sys
for module in ("fcntl", "grp", "pwd", "resource", "termios", "mxnet"):
    sys.modules[module] = None
for name in ("SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGALRM", "pause", "alarm"):
    delattr(signal, name)
for name in ("fork", "forkpty", "geteuid", "getuid", "getpgid", "killpg", "setsid", "nice"):
    delattr(os, name)
platform.system, platform.machine = (lambda: "Windows"), (lambda: "AMD64")
"""
IMPORT_ALL = """
import importlib, pkgutil
import mfbook
need_mxnet = []
for module in pkgutil.walk_packages(mfbook.__path__, "mfbook."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        assert "mxnet" in str(error).lower(), (module.name, error)
        need_mxnet.append(module.name)
print(*need_mxnet)
"""
EXAMINE = """
from mfbook import __main__, doctor
from mfbook.runtime import console, install
install.builds = dict
doctor.check_data = lambda: doctor.Finding("data", True, "here")
doctor.CHECKS["data"] = doctor.check_data
console.end_on_signals()
print("exit code", __main__.main(["doctor"]))
print(__main__.main(["install"]))
"""


def run_like_windows(code, tmp_path):
    environment = {**os.environ, "MFBOOK_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", LIKE_WINDOWS + code]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def test_all_modules_but_those_of_mxnet_can_be_imported_on_windows(tmp_path):
    done = run_like_windows(IMPORT_ALL, tmp_path)
    assert done.returncode == 0, done.stderr
    needing = {"mfbook.devices", "mfbook.distributed", "mfbook.networks", "mfbook.training"}
    assert set(done.stdout.split()) <= needing


def test_the_doctor_on_windows(tmp_path):
    done = run_like_windows(EXAMINE, tmp_path)
    lines = done.stdout.splitlines()
    assert "✘ platform: Windows on AMD64" in lines, done.stderr
    assert "✔ system libraries: none needed" in lines
    assert "✘ MXNet: has no build for this machine" in lines
    assert lines[-3] == "Chapters 1, 2, 8, 9, 10 and 11 will run here. The others need MXNet."
    assert lines[-2] == "exit code 1"
    assert lines[-1] == install.why_no_build("Windows", "AMD64")


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


def test_a_terminal_without_the_marks(tmp_path):
    """On an ASCII terminal, good and bad findings can still be told apart."""
    code = (
        "import sys; from mfbook import __main__, doctor; finding = doctor.Finding; "
        "doctor.examine = lambda: [finding('one', True, 'd\\xe9j\\xe0'), finding('two', False, '', 'Do.')]; "
        "sys.exit(__main__.main(['doctor']))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    lines = done.stdout.decode("ascii").splitlines()
    assert lines[:3] == [r"ok one: d\xe9j\xe0", "NO two: ", "  -> Do."], done.stderr


@pytest.mark.parametrize("command", [["doctor"], ["doctor", "--json"], ["install", "--check"]])
def test_a_closed_output_is_no_traceback(command):
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "mfbook", *command]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, timeout=400)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("command", [["--help"], ["install"], ["doctor"], ["doctor", "--json"]])
def test_output_on_a_full_disk_gets_one_sentence(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mfbook", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=400,
        )
    assert done.returncode == 1
    assert done.stderr == (
        "The command ran, but its output could not be written: No space left on device. "
        "Free some space, or send the output elsewhere.\n"
    )


def test_the_whole_doctor_on_this_machine(split):
    done = subprocess.run(
        [sys.executable, "-m", "mfbook", "doctor"], capture_output=True, text=True, timeout=400
    )
    assert "✔ MXNet: mxnet 1.9.1, loads and computes" in done.stdout
    assert done.returncode == 0, done.stdout


def test_mxnet_that_hangs_or_crashes(monkeypatch):
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    monkeypatch.setattr(doctor, "TRY_MXNET", "import time; time.sleep(60)")
    assert_fault(doctor.check_mxnet, "computes nothing within 0.2 s", "python -m mfbook install")
    monkeypatch.setattr(doctor, "SECONDS", 60)
    monkeypatch.setattr(doctor, "TRY_MXNET", "import os, signal; os.kill(os.getpid(), 9)")
    assert_fault(doctor.check_mxnet, "its process ended with code -9")


def test_a_file_with_the_name_of_mxnet_has_its_own_remedy(monkeypatch):
    sentence = "Python imports the file x as MXNet. Rename it, then run this again."
    monkeypatch.setattr(doctor, "TRY_MXNET", f"raise ImportError({sentence!r})")
    assert doctor.check_mxnet().remedy == doctor.SEE_ABOVE


def test_mxnet_without_a_package_that_it_needs(monkeypatch):
    monkeypatch.setattr(doctor, "TRY_MXNET", "import no_such_package")
    assert_fault(doctor.check_mxnet, "No module named 'no_such_package'", "packages above")
    needs = "raise ImportError('MXNet needs the package requests, which is not installed.')"
    monkeypatch.setattr(doctor, "TRY_MXNET", needs)
    assert_fault(doctor.check_mxnet, "needs the package requests", "packages above")
