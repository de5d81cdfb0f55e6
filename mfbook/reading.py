"""Read a file of ratings, and say exactly what is wrong with it where something is."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

LARGEST_ID = 2**63 - 1


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
    text = _read_text(path)
    inner = sep
    if len(sep) > 1:  # pandas reads one-character separators many times faster
        text, inner = text.replace("\t", " ").replace(sep, "\t"), "\t"
    header = any(isinstance(column, str) for column in columns.values())
    table = _parse(text, inner, columns, header)
    if table is None or not _plausible(table, scale):
        _diagnose(path, text, (inner, sep), columns, header, scale)
    _refuse_repeats(path, table, first_line=2 if header else 1)
    return table.astype({"rating": np.float32})


def _read_text(path):
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if not text.strip():
        raise DataError(f"{path} is empty. It should hold one rating a line.")
    return text.replace("\r\n", "\n").rstrip("\n")


def _parse(text, sep, columns, header):
    """Return the table, or None if anything is amiss."""
    kinds = {"user_id": np.int64, "item_id": np.int64, "rating": np.float64, "timestamp": np.int64}
    try:
        # pandas fills a short line without a word, so the fields are counted here.
        if len({len(fields) for fields in csv.reader(io.StringIO(text), delimiter=sep)}) != 1:
            return None
        table = pd.read_csv(
            io.StringIO(text),
            sep=sep,
            header=0 if header else None,
            usecols=list(columns.values()),
            dtype={source: kinds[name] for name, source in columns.items()},
            keep_default_na=False,
            skip_blank_lines=False,
        )[list(columns.values())]
    except (ValueError, KeyError, OverflowError, csv.Error):
        return None
    table.columns = list(columns)
    return table if len(table) else None


def _plausible(table, scale):
    ids = table[["user_id", "item_id"]].to_numpy()
    return bool((ids >= 0).all() and table["rating"].between(*scale).all())


def _diagnose(path, text, separators, columns, header, scale):
    """Raise a `DataError` for the first line that is wrong."""
    inner, sep = separators  # as the text has it now, as the file has it
    lines = csv.reader(io.StringIO(text), delimiter=inner)
    first = next(lines)
    where = _positions(path, first, columns, header, sep)
    if not header:
        lines = csv.reader(io.StringIO(text), delimiter=inner)
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
            problem = _problem(name, fields[position], scale)
            if problem:
                raise DataError(f"{place}: {problem}")
    if header and text.count("\n") == 0:
        raise DataError(f"{path} has a header and no ratings.")
    raise DataError(f"{path} could not be read as ratings separated by {sep!r}.")


def _positions(path, first, columns, header, sep):
    """Return the position of each wanted column, or raise a `DataError`."""
    where = {}
    for name, column in columns.items():
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
            number = float(value)
        except ValueError:
            return f"the rating {value!r} is not a number. If it is a header, name the columns."
        if scale[0] <= number <= scale[1]:  # false for NaN as well
            return None
        return (
            f"the rating {value} is off the scale {scale[0]} to {scale[1]}. "
            "Mend it, or pass the file's own `scale`."
        )
    try:
        number = int(value)
    except ValueError:
        return f"the {name} {value!r} is not a whole number. If it is a header, name the columns."
    if name != "timestamp" and not 0 <= number <= LARGEST_ID:
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
