"""The synthetic twin of MovieLens 100K: ratings drawn from a known model.

Same sizes, long tails, rating histogram and folds as ml-100k, but drawn from a low-rank model
with known noise. With it the course runs without MovieLens. And because the model is known, so
is its noise floor: the smallest error that any method can reach.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

N_USERS, N_ITEMS, N_RATINGS = 943, 1682, 100_000
RANK = 4
# Fractions of the ratings 1 to 5.
HISTOGRAM = np.array([0.061, 0.114, 0.271, 0.342, 0.212])
# The last user in the test set of each fold of ml-100k; the first is always user 1.
FOLD_USERS = (462, 658, 877, 943, 943)
GENRES = ("Action", "Comedy", "Documentary", "Drama", "Romance", "Thriller")


def ratings(seed: int = 1) -> pd.DataFrame:
    """Draw the twin's ratings.

    A user's taste for an item is a sum of a user bias, an item bias, an inner product of rank 4
    and noise. Four thresholds cut the range of tastes into the ratings 1 to 5 (an ordered probit
    model).

    Parameters
    ----------
    seed : int
        Seed of the draw. The course uses the default everywhere.

    Returns
    -------
    pandas.DataFrame
        100,000 rows: ``user_id`` (1 to 943), ``item_id`` (1 to 1682), ``rating`` (float32,
        1 to 5), ``expected`` (float64: the mean of the rating under the known model, which is
        the best possible prediction), ``fold`` (1 to 5: in which test set the row is).

    Notes
    -----
    Explained in chapter 2.

    Examples
    --------
    >>> from mfbook.datasets import synthetic
    >>> table = synthetic.ratings()
    >>> table["fold"].value_counts().sort_index().tolist()
    [20000, 20000, 20000, 20000, 20000]
    """
    rng = np.random.default_rng(seed)
    user, item = _draw_pairs(rng)
    # (n_ratings,)
    signal = (
        rng.normal(0, 0.42, N_USERS)[user]
        + rng.normal(0, 0.48, N_ITEMS)[item]
        + np.sum(
            rng.normal(0, 0.52, (N_USERS, RANK))[user] * rng.normal(0, 0.52, (N_ITEMS, RANK))[item],
            axis=1,
        )
    )
    taste = signal + rng.normal(0, 1, N_RATINGS)
    # (4,)
    thresholds = np.quantile(taste, np.cumsum(HISTOGRAM[:-1]))
    # P(rating > r) = P(noise > threshold_r - signal); the mean is 1 + the sum over r = 1 to 4.
    expected = 1 + sum(_normal_cdf(signal - t) for t in thresholds)
    return pd.DataFrame(
        {
            "user_id": user + 1,
            "item_id": item + 1,
            "rating": (1 + np.searchsorted(thresholds, taste)).astype(np.float32),
            "expected": expected,
            "fold": _folds(user + 1, rng),
        }
    )


def titles() -> pd.DataFrame:
    """Return the twin's items: ``item_id``, ``title``, ``genres``, one row per item.

    Notes
    -----
    The items of `mfbook.datasets.load`, which chapter 2 uses.

    Examples
    --------
    >>> from mfbook.datasets import synthetic
    >>> synthetic.titles().loc[0, "title"]
    'Invented film 1 (1951)'
    """
    item_id = np.arange(1, N_ITEMS + 1)
    return pd.DataFrame(
        {
            "item_id": item_id,
            "title": [f"Invented film {i} ({1950 + i % 49})" for i in item_id],
            "genres": [GENRES[i % len(GENRES)] for i in item_id],
        }
    )


def write(folder: Path) -> None:
    """Write the twin into a folder, in the file layout of ml-100k (u.data, u1.base, …).

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.

    Notes
    -----
    Appendix A reads these files if the course runs on the twin.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook.datasets import synthetic
    >>> folder = Path(tempfile.mkdtemp())
    >>> synthetic.write(folder)
    >>> (folder / "u1.test").is_file()
    True
    """
    table = ratings()
    table["timestamp"] = 874_724_710 + np.arange(N_RATINGS) * 187 % 18_000_000
    table["rating"] = table["rating"].astype(int)
    columns = ["user_id", "item_id", "rating", "timestamp"]
    shuffled = table.sample(frac=1, random_state=1)
    shuffled[columns].to_csv(folder / "u.data", sep="\t", header=False, index=False)
    for fold in range(1, 6):
        is_test = table["fold"] == fold
        for name, rows in ((f"u{fold}.base", ~is_test), (f"u{fold}.test", is_test)):
            table.loc[rows, columns].to_csv(folder / name, sep="\t", header=False, index=False)
    items = titles()
    flags = pd.get_dummies(items["genres"])[list(GENRES)].astype(int)
    items = pd.concat(
        [items[["item_id", "title"]].assign(date="", video="", url=""), flags], axis=1
    )
    items.to_csv(folder / "u.item", sep="|", header=False, index=False)
    (folder / "u.genre").write_text("".join(f"{g}|{i}\n" for i, g in enumerate(GENRES)))


def _draw_pairs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return zero-based users and items, (n_ratings,) each: distinct pairs with long tails."""
    per_user = _ratings_per_user(rng)
    # (n_items,)
    popularity = np.exp(-7 * np.linspace(0, 1, N_ITEMS) ** 0.6)
    rng.shuffle(popularity)
    # The n largest sums of log popularity and Gumbel noise: n items without replacement, drawn
    # with probabilities proportional to their popularity.
    appeal = np.log(popularity) + rng.gumbel(size=(N_USERS, N_ITEMS))
    # Every item has at least one rating.
    first_user = rng.choice(N_USERS, N_ITEMS, p=per_user / N_RATINGS)
    appeal[first_user, np.arange(N_ITEMS)] += 1e3
    order = np.argsort(-appeal, axis=1)
    # (n_users, n_items)
    chosen = np.arange(N_ITEMS) < per_user[:, None]
    return np.repeat(np.arange(N_USERS), per_user), order[chosen]


def _ratings_per_user(rng: np.random.Generator) -> np.ndarray:
    """Return the number of ratings of each user, from 20 to 737, with a long tail."""
    # Ratings beyond the minimum of 20, up to a common factor.
    extra = rng.lognormal(0, 1.3, N_USERS)
    per_user = 20 + extra * (N_RATINGS - 20 * N_USERS) / extra.sum()
    per_user = np.minimum(per_user, 737).astype(int)
    while (missing := N_RATINGS - per_user.sum()) != 0:
        movable = np.flatnonzero((per_user < 737) if missing > 0 else (per_user > 20))
        changed = rng.choice(movable, min(abs(missing), len(movable)), replace=False)
        per_user[changed] += np.sign(missing)
    return per_user


def _folds(user_id: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each row the fold, 1 to 5, whose test set it is in: 20,000 rows per fold."""
    fold = np.full(len(user_id), 5)
    free = np.ones(len(user_id), bool)
    for number, last_user in enumerate(FOLD_USERS[:-1], start=1):
        rows = rng.choice(np.flatnonzero(free & (user_id <= last_user)), 20_000, replace=False)
        fold[rows], free[rows] = number, False
    return fold


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
