r"""Matrix factorization without a learning rate: alternating least squares.

The biased model (Koren, Bell and Volinsky 2009, equation 4),

.. math:: \hat r_{ui} = \mu + b_u + b_i + p_u \cdot q_i

is fitted by solving a small system of equations for each user, all of them at once, and then for
each item. The factors of one side, users or items, are one table ``(n, k + 1)``: the vectors and,
in the last column, the biases.
"""

from __future__ import annotations

from typing import NamedTuple

from mfbook._validation import (
    check_array_size,
    check_fitted,
    check_indices,
    check_positive,
    check_seed,
    check_sizes,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import TrainingError
from mfbook.history import History, run_epochs
import mxnet as mx
from mxnet import nd
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


class RatingRows(NamedTuple):
    """Training ratings as sparse matrices, one row for each user (or each item).

    Attributes
    ----------
    mask : mxnet.nd.sparse.CSRNDArray, shape (n, n_others)
        1 where there is a rating.
    centered : mxnet.nd.sparse.CSRNDArray, shape (n, n_others)
        That rating minus the mean, in stars.

    Notes
    -----
    Chapter 8 explains them.

    Examples
    --------
    >>> rows = rating_rows([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], shape=(2, 3))
    >>> rows.mask.asnumpy()
    array([[0., 0., 1.],
           [1., 0., 1.]], dtype=float32)
    """

    mask: nd.sparse.CSRNDArray
    centered: nd.sparse.CSRNDArray


def rating_rows(
    row_idx: ArrayLike, column_idx: ArrayLike, centered: ArrayLike, shape: tuple[int, int]
) -> RatingRows:
    """Sparse matrices of ratings, from index pairs.

    Parameters
    ----------
    row_idx, column_idx : array_like of int, shape (n_ratings,)
        For example user and item indices.
    centered : array_like of float, shape (n_ratings,)
        Ratings minus their mean, in stars.
    shape : tuple of int
        Numbers of rows and columns.

    Returns
    -------
    RatingRows

    Raises
    ------
    ValueError
        If an index is outside the shape.

    Notes
    -----
    Built in chapter 8.

    Examples
    --------
    >>> rating_rows([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3)).centered.asnumpy()
    array([[ 0. ,  0. ,  0.5],
           [-1. ,  0. ,  0.5]], dtype=float32)
    """
    check_indices(row_idx, column_idx, *shape)
    rows, others = np.asarray(row_idx, int), np.asarray(column_idx, int)
    order = np.lexsort((others, rows))
    ends = np.bincount(rows, minlength=shape[0]).cumsum()
    starts = np.concatenate([[0], ends])
    columns = others[order]

    def matrix(values: ArrayLike) -> nd.sparse.CSRNDArray:
        data = np.asarray(values, np.float32)[order]
        return nd.sparse.csr_matrix((data, columns, starts), shape=shape)

    return RatingRows(matrix(np.ones(len(columns))), matrix(centered))


def normal_equations(
    ratings: RatingRows,
    other: nd.NDArray,
    prior_precision: nd.NDArray,
    prior_mean: nd.NDArray | None = None,
    noise_precision: float = 1.0,
) -> tuple[nd.NDArray, nd.NDArray]:
    r"""Normal equations ``A x = b`` of every row of one side, the other side fixed.

    With :math:`v_i = (q_i, 1)`, row u has
    :math:`A_u = \alpha \sum_i v_i v_i^\top + \Lambda` and
    :math:`b_u = \alpha \sum_i (r_{ui} - \mu - b_i)\, v_i + \Lambda m_u`; the sums run over what u
    has rated.

    Parameters
    ----------
    ratings : RatingRows
        Ratings by row of the side that is solved for.
    other : mxnet.nd.NDArray, shape (n_others, k + 1)
        The factors of the other side.
    prior_precision : mxnet.nd.NDArray, shape (k + 1, k + 1)
        The penalty: D in chapter 8, :math:`\Lambda` in chapter 9.
    prior_mean : mxnet.nd.NDArray, shape (n, k + 1) or (1, k + 1), optional
        What the penalty shrinks each row towards, :math:`m_u`; 0 if not given.
    noise_precision : float
        :math:`\alpha`, one over the variance of a rating's noise.

    Returns
    -------
    tuple of mxnet.nd.NDArray
        A, ``(n, k + 1, k + 1)``, and b, ``(n, k + 1)``.

    Notes
    -----
    Built in chapter 8, equation 8.3.

    Examples
    --------
    >>> rows = rating_rows([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], shape=(2, 3))
    >>> left, right = normal_equations(rows, nd.ones((3, 2)), nd.eye(2))
    >>> left.shape, right.shape
    ((2, 2, 2), (2, 2))
    """
    n_others, width = other.shape
    v = nd.concat(other[:, : width - 1], nd.ones((n_others, 1)), dim=1)  # (n_others, k + 1)
    bias = other[:, width - 1 :]  # (n_others, 1)
    squares = v.expand_dims(2) * v.expand_dims(1)  # (n_others, k + 1, k + 1)
    total = nd.dot(ratings.mask, squares.reshape((n_others, -1)))  # (n, (k + 1)²)
    left = noise_precision * total.reshape((-1, width, width)) + prior_precision.expand_dims(0)
    right = noise_precision * (nd.dot(ratings.centered, v) - nd.dot(ratings.mask, bias * v))
    if prior_mean is not None:
        right = right + nd.dot(prior_mean, prior_precision)
    return left, right


def solve(left: nd.NDArray, right: nd.NDArray, noise: nd.NDArray | None = None) -> nd.NDArray:
    """Solutions of many systems ``A x = b``, by a batched Cholesky factorization A = L Lᵀ.

    Parameters
    ----------
    left : mxnet.nd.NDArray, shape (n, w, w)
        Symmetric positive definite matrices.
    right : mxnet.nd.NDArray, shape (n, w)
        Right-hand sides.
    noise : mxnet.nd.NDArray, shape (n, w), optional
        Standard normal random numbers. With them the result is a draw from the normal
        distribution with mean A⁻¹ b and covariance A⁻¹.

    Returns
    -------
    mxnet.nd.NDArray, shape (n, w)

    Raises
    ------
    TrainingError
        If a matrix is not positive definite in single precision.

    Notes
    -----
    Built in chapter 8; chapter 9 adds the noise.

    Examples
    --------
    >>> solve(nd.array([[[2, 0], [0, 4]]]), nd.array([[2, 2]])).asnumpy().round(3)
    array([[1. , 0.5]], dtype=float32)
    """
    lower = nd.linalg.potrf(left)
    try:
        lower.wait_to_read()  # MXNet computes in the background and fails when the result is read
    except mx.MXNetError:
        raise TrainingError(
            "The equations have no solution in single precision: one of the matrices is not "
            "positive definite. Make the penalty (reg and reg_bias, or the prior precision) larger."
        ) from None
    half = nd.linalg.trsm(lower, right.expand_dims(2))  # L y = b
    if noise is not None:
        half = half + noise.expand_dims(2)
    return nd.linalg.trsm(lower, half, transpose=True).squeeze(axis=2)  # Lᵀ x = y


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
        If an index is outside its table.

    Notes
    -----
    Chapter 8, equation 8.1.

    Examples
    --------
    >>> predict_pairs(np.array([[1, 0.5]]), np.array([[2, -0.5]]), 3.5, [0], [0])
    array([5.5])
    """
    check_indices(user_idx, item_idx, len(users), len(items))
    p, q = users[np.asarray(user_idx, int)], items[np.asarray(item_idx, int)]  # (n, k + 1)
    return mean + p[:, -1] + q[:, -1] + np.einsum("nk,nk->n", p[:, :-1], q[:, :-1])


def centered_rows(split: Split) -> tuple[float, tuple[RatingRows, RatingRows]]:
    """Mean training rating, and the centered training ratings by user and by item.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only ``split.train`` is read.

    Returns
    -------
    mean : float
        In stars.
    rows : tuple of RatingRows
        One row for each user; one row for each item.

    Notes
    -----
    Chapter 8 explains why the mean is taken out first.

    Examples
    --------
    >>> from mfbook import datasets
    >>> mean, (by_user, by_item) = centered_rows(datasets.load("synthetic"))
    >>> by_user.mask.shape, by_item.mask.shape
    ((943, 1682), (1682, 943))
    """
    user, item = (split.train[column].to_numpy() for column in ("user_idx", "item_idx"))
    rating = split.train["rating"].to_numpy(np.float64)
    mean = rating.mean()
    return mean, (
        rating_rows(user, item, rating - mean, (split.n_users, split.n_items)),
        rating_rows(item, user, rating - mean, (split.n_items, split.n_users)),
    )


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
    users, items : mxnet.nd.NDArray, shape (n_users, k + 1) and (n_items, k + 1)
        The vectors and, in the last column, the biases.
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
        self.k, self.epochs, self.reg, self.reg_bias = k, epochs, reg, reg_bias
        self.history: History | None = None

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
            If ``split`` is not a `Split` or ``seed`` is impossible, or the equations do not fit
            into an array of MXNet.
        TrainingError
            If the penalties are too small for the equations to be solved.
        """
        check_split(split)
        check_seed(seed)
        rows = max(split.n_users, split.n_items)
        check_array_size((rows, self.k + 1, self.k + 1), "This ALS", "Use fewer factors.")
        penalties = [self.reg] * self.k + [self.reg_bias]
        self.prior_precision = nd.diag(nd.array(penalties))  # (k + 1, k + 1)
        self.mean, self.rating_rows = centered_rows(split)
        self.shape, self.scale = (split.n_users, split.n_items), split.scale
        mx.random.seed(seed)
        self.users = nd.zeros((split.n_users, self.k + 1))
        self.items = nd.random.normal(scale=0.1, shape=(split.n_items, self.k + 1))
        self.items[:, self.k] = 0  # no bias yet

        def predict_sets() -> tuple[np.ndarray, np.ndarray]:
            users, items = self.users.asnumpy(), self.items.asnumpy()
            train, evaluation = (
                predict_pairs(users, items, self.mean, ratings["user_idx"], ratings["item_idx"])
                for ratings in (split.train, split.evaluation)
            )
            return train, evaluation

        remedy = "Make reg and reg_bias larger."
        self.history = run_epochs(split, self.epochs, self._sweep, predict_sets, remedy)
        return self

    def _sweep(self) -> None:
        by_user, by_item = self.rating_rows
        self.users = solve(*normal_equations(by_user, self.items, self.prior_precision))
        self.items = solve(*normal_equations(by_item, self.users, self.prior_precision))
        nd.waitall()

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
        return self.predict_from_vectors(self.users.asnumpy(), user_idx, item_idx)

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
            If the model has not been fitted, the vectors are of another width, or an index is
            outside its table.
        """
        check_fitted(self, "items")
        user_vectors = np.asarray(user_vectors)
        if user_vectors.ndim != 2 or user_vectors.shape[1] != self.k + 1:
            raise ValueError(
                f"user_vectors has the shape {user_vectors.shape}; it must be (rows, {self.k + 1}): "
                f"{self.k} factors and a bias in each row."
            )
        return predict_pairs(user_vectors, self.items.asnumpy(), self.mean, user_idx, item_idx)

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
        item = np.asarray(item_idx)
        nobody = np.zeros(item.shape, int)
        check_indices(nobody, item, 1, self.shape[1])
        repeated = np.flatnonzero(pd.Series(item).duplicated())
        if len(repeated):
            raise ValueError(
                f"item_idx has the item {item[repeated[0]]} twice, the second time at position "
                f"{repeated[0]}. Give each item one rating."
            )
        low, high = self.scale
        try:
            stars = np.asarray(rating, float)
        except (TypeError, ValueError):
            raise ValueError(
                f"rating is {rating!r}; it must be {len(item)} numbers from {low:g} to {high:g}."
            ) from None
        if stars.shape != item.shape or not ((stars >= low) & (stars <= high)).all():
            raise ValueError(
                f"rating is {stars}; it must be {len(item)} numbers from {low:g} to {high:g}."
            )
        rows = rating_rows(nobody, item, stars - self.mean, (1, self.shape[1]))
        return solve(*normal_equations(rows, self.items, self.prior_precision)).asnumpy()
