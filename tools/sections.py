"""The sections of a notebook: how long each takes to teach, and what the speaker's notes say.

A section begins with a Markdown cell that holds a heading ``## …``. Its metadata have the rest:
``"mfbook": {"minutes": 6, "notes": "…"}``.
"""

import re
from typing import NamedTuple

from tools import reading

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
REMEDY = 'Give it "mfbook": {"minutes": 6, "notes": "…"}'
EXERCISES = "Exercises"  # their time is stated by itself at the head of a chapter


class Section(NamedTuple):
    """Heading of a section, minutes to teach it, and the speaker's notes."""

    title: str
    minutes: int
    notes: str


def begun_by(cell):
    """Section that a cell begins, or None.

    Raises
    ------
    ValueError
        If the cell begins two sections, or its metadata do not say minutes and notes.
    """
    titles = HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
    if not titles:
        return None
    if len(titles) > 1:
        raise ValueError(
            f'one cell begins the sections "{titles[0]}" and "{titles[1]}". Split it in two.'
        )
    found = cell.metadata.get("mfbook")
    found = found if isinstance(found, dict) else {}
    minutes, notes = found.get("minutes"), found.get("notes")
    if type(minutes) is not int or minutes < 0:
        raise ValueError(
            f'the section "{titles[0]}" takes {minutes!r} minutes. {REMEDY} in the metadata of '
            "the cell with its heading: a whole number, 0 or more."
        )
    if not isinstance(notes, str) or not notes.strip():
        raise ValueError(
            f'the section "{titles[0]}" has the speaker notes {notes!r}. {REMEDY} in the metadata '
            "of the cell with its heading: one to four sentences."
        )
    return Section(titles[0], minutes, notes)


def sections(path):
    """Sections of the notebook at ``path``, in order; raises ValueError as ``begun_by`` does."""
    cells = reading.read(path).cells
    try:
        begun = [begun_by(cell) for cell in cells]
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    return [section for section in begun if section]
