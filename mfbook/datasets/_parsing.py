"""Parse a block of lines: fast where bytes prove that nothing can be wrong, else with care."""

from __future__ import annotations

from collections.abc import Collection, Mapping
import io

from mfbook.datasets._textfile import Layout, Lines
import numpy as np
import pandas as pd

DIGITS = b"0123456789"
# Nineteen digits are enough for 2**63 - 1, the largest int64.
WHOLE_NUMBER = "[0-9]{1,19}"
PART = 2**17


def parse_digits(
    raw: bytes, layout: Layout, positions: Mapping[str, int], n_fields: int
) -> pd.DataFrame | None:
    r"""Return the columns of a block that has only digits, separators and points in ratings.

    Returns
    -------
    pandas.DataFrame or None
        Ids and timestamps as int64, ratings as float64; None if the block holds anything else,
        or a line that is too short or too long.

    Examples
    --------
    >>> from pathlib import Path
    >>> layout = Layout(Path("ratings.csv"), ",", {"user_id": 0, "item_id": 1, "rating": 2})
    >>> parse_digits(b"7,12,4.5\n7,15,2", layout, layout.columns, 3)
       user_id  item_id  rating
    0        7       12     4.5
    1        7       15     2.0
    >>> parse_digits(b"7,12,4.5\n7,+15,2", layout, layout.columns, 3)
    """
    sep = layout.single_sep.encode()
    if layout.texts or sep in b".0123456789 ":
        return None
    if layout.single_sep != layout.sep:
        raw = raw.replace(sep, b" ").replace(layout.sep.encode(), sep)
    if not _is_regular(raw, sep, positions["rating"], n_fields) or _has_many_zeros(raw):
        return None
    dtypes = {p: np.float64 if name == "rating" else np.int64 for name, p in positions.items()}
    try:
        table = pd.read_csv(
            io.BytesIO(raw),
            sep=layout.single_sep,
            header=None,
            names=range(n_fields),
            usecols=list(dtypes),
            dtype=dtypes,
            index_col=False,
            na_filter=False,
            skip_blank_lines=False,
            quoting=3,
        )
    except (ValueError, OverflowError):
        return None
    return table[list(positions.values())].set_axis(list(positions), axis=1)


def _is_regular(raw: bytes, sep: bytes, position: int, n_fields: int) -> bool:
    """Return whether what is left without digits is the same for every line, but for a point."""
    skeleton = raw.translate(None, DIGITS) + b"\n"
    line = sep * (n_fields - 1) + b"\n"
    with_point = sep * position + b"." + sep * (n_fields - 1 - position) + b"\n"
    if skeleton == with_point * (len(skeleton) // len(with_point)):
        return True
    # Every match ends a line. If it began inside one, that line stays longer than the others.
    skeleton = skeleton.replace(with_point, line)
    return skeleton == line * (len(skeleton) // len(line))


def _has_many_zeros(raw: bytes) -> bool:
    """Return whether a number may begin with a zero and have more than 19 digits."""
    # A run of 20 digits that is no larger than 2**63 begins with a zero and another digit.
    values = np.frombuffer(b"\n" + raw + b"\n", np.uint8)
    # Small parts stay in the processor's cache. They overlap by two bytes.
    for start in range(0, len(values) - 2, PART):
        part = values[start : start + PART + 2]
        # In eight bits, what comes before "0" becomes large.
        is_digit = (part - np.uint8(ord("0"))) < 10
        begins = is_digit[1:-1] > is_digit[:-2]
        begins &= part[1:-1] == ord("0")
        begins &= is_digit[2:]
        if begins.any():
            return True
    return False


def parse_text(lines: Lines, positions: Mapping[str, int], n_fields: int) -> pd.DataFrame | None:
    """Return the columns of a block of any kind, or None if any field is not as it should be."""
    columns = list(positions.values())
    if not _has_fields(lines, n_fields):
        return None
    try:
        table = pd.read_csv(
            io.StringIO(lines.text),
            sep=lines.layout.single_sep,
            header=None,
            usecols=columns,
            dtype=object,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            quoting=lines.layout.quoting,
        )[columns]
    except (ValueError, KeyError, OverflowError):
        return None
    return _convert(table.set_axis(list(positions), axis=1), lines.layout.texts)


def _has_fields(lines: Lines, n_fields: int) -> bool:
    """Return whether every line has this number of fields: pandas fills up shorter ones."""
    if '"' in lines.text or "\x00" in lines.text:
        return all(len(fields) == n_fields for _, fields in lines.rows())
    sep = lines.layout.single_sep
    return all(line.count(sep) == n_fields - 1 for line in lines.text.split("\n"))


def _convert(table: pd.DataFrame, texts: Collection[str]) -> pd.DataFrame | None:
    """Return texts as ids, ratings and timestamps, or None if one of them is wrong.

    Columns in ``texts`` stay texts, without spaces around them, each stored once (a category).
    """
    columns: dict[str, object] = {}
    for name, column in table.items():
        # Few of the texts are different: it is enough to look at those.
        codes, values = pd.factorize(column.to_numpy())
        different = pd.Series(values, dtype=object)
        if name in texts:
            different = different.str.strip()
            if (different == "").any():
                return None
            columns[str(name)] = pd.Categorical(different.to_numpy()[codes])
            continue
        if name != "rating" and not different.str.fullmatch(WHOLE_NUMBER).all():
            return None
        try:
            numbers = pd.to_numeric(different) if name == "rating" else different.astype(np.int64)
            dtype = np.float64 if name == "rating" else np.int64
            columns[str(name)] = numbers.to_numpy(dtype)[codes]
        except (ValueError, OverflowError):
            return None
    return pd.DataFrame(columns)
