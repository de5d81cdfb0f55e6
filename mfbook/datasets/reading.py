"""Read ratings from a delimited text file, or say exactly what is wrong with the file."""

from __future__ import annotations

from collections.abc import Mapping
import io
import math
from os import PathLike

from mfbook._validation import as_float
from mfbook.datasets._diagnosis import first_error
from mfbook.datasets._textfile import TextFile
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

# Nineteen digits are enough for 2**63 - 1, the largest int64.
WHOLE_NUMBER = "[0-9]{1,19}"


def read_ratings(
    path: str | PathLike[str],
    *,
    sep: str = "\t",
    user: int | str = 0,
    item: int | str = 1,
    rating: int | str = 2,
    timestamp: int | str | None = None,
    scale: tuple[float, float] = (1, 5),
) -> pd.DataFrame:
    r"""Read ratings from a delimited text file.

    The file may have a byte order mark and Windows line ends. Every line must have as many
    fields as the first.

    Parameters
    ----------
    path : str or path-like
        The file, with one rating per line.
    sep : str
        Separator of the fields: for example ``"\t"`` (a tab), ``","`` or ``"::"``.
    user, item, rating : int or str
        The column of each: its number, counted from 0, or its name. With names, the first line
        of the file must be its header.
    timestamp : int or str, optional
        The column of the timestamps, in seconds. Without it the result has no such column.
    scale : tuple of float
        The lowest and the highest possible rating.

    Returns
    -------
    pandas.DataFrame
        One row per rating, in the order of the file: ``user_id`` and ``item_id`` (int64),
        ``rating`` (float32) and, if a column is given, ``timestamp`` (int64).

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    DataError
        If an argument is impossible, or a line cannot be read as a rating; the message names the
        file and the line.

    Notes
    -----
    Explained in appendix B.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook import datasets
    >>> path = Path(tempfile.mkdtemp()) / "books.csv"
    >>> _ = path.write_text("reader,book,stars\n7,12,4\n7,15,2\n")
    >>> datasets.read_ratings(path, sep=",", user="reader", item="book", rating="stars")
       user_id  item_id  rating
    0        7       12     4.0
    1        7       15     2.0
    """
    columns = {"user_id": user, "item_id": item, "rating": rating}
    if timestamp is not None:
        columns["timestamp"] = timestamp
    _check_arguments(sep, columns, scale)
    file = TextFile.read(path, sep, columns)
    positions = file.column_positions()
    # pandas fills a short line with missing values without a warning: count the fields first.
    n_fields = {len(fields) for fields in file.rows()}
    table = _parse(file, positions) if len(n_fields) == 1 else None
    if table is None or not table["rating"].between(*scale).all():
        raise first_error(file, positions, scale)
    _check_repeats(file, table)
    return table.astype({"rating": np.float32})


def _check_arguments(sep: object, columns: dict[str, int | str], scale: object) -> None:
    if not isinstance(sep, str) or not sep or set(sep) & set('\r\n"'):
        raise DataError(
            f"sep is {sep!r}; it must be the text between two fields of a line, for example "
            '"\\t" (a tab), "," or "::".'
        )
    for name, column in columns.items():
        if not isinstance(column, str) and (type(column) is not int or column < 0):
            raise DataError(
                f"The column of the {name} is {column!r}; "
                "pass its name, or its number counted from 0."
            )
    if len({isinstance(column, str) for column in columns.values()}) > 1:
        raise DataError(f"Some columns have names and some have numbers: {columns}. Use one kind.")
    if len(set(columns.values())) < len(columns):
        raise DataError(f"Two of the columns are the same: {columns}. Pass different ones.")
    if not (
        isinstance(scale, tuple)
        and len(scale) == 2
        and -math.inf < as_float(scale[0]) < as_float(scale[1]) < math.inf
    ):
        raise DataError(f"scale is {scale!r}; it must be (lowest, highest), for example (1, 5).")


def _parse(file: TextFile, positions: Mapping[str, int]) -> pd.DataFrame | None:
    """Return the table, or None if any field of it is not as it should be."""
    columns = list(positions.values())
    try:
        table = pd.read_csv(
            io.StringIO(file.text),
            sep=file.sep,
            header=None,
            skiprows=file.first_line - 1,
            usecols=columns,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            quoting=file.quoting,
        )[columns]
        table.columns = pd.Index(positions)
        whole = table.columns.drop("rating")
        if table.empty or not all(table[name].str.fullmatch(WHOLE_NUMBER).all() for name in whole):
            return None
        table["rating"] = pd.to_numeric(table["rating"])
        return table.astype(dict.fromkeys(whole, np.int64) | {"rating": np.float64})
    except (ValueError, KeyError, OverflowError):
        return None


def _check_repeats(file: TextFile, table: pd.DataFrame) -> None:
    """Raise `DataError` if a user rates an item twice."""
    repeated = table.duplicated(["user_id", "item_id"])
    if repeated.any():
        second = int(repeated.to_numpy().argmax())
        user, item = table.loc[second, ["user_id", "item_id"]].astype(int)
        same_pair = (table["user_id"] == user) & (table["item_id"] == item)
        first = int(same_pair.to_numpy().argmax())
        raise DataError(
            f"{file.path}: user {user} rates item {item} twice, on lines "
            f"{first + file.first_line} and {second + file.first_line}. Keep one of the two."
        )
