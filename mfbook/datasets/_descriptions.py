"""Read the descriptions of users and items in ml-100k: u.user, u.item and u.genre."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

from mfbook.exceptions import DataError
import pandas as pd

REMEDY = "Unpack all of ml-100k.zip there again."


def read_users(path: Path) -> pd.DataFrame:
    """Return ``user_id``, ``age``, ``gender`` and ``occupation`` from u.user.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "u.user"
    >>> _ = path.write_text("1|24|M|technician|85711")
    >>> read_users(path)
       user_id  age gender  occupation
    0        1   24      M  technician
    """
    rows = [
        (_whole(user_id, "user_id", line), _whole(age, "age", line), gender, occupation)
        for line, (user_id, age, gender, occupation, _) in _lines(path, 5)
    ]
    return pd.DataFrame(rows, columns=["user_id", "age", "gender", "occupation"])


def read_items(path: Path, genre_path: Path) -> pd.DataFrame:
    r"""Return ``item_id``, ``title`` and ``genres`` (``"Action|Drama"``) from u.item and u.genre.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "u.genre").write_text("Action|0\nComedy|1\nDrama|2\n")
    >>> _ = (folder / "u.item").write_text("1|Heat (1995)|01-Jan-1995||url|1|0|1")
    >>> read_items(folder / "u.item", folder / "u.genre")
       item_id        title        genres
    0        1  Heat (1995)  Action|Drama
    """
    genres: list[str] = []
    for line, (genre, number) in _lines(genre_path, 2):
        if _whole(number, "number of the genre", line) != len(genres):
            raise DataError(
                f"{line}: the genre {genre!r} has the number {number}; it should be {len(genres)}. "
                f"{REMEDY}"
            )
        genres.append(genre)
    rows = []
    for line, (item_id, title, _, _, _, *flags) in _lines(path, 5 + len(genres)):
        wrong = [flag for flag in flags if flag not in ("0", "1")]
        if wrong:
            raise DataError(f"{line}: a genre has the flag {wrong[0]!r}, not 0 or 1. {REMEDY}")
        chosen = [genre for genre, flag in zip(genres, flags, strict=True) if flag == "1"]
        rows.append((_whole(item_id, "item_id", line), title, "|".join(chosen)))
    return pd.DataFrame(rows, columns=["item_id", "title", "genres"])


def _lines(path: Path, n_fields: int) -> Iterator[tuple[str, list[str]]]:
    """Yield for each line its name in messages and its fields."""
    # Some titles have accents. Latin-1 decodes any byte.
    text = path.read_bytes().decode("latin-1").rstrip()
    if not text:
        raise DataError(f"{path} is empty. {REMEDY}")
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.rstrip("\r").split("|")
        if len(fields) != n_fields:
            raise DataError(
                f"{path}, line {number} has {len(fields)} field(s) between bars (|); it should "
                f"have {n_fields}. {REMEDY}"
            )
        yield f"{path}, line {number}", fields


def _whole(value: str, name: str, line: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise DataError(f"{line}: the {name} {value[:80]!r} is not a whole number. {REMEDY}")
    return int(value)
