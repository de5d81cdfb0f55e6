"""Compare models fairly: settings chosen on validation, the test part read once for each model.

A *trainer* here is a function ``train(part, setting, epochs, seed)``. It learns from
``part.train``, watches ``part.test`` after each epoch, and returns the model and its
`mfbook.training.History`, or None in its place where there are no epochs.
"""

from dataclasses import replace
from importlib import resources
import json

from mfbook import baselines, features, networks, solvers
from mfbook.metrics import rmse
from mfbook.training import TrainingError, fit
import mxnet as mx
import numpy as np
import pandas as pd
from tqdm import tqdm

BATCH_SIZE, N_TRIALS, N_EPOCHS = 1024, 12, 60  # the same effort for every model


def train_biases(part, setting, epochs, seed):
    """Fit `baselines.Biases`; the setting holds ``reg_user`` and ``reg_item``."""
    return baselines.Biases(setting["reg_user"], setting["reg_item"]).fit(part), None


def train_plain(part, setting, epochs, seed):
    """Train a `networks.PlainNet`; the setting holds ``k``, ``noise`` and the rates of `_fit`."""
    network = networks.PlainNet(part.n_users, part.n_items, setting["k"])
    mx.random.seed(seed)
    mean = float(part.train["rating"].mean())
    network.initialize(networks.AroundMean(mean, setting["k"], setting["noise"]))
    return network, _fit(network, part, setting, epochs, seed)


def train_mlp(part, setting, epochs, seed):
    """Train a `networks.OneLayerMLP`; the setting holds ``hidden``, ``k`` and the rates."""
    sizes = part.n_users, part.n_items, setting["hidden"], setting["k"]
    network = networks.OneLayerMLP(*sizes)
    return network, _fit(network, part, setting, epochs, seed)


def train_dropout(part, setting, epochs, seed):
    """Train a `networks.OneLayerDropoutMLP`; as `train_mlp`, and ``dropout``."""
    sizes = part.n_users, part.n_items, setting["hidden"], setting["k"]
    network = networks.OneLayerDropoutMLP(*sizes, setting["dropout"])
    return network, _fit(network, part, setting, epochs, seed)


def train_als(part, setting, epochs, seed):
    """Fit `solvers.ALS`; the setting holds ``k``, ``reg`` and ``reg_bias``."""
    model = solvers.ALS(setting["k"], setting["reg"], setting["reg_bias"])
    return model, model.fit(part, epochs, seed)


def train_gibbs(part, setting, epochs, seed):
    """Fit `solvers.Gibbs`; the setting holds ``k`` and ``know``, some of the keys of KNOWN."""
    known = [KNOWN[name](part) for name in setting["know"]]
    model = solvers.Gibbs(setting["k"], features.beside(*known) if known else (None, None))
    return model, model.fit(part, epochs, seed)


KNOWN = {"implicit": features.implicit, "attributes": features.attributes}
DECAY = {"weight_decay": [0.0, 1e-5, 1e-4]}
SIZES = {"hidden": [8, 16, 64], "k": [16, 64]}
SLOW, FAST = {"learning_rate": [0.05, 0.1, 0.2]}, {"learning_rate": [0.2, 0.4, 0.6]}
CONTENDERS = {  # the trainer, and the values that each of its settings may take
    "biases": (train_biases, {"reg_user": [2, 4, 6, 10], "reg_item": [1, 2, 4, 8]}),
    "plain": (train_plain, {"k": [1, 2, 4, 16, 64], "noise": [0.03, 0.1, 0.3]} | FAST | DECAY),
    "MLP": (train_mlp, SIZES | SLOW | DECAY),
    "MLP with dropout": (train_dropout, SIZES | {"dropout": [0.1, 0.3, 0.5]} | SLOW | DECAY),
}

ALS_SPACE = {"k": [2, 3, 5, 8], "reg": [5, 7, 9, 12], "reg_bias": [3, 5, 9]}
GIBBS_KS = (5, 10, 20)
SOLVERS = {  # the trainer, the settings to try (None: draw them as above), and the sweeps of each
    "ALS": (train_als, None, 20),
    "Bayesian": (train_gibbs, [{"k": k, "know": []} for k in GIBBS_KS], 240),
    "Bayesian, implicit": (train_gibbs, [{"k": k, "know": ["implicit"]} for k in GIBBS_KS], 240),
    "Bayesian, implicit and attributes": (
        train_gibbs,
        [{"k": k, "know": ["implicit", "attributes"]} for k in GIBBS_KS],
        240,
    ),
}


def trials(space, n=N_TRIALS, seed=0):
    """Draw settings at random.

    Parameters
    ----------
    space : dict of str to list
        The values that each setting may take.
    n : int
        How many to draw; all distinct.
    seed : int
        Of the draw.

    Returns
    -------
    list of dict
    """
    rng = np.random.default_rng(seed)
    drawn = []
    while len(drawn) < n:
        setting = {name: values[rng.integers(len(values))] for name, values in space.items()}
        if setting not in drawn:
            drawn.append(setting)
    return drawn


def search(train, split, settings, epochs=N_EPOCHS):
    """Try settings on the validation part.

    Parameters
    ----------
    train : callable
        A trainer, see the top of this module.
    split : mfbook.datasets.Split
        Only ``split.validation()`` is used.
    settings : list of dict
        What to try.
    epochs : int
        Each setting gets as many; its best epoch counts.

    Returns
    -------
    pandas.DataFrame
        One row a setting, the best first: ``setting``, ``epochs`` (the best number of them, 0
        for a model without) and ``validation`` (RMSE in stars; infinite where training diverged).
    """
    inner = split.validation()
    rows = []
    for setting in tqdm(settings, desc="settings", leave=False):
        try:
            model, history = train(inner, setting, epochs, seed=0)
            if history is None:
                best, error = 0, rmse(inner.test["rating"], _predict(model, inner.test))
            else:
                errors = history.frame["test_rmse"]
                best, error = int(errors.idxmin()) + 1, errors.min()
        except TrainingError:
            best, error = epochs, np.inf
        rows.append((setting, best, error))
    table = pd.DataFrame(rows, columns=["setting", "epochs", "validation"])
    return table.sort_values("validation", kind="stable", ignore_index=True)


def test_once(train, split, setting, epochs, seed):
    """Train on the whole training part, then read the test part, once.

    Parameters
    ----------
    train, split, setting, epochs
        As for `search`; ``setting`` is one setting.
    seed : int
        Of everything that is random.

    Returns
    -------
    pandas.DataFrame
        The test part with the columns ``prediction`` and ``error``, both in stars.
    """
    unwatched = replace(split, test=split.validation().test)
    model = train(unwatched, setting, epochs, seed)[0]
    prediction = _predict(model, split.test)
    return split.test.assign(prediction=prediction, error=prediction - split.test["rating"])


def results():
    """Return the table that ``make results`` made: every model, fold and seed.

    Returns
    -------
    pandas.DataFrame
        ``data`` (the data set), ``fold``, ``model``, ``setting`` (a dict), ``epochs``, ``seed``,
        ``validation`` and ``test`` (RMSE in stars), ``seconds`` (of the final fit).
    """
    return _kept("results.csv")


def kept_trials():
    """Return what `search` found for ``make results``: every setting tried on every fold.

    Returns
    -------
    pandas.DataFrame
        ``data``, ``fold``, ``model``, and the columns of `search`.
    """
    return _kept("trials.csv")


def kept_curves():
    """Return every epoch of what ``make results`` trained for chapters 4 and 5.

    Returns
    -------
    pandas.DataFrame
        ``data``, ``fold``, ``model`` and ``seed`` as in `results`; ``part``, what ``test_rmse``
        was measured on; ``epoch`` (from 1), ``train_rmse`` and ``test_rmse`` in stars, both
        measured after the epoch.
    """
    return _kept("curves.csv")


def _kept(name):
    with resources.files("mfbook").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, converters={"setting": json.loads})


def _fit(network, part, setting, epochs, seed):
    return fit(
        network,
        part,
        epochs,
        batch_size=BATCH_SIZE,
        learning_rate=setting["learning_rate"],
        weight_decay=setting["weight_decay"],
        seed=seed,
    )


def _predict(model, ratings):
    return model.predict(ratings["user_idx"], ratings["item_idx"])
