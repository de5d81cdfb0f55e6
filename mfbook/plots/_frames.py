"""What the figures have in common: axes, legends, reference lines, and looks of curves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from mfbook.plots._checks import check_baseline, check_few
from mfbook.plots.theme import GREY, MARKERS

_LINESTYLES = ("-", "--", "-.", ":")


def reference_line(label: str, rmse: float, ax: Axes) -> Axes:
    """Draw a dashed horizontal line to compare with, named with its value in the legend.

    Parameters
    ----------
    label : str
        Name of the line, to which its value is added.
    rmse : float
        Its height, in stars.
    ax : matplotlib.axes.Axes
        Axes to draw into. Call ``ax.legend()`` afterwards.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If ``rmse`` is not a finite number, or ``ax`` are no axes.

    Notes
    -----
    First drawn in chapter 2.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from mfbook import plots
    >>> ax = plots.reference_line("biases", 0.9532, ax=plt.subplots()[1])
    >>> ax.get_lines()[0].get_label()
    'biases, 0.953'
    """
    check_baseline((label, rmse))
    check_axes(ax)
    ax.axhline(rmse, color=GREY, linestyle="--", linewidth=1.5, label=f"{label}, {rmse:.3f}")
    return ax


def legend_below(ax: Axes, ncols: int) -> None:
    """Put the legend of one panel below the whole figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The panel whose labels are shown.
    ncols : int
        Number of columns of the legend.

    Raises
    ------
    ValueError
        If ``ax`` are no axes, or ``ncols`` is not a whole number of 1 or more.

    Notes
    -----
    First drawn in chapter 3.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from mfbook import plots
    >>> figure, (left, right) = plt.subplots(1, 2)
    >>> for ax in (left, right):
    ...     lines = ax.plot([1, 2], label="biases")
    >>> plots.legend_below(left, ncols=1)
    >>> len(figure.legends)
    1
    """
    check_axes(ax)
    check_few(ncols=ncols)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)


def ready_axes(ax: Axes | None, figsize: tuple[float, float] | None = None) -> Axes:
    """Return the axes that were given, checked, or those of a new figure."""
    if ax is None:
        return plt.subplots(figsize=figsize)[1]
    check_axes(ax)
    return ax


def check_axes(ax: object) -> None:
    if not isinstance(ax, Axes):
        raise ValueError(
            f"ax is a {type(ax).__name__}; pass one axes object to draw into, for example "
            "plt.subplots()[1]."
        )


def looks() -> Iterator[dict[str, Any]]:
    """Yield one marker and line style for each curve, without end; color comes from the cycle."""
    for linestyle in cycle(_LINESTYLES):
        for marker in MARKERS:
            yield {"marker": marker, "linestyle": linestyle}
