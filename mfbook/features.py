"""What is known of users and items besides the ratings' values, as rows of numbers."""

import numpy as np
import pandas as pd

AGES = [0, 18, 25, 35, 45, 50, 56, 200]
YEARS = [0, *range(1930, 1990, 10), 1985, *range(1990, 2000)]


def implicit(split):
    """Say who rated what in the training part, each row scaled to length 1.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only the pairs of ``split.train`` are read, not its ratings, and nothing of its test part.

    Returns
    -------
    tuple of numpy.ndarray
        Of the users, ``(n_users, n_items)``, and of the items, ``(n_items, n_users)``; float32.
    """
    rated = np.zeros((split.n_users, split.n_items), np.float32)
    rated[split.train["user_idx"], split.train["item_idx"]] = 1
    return _unit_rows(rated), _unit_rows(rated.T)


def attributes(split):
    """One-hot encode age group, gender and occupation of users; genres and year group of items.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only ``split.users`` and ``split.items`` are read.

    Returns
    -------
    tuple of (numpy.ndarray or None)
        Of the users and of the items, ``(n, n_features)``, float32; None where nothing is known.
    """
    users, items = split.users, split.items
    of_users = [pd.get_dummies(users[c]) for c in ("gender", "occupation") if c in users]
    if "age" in users:
        of_users.append(pd.get_dummies(pd.cut(users["age"], AGES)))
    of_items = [items["genres"].str.get_dummies("|")] if "genres" in items else []
    if "title" in items:
        year = items["title"].str.extract(r"\((\d{4})\)")[0].astype(float)
        of_items.append(pd.get_dummies(pd.cut(year, sorted(set(YEARS)))))
    return tuple(
        pd.concat(tables, axis=1).to_numpy(np.float32) if tables else None
        for tables in (of_users, of_items)
    )


def beside(*features):
    """Put several features of the same rows side by side, users with users, items with items.

    Parameters
    ----------
    *features : tuple of (numpy.ndarray or None)
        As the other functions here return them.

    Returns
    -------
    tuple of numpy.ndarray
    """
    sides = zip(*features, strict=True)
    return tuple(np.hstack([f for f in side if f is not None]) for side in sides)


def _unit_rows(table):
    return table / np.sqrt(np.maximum((table**2).sum(axis=1, keepdims=True), 1))
