"""The results a chapter is remembered by, in a form that the Results page can collect."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mfbook._validation import as_numbers, check_finite, check_shape, shown
import pandas as pd

#: MIME type under which a notebook stores its headlines.
MIME = "application/vnd.mfbook.headlines+json"


@dataclass(frozen=True)
class Headline:
    """One result of a chapter: the RMSE of one model on one evaluation set.

    Parameters
    ----------
    model : str
        What was trained, in a few words.
    rmse : float
        Pooled RMSE, in stars.
    spread : float, optional
        Standard deviation over seeds, in stars.
    published : float, optional
        RMSE that the tutorial of 2016 published for this model, in stars.
    measured_on : str
        The data it was measured on.

    Raises
    ------
    ValueError
        If one of the three errors is not a finite number.

    Notes
    -----
    Chapters 2 to 9 end with headlines.

    Examples
    --------
    >>> from mfbook.course import headlines
    >>> headlines.Headline("biases", rmse=0.9532).measured_on
    'u1.test'
    """

    model: str
    rmse: float
    spread: float | None = None
    published: float | None = None
    measured_on: str = "u1.test"

    def __post_init__(self) -> None:
        numbers: tuple[tuple[str, Any], ...] = (
            ("rmse", self.rmse),
            ("spread", self.spread),
            ("published", self.published),
        )
        for name, value in numbers:
            if value is not None or name == "rmse":
                number = as_numbers(value, name)
                # One number, not a list of them.
                check_shape(number, name)
                check_finite(number, name)


class Headlines:
    """The headlines of one chapter, which a notebook shows as a table.

    Parameters
    ----------
    *rows : Headline
        In the order of the chapter.

    Notes
    -----
    Chapters 2 to 9 end with headlines.

    Examples
    --------
    >>> from mfbook.course.headlines import Headline, Headlines
    >>> results = Headlines(
    ...     Headline("biases", rmse=0.9532, published=0.955),
    ...     Headline("plain network", rmse=1.0235, spread=0.0012, published=1.0202),
    ... )
    >>> results.table()
               model measured on             RMSE published
    0         biases     u1.test           0.9532    0.9550
    1  plain network     u1.test  1.0235 ± 0.0012    1.0202
    """

    def __init__(self, *rows: Headline) -> None:
        for row in rows:
            if not isinstance(row, Headline):
                raise ValueError(f"A row is {shown(row)}; pass headlines, one after the other.")
        self.rows = rows

    def table(self) -> pd.DataFrame:
        """Return the headlines as a table of text, one row each.

        Returns
        -------
        pandas.DataFrame
        """
        return pd.DataFrame(
            {
                "model": row.model,
                "measured on": row.measured_on,
                "RMSE": f"{row.rmse:.4f}" + (f" ± {row.spread:.4f}" if row.spread else ""),
                "published": f"{row.published:.4f}" if row.published else "",
            }
            for row in self.rows
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        table = self.table()
        rows = [asdict(row) | {"rmse": round(float(row.rmse), 4)} for row in self.rows]
        return {
            "text/plain": table.to_string(index=False),
            "text/html": table.to_html(index=False),
            MIME: rows,
        }
