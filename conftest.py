"""Decide, before anything is collected, on which data the tests and the notebooks run."""

import os

from mfbook import datasets
import pytest


def pytest_configure(config):
    """Hold the notebooks to their outputs on MovieLens; on the twin, only run them."""
    config.option.nbval_current_env = True
    try:
        if datasets.dataset_name() == "ml-100k":
            datasets.folder()
        why = "MFBOOK_DATASET asks for it"
    except datasets.DataError as error:
        os.environ["MFBOOK_DATASET"], why = "synthetic", str(error)
    real = datasets.dataset_name() == "ml-100k"
    config.option.nbval, config.option.nbval_lax = real, not real
    config.stash[HEADER] = (
        "data: MovieLens 100K; the notebooks are held to their stored outputs"
        if real
        else "data: THE SYNTHETIC TWIN, not MovieLens; the notebooks are run, their stored outputs "
        f"not compared. Reason: {why}"
    )


HEADER = pytest.StashKey[str]()


def pytest_report_header(config):
    """Say which data the tests run on."""
    return config.stash[HEADER]


@pytest.fixture(scope="session")
def split():
    """Return fold u1 of the data that these tests run on."""
    return datasets.load()


@pytest.fixture(scope="session")
def movielens(split):
    """Return fold u1 of MovieLens; skip the test where only the twin is there."""
    if not split.name.startswith("ml-100k"):
        pytest.skip("needs MovieLens 100K; this run has the synthetic twin")
    return split
