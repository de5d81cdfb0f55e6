"""Colors, sizes and Matplotlib's settings for all figures of the book."""

import sys
from typing import Any

from cycler import cycler
import matplotlib as mpl

#: Okabe and Ito's colors: color-blind readers can tell them apart, and so can readers of a print
#: in grey, by their order.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: One marker for each color.
MARKERS = ("o", "s", "^", "D", "v", "P")
#: Color of reference lines and notes.
GREY = "#5F6B76"
#: Color of text and axes. The book's pages replace it, `GREY`, `GRID` and `PALE` in dark mode.
INK = "#1F2933"
#: Color of grid lines.
GRID = "#D9DEE3"
#: Color of areas behind the data, and of empty cells.
PALE = "#E8EDF2"
#: Width of a figure, in inches. A phone shows its text of 11 points with 10 pixels.
WIDTH = 5.0

#: Matplotlib's settings for every figure of the book; `style` applies them.
STYLE: dict[Any, Any] = {
    "figure.figsize": (WIDTH, 3.3),
    "figure.dpi": 110,
    # Opaque, so that it can be read in a notebook with a dark background.
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    # A line of thousands of points is stored with those that a screen can tell apart.
    "path.simplify_threshold": 1.0,
    # Text stays text, and the same figure is the same file in every run.
    "svg.fonttype": "none",
    "svg.hashsalt": "mfbook",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS),
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "boxplot.boxprops.color": INK,
    "boxplot.capprops.color": INK,
    "boxplot.whiskerprops.color": INK,
}
#: What an SVG file says of its making: nothing, because it would differ from run to run.
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def style() -> None:
    """Give every figure that is drawn from now on the book's style; in a notebook, as SVG.

    Notes
    -----
    Every chapter that draws a figure calls it in its first cell, from chapter 1 on.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> from mfbook import plots
    >>> plots.style()
    >>> mpl.rcParams["figure.facecolor"]
    'white'
    """
    mpl.rcParams.update(STYLE)
    if _in_a_notebook():
        # A notebook's kernel brings it; elsewhere it may be missing.
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata=NO_METADATA)


def _in_a_notebook() -> bool:
    """Return whether this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
