r"""The biased model by Spark's aggregations and by MLlib's alternating least squares.

.. math:: \hat r_{ui} = \mu + b_u + b_i + p_u \cdot q_i

The biases are fitted first, the vectors to what they leave (chapter 8 fits both together). With
two more columns, :math:`(p_u, 1, b_u)` and :math:`(q_i, b_i, 1)`, the whole sum but the mean is an
inner product, so an ``ALSModel`` of MLlib holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from typing import TYPE_CHECKING, Any

from mfbook._validation import (
    check_fitted,
    check_positive,
    check_seed,
    check_sizes,
)
from mfbook.als import predict_pairs
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import DataError
from mfbook.history import History, run_epochs
from mfbook.spark import _files, _frames, _session
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class ALS:
    """Biased matrix factorization on Spark: a `mfbook.Model`.

    User and item biases are shrunk means, found in turn by aggregation; the vectors are those of
    MLlib's ``pyspark.ml.recommendation.ALS``, fitted to the residuals of the biases.

    Parameters
    ----------
    k : int
        Number of latent factors.
    reg : float
        MLlib's ``regParam``: the penalty on each vector's square, *times the number of its
        ratings*. The ``reg`` of `mfbook.als.ALS` is not multiplied: here 0.15, there 9.
    reg_bias : float
        Penalty on each bias's square, once for each user and item.
    epochs : int
        Sweeps of MLlib: in each, all users are solved for and all items.
    session : pyspark.sql.SparkSession, optional
        Where to compute; if not given, on all cores of this machine.

    Attributes
    ----------
    mean : float
        The mean training rating, in stars.
    history : History
        After `fit`: a learning curve of one row, because MLlib does not give the error after each
        sweep. Its seconds are those of the whole fit, with the transfer to Spark and back.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or a penalty not a positive number.

    Notes
    -----
    Chapter 12 runs it on a cluster.

    Examples
    --------
    >>> from mfbook import datasets, spark
    >>> model = spark.ALS(k=10, reg=0.15, reg_bias=5)
    >>> split = datasets.load("synthetic")
    >>> model.fit(split).predict([0, 1], [5, 5]).shape  # doctest: +SKIP
    (2,)
    """

    def __init__(
        self,
        *,
        k: int,
        reg: float,
        reg_bias: float,
        epochs: int = 10,
        session: SparkSession | None = None,
    ) -> None:
        check_sizes(k=k, epochs=epochs)
        check_positive(reg=reg, reg_bias=reg_bias)
        self.k, self.epochs, self.reg, self.reg_bias = k, epochs, reg, reg_bias
        self.session = session
        self.history: History | None = None
        self._model: Any = None

    def fit(self, split: Split, *, seed: int = 0) -> ALS:
        """Learn from ``split.train``; return self.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Its evaluation set is only measured on, after the last sweep.
        seed : int
            Of the first vectors.

        Returns
        -------
        ALS

        Raises
        ------
        ValueError
            If ``split`` is not a `Split` or ``seed`` is impossible.
        SparkError
            If Spark cannot start, or stops.
        """
        check_split(split)
        check_seed(seed)
        session = self._session()

        def train() -> None:
            with _session.explained():
                self._fit(_frames.from_pandas(session, split.train), seed)
                self._ids = tuple(
                    session.range(n).selectExpr("int(id) AS id", "int(id) AS idx")
                    for n in (split.n_users, split.n_items)
                )
                self._collect()

        def predict_sets(*sets: pd.DataFrame) -> list[np.ndarray]:
            return [self.predict(ratings["user_idx"], ratings["item_idx"]) for ratings in sets]

        self.scale = split.scale
        frame = run_epochs(split, 1, train, predict_sets, "Make reg larger.").frame
        frame["epoch"] = self.epochs
        frame["ratings_per_second"] *= self.epochs
        self.history = History(frame, split.evaluation_set)
        return self

    def fit_files(
        self,
        path: str | os.PathLike[str],
        *,
        format: str = "parquet",
        columns: tuple[str, str, str] = _files.COLUMNS,
        scale: tuple[float, float] = (1, 5),
        seed: int = 0,
    ) -> ALS:
        """Learn from files that the workers read; the ratings never come to the driver.

        Parameters
        ----------
        path : str or path-like
            A file or a folder of files, on whatever the workers reach: a shared disk, ``hdfs://``,
            ``s3a://``, ``gs://``.
        format : str
            ``"parquet"`` or ``"csv"`` (with a header; its ids are read as text).
        columns : tuple of str
            The names of the columns of users, items and ratings. Ids may be numbers or text. If a
            pair occurs twice, both ratings count.
        scale : tuple of float
            The lowest and the highest possible rating.
        seed : int
            Of the first vectors.

        Returns
        -------
        ALS
            Its ``history`` is None.

        Raises
        ------
        DataError
            If a column, an id or a rating is missing or wrong.
        SparkError
            If Spark cannot start, or stops.
        """
        check_seed(seed)
        session = self._session()
        with _session.explained():
            ratings = _files.read_ratings(
                session, path, format=format, columns=columns, scale=scale
            )
            if ratings.isEmpty():
                raise DataError(f"{os.fspath(path)} has no ratings.")
            users, items = (
                _files.indexed(ratings.withColumnRenamed(f"{side}_id", "id")).persist()
                for side in ("user", "item")
            )
            known = ratings.join(users.toDF("user_id", "user"), "user_id")
            known = known.join(items.toDF("item_id", "item"), "item_id")
            self._fit(known.select("user", "item", "rating"), seed)
        self._ids, self.scale, self.history = (users, items), scale, None
        return self

    def _session(self) -> SparkSession:
        if self.session is None:
            self.session = _session.session()
        return self.session

    def _fit(self, ratings: DataFrame, seed: int) -> None:
        """Fit biases and vectors to the columns ``user``, ``item`` (indices) and ``rating``."""
        from pyspark.ml.recommendation import ALS as MLlibALS  # noqa: N811
        from pyspark.sql import functions as F

        ratings = ratings.persist()
        blocks = max(2, ratings.sparkSession.sparkContext.defaultParallelism)
        try:
            self.mean = ratings.agg(F.avg("rating")).first()[0]
            centered = ratings.withColumn("rating", F.col("rating") - self.mean)
            user_bias, item_bias = _frames.biases(centered, self.reg_bias)
            residual = _frames.minus(_frames.minus(centered, user_bias, "user"), item_bias, "item")
            mllib = MLlibALS(
                rank=self.k,
                maxIter=self.epochs,
                regParam=self.reg,
                numUserBlocks=blocks,
                numItemBlocks=blocks,
                seed=seed,
                userCol="user",
                itemCol="item",
                ratingCol="rating",
            ).fit(residual)
            one, bias = F.array(F.lit(1.0)), F.array("bias")
            users = _frames.with_columns(mllib.userFactors, user_bias, "user", one, bias)
            items = _frames.with_columns(mllib.itemFactors, item_bias, "item", bias, one)
            self._model = _frames.als_model(users, items, self.k + 2)
        finally:
            ratings.unpersist()
        self._tables: tuple[np.ndarray, np.ndarray] | None = None

    def _collect(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the tables of both sides, ``(n, k + 1)``, the biases last; gather them once."""
        check_fitted(self, "_model")
        if self._tables is None:
            with _session.explained():
                sides = self._model.userFactors, self._model.itemFactors
                bias_columns = self.k + 1, self.k
                tables = []
                for ids, factors, bias in zip(self._ids, sides, bias_columns, strict=True):
                    table = np.zeros((ids.count(), self.k + 1))
                    for row in factors.collect():
                        table[row.id, : self.k] = row.features[: self.k]
                        table[row.id, self.k] = row.features[bias]
                    tables.append(table)
            self._tables = tables[0], tables[1]
        return self._tables

    @property
    def users(self) -> np.ndarray:
        """Vectors and, in the last column, biases of the users, ``(n_users, k + 1)``."""
        return self._collect()[0]

    @property
    def items(self) -> np.ndarray:
        """Vectors and, in the last column, biases of the items, ``(n_items, k + 1)``."""
        return self._collect()[1]

    @property
    def user_ids(self) -> np.ndarray:
        """The ids of the users in the files, by index, ``(n_users,)``; after `fit`, the indices."""
        return self._gather_ids(0)

    @property
    def item_ids(self) -> np.ndarray:
        """The ids of the items in the files, by index, ``(n_items,)``; after `fit`, the indices."""
        return self._gather_ids(1)

    def _gather_ids(self, side: int) -> np.ndarray:
        check_fitted(self, "_model")
        with _session.explained():
            return np.array([row.id for row in self._ids[side].orderBy("idx").collect()])

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return ratings, ``(n,)``, in stars, unclipped, computed on this machine.

        Of a user or item that training never saw, the vector and the bias are 0.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside its table.
        """
        users, items = self._collect()
        return predict_pairs(users, items, self.mean, user_idx, item_idx)

    def predict_files(
        self,
        path: str | os.PathLike[str],
        *,
        format: str = "parquet",
        columns: tuple[str, str, str] = _files.COLUMNS,
    ) -> DataFrame:
        """Predict the ratings of files, on the cluster.

        Parameters
        ----------
        path, format, columns
            As for `fit_files`.

        Returns
        -------
        pyspark.sql.DataFrame
            ``user_id``, ``item_id``, ``rating`` and ``prediction`` (in stars, unclipped; of a user
            or item that training never saw, the vector and the bias are 0).

        Raises
        ------
        ValueError
            If the model has not been fitted.
        DataError
            If a column, an id or a rating is missing or wrong.
        SparkError
            If Spark stops.
        """
        check_fitted(self, "_model")
        from pyspark.sql import functions as F

        with _session.explained():
            ratings = _files.read_ratings(
                self._session(), path, format=format, columns=columns, scale=self.scale
            )
            for side, name, cold in zip(("user", "item"), "pq", (self.k, self.k + 1), strict=True):
                # A vector of zeros, and the 1 that lets the other side's bias through.
                nobody = F.array(*(F.lit(float(n == cold)) for n in range(self.k + 2)))
                factors = self._factors(side).withColumnRenamed("features", name)
                ratings = ratings.join(factors, f"{side}_id", "left")
                ratings = ratings.withColumn(name, F.coalesce(name, nobody))
            prediction = (_frames.inner_product() + self.mean).alias("prediction")
            return ratings.select("user_id", "item_id", "rating", prediction)

    def _factors(self, side: str) -> DataFrame:
        """Return the columns ``user_id`` (or ``item_id``) and ``features``."""
        factors = self._model.userFactors if side == "user" else self._model.itemFactors
        ids = self._ids[side == "item"].toDF(f"{side}_id", "idx")
        return ids.join(factors.toDF("idx", "features"), "idx").drop("idx")

    def evaluate_files(
        self,
        path: str | os.PathLike[str],
        *,
        format: str = "parquet",
        columns: tuple[str, str, str] = _files.COLUMNS,
    ) -> float:
        """RMSE on files, in stars, the predictions clipped as in `mfbook.metrics.evaluate`.

        Parameters
        ----------
        path, format, columns
            As for `fit_files`.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the model has not been fitted.
        DataError
            If a column, an id or a rating is missing or wrong.
        SparkError
            If Spark stops.
        """
        predicted = self.predict_files(path, format=format, columns=columns)
        from pyspark.sql import functions as F

        low, high = (F.lit(float(end)) for end in self.scale)
        error = F.col("rating") - F.least(F.greatest("prediction", low), high)
        with _session.explained():
            return float(predicted.agg(F.sqrt(F.avg(error * error))).first()[0])

    def recommend(
        self, user_ids: Sequence[Any], *, n: int = 10, rated: DataFrame | None = None
    ) -> pd.DataFrame:
        """Lists of the items with the highest predictions, found on the cluster.

        Parameters
        ----------
        user_ids : sequence
            Ids as in the files.
        n : int
            Length of the lists.
        rated : pyspark.sql.DataFrame, optional
            What the lists leave out: columns ``user_id`` and ``item_id``.

        Returns
        -------
        pandas.DataFrame
            ``user_id``, ``item_id`` and ``prediction`` in stars, the best first; the users in the
            order asked for.

        Raises
        ------
        ValueError
            If the model has not been fitted, or a user was not in its training set.
        SparkError
            If Spark stops.
        """
        check_fitted(self, "_model")
        check_sizes(n=n)
        from pyspark.sql import functions as F

        with _session.explained():
            users, items = (
                self._ids[0].toDF("user_id", "user"),
                self._ids[1].toDF("item_id", "item"),
            )
            kind = users.schema["user_id"].dataType
            asked = users.where(F.col("user_id").isin([F.lit(u).cast(kind) for u in user_ids]))
            found = {row.user_id for row in asked.collect()}
            missing = [user for user in user_ids if user not in found]
            if missing:
                raise ValueError(
                    f"User {missing[0]!r} has no rating in the training files, so there is no "
                    "list. Leave the user out."
                )
            longest = n
            if rated is not None:
                # Lists long enough to lose all that the user with the most ratings has rated.
                rated = rated.join(asked, "user_id").select("user_id", "item_id")
                longest += max(
                    (row["count"] for row in rated.groupBy("user_id").count().collect()), default=0
                )
            lists = self._model.recommendForUserSubset(asked, longest).join(asked, "user")
            lists = lists.select("user_id", F.inline("recommendations")).join(items, "item")
            if rated is not None:
                lists = lists.join(rated, ["user_id", "item_id"], "left_anti")
            rows = lists.select("user_id", "item_id", F.col("rating") + self.mean).collect()
        table = pd.DataFrame(
            [tuple(row) for row in rows], columns=["user_id", "item_id", "prediction"]
        )
        order = {user: position for position, user in enumerate(user_ids)}
        table = table.sort_values("prediction", ascending=False, kind="stable")
        table = table.sort_values("user_id", key=lambda u: u.map(order), kind="stable")
        return table.groupby("user_id", sort=False).head(n).reset_index(drop=True)

    def save(self, path: str) -> None:
        """Save the model in Spark's own form: an ``ALSModel``, ids as Parquet, settings as JSON.

        Parameters
        ----------
        path : str
            A folder that does not exist yet, on whatever the workers reach.

        Raises
        ------
        ValueError
            If the model has not been fitted, or the folder exists.
        SparkError
            If Spark stops.
        """
        check_fitted(self, "_model")
        path = os.fspath(path)
        settings = {name: getattr(self, name) for name in ("k", "reg", "reg_bias", "epochs")}
        settings |= {"mean": self.mean, "low": self.scale[0], "high": self.scale[1]}
        with _session.explained():
            session = self._session()
            if _files.exists(session, path):
                raise ValueError(f"{path} exists already. Pass a folder that does not.")
            self._model.save(f"{path}/factors")
            for ids, name in zip(self._ids, ("users", "items"), strict=True):
                ids.write.parquet(f"{path}/{name}")
            session.createDataFrame([settings]).coalesce(1).write.json(f"{path}/settings")

    @classmethod
    def load(cls, path: str, *, session: SparkSession | None = None) -> ALS:
        """Return a model that `save` has written; its ``history`` is None.

        Parameters
        ----------
        path : str
            The folder.
        session : pyspark.sql.SparkSession, optional
            Where to compute; if not given, on all cores of this machine.

        Raises
        ------
        DataError
            If there is no such model.
        SparkError
            If Spark cannot start, or stops.
        """
        session = session or _session.session()
        from pyspark.ml.recommendation import ALSModel

        path = os.fspath(path)
        with _session.explained():
            if not _files.exists(session, f"{path}/settings"):
                raise DataError(
                    f"There is no saved model in {path}. Pass the folder given to save."
                )
            kept = session.read.json(f"{path}/settings").first().asDict()
            names = ("k", "reg", "reg_bias", "epochs")
            model = cls(**{name: kept[name] for name in names}, session=session)
            model.mean, model.scale = kept["mean"], (kept["low"], kept["high"])
            model._model, model._tables = ALSModel.load(f"{path}/factors"), None
            model._ids = tuple(session.read.parquet(f"{path}/{n}") for n in ("users", "items"))
        return model
