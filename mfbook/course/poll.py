"""A poll in the room: thirty films, from what a web form exports to one rating per line.

The page *A poll and a contest* says how a class uses it.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
import re

from mfbook._validation import check_seed
from mfbook.datasets import twin
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

__all__ = ["FILMS", "invent", "to_long"]

#: Thirty films that many people have seen, the oldest first.
FILMS = (
    "Casablanca (1942)",
    "Singin' in the Rain (1952)",
    "Seven Samurai (1954)",
    "Psycho (1960)",
    "Mary Poppins (1964)",
    "The Good, the Bad and the Ugly (1966)",
    "The Godfather (1972)",
    "Jaws (1975)",
    "Star Wars (1977)",
    "Alien (1979)",
    "E.T. the Extra-Terrestrial (1982)",
    "Back to the Future (1985)",
    "My Neighbor Totoro (1988)",
    "Home Alone (1990)",
    "Pretty Woman (1990)",
    "Jurassic Park (1993)",
    "The Lion King (1994)",
    "Pulp Fiction (1994)",
    "Toy Story (1995)",
    "Titanic (1997)",
    "The Matrix (1999)",
    "Amélie (2001)",
    "Spirited Away (2001)",
    "The Lord of the Rings: The Fellowship of the Ring (2001)",
    "Finding Nemo (2003)",
    "Slumdog Millionaire (2008)",
    "Inception (2010)",
    "Frozen (2013)",
    "Parasite (2019)",
    "Barbie (2023)",
)
NOT_SEEN = ("", "-", "?", "not seen", "n/a", "nan")
# A column of a film: its title and year, also as the row of a grid question, "Rate them [Jaws (1975)]".
FILM = re.compile(r"(?:.*\[)?\s*([^\[\]]*\(\d{4}\))\s*\]?\s*")


def to_long(path: str | PathLike[str], *, person: str) -> pd.DataFrame:
    """Ratings of a poll, one per line, from a table with a row per person and a column per film.

    Parameters
    ----------
    path : str or path-like
        A CSV file as a web form or a spreadsheet exports it, with commas, semicolons or tabs. Every
        column whose name ends in a year in parentheses is a film; the others, such as a timestamp,
        are left out. Cells hold 1 to 5, with a decimal comma or point; an empty cell and
        "not seen" are no rating.
    person : str
        The name of the column with nicknames. An empty one becomes "guest 3" (in the third row).

    Returns
    -------
    pandas.DataFrame
        ``person``, ``film`` and ``stars``; in a CSV file, `mfbook.datasets.read_ratings` can read
        them with ``sep=","`` and ``ids="texts"``.

    Raises
    ------
    DataError
        If a column is missing, a cell is no rating, or two rows have the same nickname.

    Notes
    -----
    See appendix B for what becomes of the table.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook.course import poll
    >>> path = Path(tempfile.mkdtemp()) / "form.csv"
    >>> lines = ["Timestamp;Nickname;Jaws (1975);Alien (1979)", "12:01;Ann;4,5;", "12:02;;2;3"]
    >>> _ = path.write_text(chr(10).join(lines))
    >>> poll.to_long(path, person="Nickname")
        person          film  stars
    0      Ann   Jaws (1975)    4.5
    1  guest 2   Jaws (1975)    2.0
    2  guest 2  Alien (1979)    3.0
    """
    form, films = _read(path)
    if person not in form.columns:
        raise DataError(
            f"{path} has no column {person!r}. Its columns without a film are "
            f"{[column for column in form.columns if column not in films]}; name one of them."
        )
    form.index = pd.Index(_people(form[person], path))
    rows = [
        (name, film, stars)
        for name, answers in form.iterrows()
        for column, film in films.items()
        if (stars := _stars(answers[column], f"{path}, {name}, {film}")) is not None
    ]
    if not rows:
        raise DataError(f"{path} has no ratings. Is it the table of answers?")
    return pd.DataFrame(rows, columns=["person", "film", "stars"])


def _read(path: str | PathLike[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the table as texts, and the film of each column that has one."""
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            header = file.readline()
            # A title may have a comma, too.
            separator = max(",;\t", key=header.count)
            file.seek(0)
            form = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} cannot be read as CSV in UTF-8: {error}") from None
    found = {column: FILM.fullmatch(column) for column in form.columns}
    films = {column: match[1] for column, match in found.items() if match}
    if not films or not isinstance(form.index, pd.RangeIndex):
        raise DataError(
            f"{path} is not the table of a poll: its header must name every column, and the name of a "
            "film must end in a year, such as 'Jaws (1975)'."
        )
    if len(set(films.values())) < len(films):
        raise DataError(f"{path} has two columns for one film. Keep one of them.")
    return form, films


def _people(names: pd.Series, path: str | PathLike[str]) -> list[str]:
    """Return a name for each row; raise `DataError` if two are the same."""
    people = [" ".join(name.split()) or f"guest {row}" for row, name in enumerate(names, start=1)]
    keys = pd.Series([name.casefold() for name in people])
    if keys.duplicated().any():
        second = int(keys.duplicated().to_numpy().argmax())
        first = keys.tolist().index(keys[second])
        raise DataError(
            f"{path}: the answers {first + 1} and {second + 1} are both from {people[second]!r}. "
            "Delete one if it is the same person, or change a nickname."
        )
    return people


def _stars(cell: str, where: str) -> float | None:
    """Return a rating, or None for a film that was not seen."""
    text = cell.strip().replace(",", ".")
    if text.casefold() in NOT_SEEN:
        return None
    try:
        stars = float(text)
    except ValueError:
        stars = np.nan
    if not 1 <= stars <= 5:
        raise DataError(
            f"{where}: {cell!r} is no rating from 1 to 5. Correct it or empty the cell."
        )
    return stars


def invent(seed: int, n_people: int = 30) -> pd.DataFrame:
    """Answers to the poll by people who do not exist, as a web form exports them.

    Tastes are drawn as those of the twin of MovieLens: offsets, an inner product, noise.

    Parameters
    ----------
    seed : int
        Of the draw.
    n_people : int
        How many answer.

    Returns
    -------
    pandas.DataFrame
        ``Timestamp``, ``Nickname`` and a column for each of `FILMS`, all texts; empty for a film
        that was not seen.

    Notes
    -----
    To rehearse the poll; see chapter 2 for the twin.

    Examples
    --------
    >>> from mfbook.course import poll
    >>> poll.invent(seed=0).shape
    (30, 32)
    """
    check_seed(seed)
    rng = np.random.default_rng(seed)
    size = (n_people, len(FILMS))
    people, films = (rng.normal(0, twin.FACTOR, (n, twin.RANK)) for n in size)
    taste = (
        rng.normal(0, twin.USER_BIAS, (n_people, 1))
        + rng.normal(0, twin.ITEM_BIAS, len(FILMS))
        + people @ films.T
        + rng.normal(0, 1, size)
    )
    thresholds = np.quantile(taste, np.cumsum(twin.HISTOGRAM[:-1]))
    stars = (1 + np.searchsorted(thresholds, taste)).astype(str).astype(object)
    # Some films were seen by nearly all, some by few.
    stars[rng.random(size) > rng.uniform(0.3, 0.95, len(FILMS))] = ""
    form = pd.DataFrame(stars, columns=list(FILMS))
    minutes = [f"10:{minute:02}" for minute in range(n_people)]
    form.insert(0, "Nickname", [f"person {number}" for number in range(1, n_people + 1)])
    form.insert(0, "Timestamp", minutes)
    return form
