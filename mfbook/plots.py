"""Figures from data, all in one style.

A function draws into the axes it is given, or into a new figure, and returns the axes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Sized
from itertools import cycle
import math
from typing import Any

from cycler import cycler
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from mfbook._validation import (
    as_array,
    as_float,
    as_numbers,
    check_finite,
    check_flags,
    check_indices,
    check_memory,
    check_sizes,
    shown,
)
from mfbook.history import History
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

#: Okabe and Ito's colors: color-blind readers can tell them apart, and so can readers of a print
#: in grey, by their order.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: One marker for each color.
MARKERS = ("o", "s", "^", "D", "v", "P")
#: Color of reference lines and notes.
GREY = "#5F6B76"
# Of columns of a legend, and of directions in a plane.
_LARGEST_NUMBER = 1000
_LINESTYLES = ("-", "--", "-.", ":")

#: Matplotlib's settings for every figure of the book; `style` applies them.
STYLE: dict[Any, Any] = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 110,
    # Opaque, so that it can be read on a dark page.
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS),
    "grid.color": "#D9DEE3",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def style() -> None:
    """Give every figure that is drawn from now on the book's style.

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
    _check_baseline(baseline)
    ax = _axes(ax)
    for (label, history), look in zip(histories.items(), _looks(), strict=False):
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
    _check_limits(ylim, "ylim")
    _check_baseline(baseline)
    _check_few(ncols=ncols)
    axes = plt.subplots(1, 2, figsize=(6.4, 3.4))[1]
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
    _check_baseline(baseline)
    check_flags(fill=fill)
    ax = _axes(ax)
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


def curves_by_seed(
    curves: pd.DataFrame,
    titles: Mapping[str, str],
    baseline: tuple[str, float] | None = None,
    ylim: tuple[float, float] | None = None,
    legend: bool = True,
) -> np.ndarray:
    """Draw the learning curves of several seeds, one panel for each model.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns ``model``, ``seed``, ``epoch``, ``evaluation_set`` and ``rmse``, as
        `mfbook.experiments.curves` returns them.
    titles : dict of str to str
        Models to draw, and the title of the panel of each.
    baseline : tuple of (str, float), optional
        Label and RMSE of a horizontal line to compare with.
    ylim : tuple of (float, float), optional
        Lowest and highest RMSE of all panels, in stars.
    legend : bool
        Whether to name the seeds in a legend below the panels and to give each its own marker.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (n_rows, 2)
        The panels, two in a row.

    Raises
    ------
    ValueError
        If no model is named, there is no curve of one, or the curves were not all measured on the
        same kind of evaluation set.

    Notes
    -----
    Drawn in chapters 4 and 5.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import plots
    >>> curves = pd.DataFrame({
    ...     "model": "MLP", "evaluation_set": "test", "seed": [0, 0, 1, 1],
    ...     "epoch": [1, 2, 1, 2], "rmse": [0.99, 0.97, 0.98, 0.96],
    ... })
    >>> axes = plots.curves_by_seed(curves, {"MLP": "64, 64"})
    >>> len(axes[0, 0].get_lines())
    2
    """
    _check_table(curves, "curves", ("model", "seed", "epoch", "evaluation_set", "rmse"))
    _check_mapping(titles, "titles", "models to the titles of their panels")
    _check_models(titles, "titles", curves["model"])
    curves = curves[curves["model"].isin(titles)]
    _check_curves(curves)
    _check_baseline(baseline)
    if ylim is not None:
        _check_limits(ylim, "ylim")
    check_flags(legend=legend)
    evaluation_set = _the_only(curves["evaluation_set"])
    n_rows = -(-len(titles) // 2)
    height = 1.0 + 2.4 * n_rows if legend else 2.4 * n_rows
    axes = plt.subplots(n_rows, 2, figsize=(6.4, height), sharex=True, sharey=True, squeeze=False)[
        1
    ]
    for ax, (model, title) in zip(axes.flat, titles.items(), strict=False):
        runs = curves[curves["model"] == model].pivot(index="epoch", columns="seed", values="rmse")
        for seed, look in zip(runs, _looks(), strict=False):
            if not legend:
                look["marker"] = ""
            ax.plot(runs[seed], linewidth=1.2, markersize=4, label=f"seed {seed}", **look)
        if baseline is not None:
            reference_line(*baseline, ax=ax)
        ax.set_title(title, loc="left")
        ax.grid(axis="y")
    for ax in axes.flat[len(titles) :]:
        ax.axis("off")
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        ax.locator_params(axis="x", integer=True)
    for ax in axes[:, 0]:
        ax.set(ylabel=f"{evaluation_set} RMSE (stars)", ylim=ylim)
    if legend:
        legend_below(axes[0, 0], ncols=3)
    return axes


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
    _check_table(errors, "errors")
    _check_cells(errors, "errors", errors.columns, nan=True)
    if errors.isna().all(axis=None):
        raise ValueError("There is nothing to draw: the table errors has no number, only NaN.")
    groups = _row_names(errors, "errors")
    check_flags(connected=connected)
    ax = _axes(ax, (6.4, 3.0))
    for model, look in zip(errors, _looks(), strict=False):
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
        Models to draw, from top to bottom.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Within a row, the folds stand one below the other.

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
    >>> [note.get_text() for note in ax.texts]
    ['u1', 'u2']
    """
    _check_table(results, "results", ("model", "fold", "seed", "test"))
    models = _listed(models, "models")
    _check_models(models, "models", results["model"])
    _check_cells(results[results["model"].isin(models)], "results", ["fold", "test"])
    ax = _axes(ax, (6.4, 3.8))
    for row, (model, color, marker) in enumerate(
        zip(models, cycle(COLORS), cycle(MARKERS), strict=False)
    ):
        runs = results[results["model"] == model].groupby("fold")["test"]
        heights = row + 0.14 * (np.arange(runs.ngroups) - (runs.ngroups - 1) / 2)
        for height, (fold, errors) in zip(heights, runs, strict=True):
            spread = 0.0 if len(errors) == 1 else errors.std()
            ax.errorbar(
                errors.mean(),
                height,
                xerr=spread,
                fmt=marker,
                color=color,
                markersize=5,
                capsize=2,
            )
            if row == 0:
                ax.annotate(
                    f"u{fold}",
                    (errors.mean(), height),
                    xytext=(7, -3),
                    textcoords="offset points",
                    fontsize=8,
                    color=GREY,
                )
    _rows(ax, models)
    ax.set(xlabel="test RMSE (stars); bars: standard deviation over seeds")
    return ax


def search_results(
    validation: Mapping[str, ArrayLike],
    xlim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the validation RMSE of every trial of a search, one row for each model.

    Parameters
    ----------
    validation : dict of str to array_like of float
        Models, from top to bottom, and the validation RMSE of the trials of each, in stars.
    xlim : tuple of (float, float), optional
        Lowest and highest RMSE of the axis. A note at either end names the trials beyond it.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        A black bar marks the best trial of each model. Trials whose RMSE is not finite are only
        counted, in a note on the right.

    Raises
    ------
    ValueError
        If there is no model, or one has no trials.

    Notes
    -----
    Drawn in chapter 7.

    Examples
    --------
    >>> from mfbook import plots
    >>> ax = plots.search_results({"plain": [0.92, 0.94, 1.26]}, xlim=(0.91, 0.98))
    >>> [note.get_text() for note in ax.texts]
    ['one at 1.26 →']
    """
    _check_mapping(validation, "validation", "models to the validation errors of their trials")
    errors = [_vector(trials, f"validation[{model!r}]") for model, trials in validation.items()]
    if xlim is not None:
        _check_limits(xlim, "xlim")
    ax = _axes(ax, (6.4, 3.2))
    for row, (rmse, color, marker) in enumerate(  # rmse has the shape (n_trials,)
        zip(errors, cycle(COLORS), cycle(MARKERS), strict=False)
    ):
        jitter = np.linspace(-0.18, 0.18, len(rmse))
        ax.plot(rmse, row + jitter, marker, color=color, markersize=6, alpha=0.7)
        finite = rmse[np.isfinite(rmse)]
        if len(finite):
            ax.plot(finite.min(), row, "|", color="black", markersize=26)
        low, high = xlim or (-np.inf, np.inf)
        below, above = finite[finite < low], finite[finite > high]
        n_lost = len(rmse) - len(finite)
        notes = [f"{'one' if n_lost == 1 else n_lost} not finite"] if n_lost else []
        if len(above):
            amount = "one at" if len(above) == 1 else f"{len(above)} from"
            notes.append(f"{amount} {above.min():.2f} →")
        if notes:
            _note_at_the_end(ax, row, ", ".join(notes), on_the_left=False)
        if len(below):
            amount = "one at" if len(below) == 1 else f"{len(below)} up to"
            _note_at_the_end(ax, row, f"← {amount} {below.max():.2f}", on_the_left=True)
    _rows(ax, list(validation))
    ax.set(xlabel="validation RMSE (stars); black bar: the best", xlim=xlim)
    return ax


def ladder(groups: Mapping[str, Mapping[str, float]], xlabel: str, ax: Axes | None = None) -> Axes:
    """Draw models in the order of their errors, the largest error on top.

    Parameters
    ----------
    groups : dict of str to (dict of str to float)
        For each group, such as ``"this book"`` and ``"published"``, the error of each model. A
        `pandas.Series` will do, too.
    xlabel : str
        Which error it is, of which data, in which unit.
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
    Drawn in chapter 9.

    Examples
    --------
    >>> from mfbook import plots
    >>> ours, published = {"biases": 0.953, "Gibbs": 0.90}, {"GC-MC": 0.905}
    >>> groups = {"this book": ours, "published": published}
    >>> ax = plots.ladder(groups, "RMSE on u1.test (stars)")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['biases', 'GC-MC', 'Gibbs']
    """
    _check_mapping(groups, "groups", "groups to the errors of their models")
    for group, errors in groups.items():
        name = f"groups[{group!r}]"
        if not isinstance(errors, pd.Series):
            _check_mapping(errors, name, "models to errors")
        elif not errors.index.is_unique:
            raise ValueError(f"{name} has a model twice. Give each model one error.")
        check_finite(_vector(list(dict(errors).values()), name), name)
    rungs = pd.DataFrame(
        [
            (group, model, error)
            for group, errors in groups.items()
            for model, error in dict(errors).items()
        ],
        columns=["group", "model", "error"],
    )
    rungs = rungs.sort_values("error", ascending=False, ignore_index=True)
    ax = _axes(ax, (6.4, 0.8 + 0.3 * len(rungs)))
    for group, marker in zip(groups, cycle(("o", "X", *MARKERS[1:])), strict=False):
        chosen = rungs[rungs["group"] == group]
        ax.plot(chosen["error"], chosen.index, marker, markersize=8, label=str(group))
    _rows(ax, rungs["model"].tolist(), fontsize=9)
    ax.set(xlabel=xlabel)
    ax.legend(loc="upper left")
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
    _check_table(table, "table")
    _check_cells(table, "table", table.columns)
    bars = _row_names(table, "table")
    if (table.to_numpy(float) < 0).any():
        raise ValueError("table has a length below 0, which no bar can have. Pass lengths.")
    ax = _axes(ax, (6.4, 2.9))
    left = np.zeros(len(table))
    hatches = ("", "//", "..", "xx", "\\\\", "--")
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
    _check_table(table, "table")
    _check_cells(table, "table", table.columns, nan=True)
    _check_limits(limits, "limits")
    ax = _axes(ax, (3.2, 2.6))
    low, high = limits
    values = table.to_numpy(float)
    ax.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = value > low + 0.6 * (high - low)
        color = "white" if dark else "black"
        ax.text(column, row, f"{value:.1f}", color=color, ha="center", va="center")
    ax.set_xticks(range(table.shape[1]), table.columns, fontsize=9)
    ax.set_yticks(range(table.shape[0]), table.index, fontsize=9)
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
    names = _listed(names, "names")
    if coordinates.ndim:
        _check_not_empty(coordinates, "positions")
    if coordinates.shape != (len(names), 2):
        raise ValueError(
            f"positions has the shape {coordinates.shape}; for {len(names)} names it must be "
            f"({len(names)}, 2)."
        )
    check_finite(coordinates, "positions")
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"names[{position}] is {shown(name)}; a name must be a text.")
    _check_few(n_named=n_named)
    ax = _axes(ax, (7, 6))
    x, y = coordinates.T  # each (n_items,)
    ax.plot(x, y, ".", color=GREY, alpha=0.4)
    distance = np.hypot(x, y)
    width = 2 * np.pi / n_named
    sector = np.floor((np.arctan2(y, x) + np.pi) / width).astype(int) % n_named
    order = np.unique(sector)
    for members in (np.flatnonzero(sector == s) for s in order):
        item = members[distance[members].argmax()]
        ax.plot(x[item], y[item], "o", color=COLORS[1], markersize=5)
        on_the_left = x[item] < 0
        ax.annotate(
            names[item].split(" (")[0][:24],
            (x[item], y[item]),
            xytext=(5 if on_the_left else -5, 4),
            textcoords="offset points",
            ha="left" if on_the_left else "right",
            fontsize=8,
        )
    ax.set(xlabel="first direction", ylabel="second direction")
    return ax


def rating_matrix(ratings: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the rating matrix: one dot for each rating.

    Parameters
    ----------
    ratings : pandas.DataFrame
        Columns ``user_idx`` and ``item_idx``.
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
    >>> from mfbook import datasets, plots
    >>> split = datasets.load("synthetic")
    >>> plots.rating_matrix(split.train).get_images()[0].get_array().shape
    (943, 1682)
    """
    _check_table(ratings, "ratings", ("user_idx", "item_idx"))
    shape = _shape(ratings)
    ax = _axes(ax, (6.4, 3.9))
    filled = np.zeros(shape)  # (n_users, n_items)
    filled[ratings["user_idx"], ratings["item_idx"]] = 1
    ax.imshow(filled, cmap="Blues", vmin=0, vmax=1, aspect="equal", interpolation="antialiased")
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
    ax = _axes(ax)
    rank = np.arange(1, len(counts) + 1)
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    ax.fill_between(rank, counts, color=COLORS[5], linewidth=0)
    ax.fill_between(rank[:half], counts[:half], color=COLORS[0], linewidth=0)
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
    _check_baseline((label, rmse))
    _check_axes(ax)
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
    _check_axes(ax)
    _check_few(ncols=ncols)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)


def _axes(ax: Axes | None, figsize: tuple[float, float] | None = None) -> Axes:
    """Return the axes that were given, checked, or those of a new figure."""
    if ax is None:
        return plt.subplots(figsize=figsize)[1]
    _check_axes(ax)
    return ax


def _check_axes(ax: object) -> None:
    if not isinstance(ax, Axes):
        raise ValueError(
            f"ax is a {type(ax).__name__}; pass one axes object to draw into, for example "
            "plt.subplots()[1]."
        )


def _note_at_the_end(ax: Axes, row: int, text: str, on_the_left: bool) -> None:
    ax.annotate(
        text,
        (0 if on_the_left else 1, row),
        xytext=(2 if on_the_left else -2, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="left" if on_the_left else "right",
        va="center",
        fontsize=10,
    )


def _looks() -> Iterator[dict[str, Any]]:
    """Yield one marker and line style for each curve, without end; color comes from the cycle."""
    for linestyle in cycle(_LINESTYLES):
        for marker in MARKERS:
            yield {"marker": marker, "linestyle": linestyle}


def _listed(things: Any, name: str) -> list[Any]:
    """Return a list; an element of a table's column is found by its label, not by its position."""
    vector = isinstance(things, Collection) and getattr(things, "ndim", 1) == 1
    if not vector or isinstance(things, str | Mapping):
        raise ValueError(f"{name} is {shown(things)}; it must be a list of names.")
    return list(things)


def _vector(values: ArrayLike, name: str) -> np.ndarray:
    """Return a vector of numbers that is not empty."""
    vector = as_numbers(values, name)
    if vector.ndim != 1:
        raise ValueError(f"{name} has the shape {vector.shape}; it must be a list of numbers.")
    _check_not_empty(vector, name)
    return vector


def _counts(counts: ArrayLike) -> np.ndarray:
    """Return numbers of ratings, the largest first; at least one must be above 0."""
    vector = np.sort(_vector(counts, "counts"))[::-1]  # (n,); NaN would come first
    check_finite(vector, "counts, sorted,")
    if vector[-1] < 0 or (vector % 1).any():
        wrong = vector[(vector < 0) | (vector % 1 > 0)][0]
        raise ValueError(f"counts has {wrong}; a number of ratings must be whole, 0 or more.")
    _check_not_empty(vector[vector > 0], "counts")
    return vector


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


def _check_not_empty(things: Sized, name: str) -> None:
    if len(things) == 0:
        raise ValueError(f"There is nothing to draw: {name} is empty. Pass at least one.")


def _check_table(table: object, name: str, columns: Sequence[str] = ()) -> None:
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} is a {type(table).__name__}; pass a pandas DataFrame.")
    if table.empty:
        raise ValueError(f"There is nothing to draw: the table {name} is empty. Pass some rows.")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"The table {name} has the column {twice[0]} twice. Keep one of them.")
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(
            f"The table {name} has no column {', '.join(missing)}. Its columns are: "
            f"{', '.join(map(str, table.columns))}."
        )


def _check_cells(
    table: pd.DataFrame, name: str, columns: Collection[Any], nan: bool = False
) -> None:
    """Raise `ValueError` unless the cells of some columns are numbers; NaN passes if asked."""
    for column in columns:
        label = f"{name}[{column!r}]"
        cells = as_numbers(table[column], label)
        check_finite(np.where(np.isnan(cells), 0, cells) if nan else cells, label)


def _row_names(table: pd.DataFrame, name: str) -> list[str]:
    """Return the names of the rows as texts: all different, or two rows become one in the figure."""
    names = [str(row) for row in table.index]
    twice = pd.Series(names).duplicated().to_numpy()
    if twice.any():
        raise ValueError(
            f"The table {name} has two rows with the name {names[twice.argmax()]}. Give each row "
            "its own name."
        )
    return names


def _check_mapping(mapping: object, name: str, of_what: str) -> None:
    if not isinstance(mapping, Mapping):
        raise ValueError(
            f"{name} is a {type(mapping).__name__}; it must be a dict, from {of_what}."
        )
    _check_not_empty(mapping, name)


def _check_few(**numbers: int) -> None:
    check_sizes(**numbers)
    for name, number in numbers.items():
        if number > _LARGEST_NUMBER:
            raise ValueError(f"{name} is {shown(number)}; it must be at most {_LARGEST_NUMBER:,}.")


def _check_baseline(baseline: Any) -> None:
    if baseline is None:
        return
    pair = isinstance(baseline, tuple | list) and len(baseline) == 2
    if not pair or not isinstance(baseline[0], str) or not math.isfinite(as_float(baseline[1])):
        raise ValueError(
            f"The baseline is {shown(baseline)}; it must be a label and a finite RMSE, for example "
            '("biases", 0.95).'
        )


def _check_limits(limits: Any, name: str) -> None:
    pair = isinstance(limits, tuple | list) and len(limits) == 2
    low, high = map(as_float, limits) if pair else (math.nan, math.nan)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{name} is {shown(limits)}; it must be two finite numbers, the lower one first."
        )


def _check_models(models: Collection[str], name: str, known: pd.Series) -> None:
    _check_not_empty(models, name)
    names = known.dropna().unique().tolist()
    unknown = [m for m in models if not isinstance(m, str | int | float) or m not in names]
    if unknown:
        raise ValueError(
            f"{name} has {shown(unknown[0])}, but the table has no such model. Pass some of {names}."
        )


def _check_curves(curves: pd.DataFrame) -> None:
    _check_cells(curves, "curves", ["epoch", "rmse"])
    twice = curves.duplicated(["model", "seed", "epoch"]).to_numpy()
    # Curves on two evaluation sets are refused with another sentence.
    if twice.any() and curves["evaluation_set"].nunique() == 1:
        model, seed, epoch = curves[["model", "seed", "epoch"]].iloc[int(twice.argmax())]
        raise ValueError(
            f"The table curves has two rows for model {model!r}, seed {seed}, epoch {epoch}. Keep "
            "the rows of one data set and one fold."
        )


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
    _check_table(history.frame, f"{name}.frame", columns)
    _check_cells(history.frame, f"{name}.frame", columns)


def _shared_evaluation_set(histories: Mapping[str, History]) -> str:
    if not isinstance(histories, Mapping):
        raise ValueError(
            f"histories is a {type(histories).__name__}; it must be a dict, from labels to "
            'histories, for example {"ALS": model.history}.'
        )
    for label, history in histories.items():
        _check_history(history, f"histories[{label!r}]")
    return _the_only(pd.Series([h.evaluation_set for h in histories.values()], dtype=object))


def _the_only(evaluation_sets: pd.Series) -> str:
    found = sorted(map(str, evaluation_sets.unique()))
    if len(found) != 1:
        raise ValueError(
            f"One figure cannot show errors on different evaluation sets ({' and '.join(found)}): "
            "draw one figure for each."
            if found
            else "There is no curve to draw: pass at least one."
        )
    return found[0]


def _rows(ax: Axes, names: Sequence[str], **text: Any) -> None:
    ax.set_yticks(range(len(names)), names, **text)
    ax.invert_yaxis()
    ax.grid(axis="x")
