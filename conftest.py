"""Decide on which data tests and notebooks run; compare notebooks with their stored outputs."""

from importlib.util import find_spec
import os
from pathlib import Path

from mfbook import datasets
from nbval.plugin import IPyNbCell
import pytest

from tools import stored_outputs

HEADER = pytest.StashKey[str]()
# Appendix C needs PyTorch, which tests/test_torch.py says where it is missing.
# These chapters need no MXNet at all, so they are compared where it cannot be imported.
NEED_NO_MXNET = ("09_", "10_")
BLOCKED = Path(__file__).parent / "tests" / "without_mxnet"
collect_ignore = [] if find_spec("torch") else ["notebooks/C_the_same_in_pytorch.ipynb"]
# To collect it would be to import it.
collect_ignore.append("tests/without_mxnet")


def pytest_configure(config):
    """Compare notebooks with their stored outputs on MovieLens; on the twin, only run them."""
    config.option.nbval_current_env = True
    try:
        if datasets.dataset_name() == "ml-100k":
            datasets.folder()
        reason = "MFBOOK_DATASET asks for it"
    except datasets.DataError as error:
        os.environ["MFBOOK_DATASET"], reason = "synthetic", str(error)
    on_movielens = datasets.dataset_name() == "ml-100k"
    config.option.nbval, config.option.nbval_lax = on_movielens, not on_movielens
    try:
        compared, ignored = stored_outputs.counts((config.rootpath / "notebooks").glob("*.ipynb"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[HEADER] = (
        f"data: MovieLens 100K; of {compared + ignored} notebook cells with output, {compared} are "
        f"compared with it, and {ignored} are not: they show a clock, a speed or the machine"
        if on_movielens
        else "data: THE SYNTHETIC TWIN, not MovieLens; the notebooks are run, but none of their "
        f"{compared + ignored} cells with output is compared with it. Reason: {reason}"
    )


def pytest_report_header(config):
    """Say which data the tests run on, and how many cells are compared."""
    return config.stash[HEADER]


def pytest_itemcollected(item):
    """Let a notebook's cell compare its outputs as `tools.stored_outputs` does."""
    if isinstance(item, IPyNbCell):
        item.compare_outputs = lambda computed, stored: _agree(item, computed, stored)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Block MXNet for the kernels of some notebooks, which start with a cell, and for nothing else."""
    path = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    rest = [p for p in path if p != str(BLOCKED)]
    is_blocked = isinstance(item, IPyNbCell) and item.path.name.startswith(NEED_NO_MXNET)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(BLOCKED), *rest] if is_blocked else rest)


def _agree(item, computed, stored):
    tolerance = stored_outputs.tolerance_of(item.cell)
    item.comparison_traceback = stored_outputs.differences(stored, computed, tolerance)
    return not item.comparison_traceback


@pytest.fixture(autouse=True)
def _doctests_on_the_twin(request, monkeypatch):
    """Run the examples of docstrings on the synthetic twin, whatever the tests run on."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
