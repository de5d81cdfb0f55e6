"""Every figure's look, and the figures that more than one chapter draws.

A function draws into the axes it is given, or into a new figure, and returns the axes.
"""

import matplotlib as mpl
from matplotlib import pyplot as plt
import numpy as np

# Okabe and Ito's colours: they stay apart for colour-blind readers, and in grey by their order.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#5F6B76"

STYLE = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 110,
    "figure.facecolor": "white",  # opaque, so that it can be read on a dark page
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "grid.color": "#D9DEE3",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def style():
    """Give every figure that is drawn from now on the book's look."""
    mpl.rcParams.update(STYLE)


def learning_curves(histories, part="test", baseline=None, ax=None):
    """Draw RMSE against epochs.

    Parameters
    ----------
    histories : dict of str to mfbook.training.History
        Label to history, one curve each.
    part : str
        ``"train"`` or ``"test"``.
    baseline : tuple of (str, float), optional
        Label and RMSE of a horizontal line to beat.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots()[1]
    for (label, history), marker in zip(histories.items(), MARKERS, strict=False):
        frame = history.frame
        ax.plot(frame["epoch"], frame[f"{part}_rmse"], marker=marker, markersize=5, label=label)
    if baseline:
        label, value = baseline
        ax.axhline(value, color=GREY, linestyle="--", linewidth=1.5, label=f"{label}, {value:.3f}")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"{part} RMSE (stars)")
    ax.grid(axis="y")
    ax.legend()
    return ax


def rating_matrix(ratings, ax=None):
    """Draw the rating matrix: one dot for each rating that is there.

    Parameters
    ----------
    ratings : pandas.DataFrame
        With ``user_idx`` and ``item_idx``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots(figsize=(6.4, 3.9))[1]
    shape = int(ratings["user_idx"].max()) + 1, int(ratings["item_idx"].max()) + 1
    filled = np.zeros(shape)  # (n_users, n_items)
    filled[ratings["user_idx"], ratings["item_idx"]] = 1
    ax.imshow(filled, cmap="Blues", vmin=0, vmax=1, aspect="equal", interpolation="antialiased")
    ax.set_xlabel("item index")
    ax.set_ylabel("user index")
    return ax


def long_tail(counts, what, ax=None):
    """Draw how many ratings each has, the most rated first.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Number of ratings of each item (or user), in any order.
    what : str
        What is counted, in the plural: ``"items"`` or ``"users"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots()[1]
    counts = np.sort(np.asarray(counts))[::-1]  # (n,)
    rank = np.arange(1, len(counts) + 1)
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    ax.fill_between(rank, counts, color=COLOURS[5], linewidth=0)
    ax.fill_between(rank[:half], counts[:half], color=COLOURS[0], linewidth=0)
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
