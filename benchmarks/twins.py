"""The twin of one size in files, made once for all contenders: ``python -m benchmarks.twins``."""

import argparse
from pathlib import Path
from typing import NamedTuple

from mfbook import datasets
import numpy as np
import pandas as pd

TEST_FRACTION = 0.1
CSV, RATINGS, SETS = "ratings.csv", "ratings.npz", "sets.npz"
COLUMNS = ("user_idx", "item_idx", "rating")
# The header of MovieLens 25M, whose lines also end with a time.
HEADER = ["userId", "movieId", "rating", "timestamp"]
LINES_AT_ONCE = 2**20


class Sets(NamedTuple):
    """Training and test set as arrays, the same for every contender.

    Attributes
    ----------
    train, test : dict of str to numpy.ndarray
        ``user_idx``, ``item_idx`` and ``rating``.
    shape : tuple of int
        Numbers of users and items.
    noise_floor : float
        The smallest RMSE on the test set that any method can reach.
    """

    train: dict
    test: dict
    shape: tuple
    noise_floor: float

    @property
    def megabytes(self):
        """How much memory the arrays take."""
        arrays = [*self.train.values(), *self.test.values()]
        return sum(array.nbytes for array in arrays) / 2**20

    @property
    def split(self):
        """The sets as a `Split`. It copies nothing."""
        tables = [pd.DataFrame(arrays, copy=False) for arrays in (self.train, self.test)]
        ids = (
            pd.DataFrame({name: np.arange(n)})
            for name, n in zip(("user_id", "item_id"), self.shape, strict=True)
        )
        return datasets.Split(*tables, *ids, name="twin")

    def rmse(self, predicted):
        """RMSE on the test set of predictions that are clipped to the scale."""
        error = np.clip(predicted, 1, 5) - self.test["rating"]
        return float(np.sqrt(np.mean(error.astype(np.float64) ** 2)))


def write(folder, n_ratings):
    """Write the twin as a CSV file, as arrays, and as arrays of two sets."""
    table = datasets.synthetic(n_ratings)
    user, item = (table[c].to_numpy(np.int64) for c in ("user_id", "item_id"))
    rating = table["rating"].to_numpy(np.float32)
    np.savez(folder / RATINGS, user_id=user, item_id=item, rating=rating)
    _write_csv(folder / CSV, user, item, rating)
    columns = [(user - 1).astype(np.int32), (item - 1).astype(np.int32), rating]
    is_test = np.random.default_rng(0).random(n_ratings) < TEST_FRACTION
    arrays = {
        f"{name}_{column}": values[rows]
        for name, rows in (("train", ~is_test), ("test", is_test))
        for column, values in zip(COLUMNS, columns, strict=True)
    }
    error = (table["rating"] - table["expected"]).to_numpy(np.float64)[is_test]
    shape, floor = (user.max(), item.max()), np.sqrt(np.mean(error**2))
    np.savez(folder / SETS, shape=shape, noise_floor=floor, **arrays)


def _write_csv(path, user, item, rating):
    """Write a file as MovieLens 25M's, a part at a time."""
    for start in range(0, len(user), LINES_AT_ONCE):
        rows = slice(start, start + LINES_AT_ONCE)
        time = 1_500_000_000 + np.arange(start, start + len(user[rows]))
        lines = dict(zip(HEADER, (user[rows], item[rows], rating[rows], time), strict=True))
        table, mode = pd.DataFrame(lines), "a" if start else "w"
        table.to_csv(path, mode=mode, header=not start, index=False)


def ratings(folder):
    """Table of all ratings, as `read_ratings` would return it."""
    with np.load(folder / RATINGS) as arrays:
        return pd.DataFrame(dict(arrays), copy=False)


def sets(folder):
    """Return the two sets."""
    with np.load(folder / SETS) as arrays:
        train, test = (
            {column: arrays[f"{name}_{column}"] for column in COLUMNS} for name in ("train", "test")
        )
        shape = tuple(map(int, arrays["shape"]))
        return Sets(train, test, shape, float(arrays["noise_floor"]))


def main(arguments=None):
    """Write the twin of one size into an existing folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twins", description=main.__doc__)
    parser.add_argument("ratings", type=int, metavar="RATINGS", help="how many ratings")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write them")
    chosen = parser.parse_args(arguments)
    write(chosen.folder, chosen.ratings)


if __name__ == "__main__":
    main()
