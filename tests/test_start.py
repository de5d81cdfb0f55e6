"""`start.ready` prepares MXNet and the data, goes on without them, and says so in one line."""

import ast
import os
from pathlib import Path
import re
import socket
import subprocess
import sys
import time

from IPython.core.inputtransformer2 import TransformerManager
import mfbook
from mfbook import datasets
from mfbook.course import start
from mfbook.datasets import download
from mfbook.runtime import install, libraries, requirements
import nbformat
import pytest

from tests.test_imports import COMPUTES_IN_MXNET

ROOT = Path(__file__).parent.parent
VERSION = mfbook.__version__


@pytest.fixture
def ready(tmp_path, monkeypatch, capsys):
    """Run `start.ready` in an empty folder with an empty cache; return what it printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("MFBOOK_DATA", "MFBOOK_DATASET"):
        # Set first, so that what `ready` sets is undone.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))

    def run():
        start.ready(VERSION)
        return capsys.readouterr().out

    return run


@pytest.fixture
def with_data(monkeypatch):
    """Let every data set be found."""
    monkeypatch.setattr(start, "_server_answers", lambda: True)
    monkeypatch.setattr(download, "folder", lambda name=None: Path())


@pytest.fixture
def without_network(monkeypatch):
    """Let nobody answer, as without a network: nothing listens at this port."""
    monkeypatch.setattr(download, "URL", "http://127.0.0.1:9/ml-100k.zip")


@pytest.fixture
def no_mxnet(monkeypatch, with_data):
    """Let MXNet be missing; return the list of builds that are installed from now on."""
    monkeypatch.setattr(start, "_installed", lambda name: None if "mxnet" in name else "2.0")
    installed = []
    monkeypatch.setattr(install, "install", installed.append)
    return installed


def test_where_all_is_there_it_says_so_in_one_line(ready, with_data):
    line = ready()
    pattern = rf"Ready in \d\.\d s: mfbook {VERSION}, MXNet 1.9.1, NumPy \S+, Python \S+; .*\.\n"
    assert re.fullmatch(pattern, line), line
    assert line.endswith("MovieLens 100K in the cache, downloaded now.\n")


def test_the_time_is_counted_from_the_cells_beginning(with_data, capsys):
    start.ready(VERSION, time.perf_counter() - 60)
    assert re.match(r"Ready in 6\d\.\d s", capsys.readouterr().out)


def test_it_imports_no_mxnet():
    code = (
        f"import sys; from mfbook.course import start; start.ready('{VERSION}'); "
        "sys.exit('mxnet' in sys.modules)"
    )
    environment = os.environ | {"MFBOOK_DATASET": "synthetic"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)


def test_a_notebook_of_another_version_is_told_how_to_get_its_package(monkeypatch):
    monkeypatch.setattr(start, "_installed", lambda name: VERSION)
    with pytest.raises(start.StartError) as stopped:
        start.ready("9.9")
    message = str(stopped.value)
    assert f"is for mfbook 9.9, but mfbook {VERSION} is installed" in message
    assert "%pip install mfbook-9.9-py3-none-any.whl" in message
    assert "restart the kernel" in message
    assert stopped.value._render_traceback_() == [f"Setup stopped. {message}"]


def test_a_package_that_was_installed_after_the_import_needs_a_restart(monkeypatch):
    monkeypatch.setattr(start, "_installed", lambda name: "9.9")
    with pytest.raises(start.StartError, match=r"9\.9 is installed, but .* restart the kernel"):
        start.ready("9.9")


def test_missing_mxnet_is_installed(ready, no_mxnet, monkeypatch):
    monkeypatch.setattr(install, "choose", lambda: (requirements.GPU_BUILD, "There is a GPU."))
    line = ready()
    assert no_mxnet == [requirements.GPU_BUILD]
    assert "MXNet 1.9.1 (installed now), NumPy 2.0," in line
    assert "Without MXNet" not in line


def test_mxnet_of_another_version_is_replaced(ready, no_mxnet, monkeypatch):
    versions = {"mxnet": "1.6.0"}
    monkeypatch.setattr(start, "_installed", versions.get)
    ready()
    assert len(no_mxnet) == 1


def test_a_platform_without_mxnet_goes_on_and_says_what_runs(ready, no_mxnet, monkeypatch):
    problem = install.why_no_build("Windows", "AMD64")
    monkeypatch.setattr(install, "why_unsupported", lambda: problem)
    line = ready()
    assert no_mxnet == []
    assert "no MXNet, NumPy" in line
    assert line.endswith(f" {problem}\n")
    assert "Chapters 1, 2, 8, 9, 10 and 11 run without it." in line
    assert line.count("\n") == 1


def test_missing_libraries_are_added_to_the_build_that_is_there(ready, no_mxnet, monkeypatch):
    monkeypatch.setattr(libraries, "missing", lambda: list(requirements.SYSTEM_LIBRARIES))
    monkeypatch.setattr(start, "_installed", {"mxnet": "1.9.1"}.get)
    monkeypatch.setattr(install, "choose", lambda: (requirements.GPU_BUILD, "There is a GPU."))
    line = ready()
    assert no_mxnet == [requirements.CPU_BUILD]
    assert "MXNet 1.9.1 (installed now)" in line


def test_mxnet_that_cannot_be_downloaded_does_not_stop_the_notebook(ready, no_mxnet, monkeypatch):
    def fail(build):
        raise install.InstallError("pip could not download mxnet==1.9.1.")

    monkeypatch.setattr(install, "install", fail)
    line = ready()
    assert "no MXNet" in line
    assert "Without MXNet, only chapters 1, 2, 8, 9, 10 and 11 run here. pip could not" in line


def test_a_python_without_pip_goes_on_without_mxnet(ready, no_mxnet, monkeypatch):
    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    assert "this Python has no pip: run `python -m ensurepip`." in ready()
    assert no_mxnet == []


def make_movielens(folder):
    """Make a folder whose files have the sizes of MovieLens 100K."""
    folder.mkdir(parents=True)
    for name, (size, _) in download.FILES.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)


def test_data_in_the_cache(ready, tmp_path):
    make_movielens(tmp_path / "cache" / "ml-100k")
    assert ready().endswith("; MovieLens 100K in the cache.\n")


def test_data_in_mfbook_data_and_no_path_in_the_line(ready, tmp_path, monkeypatch):
    make_movielens(tmp_path / "mine" / "ml-100k")
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path / "mine"))
    line = ready()
    assert line.endswith("; MovieLens 100K in MFBOOK_DATA.\n")
    assert str(tmp_path) not in line


def test_an_archive_beside_the_notebook_is_used(ready, tmp_path, monkeypatch, without_network):
    archive = tmp_path / "ml-100k.zip"
    archive.write_bytes(b"not what was published")
    assert "ml-100k.zip is not the published" in ready()
    monkeypatch.delenv("MFBOOK_DATASET")
    monkeypatch.delenv("MFBOOK_DATA")
    monkeypatch.setattr(
        download, "SHA256", download.hashlib.sha256(archive.read_bytes()).hexdigest()
    )
    monkeypatch.setattr(download, "extract", lambda _, target: make_movielens(target / "x"))
    monkeypatch.setattr(download, "FILES", {})
    assert ready().endswith("; MovieLens 100K from ml-100k.zip beside the notebook.\n")
    assert os.environ["MFBOOK_DATA"] == str(tmp_path)


def test_the_cache_comes_before_an_archive_beside_the_notebook(ready, tmp_path):
    (tmp_path / "ml-100k.zip").touch()
    make_movielens(tmp_path / "cache" / "ml-100k")
    assert ready().endswith("; MovieLens 100K in the cache.\n")


def test_without_network_the_twin_is_used_and_told_loudly(ready, without_network):
    line = ready()
    assert "; the synthetic twin. THE DATA ARE THE SYNTHETIC TWIN, not MovieLens, so" in line
    assert "could not be downloaded. To use it, fetch https://files.grouplens.org/" in line
    assert "beside the notebook" in line
    assert line.count("\n") == 1
    assert datasets.load().dataset == "synthetic"


def test_a_network_that_swallows_everything_costs_seconds(ready, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(download, "URL", f"http://127.0.0.1:{silent.getsockname()[1]}/x.zip")
        monkeypatch.setattr(start, "SECONDS", 0.5)
        # The download would try three times, for half a minute each.
        monkeypatch.setattr(download, "_download", lambda: pytest.fail("it downloads"))
        assert "THE SYNTHETIC TWIN" in ready()


def test_a_server_that_refuses_is_no_reason_to_stop(ready, monkeypatch):
    def refuse():
        raise datasets.DataError("The server answered: 503.")

    monkeypatch.setattr(start, "_server_answers", lambda: True)
    monkeypatch.setattr(download, "_download", refuse)
    assert "Why: MovieLens 100K could not be downloaded. To use it, fetch" in ready()


def test_a_wrong_mfbook_data_is_named_and_the_twin_used(ready, tmp_path, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path / "nowhere"))
    line = ready()
    assert "THE SYNTHETIC TWIN" in line
    assert "neither ml-100k/ nor ml-100k.zip is in that folder" in line
    assert os.environ["MFBOOK_DATASET"] == "synthetic"


def test_a_class_that_chose_the_twin_is_reminded_of_it(ready, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    assert "results differ from those in the book. Why: MFBOOK_DATASET asks for it." in ready()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MFBOOK_DATASET", "ml-1m", "There is no data set 'ml-1m'"),
        # No folder can have this name, so neither MovieLens nor the twin has a place.
        ("MFBOOK_CACHE", "x" * 5000, "MFBOOK_CACHE is 'xxx"),
    ],
)
def test_where_no_data_can_be_had_it_stops(ready, monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    with pytest.raises(start.StartError, match=message):
        ready()


def imports_mxnet(notebook):
    """Return whether a cell imports MXNet, or what computes in it, on every machine."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # Magics are no Python.
            source = TransformerManager().transform_cell(cell.source)
            for node in ast.parse(source).body:
                if isinstance(node, ast.Import):
                    names = {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names = {node.module.partition(".")[0], *(alias.name for alias in node.names)}
                else:
                    continue
                if names & {"mxnet", *COMPUTES_IN_MXNET}:
                    return True
    return False


def test_the_chapters_without_mxnet_are_those_that_import_none():
    paths = sorted((ROOT / "notebooks").glob("[01]*.ipynb"))
    chapters = {
        int(path.stem.partition("_")[0])
        for path in paths
        if not imports_mxnet(nbformat.read(path, as_version=4))
    }
    # Chapter 3 runs up to its first network; chapter 7 leaves the import to `experiments`.
    assert chapters - {3, 7} == set(requirements.CHAPTERS_WITHOUT_MXNET)
