"""Who rates what in the synthetic twin: distinct pairs, with long tails on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
import math

import numpy as np

# Ratings, users and items of MovieLens 100K and of MovieLens 25M, the latter rounded.
SMALL, LARGE = (100_000, 943, 1682), (25_000_000, 162_500, 59_000)
FEWEST = 20
# The most active user of ml-100k has rated 737 of its 1,682 films.
LARGEST_SHARE = 0.44
# A user who rates more than this share of the items is drawn alone.
HEAVY_SHARE = 0.01
# Ratings that are drawn at once.
BLOCK = 2**20


def sizes(n_ratings: int) -> tuple[int, int]:
    """Return the numbers of users and items: power laws through two sizes of MovieLens.

    Examples
    --------
    >>> sizes(100_000), sizes(1_000_000), sizes(25_000_000)
    ((943, 1682), (8075, 7415), (162500, 59000))
    """
    users, items = (
        round(small * (large / small) ** _growth(n_ratings))
        for small, large in zip(SMALL[1:], LARGE[1:], strict=True)
    )
    return users, items


def _growth(n_ratings: int) -> float:
    """Return 0 for the size of MovieLens 100K and 1 for that of MovieLens 25M."""
    return math.log(n_ratings / SMALL[0]) / math.log(LARGE[0] / SMALL[0])


def ratings_per_user(
    n_ratings: int, n_users: int, most: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the number of ratings of each user, from 20 to ``most``, with a long tail."""
    # Ratings beyond the minimum, up to a common factor.
    extra = rng.lognormal(0, 1.3, n_users)
    per_user = FEWEST + extra * (n_ratings - FEWEST * n_users) / extra.sum()
    per_user = np.minimum(per_user, most).astype(int)
    while (missing := n_ratings - per_user.sum()) != 0:
        movable = np.flatnonzero((per_user < most) if missing > 0 else (per_user > FEWEST))
        changed = rng.choice(movable, min(abs(missing), len(movable)), replace=False)
        per_user[changed] += np.sign(missing)
    return per_user


def draw_pairs(n_ratings: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return zero-based users and items, int32, (n_ratings,) each, sorted and distinct.

    Each user draws items with probabilities proportional to their popularity, until there are
    as many different ones as the user rates. Every item has at least one rating.
    """
    n_users, n_items = sizes(n_ratings)
    per_user = ratings_per_user(n_ratings, n_users, int(LARGEST_SHARE * n_items), rng)
    popularity = _popularity(n_ratings, n_items)
    rng.shuffle(popularity)
    # The first rating of each item takes a place of a user.
    places = np.sort(rng.choice(n_ratings, n_items, replace=False))
    first_users = np.searchsorted(np.cumsum(per_user), places, side="right")
    first = first_users * n_items + rng.permutation(n_items)
    item = np.empty(n_ratings, np.int32)
    start = 0
    for low, high in _blocks(per_user):
        given = first[slice(*np.searchsorted(first_users, (low, high)))] - low * n_items
        keys = _block(per_user[low:high], popularity, given, rng)
        item[start : start + len(keys)] = keys % n_items
        start += len(keys)
    return np.repeat(np.arange(n_users, dtype=np.int32), per_user), item


def _popularity(n_ratings: int, n_items: int) -> np.ndarray:
    """Return the probabilities of the items, (n_items,), in falling order.

    At 25 million ratings the most popular item has some 80,000 and half of the items at most 8,
    as in MovieLens 25M.
    """
    depth, bend = 7 + 6 * _growth(n_ratings), 0.6 - 0.27 * _growth(n_ratings)
    popularity = np.exp(-depth * np.linspace(0, 1, n_items) ** bend)
    return popularity / popularity.sum()


def _blocks(per_user: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the first and the last user (excluded) of blocks of about 2**20 ratings."""
    ends = np.cumsum(per_user)
    cuts = np.searchsorted(ends, np.arange(BLOCK, ends[-1], BLOCK))
    bounds = np.unique([0, *cuts, len(per_user)]).tolist()
    yield from pairwise(bounds)


def _block(
    per_user: np.ndarray, popularity: np.ndarray, given: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return sorted keys, user * n_items + item: ``given`` and those that the users draw."""
    n_users, n_items = len(per_user), len(popularity)
    drawn = [given]
    for user in np.flatnonzero(per_user > HEAVY_SHARE * n_items):
        own = given[given // n_items == user] % n_items
        drawn.append(user * n_items + _draw_many(per_user[user], popularity, own, rng))
    keys = _distinct(*drawn)
    cumulative = np.cumsum(popularity)
    # Rounding may leave it a little below 1.
    cumulative[-1] = 1
    # Drawing until enough items are different is drawing without replacement.
    while (missing := per_user - np.bincount(keys // n_items, minlength=n_users)).any():
        users = np.repeat(np.arange(n_users), missing)
        items = np.searchsorted(cumulative, rng.random(len(users)), side="right")
        keys = _distinct(keys, users * n_items + items)
    return keys


def _draw_many(
    n: int, popularity: np.ndarray, given: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return n items without replacement, ``given`` among them."""
    # A race: items arrive after exponential times whose rates are their popularities.
    arrival = rng.standard_exponential(len(popularity)) / popularity
    arrival[given] = 0
    return np.argpartition(arrival, n)[:n]


def _distinct(*keys: np.ndarray) -> np.ndarray:
    """Return the different keys, sorted: faster than `numpy.unique` for millions of integers."""
    ordered = np.sort(np.concatenate(keys))
    return ordered[np.append(True, ordered[1:] != ordered[:-1])]
