"""Read ratings from a delimited text file, or say exactly what is wrong with the file."""

from __future__ import annotations

from itertools import chain
import math
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Literal

from mfbook._validation import as_float, shown
from mfbook.datasets._blocks import read_blocks
from mfbook.datasets._diagnosis import first_error
from mfbook.datasets._numbering import has_repeats, number_pairs
from mfbook.datasets._parquet import is_parquet, read_parquet
from mfbook.datasets._parsing import parse_digits, parse_text
from mfbook.datasets._textfile import Layout, Lines
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals


def read_ratings(
    path: str | PathLike[str],
    *,
    sep: str = "\t",
    user: int | str = 0,
    item: int | str = 1,
    rating: int | str = 2,
    timestamp: int | str | None = None,
    ids: Literal["numbers", "texts"] = "numbers",
    scale: tuple[float, float] = (1, 5),
) -> pd.DataFrame:
    r"""Read ratings from a delimited text file, or from a Parquet file.

    A text may be compressed with gzip or zstd, and may have a byte order mark and Windows line
    ends. Every line must have as many fields as the first. It is read in blocks, so that memory
    holds little more than the result; for a large file a progress bar counts its bytes.

    Parameters
    ----------
    path : str or path-like
        The file, with one rating per line. What kind of file it is, its first bytes tell. Zstd
        needs Python 3.14 or ``pip install mfbook[zstd]``, Parquet ``pip install mfbook[parquet]``.
    sep : str
        Separator of the fields of a text: for example ``"\t"`` (a tab), ``","`` or ``"::"``.
    user, item, rating : int or str
        The column of each: its number, counted from 0, or its name. With names, the first line
        of the file must be its header. A Parquet file has names.
    timestamp : int or str, optional
        The column of the timestamps, in seconds. Without it the result has no such column.
    ids : {"numbers", "texts"}
        What users and items in a text are called: whole numbers, or any texts. With
        ``"numbers"`` a text is an error, so that a mistyped number is noticed. A Parquet file
        says itself what its columns hold.
    scale : tuple of float
        The lowest and the highest possible rating.

    Returns
    -------
    pandas.DataFrame
        One row per rating, in the order of the file: ``user_id`` and ``item_id`` (int64, or a
        category if they are texts), ``rating`` (float32) and, if a column is given,
        ``timestamp`` (int64).

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
    _check_arguments(path, sep, columns, ids, scale)
    columns = {name: c if isinstance(c, str) else int(c) for name, c in columns.items()}
    texts = ("user_id", "item_id") if ids == "texts" else ()
    layout = Layout(Path(path), sep, columns, texts, scale)
    in_rows = is_parquet(layout.path)
    if in_rows:
        table = read_parquet(layout)
    else:
        try:
            table = _read_text(layout, "utf-8")
        except UnicodeDecodeError:
            table = _read_text(layout, "latin-1")
    _check_repeats(layout, table, in_rows)
    return table


def _read_text(layout: Layout, encoding: str) -> pd.DataFrame:
    """Return all ratings of a text file; raise `DataError` for the first wrong line."""
    blocks = read_blocks(layout.path)
    first = next(blocks, b"")
    if not first.strip():
        raise DataError(f"{layout.path} is empty. It should have one rating per line.")
    # Two lines tell whether a quotation mark opens a field in the first that does not end there.
    beginning = b"\n".join(first.split(b"\n", 2)[:2])
    _, fields = next(Lines.decode(layout, beginning, 1, encoding).rows())
    positions = layout.positions(fields)
    if layout.has_header:
        first = first.partition(b"\n")[2]
    number = layout.first_line
    columns = {name: _Column(name in layout.texts, name) for name in layout.columns}
    for raw in chain([first] if first else [], blocks):
        table = parse_digits(raw, layout, positions, len(fields))
        if table is None:
            lines = Lines.decode(layout, raw, number, encoding)
            table = parse_text(lines, positions, len(fields))
        # False for NaN as well.
        if table is None or not table["rating"].between(*layout.scale).all():
            lines = Lines.decode(layout, raw, number, encoding)
            raise first_error(lines, positions, len(fields))
        for name, column in columns.items():
            column.append(table[name])
        number += len(table)
    if number == layout.first_line:
        raise DataError(f"{layout.path} has a header and no ratings. Add one rating per line.")
    return pd.DataFrame({n: column.joined() for n, column in columns.items()}, copy=False)


class _Column:
    """A column of the result, which grows in place: it is never in memory twice."""

    def __init__(self, is_text: bool, name: str) -> None:
        self._texts: list[pd.Series] | None = [] if is_text else None
        self._numbers = np.empty(0, np.float32 if name == "rating" else np.int64)
        self._length = 0

    def append(self, values: pd.Series) -> None:
        if self._texts is not None:
            self._texts.append(values)
            return
        end = self._length + len(values)
        if end > len(self._numbers):
            # What is not yet written takes no memory.
            self._numbers.resize(2 * end, refcheck=False)
        self._numbers[self._length : end] = values
        self._length = end

    def joined(self) -> object:
        if self._texts is not None:
            return union_categoricals(self._texts, sort_categories=True)
        self._numbers.resize(self._length, refcheck=False)
        return self._numbers


def _check_repeats(layout: Layout, table: pd.DataFrame, in_rows: bool) -> None:
    """Raise `DataError` if a user rates an item twice."""
    pairs = number_pairs(table)
    if has_repeats(pairs):
        second = int(pd.Series(pairs).duplicated().to_numpy().argmax())
        first = int((pairs == pairs[second]).argmax())
        user, item = (table[column].iloc[second] for column in ("user_id", "item_id"))
        place, start = ("in rows", 0) if in_rows else ("on lines", layout.first_line)
        raise DataError(
            f"{layout.path}: user {user} rates item {item} twice, {place} {first + start} and "
            f"{second + start}. Keep one of the two."
        )


def _check_arguments(
    path: object, sep: object, columns: dict[str, int | str], ids: object, scale: object
) -> None:
    if not isinstance(path, str | PathLike) or not str(path):
        raise DataError(f"path is {shown(path)}; pass the path of a file of ratings.")
    if not isinstance(sep, str) or not sep or set(sep) & set('\r\n"'):
        raise DataError(
            f"sep is {shown(sep)}; it must be the text between two fields of a line, for example "
            '"\\t" (a tab), "," or "::".'
        )
    for name, column in columns.items():
        whole = isinstance(column, Integral) and not isinstance(column, bool)
        if not isinstance(column, str) and (not whole or column < 0):
            raise DataError(
                f"The column of the {name} is {shown(column)}; "
                "pass its name, or its number counted from 0."
            )
    if len({isinstance(column, str) for column in columns.values()}) > 1:
        raise DataError(f"Some columns have names and some have numbers: {columns}. Use one kind.")
    if len(set(columns.values())) < len(columns):
        raise DataError(f"Two of the columns are the same: {columns}. Pass different ones.")
    if not isinstance(ids, str) or ids not in ("numbers", "texts"):
        raise DataError(f"ids is {shown(ids)}; it must be 'numbers' or 'texts'.")
    if not (
        isinstance(scale, tuple)
        and len(scale) == 2
        and -math.inf < as_float(scale[0]) < as_float(scale[1]) < math.inf
    ):
        raise DataError(
            f"scale is {shown(scale)}; it must be (lowest, highest), for example (1, 5)."
        )
