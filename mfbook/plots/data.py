"""Figures of the ratings themselves: the rating matrix and the long tail."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from mfbook._validation import as_array, check_finite, check_indices, check_memory
from mfbook.plots._checks import check_not_empty, check_table, numbers_in
from mfbook.plots._frames import ready_axes
from mfbook.plots.theme import COLORS, GREY, WIDTH
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

# Twice what a figure is wide on a screen.
_LARGEST_PICTURE = 1000
# Nothing for 0, so that the page shows through.
_DOTS = LinearSegmentedColormap.from_list("dots", [(*to_rgb(COLORS[0]), 0), COLORS[0]])


def rating_matrix(ratings: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the rating matrix: one dot for each rating, or the share of rated cells of a block.

    Parameters
    ----------
    ratings : pandas.DataFrame
        Columns ``user_idx`` and ``item_idx``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        A matrix of more than 1,000 rows or columns is drawn in blocks, because a screen has no more
        dots: the darker a block, the more of its cells have a rating.

    Raises
    ------
    ValueError
        If there are no ratings.

    Notes
    -----
    Drawn in chapter 1.

    Examples
    --------
    >>> from mfbook import datasets, plots
    >>> split = datasets.load("synthetic")
    >>> plots.rating_matrix(split.train).get_images()[0].get_array().shape
    (472, 841)
    """
    check_table(ratings, "ratings", ("user_idx", "item_idx"))
    shape = _shape(ratings)
    ax = ready_axes(ax, (WIDTH, 3.3))
    filled = np.zeros(shape)  # (n_users, n_items)
    filled[ratings["user_idx"], ratings["item_idx"]] = 1
    corners = (-0.5, shape[1] - 0.5, shape[0] - 0.5, -0.5)
    ax.imshow(_shrunk(filled), cmap=_DOTS, vmin=0, vmax=1, extent=corners, interpolation="none")
    ax.set_xlabel("item index")
    ax.set_ylabel("user index")
    return ax


def long_tail(counts: ArrayLike, what: str, ax: Axes | None = None) -> Axes:
    """Draw how many ratings each item (or user) has, the most rated first.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Number of ratings of each item (or user), in any order.
    what : str
        What is counted, in the plural: ``"items"`` or ``"users"``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there are no ratings.

    Notes
    -----
    Drawn in chapter 1.

    Examples
    --------
    >>> from mfbook import plots
    >>> ax = plots.long_tail([1, 50, 3, 30, 16], "items")
    >>> print(ax.texts[0].get_text())
    these 1 items have
    half of all ratings
    """
    counts = _counts(counts)
    ax = ready_axes(ax)
    rank = np.arange(1, len(counts) + 1)
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    for last, color in ((len(counts), COLORS[5]), (half, COLORS[0])):
        at = _ends_of_runs(counts[:last])
        ax.fill_between(rank[at], counts[at], color=color, linewidth=0)
    ax.annotate(
        f"these {half:,} {what} have\nhalf of all ratings",
        xy=(half * 0.6, counts[half // 2] * 0.6),
        xytext=(len(counts) * 0.35, counts[0] * 0.65),
        arrowprops={"arrowstyle": "-", "color": GREY},
    )
    ax.set_xlabel(f"{what}, the most rated first")
    ax.set_ylabel("number of ratings")
    ax.set_xlim(0, len(counts))
    ax.set_ylim(0)
    ax.grid(axis="y")
    return ax


def _counts(counts: ArrayLike) -> np.ndarray:
    """Return numbers of ratings, the largest first; at least one must be above 0."""
    vector = np.sort(numbers_in(counts, "counts"))[::-1]  # (n,); NaN would come first
    check_finite(vector, "counts, sorted,")
    if vector[-1] < 0 or (vector % 1).any():
        wrong = vector[(vector < 0) | (vector % 1 > 0)][0]
        raise ValueError(f"counts has {wrong}; a number of ratings must be whole, 0 or more.")
    check_not_empty(vector[vector > 0], "counts")
    return vector


def _ends_of_runs(counts: np.ndarray) -> np.ndarray:
    """Return where each run of equal counts begins and ends, which is all that a line needs."""
    changes = np.diff(counts) != 0
    return np.flatnonzero(np.append(True, changes) | np.append(changes, True))


def _shrunk(filled: np.ndarray) -> np.ndarray:
    """Return the share of each block of a matrix that is filled, with at most 1,000 blocks a side."""
    side = -(-max(filled.shape) // _LARGEST_PICTURE)
    padded = np.pad(filled, [(0, -n % side) for n in filled.shape])
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    return blocks.mean(axis=(1, 3))


def _shape(ratings: pd.DataFrame) -> tuple[int, int]:
    """Return the numbers of rows and columns of the rating matrix, if it can be drawn."""
    user, item = (as_array(ratings[column], column) for column in ("user_idx", "item_idx"))
    largest = np.iinfo(np.int64).max
    check_indices(user, item, largest, largest)
    shape = int(user.max()) + 1, int(item.max()) + 1
    check_memory(
        8 * shape[0] * shape[1],
        f"A picture of {shape[0]:,} x {shape[1]:,} dots",
        "Draw a part: ratings[(ratings.user_idx < 2000) & (ratings.item_idx < 2000)].",
    )
    return shape
