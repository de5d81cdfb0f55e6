"""The benchmarks measure what they say, on as many ratings as they say."""

import pytest

from benchmarks import fits, memory, peers


@pytest.fixture(scope="module")
def small():
    return fits.random_ratings(2_000)


def test_random_ratings_are_distinct_and_as_many_as_asked_for(small):
    assert len(small.train) == 2_000
    assert not small.train.duplicated(["user_idx", "item_idx"]).any()
    assert small.train["rating"].between(1, 5).all()
    assert small.train["item_idx"].max() < small.n_items


@pytest.mark.parametrize("name", fits.ONE_EPOCH_FITS)
def test_a_fit_of_one_epoch_fits_these_ratings(small, name):
    seconds, error = fits.ONE_EPOCH_FITS[name](small)
    assert seconds > 0
    assert error < 6


@pytest.mark.parametrize("fit", [fits.fit_als, fits.fit_tuned_plain, fits.fit_gibbs])
def test_a_whole_fit_has_a_history(small, fit):
    history = fit(small)
    assert history.seconds > 0
    assert history.curve.between(0, 6).all()


def test_memory_is_what_a_fit_adds():
    result, megabytes = memory.with_memory(lambda: bytearray(50_000_000))
    assert len(result) == 50_000_000
    assert 45 < megabytes < 80


def test_a_fit_in_a_new_process_reports_seconds_and_memory():
    seconds, megabytes = memory.in_new_process("ALS, a sweep", 2_000)
    assert seconds > 0
    assert megabytes > 0


def test_a_fit_that_fails_in_a_new_process_shows_its_message():
    with pytest.raises(RuntimeError, match="invalid choice: 'no such fit'"):
        memory.in_new_process("no such fit")


def test_the_page_names_the_machine_and_every_table():
    text = peers.PAGE.read_text(encoding="utf-8")
    for title, _ in peers.SECTIONS:
        assert f"## {title}\n" in text
    assert "## Growth\n" in text
    assert "cores of" in text
