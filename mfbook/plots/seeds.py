"""Figures of several seeds of each model."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

from matplotlib import pyplot as plt
from mfbook.plots._checks import (
    check_baseline,
    check_cells,
    check_limits,
    check_mapping,
    check_models,
    check_table,
    the_only,
)
from mfbook.plots._frames import legend_below, reference_line
from mfbook.plots.theme import COLORS, WIDTH
import numpy as np
import pandas as pd


def curves_by_seed(
    curves: pd.DataFrame,
    titles: Mapping[str, str],
    baseline: tuple[str, float] | None = None,
    ylim: tuple[float, float] | None = None,
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

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (n_rows, 2)
        The panels, two in a row. All seeds of a model have one color.

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
    check_table(curves, "curves", ("model", "seed", "epoch", "evaluation_set", "rmse"))
    check_mapping(titles, "titles", "models to the titles of their panels")
    check_models(titles, "titles", curves["model"])
    curves = curves[curves["model"].isin(titles)]
    _check_curves(curves)
    check_baseline(baseline)
    if ylim is not None:
        check_limits(ylim, "ylim")
    evaluation_set = the_only(curves["evaluation_set"])
    n_rows = -(-len(titles) // 2)
    size = (WIDTH, 2.4 * n_rows + (0 if baseline is None else 0.5))
    axes = plt.subplots(n_rows, 2, figsize=size, sharex=True, sharey=True, squeeze=False)[1]
    for ax, (model, title), color in zip(axes.flat, titles.items(), cycle(COLORS), strict=False):
        runs = curves[curves["model"] == model].pivot(index="epoch", columns="seed", values="rmse")
        ax.plot(runs, color=color, linewidth=1.2)
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
    if baseline is not None:
        legend_below(axes[0, 0], ncols=1)
    return axes


def _check_curves(curves: pd.DataFrame) -> None:
    check_cells(curves, "curves", ["epoch", "rmse"])
    twice = curves.duplicated(["model", "seed", "epoch"]).to_numpy()
    # Curves on two evaluation sets are refused with another sentence.
    if twice.any() and curves["evaluation_set"].nunique() == 1:
        model, seed, epoch = curves[["model", "seed", "epoch"]].iloc[int(twice.argmax())]
        raise ValueError(
            f"The table curves has two rows for model {model!r}, seed {seed}, epoch {epoch}. Keep "
            "the rows of one data set and one fold."
        )
