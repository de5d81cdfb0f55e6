"""Models of what people choose, for lists: implicit ALS and EASE.

A model of stars learns from the values of ratings. These learn from which pairs of user and item
there are: a pair that somebody rated well was chosen, and all others were not. Their predictions
order items, and are no stars.
"""

from __future__ import annotations

from dataclasses import replace
import math
import sys

from mfbook._validation import (
    as_float,
    as_new_items,
    check_fitted,
    check_indices,
    check_memory,
    check_positive,
    check_seed,
    check_sizes,
    shown,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.history import History
from mfbook.least_squares import Block, both_sides, rating_blocks, row_products, solve_choices
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd
from tqdm import tqdm

# From how many stars on a film counts as liked, in chapter 10 and here.
LIKED_FROM = 4


def liked(split: Split, liked_from: float = LIKED_FROM) -> pd.DataFrame:
    """Training ratings from so many stars on: what people chose and liked.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only its training set is read.
    liked_from : float
        In stars; the lowest of the scale for everything that was rated.

    Returns
    -------
    pandas.DataFrame
        These rows of ``split.train``.

    Raises
    ------
    ValueError
        If ``split`` is not a `Split`, ``liked_from`` no number, or no rating is so high.

    Notes
    -----
    Chapter 11 begins with it.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> len(liked(split, 1)) == len(split.train), float(liked(split)["rating"].min())
    (True, 4.0)
    """
    check_split(split)
    stars = as_float(liked_from)
    if math.isnan(stars):
        raise ValueError(f"liked_from is {shown(liked_from)}; it must be a number of stars.")
    chosen = split.train[split.train["rating"] >= stars]
    if chosen.empty:
        raise ValueError(
            f"No training rating has {shown(liked_from)} stars or more, so nothing was liked. Make "
            "liked_from smaller."
        )
    return chosen


class ImplicitALS:
    r"""Matrix factorization of what was chosen, by alternating least squares: a `mfbook.Model`.

    Y. Hu, Y. Koren and C. Volinsky (2008), Collaborative Filtering for Implicit Feedback Datasets,
    *ICDM*, with the penalty of S. Rendle, W. Krichene, L. Zhang and Y. Koren (2022), Revisiting the
    Performance of iALS on Item Recommendation Benchmarks, *RecSys*. The vectors minimize

    .. math::
       &\sum_{(u,i) \in S} (p_u \cdot q_i - 1)^2 + \alpha_0 \sum_{u,i} (p_u \cdot q_i)^2 \\
       &+ \lambda \sum_u (n_u + \alpha_0 n) |p_u|^2 \\
       &+ \lambda \sum_i (n_i + \alpha_0 m) |q_i|^2

    where S holds what m users chose of n items, :math:`n_u` choices of user u and :math:`n_i` of
    item i.

    Parameters
    ----------
    k : int
        Number of latent factors.
    reg : float
        The penalty: :math:`\lambda`.
    unobserved : float
        The weight of every pair as one of preference 0: :math:`\alpha_0`.
    liked_from : float
        From how many stars on a training rating counts as chosen.
    epochs : int
        Sweeps: in each, all users are solved for and then all items.

    Attributes
    ----------
    users, items : numpy.ndarray, shape (n_users, k) and (n_items, k)
        The vectors, float32.
    history : None
        Preferences are no stars, so there is no learning curve in stars.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or a weight not a positive number.

    Notes
    -----
    Built in chapter 11.

    Examples
    --------
    >>> from mfbook import datasets, recommend
    >>> split = datasets.load("synthetic")
    >>> model = ImplicitALS(k=5, reg=0.03, unobserved=0.1, epochs=3).fit(split)
    >>> recommend.top_n(recommend.scores(model, split, [0, 1]), n=10).shape
    (2, 10)
    >>> model.fold_in(item_idx=[5, 7]).shape
    (1, 5)
    """

    history: History | None = None

    def __init__(
        self,
        *,
        k: int,
        reg: float,
        unobserved: float,
        liked_from: float = LIKED_FROM,
        epochs: int = 15,
    ) -> None:
        check_sizes(k=k, epochs=epochs)
        check_positive(reg=reg, unobserved=unobserved)
        self.k, self.epochs, self.reg, self.unobserved = int(k), epochs, reg, unobserved
        self.liked_from = liked_from

    def fit(self, split: Split, *, seed: int = 0) -> ImplicitALS:
        """Solve for the users and the items of ``split.train`` in turn; return self.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Only its training set is read.
        seed : int
            Of the items' first vectors.

        Returns
        -------
        ImplicitALS

        Raises
        ------
        ValueError
            If ``split`` is not a `Split`, nothing in it was liked, ``seed`` is impossible, or the
            vectors would need too much memory.
        TrainingError
            If the penalty is too small for the equations to be solved. The model is then as it was
            before.
        """
        chosen = liked(split, self.liked_from)
        check_seed(seed)
        n = max(split.n_users, split.n_items)
        check_memory(4 * n * self.k, f"{self.k:,} factors for each row", "Make k smaller.")
        check_memory(
            4 * self.k**2, f"The equations of one user with {self.k:,} factors", "Make k smaller."
        )
        ones = np.ones(len(chosen), np.float32)
        by_user, by_item = both_sides(replace(split, train=chosen), ones, self.k)
        items = np.random.default_rng(seed).standard_normal((split.n_items, self.k), np.float32)
        items *= np.float32(0.1 / math.sqrt(self.k))
        hidden = sys.stderr is None
        for _ in tqdm(range(self.epochs), desc="epochs", leave=False, disable=hidden):
            users = self._solve(by_user, items)
            items = self._solve(by_item, users)
        self.users, self.items = users, items
        return self

    def _solve(self, blocks: list[Block], other: np.ndarray) -> np.ndarray:
        return solve_choices(blocks, other, unobserved=self.unobserved, reg=self.reg)

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return preferences, ``(n,)``: near 1 for what a user would choose, near 0 for the rest.

        For a user without choices all are 0, so a list has no meaning: show what is popular.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside its table.
        """
        check_fitted(self, "items")
        return row_products(self.users, self.items, user_idx, item_idx)

    def fold_in(self, item_idx: ArrayLike) -> np.ndarray:
        """Solve for a new person, the items fixed.

        Parameters
        ----------
        item_idx : array_like of int, shape (n,)
            What the person likes, zero-based.

        Returns
        -------
        numpy.ndarray, shape (1, k)
            The person's vector.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside the table or occurs twice.
        """
        check_fitted(self, "items")
        item = as_new_items(item_idx, len(self.items))
        nobody, ones = np.zeros(len(item), int), np.ones(len(item), np.float32)
        return self._solve(
            rating_blocks(nobody, item, ones, (1, len(self.items)), self.k), self.items
        )


class EASE:
    r"""A linear model from items to items, in closed form: a `mfbook.Model`.

    H. Steck (2019), Embarrassingly Shallow Autoencoders for Sparse Data, *WWW*, equation 8. With X
    the users' choices as a matrix of zeros and ones, ``(n_users, n_items)``, the weights B minimize

    .. math:: |X - X B|^2 + \lambda |B|^2, \qquad B_{jj} = 0

    and the scores are X B: an item is recommended by the other items that a user chose.

    Parameters
    ----------
    reg : float
        The penalty: :math:`\lambda`.
    liked_from : float
        From how many stars on a training rating counts as chosen.

    Attributes
    ----------
    weights : numpy.ndarray, shape (n_items, n_items)
        B, float32: what the choice of the row's item adds to the score of the column's.
    history : None
        It is fitted in one go.

    Raises
    ------
    ValueError
        If the penalty is not a positive number.

    Notes
    -----
    Built in chapter 11. It inverts a matrix of items times items, so its memory and its time grow
    with the square and the cube of their number.

    Examples
    --------
    >>> from mfbook import datasets
    >>> model = EASE(reg=200).fit(datasets.load("synthetic"))
    >>> model.weights.shape, model.predict([0, 1], [5, 5]).shape
    ((1682, 1682), (2,))
    """

    history: History | None = None

    def __init__(self, *, reg: float, liked_from: float = LIKED_FROM) -> None:
        check_positive(reg=reg)
        self.reg, self.liked_from = reg, liked_from

    def fit(self, split: Split, *, seed: int = 0) -> EASE:
        """Solve for the weights; return self. ``seed`` has no effect.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Only its training set is read.
        seed : int
            Not used: there is nothing random.

        Returns
        -------
        EASE

        Raises
        ------
        ValueError
            If ``split`` is not a `Split`, nothing in it was liked, or its items, or users and items,
            are too many for the memory: the message says how much it would take.
        """
        chosen = liked(split, self.liked_from)
        n_users, n = split.n_users, split.n_items
        check_memory(
            3 * 4 * n**2 + 4 * n_users * n,
            f"EASE with {n_users:,} users and {n:,} items",
            "Keep only the items with the most ratings, or use ImplicitALS.",
        )
        choices = np.zeros((n_users, n), np.float32)
        choices[chosen["user_idx"], chosen["item_idx"]] = 1
        gram = choices.T @ choices  # (n_items, n_items)
        gram[np.diag_indices(n)] += self.reg
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        weights[np.diag_indices(n)] = 0
        self.weights, self._choices = weights, choices
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return scores, ``(n,)``, which order the items of a user.

        For a user without choices all are 0, so a list has no meaning: show what is popular.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside its table.
        """
        check_fitted(self, "weights")
        check_indices(user_idx, item_idx, *self._choices.shape)
        user, item = np.asarray(user_idx, np.intp), np.asarray(item_idx, np.intp)
        users, row = np.unique(user, return_inverse=True)
        return (self._choices[users] @ self.weights)[row, item]

    def fold_in(self, item_idx: ArrayLike) -> np.ndarray:
        """Return scores of all items, ``(1, n_items)``, for a new person who likes some of them.

        Parameters
        ----------
        item_idx : array_like of int, shape (n,)
            What the person likes, zero-based.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside the table or occurs twice.
        """
        check_fitted(self, "weights")
        return self.weights[as_new_items(item_idx, len(self.weights))].sum(axis=0, keepdims=True)
