"""Fit every model on every fold and seed; write three tables into mfbook/experiments.

``trials.csv`` has all hyperparameters that were tried on each fold's own validation set.
``results.csv`` has the best of them on the test set, and the models of the original tutorial with
its hyperparameters. ``curves.csv`` has every epoch on fold u1, five seeds each: of the original's
two large networks on the test set, and of its MLP at other learning rates on the validation set.
The folds share the cores, one thread each: about an hour on two cores. With ``--family solver``
only the models of that family are fitted again, and the rows of all others stay as they are.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before MXNet loads, here and in the workers

from mfbook import datasets, experiments, networks, training
from mfbook.experiments import SPECS
from mfbook.metrics import rmse
import pandas as pd
from tqdm import tqdm

from tools import movielens, workers
from tools.result_tables import write_table

SEEDS = range(5)
LARGE = ("MLP (256, 512), as run in 2016", "dropout (256, 512), as meant in 2016")
PLANS = {  # learning rates of chapter 4: stages of (epochs, rate)
    "0.05": [(8, 0.05)],
    "0.02": [(8, 0.02)],
    "0.01": [(8, 0.01)],
    "0.02, then 0.002": [(6, 0.02), (2, 0.002)],
}


def one_fold(dataset, fold, family):
    """Return the trials and the final results of one fold, two data frames."""
    split = datasets.load(dataset, fold)
    trials, results = [], []
    for name, spec in SPECS.items():
        if family not in (None, spec.family):
            continue
        if dataset == "synthetic" and spec.family not in ("baseline", "network"):
            continue
        chosen, epochs, validation = {}, spec.epochs, None
        if spec.space:
            found = experiments.search(spec, split)
            trials.append(found.assign(model=name))
            chosen, epochs, validation = found.iloc[0]
        seeds = range(1 if name in LARGE and fold > 1 else spec.n_seeds)
        rows = [final_fit(spec, split, chosen, int(epochs), seed) for seed in seeds]
        results.append(pd.DataFrame(rows).assign(model=name, validation=validation))
    both = (pd.concat(tables) if tables else pd.DataFrame() for tables in (trials, results))
    return [table.assign(dataset=dataset, fold=fold) for table in both]


def final_fit(spec, split, hyperparameters, epochs, seed):
    """Return the test error of one final fit as a row of results.csv."""
    start = time.perf_counter()
    tested = experiments.test_once(spec, split, hyperparameters, epochs, seed)
    seconds = round(time.perf_counter() - start, 2)
    return {
        "hyperparameters": hyperparameters,
        "epochs": epochs,
        "seed": seed,
        "test": rmse(tested["rating"], tested["prediction"]),
        "test_unclipped": rmse(tested["rating"], tested["unclipped"]),
        "seconds": seconds,
    }


def curve(name, seed):
    """Return every epoch of one training on fold u1, a data frame; the name says of which."""
    split = datasets.load("ml-100k")
    if name in PLANS:
        model, evaluation_set = f"MLP (64, 64), rate {name}", "validation"
        frame = scheduled(split.validation_split(), PLANS[name], seed)
    else:
        model, evaluation_set = name, "test"
        frame = SPECS[name].make({}).fit(split, seed=seed).history.frame
    frame = frame.rename(columns={f"{evaluation_set}_rmse": "rmse"})
    return frame[["epoch", "train_rmse", "rmse"]].assign(
        dataset="ml-100k", fold=1, model=model, seed=seed, evaluation_set=evaluation_set
    )


def scheduled(split, stages, seed):
    """Train the MLP (64, 64) with one learning rate after another, as chapter 4 does."""
    network = networks.OneLayerMLP(split.n_users, split.n_items, 64, 64)
    frames = [
        training.fit(network, split, epochs, learning_rate=rate, seed=seed + number).frame
        for number, (epochs, rate) in enumerate(stages)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(epoch=frame.index + 1)


def merged(made, stored, family):
    """Return the rows that were made, with the stored rows of the other families, in order."""
    if family is None:
        return made
    others = [model for model, spec in SPECS.items() if spec.family != family]
    both = pd.concat([stored[stored["model"].isin(others)], made])
    order = {model: number for number, model in enumerate(SPECS)}
    keys = pd.DataFrame({"dataset": both["dataset"], "fold": both["fold"]})
    keys["model"] = both["model"].map(order)
    rows = keys.reset_index(drop=True).sort_values(["dataset", "fold", "model"], kind="stable")
    return both.iloc[rows.index]


def main(arguments=None):
    """Make the three tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.results", description=__doc__)
    families = sorted({spec.family for spec in SPECS.values()})
    parser.add_argument("--family", choices=families, help="fit only the models of this family")
    family = parser.parse_args(arguments).family
    movielens.require("The tables")
    # What stays as it is, is read before an hour of fitting.
    try:
        kept = (experiments.trials(), experiments.results()) if family else (None, None)
    except datasets.DataError as error:
        sys.exit(str(error))
    trials, results, curves = fitted(family)
    tables = {"trials.csv": (trials, kept[0]), "results.csv": (results, kept[1])}
    for name, (made, stored) in tables.items():
        table = merged(made, stored, family)
        chosen = table["hyperparameters"].map(json.dumps)
        write_table(name, table.assign(hyperparameters=chosen))
    if curves is not None:
        write_table("curves.csv", curves)


def fitted(family):
    """Return trials, results and curves (None without networks), all fitted on all cores."""
    folds = [("ml-100k", fold) for fold in range(1, 6)] + [("synthetic", 1)]
    networks_too = family in (None, "network")
    watched = [(name, seed) for name in [*LARGE, *PLANS] for seed in SEEDS if networks_too]
    with workers.pool() as pool:
        tables = [pool.submit(one_fold, *fold, family) for fold in folds]
        curves = [pool.submit(curve, *run) for run in watched]
        tables = [table.result() for table in tqdm(tables, desc="folds")]
        curves = [one.result() for one in tqdm(curves, desc="curves")]
    trials, results = (pd.concat(each) for each in zip(*tables, strict=True))
    return trials, results, pd.concat(curves) if curves else None


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
