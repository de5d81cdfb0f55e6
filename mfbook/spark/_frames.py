"""The arithmetic of the model on DataFrames of Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel
    from pyspark.sql import Column, DataFrame, SparkSession

# The biases stop changing in the fourth digit after so many sweeps.
BIAS_SWEEPS = 3
# A table of pandas is handed to Spark in rows of so many ratings: a row for each takes eight times
# as long, and a file would have to lie where the workers find it.
RATINGS_PER_ROW = 20_000


def from_pandas(session: SparkSession, ratings: pd.DataFrame) -> DataFrame:
    """Columns ``user``, ``item`` (indices) and ``rating`` of a training set."""
    from pyspark.sql import functions as F

    columns = [ratings[name] for name in ("user_idx", "item_idx", "rating")]
    rows = [
        tuple(column.iloc[start : start + RATINGS_PER_ROW].tolist() for column in columns)
        for start in range(0, len(ratings), RATINGS_PER_ROW)
    ]
    schema = "user array<int>, item array<int>, rating array<float>"
    packed = session.createDataFrame(rows, schema, verifySchema=False)
    return packed.select(F.inline(F.arrays_zip("user", "item", "rating")))


def biases(centered: DataFrame, reg: float) -> tuple[DataFrame, DataFrame]:
    """User and item biases: in turn, shrunk means of what the other side leaves.

    As in `mfbook.baselines.Biases`, with one penalty for both sides. The tables have the columns
    ``user`` (or ``item``) and ``bias``.
    """
    user_bias, item_bias = None, None
    for _ in range(BIAS_SWEEPS):
        residual = centered if user_bias is None else minus(centered, user_bias, "user")
        item_bias = _shrunk_means(residual, "item", reg)
        user_bias = _shrunk_means(minus(centered, item_bias, "item"), "user", reg)
    assert user_bias is not None and item_bias is not None
    return user_bias, item_bias


def _shrunk_means(residual: DataFrame, side: str, reg: float) -> DataFrame:
    from pyspark import StorageLevel
    from pyspark.sql import functions as F

    mean = F.sum("rating") / (F.count("*") + F.lit(reg))
    means = residual.groupBy(side).agg(mean.alias("bias"))
    # Without this the plan of a sweep holds those of all sweeps before. Two workers keep each
    # part, so that one of them may be lost.
    return means.localCheckpoint(storageLevel=StorageLevel.MEMORY_AND_DISK_2)


def minus(ratings: DataFrame, bias: DataFrame, side: str) -> DataFrame:
    """Ratings minus the bias of their user or item."""
    from pyspark.sql import functions as F

    left = (F.col("rating") - F.col("bias")).alias("rating")
    return ratings.join(bias, side).select("user", "item", left)


def with_columns(factors: DataFrame, bias: DataFrame, side: str, *columns: Column) -> DataFrame:
    """MLlib's table of factors, two columns longer: a 1 and the bias, in the order given."""
    from pyspark.sql import functions as F

    longer = F.concat("features", *columns).cast("array<float>").alias("features")
    return factors.join(bias.withColumnRenamed(side, "id"), "id").select("id", longer).persist()


def als_model(users: DataFrame, items: DataFrame, rank: int) -> ALSModel:
    """Model of MLlib with given factors; Python has no constructor for it, but Java has."""
    from pyspark.ml.recommendation import ALSModel

    java_class = users.sparkSession._jvm.org.apache.spark.ml.recommendation.ALSModel
    java_model = java_class("mfbook", rank, users._jdf, items._jdf)
    return ALSModel._from_java(java_model.setUserCol("user").setItemCol("item"))


def inner_product() -> Column:
    """Inner product of the array columns ``p`` and ``q``."""
    from pyspark.sql import functions as F

    products = F.zip_with("p", "q", lambda a, b: a.cast("double") * b)
    return F.aggregate(products, F.lit(0.0), lambda total, product: total + product)
