"""Change one thing in a copy of the package, run the tests that should fail, and say what survived.

``python -m tools.mutants`` reads ``tools/mutants.yaml``: for each change its name, the file, the
text that is replaced (``from``, which occurs once) and what it is replaced by (``to``), and the tests
that should fail then. First all these tests must pass on the unchanged copy. A change that no test
notices is a survivor; a comment on it may stand in ``survives``. The exit code is 0 only if at least
95 % of the changes are killed.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import queue
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tools" / "mutants.yaml"
# What the tests need of the checkout.
COPIED = ("mfbook", "tests", "tools", "benchmarks", "notebooks", "conftest.py", "pyproject.toml")
LEAST_SHARE = 0.95
SECONDS = 300


def read(path=DATA):
    """Changes, one dict each: name, file, from, to, tests and, for some, survives."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


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


def mutated(text, mutant):
    """Return the text of a file with the change in it; raise `ValueError` if it does not fit."""
    count = text.count(mutant["from"])
    if count != 1:
        raise ValueError(
            f"{mutant['name']}: its text occurs {count} times in {mutant['file']}, not once: "
            f"{mutant['from']!r}. Bring tools/mutants.yaml up to date."
        )
    return text.replace(mutant["from"], mutant["to"])


def run_tests(folder, tests, seconds):
    """Run tests in a copy, up to the first that fails; return the exit code and what was printed.

    The exit code is None if the tests took too long.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    # The copy comes before the installed package, in processes that tests start as well.
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout


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
            mutated((first / mutant["file"]).read_text(encoding="utf-8"), mutant)
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
            killed = list(pool.map(attempt, mutants))
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
    left = survivors(mutants, options.jobs, options.seconds, ROOT)
    n_killed = len(mutants) - len(left)
    for mutant in left:
        print(f"Survivor: {mutant['name']} ({mutant['file']}). {mutant.get('survives', '')}")
    print(f"Killed {n_killed} of {len(mutants)} ({n_killed / len(mutants):.1%}).")
    if n_killed < LEAST_SHARE * len(mutants):
        sys.exit(1)


if __name__ == "__main__":
    main()
