"""The table of a class as a file that a spreadsheet can open, and its summary."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
import re

import pandas as pd

# What can become of an exercise, and of a file that could not be read.
STATES = ("right", "wrong", "missing", "edited", "no output", "duplicate", "not judged", "broken")
# What makes a spreadsheet take text for a formula; the last four are letters of East Asian keyboards.
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?")


def check_free(path: Path) -> None:
    """Raise `ValueError` unless a new file can be written there."""
    if os.path.lexists(path):
        raise ValueError(f"{path} exists. Move it away, or name another file with --table.")
    if not path.parent.is_dir():
        raise ValueError(
            f"There is no folder {path.parent}. Make it, or name another with --table."
        )
    if not os.access(path.parent, os.W_OK):
        raise ValueError(
            f"Nothing can be written into {path.parent.absolute()}. Name a file elsewhere with --table."
        )


def harmless(text: str) -> str:
    """Return text of a learner without what a spreadsheet or a terminal would obey."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    is_formula = FORMULA.match(printable) and not NUMBER.fullmatch(printable)
    return f"'{printable}" if is_formula else printable


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, as a whole or not at all; raise `ValueError` if that fails."""
    # With its mark of byte order, Excel reads UTF-8 as what it is.
    content = table.map(harmless).to_csv(index=False).encode("utf-8-sig")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise ValueError(f"{path} was not written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def summary(table: pd.DataFrame) -> str:
    """Return how many exercises of each learner are in which state, one line each."""
    counts = pd.crosstab(table["learner"].map(harmless), table["state"])
    shown = counts.reindex(columns=[state for state in STATES if state in counts.columns])
    return shown.rename_axis(index=None, columns=None).to_string()
