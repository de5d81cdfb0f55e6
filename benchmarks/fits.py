"""The fits that are timed: ours, Surprise's and PyTorch's."""

import time

import mfbook  # noqa: F401  (lets MXNet load, so it stands before all that uses NumPy)
from mfbook import als, datasets, experiments, gibbs, metrics, networks, training
import numpy as np
import pandas as pd


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


def fit_surprise(split, seed=0):
    """Fit Surprise's SVD; return seconds and RMSE on the test set, predictions clipped.

    Its hyperparameters were set by hand: no search for them is part of this project.
    """
    import surprise

    reader = surprise.Reader(rating_scale=(1, 5))
    columns = ["user_id", "item_id", "rating"]
    train = surprise.Dataset.load_from_df(split.train[columns], reader).build_full_trainset()
    algorithm = surprise.SVD(
        n_factors=50, n_epochs=50, lr_all=0.005, reg_all=0.1, random_state=seed
    )
    start = time.perf_counter()
    algorithm.fit(train)
    seconds = time.perf_counter() - start
    test = list(split.test[columns].itertuples(index=False, name=None))
    predicted = np.array([prediction.est for prediction in algorithm.test(test)])
    return seconds, metrics.rmse(split.test["rating"], predicted)


def torch_epoch(split, batch_size):
    """Train the plain network for one epoch in PyTorch, dense gradients; return its seconds."""
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
    optimizer = torch.optim.SGD(weights, lr=0.05, momentum=0.9, weight_decay=1e-4)
    start = time.perf_counter()
    order = torch.randperm(len(rating))
    for first in range(0, len(rating), batch_size):
        rows = order[first : first + batch_size]
        predicted = (tables[0](user[rows]) * tables[1](item[rows])).sum(dim=1)
        loss = ((predicted - rating[rows]) ** 2).mean() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def random_ratings(n_ratings):
    """Split of ``n_ratings`` distinct pairs with random ratings; users and items grow with them."""
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
    users, items = (
        pd.DataFrame({name: np.arange(n)})
        for name, n in (("user_id", n_users), ("item_id", n_items))
    )
    return datasets.Split(table, table.head(1000), users, items, f"{n_ratings:,} random ratings")


def seconds_and_rmse(model, split):
    """Training time of a fitted model, and its RMSE on the evaluation set, predictions clipped."""
    return model.history.seconds, metrics.evaluate(model, split)


def _whole(fit, **arguments):
    return lambda split, seed=0: seconds_and_rmse(fit(split, seed=seed, **arguments), split)


def _als_sweep(split, seed=0):
    history = fit_als(split, seed, epochs=1).history
    return history.seconds, history.rmse


def _plain_epoch_of_1024(split, seed=0):
    history = plain_epoch(split, 1024, 0.05, seed)
    return history.seconds, history.rmse


# Whole fits of MovieLens, and fits of one epoch of any size: from a split, and the seed of all that
# is random, to seconds and RMSE.
WHOLE_FITS = {
    "ALS, 5 sweeps (chapter 8)": _whole(fit_als, epochs=5),
    "ALS, 20 sweeps (chapter 8)": _whole(fit_als),
    "Surprise SVD, 50 factors, 50 epochs": fit_surprise,
    "plain network, tuned (chapter 7)": _whole(fit_tuned_plain),
    "Bayesian, one chain of 80 (chapter 9)": _whole(fit_gibbs),
}
ONE_EPOCH_FITS = {
    "ALS, a sweep": _als_sweep,
    "plain network, an epoch of batches of 1,024": _plain_epoch_of_1024,
}
