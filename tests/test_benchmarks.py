"""The benchmarks measure what they say, on as many ratings as they say."""

from mfbook.history import History
import numpy as np
import pandas as pd
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
def test_a_whole_fit_has_a_history_and_depends_on_its_seed(small, fit):
    one, other = (fit(small, seed).history for seed in (0, 1))
    assert one.seconds > 0
    assert one.curve.between(0, 6).all()
    assert one.rmse != other.rmse


class Stars:
    """A model that predicts the same for every pair."""

    def __init__(self, history):
        self.history = history

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), 9.0)


def test_the_error_of_a_whole_fit_is_of_clipped_predictions(small):
    history = fits.fit_als(small, epochs=1).history
    seconds, error = fits.seconds_and_rmse(Stars(history), small)
    assert seconds == history.seconds
    assert error == pytest.approx(np.sqrt(np.mean((small.test["rating"] - 5) ** 2)))


def test_a_table_of_fits_gives_the_mean_of_its_seeds(monkeypatch):
    monkeypatch.setattr(fits, "WHOLE_FITS", {"a fit": lambda split, seed: (1.0 + seed, 0.9 + seed)})
    monkeypatch.setattr(memory, "in_new_process", lambda name: (1.0, 3.0))
    (row,) = peers.whole_fits(split=None)
    assert (row["seconds"], row["u1.test"]) == ("3.00", "2.9000 ± 1.5811")


def test_seconds_to_an_error_are_a_median_or_say_who_reaches_it(small):
    fast, slow = (
        History(pd.DataFrame({"epoch": [1, 2], "test_rmse": rmse, "seconds": [1.0, 1.0]}), "test")
        for rmse in ([0.9, 0.8], [0.99, 0.97])
    )
    assert peers._seconds_to(0.95, [fast, fast]) == "1.00 s"
    assert peers._seconds_to(0.95, [fast, slow]) == "1 of 2 seeds reach it"
    assert peers._seconds_to(0.95, [slow]) == "never"


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
    for title, *_ in peers.SECTIONS:
        assert f"## {title}\n" in text
    assert "## Growth\n" in text
    assert "cores of" in text
