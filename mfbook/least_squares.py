r"""Many small least-squares problems at once: one for each user, or for each item.

With the items fixed, the biased model of `mfbook.als` is a ridge regression for each user, and
the other way round. Users have between a few and thousands of ratings, so their equations cannot
be formed in one array. ALX (H. Mehta and others 2021, `arXiv:2112.02194`) makes dense batches of
pieces of one length. Here the rows are sorted by their number of ratings and cut into blocks of
rows of similar length, and each block is padded to its longest row. A block is then one batched
product and one batched Cholesky factorization, and no array grows with users times items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mfbook._validation import (
    as_single,
    check_generator,
    check_indices,
    check_positive,
    check_shape,
    check_sizes,
    shown,
)
from mfbook.datasets import Split
from mfbook.exceptions import TrainingError
import numpy as np
from numpy.typing import ArrayLike

# A block ends where its rows would be longer than its first by this factor, ...
GROWTH = 1.25
# ... unless it is as small as this: then the calls cost more than the padding, ...
SMALL_BLOCK = 2**13  # ratings
# ... or where it would hold more than this. Both sizes were measured; they fit into the caches.
LARGE_BLOCK = 2**20  # numbers, 4 MB
# Systems that are solved at a time hold so many numbers, which is best for the caches too.
SOLVED_AT_ONCE = 2**19
# So many pairs are predicted at a time: memory grows with the result, not with n times k.
PAIRS_AT_ONCE = 2**16


class Block(NamedTuple):
    """Ratings of some rows of one side, padded to the same length.

    Attributes
    ----------
    rows : numpy.ndarray, shape (m,)
        Which rows: for example user indices.
    columns : numpy.ndarray, shape (m, length)
        What each has rated, for example item indices, int32; padding is the number of items.
    centered : numpy.ndarray, shape (m, length)
        These ratings minus the mean, in stars, float32; padding is 0.

    Notes
    -----
    Built in chapter 8.

    Examples
    --------
    >>> blocks = rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], shape=(2, 3))
    >>> blocks[0].columns
    array([[2, 3],
           [0, 2]], dtype=int32)
    """

    rows: np.ndarray
    columns: np.ndarray
    centered: np.ndarray


def rating_blocks(
    row_idx: ArrayLike,
    column_idx: ArrayLike,
    centered: ArrayLike,
    shape: tuple[int, int],
    k: int = 8,
) -> list[Block]:
    """Blocks of rows with similar numbers of ratings, from index pairs.

    Parameters
    ----------
    row_idx, column_idx : array_like of int, shape (n_ratings,)
        For example user and item indices.
    centered : array_like of float, shape (n_ratings,)
        Ratings minus their mean, in stars.
    shape : tuple of int
        Numbers of rows and columns.
    k : int
        Number of latent factors: with more of them, a block holds fewer rows.

    Returns
    -------
    list of Block
        Every row is in one of them, in the order of the number of ratings.

    Raises
    ------
    ValueError
        If an index is outside the shape, there is not one number for each pair, or the shape or
        ``k`` is impossible.

    Notes
    -----
    Built in chapter 8.

    Examples
    --------
    >>> blocks = rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3))
    >>> blocks[0].centered
    array([[ 0.5,  0. ],
           [-1. ,  0.5]], dtype=float32)
    """
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise ValueError(f"shape is {shown(shape)}; it must be (number of rows, of columns).")
    check_sizes(rows=shape[0], columns=shape[1], k=k)
    check_indices(row_idx, column_idx, *shape)
    centered = as_single(centered, "centered")
    check_shape(centered, "centered", "n_ratings")
    if len(centered) != len(np.asarray(row_idx)):
        raise ValueError(
            f"There are {len(np.asarray(row_idx))} indices and {len(centered)} ratings. Pass one "
            "rating for each pair."
        )
    rows, columns = (np.asarray(idx).astype(np.int32, copy=False) for idx in (row_idx, column_idx))
    counts = np.bincount(rows, minlength=shape[0])
    starts = np.cumsum(counts) - counts
    order = _stable_order(rows)
    # After the last rating stands the padding.
    columns = np.append(columns[order], np.int32(shape[1]))
    values = np.append(np.asarray(centered, np.float32)[order], np.float32(0))
    by_count = np.argsort(counts, kind="stable")
    blocks = []
    for chosen in np.split(by_count, _ends(counts[by_count], k + 2)):
        n = counts[chosen, None]  # (m, 1)
        steps = np.arange(max(n.max(), 1))
        at = np.where(steps < n, starts[chosen, None] + steps, len(rows))  # (m, length)
        blocks.append(Block(chosen, columns[at], values[at]))
    return blocks


def both_sides(split: Split, values: np.ndarray, k: int) -> tuple[list[Block], list[Block]]:
    """Blocks of the training pairs by user and by item, with any value for each pair.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only the pairs of ``split.train`` are read.
    values : numpy.ndarray, shape (n_train,)
        In stars, or 1 for a model of choices.
    k : int
        Number of latent factors.

    Returns
    -------
    tuple of list of Block
        The rows of the users; the rows of the items.

    Raises
    ------
    ValueError
        If there is not one value for each pair.

    Notes
    -----
    Chapter 9 draws new values in each sweep; in chapter 11 every value is 1.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> by_user, by_item = both_sides(split, np.ones(80_000, np.float32), k=5)
    >>> int(sum(block.centered.sum() for block in by_item))
    80000
    """
    user, item = (split.train[column].to_numpy() for column in ("user_idx", "item_idx"))
    return (
        rating_blocks(user, item, values, (split.n_users, split.n_items), k),
        rating_blocks(item, user, values, (split.n_items, split.n_users), k),
    )


def _ends(counts: np.ndarray, width: int) -> list[int]:
    """Return where a block ends and the next begins, in ascending counts of ratings."""
    ends, first, n = [], 0, len(counts)
    while first < n:
        shortest = max(counts[first], 1)
        similar = int(np.searchsorted(counts, shortest * GROWTH, side="right"))
        sizes = (np.arange(1, n - first + 1)) * np.maximum(counts[first:], width)
        small = first + int(np.searchsorted(sizes, SMALL_BLOCK, side="right"))
        large = first + int(np.searchsorted(sizes * width, LARGE_BLOCK, side="right"))
        first = max(min(max(similar, small), large), first + 1)
        ends.append(first)
    return ends[:-1]


def _stable_order(rows: np.ndarray) -> np.ndarray:
    """Return the order that sorts small non-negative integers, by two passes of a radix sort.

    NumPy sorts 16-bit integers by radix, which is several times faster than comparing.
    """
    order = np.argsort((rows & 0xFFFF).astype(np.uint16), kind="stable")
    high = (rows >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order


def design_table(other: np.ndarray) -> np.ndarray:
    """Rows ``(v, bias)`` of the fixed side, ``(n + 1, k + 2)``, with v = (vector, 1).

    The last row is zero: padding points to it.

    Parameters
    ----------
    other : numpy.ndarray, shape (n, k + 1)
        Vectors and, in the last column, biases.

    Returns
    -------
    numpy.ndarray, shape (n + 1, k + 2)
        Of single precision.

    Raises
    ------
    ValueError
        If ``other`` is not a matrix of numbers.

    Notes
    -----
    Built in chapter 8.

    Examples
    --------
    >>> design_table(np.array([[0.1, 0.2, -0.5]]))
    array([[ 0.1,  0.2,  1. , -0.5],
           [ 0. ,  0. ,  0. ,  0. ]], dtype=float32)
    """
    check_shape(other, "other", "n", "k + 1")
    n, width = other.shape
    table = np.zeros((n + 1, width + 1), np.float32)
    table[:n, : width - 1], table[:n, width - 1], table[:n, width] = other[:, :-1], 1, other[:, -1]
    return table


def normal_equations(block: Block, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Sums over the ratings of every row of a block, the other side fixed.

    With :math:`v_i = (q_i, 1)`, row u has :math:`\sum_i v_i v_i^\top` and
    :math:`\sum_i (r_{ui} - \mu - b_i)\, v_i`; the sums run over what u has rated.

    Parameters
    ----------
    block : Block
        Ratings of m rows.
    table : numpy.ndarray, shape (n_others + 1, k + 2)
        The other side, as `design_table` returns it.

    Returns
    -------
    tuple of numpy.ndarray
        Left sides, ``(m, k + 1, k + 1)``, without a penalty, and right sides, ``(m, k + 1)``.

    Raises
    ------
    ValueError
        If ``block`` is not a `Block`, or ``table`` has no row for one of its columns.

    Notes
    -----
    Built in chapter 8, equation 8.3.

    Examples
    --------
    >>> blocks = rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3))
    >>> left, right = normal_equations(blocks[0], design_table(np.zeros((3, 2))))
    >>> left[:, 1, 1], right[:, 1]
    (array([1., 2.], dtype=float32), array([ 0.5, -0.5], dtype=float32))
    """
    if not isinstance(block, Block):
        raise ValueError(f"block is {shown(block)}; pass one of those that rating_blocks returns.")
    check_shape(table, "table", "n_others + 1", "k + 2")
    if block.columns.size and block.columns.max() >= len(table):
        raise ValueError(
            f"The block needs a table of at least {block.columns.max() + 1} rows, but table has "
            f"{len(table)}. Make it of all rows of the other side, with design_table."
        )
    rows = np.take(table, block.columns, axis=0)  # (m, length, k + 2)
    # The last column becomes the rating minus mean and bias, so that one product gives both sums.
    np.subtract(block.centered, rows[:, :, -1], out=rows[:, :, -1])
    sums = rows.transpose(0, 2, 1) @ rows  # (m, k + 2, k + 2)
    return sums[:, :-1, :-1], sums[:, :-1, -1]


def solve(left: np.ndarray, right: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """Solutions of many systems ``A x = b``, by a batched Cholesky factorization A = L Lᵀ.

    Parameters
    ----------
    left : numpy.ndarray, shape (m, w, w)
        Symmetric positive definite matrices.
    right : numpy.ndarray, shape (m, w)
        Right-hand sides.
    noise : numpy.ndarray, shape (m, w), optional
        Standard normal random numbers. With them the result is a draw from the normal
        distribution with mean A⁻¹ b and covariance A⁻¹.

    Returns
    -------
    numpy.ndarray, shape (m, w)
        Of single precision.

    Raises
    ------
    ValueError
        If the arrays do not fit each other.
    TrainingError
        If a matrix is not positive definite in single precision.

    Notes
    -----
    Built in chapter 8; chapter 9 adds the noise.

    Examples
    --------
    >>> solve(np.array([[[2, 0], [0, 4]]]), np.array([[2, 2]])).round(3)
    array([[1. , 0.5]], dtype=float32)
    """
    check_shape(right, "right", "m", "w")
    m, width = right.shape
    check_shape(left, "left", m, width, width)
    if noise is not None:
        check_shape(noise, "noise", m, width)
    solutions = np.empty((m, width), np.float32)
    at_once = max(SOLVED_AT_ONCE // (width * (width + 1)), 1)
    for first in range(0, m, at_once):
        part = slice(first, first + at_once)
        noise_part = None if noise is None else noise[part]
        solutions[part] = _solve_part(left[part], right[part], noise_part)
    return solutions


def _solve_part(left: np.ndarray, right: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
    m, width = right.shape
    # Systems last, so that every step computes with whole vectors of m numbers:
    # columns[j, i] is A[i, j] and becomes L[i, j]; as row i = width, b becomes y of L y = b.
    columns = np.empty((width, width + 1, m), np.float32)
    columns[:, :width], columns[:, width] = left.transpose(2, 1, 0), right.T
    for j in range(width):
        column = columns[j, j:]  # (w - j + 1, m)
        column -= np.einsum("kim,km->im", columns[:j, j:], columns[:j, j])
        if not (column[0] > 0).all():
            raise TrainingError(
                "The equations have no solution in single precision: one of the matrices is not "
                "positive definite. Make the penalty (reg and reg_bias, or the prior precision) "
                "larger."
            )
        column /= np.sqrt(column[0])
    x = columns[:, width]  # (w, m)
    if noise is not None:
        x = x + noise.T
    for j in reversed(range(width)):  # Lᵀ x = y
        x[j] /= columns[j, j]
        x[:j] -= columns[:j, j] * x[j]
    return x.T


def solve_rows(
    blocks: Sequence[Block],
    other: np.ndarray,
    prior_precision: np.ndarray,
    *,
    prior_mean: np.ndarray | None = None,
    noise_precision: float | np.ndarray = 1.0,
    weights: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    r"""Factors of every row of one side, the other side fixed.

    Row u solves :math:`A_u x_u = c_u` with
    :math:`A_u = \alpha \sum_i v_i v_i^\top + \Lambda` and
    :math:`c_u = \alpha \sum_i (r_{ui} - \mu - b_i)\, v_i + \Lambda m_u`.

    Parameters
    ----------
    blocks : sequence of Block
        Ratings by row of the side that is solved for, from `rating_blocks`.
    other : numpy.ndarray, shape (n_others, k + 1)
        The factors of the other side.
    prior_precision : numpy.ndarray, shape (k + 1, k + 1)
        The penalty: D in chapter 8, :math:`\Lambda` in chapter 9.
    prior_mean : numpy.ndarray, shape (n, k + 1) or (1, k + 1), optional
        What the penalty shrinks each row towards, :math:`m_u`; 0 if not given.
    noise_precision : float or numpy.ndarray, shape (n_rows,)
        :math:`\alpha`, one over the variance of a rating's noise; an array has one for each row.
    weights : numpy.ndarray, shape (n_others,), optional
        How many times as precise the ratings of each column are.
    rng : numpy.random.Generator, optional
        With it each row is drawn from the normal distribution with mean :math:`A_u^{-1} c_u` and
        covariance :math:`A_u^{-1}`.

    Returns
    -------
    numpy.ndarray, shape (n, k + 1)
        Of single precision.

    Raises
    ------
    ValueError
        If the arguments do not fit each other, or are of another type.
    TrainingError
        If a matrix is not positive definite in single precision.

    Notes
    -----
    Built in chapter 8; chapter 9 adds the last four arguments.

    Examples
    --------
    >>> blocks = rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3))
    >>> solve_rows(blocks, np.zeros((3, 2)), np.eye(2)).round(3)
    array([[ 0.   ,  0.25 ],
           [ 0.   , -0.167]], dtype=float32)
    """
    n_rows = _check_blocks(blocks)
    table = design_table(other)
    width = other.shape[1]
    penalty = as_single(prior_precision, "prior_precision")
    check_shape(penalty, "prior_precision", width, width)
    if prior_mean is not None:
        prior_mean = as_single(prior_mean, "prior_mean")
        check_shape(prior_mean, "prior_mean", "n", width)
        if len(prior_mean) not in (1, n_rows):
            raise ValueError(
                f"prior_mean has {len(prior_mean)} rows; it must have one, or one for each of the "
                f"{n_rows} rows of the blocks."
            )
    alpha = _as_precisions(noise_precision, "noise_precision", n_rows)
    root = np.ones(len(table), np.float32)
    if weights is not None:
        root[:-1] = np.sqrt(_as_precisions(weights, "weights", len(other)))
        table *= root[:, None]
    if rng is not None:
        check_generator(rng)
    shift = None if prior_mean is None else np.asarray(prior_mean, np.float32) @ penalty
    solutions = np.empty((n_rows, width), np.float32)
    for block in blocks:
        if weights is not None:
            block = block._replace(centered=block.centered * root[block.columns])
        left, right = normal_equations(block, table)
        scale = alpha[block.rows, None] if alpha.ndim else alpha
        left *= scale[..., None]
        left += penalty
        right *= scale
        if shift is not None:
            right += shift if len(shift) == 1 else shift[block.rows]
        noise = None if rng is None else rng.standard_normal(right.shape, np.float32)
        solutions[block.rows] = solve(left, right, noise)
    return solutions


def solve_choices(
    blocks: Sequence[Block], other: np.ndarray, *, unobserved: float, reg: float
) -> np.ndarray:
    r"""Vectors of every row of one side of a model of choices, the other side fixed.

    Row u solves :math:`A_u x_u = \sum_{i \in S_u} v_i` with

    .. math::
       A_u &= \sum_{i \in S_u} v_i v_i^\top + \alpha_0 \sum_i v_i v_i^\top \\
       &+ \lambda (n_u + \alpha_0 n) I

    The second sum runs over all n rows of the other side, and is the same for every u (Y. Hu,
    Y. Koren and C. Volinsky 2008, equation 4).

    Parameters
    ----------
    blocks : sequence of Block
        What each row chose, from `rating_blocks`, with 1 in place of a centered rating.
    other : numpy.ndarray, shape (n_others, k)
        The vectors of the other side.
    unobserved : float
        :math:`\alpha_0`, the weight of every pair as one of preference 0.
    reg : float
        :math:`\lambda`, the penalty.

    Returns
    -------
    numpy.ndarray, shape (n, k)
        Of single precision.

    Raises
    ------
    ValueError
        If the arguments do not fit each other, or are of another type.
    TrainingError
        If a matrix is not positive definite in single precision.

    Notes
    -----
    Built in chapter 11.

    Examples
    --------
    >>> blocks = rating_blocks([0, 1, 1], [2, 0, 2], [1, 1, 1], (2, 3))
    >>> solve_choices(blocks, np.ones((3, 1)), unobserved=0.5, reg=1).round(3)
    array([[0.2 ],
           [0.286]], dtype=float32)
    """
    n_rows = _check_blocks(blocks)
    other = as_single(other, "other")
    check_shape(other, "other", "n_others", "k")
    check_positive(unobserved=unobserved, reg=reg)
    n_others, k = other.shape
    # Turned so that the sum over all rows is diagonal. There are no biases, so their column is
    # zero, and so is the row for the padding.
    of_all, turn = np.linalg.eigh(np.float32(unobserved) * (other.T @ other))
    table = np.pad(other @ turn, ((0, 1), (0, 1)))
    solutions = np.empty((n_rows, k), np.float32)
    for block in blocks:
        n_chosen = (block.columns < n_others).sum(axis=1, keepdims=True)
        penalty = (reg * (n_chosen + unobserved * n_others)).astype(np.float32)
        solve_block = _solve_few if block.columns.shape[1] < k else _solve_many
        solutions[block.rows] = solve_block(block, table, of_all + penalty)
    return solutions @ turn.T


def _solve_many(block: Block, table: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Solve A x = b with A = Vᵀ V + D: one equation for each factor."""
    left, right = normal_equations(block, table)
    on_diagonal = np.einsum("mii->mi", left)  # a view
    on_diagonal += diagonal
    return solve(left, right)


def _solve_few(block: Block, table: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Solve the same for rows of fewer choices than factors: one equation for each choice.

    With b = Vᵀ y, the solution is D⁻¹ Vᵀ (I + V D⁻¹ Vᵀ)⁻¹ y.
    """
    chosen = np.take(table, block.columns, axis=0)[:, :, :-1]  # (m, length, k)
    scaled = chosen / diagonal[:, None]
    left = scaled @ chosen.transpose(0, 2, 1)  # (m, length, length)
    on_diagonal = np.einsum("mii->mi", left)  # a view
    on_diagonal += 1
    return (solve(left, block.centered)[:, None] @ scaled)[:, 0]


def row_products(
    left: np.ndarray, right: np.ndarray, left_idx: ArrayLike, right_idx: ArrayLike
) -> np.ndarray:
    """Inner products of pairs of rows of two tables.

    Parameters
    ----------
    left, right : numpy.ndarray, shape (n_left, k) and (n_right, k)
        For example the vectors of users and of items.
    left_idx, right_idx : array_like of int, shape (n,)
        Zero-based rows of both.

    Returns
    -------
    numpy.ndarray, shape (n,)
        At least of single precision.

    Raises
    ------
    ValueError
        If the tables are no matrices of the same width, or an index is outside its table.

    Notes
    -----
    Chapters 8 and 11 predict with them.

    Examples
    --------
    >>> row_products(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), [0], [0])
    array([11.])
    """
    check_shape(left, "left", "n_left", "k")
    check_shape(right, "right", "n_right", left.shape[1])
    check_indices(left_idx, right_idx, len(left), len(right))
    first, second = np.asarray(left_idx, np.intp), np.asarray(right_idx, np.intp)
    products = np.empty(len(first), np.result_type(left, right, np.float32))
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        products[part] = np.einsum("nk,nk->n", left[first[part]], right[second[part]])
    return products


def _as_precisions(values: float | np.ndarray, name: str, n: int) -> np.ndarray:
    """Return a positive number, or n of them, in single precision; raise `ValueError` for others."""
    if not isinstance(values, np.ndarray):
        check_positive(**{name: values})
        return np.asarray(values, np.float32)
    numbers = as_single(values, name)
    check_shape(numbers, name, n)
    if not (numbers > 0).all():
        raise ValueError(f"{name} has {numbers.min():g} among its values; all must be above 0.")
    return numbers


def _check_blocks(blocks: object) -> int:
    """Return the number of rows in blocks; raise `ValueError` for anything else than blocks."""
    if not isinstance(blocks, Sequence) or not all(isinstance(b, Block) for b in blocks):
        raise ValueError(f"blocks is {shown(blocks)}; pass the list that rating_blocks returns.")
    return sum(len(block.rows) for block in blocks)
