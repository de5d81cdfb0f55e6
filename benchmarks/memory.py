"""Measure time and memory (on Linux); one fit alone: ``python -m benchmarks.memory FIT``."""

import argparse
import json
from pathlib import Path
import subprocess
import sys
import time

ROOT = Path(__file__).resolve().parent.parent


def reset_peak():
    """Forget the highest level of memory that Linux has noted for this process."""
    Path("/proc/self/clear_refs").write_text("5")


def peak(process="self"):
    """Return the highest level of memory of a process, in MB; 0 if the process is gone."""
    return _megabytes("VmHWM", process)


def with_memory(function):
    """Result of ``function()``, and the most MB that memory rose by meanwhile."""
    reset_peak()
    before = _megabytes("VmRSS")
    result = function()
    return result, peak() - before


def _megabytes(name, process="self"):
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    # A process that has ended, but was not waited for, has no memory.
    found = status.partition(f"{name}:")[2].split()
    return int(found[0]) / 1024 if found else 0


class Meter:
    """Time and highest memory of what is done inside a ``with``.

    Attributes
    ----------
    seconds : float
        May be set to the part of the time that counts.
    """

    def __enter__(self):
        """Start."""
        reset_peak()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_):
        """Stop."""
        self.seconds = time.perf_counter() - self._start
        self.peak = peak()

    def found(self, data_megabytes, rmse=None, noise_floor=None):
        """All that a measurement tells, as a dict.

        ``seconds``; ``rmse`` on the test set, of predictions clipped to the scale, and
        ``noise_floor`` there; ``peak_mb``, the highest memory of the process; ``data_mb``, what the
        arrays of ratings take of it.
        """
        return {
            "seconds": self.seconds,
            "rmse": rmse,
            "noise_floor": noise_floor,
            "peak_mb": self.peak,
            "data_mb": data_megabytes,
        }


def in_new_process(fit):
    """Seconds and MB of a fit of MovieLens in a new process."""
    command = [sys.executable, "-m", "benchmarks.memory", fit]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def main(arguments=None):
    """Print seconds and MB of one fit, as JSON."""
    from mfbook import datasets

    from benchmarks import fits

    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=main.__doc__)
    names = fits.WHOLE_FITS
    parser.add_argument("fit", choices=names, metavar="FIT", help=f"one of: {'; '.join(names)}")
    chosen = parser.parse_args(arguments)
    split = datasets.load()
    (seconds, _), megabytes = with_memory(lambda: fits.WHOLE_FITS[chosen.fit](split))
    print(json.dumps([seconds, megabytes]))


if __name__ == "__main__":
    main()
