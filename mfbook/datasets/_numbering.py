"""Number users and items from 0, find repeated pairs, and describe what has been numbered."""

from __future__ import annotations

from mfbook.datasets._tables import exact_ids, kind_of_ids
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

# Whole numbers in a range up to this long, or this many times the number of rows, are looked up
# in a table, which is faster than hashing them.
TABLE_LENGTH, TABLE_FACTOR = 2**20, 2


def number_ids(*columns: pd.Series) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the different ids of all columns, sorted, and each column as positions in them.

    Examples
    --------
    >>> number_ids(pd.Series([70, 9]), pd.Series([9, 12]))
    (array([ 9, 12, 70]), [array([2, 0], dtype=int32), array([0, 1], dtype=int32)])
    """
    if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
        return _number_categories(columns)
    values = [np.asarray(column) for column in columns]
    if all(v.dtype.kind in "iu" for v in values) and any(map(len, values)):
        found = _number_by_table(values)
        if found:
            return found
    every = np.concatenate(values)
    idx, ids = pd.factorize(every, sort=True)
    ends = np.cumsum([len(v) for v in values])[:-1]
    return np.asarray(ids), np.split(idx.astype(np.int32), ends)


def _number_categories(columns: tuple[pd.Series, ...]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number texts that are stored once each, without looking at the text of every row."""
    used = [
        np.flatnonzero(np.bincount(c.cat.codes, minlength=len(c.cat.categories))) for c in columns
    ]
    ids, positions = number_ids(
        *(
            pd.Series(np.asarray(column.cat.categories, dtype=object)[codes], dtype=object)
            for column, codes in zip(columns, used, strict=True)
        )
    )
    indices = []
    for column, codes, position in zip(columns, used, positions, strict=True):
        lookup = np.full(len(column.cat.categories), -1, np.int32)
        lookup[codes] = position
        indices.append(lookup[column.cat.codes.to_numpy()])
    return ids, indices


def _number_by_table(values: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]] | None:
    """Number whole numbers by a table of their range; return None if that is too long."""
    filled = [v for v in values if len(v)]
    low, high = min(int(v.min()) for v in filled), max(int(v.max()) for v in filled)
    if high - low >= max(TABLE_LENGTH, TABLE_FACTOR * sum(map(len, values))):
        return None
    occurs = np.zeros(high - low + 1, bool)
    for v in filled:
        occurs[np.subtract(v, low, dtype=np.int64)] = True
    ids = (np.flatnonzero(occurs) + low).astype(np.result_type(*values))
    positions = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
    return ids, [positions[np.subtract(v, low, dtype=np.int64)] for v in values]


def number_pairs(ratings: pd.DataFrame) -> np.ndarray:
    """Return a whole number for each row: the same only for the same user and item."""
    _, (user_idx,) = number_ids(ratings["user_id"])
    item_ids, (item_idx,) = number_ids(ratings["item_id"])
    return combine(user_idx, item_idx, len(item_ids))


def combine(user_idx: np.ndarray, item_idx: np.ndarray, n_items: int) -> np.ndarray:
    """Return pairs of indices as one whole number each, int64."""
    pairs = user_idx.astype(np.int64)
    pairs *= n_items
    pairs += item_idx
    return pairs


def check_repeats(ratings: pd.DataFrame, pairs: np.ndarray, name: str) -> None:
    """Raise `DataError` if a pair of user and item, given as a whole number, occurs twice."""
    if not has_repeats(pairs):
        return
    row = int(pd.Series(pairs).duplicated().to_numpy().argmax())
    user, item = (ratings[column].iloc[row] for column in ("user_id", "item_id"))
    raise DataError(
        f"{name}, row {row}: user {user} rates item {item} a second time. "
        "Keep one of the two ratings."
    )


def has_repeats(pairs: np.ndarray) -> bool:
    """Return whether a whole number occurs twice.

    Examples
    --------
    >>> has_repeats(np.array([3, 1, 3])), has_repeats(np.array([3, 1, 2]))
    (True, False)
    """
    # Many tables are sorted.
    if (pairs[1:] > pairs[:-1]).all():
        return False
    ordered = np.sort(pairs)
    return bool((ordered[1:] == ordered[:-1]).any())


def check_disjoint(
    train: pd.DataFrame, pairs: np.ndarray, test_pairs: np.ndarray, name: str
) -> None:
    """Raise `DataError` if a pair is in both sets, each of which has every pair once."""
    if not has_repeats(np.concatenate([pairs, test_pairs])):
        return
    both = np.flatnonzero(np.isin(pairs, test_pairs))
    user, item = (train[column].iloc[both[0]] for column in ("user_id", "item_id"))
    raise DataError(
        f"{name}: {len(both)} pair(s) of user and item are in both the training and the test "
        f"set; the first is user {user} with item {item}. Remove them from one of the two."
    )


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
    # The index may have the name of the column as well.
    descriptions = descriptions.reset_index(drop=True)
    described = descriptions[column]
    if described.isna().any():
        row = int(described.isna().to_numpy().argmax())
        raise DataError(f"{what} has no {column} in row {row}. Drop that row or fill it in.")
    described = exact_ids(described, f"{what}: {column}")
    descriptions = descriptions.assign(**{column: described})
    repeated = described.duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        raise DataError(
            f"{what} has the {column} {described.iloc[row]} a second time in row {row}. "
            f"Keep one row per {column}."
        )
    one, other = kind_of_ids(table[column], name), kind_of_ids(described, f"{what}: {column}")
    if len(described) and one != other:
        raise DataError(
            f"{what} has {other} for {column}, the ratings have {one}. Convert one of them."
        )
    return table.merge(descriptions, on=column, how="left")
