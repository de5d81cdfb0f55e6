"""Time stamps of ratings, as seconds since 1970."""

from __future__ import annotations

from mfbook._validation import shown
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

# No second since 1970 has so large a number before the year 5000; milliseconds do since 1973.
LARGEST_SECOND = 10**11


def as_seconds(timestamp: object) -> np.ndarray:
    """Time stamps as whole seconds since 1970, int64.

    Parameters
    ----------
    timestamp : array_like or None
        As they are in a table.

    Returns
    -------
    numpy.ndarray of int, shape (n,)

    Raises
    ------
    DataError
        If there are none, or one of them is missing, no number, or no time in seconds.

    Examples
    --------
    >>> as_seconds([881250949, 891717742])
    array([881250949, 891717742])
    """
    if timestamp is None:
        raise DataError(
            "The ratings have no column timestamp. Read it with the other columns, or use a model "
            "without time."
        )
    column = pd.Series(np.asarray(timestamp))
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise DataError(
            f"timestamp holds {column.iloc[0]!r}, which is no number of seconds since 1970. Convert "
            "dates first: pd.to_datetime(column).astype('datetime64[s]').astype('int64')."
        )
    wrong = np.flatnonzero(~((column >= 0) & (column < LARGEST_SECOND)))
    if len(wrong):
        value = column.iloc[wrong[0]]
        hint = " It looks like milliseconds: divide by 1000." if value >= LARGEST_SECOND else ""
        raise DataError(
            f"timestamp has {value} at row {wrong[0]}, which is no number of seconds since 1970.{hint}"
        )
    return column.to_numpy().astype(np.int64)


def as_moment(before: object) -> int:
    """A date, or a number of seconds since 1970, as seconds.

    Parameters
    ----------
    before : str or int
        For example ``"1998-03-01"``: midnight, UTC.

    Returns
    -------
    int

    Raises
    ------
    DataError
        If it is neither.

    Examples
    --------
    >>> as_moment("1970-01-02"), as_moment(60)
    (86400, 60)
    """
    try:
        if isinstance(before, str):
            return int(pd.Timestamp(before, tz="UTC").timestamp())
        return int(as_seconds([before])[0])
    except (DataError, ValueError, TypeError):
        raise DataError(
            f"before is {shown(before)}; it must be a date such as '1998-03-01', or a number of seconds "
            "since 1970."
        ) from None
