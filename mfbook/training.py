"""Train a network on a `Split`, one seeded and timed epoch after another."""

from __future__ import annotations

from collections.abc import Callable
import math
import numbers
from typing import Any

from mfbook import devices
from mfbook._validation import (
    LARGEST_SEED,
    as_float,
    check_fitted,
    check_generator,
    check_indices,
    check_seed,
    shown,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.datasets._tables import check_table
from mfbook.exceptions import TrainingError
from mfbook.history import History, run_epochs
from mfbook.networks import Network, first_not_finite
import mxnet as mx
from mxnet import autograd, gluon
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

__all__ = ["RMSE", "NetworkModel", "TrainingError", "fit", "shuffled"]

STEPS_AHEAD = 64  # MXNet computes in the background; let Python run at most so far ahead of it

# The rule for lazy updates, measured: see `fit`.
LAZY_NUMBERS, LAZY_ROWS_PER_RATING = 4_000_000, 2


def fit(
    network: Network,
    split: Split,
    epochs: int = 10,
    *,
    batch_size: int = 64,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    device: mx.Context | list[mx.Context] | None = None,
    seed: int = 0,
    lazy: bool | None = None,
) -> History:
    """Train ``network`` on ``split.train`` by stochastic gradient descent with momentum.

    The loss of a batch is the mean of (prediction - rating)² / 2, so that its gradient is that
    of MXNet's ``LinearRegressionOutput``. The last batch of an epoch holds what is left over.
    On several devices each takes its share of every batch; the gradients are added before the
    one update, which is therefore that of a single device (up to rounding, and for a network
    without dropout: the masks differ between devices).

    Parameters
    ----------
    network : mfbook.networks.Network
        If its parameters are not initialized, they are drawn here from Uniform(-0.01, 0.01);
        otherwise training goes on from where they are. They must be finite: a network that has
        diverged begins again with ``network.initialize(force_reinit=True)``.
    split : mfbook.datasets.Split
        Its evaluation set is only measured on, after each epoch.
    epochs : int
        Passes over the training set.
    batch_size : int
        Ratings in a batch.
    learning_rate : float
        Step size of the descent. The defaults of all rates are those of the original tutorial.
    momentum : float
        Share of the last step that each step keeps, below 1.
    weight_decay : float
        Pulls every parameter towards 0, but not the biases.
    device : mxnet.Context or list of mxnet.Context, optional
        Where to compute: one of `mfbook.devices.available`, or several; by default the first.
    seed : int
        Of the initial parameters, the order of the ratings and the dropout.
    lazy : bool, optional
        Whether a batch updates only the rows of the tables that it touches. The others then
        feel neither their momentum nor the decay until they are touched again: quicker on big
        tables, and not the same descent. By default updates are lazy if the tables together hold
        more than 4 million numbers and more than 2 rows for each rating of a batch.

    Returns
    -------
    History

    Raises
    ------
    TrainingError
        If a hyperparameter is impossible, the device cannot be used, or a parameter of the
        network is not finite.
    DivergenceError
        If the predictions stop being finite.
    ValueError
        If the split has indices that the network's tables do not have, if the network has no
        parameters, or if its ``hybrid_forward`` does not return one number for each pair.

    Notes
    -----
    Built in chapter 3. Chapter 5 compares batch sizes and learning rates, chapter 6 explains
    ``device`` and ``lazy``, and chapter 12 trains on several devices.

    The rule for ``lazy`` was measured with `networks.PlainNet`, k = 64, on one thread. Below 2
    rows for each rating, lazy updates gain nothing; at 3 to 7 rows a batch is 1.2 times as fast,
    at 27 to 54 rows 2.7 to 2.9 times. 4 million numbers and their velocities are 32 MB, more
    than most caches hold. MovieLens 100K stays below that, so a network on it is trained with
    the momentum and the decay of all rows.

    Examples
    --------
    On one device, and on two at once:

    >>> from mfbook import datasets, networks
    >>> split = datasets.load("synthetic")
    >>> network = networks.PlainNet(split.n_users, split.n_items, k=8)
    >>> history = fit(network, split, epochs=1, batch_size=1000)
    >>> two = fit(network, split, epochs=1, batch_size=1000, device=[mx.cpu(0), mx.cpu(1)])
    >>> two.rmse < history.rmse
    True
    """
    contexts = devices.usable(device)
    rates = {"learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    check_arguments(network, split, epochs, batch_size, seed, rates)
    if not (lazy is None or isinstance(lazy, bool)):
        raise TrainingError(f"lazy is {shown(lazy)}; it must be True, False or None.")
    _check_shares(len(split.train), batch_size, len(contexts))
    prepare(network, split, contexts, seed)
    rates = {name: float(rate) for name, rate in rates.items()}
    lazy = _is_lazy_faster(network, batch_size) if lazy is None else lazy
    loss = _Loss(network)
    loss.hybridize()
    trainer = _trainer(network, contexts, lazy, **rates)
    rng = np.random.default_rng(seed)

    def train_epoch() -> None:
        arrays = shuffled(split.train, rng, contexts[0])
        with devices.quiet_lazy_notice(lazy):
            _train_epoch(loss, trainer, arrays, batch_size, contexts)

    def predict_sets(*sets: pd.DataFrame) -> list[np.ndarray]:
        return [network.predict(ratings["user_idx"], ratings["item_idx"]) for ratings in sets]

    remedy = (
        f"Lower the learning rate (it is {learning_rate}) or the initial parameters, and begin "
        "again with a new network or after network.initialize(force_reinit=True)."
    )
    return run_epochs(split, epochs, train_epoch, predict_sets, remedy)


class NetworkModel:
    """A network together with its training: a `mfbook.Model`.

    Parameters
    ----------
    build : callable
        ``build(split, seed)`` returns a `networks.Network` for that split, initialized or not.
    epochs, batch_size : int
        As for `fit`.
    learning_rate, weight_decay : float
        As for `fit`.

    Attributes
    ----------
    network : mfbook.networks.Network
        What `fit` has trained.
    history : History
        Its learning curve.

    Notes
    -----
    Chapter 7 compares networks in this form.

    Examples
    --------
    >>> from mfbook import datasets, networks
    >>> split = datasets.load("synthetic")
    >>> build = lambda split, seed: networks.PlainNet(split.n_users, split.n_items, k=8)
    >>> hyperparameters = {"batch_size": 1024, "learning_rate": 0.4, "weight_decay": 0.0}
    >>> model = NetworkModel(build, epochs=1, **hyperparameters).fit(split)
    >>> model.predict([0, 1], [5, 5]).shape
    (2,)
    """

    def __init__(
        self,
        build: Callable[[Split, int], Network],
        *,
        epochs: int = 10,
        batch_size: int = 64,
        learning_rate: float = 0.05,
        weight_decay: float = 1e-4,
    ) -> None:
        if not callable(build):
            raise ValueError(
                f"build is {shown(build)}; it must be a function: build(split, seed) returns a Network "
                "for that split."
            )
        self.build, self.epochs, self.batch_size = build, epochs, batch_size
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.history: History | None = None

    def fit(self, split: Split, *, seed: int = 0) -> NetworkModel:
        """Build the network and train it on ``split.train``; return self.

        If that fails, the network and the history of an earlier fit stay.
        """
        check_split(split)
        check_seed(seed)
        network = self.build(split, seed)
        history = fit(
            network,
            split,
            self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            seed=seed,
        )
        self.network, self.history = network, history
        return self

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return the network's ratings, ``(n,)``, in stars, unclipped."""
        check_fitted(self, "network")
        return self.network.predict(user_idx, item_idx)


class RMSE(mx.metric.EvalMetric):
    """Running form of `metrics.rmse` for MXNet's own training loops: pools over batches.

    MXNet's own ``mx.metric.RMSE`` returns the mean of the batches' RMSEs, which is another
    number.

    Notes
    -----
    Built in chapter 2; appendix A trains the original with it.

    Examples
    --------
    >>> pooled = RMSE()
    >>> pooled.update([mx.nd.array([5, 3])], [mx.nd.array([4, 3])])
    >>> pooled.update([mx.nd.array([4])], [mx.nd.array([2])])
    >>> pooled.get()[1] == (5 / 3) ** 0.5
    True
    """

    def __init__(self) -> None:
        super().__init__("rmse")

    def update(self, labels: list[mx.nd.NDArray], preds: list[mx.nd.NDArray]) -> None:
        """Add one batch: lists of NDArrays, pairwise of the same number of elements."""
        for name, arrays in (("labels", labels), ("preds", preds)):
            # A single array counts as the list of its rows.
            listed = arrays if isinstance(arrays, list | tuple) else [arrays]
            if not all(isinstance(array, mx.nd.NDArray) for array in listed):
                raise ValueError(f"{name} is {shown(arrays)}; it must be a list of NDArrays.")
        if len(labels) != len(preds):
            raise ValueError(
                f"RMSE.update got {len(labels)} arrays of labels and {len(preds)} of predictions."
            )
        for label, pred in zip(labels, preds, strict=True):
            label, pred = (x.asnumpy().astype(np.float64).ravel() for x in (label, pred))
            if label.size != pred.size:
                raise ValueError(
                    f"RMSE.update got {label.size} labels and {pred.size} predictions."
                )
            self.sum_metric += float(np.sum((label - pred) ** 2))
            self.num_inst += label.size

    def get(self) -> tuple[str, float]:
        """Return ``("rmse", value)``; the value is NaN before the first update."""
        value = math.sqrt(self.sum_metric / self.num_inst) if self.num_inst else math.nan
        return self.name, value


def shuffled(
    ratings: pd.DataFrame, rng: np.random.Generator, device: mx.Context
) -> list[mx.nd.NDArray]:
    """Ratings in random order, as MXNet arrays.

    Parameters
    ----------
    ratings : pandas.DataFrame
        With ``user_idx``, ``item_idx`` and ``rating``.
    rng : numpy.random.Generator
        Draws the order.
    device : mxnet.Context
        Where the arrays shall be.

    Returns
    -------
    list of mxnet.nd.NDArray, shape (n,)
        ``user_idx`` and ``item_idx`` (int32) and ``rating`` (float32).

    Raises
    ------
    ValueError
        If an argument is of another type, or a column is missing.

    Notes
    -----
    Chapter 1 builds batches from such arrays.

    Examples
    --------
    >>> from mfbook import datasets
    >>> ratings = datasets.load("synthetic").train
    >>> user, item, rating = shuffled(ratings, np.random.default_rng(0), mx.cpu())
    >>> len(user)
    80000
    """
    check_table(ratings, "ratings", ("user_idx", "item_idx", "rating"))
    check_generator(rng)
    if not isinstance(device, mx.Context):
        raise ValueError(f"device is {shown(device)}; pass one, for example mx.cpu().")
    # No row has a number above that of 32 bits: half the memory of NumPy's own kind.
    order = rng.permutation(np.arange(len(ratings), dtype=np.int32))
    return [
        mx.nd.array(ratings[column].to_numpy()[order], ctx=device, dtype=dtype)
        for column, dtype in (("user_idx", "int32"), ("item_idx", "int32"), ("rating", "float32"))
    ]


class _Loss(gluon.HybridBlock):
    """A network and its loss as one graph: one call into MXNet instead of two."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.loss = network, gluon.loss.L2Loss()

    def hybrid_forward(self, F: Any, user_idx: Any, item_idx: Any, rating: Any) -> Any:
        return self.loss(self.network(user_idx, item_idx), rating)  # (batch,)


def _train_epoch(
    loss: _Loss,
    trainer: gluon.Trainer,
    arrays: list[mx.nd.NDArray],
    batch_size: int,
    contexts: list[mx.Context],
) -> None:
    n_ratings = len(arrays[0])
    for step, start in enumerate(range(0, n_ratings, batch_size)):
        stop = min(start + batch_size, n_ratings)  # the last batch may be smaller
        shares = _shares([a[start:stop] for a in arrays], contexts)
        with autograd.record():
            errors = [loss(*share) for share in shares]  # one for each device
        autograd.backward(errors)
        trainer.step(stop - start)
        if step % STEPS_AHEAD == 0:
            errors[0].wait_to_read()
    mx.nd.waitall()


def _shares(batch: list[mx.nd.NDArray], contexts: list[mx.Context]) -> list[Any]:
    """Return the users, items and ratings of each device's share of a batch."""
    if len(contexts) == 1:  # it is there already
        return [batch]
    split = [gluon.utils.split_and_load(a, contexts, even_split=False) for a in batch]
    return list(zip(*split, strict=True))


def _is_lazy_faster(network: Network, batch_size: int) -> bool:
    """Return whether the tables are so large that lazy updates are the default."""
    shapes = [p.shape for p in network.collect_params().values() if p._grad_stype == "row_sparse"]
    numbers, rows = sum(map(math.prod, shapes)), sum(shape[0] for shape in shapes)
    return numbers > LAZY_NUMBERS and rows > LAZY_ROWS_PER_RATING * batch_size


def _trainer(
    network: Network,
    contexts: list[mx.Context],
    lazy: bool,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
) -> gluon.Trainer:
    for parameter in network.collect_params(".*bias").values():
        parameter.wd_mult = 0.0
    options = {"learning_rate": learning_rate, "momentum": momentum, "wd": weight_decay}
    adder = "device" if len(contexts) > 1 else None  # what adds the gradients of several devices
    parameters = network.collect_params()
    return gluon.Trainer(parameters, "sgd", options | {"lazy_update": lazy}, kvstore=adder)


def check_arguments(
    network: Network, split: Split, epochs: int, batch_size: int, seed: int, rates: dict[str, Any]
) -> None:
    """Raise `TrainingError` or `ValueError` unless the network can be trained as asked."""
    if not isinstance(network, Network):
        raise TrainingError(
            f"network is a {type(network).__name__}; fit needs a Network of mfbook.networks, or "
            "one that is derived from it."
        )
    if not isinstance(split, Split):
        raise TrainingError(f"split is a {type(split).__name__}; fit needs a Split of datasets.")
    _check_counts(split, epochs=(epochs, 1), batch_size=(batch_size, 1), seed=(seed, 0))
    _check_rates(**rates)
    for ratings in (split.train, split.evaluation):
        check_indices(ratings["user_idx"], ratings["item_idx"], network.n_users, network.n_items)
    _check_parameters(network)


def prepare(network: Network, split: Split, contexts: list[mx.Context], seed: int) -> None:
    """Seed MXNet and bring the network's parameters, drawn if need be, onto the devices."""
    mx.random.seed(int(seed))
    _initialize(network, contexts)
    first = split.train.head()
    # Refuses a network of another shape.
    predicted = network.predict(first["user_idx"], first["item_idx"])
    if predicted.dtype != np.float32:
        raise TrainingError(
            f"hybrid_forward of this {type(network).__name__} returned numbers of the type "
            f"{predicted.dtype}; training needs float32. Let it compute with its parameters."
        )


def _check_parameters(network: Network) -> None:
    """Raise `TrainingError` unless all parameters are finite and of single precision."""
    for name, parameter in network._collect_params_with_prefix().items():
        if np.dtype(parameter.dtype) != np.float32:
            raise TrainingError(
                f"The parameter {name} of this {type(network).__name__} is of the type "
                f"{np.dtype(parameter.dtype)}; training needs float32. Convert the network with "
                'network.cast("float32").'
            )
    name = first_not_finite(network.arrays())
    if name is not None:
        raise TrainingError(
            f"The parameter {name} of this {type(network).__name__} has values that are not "
            "finite, as after a training that diverged. Begin again with a new network or after "
            "network.initialize(force_reinit=True)."
        )


def _initialize(network: Network, contexts: list[mx.Context]) -> None:
    """Put the parameters on the devices, or draw them there if they are not initialized."""
    if network.device() is None:
        network.initialize(mx.init.Uniform(0.01), ctx=contexts)
    else:
        network.collect_params().reset_ctx(contexts)


def _check_counts(split: Split, **counts: tuple[Any, int]) -> None:
    """Raise for the first (value, least) whose value is no whole number or below the least."""
    for name, (value, least) in counts.items():
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise TrainingError(f"{name} is {shown(value)}; it must be a whole number.")
        if value < least:
            raise TrainingError(f"{name} is {value}; it must be {least} or more.")
        if int(value) > LARGEST_SEED:
            raise TrainingError(f"{name} is {value}; it must be {LARGEST_SEED} or less.")
    batch_size = counts["batch_size"][0]
    if batch_size > len(split.train):
        raise TrainingError(
            f"batch_size is {batch_size}, but the training set has {len(split.train):,} ratings. "
            "Make the batches smaller."
        )


def _check_rates(**rates: Any) -> None:
    for name, value in rates.items():
        if not as_float(value) >= 0:
            raise TrainingError(f"{name} is {shown(value)}; it must be a number, 0 or more.")
        if as_float(value) > float(np.finfo(np.float32).max):
            raise TrainingError(
                f"{name} is {shown(value)}; it must be a number of single precision."
            )
        smallest = float(np.finfo(np.float32).tiny)
        if 0 < as_float(value) < smallest:
            raise TrainingError(
                f"{name} is {shown(value)}; it must be 0 or at least {smallest:.1e}."
            )
    if rates["learning_rate"] == 0:
        raise TrainingError("learning_rate is 0; it must be greater than 0.")
    if rates["momentum"] >= 1:
        raise TrainingError(f"momentum is {rates['momentum']}; it must be below 1.")


def _check_shares(n_ratings: int, batch_size: int, n_devices: int) -> None:
    """Raise unless each device gets at least one rating of every batch, the last one too."""
    smallest = n_ratings % batch_size or batch_size
    if smallest < n_devices:
        raise TrainingError(
            f"With batch_size {batch_size} the smallest batch has {smallest} rating(s), fewer than "
            f"the {n_devices} devices that share it. Change the batch size or use fewer devices."
        )
