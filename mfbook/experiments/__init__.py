"""Compare models fairly: the registry of models, the search, and the results that were kept."""

from mfbook.experiments.searching import draw_hyperparameters, search, test_once
from mfbook.experiments.specs import SPECS, Spec
from mfbook.experiments.tables import curves, rankings, results, trials

__all__ = [
    "SPECS",
    "Spec",
    "curves",
    "draw_hyperparameters",
    "rankings",
    "results",
    "search",
    "test_once",
    "trials",
]
