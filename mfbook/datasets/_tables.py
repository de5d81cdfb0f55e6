"""Check tables of ratings, and number their users and items from 0."""

from __future__ import annotations

from collections.abc import Sequence

from mfbook.datasets._diagnosis import LARGEST_ID
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

# The columns of ids that can be sorted, by the word of `pandas.api.types.infer_dtype` for them.
KINDS_OF_ID = {
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "string": "texts",
    "date": "dates",
    "datetime": "times",
    "datetime64": "times",
    "empty": "nothing",
}


def check_table(table: object, name: str, columns: Sequence[str]) -> None:
    """Raise `DataError` unless ``table`` is a `pandas.DataFrame` that has each column once.

    Examples
    --------
    >>> check_table(pd.DataFrame({"user_id": [7]}), "my films", ["user_id", "rating"])
    Traceback (most recent call last):
    ...
    mfbook.exceptions.DataError: my films: the table has no column rating. Its columns are: \
user_id. Rename or add what is missing.
    """
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"{name}: the table is of the type {type(table).__name__}. Pass a pandas DataFrame "
            f"with the columns {', '.join(columns)}."
        )
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise DataError(
            f"{name}: the table has no column {', '.join(missing)}. "
            f"Its columns are: {', '.join(map(str, table.columns))}. Rename or add what is missing."
        )
    twice = [column for column in columns if (table.columns == column).sum() > 1]
    if twice:
        raise DataError(f"{name}: the table has the column {twice[0]} twice. Drop or rename one.")


def check_indexed(ratings: pd.DataFrame, name: str, n_users: int, n_items: int) -> None:
    """Raise `DataError` unless the ratings have numbers and indices of existing users and items.

    Examples
    --------
    >>> ratings = pd.DataFrame({"user_idx": [0], "item_idx": [7], "rating": [5.0]})
    >>> check_indexed(ratings, "my films", n_users=1, n_items=3)
    Traceback (most recent call last):
    ...
    mfbook.exceptions.DataError: my films: item_idx is 7 in row 0, but there are only 3 items. \
Make splits with datasets.make_split.
    """
    remedy = "Make splits with datasets.make_split."
    check_table(ratings, name, ("user_idx", "item_idx", "rating"))
    for column, kinds in (("user_idx", "iu"), ("item_idx", "iu"), ("rating", "iufb")):
        dtype = ratings.dtypes[column]
        if dtype.kind not in kinds:
            raise DataError(f"{name}: the column {column} has the type {dtype}. {remedy}")
    for column, size, what in (("user_idx", n_users, "users"), ("item_idx", n_items, "items")):
        idx = ratings[column].to_numpy()
        outside = np.flatnonzero((idx < 0) | (idx >= size))
        if len(outside):
            raise DataError(
                f"{name}: {column} is {idx[outside[0]]} in row {outside[0]}, but there are only "
                f"{size:,} {what}. {remedy}"
            )


def validate_ratings(ratings: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the ratings with ``rating`` as float32; raise `DataError` for the first error.

    Examples
    --------
    >>> ratings = pd.DataFrame({"user_id": [7, 7], "item_id": [1, 2], "rating": [4, None]})
    >>> validate_ratings(ratings, "my films")
    Traceback (most recent call last):
    ...
    mfbook.exceptions.DataError: my films, row 1: the rating is missing or not a number. \
Drop that row or fill it in.
    """
    check_table(ratings, name, ("user_id", "item_id", "rating"))
    for column in ("user_id", "item_id"):
        _kind_of_ids(ratings[column], f"{name}: {column}")
    ratings = ratings.assign(rating=_as_numbers(ratings["rating"], name))
    for column in ("user_id", "item_id", "rating"):
        values = ratings[column]
        wrong = values.isna().to_numpy() | values.isin([np.inf, -np.inf]).to_numpy()
        if wrong.any():
            raise DataError(
                f"{name}, row {int(wrong.argmax())}: the {column} is missing or not a number. "
                "Drop that row or fill it in."
            )
    for column in ("user_id", "item_id"):
        ratings = ratings.assign(**{column: _exact_ids(ratings[column], f"{name}: {column}")})
    repeated = ratings.duplicated(["user_id", "item_id"]).to_numpy()
    if repeated.any():
        row = ratings.iloc[int(repeated.argmax())]
        raise DataError(
            f"{name}, row {int(repeated.argmax())}: user {row['user_id']} rates item "
            f"{row['item_id']} a second time. Keep one of the two ratings."
        )
    return ratings


def _as_numbers(ratings: pd.Series, name: str) -> pd.Series:
    """Return ratings as float32, NaN where they are no numbers; refuse dates and the like."""
    kind = pd.api.types.infer_dtype(ratings)
    if not kind.startswith(("date", "time", "period", "interval")):
        numbers = pd.to_numeric(ratings, errors="coerce")
        if not np.iscomplexobj(numbers):
            return numbers.astype(np.float32)
        kind = "complex"
    raise DataError(
        f"{name}: the column rating holds values of the type {kind}. Ratings must be numbers: "
        "pass another column."
    )


def _exact_ids(ids: pd.Series, what: str) -> pd.Series:
    """Return numbers as int64, other ids as they are; raise `DataError` for inexact numbers.

    Beyond 2**53 a float may stand for several whole numbers, so different ids would become one.
    """
    kind = ids.dtype.kind if isinstance(ids.dtype, np.dtype) else ""
    if kind not in "fu" or not kind:
        return ids
    limit = 2**53 if kind == "f" else LARGEST_ID
    wrong = ((ids > limit) | (ids < -limit) | (ids % 1 != 0)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{what} is {ids.iloc[row]} in row {row}, which is no whole number or too large to be "
            "exact. Pass ids as int64 or as texts."
        )
    return ids.astype(np.int64)


def _kind_of_ids(ids: pd.Series, what: str) -> str:
    """Return whether ids are numbers, texts, dates or times; raise `DataError` otherwise."""
    found = pd.api.types.infer_dtype(ids)
    if found not in KINDS_OF_ID:
        raise DataError(
            f"{what} holds values of the type {found}. Ids must be all whole numbers, all texts or "
            "all dates."
        )
    return KINDS_OF_ID[found]


def check_comparable(train: pd.DataFrame, test: pd.DataFrame, name: str) -> None:
    """Raise `DataError` if the ids of two tables cannot be compared, such as texts with numbers.

    Examples
    --------
    >>> train = pd.DataFrame({"user_id": [7], "item_id": ["tea"]})
    >>> test = pd.DataFrame({"user_id": [7], "item_id": [3]})
    >>> check_comparable(train, test, "my drinks")
    Traceback (most recent call last):
    ...
    mfbook.exceptions.DataError: my drinks: item_id holds texts in the training set and numbers \
in the test set. Convert one of them.
    """
    for column in ("user_id", "item_id"):
        one, other = (_kind_of_ids(t[column], f"{name}: {column}") for t in (train, test))
        if len(train) and len(test) and one != other:
            raise DataError(
                f"{name}: {column} holds {one} in the training set and {other} in the test set. "
                "Convert one of them."
            )


def check_disjoint(train: pd.DataFrame, test: pd.DataFrame, name: str) -> None:
    """Raise `DataError` if a pair of user and item is in both tables."""
    both = train.merge(test, on=["user_id", "item_id"])
    if len(both):
        raise DataError(
            f"{name}: {len(both)} pair(s) of user and item are in both the training and the test "
            f"set; the first is user {both['user_id'][0]} with item {both['item_id'][0]}. "
            "Remove them from one of the two."
        )


def add_indices(ratings: pd.DataFrame, user_ids: np.ndarray, item_ids: np.ndarray) -> pd.DataFrame:
    """Return the ratings with ``user_idx`` and ``item_idx``, the positions in the sorted ids."""
    return ratings.assign(
        user_idx=np.searchsorted(user_ids, ratings["user_id"]).astype(np.int32),
        item_idx=np.searchsorted(item_ids, ratings["item_id"]).astype(np.int32),
    ).reset_index(drop=True)


def describe_ids(
    column: str, ids: np.ndarray, descriptions: pd.DataFrame | None, name: str
) -> pd.DataFrame:
    """Return a table with one row per id and the columns of ``descriptions``, if there are any.

    An id without a description has missing values.

    Examples
    --------
    >>> titles = pd.DataFrame({"item_id": [5, 3], "title": ["Emma", "Ulysses"]})
    >>> describe_ids("item_id", np.array([3, 4, 5]), titles, "my books")["title"].tolist()
    ['Ulysses', nan, 'Emma']
    """
    table = pd.DataFrame({column: ids})
    if descriptions is None:
        return table
    what = f"{name}: the table of {column.removesuffix('_id')}s"
    if not isinstance(descriptions, pd.DataFrame):
        raise DataError(
            f"{what} is of the type {type(descriptions).__name__}. Pass a pandas DataFrame with "
            f"the column {column}."
        )
    if column not in descriptions:
        raise DataError(f"{what} has no column {column}. Add it.")
    described = descriptions[column]
    if described.isna().any():
        row = int(described.isna().to_numpy().argmax())
        raise DataError(f"{what} has no {column} in row {row}. Drop that row or fill it in.")
    described = _exact_ids(described, f"{what}: {column}")
    descriptions = descriptions.assign(**{column: described})
    repeated = described.duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        raise DataError(
            f"{what} has the {column} {described.iloc[row]} a second time in row {row}. "
            f"Keep one row per {column}."
        )
    one, other = _kind_of_ids(table[column], name), _kind_of_ids(described, f"{what}: {column}")
    if len(described) and one != other:
        raise DataError(
            f"{what} has {other} for {column}, the ratings have {one}. Convert one of them."
        )
    return table.merge(descriptions, on=column, how="left")
