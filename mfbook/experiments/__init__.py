"""Compare models fairly: the registry of models, the search, and the results that were kept."""

from mfbook.experiments.results import curves, results, trials
from mfbook.experiments.search import draw_hyperparameters, search, test_once
from mfbook.experiments.specs import SPECS, Spec

__all__ = [
    "SPECS",
    "Spec",
    "curves",
    "draw_hyperparameters",
    "results",
    "search",
    "test_once",
    "trials",
]
