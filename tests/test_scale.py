"""The twin, reading and splitting at sizes beyond MovieLens 100K."""

import math

from mfbook import datasets
from mfbook.datasets import DataError, _long_tails, twin
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def million():
    return datasets.synthetic(1_000_000)


def test_sizes_are_those_of_movielens():
    assert _long_tails.sizes(100_000) == (943, 1682)
    assert _long_tails.sizes(25_000_000) == (162_500, 59_000)


def test_ids_have_no_gaps_and_pairs_are_different(million):
    assert len(million) == 1_000_000
    assert (million["user_id"].nunique(), million["user_id"].max()) == (8075, 8075)
    assert (million["item_id"].nunique(), million["item_id"].max()) == (7415, 7415)
    assert million[["user_id", "item_id"]].min().tolist() == [1, 1]
    assert not million.duplicated(["user_id", "item_id"]).any()
    assert million.dtypes.astype(str).tolist() == ["int32", "int32", "float32", "float32"]


def test_long_tails_on_both_sides(million):
    per_user = np.bincount(million["user_id"])[1:]
    assert per_user.min() >= 20
    assert per_user.max() > 10 * per_user.mean()
    per_item = np.sort(np.bincount(million["item_id"])[1:])
    assert per_item[-1] > 0.3 * 8075
    assert np.median(per_item) < per_item.mean() / 5


def test_histogram_and_noise_floor_are_those_of_the_small_twin(million):
    shares = million["rating"].value_counts(normalize=True).sort_index()
    assert shares.to_numpy() == pytest.approx(twin.HISTOGRAM, abs=0.0001)
    residual = (million["rating"] - million["expected"]).to_numpy()
    assert np.sqrt(np.mean(residual**2)) == pytest.approx(0.905, abs=0.02)
    assert abs(residual.mean()) < 0.003
    assert abs(np.corrcoef(residual, million["expected"])[0, 1]) < 0.003
    assert million["expected"].between(1, 5).all()


def test_a_larger_twin_is_always_the_same():
    table = datasets.synthetic(30_000)
    pd.testing.assert_frame_equal(table, datasets.synthetic(30_000))
    assert not table.equals(datasets.synthetic(30_000, seed=2))


def test_expected_ratings_are_those_of_the_model():
    thresholds = np.array([-1.5, -0.8, 0.1, 1.0])
    signal = np.linspace(-4, 4, 9)
    exact = [
        1 + sum(0.5 * (1 + math.erf((s - t) / math.sqrt(2))) for t in thresholds) for s in signal
    ]
    assert twin._expected(signal, thresholds) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("n", [0, -5, 9_999, 10**9, 1e6, "many", None, True])
def test_impossible_sizes(n):
    with pytest.raises(
        DataError, match=r"n_ratings is .*; it must be a whole number from 10,000 to"
    ):
        datasets.synthetic(n)


def test_a_million_ratings_survive_a_file(million, tmp_path):
    table = million.drop(columns="expected").head(200_000)
    table.to_csv(tmp_path / "r.csv", index=False)
    read = datasets.read_ratings(
        tmp_path / "r.csv", sep=",", user="user_id", item="item_id", rating="rating"
    )
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


def test_every_pair_is_in_one_set(million):
    split = datasets.random_split(million, fraction=0.1)
    assert (len(split.train), len(split.test)) == (900_000, 100_000)
    assert (
        split.users["user_id"].to_numpy()[split.train["user_idx"]] == split.train["user_id"]
    ).all()
    held_out = datasets.per_user_split(million, fraction=0.1).test["user_id"].value_counts()
    expected = (million["user_id"].value_counts() * 0.1).round().astype(int)
    assert held_out.sort_index().tolist() == expected[expected > 0].sort_index().tolist()
