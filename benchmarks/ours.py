"""Our steps of the growth benchmark.

Each function measures one step on the files that `benchmarks.twins` has written into a folder. It
imports what it measures only when it is called, so that its process holds no other library, and
returns what `Meter.found` does.
"""

import time

from benchmarks import twins
from benchmarks.memory import Meter

SWEEPS, REG, REG_BIAS = 5, 9.0, 5.0
# Of the network: about the step per rating of the original's batches of 64 with momentum.
BATCH_SIZE, LEARNING_RATE, FACTORS = 8192, 64.0, 64


def table_megabytes(table):
    """Memory of a table, in MB."""
    return float(table.memory_usage().sum() / 2**20)


def _read_ours(path):
    from mfbook import datasets

    user, item, rating, _ = twins.HEADER
    return datasets.read_ratings(path, sep=",", user=user, item=item, rating=rating)


def read(folder):
    """Read the CSV file with all checks."""
    with Meter() as meter:
        table = _read_ours(folder / twins.CSV)
    return meter.found(table_megabytes(table))


def split(folder):
    """Split the ratings at random."""
    from mfbook import datasets

    table = twins.ratings(folder)
    with Meter() as meter:
        datasets.random_split(table, fraction=twins.TEST_FRACTION)
    return meter.found(table_megabytes(table))


def whole_way(folder):
    """Read, split, fit and evaluate ALS."""
    from mfbook import als, datasets, metrics

    with Meter() as meter:
        table = _read_ours(folder / twins.CSV)
        split = datasets.random_split(table, fraction=twins.TEST_FRACTION)
        model = als.ALS(k=10, reg=REG, reg_bias=REG_BIAS, epochs=SWEEPS).fit(split)
        error = metrics.evaluate(model, split)
    return meter.found(table_megabytes(table), error)


def fit_als(folder, k):
    """Fit our ALS; neither the measuring after its sweeps nor the prediction is timed."""
    from mfbook import als

    data = twins.sets(folder)
    split = barely_evaluated(data)
    with Meter() as meter:
        start = time.perf_counter()
        als.centered_blocks(split, k)
        building = time.perf_counter() - start
        model = als.ALS(k=k, reg=REG, reg_bias=REG_BIAS, epochs=SWEEPS).fit(split)
    # `fit` builds the blocks once more before it takes the time of the sweeps.
    meter.seconds = building + model.history.seconds
    return evaluated(meter, data, model.predict)


def fit_gibbs(folder):
    """Draw a few sweeps of the Bayesian model; its seconds are those of one."""
    from mfbook import gibbs

    data = twins.sets(folder)
    with Meter() as meter:
        model = gibbs.Gibbs(k=10, epochs=SWEEPS, burn_in=2).fit(barely_evaluated(data))
    meter.seconds = float(model.history.frame["seconds"].median())
    return evaluated(meter, data, model.predict)


def train_network(folder):
    """Train the plain network for one epoch, without momentum and decay."""
    from mfbook import networks, training

    data = twins.sets(folder)
    network = networks.PlainNet(*data.shape, FACTORS)
    rates = {"learning_rate": LEARNING_RATE, "momentum": 0.0, "weight_decay": 0.0}
    with Meter() as meter:
        split = barely_evaluated(data)
        history = training.fit(network, split, 1, batch_size=BATCH_SIZE, **rates)
    meter.seconds = history.seconds
    return evaluated(meter, data, network.predict)


def barely_evaluated(data):
    """Return a split of the whole training set and so few test ratings that they cost nothing."""
    few = {name: values[:1000] for name, values in data.test.items()}
    return data._replace(test=few).split


def evaluated(meter, data, predict):
    """Return what was found, with the error on the whole test set."""
    error = data.rmse(predict(data.test["user_idx"], data.test["item_idx"]))
    return meter.found(data.megabytes, error, data.noise_floor)
