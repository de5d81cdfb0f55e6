"""Figures of fits: errors against epochs."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from mfbook._validation import check_flags, shown
from mfbook.history import History
from mfbook.plots._checks import (
    check_baseline,
    check_cells,
    check_few,
    check_limits,
    check_table,
    the_only,
)
from mfbook.plots._frames import legend_below, looks, ready_axes, reference_line
from mfbook.plots.theme import GREY, WIDTH
import numpy as np
import pandas as pd


def learning_curves(
    histories: Mapping[str, History],
    baseline: tuple[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the RMSE on the evaluation set against epochs, one curve for each fit.

    Parameters
    ----------
    histories : dict of str to mfbook.history.History
        Label and history of each fit. All must be measured on the same kind of evaluation set.
    baseline : tuple of (str, float), optional
        Label and RMSE of a horizontal line to compare with.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its y axis names the evaluation set.

    Raises
    ------
    ValueError
        If there is no history, one has no epochs, or some are measured on a test set and others on
        a validation set.

    Notes
    -----
    First drawn in chapter 3.

    Examples
    --------
    >>> from mfbook import als, datasets, plots
    >>> split = datasets.load("synthetic")
    >>> model = als.ALS(k=2, reg=9.0, reg_bias=5.0, epochs=3).fit(split)
    >>> ax = plots.learning_curves({"ALS": model.history}, baseline=("biases", 0.95))
    >>> ax.get_ylabel()
    'test RMSE (stars)'
    """
    evaluation_set = _shared_evaluation_set(histories)
    check_baseline(baseline)
    ax = ready_axes(ax)
    for (label, history), look in zip(histories.items(), looks(), strict=False):
        curve = history.curve
        ax.plot(curve.index, curve, markersize=5, label=str(label), **look)
    if baseline is not None:
        reference_line(*baseline, ax=ax)
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"{evaluation_set} RMSE (stars)")
    ax.grid(axis="y")
    ax.legend()
    return ax


def learning_curves_zoomed(
    histories: Mapping[str, History],
    ylim: tuple[float, float],
    baseline: tuple[str, float] | None = None,
    ncols: int = 3,
) -> np.ndarray:
    """Draw learning curves twice, side by side: the whole range, and one range of RMSE closer.

    Parameters
    ----------
    histories : dict of str to mfbook.history.History
        Label and history of each fit. All must be measured on the same kind of evaluation set.
    ylim : tuple of (float, float)
        Lowest and highest RMSE of the panel on the right, in stars.
    baseline : tuple of (str, float), optional
        Label and RMSE of a horizontal line to compare with.
    ncols : int
        Number of columns of the legend below the panels.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The panels, left and right.

    Raises
    ------
    ValueError
        As for `learning_curves`.

    Notes
    -----
    Drawn in chapters 3 and 4.

    Examples
    --------
    >>> from mfbook import als, datasets, plots
    >>> split = datasets.load("synthetic")
    >>> model = als.ALS(k=2, reg=9.0, reg_bias=5.0, epochs=3).fit(split)
    >>> left, right = plots.learning_curves_zoomed({"ALS": model.history}, ylim=(0.9, 1.0))
    >>> right.get_title(loc="left")
    'the same, closer'
    """
    _shared_evaluation_set(histories)
    check_limits(ylim, "ylim")
    check_baseline(baseline)
    check_few(ncols=ncols)
    axes = plt.subplots(1, 2, figsize=(WIDTH, 3.3))[1]
    for ax in axes:
        learning_curves(histories, baseline, ax)
        ax.get_legend().remove()
    axes[1].set(ylabel="", ylim=ylim)
    axes[1].set_title("the same, closer", loc="left")
    legend_below(axes[0], ncols)
    return axes


def train_and_evaluation_curves(
    history: History,
    baseline: tuple[str, float] | None = None,
    fill: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the RMSE of one fit on its training set and on its evaluation set.

    Parameters
    ----------
    history : mfbook.history.History
        The fit.
    baseline : tuple of (str, float), optional
        Label and RMSE of a horizontal line to compare with.
    fill : bool
        Whether to shade the gap between the curves and to mark the best epoch, which shows
        overfitting.
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
    Drawn in chapters 3 and 5.

    Examples
    --------
    >>> from mfbook import als, datasets, plots
    >>> split = datasets.load("synthetic")
    >>> model = als.ALS(k=2, reg=9.0, reg_bias=5.0, epochs=3).fit(split)
    >>> ax = plots.train_and_evaluation_curves(model.history)
    >>> [line.get_label() for line in ax.get_lines()]
    ['test', 'training']
    """
    _check_history(history, "history")
    check_baseline(baseline)
    check_flags(fill=fill)
    ax = ready_axes(ax)
    curve = history.curve
    train = history.frame.set_index("epoch")["train_rmse"]
    ax.plot(curve.index, curve, "o-", markersize=5, label=history.evaluation_set)
    ax.plot(train.index, train, ":", label="training")
    if fill:
        ax.fill_between(curve.index, train, curve, color=GREY, alpha=0.15)
        ax.annotate(
            f"best: {curve.min():.3f}",
            xy=(curve.idxmin(), curve.min()),
            xytext=(curve.idxmin(), curve.min() + 0.08),
            arrowprops={"arrowstyle": "-", "color": GREY},
        )
    if baseline is not None:
        reference_line(*baseline, ax=ax)
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel="epoch", ylabel="RMSE (stars)")
    ax.grid(axis="y")
    ax.legend()
    return ax


def _check_history(history: object, name: str) -> None:
    if not isinstance(history, History):
        raise ValueError(
            f"{name} is {shown(history)}, and not the history of a fit. Models without epochs, "
            "such as the baselines, have none: draw them as a baseline."
        )
    rmse = f"{history.evaluation_set}_rmse"
    columns = ["epoch", "train_rmse", rmse]
    if isinstance(history.frame, pd.DataFrame) and history.frame.empty:
        raise ValueError(f"There is nothing to draw: {name} has no epochs. Train for at least one.")
    check_table(history.frame, f"{name}.frame", columns)
    check_cells(history.frame, f"{name}.frame", columns)


def _shared_evaluation_set(histories: Mapping[str, History]) -> str:
    if not isinstance(histories, Mapping):
        raise ValueError(
            f"histories is a {type(histories).__name__}; it must be a dict, from labels to "
            'histories, for example {"ALS": model.history}.'
        )
    for label, history in histories.items():
        _check_history(history, f"histories[{label!r}]")
    return the_only(pd.Series([h.evaluation_set for h in histories.values()], dtype=object))
