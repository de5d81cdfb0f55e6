"""Lines of a delimited text file, their fields, and the positions of its columns."""

from __future__ import annotations

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mfbook.exceptions import DataError

# Never typed by anybody: the separator of fields that ASCII has provided.
UNIT_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Layout:
    """What a file of ratings should look like.

    Attributes
    ----------
    path : Path
        The file, for messages.
    sep : str
        Separator in the file.
    columns : dict
        For each column of the result, the name or the number of its column in the file.
    texts : tuple of str
        The columns of ids that may hold any text.
    scale : tuple of float
        The lowest and the highest possible rating.
    """

    path: Path
    sep: str
    columns: dict[str, int | str]
    texts: tuple[str, ...] = ()
    scale: tuple[float, float] = (1, 5)

    @property
    def has_header(self) -> bool:
        """Whether the first line holds the names of the columns."""
        return any(isinstance(column, str) for column in self.columns.values())

    @property
    def first_line(self) -> int:
        """Number of the first line with a rating."""
        return 2 if self.has_header else 1

    @property
    def single_sep(self) -> str:
        """Separator of one byte to parse with, many times faster in pandas than longer ones."""
        return self.sep if len(self.sep) == 1 and self.sep.isascii() else UNIT_SEPARATOR

    @property
    def quoting(self) -> Literal[0, 3]:
        """How quotation marks are read: they enclose fields only in comma-separated files."""
        return csv.QUOTE_MINIMAL if self.sep == "," else csv.QUOTE_NONE

    def positions(self, first: list[str]) -> dict[str, int]:
        """Return the position of each column in the fields of the first line."""
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
                    f"split at {self.sep!r}, has the columns: {', '.join(first)}."
                )
            return first.index(column)
        if column >= len(first):
            raise DataError(
                f"{self.path}, line 1 has {len(first)} field(s) when split at "
                f"{self.sep!r}; the {name} should be in column {column}, counted from 0. "
                "Is the separator right?"
            )
        return column


@dataclass(frozen=True)
class Lines:
    """Some lines of a file, as text.

    Attributes
    ----------
    layout : Layout
        How they are divided.
    text : str
        The lines with newlines between them; fields are separated by ``layout.single_sep``.
    first : int
        Number of the first of them in the file.
    """

    layout: Layout
    text: str
    first: int

    @classmethod
    def decode(cls, layout: Layout, raw: bytes, first: int, encoding: str) -> Lines:
        """Return the lines of a block; `UnicodeDecodeError` if they have another encoding."""
        text = raw.decode(encoding)
        if layout.single_sep != layout.sep:
            text = text.replace(UNIT_SEPARATOR, " ").replace(layout.sep, UNIT_SEPARATOR)
        return cls(layout, text, first)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and the fields of each line.

        Raises
        ------
        DataError
            If a quoted field spans two lines.
        """
        path = self.layout.path
        lines = csv.reader(
            self.text.split("\n"), delimiter=self.layout.single_sep, quoting=self.layout.quoting
        )
        count = 0
        while True:
            number = self.first + count
            try:
                fields = next(lines)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    f"{path}, line {number}: {error}. Fix or delete that line."
                ) from None
            count += 1
            if lines.line_num != count:
                raise DataError(
                    f"{path}, line {number}: a quotation mark opens a field that does not "
                    "end on this line. Close it or delete it."
                )
            yield number, fields
