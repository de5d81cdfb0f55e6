"""Figures of vectors: small tables in color, and a map of the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from mfbook._validation import as_numbers, check_finite, shown
from mfbook.plots._checks import (
    check_cells,
    check_few,
    check_limits,
    check_not_empty,
    check_table,
    listed,
)
from mfbook.plots._frames import ready_axes
from mfbook.plots.theme import COLORS, GREY, WIDTH
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


def value_table(table: pd.DataFrame, limits: tuple[float, float], ax: Axes | None = None) -> Axes:
    """Draw a small table as a grid of cells, each with its value and a shade of blue.

    Parameters
    ----------
    table : pandas.DataFrame
        The values, with names of rows and columns.
    limits : tuple of (float, float)
        Values that are drawn white and darkest blue.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    Drawn in chapter 3.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import plots
    >>> ax = plots.value_table(pd.DataFrame({"action": [2.2], "romance": [0.3]}, ["Ann"]), (0, 8))
    >>> [text.get_text() for text in ax.texts]
    ['2.2', '0.3']
    """
    check_table(table, "table")
    check_cells(table, "table", table.columns, nan=True)
    check_limits(limits, "limits")
    ax = ready_axes(ax, (3.2, 2.6))
    low, high = limits
    values = table.to_numpy(float)
    ax.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = value > low + 0.6 * (high - low)
        color = "white" if dark else "black"
        ax.text(column, row, f"{value:.1f}", color=color, ha="center", va="center")
    at = range(table.shape[1])
    ax.set_xticks(at, table.columns, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(table.shape[0]), table.index)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def item_map(
    positions: ArrayLike, names: Sequence[str], n_named: int = 16, ax: Axes | None = None
) -> Axes:
    """Draw items as points in a plane, and name the outermost item in each direction.

    Parameters
    ----------
    positions : array_like of float, shape (n_items, 2)
        Coordinates of each item.
    names : sequence of str
        Name of each item. A year in parentheses at its end is not shown.
    n_named : int
        Number of directions, equally far apart, in each of which one item is named.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no item, or not one name for each.

    Notes
    -----
    Drawn in chapter 10.

    Examples
    --------
    >>> from mfbook import plots
    >>> ax = plots.item_map([[0, 1], [2, 0], [1, 0]], ["Alien (1979)", "Babe (1995)", "Clue (1985)"])
    >>> [text.get_text() for text in ax.texts]
    ['Babe', 'Alien']
    """
    coordinates = as_numbers(positions, "positions")
    names = listed(names, "names")
    _check_items(coordinates, names)
    check_few(n_named=n_named)
    ax = ready_axes(ax, (WIDTH, 5.0))
    x, y = coordinates.T  # each (n_items,)
    _draw_dots(ax, coordinates)
    distance = np.hypot(x, y)
    width = 2 * np.pi / n_named
    sector = np.floor((np.arctan2(y, x) + np.pi) / width).astype(int) % n_named
    order = np.unique(sector)
    outermost = [
        members[distance[members].argmax()]
        for members in (np.flatnonzero(sector == s) for s in order)
    ]
    ax.plot(x[outermost], y[outermost], "o", color=COLORS[1], markersize=5)
    ax.set(xlabel="first direction", ylabel="second direction")
    titles = [shorten(names[item].split(" (")[0], 24, placeholder="…") for item in outermost]
    _write_apart(ax, coordinates[outermost], titles)
    return ax


def _check_items(coordinates: np.ndarray, names: list[Any]) -> None:
    if coordinates.ndim:
        check_not_empty(coordinates, "positions")
    if coordinates.shape != (len(names), 2):
        raise ValueError(
            f"positions has the shape {coordinates.shape}; for {len(names)} names it must be "
            f"({len(names)}, 2)."
        )
    check_finite(coordinates, "positions")
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"names[{position}] is {shown(name)}; a name must be a text.")


def _draw_dots(ax: Axes, points: np.ndarray) -> None:
    """Draw many dots as one path: in SVG, a third of the size of as many markers."""
    # A line of no length with round ends is a dot.
    path = Path(np.repeat(points, 2, axis=0), [Path.MOVETO, Path.LINETO] * len(points))
    ax.add_patch(PathPatch(path, capstyle="round", edgecolor=GREY, alpha=0.35, linewidth=4))
    ax.autoscale_view()


def _write_apart(ax: Axes, points: np.ndarray, names: Sequence[str]) -> None:
    """Write a name near each point, where it covers no other name and no other of the points."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    frame = ax.get_window_extent()
    corners = ax.transData.transform(points)
    taken = [Bbox.from_bounds(across - 5, up - 5, 10, 10) for across, up in corners]
    for point, name in zip(points, names, strict=True):
        for across, up in _places(on_the_left=point[0] < 0):
            note = ax.annotate(
                name,
                point,
                xytext=(across, up),
                textcoords="offset points",
                ha="left" if across > 0 else "right",
                va="center",
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8, "shrinkA": 0},
            )
            # This puts the text in its place; the box is that of the text without its line.
            note.get_window_extent()
            box = Text.get_window_extent(note)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
            if inside and not any(map(box.overlaps, taken)):
                break
            note.remove()
        else:
            continue
        taken.append(box)


def _places(on_the_left: bool) -> Iterator[tuple[int, int]]:
    """Yield offsets of a name from its dot, in points: the nearest first, and inward first."""
    inward = 8 if on_the_left else -8
    for distance in range(0, 80, 8):
        for across in (inward, -inward):
            yield from ((across, distance), (across, -distance))
