"""Compare probabilities of stars with frequencies; write mfbook/experiments/calibration.csv.

The model of chapter 9 is fitted for each training file of MovieLens, on the ratings outside a
validation set, and its probabilities for the five validation sets are put together. The number of
factors is the one with the lower validation error. No test set is read. Two minutes on one core.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import sys

from mfbook import calibration, datasets, features, gibbs, metrics
import numpy as np

from tools import movielens
from tools.result_tables import write_table

FOLDS = range(1, 6)
FACTORS = 10, 20


def one_set(fold, k, epochs):
    """Return the probabilities, the steps and the users of a validation set."""
    split = datasets.load(fold=fold).validation_split(seed=0)
    chosen = [features.implicit, features.attributes]
    model = gibbs.Gibbs(features=chosen, likelihood="stars", k=k, epochs=epochs).fit(split)
    user, item = (split.validation[c].to_numpy() for c in ("user_idx", "item_idx"))
    steps = (split.validation["rating"].to_numpy() - split.scale[0]).astype(int)
    return model.probabilities(user, item), steps, user


def all_sets(k, epochs):
    """Return the probabilities, the steps and the users of the five validation sets together."""
    sets = [one_set(fold, k, epochs) for fold in FOLDS]
    return [np.concatenate(parts) for parts in zip(*sets, strict=True)]


def main(arguments=None):
    """Make the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.calibration_results", description=__doc__
    )
    parser.parse_args(arguments)
    movielens.require("The table")
    tried = {k: all_sets(k, epochs=80) for k in FACTORS}
    errors = {
        k: metrics.rmse(steps, shares @ np.arange(shares.shape[1]))  # of the expected stars
        for k, (shares, steps, _) in tried.items()
    }
    for k, error in errors.items():
        print(f"{k} factors: validation RMSE {error:.4f}")
    best = min(errors, key=errors.get)
    table = calibration.reliability(*tried[best])
    write_table("calibration.csv", table)
    gap = (table["predicted"] - table["observed"]).abs().max()
    print(f"{best} factors: {len(tried[best][0])} ratings, largest gap {gap:.4f}")


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
