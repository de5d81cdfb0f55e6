"""Measure every step on twins from 100,000 to 25 million ratings, into benchmarks/growth.csv."""

import importlib.util
import json
import os
from pathlib import Path
import shutil
import statistics
import subprocess
import sys
import tempfile

import pandas as pd
from tqdm import tqdm

from benchmarks import steps

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "benchmarks" / "growth.csv"
SIZES = (100_000, 1_000_000, 10_000_000, 25_000_000)
# Rounds, in each of which every contender of a step is measured once; of the largest size one.
ROUNDS, LARGE = 3, 25_000_000
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
COLUMNS = [
    *("step", "contender", "ratings", "seconds", "rmse", "noise_floor", "peak_mb", "data_mb"),
    *("rounds", "note"),
]
NUMBERS = COLUMNS[3:8]


def missing(contender):
    """Modules and programs without which a contender cannot be measured here."""
    return [
        name
        for name in contender.needs
        if not (shutil.which(name) if name == "java" else importlib.util.find_spec(name))
    ]


def left_out():
    """Contenders that cannot be measured here, each with what is missing."""
    contenders = {name: one for step in steps.STEPS.values() for name, one in step.items()}
    return {
        name: missing(contender) for name, contender in contenders.items() if missing(contender)
    }


def run(arguments, limit):
    """Return what a module of this package prints, in a process of its own with one thread.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes more than ``limit`` seconds; it is ended then.
    RuntimeError
        If it fails; with the last line of what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        capture_output=True,
        text=True,
        timeout=limit,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(said[-1])
    return done.stdout


def measure_once(step, name, folder):
    """Return what one measurement found, or only a ``note`` that says why it found nothing."""
    limit = steps.STEPS[step][name].limit
    try:
        printed = run(["benchmarks.steps", step, name, folder], limit)
    except subprocess.TimeoutExpired:
        return {"note": f"over {limit} s"}
    except RuntimeError as error:
        return {"note": f"failed: {error}"}
    return json.loads(printed.strip().split("\n")[-1]) | {"note": ""}


def measure_step(step, n_ratings, folder, rounds):
    """Rows of the table for one step and size; the contenders take turns within a round."""
    names = [
        name
        for name, contender in steps.STEPS[step].items()
        if n_ratings <= contender.largest and not missing(contender)
    ]
    found = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            # Who ran out of time or failed would do so again.
            failed = any(one["note"] for one in found[name])
            if not failed and len(found[name]) < steps.STEPS[step][name].rounds:
                found[name].append(measure_once(step, name, folder))
    return [
        {"step": step, "contender": name, "ratings": n_ratings} | _summary(results)
        for name, results in found.items()
    ]


def _summary(results):
    """Return medians of the rounds; the errors are the same in all of them."""
    notes = [one["note"] for one in results if one["note"]]
    if notes:
        return {"rounds": len(results), "note": notes[0]}
    medians = {
        key: statistics.median(one[key] for one in results)
        for key in ("seconds", "peak_mb", "data_mb")
    }
    first = {key: results[0][key] for key in ("rmse", "noise_floor")}
    return {"rounds": len(results), "note": ""} | medians | first


def measure(largest=SIZES[-1], file=FILE):
    """Measure all steps on twins of up to ``largest`` ratings; return and write the table.

    The file is written after each step, so that nothing is lost if a later one breaks off.
    """
    sizes = [n for n in SIZES if n <= largest]
    rows = []
    with tqdm(total=len(sizes) * len(steps.STEPS), desc="growth") as bar:
        for n_ratings in sizes:
            with tempfile.TemporaryDirectory(prefix="twin") as folder:
                run(["benchmarks.twins", n_ratings, folder], limit=1200)
                for step in steps.STEPS:
                    bar.set_postfix_str(f"{n_ratings:,} {step}")
                    rounds = 1 if n_ratings >= LARGE else ROUNDS
                    rows += measure_step(step, n_ratings, Path(folder), rounds)
                    table = pd.DataFrame(rows, columns=COLUMNS)
                    table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")
                    bar.update()
    return read(file)


def read(file=FILE):
    """Return the table of a file that `measure` has written."""
    return pd.read_csv(file, keep_default_na=False, na_values={column: [""] for column in NUMBERS})
