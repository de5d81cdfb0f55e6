"""What is known of users and items besides the values of the ratings, as feature matrices."""

from __future__ import annotations

from mfbook.datasets import Split
import numpy as np
import pandas as pd

AGES = [0, 18, 25, 35, 45, 50, 56, 200]
YEARS = [0, *range(1930, 1990, 10), 1985, *range(1990, 2000)]

Features = tuple[np.ndarray | None, np.ndarray | None]


def implicit(split: Split) -> Features:
    """User and item features that say who rated what, each row scaled to length 1.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only the pairs of ``split.train`` are read, not its ratings, and nothing of the evaluation
        set.

    Returns
    -------
    tuple of numpy.ndarray
        Of the users, ``(n_users, n_items)``, and of the items, ``(n_items, n_users)``; float32.

    Notes
    -----
    Chapter 9 uses them.

    Examples
    --------
    >>> from mfbook import datasets
    >>> users, items = implicit(datasets.load("synthetic"))
    >>> users.shape, items.shape
    ((943, 1682), (1682, 943))
    """
    rated = np.zeros((split.n_users, split.n_items), np.float32)
    rated[split.train["user_idx"], split.train["item_idx"]] = 1
    return _unit_rows(rated), _unit_rows(rated.T)


def attributes(split: Split) -> Features:
    """One-hot features: age group, gender, occupation of users; genres, year group of items.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only ``split.users`` and ``split.items`` are read.

    Returns
    -------
    tuple of (numpy.ndarray or None)
        Of the users and of the items, ``(n, n_features)``, float32; None where nothing is known.

    Notes
    -----
    Chapter 9 uses them.

    Examples
    --------
    The twin's users have no attributes, its items have genres and years:

    >>> from mfbook import datasets
    >>> users, items = attributes(datasets.load("synthetic"))
    >>> users is None, items.shape
    (True, (1682, 23))
    """
    users, items = split.users, split.items
    of_users = [pd.get_dummies(users[c]) for c in ("gender", "occupation") if c in users]
    if "age" in users:
        of_users.append(pd.get_dummies(pd.cut(users["age"], AGES)))
    of_items = [items["genres"].str.get_dummies("|")] if "genres" in items else []
    if "title" in items:
        year = items["title"].str.extract(r"\((\d{4})\)")[0].astype(float)
        of_items.append(pd.get_dummies(pd.cut(year, sorted(set(YEARS)))))
    user_features, item_features = (
        pd.concat(tables, axis=1).to_numpy(np.float32) if tables else None
        for tables in (of_users, of_items)
    )
    return user_features, item_features


def stack(*features: Features) -> Features:
    """Several feature matrices of the same rows as one, their columns side by side.

    Parameters
    ----------
    *features : tuple of (numpy.ndarray or None)
        As `implicit` and `attributes` return them.

    Returns
    -------
    tuple of (numpy.ndarray or None)
        Of the users and of the items; None where there is nothing to stack.

    Notes
    -----
    Chapter 9 stacks both kinds.

    Examples
    --------
    >>> users, items = stack((np.ones((3, 2)), None), (np.zeros((3, 1)), None))
    >>> users.shape, items is None
    ((3, 3), True)
    """
    sides = ([pair[0] for pair in features], [pair[1] for pair in features])
    users, items = ([t for t in tables if t is not None] for tables in sides)
    return np.hstack(users) if users else None, np.hstack(items) if items else None


def _unit_rows(table: np.ndarray) -> np.ndarray:
    return table / np.sqrt(np.maximum((table**2).sum(axis=1, keepdims=True), 1))
