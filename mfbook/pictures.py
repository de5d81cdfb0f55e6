"""The course's ideas as pictures: vector drawings, each made by one function.

Every function returns a `Picture`, which a notebook shows when it ends a cell.
"""

import io

import matplotlib as mpl
from matplotlib import patches
from matplotlib import pyplot as plt
from mfbook.plots import COLOURS, GREY

BLUE, RED, GREEN = COLOURS[0], "#B84E00", "#00785A"  # dark enough under white text
PALE, INK = "#E8EDF2", "#1F2933"
LOOK = {"svg.fonttype": "none", "svg.hashsalt": "mfbook", "font.size": 11, "font.family": "sans"}


class Picture:
    """A drawing as SVG.

    Parameters
    ----------
    svg : str
        The text of the file.
    """

    def __init__(self, svg):
        self.svg = svg

    def _repr_svg_(self):
        return self.svg


def factors():
    """Draw a rating matrix as the product of user vectors and item vectors."""
    ax = _canvas(13.4, 6.4)
    given = {0: "5 4   3", 1: "4   2 3", 2: "1 5    ", 3: "  2 5  ", 4: "3   4 1"}
    for row, line in given.items():
        for column in range(4):
            rating = line[2 * column : 2 * column + 1].strip()
            wanted = (row, column) == (2, 2)
            fill = RED if wanted else BLUE if rating else PALE
            _cell(ax, column, 4 - row, fill, "?" if wanted else rating, strong=wanted or rating)
    _say(ax, 2, 5.5, "ratings R")
    _say(ax, 5, 2.5, "≈", size=20)
    for row in range(5):
        for column in range(2):
            _cell(ax, 6 + column, 4 - row, GREEN if row == 2 else PALE)
    _say(ax, 7, 5.5, "users P")
    _say(ax, 8.6, 2.5, "·", size=24)
    for row in range(2):
        for column in range(4):
            _cell(ax, 9.2 + column, 3 - row, GREEN if column == 2 else PALE)
    _say(ax, 11.2, 4.5, "films Qᵀ")
    _say(ax, 11.2, 1.1, "the gap = one user's row\ntimes one film's column", size=10)
    return _finished(ax)


def batch():
    """Draw how a batch is cut out of the list of ratings, as three arrays."""
    ax = _canvas(13, 6.2)
    rows = [(0, 2, 5), (3, 1, 2), (1, 0, 4), (4, 3, 1), (2, 1, 5), (0, 1, 4), (3, 2, 5)]
    for name, x in (("user", 0.5), ("item", 1.5), ("rating", 2.5)):
        _say(ax, x, 5.75, name, size=9)
    for number, row in enumerate(rows):
        inside = 2 <= number < 5
        for column, value in enumerate(row):
            _cell(ax, column, 4.6 - 0.75 * number, BLUE if inside else PALE, value, inside, 0.7)
    _arrow(ax, (3.4, 2.75), (5.4, 2.75))
    _say(ax, 4.4, 3.3, "a batch of 3", size=10)
    names = ("user_idx", "item_idx", "rating")
    for column, name in enumerate(names):
        _say(ax, 7, 4.45 - 1.5 * column, name, size=10)
        for place, row in enumerate(rows[2:5]):
            _cell(ax, 8.6 + place, 4.1 - 1.5 * column, BLUE, row[column], True, 0.7)
    return _finished(ax)


def towers():
    """Draw the two towers of the one-layer MLP, which meet in an inner product."""
    ax = _canvas(13, 6.6)
    steps = ("table: k numbers", "ReLU", "dense: h numbers")
    for x, who, colour in ((1.9, "user_idx", BLUE), (9.1, "item_idx", GREEN)):
        _say(ax, x + 1, 0.25, who)
        for level, step in enumerate(steps):
            y = 1.0 + 1.35 * level
            _arrow(ax, (x + 1, y - 0.5), (x + 1, y))
            _box(ax, x - 1, y, 4, 0.8, step, colour)
        _arrow(ax, (x + 1, 4.5), (6.5 + (-1.1 if x < 5 else 1.1), 5.45))
    _box(ax, 4.9, 5.45, 3.2, 0.8, "p · q  =  rating", RED)
    _say(ax, 6.5, 3.05, "the same\nshape, other\nnumbers", size=10)
    return _finished(ax)


def dropout():
    """Draw three masks on one vector: dropped numbers are 0, the others are doubled."""
    ax = _canvas(13, 5.2)
    values = (1.0, 2.0, -1.0, 0.5)
    masks = ((1, 1, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (1, 1, 0, 0))
    names = ("the vector", "batch 1", "batch 2", "batch 3")
    for row, (name, mask) in enumerate(zip(names, masks, strict=True)):
        y = 4 - 1.2 * row
        _say(ax, 1.5, y + 0.5, name)
        for column, (value, kept) in enumerate(zip(values, mask, strict=True)):
            shown = f"{value * (2 if row else 1):g}" if kept else "0"
            _cell(
                ax, 3.4 + 1.7 * column, y, (GREEN if row else BLUE) if kept else PALE, shown, kept
            )
    _say(ax, 11.6, 2.1, "dropped: 0\nkept: doubled\n(ρ = 0.5)", size=10)
    return _finished(ax)


def data_parallel():
    """Draw how two devices share a batch, add their gradients, and take one step."""
    ax = _canvas(13, 6.4)
    _box(ax, 0.1, 2.75, 2.3, 0.9, "batch of 64", RED)
    for y, name in ((4.6, "device 0"), (0.9, "device 1")):
        _arrow(ax, (2.4, 3.2), (3.5, y + 0.45))
        _box(ax, 3.5, y, 3.6, 0.9, "32 ratings, a copy\nof the network", BLUE)
        _say(ax, 5.3, y + 1.2, name, size=10)
        _arrow(ax, (7.1, y + 0.45), (8.2, 3.2))
    _box(ax, 8.2, 2.75, 1.9, 0.9, "add the\ngradients", GREEN)
    _arrow(ax, (10.1, 3.2), (10.9, 3.2))
    _box(ax, 10.9, 2.75, 2, 0.9, "one step,\nall copies", RED)
    return _finished(ax)


def _canvas(width, height):
    with mpl.rc_context(LOOK):
        ax = plt.subplots(figsize=(width / 2, height / 2), facecolor="white")[1]
    ax.set(xlim=(-0.1, width), ylim=(-0.1, height), aspect="equal")
    ax.axis("off")
    return ax


def _cell(ax, x, y, colour, text="", strong=False, height=0.92):
    ax.add_patch(patches.Rectangle((x + 0.04, y + 0.04), 0.92, height, color=colour, lw=0))
    ink = "white" if strong else GREY
    ax.text(x + 0.5, y + 0.04 + height / 2, text, color=ink, ha="center", va="center_baseline")


def _box(ax, x, y, width, height, text, colour):
    style = patches.BoxStyle.Round(pad=0, rounding_size=0.15)
    ax.add_patch(patches.FancyBboxPatch((x, y), width, height, style, color=colour, lw=0))
    middle = x + width / 2, y + height / 2
    ax.text(*middle, text, color="white", ha="center", va="center", fontsize=10)


def _arrow(ax, start, end):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.5})


def _say(ax, x, y, text, size=12):
    ax.text(x, y, text, ha="center", va="center", fontsize=size, color=INK)


def _finished(ax):
    file = io.StringIO()
    with mpl.rc_context(LOOK):
        ax.figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(ax.figure)
    return Picture(file.getvalue())
