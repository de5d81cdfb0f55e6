"""Checks of what a figure is made from: tables, lists, numbers and names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Sized
import math
from typing import Any

from mfbook._validation import as_float, as_numbers, check_finite, check_sizes, shown
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

# Of columns of a legend, and of directions in a plane.
_LARGEST_NUMBER = 1000


def listed(things: Any, name: str) -> list[Any]:
    """Return a list; an element of a table's column is found by its label, not by its position."""
    vector = isinstance(things, Collection) and getattr(things, "ndim", 1) == 1
    if not vector or isinstance(things, str | Mapping):
        raise ValueError(f"{name} is {shown(things)}; it must be a list of names.")
    return list(things)


def numbers_in(values: ArrayLike, name: str) -> np.ndarray:
    """Return a vector of numbers that is not empty."""
    vector = as_numbers(values, name)
    if vector.ndim != 1:
        raise ValueError(f"{name} has the shape {vector.shape}; it must be a list of numbers.")
    check_not_empty(vector, name)
    return vector


def check_not_empty(things: Sized, name: str) -> None:
    if len(things) == 0:
        raise ValueError(f"There is nothing to draw: {name} is empty. Pass at least one.")


def check_table(table: object, name: str, columns: Sequence[str] = ()) -> None:
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} is a {type(table).__name__}; pass a pandas DataFrame.")
    if table.empty:
        raise ValueError(f"There is nothing to draw: the table {name} is empty. Pass some rows.")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"The table {name} has the column {twice[0]} twice. Keep one of them.")
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(
            f"The table {name} has no column {', '.join(missing)}. Its columns are: "
            f"{', '.join(map(str, table.columns))}."
        )


def check_cells(
    table: pd.DataFrame, name: str, columns: Collection[Any], nan: bool = False
) -> None:
    """Raise `ValueError` unless the cells of some columns are numbers; NaN passes if asked."""
    for column in columns:
        label = f"{name}[{column!r}]"
        cells = as_numbers(table[column], label)
        check_finite(np.where(np.isnan(cells), 0, cells) if nan else cells, label)


def row_names(table: pd.DataFrame, name: str) -> list[str]:
    """Return the names of the rows as texts: all different, or two rows become one in the figure."""
    names = [str(row) for row in table.index]
    twice = pd.Series(names).duplicated().to_numpy()
    if twice.any():
        raise ValueError(
            f"The table {name} has two rows with the name {names[twice.argmax()]}. Give each row "
            "its own name."
        )
    return names


def check_mapping(mapping: object, name: str, of_what: str) -> None:
    if not isinstance(mapping, Mapping):
        raise ValueError(
            f"{name} is a {type(mapping).__name__}; it must be a dict, from {of_what}."
        )
    check_not_empty(mapping, name)


def check_few(**numbers: int) -> None:
    check_sizes(**numbers)
    for name, number in numbers.items():
        if number > _LARGEST_NUMBER:
            raise ValueError(f"{name} is {shown(number)}; it must be at most {_LARGEST_NUMBER:,}.")


def check_baseline(baseline: Any) -> None:
    if baseline is None:
        return
    pair = isinstance(baseline, tuple | list) and len(baseline) == 2
    if not pair or not isinstance(baseline[0], str) or not math.isfinite(as_float(baseline[1])):
        raise ValueError(
            f"The baseline is {shown(baseline)}; it must be a label and a finite RMSE, for example "
            '("biases", 0.95).'
        )


def check_limits(limits: Any, name: str) -> None:
    pair = isinstance(limits, tuple | list) and len(limits) == 2
    low, high = map(as_float, limits) if pair else (math.nan, math.nan)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{name} is {shown(limits)}; it must be two finite numbers, the lower one first."
        )


def check_models(models: Collection[str], name: str, known: pd.Series) -> None:
    check_not_empty(models, name)
    names = known.dropna().unique().tolist()
    unknown = [m for m in models if not isinstance(m, str | int | float) or m not in names]
    if unknown:
        raise ValueError(
            f"{name} has {shown(unknown[0])}, but the table has no such model. Pass some of {names}."
        )


def the_only(evaluation_sets: pd.Series) -> str:
    """Return the kind of evaluation set that all curves of a figure share."""
    found = sorted(map(str, evaluation_sets.unique()))
    if len(found) != 1:
        raise ValueError(
            f"One figure cannot show errors on different evaluation sets ({' and '.join(found)}): "
            "draw one figure for each."
            if found
            else "There is no curve to draw: pass at least one."
        )
    return found[0]
