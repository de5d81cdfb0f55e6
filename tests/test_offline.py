"""The folder for machines without a network is complete, or is not made at all."""

import os
from pathlib import Path
import subprocess
import sys

from mfbook import offline
from mfbook.__main__ import main
import pytest


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A small checkout with a built book; calls of pip are recorded and not run."""
    root = tmp_path / "checkout"
    (root / "_build/html").mkdir(parents=True)
    (root / "_build/html/index.html").write_text("<html>")
    (root / "notebooks").mkdir()
    (root / "notebooks/01_a.ipynb").write_text("{}")
    (root / "requirements.txt").write_text("numpy")
    monkeypatch.setattr(offline, "ROOT", root)
    calls = []
    monkeypatch.setattr(
        offline.subprocess, "run", lambda command, check: calls.append([str(c) for c in command])
    )
    monkeypatch.delenv("MFBOOK_DATA", raising=False)
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))
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
    (_, root), commands = checkout[1][-1][-2:], checkout[1]
    assert root == str(checkout[0])
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


def test_the_command_says_why_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", "mfbook", "offline", str(tmp_path / "file")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_command_says_what_it_made(checkout, tmp_path, capsys):
    assert main(["offline", str(tmp_path / "usb")]) is None
    assert "without MovieLens" in capsys.readouterr().out


def test_a_failing_pip_gets_one_sentence(checkout, monkeypatch, tmp_path):
    def fail(command, check):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(offline.subprocess, "run", fail)
    message = main(["offline", str(tmp_path / "usb")])
    assert message.startswith("pip could not gather the wheels;")


def test_system_libraries_are_named_where_they_are_needed(monkeypatch):
    monkeypatch.setattr(offline.platform, "system", lambda: "Linux")
    monkeypatch.setattr(offline.platform, "machine", lambda: "x86_64")
    assert "`apt-get install python3-venv libgomp1 libquadmath0`" in offline._needs()
    monkeypatch.setattr(offline.platform, "system", lambda: "Darwin")
    assert offline._needs() == "You need Python with venv."


def test_start_is_valid_bash(tmp_path):
    (tmp_path / "start.sh").write_text(offline.START)
    subprocess.run(["bash", "-n", str(tmp_path / "start.sh")], check=True)
