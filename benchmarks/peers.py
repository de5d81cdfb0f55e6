"""Our fits beside those of others: the same data, the same machine, one run. ``make bench``.

Four tables: the speed of one epoch; what a fit takes and reaches on u1.test; seconds until an error is reached; and how
seconds and memory grow with the number of ratings (on made-up ones). It writes book/benchmarks.md.
The peers, Surprise and PyTorch, are installed by ``make bench`` alone.
"""

import argparse
from importlib.metadata import version
import json
import logging
import os
from pathlib import Path
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mfbook  # noqa: F401  (before NumPy's users, so that MXNet loads)
from mfbook import comparison, datasets, metrics, networks, solvers, training
import numpy as np
import original_loop
import pandas as pd
from tqdm import tqdm

from notebooks import machine

PAGE = Path(__file__).resolve().parent.parent / "book" / "benchmarks.md"
ROUNDS = 5
SIZES = (100_000, 1_000_000, 10_000_000)
GOALS = (0.95, 0.93)


def with_memory(run):
    """Return what ``run()`` returns, and by how many MB memory rose at most meanwhile (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest level so far
    before = _megabytes("VmRSS")
    result = run()
    return result, _megabytes("VmHWM") - before


def _megabytes(name):
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def als(split, epochs=20):
    """Fit ALS with chapter 8's settings; return its history."""
    return solvers.ALS(k=5, reg=9.0, reg_bias=5.0).fit(split, epochs)


def gibbs(split, epochs=80):
    """Fit the Bayesian model of chapter 9, one chain; return its history."""
    return solvers.Gibbs(k=10).fit(split, epochs)


def tuned_plain(split):
    """Train chapter 7's plain network; return its history."""
    kept = comparison.results().query("data == 'ml-100k' and fold == 1 and model == 'plain'")
    row = kept.iloc[0]
    return comparison.train_plain(split, row["setting"], int(row["epochs"]), 0)[1]


def plain(split, batch_size, learning_rate):
    """Train the plain network of 64 factors for an epoch; return its history."""
    network = networks.PlainNet(split.n_users, split.n_items, 64)
    return training.fit(network, split, 1, batch_size=batch_size, learning_rate=learning_rate)


def surprise(split):
    """Fit Surprise's SVD with its tuned settings; return seconds and RMSE on u1.test."""
    import surprise as other

    reader = other.Reader(rating_scale=(1, 5))
    columns = ["user_id", "item_id", "rating"]
    train = other.Dataset.load_from_df(split.train[columns], reader).build_full_trainset()
    algorithm = other.SVD(n_factors=50, n_epochs=50, lr_all=0.005, reg_all=0.1, random_state=0)
    start = time.perf_counter()
    algorithm.fit(train)
    seconds = time.perf_counter() - start
    test = list(split.test[columns].itertuples(index=False, name=None))
    guess = [prediction.est for prediction in algorithm.test(test)]
    return seconds, metrics.rmse(split.test["rating"], np.array(guess))


def torch_epoch(split, batch_size):
    """Train the plain network for one epoch in PyTorch; return its seconds."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    user, item = (
        torch.tensor(split.train[c].to_numpy(), dtype=torch.long) for c in ("user_idx", "item_idx")
    )
    rating = torch.tensor(split.train["rating"].to_numpy())
    tables = [torch.nn.Embedding(n, 64) for n in (split.n_users, split.n_items)]
    for table in tables:
        torch.nn.init.uniform_(table.weight, -0.01, 0.01)
    weights = [table.weight for table in tables]
    descent = torch.optim.SGD(weights, lr=0.05, momentum=0.9, weight_decay=1e-4)
    start = time.perf_counter()
    order = torch.randperm(len(rating))
    for at in range(0, len(rating), batch_size):
        rows = order[at : at + batch_size]
        guess = (tables[0](user[rows]) * tables[1](item[rows])).sum(dim=1)
        loss = ((guess - rating[rows]) ** 2).mean() / 2
        descent.zero_grad()
        loss.backward()
        descent.step()
    return time.perf_counter() - start


def speeds(split):
    """Return ratings per second of one epoch of the plain network, medians in turn."""
    contenders = [
        ("tutorial of 2016, its own loop", 64, original_loop.original_seconds),
        ("training.fit", 64, lambda: plain(split, 64, 0.05).seconds),
        ("PyTorch, eager", 64, lambda: torch_epoch(split, 64)),
        ("training.fit", 1024, lambda: plain(split, 1024, 0.2).seconds),
        ("PyTorch, eager", 1024, lambda: torch_epoch(split, 1024)),
    ]
    rounds = [[run() for _, _, run in contenders] for _ in tqdm(range(ROUNDS), desc="rounds")]
    n = len(split.train)
    return [
        {
            "plain network, 64 factors": name,
            "batch size": f"{size:,}",
            "ratings per second": f"{n / statistics.median(seconds):,.0f}",
        }
        for (name, size, _), *seconds in zip(contenders, *rounds, strict=True)
    ]


FITS = {
    "ALS, 5 sweeps (chapter 8)": lambda split: _ended(als(split, 5)),
    "ALS, 20 sweeps (chapter 8)": lambda split: _ended(als(split)),
    "Surprise SVD, 50 factors, 50 epochs": surprise,
    "plain network, tuned (chapter 7)": lambda split: _ended(tuned_plain(split)),
    "Bayesian, one chain of 80 (chapter 9)": lambda split: _ended(gibbs(split)),
}


def fits(split):
    """Return what whole fits take and reach: medians of rounds in turn; memory of a fresh process."""
    taken = {name: [] for name in FITS}
    for _ in tqdm(range(ROUNDS), desc="rounds"):
        for name, run in FITS.items():
            taken[name].append(run(split))
    rows = []
    for name, runs in taken.items():
        seconds = statistics.median(seconds for seconds, _ in runs)
        rows.append(
            {
                "fit": name,
                "seconds": f"{seconds:.2f}",
                "u1.test": f"{runs[0][1]:.4f}",
                "memory added": f"{_alone(name, 0)[1]:,.0f} MB",
            }
        )
    return rows


def until(split):
    """Return seconds of fitting until an error on u1.test is reached."""
    rows = []
    for name, history in {
        "ALS": als(split),
        "plain network, tuned": tuned_plain(split),
        "Bayesian": gibbs(split),
    }.items():
        frame = history.frame
        spent = frame["seconds"].cumsum()
        row = {"model": name}
        for goal in GOALS:
            there = frame["test_rmse"] <= goal
            row[f"to {goal}"] = f"{spent[there.idxmax()]:.2f} s" if there.any() else "never"
        rows.append(row)
    return rows


def made_up(n_ratings):
    """Return a split of ratings drawn at random, with users and items in proportion."""
    rng = np.random.default_rng(0)
    n_users, n_items = int(np.sqrt(n_ratings) * 3), int(np.sqrt(n_ratings) * 5)
    pair = rng.choice(n_users * n_items, n_ratings, replace=False)
    table = pd.DataFrame(
        {
            "user_idx": (pair // n_items).astype(np.int32),
            "item_idx": (pair % n_items).astype(np.int32),
            "rating": rng.integers(1, 6, n_ratings).astype(np.float32),
        }
    )
    ids = [pd.DataFrame({c: np.arange(n)}) for c, n in (("user_id", n_users), ("item_id", n_items))]
    return datasets.Split(table, table.head(1000), *ids, name=f"{n_ratings:,} made-up ratings")


GROWING = {
    "ALS, a sweep": lambda split: _ended(als(split, 1)),
    "plain network, an epoch of batches of 1,024": lambda split: _ended(plain(split, 1024, 0.05)),
}


def one(name, n_ratings):
    """Print seconds and memory of one fit as JSON; of MovieLens if ``n_ratings`` is 0."""
    split = made_up(n_ratings) if n_ratings else datasets.load()
    (seconds, _), memory = with_memory(lambda: (FITS | GROWING)[name](split))
    print(json.dumps([seconds, memory]))


def _alone(name, n_ratings):
    """Return seconds and memory of one fit in a fresh process."""
    command = [sys.executable, __file__, "--one", name, str(n_ratings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().split("\n")[-1])


def growth():
    """Return seconds and memory for each size."""
    rows = []
    jobs = [(name, n) for name in GROWING for n in SIZES]
    for name, n in tqdm(jobs, desc="sizes"):
        seconds, memory = _alone(name, n)
        rows.append(
            {
                "fit": name,
                "ratings": f"{n:,}",
                "seconds": f"{seconds:.2f}",
                "memory added": f"{memory:,.0f} MB",
            }
        )
    return rows


HEAD = """\
# Benchmarks

This page is written by `make bench`, in one run on one machine, one thread each. All fits are of \
MovieLens 100K, u1, and are measured on u1.test; times are of fitting alone, medians of \
{rounds} rounds in which the contenders take turns; *memory added* is how far memory rose above what \
the data and the libraries take. They hold for this machine; the order \
mostly holds on others.

- {machine}
- Surprise {surprise}, PyTorch {torch}
"""
SECTIONS = (
    ("One epoch of the plain network", speeds),
    ("A whole fit", fits),
    ("Until an error is reached", until),
)


def _ended(history):
    return history.seconds, history.test_rmse


def _markdown(rows):
    return pd.DataFrame(rows).pipe(
        lambda t: "\n".join(
            f"| {' | '.join(map(str, line))} |"
            for line in (t.columns, ["---"] * t.shape[1], *t.to_numpy())
        )
    )


def main():
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--one", nargs=2, metavar=("FIT", "RATINGS"), help="one fit (internal)")
    chosen = parser.parse_args().one
    if chosen:
        one(chosen[0], int(chosen[1]))
        return
    if datasets.dataset_name() != "ml-100k":
        sys.exit("The benchmarks are of MovieLens: unset MFBOOK_DATASET.")
    logging.disable(logging.INFO)  # the original's loop logs its speed
    split = datasets.load()
    names = {"surprise": version("scikit-surprise"), "torch": version("torch")}
    parts = [HEAD.format(rounds=ROUNDS, machine=machine(), **names)]
    for title, measure in SECTIONS:
        parts.append(f"## {title}\n\n{_markdown(measure(split))}\n")
    parts.append(
        "## Growth\n\nMade-up ratings: three users and five items for each root of their number, "
        f"so that the tables grow as well.\n\n{_markdown(growth())}\n"
    )
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
