"""The folder for machines without a network is complete, or is not made at all."""

import ast
import collections
import errno
import os
from pathlib import Path
import platform
import re
import shutil
import signal
import subprocess
import sys

import mfbook
from mfbook import offline
from mfbook.__main__ import main
from mfbook.offline import _folder, _start, _texts, _wheels
import pytest

# The fixture below replaces it.
RUN = subprocess.run
WHEEL = f"mfbook-{mfbook.__version__}-py3-none-any.whl"
HERE = _start.machine()


def make_checkout(root):
    """Make a small checkout with a built book and a kit."""
    for name in ("html", "kit/notebooks", "kit/solutions"):
        (root / "_build" / name).mkdir(parents=True)
    (root / "_build/html/index.html").write_text("<html>")
    (root / "_build/kit/notebooks/01_a.ipynb").write_text("exercises")
    (root / "_build/kit/solutions/01_a.ipynb").write_text("solutions")
    (root / "_build/kit/notebooks" / WHEEL).touch()
    (root / "requirements.txt").write_text("numpy")


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A small checkout; calls of uv and pip are recorded and not run."""
    root = tmp_path / "checkout"
    make_checkout(root)
    monkeypatch.setattr(offline, "ROOT", root)
    calls = []

    def run(command, **_):
        calls.append(command)
        if "--output-file" in command:
            Path(command[-1]).write_text("numpy==2.4.6\n")
        else:
            Path(command[command.index("--dest") + 1], "numpy.whl").touch()

    monkeypatch.setattr(_wheels.subprocess, "run", run)
    return root, calls


def words(command, option):
    """Return the values of an option that may be repeated."""
    return [command[i + 1] for i, word in enumerate(command) if word == option]


def test_everything_is_there(checkout, tmp_path):
    sentence = offline.gather(tmp_path / "usb")
    assert sentence.endswith(f"MB, for {HERE}.")
    names = sorted(
        str(path.relative_to(tmp_path / "usb"))
        for path in (tmp_path / "usb").rglob("*")
        if path.is_file()
    )
    assert names == sorted(
        [
            "README.md",
            "START.html",
            "book/index.html",
            "notebooks/01_a.ipynb",
            f"requirements/{HERE}.txt",
            "solutions/01_a.ipynb",
            "start.bat",
            "start.py",
            "start.sh",
            f"wheels/{WHEEL}",
            "wheels/numpy.whl",
        ]
    )
    assert (tmp_path / "usb/notebooks/01_a.ipynb").read_text() == "exercises"
    assert (tmp_path / "usb/solutions/01_a.ipynb").read_text() == "solutions"
    pins = (tmp_path / f"usb/requirements/{HERE}.txt").read_text().split()
    assert pins == ["numpy==2.4.6", "mxnet==1.9.1", f"mfbook=={mfbook.__version__}"]


def test_movielens_is_never_in_it(checkout, monkeypatch, tmp_path):
    source = tmp_path / "data/ml-100k"
    source.mkdir(parents=True)
    (source / "u.data").write_text("1\t2\t3\t4\n")
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "data"))
    offline.gather(tmp_path / "usb")
    assert not list((tmp_path / "usb").rglob("u.data"))
    readme = (tmp_path / "usb/README.md").read_text()
    assert "its license forbids passing it on" in readme and "MFBOOK_DATASET=synthetic" in readme


def test_the_page_is_the_readme(checkout, tmp_path):
    offline.gather(tmp_path / "usb")
    readme = (tmp_path / "usb/README.md").read_text()
    page = (tmp_path / "usb/START.html").read_text()
    assert "{" not in readme
    assert "<table>" in page and '<a href="book/index.html">' in page
    assert len(re.findall("<h[12]>", page)) == len(re.findall("^##? ", readme, re.MULTILINE))


def test_every_platform_with_every_python(checkout, tmp_path):
    arguments = ["--platform", "linux-x86_64", "--platform", "windows-amd64"]
    arguments += ["--python", "3.10", "--python", "3.13", "--python", "3.10"]
    assert main(["offline", str(tmp_path / "usb"), *arguments]) is None
    lists = sorted((tmp_path / "usb/requirements").iterdir())
    assert [path.stem for path in lists] == [
        "linux-x86_64-3.10",
        "linux-x86_64-3.13",
        "windows-amd64-3.10",
        "windows-amd64-3.13",
    ]
    assert ["mxnet" in path.read_text() for path in lists] == [True, True, False, False]
    assert ["treelite" in " ".join(call) for call in checkout[1]] == [False, True] * 2 + [False] * 4
    resolve, download = checkout[1][-2:]
    assert words(resolve, "--python-platform") == ["x86_64-pc-windows-msvc"]
    assert words(resolve, "--python-version") == words(download, "--python-version") == ["3.13"]
    assert words(download, "--platform") == ["win_amd64"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(download)
    assert "manylinux2014_x86_64" in words(checkout[1][1], "--platform")
    readme = (tmp_path / "usb/README.md").read_text()
    assert "| `linux-x86_64` | 3.10, 3.13 | 1 to 11, appendices A and B |" in readme
    assert "| `windows-amd64` | 3.10, 3.13 | 1, 2, 8, 9, 10 and 11 (MXNet" in readme


@pytest.mark.parametrize("name", _wheels.PLATFORMS)
def test_start_names_a_machine_as_the_folder_does(monkeypatch, name):
    monkeypatch.setattr(platform, "system", lambda: _wheels.PLATFORMS[name].system)
    monkeypatch.setattr(platform, "machine", lambda: _wheels.PLATFORMS[name].machine)
    [target] = _wheels.targets([], [])
    assert (target.platform, target.name) == (name, _start.machine())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--platform", "amiga"], "There are no wheels for the platform amiga. Name one of these"),
        (["--python", "3.9"], "Python 3.9 cannot be served. Name 3.10 or a newer one"),
        (["--python", "3"], "Python 3 cannot be served"),
        (["--python", "3.12.1"], "Python 3.12.1 cannot be served"),
    ],
)
def test_machines_that_cannot_be_served(checkout, tmp_path, arguments, sentence):
    assert sentence in main(["offline", str(tmp_path / "usb"), *arguments])
    assert not (tmp_path / "usb").exists() and checkout[1] == []


def test_on_a_machine_without_wheels_a_platform_must_be_named(checkout, monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "for the platform linux-riscv64" in main(["offline", str(tmp_path / "usb")])
    assert main(["offline", str(tmp_path / "usb"), "--platform", "macos-arm64"]) is None


def test_refuses_what_cannot_work(checkout, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").touch()
    with pytest.raises(ValueError, match="is not empty"):
        offline.gather(tmp_path / "full")
    (checkout[0] / "_build/kit/notebooks" / WHEEL).rename(tmp_path / WHEEL)
    with pytest.raises(ValueError, match="make kit"):
        offline.gather(tmp_path / "usb")
    (tmp_path / WHEEL).rename(checkout[0] / "_build/kit" / WHEEL)
    (checkout[0] / "_build/kit/solutions/01_a.ipynb").unlink()
    with pytest.raises(ValueError, match="make kit"):
        offline.gather(tmp_path / "usb")
    (checkout[0] / "_build/html/index.html").unlink()
    with pytest.raises(ValueError, match="make book"):
        offline.gather(tmp_path / "usb")
    (checkout[0] / "requirements.txt").unlink()
    with pytest.raises(ValueError, match="checkout"):
        offline.gather(tmp_path / "usb")
    assert not (tmp_path / "usb").exists()


def test_without_uv_the_command_says_what_to_install(checkout, monkeypatch, tmp_path):
    monkeypatch.setattr(_wheels.importlib.util, "find_spec", lambda name: None)
    message = main(["offline", str(tmp_path / "usb")])
    assert message.startswith("The package uv is missing") and "-m pip install uv`" in message
    assert not (tmp_path / "usb").exists()


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("file", "is a file, not a folder"),
        ("loop", "is a link that leads to no folder"),
        ("loop/usb", "loop is a link that leads to no folder"),
        ("file/usb", "could not be filled: Not a directory"),
        ("x" * 300, "could not be filled: File name too long"),
        ("checkout/_build/html/usb", "is inside _build"),
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

    monkeypatch.setattr(_folder.Path, "mkdir", refuse)
    message = main(["offline", str(tmp_path / "usb")])
    assert "could not be filled: Permission denied." in message


def test_a_stick_that_is_too_small_is_noticed_first(checkout, monkeypatch, tmp_path):
    usage = collections.namedtuple("Usage", "free")(64_000_000)
    monkeypatch.setattr(_folder.shutil, "disk_usage", lambda folder: usage)
    message = main(["offline", str(tmp_path / "usb")])
    needed = _wheels.megabytes(_wheels.targets([], []))
    assert f"has 64 MB free, and about {needed} MB are needed" in message
    assert not (tmp_path / "usb").exists()
    assert checkout[1] == []


@pytest.mark.parametrize("existed", [True, False])
def test_a_disk_that_becomes_full(checkout, monkeypatch, tmp_path, existed):
    """What was there is there afterwards, and a second try works."""
    folder = tmp_path / "usb"
    if existed:
        folder.mkdir()
    copy = shutil.copytree

    def copytree(source, target):
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

    def copytree(source, target):
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
    working = _wheels.subprocess.run

    def run(command, **options):
        folder.joinpath("start.sh").write_text("mine")
        working(command, **options)

    monkeypatch.setattr(_wheels.subprocess, "run", run)
    message = main(["offline", str(folder)])
    assert "could not be filled: others put start.sh there meanwhile. Name a new folder" in message
    assert [path.name for path in folder.iterdir()] == ["start.sh"]
    assert (folder / "start.sh").read_text() == "mine"


def test_interrupted_while_the_last_entries_move(checkout, monkeypatch, tmp_path):
    """Folders above that were made are gone as well."""
    rename, moved = Path.rename, []

    def interrupt(path, target):
        moved.append(rename(path, target))
        if len(moved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupt)
    assert main(["offline", str(tmp_path / "new/usb")]) == "Stopped."
    assert len(moved) == 3
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("program", ["uv", "pip"])
def test_a_failing_program_gets_one_sentence(checkout, monkeypatch, tmp_path, program):
    working = _wheels.subprocess.run

    def run(command, **options):
        if command[2] == program:
            raise subprocess.CalledProcessError(1, command)
        working(command, **options)

    monkeypatch.setattr(_wheels.subprocess, "run", run)
    message = main(["offline", str(tmp_path / "usb")])
    assert message.startswith(f"{program} could not gather the wheels for {HERE};")
    assert not (tmp_path / "usb").exists()


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

def wait(chosen, needed, wheels, lists):
    wheels.mkdir()
    lists.mkdir()
    print("waiting", flush=True)
    time.sleep(60)

offline.gather_wheels = wait
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


PYTHON = """\
#!/bin/bash
# Stands in for the Python of .venv.
echo "python $* ($MFBOOK_DATASET)" >> "$LOG"
case "$*" in *cache*) exit "${HAS_NO_MOVIELENS:-1}" ;; esac
"""
INSTALLED = f"python -m pip install --quiet --no-deps --requirement requirements/{HERE}.txt ()"
DOCTOR = "python -m mfbook doctor (synthetic)"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Return a function that runs start.sh in a folder and returns the calls of .venv's Python."""
    (tmp_path / "venv.py").write_text(
        "import pathlib, sys; folder = pathlib.Path(sys.argv[1], 'bin'); folder.mkdir(parents=True)\n"
        f"python = folder / 'python'; python.write_text({PYTHON!r}); python.chmod(0o755)\n"
    )
    log = tmp_path / "log"
    for name in ("MFBOOK_DATASET", "MFBOOK_DATA"):
        monkeypatch.delenv(name, raising=False)
    # An own module venv, so that no packages are installed.
    environment = {"PYTHONPATH": str(tmp_path), "LOG": str(log)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def run(folder, *command, **more):
        (folder / "requirements").mkdir(parents=True, exist_ok=True)
        pins = folder / "requirements" / f"{more.pop('machine', HERE)}.txt"
        pins.write_text(more.pop("pins", "numpy==2.4.6\n"))
        (folder / "start.sh").write_text(_texts.START_SH)
        shutil.copy(_start.__file__, folder / "start.py")
        log.write_text("")
        shell = ["bash", str(folder / "start.sh"), *(command or ["true"])]
        done = subprocess.run(
            shell,
            env={**os.environ, **environment, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        calls = log.read_text().replace(f"{folder}/", "").splitlines()
        return done, [call for call in calls if call.startswith("python") and " -c " not in call]

    return run


def test_start_in_a_folder_with_a_space(start, tmp_path):
    """Pip splits PIP_FIND_LINKS at spaces, so it must not hold the path of the folder."""
    show = 'echo "$PIP_NO_INDEX $PIP_FIND_LINKS $PWD"'
    done, calls = start(tmp_path / "my stick", "bash", "-c", show)
    assert done.returncode == 0, done.stderr
    assert calls == [INSTALLED, DOCTOR]
    folder = tmp_path.resolve() / "my stick"
    wheels = f"file://{folder}/wheels".replace(" ", "%20")
    assert done.stdout.splitlines()[-1] == f"1 {wheels} {folder}"


def test_start_installs_what_mxnet_needs_where_there_is_mxnet(start, tmp_path):
    _, calls = start(tmp_path / "usb", pins="mxnet==1.9.1\n")
    assert calls == [INSTALLED, "python -m mfbook install --cpu ()", DOCTOR]


def test_start_installs_once(start, tmp_path):
    start(tmp_path / "usb")
    assert start(tmp_path / "usb")[1] == [DOCTOR]


def test_start_installs_again_where_the_folder_was_moved(start, tmp_path):
    start(tmp_path / "usb")
    (tmp_path / "usb").rename(tmp_path / "course")
    assert start(tmp_path / "course")[1] == [INSTALLED, DOCTOR]


def test_start_installs_again_where_python_is_another(start, tmp_path):
    start(tmp_path / "usb")
    (tmp_path / "usb/.venv/bin/python").write_text("#!/bin/bash\nexit 1\n")
    assert start(tmp_path / "usb")[1] == [INSTALLED, DOCTOR]


def test_start_runs_what_it_is_asked_to(start, tmp_path):
    done, _ = start(tmp_path / "usb", "bash", "-c", "exit 7")
    assert done.returncode == 7
    done, _ = start(tmp_path / "usb", "no-such-command")
    assert done.stderr == "There is no command no-such-command.\n"
    _, calls = start(tmp_path / "usb", "python", "-m", "jupyterlab")
    assert calls[-1] == "python -m jupyterlab (synthetic)"


@pytest.mark.parametrize(
    ("more", "used", "said"),
    [
        ({}, "synthetic", "the synthetic twin, because MovieLens 100K is not on this machine"),
        ({"HAS_NO_MOVIELENS": "0"}, "", "MovieLens 100K, which is on this machine"),
        ({"MFBOOK_DATASET": "ml-100k"}, "ml-100k", "ml-100k, as MFBOOK_DATASET says"),
    ],
)
def test_start_says_on_which_data_the_course_works(start, tmp_path, more, used, said):
    done, calls = start(tmp_path / "usb", **more)
    assert calls[-1] == f"python -m mfbook doctor ({used})"
    assert f"Data: {said}" in done.stdout


@pytest.mark.parametrize("name", ["", "MFBOOK_DATA", "ml-100k", "ml-100k.zip"])
def test_movielens_is_found_in_the_cache_and_in_mfbook_data(tmp_path, name):
    (tmp_path / "cache").mkdir()
    environment = {**os.environ, "MFBOOK_CACHE": str(tmp_path / "cache")}
    environment["MFBOOK_DATA"] = str(tmp_path) if name == "MFBOOK_DATA" else ""
    if name.startswith("ml"):
        (tmp_path / "cache" / name).mkdir()
    done = subprocess.run([sys.executable, "-c", _start.HAS_MOVIELENS], env=environment)
    assert done.returncode == (0 if name else 1)


def test_start_on_a_machine_that_the_folder_does_not_serve(start, tmp_path):
    done, calls = start(tmp_path / "usb", machine="windows-amd64-3.12")
    assert done.returncode == 1 and calls == []
    assert done.stderr.strip() == (
        f"This machine with this Python is {HERE}, and the folder has wheels for "
        "windows-amd64-3.12. Ask for a folder that is made for this machine."
    )
    assert not (tmp_path / "usb/.venv").exists()
    kind = HERE.rpartition("-")[0]
    done, _ = start(tmp_path / "usb", machine=f"{kind}-3.99")
    assert done.stderr.strip().endswith("windows-amd64-3.12. Run `python3.99 start.py`.")


def test_start_is_readable_for_an_old_python():
    tree = ast.parse(Path(_start.__file__).read_text(), feature_version=(3, 6))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in {node.module for node in imported}


def test_start_on_a_stick_that_cannot_be_written_or_is_full(monkeypatch, tmp_path):
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / f"{HERE}.txt").touch()
    monkeypatch.setattr(_start.os, "access", lambda *_: False)
    assert "cannot be written. Copy it to a disk" in _start.main(tmp_path, [])
    monkeypatch.undo()
    usage = collections.namedtuple("Usage", "free")(64_000_000)
    monkeypatch.setattr(_start.shutil, "disk_usage", lambda folder: usage)
    assert "has 64 MB free" in _start.main(tmp_path, [])


def test_start_for_windows():
    """It has the ends of lines that cmd needs, and leaves all else to start.py."""
    lines = _texts.START_BAT.splitlines()
    assert lines[0] == "@echo off"
    assert '%PYTHON% "%~dp0start.py" %*' in lines
