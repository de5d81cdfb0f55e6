"""The text of a delimited file, its rows, and the positions of its columns."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
import csv
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

from mfbook.exceptions import DataError

GZIP_OR_ZIP = (b"\x1f\x8b", b"PK\x03\x04")
# UTF-32 comes first: its mark begins like that of UTF-16.
MARKED_ENCODINGS = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
# Never typed by anybody: the separator of fields that ASCII has provided.
UNIT_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class TextFile:
    """A delimited text file in memory, and which of its columns hold what.

    Attributes
    ----------
    path : Path
        Where the text is from, for messages.
    text : str
        All lines, each ended by a newline except the last.
    sep : str
        Separator in ``text``: one character.
    original_sep : str
        Separator in the file, for messages.
    columns : dict
        For each column of the result, the name or the number of its column in the file.
    """

    path: Path
    text: str
    sep: str
    original_sep: str
    columns: dict[str, int | str]

    @classmethod
    def read(cls, path: str | PathLike[str], sep: str, columns: dict[str, int | str]) -> TextFile:
        """Read the file; raise `DataError` or `FileNotFoundError` if it holds no text."""
        path = Path(path)
        text, single = _read_text(path), sep
        if len(sep) > 1 or not sep.isascii():
            # pandas reads separators of one byte many times faster.
            text = text.replace(UNIT_SEPARATOR, " ").replace(sep, UNIT_SEPARATOR)
            single = UNIT_SEPARATOR
        return cls(path, text, single, sep, columns)

    @property
    def has_header(self) -> bool:
        """Whether the first line holds the names of the columns."""
        return any(isinstance(column, str) for column in self.columns.values())

    @property
    def first_line(self) -> int:
        """Number of the first line with a rating."""
        return 2 if self.has_header else 1

    @property
    def quoting(self) -> Literal[0, 3]:
        """How quotation marks are read: they enclose fields only in comma-separated files."""
        return csv.QUOTE_MINIMAL if self.sep == "," else csv.QUOTE_NONE

    def rows(self) -> Iterator[list[str]]:
        """Yield the fields of each line; raise `DataError` if a quoted field spans two lines."""
        lines = csv.reader(self.text.split("\n"), delimiter=self.sep, quoting=self.quoting)
        number = 0
        while True:
            number += 1
            try:
                fields = next(lines)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    f"{self.path}, line {number}: {error}. Fix or delete that line."
                ) from None
            if lines.line_num != number:
                raise DataError(
                    f"{self.path}, line {number}: a quotation mark opens a field that does not "
                    "end on this line. Close it or delete it."
                )
            yield fields

    def column_positions(self) -> dict[str, int]:
        """Return the position of each column in a row, or raise `DataError`."""
        first = next(self.rows())
        if not first:
            raise DataError(f"{self.path}, line 1 is empty. Delete it.")
        return {name: self._position(name, first) for name in self.columns}

    def _position(self, name: str, first: list[str]) -> int:
        column = self.columns[name]
        if isinstance(column, str):
            if first.count(column) > 1:
                raise DataError(f"{self.path}, line 1 has the column {column!r} twice. Rename one.")
            if column not in first:
                raise DataError(
                    f"{self.path} has no column {column!r} for the {name}. Its first line, "
                    f"split at {self.original_sep!r}, has the columns: {', '.join(first)}."
                )
            return first.index(column)
        if column >= len(first):
            raise DataError(
                f"{self.path}, line 1 has {len(first)} field(s) when split at "
                f"{self.original_sep!r}; the {name} should be in column {column}, counted from 0. "
                "Is the separator right?"
            )
        return column


def _read_text(path: Path) -> str:
    """Return the text with newlines between its lines and without empty lines at the end."""
    if path.is_dir():
        raise DataError(f"{path} is a folder. Pass the path of the file of ratings in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
    raw = path.read_bytes()
    if raw.startswith(GZIP_OR_ZIP):
        raise DataError(f"{path} is compressed. Unpack it, and pass the path of the file in it.")
    text = _decoded(raw, path)
    if not text.strip():
        raise DataError(f"{path} is empty. It should have one rating per line.")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _decoded(raw: bytes, path: Path) -> str:
    for encoding, marks in MARKED_ENCODINGS.items():
        if raw.startswith(marks):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                raise DataError(
                    f"{path} begins as a text in {encoding.upper()}, but is damaged or incomplete. "
                    "Save it again as UTF-8."
                ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
