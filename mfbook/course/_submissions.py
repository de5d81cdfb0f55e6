"""Read what a learner hands in for a contest, or say in one sentence what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["user_id", "item_id", "prediction"]
# A file of predictions has some hundred KB.
LARGEST_MB = 20


def read(path: Path, questions: pd.DataFrame) -> np.ndarray:
    r"""Predictions of a submission, in the order of the questions.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file with the columns ``user_id``, ``item_id`` and ``prediction`` (in stars), one row
        for each question, in any order.
    questions : pandas.DataFrame
        With the columns ``user_id`` and ``item_id``.

    Returns
    -------
    numpy.ndarray, shape (n_questions,)
        float64, in stars.

    Raises
    ------
    ValueError
        If the file cannot be scored; the message is for the learner.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import pandas as pd
    >>> path = Path(tempfile.mkdtemp()) / "ann.csv"
    >>> questions = pd.DataFrame({"user_id": [1, 2], "item_id": [7, 7]})
    >>> _ = path.write_text("user_id,item_id,prediction\n2,7,4.5\n1,7,3\n")
    >>> read(path, questions)
    array([3. , 4.5])
    """
    table = _numbers(_texts(path))
    asked = pd.MultiIndex.from_frame(questions[COLUMNS[:2]].astype(float))
    given = pd.MultiIndex.from_frame(table[COLUMNS[:2]])
    problems = (
        (given[given.duplicated()], "more than once", "Keep one row for each."),
        (given[~given.isin(asked)], "that are not in questions.csv", "Leave them out."),
        (asked[~asked.isin(given)], "without a prediction", "Predict every row of questions.csv."),
    )
    for pairs, what, remedy in problems:
        if len(pairs):
            user, item = pairs[0]
            raise ValueError(
                f"{len(pairs):,} pairs {what}, the first is user {user:.0f} and item {item:.0f}. "
                f"{remedy}"
            )
    return table["prediction"].set_axis(given).reindex(asked).to_numpy()


def _texts(path: Path) -> pd.DataFrame:
    """Return the three columns of a file, as texts."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        raise ValueError("This is not a CSV file. Hand in one file whose name ends in .csv.")
    try:
        if path.stat().st_size > LARGEST_MB * 10**6:
            raise ValueError(f"The file is larger than {LARGEST_MB} MB. Is it the right one?")
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"The file cannot be read: {error.strerror}.") from None
    except pd.errors.EmptyDataError:
        raise ValueError("The file is empty.") from None
    except UnicodeDecodeError:
        raise ValueError("The file is not a text in UTF-8. Save it as CSV in UTF-8.") from None
    except pd.errors.ParserError:
        raise ValueError("The file is not a CSV file: its rows differ in length.") from None
    if sorted(table.columns) != sorted(COLUMNS) or not isinstance(table.index, pd.RangeIndex):
        header = ",".join(map(str, table.columns))[:60]
        raise ValueError(
            f"The header is {header!r}; every row must have three fields and the header must be "
            f"{','.join(COLUMNS)!r}. With pandas: to_csv(path, index=False)."
        )
    return table


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as float64; raise `ValueError` for the first field that is no number."""
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    for column in COLUMNS:
        wrong = ~np.isfinite(numbers[column])
        if column != "prediction":
            wrong |= numbers[column] % 1 != 0
        if wrong.any():
            row = int(np.argmax(wrong))
            kind = "a number, such as 3.5" if column == "prediction" else "a whole number"
            raise ValueError(
                f"The {column} in row {row + 1} below the header is "
                f"{table[column].iloc[row][:30]!r}, which is not {kind}."
            )
    return numbers
