"""Compare models fairly: the registry of models, the search, and the results that were kept."""

from mfbook.experiments.searching import draw_hyperparameters, search, test_once
from mfbook.experiments.specs import SPECS, Spec
from mfbook.experiments.tables import (
    calibration,
    curves,
    rankings,
    results,
    serving,
    temporal,
    trials,
)

__all__ = [
    "SPECS",
    "Spec",
    "calibration",
    "curves",
    "draw_hyperparameters",
    "rankings",
    "results",
    "search",
    "serving",
    "temporal",
    "test_once",
    "trials",
]
