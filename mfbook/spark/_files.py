"""Ratings in files that never pass through the driver: read, checked, and their ids counted."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

from mfbook._validation import as_float
from mfbook.exceptions import DataError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

COLUMNS = ("user_id", "item_id", "rating")
FORMATS = ("csv", "parquet")


def read_ratings(
    session: SparkSession,
    path: str | os.PathLike[str],
    *,
    format: str,
    columns: tuple[str, str, str],
    scale: tuple[float, float],
) -> DataFrame:
    """Ratings of a file or folder as a checked DataFrame: ``user_id``, ``item_id``, ``rating``.

    Raises
    ------
    DataError
        If an argument is impossible, the path does not exist, or a column, id or rating is missing
        or wrong; the message names the file.
    """
    _check_arguments(format, columns, scale)
    path = os.fspath(path)
    table = _load(session, path, format)
    for column in columns:
        if column not in table.columns:
            raise DataError(
                f"{path} has no column {column!r}; it has {', '.join(table.columns)}. Rename one, "
                "or pass columns=(user, item, rating)."
            )
    from pyspark.sql import functions as F

    user, item, rating = (F.col(f"`{column}`") for column in columns)
    ratings = table.select(user.alias("user_id"), item.alias("item_id"), rating.alias("rating"))
    _check_rows(ratings, path, scale)
    return ratings.withColumn("rating", F.col("rating").cast("float"))


def _load(session: SparkSession, path: str, format: str) -> DataFrame:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        return session.read.option("header", True).format(format).load(path)
    except (PySparkException, Py4JJavaError) as error:
        if "PATH_NOT_FOUND" in str(error):
            why = "does not exist"
        elif re.search("not a Parquet file|UNABLE_TO_INFER_SCHEMA", str(error)):
            why = f"is not a {format} file"
        else:
            raise
    raise DataError(f"{path} {why}. Check path and format; the workers must reach it, too.")


def _check_arguments(format: object, columns: object, scale: object) -> None:
    if format not in FORMATS:
        raise DataError(f"format is {format!r}; it must be one of {', '.join(FORMATS)}.")
    if not isinstance(columns, tuple) or len(columns) != 3 or len(set(columns)) < 3:
        raise DataError(f"columns is {columns!r}; it must name three: user, item and rating.")
    if not (
        isinstance(scale, tuple)
        and len(scale) == 2
        and -math.inf < as_float(scale[0]) < as_float(scale[1]) < math.inf
    ):
        raise DataError(f"scale is {scale!r}; it must be (lowest, highest), for example (1, 5).")


def _check_rows(ratings: DataFrame, path: str, scale: tuple[float, float]) -> None:
    """Raise `DataError` for a row without user, item or rating, or a rating off the scale."""
    from pyspark.sql import functions as F

    stars = F.col("rating").try_cast("double")
    fine = stars.between(*scale) & F.col("user_id").isNotNull() & F.col("item_id").isNotNull()
    # NaN is above every number for Spark, so it is off the scale; null is neither true nor false.
    wrong = ratings.withColumn("file", F.input_file_name()).where(~F.coalesce(fine, F.lit(False)))
    first = wrong.head(1)
    if not first:
        return
    user, item, rating, file = first[0]
    where = f"{file or path}, a row with user {user!r} and item {item!r}"
    if user is None or item is None or rating is None:
        raise DataError(
            f"{where}: its {_missing(first[0])} is missing. Fill it in or drop the row."
        )
    low, high = scale
    raise DataError(
        f"{where}: rating {rating} is not a number from {low:g} to {high:g}. Fix the row or pass "
        "scale=(low, high)."
    )


def _missing(row: tuple) -> str:
    return next(name for name, value in zip(COLUMNS, row, strict=False) if value is None)


def indexed(ids: DataFrame) -> DataFrame:
    """Index of every id: ``id`` and ``idx`` (int, from 0 without gaps, in the order of the ids).

    MLlib's ``StringIndexer`` would gather all ids on the driver; this counts where they are.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    # Spark numbers the rows of partition p from p * 2**33 on.
    number = F.monotonically_increasing_id()
    coded = ids.select("id").distinct().orderBy("id").withColumn("code", number).persist()
    part: Column = F.shiftright("code", 33).alias("part")
    before = Window.orderBy("part").rowsBetween(Window.unboundedPreceding, -1)
    sizes = coded.groupBy(part).agg(F.count("*").alias("size"))
    starts = sizes.select("part", F.coalesce(F.sum("size").over(before), F.lit(0)).alias("start"))
    row = F.col("code").bitwiseAND(2**33 - 1)
    return (
        coded.withColumn("part", part)
        .join(F.broadcast(starts), "part")
        .select("id", (F.col("start") + row).cast("int").alias("idx"))
    )


def exists(session: SparkSession, path: str) -> bool:
    """Whether there is a file or folder, on any file system that Spark reaches."""
    java_path = session._jvm.org.apache.hadoop.fs.Path(path)
    return java_path.getFileSystem(session._jsc.sc().hadoopConfiguration()).exists(java_path)
