"""Compare our fits with other libraries: same data, same machine, one run. ``make bench``.

It writes book/benchmarks.md: the speed of one epoch; the time, error and memory of a whole fit; the
seconds until an error is reached; and how all that grows with the number of ratings, from
benchmarks/growth.csv, which it writes as well. Only ``make bench`` installs the other libraries.
"""

import argparse
from importlib.metadata import version
import logging
import os
from pathlib import Path
import statistics
import sys

# Before MXNet and NumPy load: one thread for every library.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import mfbook  # noqa: F401  (lets MXNet load, so it stands before all that uses NumPy)
from mfbook import datasets
import pandas as pd
from tqdm import tqdm

from benchmarks import fits, growth, growth_page, libraries, memory, original_loop
from tools import movielens
from tools.notebooks import machine

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGE, FIGURE = BOOK / "benchmarks.md", BOOK / "_static" / "growth.svg"
ROUNDS = 5
ERRORS = (0.95, 0.93)
# They make OpenBLAS choose another kernel than the processor's own.
KERNEL_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
PEERS = {
    "Surprise": "scikit-surprise",
    "PyTorch": "torch",
    "cmfrec": "cmfrec",
    "Spark": "pyspark",
}
HEAD = """\
# Benchmarks

This page is written by `make bench`, in one run on one machine, with one thread each. All fits but \
those of the last section are of MovieLens 100K, u1, and are measured on u1.test. Times are of \
fitting only: medians of {rounds} rounds, in each of which every fit runs once. *Memory added* is \
how far memory rose above what the data and the libraries take. The numbers hold for this machine; \
the order is mostly the same on others.

- {machine}
- {peers}
- {kernel}
"""
# What each table measured; it stands under the title of the table.
SPEEDS = """\
The networks are the same, and so are optimizer, momentum and weight decay. The gradients are not: \
`training.fit` computes those of the tables as sparse arrays, which hold only the rows of a batch; \
the tutorial and PyTorch computed dense ones, of all rows. So the table compares the programs as \
they were run, not the libraries.
"""
FITS = """\
The error is of predictions clipped to the scale: mean ± standard deviation of {rounds} seeds, one in \
each round. The plain network has the hyperparameters that chapter 7 chose on u1's validation set; \
ALS and the Bayesian model have those of the examples in chapters 8 and 9. Surprise's were set by \
hand (learning rate 0.005, regularization 0.1): no search for them is part of this project, so a \
search may lower its error.
"""
SECONDS = """\
Each fit is measured on u1.test after every epoch or sweep, with unclipped predictions, and the \
measuring is not timed. Medians of {rounds} seeds.
"""


def epoch_speeds(split):
    """Ratings per second of one epoch of the plain network, medians of rounds."""
    runs = [
        ("tutorial of 2016, its own loop", "dense", 64, original_loop.original_seconds),
        ("training.fit", "sparse", 64, lambda: fits.plain_epoch(split, 64, 0.05).seconds),
        ("PyTorch, eager", "dense", 64, lambda: libraries.dense_torch_epoch(split, 64)),
        ("training.fit", "sparse", 1024, lambda: fits.plain_epoch(split, 1024, 0.2).seconds),
        ("PyTorch, eager", "dense", 1024, lambda: libraries.dense_torch_epoch(split, 1024)),
    ]
    rounds = [[run() for *_, run in runs] for _ in tqdm(range(ROUNDS), desc="rounds")]
    return [
        {
            "plain network, 64 factors": name,
            "gradients": gradients,
            "batch size": f"{batch_size:,}",
            "ratings per second": f"{len(split.train) / statistics.median(seconds):,.0f}",
        }
        for (name, gradients, batch_size, _), *seconds in zip(runs, *rounds, strict=True)
    ]


def whole_fits(split):
    """Seconds, RMSE and memory of whole fits, one seed a round; memory in a new process."""
    runs = {name: [] for name in fits.WHOLE_FITS}
    for seed in tqdm(range(ROUNDS), desc="rounds"):
        for name, fit in fits.WHOLE_FITS.items():
            runs[name].append(fit(split, seed))
    rows = []
    for name, results in runs.items():
        seconds, errors = zip(*results, strict=True)
        rows.append(
            {
                "fit": name,
                "seconds": f"{statistics.median(seconds):.2f}",
                "u1.test": f"{statistics.mean(errors):.4f} ± {statistics.stdev(errors):.4f}",
                "memory added": f"{memory.in_new_process(name)[1]:,.0f} MB",
            }
        )
    return rows


def seconds_to_errors(split):
    """Seconds of fitting until an RMSE on u1.test is reached, medians of seeds."""
    models = {
        "ALS": fits.fit_als,
        "plain network, tuned": fits.fit_tuned_plain,
        "Bayesian": fits.fit_gibbs,
    }
    rows = []
    for name, fit in models.items():
        histories = [fit(split, seed).history for seed in range(ROUNDS)]
        row = {f"to {error}": _seconds_to(error, histories) for error in ERRORS}
        rows.append({"model": name} | row)
    return rows


def _seconds_to(error, histories):
    """Return the median of the seconds as text; how many histories reach it if not all do."""
    seconds = []
    for history in histories:
        reached = history.curve <= error
        elapsed = history.frame.set_index("epoch")["seconds"].cumsum()
        if reached.any():
            seconds.append(elapsed[reached.idxmax()])
    if len(seconds) < len(histories):
        return f"{len(seconds)} of {len(histories)} seeds reach it" if seconds else "never"
    return f"{statistics.median(seconds):.2f} s"


SECTIONS = (
    ("One epoch of the plain network", SPEEDS, epoch_speeds),
    ("A whole fit", FITS, whole_fits),
    ("Until an error is reached", SECONDS, seconds_to_errors),
)


def _markdown(rows):
    table = pd.DataFrame(rows)
    lines = [table.columns, ["---"] * table.shape[1], *table.to_numpy()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _peers():
    """Return the versions of the other libraries, and whom this machine cannot measure."""
    text = ", ".join(f"{name} {version(package)}" for name, package in PEERS.items())
    for name, missing in growth.left_out().items():
        text += f"; {name} not measured, because {' and '.join(missing)} is missing"
    return text


def _kernel():
    """Return which kernel NumPy's library of linear algebra has chosen for this processor."""
    from threadpoolctl import threadpool_info

    # MXNet has a library of its own, which knows no processor of today.
    of_numpy = [one for one in threadpool_info() if "numpy" in one["filepath"]]
    kernels = {one["architecture"] for one in of_numpy if "architecture" in one}
    return f"NumPy's linear algebra with the kernel for {' and '.join(kernels) or 'any processor'}"


def main(arguments=None):
    """Measure, and write book/benchmarks.md, its figure and benchmarks/growth.csv."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=main.__doc__)
    parser.add_argument(
        "--largest",
        type=int,
        default=growth.SIZES[-1],
        metavar="N",
        help="most ratings that growth is measured on (default: %(default)s)",
    )
    largest = parser.parse_args(arguments).largest
    if largest < growth.SIZES[0]:
        parser.error(f"--largest is {largest}; it must be at least {growth.SIZES[0]}.")
    if any(name in os.environ for name in KERNEL_VARIABLES):
        sys.exit(f"These slow NumPy down: unset {' and '.join(KERNEL_VARIABLES)} first.")
    movielens.require("The benchmarks")
    # The original's loop logs its speed.
    logging.disable(logging.INFO)
    split = datasets.load()
    about = {"machine": machine(), "peers": _peers(), "kernel": _kernel()}
    texts = [HEAD.format(rounds=ROUNDS, **about)]
    for title, text, measure in SECTIONS:
        table = _markdown(measure(split))
        texts.append(f"## {title}\n\n{text.format(rounds=ROUNDS)}\n{table}\n")
    table = growth.measure(largest)
    growth_page.draw(table, FIGURE)
    texts.append(growth_page.section(table))
    PAGE.write_text("\n".join(texts), encoding="utf-8")
    print(f"wrote {PAGE}, {FIGURE} and {growth.FILE}")
    failed = table[table["note"].str.startswith("failed")]
    if len(failed):
        sys.exit(f"Failed: {failed[['step', 'contender', 'ratings', 'note']].to_string()}")


if __name__ == "__main__":
    main()
