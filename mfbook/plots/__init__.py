"""Figures from data, all in one style.

A function draws into the axes it is given, or into a new figure, and returns the axes.
"""

from mfbook.plots._frames import legend_below, reference_line
from mfbook.plots.comparisons import errors_by_fold, errors_by_group, stacked_bars
from mfbook.plots.curves import (
    learning_curves,
    learning_curves_zoomed,
    train_and_evaluation_curves,
)
from mfbook.plots.data import long_tail, rating_matrix
from mfbook.plots.maps import item_map, value_table
from mfbook.plots.rankings import ladder, search_results
from mfbook.plots.seeds import curves_by_seed
from mfbook.plots.theme import (
    COLORS,
    GREY,
    GRID,
    INK,
    MARKERS,
    NO_METADATA,
    PALE,
    STYLE,
    WIDTH,
    style,
)

__all__ = [
    "COLORS",
    "GREY",
    "GRID",
    "INK",
    "MARKERS",
    "NO_METADATA",
    "PALE",
    "STYLE",
    "WIDTH",
    "curves_by_seed",
    "errors_by_fold",
    "errors_by_group",
    "item_map",
    "ladder",
    "learning_curves",
    "learning_curves_zoomed",
    "legend_below",
    "long_tail",
    "rating_matrix",
    "reference_line",
    "search_results",
    "stacked_bars",
    "style",
    "train_and_evaluation_curves",
    "value_table",
]
