"""Fit every model on a test set of later ratings; write mfbook/experiments/temporal.csv.

The test set is the last fifth of all ratings, and hyperparameters and epochs are chosen on the last
fifth of its training ratings. Beside it, the same is done with random fifths. Each test set is read
once for each model and seed. The models with the hyperparameters of 2016 are left out, and a network
gets half of the trials that it gets in tools/results.py. The fits share the cores, one thread each:
about a quarter of an hour on two cores.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
from dataclasses import replace
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before MXNet loads, here and in the workers

from mfbook import datasets, experiments
from mfbook.experiments import SPECS
from mfbook.experiments.tables import SPLITS
from mfbook.metrics import rmse
import pandas as pd
from tqdm import tqdm

from tools import movielens, workers
from tools.result_tables import write_table

FRACTION = 0.2
N_SEEDS = 3
N_TRIALS_NETWORK = 6
# One chain; the final fits have three.
SWEEPS_OF_A_TRIAL = 80
MODELS = [name for name, spec in SPECS.items() if spec.family != "2016"]
RATINGS = ["user_id", "item_id", "rating", "timestamp"]


def divide(ratings, how, users, items):
    """Return a split of the ratings with a fifth as its test set, with all attributes."""
    if how == "by date":
        cut = int(ratings["timestamp"].quantile(1 - FRACTION))
        split = datasets.temporal_split(ratings, before=cut, items=items, name=how)
    else:
        split = datasets.random_split(ratings, fraction=FRACTION, items=items, name=how)
    return replace(split, users=split.users.merge(users, on="user_id", how="left"))


def one_model(name, how):
    """Return the test errors of every seed of a model on one of the splits, a list of rows."""
    spec, stored = SPECS[name], datasets.load("ml-100k")
    described = stored.users, stored.items
    everything = pd.concat([stored.train, stored.test])
    split = divide(everything[RATINGS], how, *described)
    inner = replace(divide(split.train[RATINGS], how, *described), evaluation_set="validation")
    chosen, epochs, validation = {}, spec.epochs, None
    if spec.space:
        n_trials = N_TRIALS_NETWORK if spec.family == "network" else spec.n_trials
        tried = experiments.draw_hyperparameters(spec.space, n_trials)
        first = experiments.search(spec, inner, tried, min(spec.epochs, SWEEPS_OF_A_TRIAL)).iloc[0]
        chosen, validation = first[["hyperparameters", "validation"]]
        epochs = int(first["epochs"]) if spec.early_stopping else spec.epochs
    found = {"hyperparameters": json.dumps(chosen), "epochs": epochs, "validation": validation}
    run = {"split": how, "model": name} | found
    seeds = range(min(N_SEEDS, spec.n_seeds))
    return [run | tested(spec, split, chosen, epochs, seed) for seed in seeds]


def tested(spec, split, hyperparameters, epochs, seed):
    """Return the test errors of one final fit."""
    start = time.perf_counter()
    test = experiments.test_once(spec, split, hyperparameters, epochs, seed)
    seconds = round(time.perf_counter() - start, 2)
    known = test[test["user_idx"].isin(split.train["user_idx"])]
    return {
        "seed": seed,
        "test": rmse(test["rating"], test["prediction"]),
        "test_known": rmse(known["rating"], known["prediction"]),
        "seconds": seconds,
    }


def store(rows):
    """Write the table, its rows in the order of the splits and of the models."""
    table = pd.DataFrame(rows)
    order = pd.DataFrame(
        {"split": table["split"].map(SPLITS.index), "model": table["model"].map(MODELS.index)}
    )
    table = table.loc[order.sort_values(["split", "model"], kind="stable").index]
    write_table("temporal.csv", table)


def main(arguments=None):
    """Make the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.temporal_results", description=__doc__)
    parser.parse_args(arguments)
    movielens.require("The tables")
    with workers.pool() as pool:
        runs = [pool.submit(one_model, name, how) for name in MODELS for how in SPLITS]
        rows = [row for run in tqdm(runs, desc="models") for row in run.result()]
    store(rows)


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
