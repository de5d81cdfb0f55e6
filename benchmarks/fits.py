"""The fits of MovieLens that are timed."""

import mfbook  # noqa: F401  (lets MXNet load, so it stands before all that uses NumPy)
from mfbook import als, experiments, gibbs, metrics, networks, training

from benchmarks import libraries


def fit_als(split, seed=0, epochs=20):
    """Return ALS with the hyperparameters of chapter 8, fitted."""
    return als.ALS(k=5, reg=9.0, reg_bias=5.0, epochs=epochs).fit(split, seed=seed)


def fit_gibbs(split, seed=0):
    """Return the Bayesian model of chapter 9 with ten factors and one chain, fitted."""
    return gibbs.Gibbs(k=10, epochs=80).fit(split, seed=seed)


def fit_tuned_plain(split, seed=0):
    """Return the plain network that chapter 7 chose, trained."""
    results = experiments.results()
    row = results.query("dataset == 'ml-100k' and fold == 1 and model == 'plain'").iloc[0]
    model = experiments.SPECS["plain"].make(row["hyperparameters"], int(row["epochs"]))
    return model.fit(split, seed=seed)


def plain_epoch(split, batch_size, learning_rate, seed=0):
    """Train the plain network of 64 factors for one epoch, sparse gradients; return its history."""
    network = networks.PlainNet(split.n_users, split.n_items, 64)
    rates = {"batch_size": batch_size, "learning_rate": learning_rate}
    return training.fit(network, split, 1, seed=seed, **rates)


def seconds_and_rmse(model, split):
    """Training time of a fitted model, and its RMSE on the evaluation set, predictions clipped."""
    return model.history.seconds, metrics.evaluate(model, split)


def _whole(fit, **arguments):
    return lambda split, seed=0: seconds_and_rmse(fit(split, seed=seed, **arguments), split)


# Whole fits of MovieLens: from a split, and the seed of all that is random, to seconds and RMSE.
WHOLE_FITS = {
    "ALS, 5 sweeps (chapter 8)": _whole(fit_als, epochs=5),
    "ALS, 20 sweeps (chapter 8)": _whole(fit_als),
    "Surprise SVD, 50 factors, 50 epochs": libraries.fit_surprise,
    "plain network, tuned (chapter 7)": _whole(fit_tuned_plain),
    "Bayesian, one chain of 80 (chapter 9)": _whole(fit_gibbs),
}
