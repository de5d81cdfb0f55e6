"""Fixtures that several test modules share."""

from mfbook import datasets
import pytest


@pytest.fixture(scope="session")
def split():
    """Return fold u1 of the data that these tests run on."""
    return datasets.load()


@pytest.fixture(scope="session")
def movielens(split):
    """Return fold u1 of MovieLens; skip the test if only the twin is available."""
    if split.dataset != "ml-100k":
        pytest.skip("needs MovieLens 100K; this run has the synthetic twin")
    return split


@pytest.fixture(scope="session")
def twin():
    """Return fold u1 of the synthetic twin."""
    return datasets.load("synthetic")
