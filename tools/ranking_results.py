"""Make lists with every model on every fold and seed; write mfbook/experiments/ranking.csv.

Hyperparameters are chosen by NDCG at 10 on each fold's own validation set, then each test set is
read once for each model and seed. The folds share the cores, one thread each: some minutes.
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

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy loads, here and in the workers

from mfbook import datasets
from mfbook.experiments.ranking import RANKERS, measure_lists, search_lists
from mfbook.experiments.tables import FOLDS
import pandas as pd
from tqdm import tqdm

from tools import movielens, workers
from tools.result_tables import write_table


def one_fold(dataset, fold):
    """Return the measures of every model and seed on one fold, a list of rows."""
    split = datasets.load(dataset, fold)
    rows = []
    for name, spec in RANKERS.items():
        chosen, validation = {}, None
        if spec.space:
            chosen, validation = search_lists(spec, split).iloc[0]
        for seed in range(spec.n_seeds):
            start = time.perf_counter()
            measured = measure_lists(spec, split, chosen, seed)
            seconds = round(time.perf_counter() - start, 2)
            run = {"dataset": dataset, "fold": fold, "model": name, "seed": seed}
            found = {"hyperparameters": json.dumps(chosen), "validation": validation}
            rows.append(run | found | measured | {"seconds": seconds})
    return rows


def main(arguments=None):
    """Make the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.ranking_results", description=__doc__)
    parser.parse_args(arguments)
    movielens.require("The tables")
    with workers.pool() as pool:
        folds = [pool.submit(one_fold, *fold) for fold in FOLDS]
        rows = [row for fold in tqdm(folds, desc="folds") for row in fold.result()]
    write_table("ranking.csv", pd.DataFrame(rows))


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
