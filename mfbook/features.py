"""What is known of users and items besides the values of the ratings, as feature matrices."""

from __future__ import annotations

from mfbook._validation import check_memory, shown
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

AGES = [0, 18, 25, 35, 45, 50, 56, 200]
YEARS = [0, *range(1930, 1990, 10), 1985, *range(1990, 2000)]
LAST_YEAR = 9999

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
        If ``split`` is not a `Split`, or the two matrices would take more than 2 GB.

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
    check_memory(
        2 * 4 * split.n_users * split.n_items,
        f"The implicit features of {split.n_users:,} users and {split.n_items:,} items",
        "Leave them out, or keep only the ratings of some users and items.",
    )
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
    users, items, name = split.users, split.items, split.name
    for table in (users, items):
        twice = table.columns[table.columns.duplicated()]
        if len(twice):
            raise DataError(f"{name} has the column {twice[0]} twice. Keep one of them.")
    of_users = [_one_hot(users[c], name) for c in ("gender", "occupation") if c in users]
    if "age" in users:
        ages = _ages(users["age"], name)
        of_users.append(pd.get_dummies(pd.cut(ages, AGES, include_lowest=True)))
    of_items = []
    if "genres" in items:
        of_items.append(_genres(_texts(items["genres"], name), name))
    if "title" in items:
        title = _texts(items["title"], name)
        year = title.str.extract(r"\((\d{4})\)")[0].astype(float)
        # Newer titles make one more group.
        newer = [LAST_YEAR] if (year > max(YEARS)).any() else []
        of_items.append(pd.get_dummies(pd.cut(year, sorted({*YEARS, *newer}))))
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
    for position, pair in enumerate(features):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(
                f"features[{position}] is a {type(pair).__name__}; it must be a pair: the features "
                "of the users, and those of the items, each a matrix or None."
            )
    users, items = ([pair[side] for pair in features] for side in (0, 1))
    return _side_by_side(users, "users"), _side_by_side(items, "items")


def _side_by_side(tables: list[np.ndarray | None], side: str) -> np.ndarray | None:
    given = [table for table in tables if table is not None]
    for table in given:
        if not isinstance(table, np.ndarray) or table.ndim != 2 or table.dtype.kind not in "iuf":
            raise ValueError(
                f"A feature matrix of the {side} is {shown(table)}; it must be a NumPy array of "
                "numbers with two axes, one row for each."
            )
    rows = [len(table) for table in given]
    if len(set(rows)) > 1:
        raise ValueError(
            f"The feature matrices of the {side} have {' and '.join(map(str, rows))} rows. "
            "Stack features of the same split."
        )
    return np.hstack(given) if given else None


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
    # As objects: pandas makes a genre of an empty text if pyarrow holds the texts.
    return column.astype(object).where(column.notna(), "").astype(str).astype(object)


def _one_hot(column: pd.Series, name: str) -> pd.DataFrame:
    """Return one column for each value."""
    if not column.map(pd.api.types.is_hashable).all():
        raise DataError(
            f"{name}: the column {column.name} of the users has a list or a dict in a row. Put one "
            "text or number into each row, or drop that column."
        )
    _check_distinct(column, column.nunique(), name)
    # pandas has no index of these types.
    unusual = column.dtype in (np.float16, np.longdouble)
    return pd.get_dummies(column.astype(float) if unusual else column)


def _genres(genres: pd.Series, name: str) -> pd.DataFrame:
    """Return one column for each genre, of texts such as Action|Drama."""
    _check_distinct(genres, genres.str.split("|").explode().nunique(), name)
    return genres.str.get_dummies("|")


def _check_distinct(column: pd.Series, n_distinct: int, name: str) -> None:
    """Raise `DataError` if a column of one-hot features for each value would be too many."""
    try:
        check_memory(
            # As 64-bit integers, which pandas makes of genres.
            8 * len(column) * n_distinct,
            f"{name}: the one-hot features of the column {column.name}, which has "
            f"{n_distinct:,} different values in {len(column):,} rows,",
            "Put values together in fewer groups, or drop that column.",
        )
    except ValueError as error:
        raise DataError(str(error)) from None


def _ages(column: pd.Series, name: str) -> pd.Series:
    """Return a column of ages in years, NaN where they are missing."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind.startswith(("bool", "date", "timedelta", "period", "interval", "complex")):
        raise DataError(
            f"{name}: the column {column.name} of the users holds values of the type {kind}, not "
            "numbers of years. Convert or drop that column."
        )
    try:
        ages = pd.to_numeric(column, errors="coerce").astype(float)
    except OverflowError:
        raise DataError(
            f"{name}: the column {column.name} of the users has a number that is too large for an "
            "age. Fix or drop that column."
        ) from None
    wrong = column.notna() & ~ages.between(AGES[0], AGES[-1])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError(
            f"{name}: the column {column.name} of the users has {shown(column.iloc[row])} in row {row}, which is "
            f"not a number of years from {AGES[0]} to {AGES[-1]}. Fix or drop that column."
        )
    return ages
