"""The folder for machines without a network is complete, or is not made at all."""

import collections
import errno
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys

from mfbook import offline
from mfbook.__main__ import main
from mfbook.datasets import download
import pytest

# The fixture below replaces it.
RUN = subprocess.run


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A small checkout with a built book; calls of pip are recorded and not run."""
    root = tmp_path / "checkout"
    (root / "_build/html").mkdir(parents=True)
    (root / "_build/html/index.html").write_text("<html>")
    (root / "notebooks").mkdir()
    (root / "notebooks/01_a.ipynb").write_text("{}")
    (root / "requirements.txt").write_text("numpy")
    (root / "mfbook").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "mfbook/__init__.py"):
        (root / name).touch()
    monkeypatch.setattr(offline, "ROOT", root)
    calls = []
    monkeypatch.setattr(
        offline.subprocess, "run", lambda command, **_: calls.append([str(c) for c in command])
    )
    monkeypatch.delenv("MFBOOK_DATA", raising=False)
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))
    # A small MovieLens.
    monkeypatch.setattr(download, "FILES", {"u.data": (8, "")})
    return root, calls


def test_everything_is_there(checkout, tmp_path):
    sentence = offline.gather(tmp_path / "usb")
    names = {path.name for path in (tmp_path / "usb").iterdir()}
    expected = {"README.md", "start.sh", "requirements.txt", "wheels", "data", "book", "notebooks"}
    assert names == expected
    assert (tmp_path / "usb/notebooks/01_a.ipynb").is_file()
    assert "without MovieLens" in sentence
    readme = (tmp_path / "usb/README.md").read_text()
    assert "ml-100k.zip" in readme and "{" not in readme
    commands = checkout[1]
    assert "mxnet==1.9.1" in commands[-1] and "--no-deps" in commands[-1]
    assert "--no-deps" not in commands[0]


def test_data_are_copied_from_where_they_are(checkout, monkeypatch, tmp_path):
    source = tmp_path / "data/ml-100k"
    source.mkdir(parents=True)
    (source / "u.data").write_text("1\t2\t3\t4\n")
    (source / "u.data").chmod(0o444)
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path / "data"))
    assert "with MovieLens" in offline.gather(tmp_path / "usb")
    copy = tmp_path / "usb/data/ml-100k/u.data"
    assert copy.read_text() == "1\t2\t3\t4\n"
    assert os.access(copy, os.W_OK)
    assert "take `data/ml-100k` out" in (tmp_path / "usb/README.md").read_text()


def test_refuses_what_cannot_work(checkout, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").touch()
    with pytest.raises(ValueError, match="is not empty"):
        offline.gather(tmp_path / "full")
    (checkout[0] / "_build/html/index.html").unlink()
    with pytest.raises(ValueError, match="make book"):
        offline.gather(tmp_path / "usb")
    (checkout[0] / "requirements.txt").unlink()
    with pytest.raises(ValueError, match="checkout"):
        offline.gather(tmp_path / "usb")
    assert not (tmp_path / "usb").exists()


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("file", "is a file, not a folder"),
        ("loop", "is a link that leads to no folder"),
        ("loop/usb", "loop is a link that leads to no folder"),
        ("file/usb", "could not be filled: Not a directory"),
        ("x" * 300, "could not be filled: File name too long"),
        ("checkout/_build/html/usb", "is inside the built book"),
    ],
    ids=["file", "link loop", "in a link loop", "in a file", "too long", "in the book"],
)
def test_the_command_says_why_in_one_sentence(checkout, tmp_path, folder, sentence):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    message = main(["offline", str(tmp_path / folder)])
    assert sentence in message
    assert "\n" not in message
    assert checkout[1] == []
    assert not (tmp_path / "checkout/_build/html/usb").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(checkout, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    message = main(["offline", str(tmp_path / "locked/usb")])
    assert "could not be filled: Permission denied" in message


def test_a_disk_that_refuses_the_folder(checkout, monkeypatch, tmp_path):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(offline.Path, "mkdir", refuse)
    message = main(["offline", str(tmp_path / "usb")])
    assert "could not be filled: Permission denied." in message


def test_a_stick_that_is_too_small_is_noticed_first(checkout, monkeypatch, tmp_path):
    usage = collections.namedtuple("Usage", "free")(64_000_000)
    monkeypatch.setattr(offline.shutil, "disk_usage", lambda folder: usage)
    message = main(["offline", str(tmp_path / "usb")])
    assert "has 64 MB free, and about" in message
    assert not (tmp_path / "usb").exists()
    assert checkout[1] == []


@pytest.mark.parametrize("existed", [True, False])
def test_a_disk_that_becomes_full(checkout, monkeypatch, tmp_path, existed):
    """What was there is there afterwards, and a second try works."""
    folder = tmp_path / "usb"
    if existed:
        folder.mkdir()
    copy = shutil.copytree

    def copytree(source, target, **options):
        if options:
            return copy(source, target, **options)
        target.mkdir()
        (target / "index.html").touch()
        raise shutil.Error([(source, target, "[Errno 28] No space left on device")])

    monkeypatch.setattr(offline.shutil, "copytree", copytree)
    message = main(["offline", str(folder)])
    assert "could not be filled: [Errno 28] No space left on device. Nothing was left" in message
    assert "network" not in message
    assert folder.exists() == existed
    assert not existed or not any(folder.iterdir())
    monkeypatch.setattr(offline.shutil, "copytree", copy)
    assert main(["offline", str(folder)]) is None


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_what_others_put_there_meanwhile_stays(checkout, monkeypatch, tmp_path, existed, error):
    folder = tmp_path / "new/usb"
    if existed:
        folder.mkdir(parents=True)
    copy = shutil.copytree

    def copytree(source, target, **options):
        if options:
            return copy(source, target, **options)
        (folder / "thesis.txt").write_text("thesis")
        (folder / "photos").mkdir()
        (folder / "photos/me.jpg").touch()
        raise error

    monkeypatch.setattr(offline.shutil, "copytree", copytree)
    message = main(["offline", str(folder)])
    assert message == "Stopped." or "but what others put there" in message
    assert sorted(path.name for path in folder.iterdir()) == ["photos", "thesis.txt"]
    assert (folder / "thesis.txt").read_text() == "thesis"
    assert (folder / "photos/me.jpg").is_file()


def test_a_file_of_others_with_a_name_of_the_course_stays(checkout, monkeypatch, tmp_path):
    folder = tmp_path / "new/usb"

    def run(command, **_):
        folder.joinpath("start.sh").write_text("mine")

    monkeypatch.setattr(offline.subprocess, "run", run)
    message = main(["offline", str(folder)])
    assert "could not be filled: others put start.sh there meanwhile. Name a new folder" in message
    assert [path.name for path in folder.iterdir()] == ["start.sh"]
    assert (folder / "start.sh").read_text() == "mine"


def test_interrupted_while_the_last_entries_move(checkout, monkeypatch, tmp_path):
    """Folders above that were made are gone as well."""
    rename, moved = offline.Path.rename, []

    def interrupt(path, target):
        moved.append(rename(path, target))
        if len(moved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(offline.Path, "rename", interrupt)
    assert main(["offline", str(tmp_path / "new/usb")]) == "Stopped."
    assert len(moved) == 3
    assert not (tmp_path / "new").exists()


def test_wrong_data_are_noticed_first(checkout, monkeypatch, tmp_path):
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path / "nowhere"))
    assert "neither ml-100k/ nor ml-100k.zip" in main(["offline", str(tmp_path / "usb")])
    assert checkout[1] == []


def test_the_command_says_what_it_made(checkout, tmp_path, capsys):
    assert main(["offline", str(tmp_path / "usb")]) is None
    assert "without MovieLens" in capsys.readouterr().out


def test_a_failing_pip_gets_one_sentence(checkout, monkeypatch, tmp_path):
    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(offline.subprocess, "run", fail)
    message = main(["offline", str(tmp_path / "usb")])
    assert message.startswith("pip could not gather the wheels;")
    assert not (tmp_path / "usb").exists()


def test_old_modules_in_build_are_not_in_the_wheel(checkout, monkeypatch, tmp_path):
    (checkout[0] / "build/lib/mfbook").mkdir(parents=True)
    (checkout[0] / "build/lib/mfbook/old.py").touch()
    copied = []

    def run(command, env, **_):
        if "--no-deps" in command:
            source = Path(command[-1])
            copied.extend(str(path.relative_to(source)) for path in source.rglob("*.*"))
            # What pip leaves is deleted as well.
            assert source.is_relative_to(env["TMPDIR"])

    monkeypatch.setattr(offline.subprocess, "run", run)
    assert main(["offline", str(tmp_path / "usb")]) is None
    assert sorted(copied) == ["README.md", "mfbook/__init__.py", "pyproject.toml"]


def test_all_sources_of_the_wheel_are_in_a_checkout():
    assert all((offline.ROOT / name).exists() for name in offline.SOURCES)


def test_a_folder_that_another_command_fills(checkout, tmp_path):
    (tmp_path / "usb/.unfinished-abc").mkdir(parents=True)
    message = main(["offline", str(tmp_path / "usb")])
    assert message.startswith("Another command fills the folder")
    assert (tmp_path / "usb/.unfinished-abc").is_dir()


def test_without_numpy_the_command_says_what_to_install(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(offline.ROOT)}
    command = [sys.executable, "-S", "-m", "mfbook", "offline", str(tmp_path / "usb")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stderr.startswith("Packages are missing: numpy, ")
    assert "-m pip install numpy" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_package_gets_one_sentence(tmp_path):
    (tmp_path / "numpy.py").write_text("raise RuntimeError('damaged')")
    command = [sys.executable, "-m", "mfbook", "offline", str(tmp_path / "usb")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == (
        "A package that this needs is damaged (damaged). Run `python -m mfbook doctor`.\n"
    )


WAITING = """
import runpy, sys, time
from mfbook import offline

def wait(target):
    target.mkdir()
    print("waiting", flush=True)
    time.sleep(60)

offline._gather_wheels = wait
offline.NEEDED_MB = 0
offline.ROOT = offline.Path(sys.argv.pop(1))
runpy.run_module("mfbook", run_name="__main__")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing(checkout, tmp_path, number):
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("whatever started this run ignores the signal, as nohup does")
    command = [sys.executable, "-c", WAITING, str(checkout[0]), "offline", str(tmp_path / "usb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, b"Stopped.\n")
    assert not (tmp_path / "usb").exists()


@pytest.mark.parametrize(("output", "code"), [("| head -c 4", 0), ("> /dev/full", 1)])
def test_output_that_cannot_be_written_does_not_stop_the_work(checkout, tmp_path, output, code):
    script = WAITING.replace("time.sleep(60)", "pass").replace(
        "print(", "print('first\\n' * 9999, "
    )
    command = 'set -o pipefail; "$0" -c "$1" "$2" offline "$3" ' + output
    shell = ["bash", "-c", command, sys.executable, script, checkout[0], tmp_path / "usb"]
    done = RUN(shell, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "folder" not in done.stderr and "Traceback" not in done.stderr
    assert ("its output could not be written: No space" in done.stderr) == (code == 1)
    assert (tmp_path / "usb/start.sh").is_file()


def test_system_libraries_are_named_where_they_are_needed(monkeypatch):
    monkeypatch.setattr(offline.platform, "system", lambda: "Linux")
    monkeypatch.setattr(offline.platform, "machine", lambda: "x86_64")
    assert "`apt-get install python3-venv libgomp1 libquadmath0`" in offline._needs()
    monkeypatch.setattr(offline.platform, "system", lambda: "Darwin")
    assert offline._needs() == "You need Python with venv."


PYTHON3 = """\
#!/bin/bash
# Stands in for Python: `-m venv .venv` makes a .venv whose Python is this script.
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
esac
echo "python $* ($PIP_FIND_LINKS)" >> "$LOG"
"""
INSTALLED = [
    "python -m venv .venv (wheels)",
    "python -m pip install --quiet --requirement requirements.txt mfbook (wheels)",
    "python -m mfbook install --cpu (wheels)",
]
EXAMINED = ["python -c  (wheels)", "python -m mfbook doctor (wheels)"]


@pytest.fixture
def start(tmp_path):
    """Return a function that runs start.sh in a folder and returns the calls of Python."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").write_text(PYTHON3)
    (tmp_path / "bin/python3").chmod(0o755)
    log = tmp_path / "log"

    def run(folder):
        folder.mkdir(exist_ok=True)
        (folder / "start.sh").write_text(offline.START)
        log.write_text("")
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "LOG": str(log)}
        command = ["bash", str(folder / "start.sh"), "true"]
        subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
        return log.read_text().splitlines()

    return run


def test_start_in_a_folder_with_a_space(start, tmp_path):
    """Pip splits PIP_FIND_LINKS at spaces, so it must not hold the path of the folder."""
    assert start(tmp_path / "my stick") == [*INSTALLED, EXAMINED[1]]


def test_start_installs_once(start, tmp_path):
    start(tmp_path / "usb")
    assert start(tmp_path / "usb") == EXAMINED


def test_start_installs_again_where_the_folder_was_moved(start, tmp_path):
    start(tmp_path / "usb")
    (tmp_path / "usb").rename(tmp_path / "course")
    assert start(tmp_path / "course") == [*INSTALLED, EXAMINED[1]]


def test_start_installs_again_where_python_is_another(start, tmp_path):
    start(tmp_path / "usb")
    (tmp_path / "usb/.venv/bin/python").write_text("#!/bin/bash\nexit 1\n")
    assert start(tmp_path / "usb") == [*INSTALLED, EXAMINED[1]]


def test_start_stays_in_its_folder_whatever_cdpath_says(tmp_path):
    here, elsewhere = tmp_path / "a" / "off", tmp_path / "b" / "off"
    for folder in (here, elsewhere):
        folder.mkdir(parents=True)
    beginning = offline.START[: offline.START.index('cd "$(dirname "$0")"')]
    (here / "start.sh").write_text(beginning + 'cd "$(dirname "$0")"\npwd\n')
    done = subprocess.run(
        ["bash", "off/start.sh"],
        cwd=here.parent,
        env=os.environ | {"CDPATH": str(elsewhere.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == str(here)
