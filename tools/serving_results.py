"""Time exact lists and an index of up to a million items; write mfbook/experiments/serving.csv.

The vectors are drawn with the mean and the spread of those that implicit ALS learns from the twin.
Times are CPU times of one thread. Most of the ten minutes go into building the largest index.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy loads

from mfbook import datasets, ranking
from mfbook.experiments.tables import CATALOGS
import numpy as np
import pandas as pd
from tqdm import tqdm
from usearch.index import Index

from tools.result_tables import write_table

FACTORS, QUERIES, LIST = 32, 200, 10
CANDIDATES = (10, 20, 50, 100, 200, 400)


def vectors(n_items, seed=0):
    """Return vectors of items, all equally long, and of users, ``(n, FACTORS + 1)``."""
    split = datasets.load("synthetic")
    model = ranking.ImplicitALS(k=FACTORS, reg=0.03, unobserved=0.1).fit(split)
    rng = np.random.default_rng(seed)
    items, users = (
        _more_like(side, n, rng) for side, n in ((model.items, n_items), (model.users, QUERIES))
    )
    squares = (items**2).sum(axis=1)
    last = np.sqrt(squares.max() - squares)
    return np.column_stack([items, last]), np.pad(users, ((0, 0), (0, 1)))


def _more_like(side, n, rng):
    """Draw n vectors with the mean and the spread of a model's."""
    spread = np.cov(side, rowvar=False)
    return rng.multivariate_normal(side.mean(axis=0), spread, n).astype(np.float32)


def timed(search, queries):
    """Return the lists that a search finds for each query, and the median milliseconds."""
    lists, seconds = [], []
    for query in queries:
        start = time.process_time()
        lists.append(search(query))
        seconds.append(time.process_time() - start)
    return np.array(lists), 1000 * np.median(seconds)


def one_catalog(n_items):
    """Return the measures of an index of so many items, a list of rows."""
    items, users = vectors(n_items)
    exact, exact_ms = timed(lambda q: np.argpartition(items @ -q, LIST)[:LIST], users)
    index = Index(ndim=items.shape[1], metric="cos", dtype="f32", expansion_add=32)
    start = time.process_time()
    index.add(np.arange(n_items), items, threads=1)
    seconds = time.process_time() - start
    rows = []
    for candidates in CANDIDATES:
        index.expansion_search = candidates
        found, ms = timed(lambda q: index.search(q, LIST, threads=1).keys, users)
        same = [np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]
        row = {"items": n_items, "candidates": candidates, "milliseconds": ms}
        row |= {"recall": np.mean(same), "exact_milliseconds": exact_ms}
        rows.append(row | {"build_seconds": seconds, "megabytes": index.memory_usage / 1e6})
    return rows


def main(arguments=None):
    """Make the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.serving_results", description=__doc__)
    parser.parse_args(arguments)
    rows = [row for n in tqdm(CATALOGS, desc="catalogs") for row in one_catalog(n)]
    write_table("serving.csv", pd.DataFrame(rows))


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
