"""Compare our fits with other libraries: same data, same machine, one run. ``make bench``.

It writes book/benchmarks.md with four tables: the speed of one epoch; the time, error and memory of
a whole fit; the seconds until an error is reached; and how seconds and memory grow with the number
of ratings. The other libraries are Surprise and PyTorch; only ``make bench`` installs them.
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

import mfbook  # noqa: F401  (lets MXNet load, so it stands before all that uses NumPy)
from mfbook import datasets
import pandas as pd
from tqdm import tqdm

from benchmarks import fits, memory, original_loop
from tools.notebooks import machine

PAGE = Path(__file__).resolve().parent.parent / "book" / "benchmarks.md"
ROUNDS = 5
SIZES = (100_000, 1_000_000, 10_000_000)
ERRORS = (0.95, 0.93)
HEAD = """\
# Benchmarks

This page is written by `make bench`, in one run on one machine, with one thread each. All fits are \
of MovieLens 100K, u1, and are measured on u1.test. Times are of fitting only: medians of {rounds} \
rounds, in each of which every fit runs once. *Memory added* is how far memory rose above what the \
data and the libraries take. The numbers hold for this machine; the order is mostly the same on \
others.

- {machine}
- Surprise {surprise}, PyTorch {torch}
"""
GROWTH = """\
## Growth

Random ratings of three users and five items for each square root of the number of ratings, so that \
the tables of the models grow as well.
"""


def epoch_speeds(split):
    """Ratings per second of one epoch of the plain network, medians of rounds."""
    runs = [
        ("tutorial of 2016, its own loop", 64, original_loop.original_seconds),
        ("training.fit", 64, lambda: fits.plain_epoch(split, 64, 0.05).seconds),
        ("PyTorch, eager", 64, lambda: fits.torch_epoch(split, 64)),
        ("training.fit", 1024, lambda: fits.plain_epoch(split, 1024, 0.2).seconds),
        ("PyTorch, eager", 1024, lambda: fits.torch_epoch(split, 1024)),
    ]
    rounds = [[run() for _, _, run in runs] for _ in tqdm(range(ROUNDS), desc="rounds")]
    return [
        {
            "plain network, 64 factors": name,
            "batch size": f"{batch_size:,}",
            "ratings per second": f"{len(split.train) / statistics.median(seconds):,.0f}",
        }
        for (name, batch_size, _), *seconds in zip(runs, *rounds, strict=True)
    ]


def whole_fits(split):
    """Seconds, RMSE and memory of whole fits: medians of rounds; memory in a new process."""
    runs = {name: [] for name in fits.WHOLE_FITS}
    for _ in tqdm(range(ROUNDS), desc="rounds"):
        for name, fit in fits.WHOLE_FITS.items():
            runs[name].append(fit(split))
    return [
        {
            "fit": name,
            "seconds": f"{statistics.median(seconds for seconds, _ in results):.2f}",
            "u1.test": f"{results[0][1]:.4f}",
            "memory added": f"{memory.in_new_process(name)[1]:,.0f} MB",
        }
        for name, results in runs.items()
    ]


def seconds_to_errors(split):
    """Seconds of fitting until an RMSE on u1.test is reached."""
    histories = {
        "ALS": fits.fit_als(split),
        "plain network, tuned": fits.fit_tuned_plain(split),
        "Bayesian": fits.fit_gibbs(split),
    }
    return [
        {"model": name} | {f"to {error}": _seconds_to(error, history) for error in ERRORS}
        for name, history in histories.items()
    ]


def _seconds_to(error, history):
    reached = history.curve <= error
    elapsed = history.frame.set_index("epoch")["seconds"].cumsum()
    return f"{elapsed[reached.idxmax()]:.2f} s" if reached.any() else "never"


def growth():
    """Seconds and memory of one epoch for each number of ratings."""
    rows = []
    for name, n in tqdm([(name, n) for name in fits.ONE_EPOCH_FITS for n in SIZES], desc="sizes"):
        seconds, megabytes = memory.in_new_process(name, n)
        row = {"fit": name, "ratings": f"{n:,}", "seconds": f"{seconds:.2f}"}
        rows.append(row | {"memory added": f"{megabytes:,.0f} MB"})
    return rows


SECTIONS = (
    ("One epoch of the plain network", epoch_speeds),
    ("A whole fit", whole_fits),
    ("Until an error is reached", seconds_to_errors),
)


def _markdown(rows):
    table = pd.DataFrame(rows)
    lines = [table.columns, ["---"] * table.shape[1], *table.to_numpy()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def main(arguments=None):
    """Measure, and write book/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=main.__doc__)
    parser.parse_args(arguments)
    if datasets.dataset_name() != "ml-100k":
        sys.exit("The benchmarks are of MovieLens: unset MFBOOK_DATASET.")
    # The original's loop logs its speed.
    logging.disable(logging.INFO)
    split = datasets.load()
    versions = {"surprise": version("scikit-surprise"), "torch": version("torch")}
    texts = [HEAD.format(rounds=ROUNDS, machine=machine(), **versions)]
    texts += [f"## {title}\n\n{_markdown(measure(split))}\n" for title, measure in SECTIONS]
    texts.append(f"{GROWTH}\n{_markdown(growth())}\n")
    PAGE.write_text("\n".join(texts), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
