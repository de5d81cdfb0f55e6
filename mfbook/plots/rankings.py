"""Figures with one row for each model: the trials of a search, and a ladder of errors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

from matplotlib.axes import Axes
from mfbook._validation import check_finite
from mfbook.plots._checks import check_limits, check_mapping, numbers_in
from mfbook.plots._frames import legend_below, ready_axes
from mfbook.plots.theme import COLORS, INK, MARKERS, WIDTH
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


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
    check_mapping(validation, "validation", "models to the validation errors of their trials")
    errors = [numbers_in(trials, f"validation[{model!r}]") for model, trials in validation.items()]
    if xlim is not None:
        check_limits(xlim, "xlim")
    ax = ready_axes(ax, (WIDTH, 3.4))
    for row, (rmse, color, marker) in enumerate(  # rmse has the shape (n_trials,)
        zip(errors, cycle(COLORS), cycle(MARKERS), strict=False)
    ):
        jitter = np.linspace(-0.18, 0.18, len(rmse))
        ax.plot(rmse, row + jitter, marker, color=color, markersize=6, alpha=0.7)
        finite = rmse[np.isfinite(rmse)]
        if len(finite):
            ax.plot(finite.min(), row, "|", color=INK, markersize=26)
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
    ax.set_yticks(range(len(validation)), list(validation))
    ax.invert_yaxis()
    ax.grid(axis="x")
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
    >>> [name.get_text() for name in ax.texts]
    ['biases', 'GC-MC', 'Gibbs']
    """
    check_mapping(groups, "groups", "groups to the errors of their models")
    for group, errors in groups.items():
        name = f"groups[{group!r}]"
        if not isinstance(errors, pd.Series):
            check_mapping(errors, name, "models to errors")
        elif not errors.index.is_unique:
            raise ValueError(f"{name} has a model twice. Give each model one error.")
        check_finite(numbers_in(list(dict(errors).values()), name), name)
    rungs = pd.DataFrame(
        [
            (group, model, error)
            for group, errors in groups.items()
            for model, error in dict(errors).items()
        ],
        columns=["group", "model", "error"],
    )
    rungs = rungs.sort_values("error", ascending=False, ignore_index=True)
    # Narrower, the longest names would stand out, and all text would be smaller on a phone.
    ax = ready_axes(ax, (WIDTH + 0.2, 1.1 + 0.26 * len(rungs)))
    for group, marker in zip(groups, cycle(("o", "X", *MARKERS[1:])), strict=False):
        chosen = rungs[rungs["group"] == group]
        ax.plot(chosen["error"], chosen.index, marker, markersize=8, label=str(group))
    middle = (rungs["error"].min() + rungs["error"].max()) / 2
    for row, (model, error) in enumerate(zip(rungs["model"], rungs["error"], strict=True)):
        _name_beside(ax, model, (error, row), on_the_left=error > middle)
    ax.set_yticks([])
    ax.invert_yaxis()
    ax.margins(x=0.03)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set(xlabel=xlabel)
    legend_below(ax, ncols=len(groups))
    return ax


def _name_beside(ax: Axes, name: object, point: tuple[float, int], on_the_left: bool) -> None:
    ax.annotate(
        str(name),
        point,
        xytext=(-8 if on_the_left else 8, 0),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        va="center",
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
    )
