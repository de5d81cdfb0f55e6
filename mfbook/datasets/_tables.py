"""Check tables of ratings, and number their users and items from 0."""

from __future__ import annotations

from mfbook.exceptions import DataError
import numpy as np
import pandas as pd


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
    missing = {"user_id", "item_id", "rating"} - set(ratings.columns)
    if missing:
        raise DataError(
            f"{name}: the table has no column {', '.join(sorted(missing))}. "
            f"Its columns are: {', '.join(map(str, ratings.columns))}. Rename or add what is missing."
        )
    numbers = pd.to_numeric(ratings["rating"], errors="coerce").astype(np.float32)
    ratings = ratings.assign(rating=numbers)
    for column in ("user_id", "item_id", "rating"):
        values = ratings[column]
        wrong = values.isna().to_numpy() | values.isin([np.inf, -np.inf]).to_numpy()
        if wrong.any():
            raise DataError(
                f"{name}, row {int(wrong.argmax())}: the {column} is missing or not a number. "
                "Drop that row or fill it in."
            )
    repeated = ratings.duplicated(["user_id", "item_id"]).to_numpy()
    if repeated.any():
        row = ratings.iloc[int(repeated.argmax())]
        raise DataError(
            f"{name}, row {int(repeated.argmax())}: user {row['user_id']} rates item "
            f"{row['item_id']} a second time. Keep one of the two ratings."
        )
    return ratings


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
    """Return a table with one row per id and the columns of ``descriptions``, if there are any."""
    table = pd.DataFrame({column: ids})
    if descriptions is None:
        return table
    argument = column.removesuffix("_id") + "s"
    if column not in descriptions:
        raise DataError(f"{name}: the table of {argument} has no column {column}. Add it.")
    repeated = descriptions[column].duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        raise DataError(
            f"{name}: the table of {argument} has the {column} {descriptions[column].iloc[row]} "
            f"a second time in row {row}. Keep one row per {column}."
        )
    return table.merge(descriptions, on=column, how="left")
