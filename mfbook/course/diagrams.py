"""Diagrams of the course's ideas: vector drawings, each made by one function.

Every function returns a `Diagram`, which a notebook shows when it is the last value of a cell.
"""

from __future__ import annotations

import io
from typing import cast

import matplotlib as mpl
from matplotlib import patches
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mfbook.plots import COLORS, GREY, INK, NO_METADATA, PALE, STYLE, WIDTH

# Dark enough under white text.
BLUE, RED, GREEN, BROWN = COLORS[0], "#B84E00", "#00785A", "#6B5B53"


class Diagram:
    """A vector drawing, which a notebook shows as SVG.

    Parameters
    ----------
    svg : str
        The text of the SVG file.

    Notes
    -----
    Chapters 1, 3, 4, 5, 6 and 12 show some.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook.course import diagrams
    >>> drawing = diagrams.towers()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "towers.svg"
    ...     written = file.write_text(drawing.svg, encoding="utf-8")
    """

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg


def factors() -> Diagram:
    """Draw a rating matrix as the product of user vectors and item vectors.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 3.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.factors().svg.rstrip()[-6:]
    '</svg>'
    """
    # As narrow as a phone's page, on which letters of 10 units are 10 pixels high.
    ax = _canvas(11.7, 6.4)
    shown = {0: "5 4   3", 1: "4   2 3", 2: "1 5    ", 3: "  2 5  ", 4: "3   4 1"}
    for row, line in shown.items():
        for column in range(4):
            rating = line[2 * column : 2 * column + 1].strip()
            gap = (row, column) == (2, 2)
            fill = RED if gap else BLUE if rating else PALE
            _cell(ax, column, 4 - row, fill, "?" if gap else rating, bool(gap or rating))
    _label(ax, 2, 5.5, "ratings R")
    _label(ax, 4.5, 2.5, "≈", size=20)
    for row in range(5):
        for column in range(2):
            _cell(ax, 5.05 + column, 4 - row, GREEN if row == 2 else PALE)
    _label(ax, 6.05, 5.5, "users P")
    _label(ax, 7.35, 2.5, "·", size=24)
    for row in range(2):
        for column in range(4):
            _cell(ax, 7.7 + column, 3 - row, GREEN if column == 2 else PALE)
    _label(ax, 9.7, 4.5, "films Qᵀ")
    _label(ax, 9.7, 0.95, "the gap = one\nuser's row times\none film's column")
    return _diagram(ax)


def batch() -> Diagram:
    """Draw how a batch is cut out of the list of ratings, as three arrays.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 1.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.batch().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 6.2)
    rows = [(0, 2, 5), (3, 1, 2), (1, 0, 4), (4, 3, 1), (2, 1, 5), (0, 1, 4), (3, 2, 5)]
    for name, x in (("user", 0.5), ("item", 1.8), ("rating", 3.1)):
        _label(ax, x, 5.75, name)
    for line, row in enumerate(rows):
        inside = 2 <= line < 5
        for column, value in enumerate(row):
            _cell(ax, 1.3 * column, 4.6 - 0.75 * line, BLUE if inside else PALE, value, inside, 0.7)
    _arrow(ax, (4.1, 2.75), (6.1, 2.75))
    _label(ax, 5.2, 3.3, "a batch of 3")
    names = ("user_idx", "item_idx", "rating")
    for column, name in enumerate(names):
        _label(ax, 7.8, 4.45 - 1.5 * column, name)
        for position, row in enumerate(rows[2:5]):
            _cell(ax, 9.4 + position, 4.1 - 1.5 * column, BLUE, row[column], True, 0.7)
    return _diagram(ax)


def towers() -> Diagram:
    """Draw the two towers of the one-layer MLP, which meet in an inner product.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 4.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.towers().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 6.6)
    steps = ("table: k values", "ReLU", "dense: h values")
    for x, who, color in ((1.9, "user_idx", BLUE), (9.1, "item_idx", GREEN)):
        _label(ax, x + 1, 0.25, who)
        for level, step in enumerate(steps):
            y = 1.0 + 1.35 * level
            _arrow(ax, (x + 1, y - 0.5), (x + 1, y))
            _box(ax, x - 1, y, 4, 0.8, step, color)
        _arrow(ax, (x + 1, 4.5), (6.5 + (-1.1 if x < 5 else 1.1), 5.45))
    _box(ax, 4.7, 5.45, 3.6, 0.8, "p · q  =  rating", RED)
    _label(ax, 6.5, 3.05, "the same\nshape, other\nparameters")
    return _diagram(ax)


def dropout() -> Diagram:
    """Draw three dropout masks on one vector: dropped values are 0, the others are doubled.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 5.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.dropout().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 5.2)
    values = (1.0, 2.0, -1.0, 0.5)
    masks = ((1, 1, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (1, 1, 0, 0))
    names = ("the vector", "batch 1", "batch 2", "batch 3")
    for row, (name, mask) in enumerate(zip(names, masks, strict=True)):
        y = 4 - 1.2 * row
        _label(ax, 1.5, y + 0.5, name)
        for column, (value, kept) in enumerate(zip(values, mask, strict=True)):
            shown = f"{value * (2 if row else 1):g}" if kept else "0"
            _cell(
                ax,
                3.4 + 1.7 * column,
                y,
                (GREEN if row else BLUE) if kept else PALE,
                shown,
                bool(kept),
            )
    _label(ax, 11.6, 2.1, "dropped: 0\nkept: doubled\n(ρ = 0.5)")
    return _diagram(ax)


def data_parallel() -> Diagram:
    """Draw how two devices share a batch, add their gradients, and take one step.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 12.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.data_parallel().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 6.4)
    _box(ax, 0.1, 2.6, 1.7, 1.2, "batch\nof 64", RED)
    for y, name in ((4.4, "device 0"), (0.6, "device 1")):
        _arrow(ax, (1.8, 3.2), (2.7, y + 0.6))
        _box(ax, 2.7, y, 4.2, 1.2, "32 ratings, a copy\nof the network", BLUE)
        _label(ax, 4.8, y + 1.55, name)
        _arrow(ax, (6.9, y + 0.6), (7.7, 3.2))
    _box(ax, 7.7, 2.6, 2.4, 1.2, "add the\ngradients", GREEN)
    _arrow(ax, (10.1, 3.2), (10.8, 3.2))
    _box(ax, 10.8, 2.35, 2.2, 1.7, "one step\nof all\ncopies", RED)
    return _diagram(ax)


def cluster() -> Diagram:
    """Draw a Spark cluster: the driver, the master, and workers that swap factors.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 12.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.cluster().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 6.4)
    _box(ax, 0, 4.4, 3.5, 1.2, "driver\n(this notebook)", RED)
    _box(ax, 0, 1.3, 3.5, 0.9, "master", BROWN)
    _label(ax, 1.75, 0.6, "knows the\nworkers")
    _arrow(ax, (1.75, 4.4), (1.75, 2.2))
    for y, name, users, items in (
        (4, "worker 1", "1, 3, 5", "2, 4"),
        (0.5, "worker 2", "2, 4, 6", "1, 3"),
    ):
        _arrow(ax, (3.5, 4.9), (4.3, y + 1.1))
        _box(ax, 4.3, y, 8.7, 2.2, "", PALE)
        _label(ax, 5.5, y + 1.82, name)
        _box(ax, 4.5, y + 0.2, 4.1, 1.2, f"users {users}\nand their ratings", BLUE)
        _box(ax, 8.7, y + 0.2, 4.1, 1.2, f"films {items}\nand their ratings", GREEN)
    _arrow(ax, (7.4, 4.2), (10, 1.9))
    _arrow(ax, (7.4, 1.9), (10, 4.2))
    _label(ax, 3.1, 3.4, "tasks")
    _label(ax, 11.4, 3.35, "users' factors")
    return _diagram(ax)


def parameter_server() -> Diagram:
    """Draw how workers push gradients to a server and pull parameters from it.

    Returns
    -------
    Diagram

    Notes
    -----
    Shown in chapter 12.

    Examples
    --------
    >>> from mfbook.course import diagrams
    >>> diagrams.parameter_server().svg.rstrip()[-6:]
    '</svg>'
    """
    ax = _canvas(13, 6)
    _box(ax, 8, 1.9, 4.9, 1.7, "server\nholds the parameters,\nmakes the steps", RED)
    for y, name in ((4.4, "worker 0"), (0.4, "worker 1")):
        _box(ax, 0, y, 4.4, 1.2, f"{name}\nhalf of each batch", BLUE)
        low = y < 2
        _arrow(ax, (4.4, y + 0.75), (8, 2.5 if low else 3.4))
        _arrow(ax, (8, 2.25 if low else 3.15), (4.4, y + 0.4))
    _label(ax, 7.4, 5, "push gradients")
    _label(ax, 4.9, 3.35, "pull parameters")
    _box(ax, 0, 2.6, 2.6, 0.8, "scheduler", BROWN)
    _label(ax, 1.75, 2.15, "introduces them")
    return _diagram(ax)


def _canvas(width: float, height: float) -> Axes:
    with mpl.rc_context(STYLE):
        ax = plt.subplots(
            figsize=(width * WIDTH / 13, height * WIDTH / 13),
        )[1]
    ax.set(xlim=(-0.1, width), ylim=(-0.1, height), aspect="equal")
    ax.axis("off")
    return ax


def _cell(
    ax: Axes,
    x: float,
    y: float,
    color: str,
    text: object = "",
    strong: bool = False,
    height: float = 0.92,
) -> None:
    ax.add_patch(patches.Rectangle((x + 0.04, y + 0.04), 0.92, height, color=color, lw=0))
    ink = "white" if strong else GREY
    ax.text(x + 0.5, y + 0.04 + height / 2, str(text), color=ink, ha="center", va="center_baseline")


def _box(ax: Axes, x: float, y: float, width: float, height: float, text: str, color: str) -> None:
    style = patches.BoxStyle.Round(pad=0, rounding_size=0.15)
    ax.add_patch(patches.FancyBboxPatch((x, y), width, height, style, color=color, lw=0))
    middle = x + width / 2, y + height / 2
    ax.text(*middle, text, color="white", ha="center", va="center")


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.5})


def _label(ax: Axes, x: float, y: float, text: str, size: float = 11) -> None:
    ax.text(x, y, text, ha="center", va="center", fontsize=size, color=INK)


def _diagram(ax: Axes) -> Diagram:
    figure, file = cast(Figure, ax.figure), io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", bbox_inches="tight", metadata=NO_METADATA)
    plt.close(figure)
    return Diagram(file.getvalue())
