"""One measurement of growth in a process of its own: ``python -m benchmarks.steps``."""

import argparse
from collections.abc import Callable
import json
from pathlib import Path
from typing import NamedTuple

from benchmarks import libraries, ours


class Contender(NamedTuple):
    """Who is measured in a step.

    Attributes
    ----------
    measure : callable
        Takes the folder of the files; returns what `Meter.found` does.
    needs : tuple of str
        Modules and programs without which it is left out.
    largest : int
        The most ratings that it is measured on.
    limit : int
        How many seconds a measurement may take.
    rounds : int
        The most rounds that it takes part in.
    """

    measure: Callable
    needs: tuple = ("mfbook",)
    largest: int = 100_000_000
    limit: int = 1200
    rounds: int = 3


def _als(k):
    surprise = Contender(lambda folder: libraries.svd_surprise(folder, k), ("surprise",), 1_000_000)
    spark = Contender(
        lambda folder: libraries.als_spark(folder, k),
        needs=("pyspark", "psutil", "java"),
        largest=10_000_000,
        limit=300,
        rounds=1,
    )
    return {
        "mfbook": Contender(lambda folder: ours.fit_als(folder, k)),
        "cmfrec, Cholesky": Contender(
            lambda folder: libraries.als_cmfrec(folder, k, False), ("cmfrec",)
        ),
        "cmfrec, conjugate gradient": Contender(
            lambda folder: libraries.als_cmfrec(folder, k, True), ("cmfrec",)
        ),
        "Surprise SVD, 50 epochs": surprise,
        "Spark MLlib, two workers": spark,
    }


# From the title of a step to its contenders: ours is the first, the others are compared with it.
STEPS = {
    "Reading": {
        "mfbook": Contender(ours.read),
        "pandas.read_csv": Contender(libraries.read_pandas),
    },
    "Splitting": {"mfbook": Contender(ours.split)},
    "ALS, k = 10": _als(10),
    "ALS, k = 40": _als(40),
    "Plain network": {
        "mfbook": Contender(ours.train_network, ("mxnet",)),
        "PyTorch, sparse": Contender(libraries.network_torch, ("torch",)),
    },
    "Gibbs, k = 10": {"mfbook": Contender(ours.fit_gibbs)},
    "The whole way": {"mfbook": Contender(ours.whole_way)},
}


def main(arguments=None):
    """Print what one measurement found, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=main.__doc__)
    parser.add_argument("step", choices=STEPS, metavar="STEP", help=f"one of: {'; '.join(STEPS)}")
    parser.add_argument("contender", metavar="CONTENDER", help="one of the step's contenders")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the twin's files")
    chosen = parser.parse_args(arguments)
    if chosen.contender not in STEPS[chosen.step]:
        parser.error(f"CONTENDER must be one of: {'; '.join(STEPS[chosen.step])}")
    print(json.dumps(STEPS[chosen.step][chosen.contender].measure(chosen.folder)))


if __name__ == "__main__":
    main()
