"""The benchmarks measure what they say, on ratings that are as many as they say."""

from pathlib import Path
import sys

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import peers


@pytest.fixture(scope="module")
def small():
    return peers.made_up(2_000)


def test_made_up_ratings_are_distinct_and_as_many_as_asked_for(small):
    assert len(small.train) == 2_000
    assert not small.train.duplicated(["user_idx", "item_idx"]).any()
    assert small.train["rating"].between(1, 5).all()
    assert small.train["item_idx"].max() < small.n_items


@pytest.mark.parametrize("name", peers.GROWING)
def test_what_grows_is_a_fit_of_these_ratings(small, name):
    seconds, error = peers.GROWING[name](small)
    assert seconds > 0
    assert error < 6


def test_memory_is_what_a_fit_adds():
    kept, memory = peers.with_memory(lambda: bytearray(50_000_000))
    assert len(kept) == 50_000_000
    assert 45 < memory < 80


def test_the_page_names_the_machine_and_every_table():
    text = peers.PAGE.read_text(encoding="utf-8")
    for title, _ in peers.SECTIONS:
        assert f"## {title}\n" in text
    assert "## Growth\n" in text
    assert "cores of" in text
