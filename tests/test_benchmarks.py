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
    history = peers.GROWING[name](small)
    assert len(history.frame) == 1
    assert history.seconds > 0


def test_the_page_names_the_machine_and_every_table():
    text = peers.PAGE.read_text(encoding="utf-8")
    for title, _ in peers.SECTIONS:
        assert f"## {title}\n" in text
    assert "## Growth\n" in text
    assert "cores of" in text
