"""Find the first line of a file of ratings that is wrong, and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
import re

from mfbook.datasets._textfile import Lines
from mfbook.exceptions import DataError

LARGEST_ID = 2**63 - 1
LONGEST_SHOWN = 80


def first_error(lines: Lines, positions: Mapping[str, int], n_fields: int) -> DataError:
    """Return the error of the first wrong line of a block that could not be parsed.

    Parameters
    ----------
    lines : Lines
        The block.
    positions : mapping from str to int
        The position in a row of ``user_id``, ``item_id``, ``rating`` and perhaps ``timestamp``.
    n_fields : int
        The number of fields of the first line of the file.
    """
    layout = lines.layout
    for number, fields in lines.rows():
        line = f"{layout.path}, line {number}"
        if not fields:
            return DataError(f"{line} is empty. Delete it, or put its rating back.")
        if len(fields) != n_fields:
            return DataError(
                f"{line} has {len(fields)} fields, but line 1 has {n_fields} (separator "
                f"{layout.sep!r}): {_shown(layout.sep.join(fields))!r}. "
                "Fix or delete that line."
            )
        for name, position in positions.items():
            # Spaces before a field are allowed; after an id they are not.
            value = fields[position].lstrip(" \t")
            if name in layout.texts:
                problem = None if value.strip() else f"the {name} is empty. Fill it in."
            else:
                problem = _problem(name, value, layout.scale)
            if problem:
                return DataError(f"{line}: {problem}")
    return DataError(
        f"{layout.path} could not be read as ratings separated by {layout.sep!r}. "
        "Check the separator and the columns."
    )


def _problem(name: str, value: str, scale: tuple[float, float]) -> str | None:
    """Return what is wrong with one field, or None."""
    if name == "rating":
        return _rating_problem(value, scale)
    if not re.fullmatch("-?[0-9]+", value):
        remedy = "If this line is a header, pass the names of the columns"
        if name != "timestamp":
            remedy += '; if ids are texts, pass ids="texts"'
        return f"the {name} {_shown(value)!r} is not a whole number. {remedy}."
    # Python refuses to convert numbers of thousands of digits.
    if len(value) > LONGEST_SHOWN or value[0] == "-" or int(value) > LARGEST_ID:
        return f"the {name} {_shown(value)} is out of range: it must be between 0 and 2**63 - 1."
    if len(value) > len(str(LARGEST_ID)):
        return f"the {name} {value} has too many digits. Leave out the zeros at its beginning."
    return None


def _shown(value: str) -> str:
    """Return the text, cut if it is too long for a message."""
    return value if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 3]}..."


def _rating_problem(value: str, scale: tuple[float, float]) -> str | None:
    try:
        # float() also accepts 1_0, and digits of other alphabets.
        number = float(value) if value.isascii() and "_" not in value else None
    except ValueError:
        number = None
    if number is None:
        return (
            f"the rating {_shown(value)!r} is not a number. "
            "If this line is a header, pass the names of the columns."
        )
    # False for NaN as well.
    if scale[0] <= number <= scale[1]:
        return None
    return (
        f"the rating {_shown(value)} is outside the scale {scale[0]} to {scale[1]}. "
        "Fix that line, or pass scale=(lowest, highest)."
    )
