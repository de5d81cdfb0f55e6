"""Train a network on a `Split`, one seeded and timed epoch after another."""

from contextlib import contextmanager
from dataclasses import dataclass
import functools
import numbers
import os
import time

from mfbook import gpu
from mfbook.datasets import Split
from mfbook.metrics import rmse
import mxnet as mx
from mxnet import autograd, gluon
import numpy as np
import pandas as pd
from tqdm import tqdm

STEPS_AHEAD = 64  # MXNet computes in the background; let Python run at most so far ahead of it


class TrainingError(ValueError):
    """Training cannot start or cannot go on; the message says why and what to change."""


@dataclass(frozen=True)
class History:
    """What one call of `fit` did.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row an epoch: ``epoch`` (from 1); ``train_rmse`` and ``test_rmse`` in stars, both
        measured after the epoch; ``seconds`` of training, without that measuring;
        ``ratings_per_second``.
    """

    frame: pd.DataFrame

    @classmethod
    def of(cls, rows):
        """Make a history of tuples, one an epoch, in the order of ``frame``'s columns."""
        columns = ["epoch", "train_rmse", "test_rmse", "seconds", "ratings_per_second"]
        return cls(pd.DataFrame(rows, columns=columns))

    @property
    def test_rmse(self):
        """RMSE on the test part after the last epoch, in stars."""
        return float(self.frame["test_rmse"].iloc[-1])

    @property
    def seconds(self):
        """Training time of all epochs together, in seconds."""
        return float(self.frame["seconds"].sum())

    def _repr_html_(self):
        formats = {
            "train_rmse": "{:.4f}",
            "test_rmse": "{:.4f}",
            "seconds": "{:.2f}",
            "ratings_per_second": "{:,.0f}",
        }
        shown = self.frame.assign(**{c: self.frame[c].map(f.format) for c, f in formats.items()})
        return shown.to_html(index=False)


def fit(
    network,
    split,
    epochs=10,
    batch_size=64,
    learning_rate=0.05,
    momentum=0.9,
    weight_decay=1e-4,
    device=None,
    seed=0,
    lazy=False,
):
    """Train ``network`` on ``split.train`` by stochastic gradient descent with momentum.

    The loss of a batch is the mean of (prediction - rating)² / 2, so that its gradient is that
    of MXNet's ``LinearRegressionOutput``. The last batch of an epoch holds what is left over.
    On several devices each takes its share of every batch; the gradients are added before the
    one update, which is therefore that of a single device.

    Parameters
    ----------
    network : mfbook.networks.Network
        A network that has no values yet gets them here, from Uniform(-0.01, 0.01); one that
        has goes on from where it is.
    split : mfbook.datasets.Split
        Its test part is only measured on, after each epoch.
    epochs, batch_size : int
        Passes over the training part, and ratings in a batch.
    learning_rate, momentum, weight_decay : float
        Of the descent. The decay does not apply to biases. The defaults are those of the
        original tutorial.
    device : mxnet.Context or list of mxnet.Context, optional
        Where to compute: one of `devices`, or several; by default the first of them.
    seed : int
        Of the initial values, the order of the ratings and the dropout.
    lazy : bool
        Whether a batch updates only the rows of the tables that it touches. The others then
        feel neither their momentum nor the decay until they are touched again: quicker on big
        tables, and not the same descent.

    Returns
    -------
    History

    Raises
    ------
    TrainingError
        If a setting is impossible, the device cannot be used, or the error stops being finite.
    ValueError
        If the split has indices that the network's tables lack.
    """
    places = _usable(device)
    if not isinstance(split, Split):
        raise TrainingError(f"split is a {type(split).__name__}; fit needs a Split of datasets.")
    rates = {"learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    _check_settings(split, epochs, batch_size, seed, **rates)
    _check_shares(len(split.train), batch_size, places)
    for part in (split.train, split.test):
        network.check(part["user_idx"], part["item_idx"])
    mx.random.seed(seed)
    _initialize(network, places)
    loss = _Loss(network)
    loss.hybridize()
    trainer = _trainer(network, places, lazy, learning_rate, momentum, weight_decay)
    rng = np.random.default_rng(seed)
    rows = []
    for epoch in tqdm(range(1, epochs + 1), desc="epochs", leave=False):
        start = time.perf_counter()
        arrays = shuffled(split.train, rng, places[0])
        with without_notice(lazy):
            _train_epoch(loss, trainer, arrays, batch_size, places)
        seconds = time.perf_counter() - start
        errors = [
            _rmse_on(part, network, epoch, learning_rate) for part in (split.train, split.test)
        ]
        rows.append((epoch, *errors, seconds, len(split.train) / seconds))
    return History.of(rows)


def devices():
    """Return the devices that can be used, the fastest first; the CPU is always the last.

    A GPU counts only after a small computation on it gave the right answer.

    Returns
    -------
    list of mxnet.Context

    Notes
    -----
    Where the machine has a GPU that cannot be used, or MXNet's GPU build has none to use, the
    first call says why, in one sentence.
    """
    listed = [mx.gpu(i) for i in range(mx.context.num_gpus())]
    usable = [place for place in listed if _computes(place)]
    if not usable:
        _say_why(len(listed))
    return [*usable, mx.cpu()]


def shuffled(ratings, rng, device):
    """Return ``user_idx``, ``item_idx``, ``rating`` as NDArrays on ``device``, in random order."""
    order = rng.permutation(len(ratings))
    return [
        mx.nd.array(ratings[column].to_numpy()[order], ctx=device, dtype=dtype)
        for column, dtype in (("user_idx", "int32"), ("item_idx", "int32"), ("rating", "float32"))
    ]


class _Loss(gluon.HybridBlock):
    """A network and its loss as one graph: one call into MXNet instead of two."""

    def __init__(self, network):
        super().__init__()
        self.network, self.loss = network, gluon.loss.L2Loss()

    def hybrid_forward(self, F, user_idx, item_idx, rating):
        return self.loss(self.network(user_idx, item_idx), rating)  # (batch,)


def _train_epoch(loss, trainer, arrays, batch_size, places):
    n_ratings = len(arrays[0])
    for step, start in enumerate(range(0, n_ratings, batch_size)):
        stop = min(start + batch_size, n_ratings)  # the last batch may be smaller
        batch = [
            gluon.utils.split_and_load(a[start:stop], places, even_split=False) for a in arrays
        ]
        with autograd.record():
            errors = [loss(*share) for share in zip(*batch, strict=True)]  # one for each device
        autograd.backward(errors)
        trainer.step(stop - start)
        if step % STEPS_AHEAD == 0:
            errors[0].wait_to_read()
    mx.nd.waitall()


def _trainer(network, places, lazy, learning_rate, momentum, weight_decay):
    for parameter in network.collect_params(".*bias").values():
        parameter.wd_mult = 0.0
    settings = {"learning_rate": learning_rate, "momentum": momentum, "wd": weight_decay}
    adder = "device" if len(places) > 1 else None  # what adds the gradients of several devices
    parameters = network.collect_params()
    return gluon.Trainer(parameters, "sgd", settings | {"lazy_update": lazy}, kvstore=adder)


@contextmanager
def without_notice(lazy):
    """Keep the line that MXNet prints about lazy updates, from C++, out of a notebook's output.

    Parameters
    ----------
    lazy : bool
        Whether updates inside the context are lazy; if not, nothing is kept back.
    """
    if not lazy:
        yield
        return
    kept, void = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(void)


def _initialize(network, places):
    """Put the network's values on ``places``, or draw them there if it has none yet."""
    if network.device() is None:
        network.initialize(mx.init.Uniform(0.01), ctx=places)
    else:
        network.collect_params().reset_ctx(places)


def _rmse_on(part, network, epoch, learning_rate):
    prediction = network.predict(part["user_idx"], part["item_idx"])
    if not np.isfinite(prediction).all():
        raise TrainingError(
            f"In epoch {epoch} the network's predictions stopped being finite numbers: the training "
            f"diverged. Lower the learning rate (it is {learning_rate}) or the initial values."
        )
    return rmse(part["rating"], prediction)


def _check_settings(split, epochs, batch_size, seed, **rates):
    least = {"epochs": (epochs, 1), "batch_size": (batch_size, 1), "seed": (seed, 0)}
    for name, (value, lowest) in least.items():
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise TrainingError(f"{name} is {value!r}; it must be a whole number.")
        if value < lowest:
            raise TrainingError(f"{name} is {value}; it must be {lowest} or more.")
    if batch_size > len(split.train):
        raise TrainingError(
            f"batch_size is {batch_size}, but the training part has {len(split.train):,} ratings. "
            "Make the batches smaller."
        )
    for name, value in rates.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
            raise TrainingError(f"{name} is {value!r}; it must be a number, 0 or more.")
    if rates["learning_rate"] == 0:
        raise TrainingError("learning_rate is 0; it must be greater than 0.")
    if rates["momentum"] >= 1:
        raise TrainingError(f"momentum is {rates['momentum']}; it must be below 1.")


def _check_shares(n_ratings, batch_size, places):
    """Raise unless each device gets at least one rating of every batch, the last one too."""
    smallest = n_ratings % batch_size or batch_size
    if smallest < len(places):
        raise TrainingError(
            f"With batch_size {batch_size} the smallest batch has {smallest} rating(s), fewer than "
            f"the {len(places)} devices that share it. Change the batch size or use fewer devices."
        )


def _usable(device):
    """Return the devices to compute on as a list; raise for one that cannot."""
    if device is None:
        return devices()[:1]
    places = list(device) if isinstance(device, (list, tuple)) else [device]
    for place in places:
        if not isinstance(place, mx.Context):
            raise TrainingError(f"device is {device!r}; pass one of {devices()}, several, or none.")
        if place.device_type != "cpu" and place not in devices():
            raise TrainingError(
                f"MXNet cannot compute on {place} here. What it can use: "
                f"{', '.join(map(str, devices()))}. Pass one of these, or no device at all."
            )
    if not places or len(set(places)) < len(places):
        raise TrainingError(
            f"device is {device!r}; each device must be named once, and one at least."
        )
    return places


@functools.cache
def _say_why(n_listed):
    """Print why no GPU is used, if anybody could expect one to be."""
    built_for_gpu = mx.runtime.Features().is_enabled("CUDA")
    problem = gpu.obstacle()
    if not built_for_gpu and problem is None:
        print("MXNet's CPU build is installed. For the GPU: `python -m mfbook.install --gpu`.")
    elif built_for_gpu or n_listed:
        print((problem or "A computation on the GPU failed.") + " The CPU is used.")


def _computes(device):
    try:
        return float((mx.nd.ones(3, ctx=device) * 2).sum().asscalar()) == 6.0
    except mx.MXNetError:
        return False
