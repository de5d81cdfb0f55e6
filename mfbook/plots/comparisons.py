"""Figures that compare models: within groups, on folds, and part by part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from mfbook._validation import check_flags
from mfbook.plots._checks import check_cells, check_models, check_table, listed, row_names
from mfbook.plots._frames import legend_below, looks, ready_axes
from mfbook.plots.theme import COLORS, MARKERS, WIDTH
import numpy as np
import pandas as pd


def errors_by_group(
    errors: pd.DataFrame,
    xlabel: str,
    connected: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the RMSE of several models within groups of users, items or ratings.

    Parameters
    ----------
    errors : pandas.DataFrame
        RMSE in stars: one row for each group, in order, and one column for each model.
    xlabel : str
        What the groups are, for example ``"training ratings of the user"``.
    connected : bool
        Whether to connect the markers of a model by a line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Without a legend: call ``ax.legend()``, or `legend_below` if several panels share it.

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    Drawn in chapters 4 and 7.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import plots
    >>> errors = pd.DataFrame({"biases": [1.1, 0.9], "MLP": [1.0, 0.9]}, ["few", "many"])
    >>> ax = plots.errors_by_group(errors, "training ratings of the user")
    >>> [line.get_label() for line in ax.get_lines()]
    ['biases', 'MLP']
    """
    check_table(errors, "errors")
    check_cells(errors, "errors", errors.columns, nan=True)
    if errors.isna().all(axis=None):
        raise ValueError("There is nothing to draw: the table errors has no number, only NaN.")
    groups = row_names(errors, "errors")
    check_flags(connected=connected)
    ax = ready_axes(ax, (WIDTH, 3.0))
    for model, look in zip(errors, looks(), strict=False):
        if not connected:
            look["linestyle"] = ""
        ax.plot(
            groups,
            errors[model],
            markersize=5 if connected else 9,
            label=str(model),
            **look,
        )
    ax.set(xlabel=xlabel, ylabel="RMSE (stars)")
    ax.grid(axis="y")
    return ax


def errors_by_fold(results: pd.DataFrame, models: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw the test RMSE of each model on each fold: mean and standard deviation over seeds.

    Parameters
    ----------
    results : pandas.DataFrame
        Columns ``model``, ``fold``, ``seed`` and ``test``, as `mfbook.experiments.results`
        returns them.
    models : sequence of str
        Models to draw, from left to right within each fold.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Bars show the standard deviation over seeds. The legend stands below.

    Raises
    ------
    ValueError
        If no model is named, or the results have no row of one.

    Notes
    -----
    Drawn in chapter 7.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import plots
    >>> results = pd.DataFrame({
    ...     "model": "plain", "fold": [1, 1, 2, 2], "seed": [0, 1, 0, 1],
    ...     "test": [0.94, 0.95, 0.93, 0.94],
    ... })
    >>> ax = plots.errors_by_fold(results, ["plain"])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['u1', 'u2']
    """
    check_table(results, "results", ("model", "fold", "seed", "test"))
    models = listed(models, "models")
    check_models(models, "models", results["model"])
    check_cells(results[results["model"].isin(models)], "results", ["fold", "test"])
    runs = results[results["model"].isin(models)].groupby(["model", "fold"])["test"]
    # One seed has no spread.
    means, spreads = runs.mean().unstack(), runs.std().fillna(0.0).unstack()
    ax = ready_axes(ax, (WIDTH, 3.9))
    aside = 0.14 * (np.arange(len(models)) - (len(models) - 1) / 2)
    folds = np.arange(means.shape[1])
    looks = zip(models, aside, cycle(COLORS), cycle(MARKERS), strict=False)
    for model, shift, color, marker in looks:
        ax.errorbar(
            folds + shift,
            means.loc[model],
            yerr=spreads.loc[model],
            fmt=marker,
            color=color,
            markersize=5,
            capsize=2,
            label=str(model),
        )
    ax.set_xticks(folds, [f"u{fold}" for fold in means])
    ax.set(xlabel="fold", ylabel="test RMSE (stars)")
    ax.grid(axis="y")
    legend_below(ax, ncols=2)
    return ax


def stacked_bars(table: pd.DataFrame, xlabel: str, ax: Axes | None = None) -> Axes:
    """Draw each row of a table as one horizontal bar, made of its columns one after the other.

    Parameters
    ----------
    table : pandas.DataFrame
        Lengths: one row for each bar, from top to bottom, and one column for each part of it.
    xlabel : str
        What the lengths are, and their unit.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The legend stands below it.

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    Drawn in chapter 6.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import plots
    >>> times = pd.DataFrame({"forward": [1.0, 1.0], "update": [4.0, 0.5]}, ["dense", "sparse"])
    >>> ax = plots.stacked_bars(times, "milliseconds per batch")
    >>> [float(bar.get_width()) for bar in ax.patches]
    [1.0, 1.0, 4.0, 0.5]
    """
    check_table(table, "table")
    check_cells(table, "table", table.columns)
    bars = row_names(table, "table")
    if (table.to_numpy(float) < 0).any():
        raise ValueError("table has a length below 0, which no bar can have. Pass lengths.")
    ax = ready_axes(ax, (WIDTH, 2.9))
    left = np.zeros(len(table))
    hatches = ("", "//", "\\\\", "xx", "--", "||")
    for position, column in enumerate(table):
        ax.barh(
            bars,
            table[column],
            left=left,
            color=COLORS[position % len(COLORS)],
            hatch=hatches[position % len(hatches)],
            edgecolor="white",
            label=str(column),
        )
        left = left + table[column].to_numpy()
    ax.invert_yaxis()
    ax.set(xlabel=xlabel)
    legend_below(ax, ncols=2)
    return ax
