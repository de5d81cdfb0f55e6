"""The synthetic twin of MovieLens 100K: ratings whose truth is known.

Same sizes, long tails, rating histogram and folds as ml-100k, but drawn from a low-rank model
with known noise. It lets the course run without MovieLens, and it shows how good any method
could possibly be: its noise floor.
"""

import math

import numpy as np
import pandas as pd

N_USERS, N_ITEMS, N_RATINGS = 943, 1682, 100_000
RANK = 4
HISTOGRAM = np.array([0.061, 0.114, 0.271, 0.342, 0.212])  # share of the ratings 1 to 5
FOLD_USERS = (462, 658, 877, 943, 943)  # fold f of ml-100k tests users 1 to FOLD_USERS[f]
GENRES = ("Action", "Comedy", "Documentary", "Drama", "Romance", "Thriller")


def ratings(seed=1):
    """Draw the twin's ratings.

    A user's taste for an item is a sum of offsets, an inner product of rank 4 and noise; the
    rating says between which two of four thresholds that taste lies (an ordered probit model).

    Parameters
    ----------
    seed : int
        The course uses the default everywhere.

    Returns
    -------
    pandas.DataFrame
        100,000 rows: ``user_id`` (1 to 943), ``item_id`` (1 to 1682), ``rating`` (float32,
        1 to 5), ``expected`` (float64: the mean rating given the truth, the best prediction
        there is), ``fold`` (1 to 5).
    """
    rng = np.random.default_rng(seed)
    user, item = _who_rates_what(rng)
    signal = (
        rng.normal(0, 0.42, N_USERS)[user]
        + rng.normal(0, 0.48, N_ITEMS)[item]
        + np.sum(
            rng.normal(0, 0.52, (N_USERS, RANK))[user] * rng.normal(0, 0.52, (N_ITEMS, RANK))[item],
            axis=1,
        )
    )  # (n_ratings,)
    taste = signal + rng.normal(0, 1, N_RATINGS)
    thresholds = np.quantile(taste, np.cumsum(HISTOGRAM[:-1]))  # (4,)
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


def titles():
    """Return the twin's items: ``item_id``, ``title``, ``genres``, one row each."""
    item_id = np.arange(1, N_ITEMS + 1)
    return pd.DataFrame(
        {
            "item_id": item_id,
            "title": [f"Invented film {i} ({1950 + i % 49})" for i in item_id],
            "genres": [GENRES[i % len(GENRES)] for i in item_id],
        }
    )


def write(folder):
    """Write the twin into ``folder`` in the file layout of ml-100k (u.data, u1.base, …)."""
    table = ratings()
    table["timestamp"] = 874_724_710 + np.arange(N_RATINGS) * 187 % 18_000_000
    table["rating"] = table["rating"].astype(int)
    columns = ["user_id", "item_id", "rating", "timestamp"]
    shuffled = table.sample(frac=1, random_state=1)
    shuffled[columns].to_csv(folder / "u.data", sep="\t", header=False, index=False)
    for fold in range(1, 6):
        test = table["fold"] == fold
        for name, part in ((f"u{fold}.base", table[~test]), (f"u{fold}.test", table[test])):
            part[columns].to_csv(folder / name, sep="\t", header=False, index=False)
    items = titles()
    flags = pd.get_dummies(items["genres"])[list(GENRES)].astype(int)
    items = pd.concat(
        [items[["item_id", "title"]].assign(date="", video="", url=""), flags], axis=1
    )
    items.to_csv(folder / "u.item", sep="|", header=False, index=False)
    (folder / "u.genre").write_text("".join(f"{g}|{i}\n" for i, g in enumerate(GENRES)))


def _who_rates_what(rng):
    """Return zero-based users and items, (n_ratings,) each: distinct pairs with long tails."""
    beyond = rng.lognormal(0, 1.3, N_USERS)  # how many ratings over the minimum of 20, unscaled
    per_user = 20 + beyond * (N_RATINGS - 20 * N_USERS) / beyond.sum()
    per_user = np.minimum(per_user, 737).astype(int)
    while (short := N_RATINGS - per_user.sum()) != 0:
        movable = np.flatnonzero((per_user < 737) if short > 0 else (per_user > 20))
        per_user[rng.choice(movable, min(abs(short), len(movable)), replace=False)] += np.sign(
            short
        )
    popularity = np.exp(-7 * np.linspace(0, 1, N_ITEMS) ** 0.6)  # (n_items,)
    rng.shuffle(popularity)
    # Gumbel noise and the largest n: n items without replacement, likelier the more popular.
    appeal = np.log(popularity) + rng.gumbel(size=(N_USERS, N_ITEMS))
    fan = rng.choice(N_USERS, N_ITEMS, p=per_user / N_RATINGS)
    appeal[fan, np.arange(N_ITEMS)] += 1e3  # every item has at least one rating
    order = np.argsort(-appeal, axis=1)
    chosen = np.arange(N_ITEMS) < per_user[:, None]  # (n_users, n_items)
    return np.repeat(np.arange(N_USERS), per_user), order[chosen]


def _folds(user_id, rng):
    """Return the fold, 1 to 5, in whose test part each row stands: 20,000 rows each."""
    fold = np.full(len(user_id), 5)
    free = np.ones(len(user_id), bool)
    for number, last_user in enumerate(FOLD_USERS[:-1], start=1):
        rows = rng.choice(np.flatnonzero(free & (user_id <= last_user)), 20_000, replace=False)
        fold[rows], free[rows] = number, False
    return fold


def _normal_cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
