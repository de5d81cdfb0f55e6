"""Install the course from this folder only, examine the machine, open JupyterLab.

start.sh and start.bat run this; with a command (`bash start.sh COMMAND ...`) it runs that instead of
JupyterLab. `python -m mfbook offline` copies this file.

Only the standard library is used, and only syntax that Python 3.6 can read, so that it can say which
version is needed.
"""

import importlib.util
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys

# What the installed course takes.
INSTALLED_MB = 750
HAS_MOVIELENS = """
import os, sys
from mfbook.datasets import download
there = [(download.cache() / name).exists() for name in ("ml-100k", "ml-100k.zip")]
sys.exit(0 if os.environ.get("MFBOOK_DATA") or any(there) else 1)
"""


def machine() -> str:
    """Name of this kind of machine, as in the folder ``requirements``.

    Examples
    --------
    >>> machine().count("-")
    2
    """
    system = platform.system().lower().replace("darwin", "macos")
    version = "{}.{}".format(*sys.version_info)
    return f"{system}-{platform.machine().lower()}-{version}"


def main(folder: Path, command: "list[str]") -> "str | int":
    """Install if necessary, then run a command, or JupyterLab; return what `sys.exit` takes."""
    requirements = folder / "requirements" / f"{machine()}.txt"
    python = folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    os.environ["PIP_NO_INDEX"] = "1"
    # A URL, because pip splits this at spaces.
    os.environ["PIP_FIND_LINKS"] = (folder / "wheels").as_uri()
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    ready = folder / ".venv" / "ready"
    # The commands in .venv know their own path, so they do not run from another.
    wanted = f"{folder}\n{requirements.name}\n"
    try:
        is_ready = ready.is_file() and ready.read_text(encoding="utf-8") == wanted
        if not is_ready or not _succeeds(python, "-c", ""):
            problem = _why_not(folder, requirements)
            if problem:
                return problem
            _install(folder, python, requirements)
            ready.write_text(wanted, encoding="utf-8")
    except subprocess.CalledProcessError:
        return "The course could not be installed; the message of Python is above."
    except OSError as error:
        return f"The folder {folder} could not be filled: {error}. Copy it to a disk, and start it there."
    _choose_data(python)
    if not _succeeds(python, "-m", "mfbook", "doctor"):
        print("Lines with a mark in front say what does not run here, and what to do about it.")
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.chdir(folder)
    return _run(command or [str(python), "-m", "jupyterlab", "notebooks"])


def _why_not(folder: Path, requirements: Path) -> "str | None":
    """Why the course cannot be installed, in a sentence or two."""
    if not requirements.is_file():
        kind = machine().rpartition("-")[0]
        there = sorted(path.stem for path in requirements.parent.glob("*.txt"))
        versions = [name.rpartition("-")[2] for name in there if name.startswith(kind)]
        remedy = "Ask for a folder that is made for this machine."
        if versions:
            python = "py -" if os.name == "nt" else "python"
            remedy = f"Run `{python}{versions[-1]} start.py`."
        return (
            f"This machine with this Python is {machine()}, and the folder has wheels for "
            f"{', '.join(there)}. {remedy}"
        )
    if not os.access(folder, os.W_OK):
        return f"The folder {folder} cannot be written. Copy it to a disk, and start it there."
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return (
            "This Python cannot make virtual environments. On Debian or Ubuntu: "
            "`apt-get install python3-venv`."
        )
    free = shutil.disk_usage(str(folder)).free // 10**6
    if free < INSTALLED_MB:
        return (
            f"The disk of {folder} has {free} MB free, and {INSTALLED_MB} MB are needed. Free some "
            "space, or copy the folder to another disk."
        )
    return None


def _install(folder: Path, python: Path, requirements: Path) -> None:
    """Make .venv, again if there is one, and fill it from the folder ``wheels``."""
    print("Installing the course from this folder; it takes a minute or two.")
    environment = folder / ".venv"
    if environment.exists():
        shutil.rmtree(str(environment))
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    if "mxnet==" in requirements.read_text(encoding="utf-8"):
        # It copies system libraries that are missing beside MXNet.
        subprocess.run([str(python), "-m", "mfbook", "install", "--cpu"], check=True)


def _choose_data(python: Path) -> None:
    """Set MFBOOK_DATASET to the twin, unless the learner has MovieLens or has decided."""
    if os.environ.get("MFBOOK_DATASET"):
        print(f"Data: {os.environ['MFBOOK_DATASET']}, as MFBOOK_DATASET says.")
    elif _succeeds(python, "-c", HAS_MOVIELENS):
        print("Data: MovieLens 100K, which is on this machine.")
    else:
        os.environ["MFBOOK_DATASET"] = "synthetic"
        print(
            "Data: the synthetic twin, because MovieLens 100K is not on this machine. Your numbers"
        )
        print("      are not those that the book prints. README.md says how to use MovieLens.")


def _succeeds(*command: "str | Path") -> bool:
    # What was printed comes first.
    sys.stdout.flush()
    try:
        return subprocess.run([str(word) for word in command]).returncode == 0
    except OSError:
        return False


def _run(command: "list[str]") -> "str | int":
    program = shutil.which(command[0])
    if program is None:
        return f"There is no command {command[0]}."
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(program, [program, *command[1:]])
    process = subprocess.Popen([program, *command[1:]])
    while True:
        # Ctrl-C is for the command.
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, sys.argv[1:]))
