"""Fit every model on every fold and seed; write three tables into mfbook/experiments.

``trials.csv`` has all hyperparameters that were tried on each fold's own validation set.
``results.csv`` has the best of them on the test set, and the models of the original tutorial with
its hyperparameters. ``curves.csv`` has every epoch on fold u1, five seeds each: of the original's
two large networks on the test set, and of its MLP at other learning rates on the validation set.
The folds share the cores, one thread each: about an hour on two cores.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
import json
import multiprocessing
import os
from pathlib import Path
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before MXNet loads, here and in the workers

from mfbook import datasets, experiments, networks, training
from mfbook.experiments import SPECS
from mfbook.metrics import rmse
import pandas as pd
from tqdm import tqdm

from tools import movielens

FOLDER = Path(__file__).resolve().parent.parent / "mfbook" / "experiments"
SEEDS = range(5)
LARGE = ("MLP (256, 512), as run in 2016", "dropout (256, 512), as meant in 2016")
PLANS = {  # learning rates of chapter 4: stages of (epochs, rate)
    "0.05": [(8, 0.05)],
    "0.02": [(8, 0.02)],
    "0.01": [(8, 0.01)],
    "0.02, then 0.002": [(6, 0.02), (2, 0.002)],
}


def one_fold(dataset, fold):
    """Return the trials and the final results of one fold, two data frames."""
    split = datasets.load(dataset, fold)
    trials, results = [], []
    for name, spec in SPECS.items():
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
    both = pd.concat(trials), pd.concat(results)
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


def write(name, table, columns):
    """Write one of the tables into the checkout, its columns in this order."""
    if "hyperparameters" in table:
        table = table.assign(hyperparameters=table["hyperparameters"].map(json.dumps))
    table = table[["dataset", "fold", "model", *columns]]
    table.to_csv(FOLDER / name, index=False, float_format="%.6g", lineterminator="\n")
    print(f"{len(table)} rows in {name}")


def main(arguments=None):
    """Make the three tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.results", description=__doc__)
    parser.parse_args(arguments)
    movielens.require("The tables")
    folds = [("ml-100k", fold) for fold in range(1, 6)] + [("synthetic", 1)]
    watched = [(name, seed) for name in [*LARGE, *PLANS] for seed in SEEDS]
    spawn = multiprocessing.get_context("spawn")  # MXNet does not survive a fork
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        done = pool.map(one_fold, *zip(*folds, strict=True))
        tables = list(tqdm(done, total=len(folds), desc="folds"))
        done = pool.map(curve, *zip(*watched, strict=True))
        curves = list(tqdm(done, total=len(watched), desc="curves"))
    trials, results = (pd.concat(each) for each in zip(*tables, strict=True))
    write("trials.csv", trials, ["hyperparameters", "epochs", "validation"])
    errors = ["validation", "test", "test_unclipped", "seconds"]
    write("results.csv", results, ["hyperparameters", "epochs", "seed", *errors])
    write(
        "curves.csv", pd.concat(curves), ["seed", "evaluation_set", "epoch", "train_rmse", "rmse"]
    )


if __name__ == "__main__":
    main()
