"""Check tables of ratings."""

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
        # The nullable types of pandas have a kind too, but are no indices for NumPy.
        if not isinstance(dtype, np.dtype) or dtype.kind not in kinds:
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
    # A column may be the index as well; messages count rows from 0.
    ratings = _native(ratings.reset_index(drop=True))
    ids = {column: _plain(ratings[column]) for column in ("user_id", "item_id")}
    for column, values in ids.items():
        kind_of_ids(values, f"{name}: {column}")
    rating = _as_numbers(_plain(ratings["rating"]), name)
    for column, values in (*ids.items(), ("rating", rating)):
        wrong = _missing(values)
        if wrong.any():
            raise DataError(
                f"{name}, row {int(wrong.argmax())}: the {column} is missing or not a number. "
                "Drop that row or fill it in."
            )
    exact = {column: exact_ids(values, f"{name}: {column}") for column, values in ids.items()}
    return ratings.assign(rating=rating, **exact)


def _native(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in the byte order of this machine, without which pandas takes no rows."""
    foreign = {
        column: dtype.newbyteorder("=")
        for column, dtype in table.dtypes.items()
        if isinstance(dtype, np.dtype) and not dtype.isnative
    }
    return table.astype(foreign) if foreign else table


def _plain(values: pd.Series) -> pd.Series:
    """Return a column as it is, or its values if it is sparse or has categories but no texts."""
    if isinstance(values.dtype, pd.SparseDtype):
        return pd.Series(np.asarray(values), values.index)
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = values.cat.categories
        if pd.api.types.infer_dtype(categories) != "string":
            return pd.Series(np.asarray(values), values.index)
    return values


def _missing(values: pd.Series) -> np.ndarray:
    """Return which values are missing or infinite."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf":
        return ~np.isfinite(values.to_numpy())
    return values.isna().to_numpy() | values.isin([np.inf, -np.inf]).to_numpy()


def _as_numbers(ratings: pd.Series, name: str) -> pd.Series:
    """Return ratings as float32, NaN where they are no numbers; refuse dates and the like."""
    kind = pd.api.types.infer_dtype(ratings)
    if not kind.startswith(("date", "time", "period", "interval")):
        try:
            numbers = pd.to_numeric(ratings, errors="coerce")
        except OverflowError:
            raise DataError(
                f"{name}: the column rating has a number that is too large for a float. Fix or "
                "drop its row."
            ) from None
        if not np.iscomplexobj(numbers):
            return numbers.astype(np.float32)
        kind = "complex"
    raise DataError(
        f"{name}: the column rating holds values of the type {kind}. Ratings must be numbers: "
        "pass another column."
    )


def exact_ids(ids: pd.Series, what: str) -> pd.Series:
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


def kind_of_ids(ids: pd.Series, what: str) -> str:
    """Return whether ids are numbers, texts, dates or times; raise `DataError` otherwise."""
    if isinstance(ids.dtype, pd.CategoricalDtype):
        ids = pd.Series(ids.cat.categories)
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
        one, other = (kind_of_ids(t[column], f"{name}: {column}") for t in (train, test))
        if len(train) and len(test) and one != other:
            raise DataError(
                f"{name}: {column} holds {one} in the training set and {other} in the test set. "
                "Convert one of them."
            )
