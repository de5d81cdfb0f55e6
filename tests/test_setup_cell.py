"""The setup cell finds the wheel of its version, changes no other package, or stops."""

import ast
from importlib import metadata, util
from pathlib import Path
import site
import subprocess
import sys
from types import SimpleNamespace

import mfbook
from mfbook.course import start
import nbclient
import nbformat
import pytest

from tools import setup_cell

WHEEL = f"mfbook-{mfbook.__version__}-py3-none-any.whl"
ADDRESS = f"https://example.org/raw/ready/{WHEEL}"
FIND_NO_MFBOOK = """\
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name: None if name == "mfbook" else find(name)"""


@pytest.fixture
def cell(tmp_path, monkeypatch):
    """Run the cell where mfbook is missing; return what it asked of pip and of `start`."""
    monkeypatch.chdir(tmp_path)
    asked = SimpleNamespace(pip=[], ready=[], answer=SimpleNamespace(returncode=0, stderr=""))
    find = util.find_spec

    def run_pip(command, **_):
        asked.pip.append(command)
        return asked.answer

    def run(address=""):
        # Colab's and Kaggle's folders are looked for in the test's own.
        text = setup_cell.source(address)
        for place in ("/content", "/kaggle"):
            text = text.replace(f'"{place}', f'"{tmp_path}{place}')
        exec(compile(text, "cell", "exec"), {"__name__": "__main__"})
        return asked

    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "mfbook" else find(name))
    monkeypatch.setattr(subprocess, "run", run_pip)
    monkeypatch.setattr(start, "ready", lambda *given: asked.ready.append(given))
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    run.asked = asked
    return run


def put(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


def refusal(cell, address=""):
    with pytest.raises(Exception) as stopped:
        cell(address)
    assert type(stopped.value).__name__ == "SetupError"
    assert cell.asked.ready == []
    return stopped.value


def test_the_cell_is_plain_python_that_fits_the_page():
    text = setup_cell.source(ADDRESS)
    ast.parse(text, feature_version=(3, 10))
    assert text.startswith(setup_cell.START)
    assert max(map(len, setup_cell.source().splitlines())) <= 80
    assert {"hide-cell", "nbval-ignore-output"} <= set(setup_cell.METADATA["tags"])


def test_without_wheel_and_address_it_stops_with_the_ways_out(cell):
    message = str(refusal(cell))
    for part in (f"needs {WHEEL}.", "kit.zip", "beside the notebook", "Files pane", "Kaggle"):
        assert part in message
    assert "found" not in message
    assert cell.asked.pip == []


@pytest.mark.parametrize(
    "other", ["mfbook-0.0.9-py3-none-any.whl", WHEEL.replace(".whl", " (1).whl")]
)
def test_a_wheel_of_another_name_is_told(cell, tmp_path, other):
    put(tmp_path, other)
    assert f"needs {WHEEL}, but found {other}." in str(refusal(cell))


@pytest.mark.parametrize("place", [".", "content", "content/drive/MyDrive", "kaggle/input/a/b"])
def test_it_installs_the_wheel_and_asks_for_the_versions_that_are_there(cell, tmp_path, place):
    put(tmp_path, "mfbook-0.0.9-py3-none-any.whl")
    put(tmp_path / place, WHEEL)
    # The wheel wins over the address.
    asked = cell(ADDRESS)
    (command,) = asked.pip
    assert command[:3] == [sys.executable, "-m", "pip"]
    assert Path(command[4]).resolve() == (tmp_path / place / WHEEL).resolve()
    pinned = {f"{name}=={metadata.version(name)}" for name in ("numpy", "pandas", "matplotlib")}
    assert pinned < set(command[5:])
    ((version, began),) = asked.ready
    assert (version, type(began)) == (mfbook.__version__, float)


def test_it_installs_from_the_address_where_there_is_no_wheel_of_its_version(cell, tmp_path):
    put(tmp_path, "mfbook-0.0.9-py3-none-any.whl")
    assert cell(ADDRESS).pip[0][4] == ADDRESS


def test_where_mfbook_is_installed_nothing_is(cell, monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: SimpleNamespace(origin="__init__.py"))
    asked = cell()
    assert asked.pip == []
    assert len(asked.ready) == 1


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("WARNING: Retrying\nERROR: No pooch.\nERROR: No match\n", "No pooch"),
        ("python: No module named pip\n", "python: No module named pip"),
        (
            "error: externally-managed-environment\n\nmore\n",
            "error: externally-managed-environment",
        ),
    ],
)
def test_what_pip_says_becomes_a_sentence(cell, tmp_path, stderr, reason):
    put(tmp_path, WHEEL)
    cell.asked.answer = SimpleNamespace(returncode=1, stderr=stderr)
    assert str(refusal(cell)) == (
        f"pip could not install {WHEEL}: {reason}. Is there a network? Mend what it says, then run "
        "this cell again."
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_packages_that_pip_puts_into_the_home_folder_are_found(
    cell, tmp_path, monkeypatch, enabled
):
    """Where the user's folder of packages is new, Python did not look into it at its start."""
    put(tmp_path, WHEEL)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(site, "ENABLE_USER_SITE", enabled)
    put(tmp_path / "home", "package.py")
    monkeypatch.setattr(site, "getusersitepackages", lambda: str(tmp_path / "home"))
    cell()
    assert (str(tmp_path / "home") in sys.path) is enabled


@pytest.mark.parametrize("folder", ["notes", "mfbook"])
def test_a_python_without_packages_stops_there(tmp_path, folder):
    """A folder that only has the name of the package does not count as the package."""
    (tmp_path / folder).mkdir()
    (tmp_path / "cell.py").write_text(setup_cell.source() + "\nprint('went on')\n")
    command = [sys.executable, "-S", "cell.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"SetupError: This notebook needs {WHEEL}.")


def test_a_notebook_stops_there_and_shows_one_sentence(tmp_path):
    sources = [FIND_NO_MFBOOK, setup_cell.source(), "print('went on')"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="python3")
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        client.execute(cwd=str(tmp_path))
    (output,) = cells[1].outputs
    assert output.ename == "SetupError"
    assert output.traceback == [f"Setup stopped. {output.evalue}"]
    assert cells[2].outputs == []


def test_the_check_on_colabs_image_needs_a_fresh_environment():
    """`tools/checks/setup_cell.py` would prove nothing where mfbook is installed already."""
    script = Path(__file__).parent.parent / "tools" / "checks" / "setup_cell.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == ("mfbook is installed in this Python already. Use a fresh environment.\n")
