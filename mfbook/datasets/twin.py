"""The synthetic twin of MovieLens: ratings drawn from a known model, in any number.

Same sizes, long tails, rating histogram and folds as ml-100k, but drawn from a low-rank model
with known noise; who rates what depends on popularity and on taste. With it the course runs
without MovieLens. And because the model is known, so is its noise floor: the smallest error that
any method can reach.
"""

from __future__ import annotations

import math
from numbers import Integral
from pathlib import Path

from mfbook._validation import check_seed, shown
from mfbook.datasets._long_tails import draw_pairs, ratings_per_user, sizes
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

__all__ = ["synthetic", "titles", "write"]

N_USERS, N_ITEMS, N_RATINGS = 943, 1682, 100_000
# Fewer would fill most of the table of users and items; more need over 8 GB.
SMALLEST, LARGEST = 10_000, 100_000_000
RANK = 4
# Standard deviations of the parts of a taste; that of the noise is 1.
USER_BIAS, ITEM_BIAS, FACTOR = 0.42, 0.48, 0.52
# How much more likely an item is chosen that is liked more: by exp(CHOICE) for one more unit of
# taste. With it the lists of chapter 11's models are about as good as on MovieLens.
CHOICE = 1.5
# Fractions of the ratings 1 to 5.
HISTOGRAM = np.array([0.061, 0.114, 0.271, 0.342, 0.212])
# The last user in the test set of each fold of ml-100k; the first is always user 1.
FOLD_USERS = (462, 658, 877, 943, 943)
GENRES = ("Action", "Comedy", "Documentary", "Drama", "Romance", "Thriller")
# Seconds: when the first user may begin, how much later the last one, the mean pause between two
# ratings, and that between two sittings; shares of ratings without a pause, and after a long one.
FIRST_TIME, LAST_START, PAUSE, AWAY = 874_724_710, 15_000_000, 20, 500_000
SAME_SECOND, NEW_SITTING = 0.55, 0.03
# Ratings that are computed at once.
BLOCK = 2**20


def synthetic(n_ratings: int = N_RATINGS, seed: int = 1) -> pd.DataFrame:
    """Draw the ratings of the synthetic twin.

    A user's taste for an item is a sum of a user bias, an item bias, an inner product of rank 4
    and noise. Four thresholds cut the range of tastes into the ratings 1 to 5 (an ordered probit
    model). With 100,000 ratings, a user draws items with probabilities that grow with their
    popularity and with the user's taste for them, but not with the noise; in the other sizes, they
    grow with popularity only.

    Parameters
    ----------
    n_ratings : int
        10,000 to 100,000,000. The numbers of users and items follow the power laws through
        MovieLens 100K (943 and 1,682) and MovieLens 25M (162,500 and 59,000).
    seed : int
        Seed of the draw. The course uses the default everywhere.

    Returns
    -------
    pandas.DataFrame
        One row per rating: ``user_id`` and ``item_id`` (from 1, without gaps), ``rating``
        (float32, 1 to 5), ``expected`` (the mean of the rating under the known model, which is
        the best possible prediction). With 100,000 ratings also ``fold`` (1 to 5: in which test
        set the row is) and ``timestamp`` (seconds since 1970: users rate in sittings, but not in
        moods, so time says nothing about a rating); ids are int64 and ``expected`` float64 then,
        and int32 and float32 in the other sizes, where rows are sorted by user and item.

    Raises
    ------
    DataError
        If ``n_ratings`` is no whole number in that range.
    ValueError
        If ``seed`` is impossible.

    Notes
    -----
    Explained in chapter 2; chapter 12 uses millions of ratings. 25 million take about half a
    minute and 1 GB.

    Examples
    --------
    >>> from mfbook import datasets
    >>> table = datasets.synthetic()
    >>> table["fold"].value_counts().sort_index().tolist()
    [20000, 20000, 20000, 20000, 20000]
    >>> table = datasets.synthetic(n_ratings=20_000)
    >>> len(table), table["user_id"].nunique(), table["item_id"].nunique()
    (20000, 210, 596)
    """
    whole = isinstance(n_ratings, Integral) and not isinstance(n_ratings, bool)
    if not whole or not SMALLEST <= n_ratings <= LARGEST:
        raise DataError(
            f"n_ratings is {shown(n_ratings)}; it must be a whole number from {SMALLEST:,} to "
            f"{LARGEST:,}."
        )
    check_seed(seed)
    rng = np.random.default_rng(seed)
    return _with_folds(rng) if n_ratings == N_RATINGS else _in_blocks(int(n_ratings), rng)


def titles() -> pd.DataFrame:
    """Return the items of the twin of ml-100k: ``item_id``, ``title``, ``genres``.

    Notes
    -----
    The items of `mfbook.datasets.load`, which chapter 2 uses.

    Examples
    --------
    >>> from mfbook.datasets import twin
    >>> twin.titles().loc[0, "title"]
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
    >>> from mfbook.datasets import twin
    >>> folder = Path(tempfile.mkdtemp())
    >>> twin.write(folder)
    >>> (folder / "u1.test").is_file()
    True
    """
    table = synthetic()
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


def _with_folds(rng: np.random.Generator) -> pd.DataFrame:
    """Return the twin of ml-100k, whose ratings stored results depend on."""
    user_bias, item_bias = rng.normal(0, USER_BIAS, N_USERS), rng.normal(0, ITEM_BIAS, N_ITEMS)
    user_factors, item_factors = (rng.normal(0, FACTOR, (n, RANK)) for n in (N_USERS, N_ITEMS))
    # (n_users, n_items)
    liking = item_bias + user_factors @ item_factors.T
    user, item = _pairs_of_100k(liking, rng)
    # (n_ratings,)
    signal = user_bias[user] + liking[user, item]
    # The noise is drawn after the choice, so what was chosen says nothing about it.
    taste = signal + rng.normal(0, 1, N_RATINGS)
    # (4,)
    thresholds = np.quantile(taste, np.cumsum(HISTOGRAM[:-1]))
    return pd.DataFrame(
        {
            "user_id": user + 1,
            "item_id": item + 1,
            "rating": (1 + np.searchsorted(thresholds, taste)).astype(np.float32),
            "expected": _expected(signal, thresholds),
            "fold": _folds(user + 1, rng),
            # Drawn last, so that it changes nothing else
            "timestamp": _times(user, rng),
        }
    )


def _in_blocks(n_ratings: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a twin of another size, with small types and without large temporary arrays."""
    n_users, n_items = sizes(n_ratings)
    user, item = draw_pairs(n_ratings, rng)
    user_bias, item_bias = (
        rng.normal(0, spread, size).astype(np.float32)
        for spread, size in ((USER_BIAS, n_users), (ITEM_BIAS, n_items))
    )
    # (rank, size): one factor after the other is gathered.
    user_factors, item_factors = (
        rng.normal(0, FACTOR, (RANK, size)).astype(np.float32) for size in (n_users, n_items)
    )
    signal, taste = np.empty((2, n_ratings), np.float32)
    for start in range(0, n_ratings, BLOCK):
        rows = slice(start, start + BLOCK)
        u, i = user[rows], item[rows]
        signal[rows] = user_bias[u] + item_bias[i]
        for by_user, by_item in zip(user_factors, item_factors, strict=True):
            signal[rows] += by_user[u] * by_item[i]
        taste[rows] = signal[rows] + rng.standard_normal(len(u), dtype=np.float32)
    thresholds = np.quantile(taste, np.cumsum(HISTOGRAM[:-1]))
    # `expected` is a smooth function of the signal: between 2**16 points, straight lines differ
    # from it by less than float32 does.
    points = np.linspace(signal.min(), signal.max(), 2**16)
    values = _expected(points, thresholds)
    for start in range(0, n_ratings, BLOCK):
        rows = slice(start, start + BLOCK)
        signal[rows] = np.interp(signal[rows], points, values)
        taste[rows] = 1 + np.searchsorted(thresholds.astype(np.float32), taste[rows])
    user += 1
    item += 1
    columns = {"user_id": user, "item_id": item, "rating": taste, "expected": signal}
    return pd.DataFrame(columns, copy=False)


def _expected(signal: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the mean of the rating for each signal."""
    # P(rating > r) = P(noise > threshold_r - signal); the mean is 1 + the sum over r = 1 to 4.
    return 1 + sum((_normal_cdf(signal - t) for t in thresholds), np.zeros(len(signal)))


def _pairs_of_100k(liking: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return zero-based users and items, (n_ratings,) each: distinct pairs with long tails.

    ``liking`` is the taste without the user's bias and the noise, (n_users, n_items).
    """
    per_user = ratings_per_user(N_RATINGS, N_USERS, 737, rng)
    # (n_items,)
    log_popularity = -7 * np.linspace(0, 1, N_ITEMS) ** 0.8
    rng.shuffle(log_popularity)
    # The n largest sums of a log weight and Gumbel noise: n items without replacement, drawn with
    # probabilities proportional to their weights.
    appeal = log_popularity + CHOICE * liking + rng.gumbel(size=(N_USERS, N_ITEMS))
    # Every item has at least one rating.
    first_user = rng.choice(N_USERS, N_ITEMS, p=per_user / N_RATINGS)
    appeal[first_user, np.arange(N_ITEMS)] += 1e3
    order = np.argsort(-appeal, axis=1)
    # (n_users, n_items)
    chosen = np.arange(N_ITEMS) < per_user[:, None]
    return np.repeat(np.arange(N_USERS), per_user), order[chosen]


def _folds(user_id: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each row the fold, 1 to 5, whose test set it is in: 20,000 rows per fold."""
    fold = np.full(len(user_id), 5)
    free = np.ones(len(user_id), bool)
    for number, last_user in enumerate(FOLD_USERS[:-1], start=1):
        rows = rng.choice(np.flatnonzero(free & (user_id <= last_user)), 20_000, replace=False)
        fold[rows], free[rows] = number, False
    return fold


def _times(user: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each row when it was rated, int64: in sittings, several ratings in a second."""
    n = len(user)
    # Each user's ratings one after the other, in random order
    order = np.lexsort([rng.random(n), user])
    pauses = rng.exponential(PAUSE, n).astype(np.int64)
    pauses[rng.random(n) < SAME_SECOND] = 0
    away = rng.random(n) < NEW_SITTING
    pauses[away] = rng.exponential(AWAY, away.sum()).astype(np.int64)
    start = FIRST_TIME + rng.integers(0, LAST_START, N_USERS)  # (n_users,)
    first = np.searchsorted(user[order], np.arange(N_USERS))
    passed = np.cumsum(pauses)
    times = np.empty(n, np.int64)
    times[order] = start[user[order]] + passed - passed[first][user[order]]
    return times


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
