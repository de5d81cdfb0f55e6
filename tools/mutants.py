"""Change one thing in a copy of the package, run the tests that should fail, and say what survived.

``python -m tools.mutants`` reads ``tools/mutants.yaml``: for each change its name, the file, the
text that is replaced (``from``, which occurs once) and what it is replaced by (``to``), and the tests
that should fail then. First all these tests must pass on the unchanged copy. A change that no test
notices is a survivor; a comment on it may stand in ``survives``. The exit code is 0 only if at least
95 % of the changes are killed.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
from concurrent.futures import ThreadPoolExecutor
import contextlib
import math
import os
from pathlib import Path
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tools.mutant_list import COPIED, DATA, mutated, read
from tools.writing import reason

ROOT = Path(__file__).resolve().parent.parent
LEAST_SHARE = 0.95
SECONDS = 300
# Processes that run tests at the moment.
RUNNING = set()


def copy_of(root, target):
    """Copy what the tests need into ``target``, without compiled files; return ``target``."""
    for name in COPIED:
        if (root / name).is_dir():
            # A compiled file would hide a change of the same size in the same second.
            shutil.copytree(
                root / name, target / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        elif (root / name).exists():
            shutil.copy(root / name, target / name)
    return target


def run_tests(folder, tests, seconds):
    """Run tests in a copy, up to the first that fails; return the exit code and what was printed.

    The exit code is None if the tests took too long.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    # The copy comes before the installed package, in processes that tests start as well.
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        # A group of its own, with all that the tests start.
        start_new_session=True,
    ) as process:
        RUNNING.add(process)
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            _kill(process)
            RUNNING.discard(process)
    return process.returncode, printed


def _kill(process):
    """End all that is left of a process's group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def is_killed(folder, mutant, seconds):
    """Make the change in a copy, run its tests, undo it; return whether a test noticed."""
    path = folder / mutant["file"]
    text = path.read_text(encoding="utf-8")
    path.write_text(mutated(text, mutant), encoding="utf-8")
    try:
        code, _ = run_tests(folder, mutant["tests"], seconds)
    finally:
        path.write_text(text, encoding="utf-8")
    return code != 0


def survivors(mutants, jobs=1, seconds=SECONDS, root=ROOT):
    """Try all changes and print what becomes of each; return those that no test noticed.

    Parameters
    ----------
    mutants : list of dict
        As `read` returns them.
    jobs : int
        How many changes are tried at the same time, each in a copy of its own.
    seconds : float
        Time limit for the tests of one change. A change that exceeds it is killed.
    root : Path
        The checkout.

    Returns
    -------
    list of dict
    """
    with tempfile.TemporaryDirectory() as work:
        folders = queue.Queue()
        for number in range(jobs):
            folders.put(copy_of(root, Path(work) / str(number)))
        first = folders.queue[0]
        for mutant in mutants:
            try:
                text = (first / mutant["file"]).read_text(encoding="utf-8")
            except OSError as error:
                raise ValueError(f"{mutant['name']}: {mutant['file']}: {error.strerror}.") from None
            mutated(text, mutant)
        _check_baseline(first, sorted({test for mutant in mutants for test in mutant["tests"]}))

        def attempt(mutant):
            folder, start = folders.get(), time.perf_counter()
            try:
                killed = is_killed(folder, mutant, seconds)
            finally:
                folders.put(folder)
            word = "killed  " if killed else "SURVIVED"
            print(f"{word} {time.perf_counter() - start:5.0f} s  {mutant['name']}", flush=True)
            return killed

        with ThreadPoolExecutor(jobs) as pool:
            try:
                killed = list(pool.map(attempt, mutants))
            except BaseException:
                # The pool waits for those that run.
                pool.shutdown(wait=False, cancel_futures=True)
                for process in tuple(RUNNING):
                    _kill(process)
                raise
    return [mutant for mutant, was_killed in zip(mutants, killed, strict=True) if not was_killed]


def _check_baseline(folder, tests):
    """Exit with what pytest says unless all tests pass without any change, on the copied package."""
    where = [sys.executable, "-c", "import mfbook; print(mfbook.__file__)"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    found = subprocess.run(where, cwd=folder, env=environment, capture_output=True, text=True)
    if not Path(found.stdout.strip()).is_relative_to(folder):
        sys.exit(f"The tests would not run on the copy, but on {found.stdout.strip()}.")
    print(f"Without any change, {len(tests)} tests (or files of them) must pass.", flush=True)
    code, printed = run_tests(folder, tests, seconds=None)
    if code:
        sys.exit(f"{printed[-3000:]}\nWithout any change a test fails: mend that first.")


def main(arguments=None):
    """Try the changes that the arguments choose; exit with 1 if too many survive."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", metavar="TEXT", help="only changes whose name contains this text")
    parser.add_argument("--jobs", type=int, default=1, help="changes at the same time (1)")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"time limit for each ({SECONDS})"
    )
    options = parser.parse_args(arguments)
    mutants = [m for m in read(DATA) if (options.only or "") in m["name"]]
    if not mutants:
        sys.exit(f"No change has {options.only!r} in its name. See {DATA}.")
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; it must be 1 or more")
    if not 0 < options.seconds < math.inf:
        parser.error(f"--seconds is {options.seconds}; it must be a number above 0")
    left = survivors(mutants, min(options.jobs, len(mutants)), options.seconds, ROOT)
    n_killed = len(mutants) - len(left)
    for mutant in left:
        print(f"Survivor: {mutant['name']} ({mutant['file']}). {mutant.get('survives', '')}")
    print(f"Killed {n_killed} of {len(mutants)} ({n_killed / len(mutants):.1%}).")
    if n_killed < LEAST_SHARE * len(mutants):
        sys.exit(1)


def _main():
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(
            f"The copies could not be made: {reason(error)}. Set TMPDIR to a folder that you may write, on a "
            "disk with enough space."
        )


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(_main))
