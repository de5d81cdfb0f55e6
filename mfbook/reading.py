"""Read a file of ratings, and say exactly what is wrong with it where something is."""

import codecs
import csv
import io
from pathlib import Path
import re

import numpy as np
import pandas as pd

LARGEST_ID = 2**63 - 1
WHOLE = "[0-9]{1,19}"


class DataError(ValueError):
    """Something is wrong with the data; the message says what, where, and what to do."""


def read_ratings(path, *, sep="\t", user=0, item=1, rating=2, timestamp=None, scale=(1, 5)):
    """Read ratings from a delimited text file.

    The file may have a byte order mark and Windows line ends. Every line must have as many
    fields as the first.

    Parameters
    ----------
    path : str or Path
        The file, one rating a line.
    sep : str
        What separates the fields: a tab, ``","`` or ``"::"``.
    user, item, rating : int or str
        Where each stands: a column number from 0, or a name, in which case the first line of
        the file is its header.
    timestamp : int or str, optional
        Likewise; in seconds. Without it the result has no such column.
    scale : tuple of float
        The lowest and the highest rating there can be.

    Returns
    -------
    pandas.DataFrame
        One row a rating in the order of the file: ``user_id`` and ``item_id`` (int64),
        ``rating`` (float32) and, where asked for, ``timestamp`` (int64).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If a line cannot be understood; the message names the file and the line.
    """
    path = Path(path)
    columns = {"user_id": user, "item_id": item, "rating": rating}
    if timestamp is not None:
        columns["timestamp"] = timestamp
    _check_arguments(columns, scale)
    text = _read_text(path)
    inner = sep
    if len(sep) > 1:  # pandas reads one-character separators many times faster
        text, inner = text.replace("\t", " ").replace(sep, "\t"), "\t"
    header = any(isinstance(column, str) for column in columns.values())
    where = _positions(path, next(_rows(path, text, inner)), columns, header, sep)
    lengths = {len(fields) for fields in _rows(path, text, inner)}
    # pandas fills a short line without a word, so the fields were counted here.
    table = _parse(text, inner, columns, header) if len(lengths) == 1 else None
    if table is None or not table["rating"].between(*scale).all():
        _diagnose(path, text, (inner, sep), where, header, scale)
    _refuse_repeats(path, table, first_line=2 if header else 1)
    return table.astype({"rating": np.float32})


def _check_arguments(columns, scale):
    for name, column in columns.items():
        if not isinstance(column, str) and (type(column) is not int or column < 0):
            raise DataError(
                f"The column of the {name} is {column!r}; give its name, or its number from 0."
            )
    if len(set(columns.values())) < len(columns):
        raise DataError(f"Two of the columns are the same: {columns}. Give each its own.")
    if not (isinstance(scale, tuple) and len(scale) == 2 and scale[0] < scale[1]):
        raise DataError(f"scale is {scale!r}; it must be (lowest, highest), for example (1, 5).")


def _read_text(path):
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name the file of ratings in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
    raw = path.read_bytes()
    if raw.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise DataError(f"{path} is compressed. Unpack it, and name the file of ratings in it.")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    if not text.strip():
        raise DataError(f"{path} is empty. It should hold one rating a line.")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _quoting(sep):
    """Return how quotation marks are read: they enclose fields in comma-separated files alone."""
    return csv.QUOTE_MINIMAL if sep == "," else csv.QUOTE_NONE


def _rows(path, text, sep):
    """Yield the fields of every line; refuse a quoted field that runs over its line's end."""
    lines = csv.reader(text.split("\n"), delimiter=sep, quoting=_quoting(sep))
    number = 0
    while True:
        number += 1
        try:
            fields = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}, line {number}: {error}. Mend or delete that line.") from None
        if lines.line_num != number:
            raise DataError(
                f"{path}, line {number}: a quotation mark opens a field that does not end on this "
                "line. Close it or delete it."
            )
        yield fields


def _parse(text, sep, columns, header):
    """Return the table, or None if anything is amiss."""
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=sep,
            header=0 if header else None,
            usecols=list(columns.values()),
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            quoting=_quoting(sep),
        )[list(columns.values())]
        table.columns = list(columns)
        whole = table.columns.drop("rating")
        if table.empty or not all(table[name].str.fullmatch(WHOLE).all() for name in whole):
            return None
        table["rating"] = pd.to_numeric(table["rating"])
        return table.astype(dict.fromkeys(whole, np.int64) | {"rating": np.float64})
    except (ValueError, KeyError, OverflowError):
        return None


def _diagnose(path, text, separators, where, header, scale):
    """Raise a `DataError` for the first line that is wrong."""
    inner, sep = separators  # as the text has it now, as the file has it
    lines = _rows(path, text, inner)
    first = next(lines)
    if not header:
        lines = _rows(path, text, inner)
    for number, fields in enumerate(lines, start=2 if header else 1):
        place = f"{path}, line {number}"
        if not fields:
            raise DataError(f"{place} is empty. Delete it, or put its rating back.")
        if len(fields) != len(first):
            raise DataError(
                f"{place} has {len(fields)} fields where line 1 has {len(first)} "
                f"(separator {sep!r}): {sep.join(fields)!r}. Mend or delete that line."
            )
        for name, position in where.items():
            problem = _problem(name, fields[position].strip(), scale)
            if problem:
                raise DataError(f"{place}: {problem}")
    if header and text.count("\n") == 0:
        raise DataError(f"{path} has a header and no ratings.")
    raise DataError(f"{path} could not be read as ratings separated by {sep!r}.")


def _positions(path, first, columns, header, sep):
    """Return the position of each wanted column, or raise a `DataError`."""
    where = {}
    if not first:
        raise DataError(f"{path}, line 1 is empty. Delete it.")
    for name, column in columns.items():
        if header and first.count(column) > 1:
            raise DataError(f"{path}, line 1 names the column {column!r} twice. Rename one.")
        if header and column not in first:
            raise DataError(
                f"{path} has no column {column!r} for the {name}. "
                f"Its first line, split at {sep!r}, names: {', '.join(first)}."
            )
        where[name] = first.index(column) if header else column
        if where[name] >= len(first):
            raise DataError(
                f"{path}, line 1 has {len(first)} field(s) when split at {sep!r}; "
                f"the {name} should be number {column + 1}. Is the separator right?"
            )
    return where


def _problem(name, value, scale):
    """Return what is wrong with one field, or None."""
    if name == "rating":
        try:
            number = float(value) if value.isascii() and "_" not in value else None
        except ValueError:
            number = None
        if number is None:
            return f"the rating {value!r} is not a number. If it is a header, name the columns."
        if scale[0] <= number <= scale[1]:  # false for NaN as well
            return None
        return (
            f"the rating {value} is off the scale {scale[0]} to {scale[1]}. "
            "Mend it, or pass the file's own `scale`."
        )
    if not re.fullmatch("-?[0-9]+", value):
        return f"the {name} {value!r} is not a whole number. If it is a header, name the columns."
    if not 0 <= int(value) <= LARGEST_ID:
        return f"the {name} {value} is out of range: it must lie between 0 and 2**63 - 1."
    return None


def _refuse_repeats(path, table, first_line):
    repeated = table.duplicated(["user_id", "item_id"])
    if repeated.any():
        second = int(repeated.to_numpy().argmax())
        user, item = table.loc[second, ["user_id", "item_id"]].astype(int)
        same = (table["user_id"] == user) & (table["item_id"] == item)
        first = int(same.to_numpy().argmax())
        raise DataError(
            f"{path}: user {user} rates item {item} twice, on lines {first + first_line} and "
            f"{second + first_line}. Keep one of the two."
        )
