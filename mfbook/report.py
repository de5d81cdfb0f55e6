"""The numbers that a chapter is remembered by, in a form that the Results page can gather."""

from dataclasses import asdict, dataclass

import pandas as pd

MIME = "application/vnd.mfbook.headlines+json"


@dataclass(frozen=True)
class Headline:
    """One number of a chapter.

    Attributes
    ----------
    model : str
        What was trained, in a few words.
    rmse : float
        Pooled, in stars.
    spread : float, optional
        Standard deviation over seeds, in stars.
    published : float, optional
        What the original tutorial published for it, in stars.
    part : str
        What it was measured on.
    """

    model: str
    rmse: float
    spread: float | None = None
    published: float | None = None
    part: str = "u1.test"


class Headlines:
    """The headlines of a chapter, shown as a table.

    Parameters
    ----------
    *rows : Headline
        In the order of the chapter.
    """

    def __init__(self, *rows):
        self.rows = rows

    def table(self):
        """Return the headlines as text, one row each (pandas.DataFrame)."""
        return pd.DataFrame(
            {
                "model": row.model,
                "measured on": row.part,
                "RMSE": f"{row.rmse:.4f}" + (f" ± {row.spread:.4f}" if row.spread else ""),
                "published": f"{row.published:.4f}" if row.published else "",
            }
            for row in self.rows
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        table = self.table()
        rows = [asdict(row) | {"rmse": round(float(row.rmse), 4)} for row in self.rows]
        return {
            "text/plain": table.to_string(index=False),
            "text/html": table.to_html(index=False),
            MIME: rows,
        }
