"""Decide, before anything is collected, on which data the tests and the notebooks run."""

import os

from mfbook import datasets
import pytest

HEADER = pytest.StashKey[str]()


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
    config.stash[HEADER] = (
        "data: MovieLens 100K; the notebooks are compared with their stored outputs"
        if on_movielens
        else "data: THE SYNTHETIC TWIN, not MovieLens; the notebooks are run, but not compared with "
        f"their stored outputs. Reason: {reason}"
    )


def pytest_report_header(config):
    """Say which data the tests run on."""
    return config.stash[HEADER]


@pytest.fixture(autouse=True)
def _doctests_on_the_twin(request, monkeypatch):
    """Run the examples of docstrings on the synthetic twin, whatever the tests run on."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
