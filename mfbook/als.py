r"""Matrix factorization without a learning rate: alternating least squares.

The biased model (Koren, Bell and Volinsky 2009, equation 4),

.. math:: \hat r_{ui} = \mu + b_u + b_i + p_u \cdot q_i

is fitted by solving a small system of equations for each user, all of them at once, and then for
each item. The factors of one side, users or items, are one table ``(n, k + 1)``: the vectors and,
in the last column, the biases. `mfbook.least_squares` solves the systems.
"""

from __future__ import annotations

from mfbook._validation import (
    as_float,
    as_new_items,
    as_numbers,
    check_finite,
    check_fitted,
    check_generator,
    check_memory,
    check_positive,
    check_seed,
    check_shape,
    check_sizes,
    shown,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.history import History, run_epochs
from mfbook.least_squares import Block, both_sides, rating_blocks, row_products, solve_rows
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


def predict_pairs(
    users: np.ndarray, items: np.ndarray, mean: float, user_idx: ArrayLike, item_idx: ArrayLike
) -> np.ndarray:
    """Ratings of the biased model for pairs of user and item.

    Parameters
    ----------
    users, items : numpy.ndarray, shape (n_users, k + 1) and (n_items, k + 1)
        Vectors and, in the last column, biases.
    mean : float
        The mean rating, in stars.
    user_idx, item_idx : array_like of int, shape (n,)
        Zero-based indices.

    Returns
    -------
    numpy.ndarray, shape (n,)
        In stars, unclipped.

    Raises
    ------
    ValueError
        If the tables are no matrices of the same width, ``mean`` is no number, or an index is
        outside its table.

    Notes
    -----
    Chapter 8, equation 8.1.

    Examples
    --------
    >>> predict_pairs(np.array([[1, 0.5]]), np.array([[2, -0.5]]), 3.5, [0], [0])
    array([5.5])
    """
    check_shape(users, "users", "n_users", "k + 1")
    check_shape(items, "items", "n_items", users.shape[1])
    if np.isnan(as_float(mean)):
        raise ValueError(f"mean is {shown(mean)}; it must be a number of stars.")
    taste = row_products(users[:, :-1], items[:, :-1], user_idx, item_idx)
    user, item = np.asarray(user_idx, np.intp), np.asarray(item_idx, np.intp)
    return float(mean) + users[user, -1] + items[item, -1] + taste


def centered_blocks(split: Split, k: int) -> tuple[float, tuple[list[Block], list[Block]]]:
    """Mean training rating, and the centered training ratings by user and by item.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only ``split.train`` is read.
    k : int
        Number of latent factors.

    Returns
    -------
    mean : float
        In stars.
    blocks : tuple of list of Block
        The rows of the users; the rows of the items.

    Raises
    ------
    ValueError
        If ``split`` is not a `Split`, or ``k`` not a whole number of 1 or more.

    Notes
    -----
    Chapter 8 explains why the mean is taken out first.

    Examples
    --------
    >>> from mfbook import datasets
    >>> mean, (by_user, by_item) = centered_blocks(datasets.load("synthetic"), k=5)
    >>> sum(len(block.rows) for block in by_user), sum(len(block.rows) for block in by_item)
    (943, 1682)
    """
    check_split(split)
    check_sizes(k=k)
    rating = split.train["rating"].to_numpy()
    mean = float(rating.mean(dtype=np.float64))
    return mean, both_sides(split, (rating - mean).astype(np.float32), k)


class ALS:
    """Biased matrix factorization by alternating least squares: a `mfbook.Model`.

    Y. Koren, R. Bell and C. Volinsky (2009), Matrix Factorization Techniques for Recommender
    Systems, *Computer* 42, equations 4 and 5.

    Parameters
    ----------
    k : int
        Number of latent factors.
    reg, reg_bias : float
        Penalty on every vector's and every bias's square, once for each user and item.
    epochs : int
        Sweeps: in each, all users are solved for and then all items.

    Attributes
    ----------
    users, items : numpy.ndarray, shape (n_users, k + 1) and (n_items, k + 1)
        The vectors and, in the last column, the biases; float32.
    mean : float
        The mean training rating, in stars.
    history : History
        The learning curve.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or a penalty not a positive number.

    Notes
    -----
    Built in chapter 8.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> model = ALS(k=5, reg=9, reg_bias=5, epochs=3).fit(split)
    >>> model.predict([0, 1], [5, 5]).shape
    (2,)
    >>> model.fold_in(item_idx=[5, 7], rating=[5, 1]).shape
    (1, 6)
    """

    def __init__(self, *, k: int, reg: float, reg_bias: float, epochs: int = 20) -> None:
        check_sizes(k=k, epochs=epochs)
        check_positive(reg=reg, reg_bias=reg_bias)
        self.k, self.epochs, self.reg, self.reg_bias = int(k), epochs, reg, reg_bias
        self.history: History | None = None

    @property
    def prior_precision(self) -> np.ndarray:
        """The penalties as a matrix, ``(k + 1, k + 1)``: D in chapter 8."""
        return np.diag([self.reg] * self.k + [self.reg_bias]).astype(np.float32)

    def fit(self, split: Split, *, seed: int = 0) -> ALS:
        """Solve for the users and the items of ``split.train`` in turn; return self.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Its evaluation set is only measured on, after each sweep.
        seed : int
            Of the items' first vectors.

        Returns
        -------
        ALS

        Raises
        ------
        ValueError
            If ``split`` is not a `Split`, ``seed`` is impossible, or the factors would need too
            much memory.
        TrainingError
            If the penalties are too small for the equations to be solved. The model is then as it
            was before.
        """
        check_split(split)
        check_seed(seed)
        check_factors(split, self.k)
        mean, (by_user, by_item) = centered_blocks(split, self.k)
        penalty = self.prior_precision
        users, items = first_factors(split, self.k, np.random.default_rng(seed))

        def sweep() -> None:
            nonlocal users, items
            users = solve_rows(by_user, items, penalty)
            items = solve_rows(by_item, users, penalty)

        def predict_sets(*sets: pd.DataFrame) -> list[np.ndarray]:
            pairs = ((table["user_idx"], table["item_idx"]) for table in sets)
            return [predict_pairs(users, items, mean, *pair) for pair in pairs]

        remedy = "Make reg and reg_bias larger."
        history = run_epochs(split, self.epochs, sweep, predict_sets, remedy)
        self.users, self.items, self.mean, self.scale = users, items, mean, split.scale
        self.history = history
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return ratings, ``(n,)``, in stars, unclipped.

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
        return predict_pairs(self.users, self.items, self.mean, user_idx, item_idx)

    def predict_from_vectors(
        self, user_vectors: np.ndarray, user_idx: ArrayLike, item_idx: ArrayLike
    ) -> np.ndarray:
        """Return ratings, ``(n,)``, for other users than those of the training set.

        Parameters
        ----------
        user_vectors : numpy.ndarray, shape (n_rows, k + 1)
            For example what `fold_in` returns.
        user_idx : array_like of int, shape (n,)
            Rows of ``user_vectors``.
        item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Raises
        ------
        ValueError
            If the model has not been fitted, the vectors are of another width or not finite, or an
            index is outside its table.
        """
        check_fitted(self, "items")
        user_vectors = as_numbers(user_vectors, "user_vectors")
        if user_vectors.ndim != 2 or user_vectors.shape[1] != self.k + 1:
            raise ValueError(
                f"user_vectors has the shape {user_vectors.shape}; it must be (rows, {self.k + 1}): "
                f"{self.k} factors and a bias in each row."
            )
        check_finite(user_vectors, "user_vectors")
        return predict_pairs(user_vectors, self.items, self.mean, user_idx, item_idx)

    def fold_in(self, item_idx: ArrayLike, rating: ArrayLike) -> np.ndarray:
        """Solve for a new person, the items fixed.

        Parameters
        ----------
        item_idx : array_like of int, shape (n,)
            What the person rated, zero-based.
        rating : array_like of float, shape (n,)
            In stars.

        Returns
        -------
        numpy.ndarray, shape (1, k + 1)
            The person's vector and, last, bias.

        Raises
        ------
        ValueError
            If an index is outside the table or occurs twice, or a rating is missing, no number, or
            off the scale of the training ratings.
        """
        check_fitted(self, "items")
        item = as_new_items(item_idx, len(self.items))
        low, high = self.scale
        stars = as_numbers(rating, "rating")
        if stars.shape != item.shape or not ((stars >= low) & (stars <= high)).all():
            raise ValueError(
                f"rating is {stars}; it must be {len(item)} numbers from {low:g} to {high:g}."
            )
        nobody, shape = np.zeros(item.shape, int), (1, len(self.items))
        blocks = rating_blocks(nobody, item, stars - self.mean, shape, self.k)
        return solve_rows(blocks, self.items, self.prior_precision)


def check_factors(split: Split, k: int) -> None:
    """Raise `ValueError` if k factors for each user and item, or one row's equations, are too many.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Its numbers of users and items count.
    k : int
        Number of latent factors.

    Raises
    ------
    ValueError
        If either would take more than 2 GB, ``split`` is not a `Split`, or ``k`` is impossible.

    Notes
    -----
    Chapters 8 and 9 fit models that call it first.

    Examples
    --------
    >>> from mfbook import datasets
    >>> check_factors(datasets.load("synthetic"), 10)
    """
    check_split(split)
    check_sizes(k=k)
    remedy = "Make k smaller."
    check_memory(4 * k**2, f"The equations of one user with {k:,} factors", remedy)
    n = max(split.n_users, split.n_items)
    check_memory(4 * n * (k + 1), f"The table of {n:,} x {k + 1:,} factors", remedy)


def first_factors(split: Split, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where the alternation starts: users of zeros, items with small random vectors and no bias.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Its numbers of users and items count.
    k : int
        Number of latent factors.
    rng : numpy.random.Generator
        Draws the vectors, with a standard deviation of 0.1.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_users, k + 1) and (n_items, k + 1)
        Of single precision.

    Raises
    ------
    ValueError
        If an argument is impossible.

    Notes
    -----
    Chapter 8 starts so.

    Examples
    --------
    >>> from mfbook import datasets
    >>> users, items = first_factors(datasets.load("synthetic"), 5, np.random.default_rng(0))
    >>> users.shape, items.shape, float(abs(items[:, 5]).max())
    ((943, 6), (1682, 6), 0.0)
    """
    check_factors(split, k)
    check_generator(rng)
    items = np.float32(0.1) * rng.standard_normal((split.n_items, k + 1), np.float32)
    items[:, k] = 0
    return np.zeros((split.n_users, k + 1), np.float32), items
