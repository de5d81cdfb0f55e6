"""What is known of users and items besides the values of the ratings, as feature matrices."""

from __future__ import annotations

from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import DataError
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

    Raises
    ------
    ValueError
        If ``split`` is not a `Split`.

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
    check_split(split)
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
        Of the users and of the items, ``(n, n_features)``, float32; None for the side of which
        nothing is known. Where only one user's or item's attribute is missing, it has zeros.

    Raises
    ------
    DataError
        If nothing is known of either side, or an attribute is not of the type it must be.

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
    check_split(split)
    users, items = split.users, split.items
    of_users = [pd.get_dummies(users[c]) for c in ("gender", "occupation") if c in users]
    if "age" in users:
        of_users.append(pd.get_dummies(pd.cut(_numbers(users["age"], split.name), AGES)))
    of_items = []
    if "genres" in items:
        of_items.append(_texts(items["genres"], split.name).str.get_dummies("|"))
    if "title" in items:
        title = _texts(items["title"], split.name)
        year = title.str.extract(r"\((\d{4})\)")[0].astype(float)
        of_items.append(pd.get_dummies(pd.cut(year, sorted(set(YEARS)))))
    of_users, of_items = ([t for t in tables if t.shape[1]] for tables in (of_users, of_items))
    if not of_users and not of_items:
        raise DataError(
            f"{split.name} has no attributes: its users have no gender, occupation or age, its "
            "items no genres or title. Pass tables with such columns to datasets.make_split, or "
            "leave attributes out."
        )
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

    Raises
    ------
    ValueError
        If the matrices of a side differ in their numbers of rows.

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
    for name, tables in (("users", users), ("items", items)):
        rows = [len(table) for table in tables]
        if len(set(rows)) > 1:
            raise ValueError(
                f"The feature matrices of the {name} have {' and '.join(map(str, rows))} rows. "
                "Stack features of the same split."
            )
    return np.hstack(users) if users else None, np.hstack(items) if items else None


def _unit_rows(table: np.ndarray) -> np.ndarray:
    return table / np.sqrt(np.maximum((table**2).sum(axis=1, keepdims=True), 1))


def _texts(column: pd.Series, name: str) -> pd.Series:
    """Return a column of texts, empty where they are missing."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind != "string" and not column.isna().all():
        raise DataError(
            f"{name}: the column {column.name} of the items holds values of the type {kind}, not "
            "texts. Convert or drop that column."
        )
    return column.astype(object).where(column.notna(), "").astype(str)


def _numbers(column: pd.Series, name: str) -> pd.Series:
    """Return a column of numbers, NaN where they are missing."""
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & column.notna()]
    if len(wrong):
        raise DataError(
            f"{name}: the column {column.name} of the users has {wrong.iloc[0]!r} in row "
            f"{wrong.index[0]}, which is not a number. Fix or drop that column."
        )
    return numbers
