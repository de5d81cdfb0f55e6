"""Fit every model on every fold and seed; write three tables into mfbook. Run ``make results``.

``trials.csv`` has each setting that was tried on a fold's own validation part: twelve for each
model, three for each Bayesian one. ``results.csv`` has the winners on the test part, five seeds
each, the models of the original tutorial with its settings, and the solvers, three seeds each.
``curves.csv`` has every epoch on u1, five seeds each: of the original's two large networks, and of
its MLP at other learning rates, on the validation part.
Folds share the cores, one thread each: about an hour on two.
"""

from concurrent.futures import ProcessPoolExecutor
import json
import multiprocessing
import os
from pathlib import Path
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before MXNet loads, here and in the workers

from mfbook import baselines, comparison, datasets, networks, training
from mfbook.metrics import rmse
import pandas as pd
from tqdm import tqdm

SEEDS = range(5)
ORIGINALS = {  # networks, sizes, and whether to train every fold with every seed
    "plain, as in 2016": (networks.PlainNet, (64,), True),
    "MLP, as in 2016": (networks.OneLayerMLP, (64, 64), True),
    "MLP (256, 512), as run in 2016": (networks.OneLayerMLP, (256, 512), False),
    "dropout (256, 512), as meant in 2016": (networks.OneLayerDropoutMLP, (256, 512), False),
}
WATCHED = [name for name, (_, _, everywhere) in ORIGINALS.items() if not everywhere]
PLANS = {  # learning rates of chapter 4: stages of (epochs, rate)
    "0.05": [(8, 0.05)],
    "0.02": [(8, 0.02)],
    "0.01": [(8, 0.01)],
    "0.02, then 0.002": [(6, 0.02), (2, 0.002)],
}


def original(kind, sizes):
    """Return a trainer with the original tutorial's settings."""

    def train(part, setting, epochs, seed):
        network = kind(part.n_users, part.n_items, *sizes)
        return network, training.fit(network, part, epochs, seed=seed)

    return train


def curve(name, seed):
    """Return every epoch of one training on fold u1, a data frame; the name says of which."""
    split = datasets.load("ml-100k")
    if name in PLANS:
        model, part = f"MLP (64, 64), rate {name}", "validation"
        frame = scheduled(split.validation(), PLANS[name], seed)
    else:
        model, part = name, "u1.test"
        kind, sizes, _ = ORIGINALS[name]
        frame = original(kind, sizes)(split, {}, 10, seed)[1].frame
    errors = frame[["epoch", "train_rmse", "test_rmse"]]
    return errors.assign(data="ml-100k", fold=1, model=model, part=part, seed=seed)


def scheduled(part, stages, seed):
    """Train the MLP (64, 64) with one learning rate after another, as chapter 4 does."""
    network = networks.OneLayerMLP(part.n_users, part.n_items, 64, 64)
    frames = [
        training.fit(network, part, epochs, learning_rate=rate, seed=seed + number).frame
        for number, (epochs, rate) in enumerate(stages)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(epoch=frame.index + 1)


def mean_of(kind):
    """Return a trainer of a baseline that has no settings."""
    return lambda part, setting, epochs, seed: (kind().fit(part), None)


def candidates(split, fold, trials):
    """Yield (model, trainer, setting, epochs, validation RMSE or None, seeds) for one fold."""
    for name, kind in (("global mean", baselines.GlobalMean), ("item mean", baselines.ItemMean)):
        yield name, mean_of(kind), {}, 0, None, [0]
    for name, (train, _) in comparison.CONTENDERS.items():
        best = trials[trials["model"] == name].iloc[0]
        seeds = [0] if name == "biases" else SEEDS
        yield name, train, best["setting"], int(best["epochs"]), best["validation"], seeds
    if split.name.startswith("synthetic"):
        return
    for name, (kind, sizes, everywhere) in ORIGINALS.items():
        seeds = SEEDS if everywhere or fold == 1 else [0]
        yield name, original(kind, sizes), {}, 10, None, seeds


def one_fold(data, fold):
    """Return the trials and the results of one fold, two data frames."""
    split = datasets.load(data, fold)
    trials = pd.concat(
        comparison.search(train, split, comparison.trials(space)).assign(model=name)
        for name, (train, space) in comparison.CONTENDERS.items()
    )
    tables = [trials, tested(split, candidates(split, fold, trials))]
    if data == "ml-100k":
        found = solver_trials(split)
        tables = [pd.concat([trials, found]), pd.concat([tables[1], tested(split, best(found))])]
    return [table.assign(data=data, fold=fold) for table in tables]


def solver_trials(split):
    """Try the solvers' settings on validation; return them as `comparison.search` does."""
    return pd.concat(
        comparison.search(
            train, split, settings or comparison.trials(comparison.ALS_SPACE), epochs
        ).assign(model=name)
        for name, (train, settings, epochs) in comparison.SOLVERS.items()
    )


def best(trials):
    """Yield the winner of each solver as `candidates` does."""
    for name, (train, _, epochs) in comparison.SOLVERS.items():
        first = trials[trials["model"] == name].iloc[0]
        yield name, train, first["setting"], epochs, first["validation"], range(3)


def tested(split, chosen):
    """Return the test error of what was chosen, one row for each seed."""
    rows = []
    for name, train, setting, epochs, validation, seeds in chosen:
        for seed in seeds:
            start = time.perf_counter()
            table = comparison.test_once(train, split, setting, epochs, seed)
            seconds = round(time.perf_counter() - start, 2)
            test = rmse(table["rating"], table["prediction"])
            rows.append((name, setting, epochs, seed, validation, test, seconds))
    columns = ["model", "setting", "epochs", "seed", "validation", "test", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def write(name, table):
    """Write one of the tables into the package."""
    first = ["data", "fold", "model"]
    table = table[first + [column for column in table if column not in first]]
    file = Path(comparison.__file__).with_name(name)
    table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")
    print(f"{len(table)} rows in {name}")


def main():
    """Write the three tables."""
    if datasets.dataset_name() != "ml-100k":
        sys.exit("The tables are made on MovieLens and the twin together: unset MFBOOK_DATASET.")
    datasets.folder()
    jobs = [("ml-100k", fold) for fold in range(1, 6)] + [("synthetic", 1)]
    watched = [(name, seed) for name in [*WATCHED, *PLANS] for seed in SEEDS]
    spawn = multiprocessing.get_context("spawn")  # MXNet does not survive a fork
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        done = pool.map(one_fold, *zip(*jobs, strict=True))
        tables = list(tqdm(done, total=len(jobs), desc="folds"))
        done = pool.map(curve, *zip(*watched, strict=True))
        curves = list(tqdm(done, total=len(watched), desc="curves"))
    for name, parts in zip(("trials.csv", "results.csv"), zip(*tables, strict=True), strict=True):
        table = pd.concat(parts)
        write(name, table.assign(setting=table["setting"].map(json.dumps)))
    write("curves.csv", pd.concat(curves))


if __name__ == "__main__":
    main()
