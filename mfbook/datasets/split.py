"""A `Split`: a training set and a test or validation set of ratings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mfbook._validation import as_numbers, check_fraction, check_seed, shown
from mfbook.datasets._tables import check_indexed
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd


# Two of them are equal only if they are the same: tables have no single answer to "==".
@dataclass(frozen=True, eq=False)
class Split:
    """Ratings in two sets: one to train on, and one to evaluate the trained model on.

    Attributes
    ----------
    train, evaluation : pandas.DataFrame
        The training set and the evaluation set, one row per rating: ``user_id`` and ``item_id``
        as in the file; ``user_idx`` and ``item_idx`` (int32, from 0 without gaps, the same in
        both sets); ``rating`` (float32).
    users, items : pandas.DataFrame
        One row per index: ``user_id`` and, for MovieLens, ``age``, ``gender`` and
        ``occupation``; ``item_id`` and, for MovieLens, ``title`` and ``genres``.
    name : str
        Name of these data in titles and messages.
    dataset : str
        ``"ml-100k"``, ``"synthetic"`` or ``"custom"``.
    evaluation_set : str
        Which set ``evaluation`` is: ``"test"`` or ``"validation"``.

    Raises
    ------
    DataError
        If a set is empty, a column of indices or ratings is missing or holds something else, or a
        training rating is not a finite number.

    Notes
    -----
    Explained in chapter 1; validation sets and the noise floor in chapter 2.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> split.n_users, split.n_items, len(split.train), len(split.test)
    (943, 1682, 80000, 20000)
    >>> split.scale
    (1.0, 5.0)
    """

    train: pd.DataFrame
    evaluation: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    name: str = "ratings"
    dataset: str = "custom"
    evaluation_set: Literal["test", "validation"] = "test"

    def __post_init__(self) -> None:
        words = ("test", "validation")
        if not isinstance(self.evaluation_set, str) or self.evaluation_set not in words:
            raise DataError(
                f"evaluation_set is {shown(self.evaluation_set)}; it must be 'test' or 'validation'."
            )
        for word, table in (("users", self.users), ("items", self.items)):
            if not isinstance(table, pd.DataFrame):
                raise DataError(
                    f"{word} is {shown(table)}. Pass a pandas DataFrame with one row for each of "
                    "them, or make the split with datasets.make_split."
                )
        for word, table in (("training", self.train), (self.evaluation_set, self.evaluation)):
            check_indexed(table, f"{self.name}, {word} set", len(self.users), len(self.items))
            if table.empty:
                raise DataError(
                    f"The {word} set of {self.name} is empty. Change the fraction or the file."
                )
        ratings = self.train["rating"].to_numpy()
        wrong = np.flatnonzero(~np.isfinite(ratings))
        if len(wrong):
            raise DataError(
                f"{self.name}, training set: the rating in row {wrong[0]} is {ratings[wrong[0]]}. "
                "Drop that row or fill it in."
            )

    @property
    def test(self) -> pd.DataFrame:
        """The evaluation set, if it is a test set; else `AttributeError`."""
        return self._evaluation_if("test")

    @property
    def validation(self) -> pd.DataFrame:
        """The evaluation set, if it is a validation set; else `AttributeError`."""
        return self._evaluation_if("validation")

    def _evaluation_if(self, word: str) -> pd.DataFrame:
        if self.evaluation_set != word:
            advice = " Make one with split.validation_split()." if word == "validation" else ""
            raise AttributeError(
                f"This split ({self.name}) has a {self.evaluation_set} set and no {word} set: "
                f"use split.{self.evaluation_set} or split.evaluation.{advice}"
            )
        return self.evaluation

    @property
    def n_users(self) -> int:
        """Number of users, in the training and the evaluation set together."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items, in the training and the evaluation set together."""
        return len(self.items)

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest rating of the training set."""
        return float(self.train["rating"].min()), float(self.train["rating"].max())

    @property
    def unseen(self) -> pd.DataFrame:
        """The rows of the evaluation set whose user or item has no training rating."""
        seen = self._known("user_idx", self.n_users) & self._known("item_idx", self.n_items)
        return self.evaluation[~seen]

    def _known(self, column: str, size: int) -> np.ndarray:
        """Return for each row of the evaluation set whether its index has a training rating."""
        known = np.zeros(size, bool)
        known[self.train[column]] = True
        return known[self.evaluation[column]]

    @property
    def noise_floor(self) -> float:
        """RMSE of the best possible prediction on the evaluation set, known only for the twin."""
        if "expected" not in self.evaluation:
            raise DataError(
                f"The noise floor of {self.name} is not known: nobody knows the best possible "
                'predictions of real ratings. Use the synthetic twin, datasets.load("synthetic").'
            )
        expected = as_numbers(self.evaluation["expected"], "expected")
        error = self.evaluation["rating"].to_numpy() - expected
        return float(np.sqrt(np.mean(error**2)))

    def validation_split(self, fraction: float = 0.2, seed: int = 0) -> Split:
        """Set aside a validation set from the training set, to choose hyperparameters on.

        Only ratings by users of the evaluation set are drawn, so that the validation set
        resembles it. The evaluation set itself is not used for anything else.

        Parameters
        ----------
        fraction : float
            Fraction of those users' training ratings to set aside, between 0 and 1.
        seed : int
            Seed of the draw.

        Returns
        -------
        Split
            Its ``train`` is the rest of this training set, its ``validation`` the rows set
            aside; users, items and indices are the same as here.

        Raises
        ------
        ValueError
            If ``fraction`` or ``seed`` is impossible, or nothing would be left in one of the sets.

        Notes
        -----
        Explained in chapter 2.

        Examples
        --------
        >>> from mfbook import datasets
        >>> inner = datasets.load("synthetic").validation_split(fraction=0.2, seed=0)
        >>> len(inner.train), len(inner.validation), inner.evaluation_set
        (74024, 5976, 'validation')
        """
        check_fraction(fraction)
        check_seed(seed)
        is_evaluated = np.zeros(self.n_users, bool)
        is_evaluated[self.evaluation["user_idx"]] = True
        candidates = np.flatnonzero(is_evaluated[self.train["user_idx"]])
        shuffled = np.random.default_rng(seed).permutation(candidates)
        held_out = np.zeros(len(self.train), bool)
        held_out[shuffled[: round(fraction * len(candidates))]] = True
        return replace(
            self,
            train=self.train[~held_out],
            evaluation=self.train[held_out],
            name=f"{self.name}, validation",
            evaluation_set="validation",
        )

    def __repr__(self) -> str:
        text = (
            f"{self.name}: {len(self.train):,} training and {len(self.evaluation):,} "
            f"{self.evaluation_set} ratings,\n{self.n_users:,} users, {self.n_items:,} items"
        )
        n_unseen = len(self.unseen)
        if n_unseen:
            ratings = "rating is" if n_unseen == 1 else "ratings are"
            text += (
                f"\n{n_unseen:,} {self.evaluation_set} {ratings} of users or items "
                "that are not in the training set"
            )
        return text
