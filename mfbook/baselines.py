"""Predictors without a network: what every network has to beat."""

from __future__ import annotations

from typing import ClassVar

from mfbook._validation import check_fitted, check_indices, check_positive, check_sizes
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
import numpy as np
from numpy.typing import ArrayLike


class _Baseline:
    """What the baselines share: no learning curve, and a checked `predict`."""

    history: ClassVar[None] = None
    shape: tuple[int, int]
    mean: float

    def _read(self, split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return user indices, item indices and ratings of the training set, ``(n,)`` each."""
        check_split(split)
        user, item = (split.train[column].to_numpy() for column in ("user_idx", "item_idx"))
        rating = split.train["rating"].to_numpy(np.float64)
        self.shape, self.mean = (split.n_users, split.n_items), float(rating.mean())
        return user, item, rating

    def _checked(self, user_idx: ArrayLike, item_idx: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        check_fitted(self, "shape")
        check_indices(user_idx, item_idx, *self.shape)
        return np.asarray(user_idx, int), np.asarray(item_idx, int)


class GlobalMean(_Baseline):
    """Predicts the mean training rating for every pair.

    Notes
    -----
    Built in chapter 2.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> GlobalMean().fit(split).predict([0, 1], [7, 7]).round(2)
    array([3.54, 3.54])
    """

    def fit(self, split: Split, *, seed: int = 0) -> GlobalMean:
        """Learn the mean from ``split.train``; return self. ``seed`` has no effect."""
        self._read(split)
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return the same rating for each of the ``(n,)`` pairs, float64, in stars."""
        user, _ = self._checked(user_idx, item_idx)
        return np.full(len(user), self.mean)


class ItemMean(_Baseline):
    """Predicts an item's mean training rating; the global mean for an item never rated.

    Notes
    -----
    Built in chapter 2.

    Examples
    --------
    >>> from mfbook import datasets
    >>> model = ItemMean().fit(datasets.load("synthetic"))
    >>> a, b = model.predict([0, 500], [7, 7])
    >>> bool(a == b)
    True
    """

    def fit(self, split: Split, *, seed: int = 0) -> ItemMean:
        """Learn the means from ``split.train``; return self. ``seed`` has no effect."""
        _, item, rating = self._read(split)
        count = np.bincount(item, minlength=split.n_items)
        total = np.bincount(item, weights=rating, minlength=split.n_items)
        self.means = np.where(count > 0, total / np.maximum(count, 1), rating.mean())  # (n_items,)
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return the means of the given items, ``(n,)``, float64, in stars."""
        _, item = self._checked(user_idx, item_idx)
        return self.means[item]


class Biases(_Baseline):
    r"""Predicts mean + user bias + item bias (Koren, Bell and Volinsky 2009, equation 3).

    The biases minimize

    .. math::
       \sum_{(u,i)} (r_{ui} - \mu - b_u - b_i)^2
       + \lambda_\text{user} \sum_u b_u^2 + \lambda_\text{item} \sum_i b_i^2

    by alternating: with the item biases fixed each user bias has a closed form, and vice versa.
    An id that training never saw has bias 0.

    Parameters
    ----------
    reg_user, reg_item : float
        The two lambdas: that many imaginary ratings of residual 0 for each user and item.
    sweeps : int
        How often the two halves alternate.

    Raises
    ------
    ValueError
        If a penalty is not a positive number, or ``sweeps`` not a whole one.

    Notes
    -----
    Built in chapter 2, equation 2.4.

    Examples
    --------
    >>> from mfbook import datasets
    >>> model = Biases(reg_user=6, reg_item=2).fit(datasets.load("synthetic"))
    >>> model.user_bias.shape, model.item_bias.shape
    ((943,), (1682,))
    """

    def __init__(self, *, reg_user: float, reg_item: float, sweeps: int = 20) -> None:
        check_positive(reg_user=reg_user, reg_item=reg_item)
        check_sizes(sweeps=sweeps)
        self.reg_user, self.reg_item, self.sweeps = reg_user, reg_item, sweeps

    def fit(self, split: Split, *, seed: int = 0) -> Biases:
        """Learn the biases from ``split.train``; return self. ``seed`` has no effect."""
        user, item, rating = self._read(split)
        self.user_bias, self.item_bias = np.zeros(split.n_users), np.zeros(split.n_items)
        for _ in range(self.sweeps):
            residual = rating - self.mean - self.user_bias[user]  # (n_ratings,)
            self.item_bias = _shrunk_means(item, residual, split.n_items, self.reg_item)
            residual = rating - self.mean - self.item_bias[item]
            self.user_bias = _shrunk_means(user, residual, split.n_users, self.reg_user)
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return mean + user bias + item bias, ``(n,)``, float64, in stars."""
        user, item = self._checked(user_idx, item_idx)
        return self.mean + self.user_bias[user] + self.item_bias[item]


class Popularity(_Baseline):
    """Scores an item by its number of training ratings, the same for every user.

    Its predictions order items for lists, and are no stars.

    Notes
    -----
    Built in chapter 10, as a class of its own there; chapter 11 has it as the list to beat.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> model = Popularity().fit(split)
    >>> model.predict([0, 1], [7, 7]).tolist() == 2 * [(split.train["item_idx"] == 7).sum()]
    True
    """

    def fit(self, split: Split, *, seed: int = 0) -> Popularity:
        """Count the ratings of ``split.train``; return self. ``seed`` has no effect."""
        _, item, _ = self._read(split)
        self.counts = np.bincount(item, minlength=split.n_items)  # (n_items,)
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return the numbers of ratings of the given items, ``(n,)``, float64."""
        _, item = self._checked(user_idx, item_idx)
        return self.counts[item].astype(float)


def _shrunk_means(group: np.ndarray, values: np.ndarray, n_groups: int, reg: float) -> np.ndarray:
    """Return for each group the sum of its values over (their number + ``reg``)."""
    total = np.bincount(group, weights=values, minlength=n_groups)
    # A whole number of any size is a penalty: as a float, no NumPy integer overflows.
    return total / (np.bincount(group, minlength=n_groups) + float(reg))
