"""Read ratings from a Parquet file, whose columns have types."""

from __future__ import annotations

from pathlib import Path

from mfbook.datasets._blocks import first_bytes, readable
from mfbook.datasets._tables import validate_ratings
from mfbook.datasets._textfile import Layout
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd

MAGIC = b"PAR1"


def is_parquet(path: Path) -> bool:
    """Return whether a file begins like a Parquet file."""
    return first_bytes(path).startswith(MAGIC)


def read_parquet(layout: Layout) -> pd.DataFrame:
    """Return the ratings of a Parquet file; raise `DataError` for the first wrong row.

    Ids keep the kind that the file gives them: whole numbers or texts.
    """
    path = layout.path
    if not layout.has_header:
        raise DataError(
            f"{path} is a Parquet file, whose columns have names. Pass them, for example "
            'user="userId", item="movieId", rating="rating".'
        )
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            f"{path} is a Parquet file. To read it, install pyarrow: pip install mfbook[parquet]"
        ) from None
    try:
        with readable(path):
            names = parquet.read_schema(path).names
            _check_names(layout, names)
            columns = list(layout.columns.values())
            table = parquet.read_table(path, columns=columns, read_dictionary=columns[:2])
    except pyarrow.ArrowException as error:
        raise DataError(
            f"{path} is damaged or incomplete ({str(error).splitlines()[0]}). Download or copy it "
            "again."
        ) from None
    frame = table.select(columns).to_pandas(split_blocks=True, self_destruct=True)
    del table
    frame.columns = pd.Index(layout.columns)
    return _checked(frame, layout)


def _check_names(layout: Layout, names: list[str]) -> None:
    for name, column in layout.columns.items():
        if column not in names:
            raise DataError(
                f"{layout.path} has no column {column!r} for the {name}. Its columns are: "
                f"{', '.join(names)}."
            )


def _checked(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    table = validate_ratings(table, str(layout.path))
    off = ~table["rating"].between(*layout.scale).to_numpy()
    if off.any():
        row = int(off.argmax())
        raise DataError(
            f"{layout.path}, row {row}: the rating {table['rating'].iloc[row]:g} is outside the "
            f"scale {layout.scale[0]} to {layout.scale[1]}. Fix that row, or pass "
            "scale=(lowest, highest)."
        )
    for column in table.columns.drop("rating"):
        values = table[column]
        if pd.api.types.is_integer_dtype(values):
            table[column] = values.astype(np.int64)
        elif column == "timestamp":
            raise DataError(
                f"{layout.path}: the timestamps are of the type {values.dtype}. They must be whole "
                "numbers without missing values, such as seconds; or leave out timestamp."
            )
        else:
            table[column] = values.astype("category")
    return table
