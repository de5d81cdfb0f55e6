"""Seconds and memory of one fit in a process of its own: ``python -m benchmarks.memory FIT``."""

import argparse
import json
from pathlib import Path
import subprocess
import sys

from mfbook import datasets

from benchmarks import fits

ROOT = Path(__file__).resolve().parent.parent
FITS = fits.WHOLE_FITS | fits.ONE_EPOCH_FITS


def with_memory(function):
    """Result of ``function()``, and the most MB that memory rose by meanwhile (Linux only)."""
    # Resets the highest level that Linux has noted for this process.
    Path("/proc/self/clear_refs").write_text("5")
    before = _megabytes("VmRSS")
    result = function()
    return result, _megabytes("VmHWM") - before


def _megabytes(name):
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def in_new_process(fit, n_ratings=0):
    """Seconds and MB of a fit in a new process, on MovieLens or on random ratings."""
    command = [sys.executable, "-m", "benchmarks.memory", fit, "--ratings", str(n_ratings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def main(arguments=None):
    """Print seconds and MB of one fit, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=main.__doc__)
    parser.add_argument("fit", choices=FITS, metavar="FIT", help=f"one of: {'; '.join(FITS)}")
    parser.add_argument(
        "--ratings", type=int, default=0, help="number of random ratings (default: MovieLens)"
    )
    chosen = parser.parse_args(arguments)
    split = fits.random_ratings(chosen.ratings) if chosen.ratings else datasets.load()
    (seconds, _), megabytes = with_memory(lambda: FITS[chosen.fit](split))
    print(json.dumps([seconds, megabytes]))


if __name__ == "__main__":
    main()
