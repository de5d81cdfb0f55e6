"""The registry: every model that is compared, with its search space. Add a model here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

from mfbook import als, baselines, features, gibbs
from mfbook._validation import check_flags, check_sizes, shown
from mfbook.datasets import Split
from mfbook.model import Model

if TYPE_CHECKING:
    from mfbook import networks

BATCH_SIZE, N_TRIALS, N_EPOCHS = 1024, 12, 60  # the same effort for every network
SWEEPS_ALS, SWEEPS_GIBBS = 20, 240
FEATURES = {"implicit": features.implicit, "attributes": features.attributes}


@dataclass(frozen=True)
class Spec:
    """How to make a model from hyperparameters, and how to search for them.

    Attributes
    ----------
    factory : callable
        ``factory(hyperparameters, epochs)`` returns an unfitted `mfbook.Model`.
    family : str
        ``"baseline"``, ``"network"``, ``"solver"``, ``"time"`` (sees the time stamps of what it
        predicts) or ``"2016"`` (the original's own hyperparameters).
    space : dict of str to sequence
        The values that each hyperparameter may take; empty if there is nothing to choose.
    n_trials : int or None
        How many combinations a search draws at random; None for every combination.
    epochs : int
        Epochs (or sweeps) of each fit; 0 for a model that learns in one go.
    early_stopping : bool
        Whether the search also chooses the number of epochs: the best one on validation.
    n_seeds : int
        With how many seeds the final model is fitted.

    Raises
    ------
    ValueError
        If the factory is not callable, the space no dict, or a number impossible.

    Notes
    -----
    Chapter 7 explains the plan; chapters 8 and 9 add their models.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> spec = SPECS["biases"]
    >>> model = spec.make({"reg_user": 6, "reg_item": 2}).fit(split)
    >>> model.predict([0], [5]).shape
    (1,)
    """

    factory: Callable[[dict[str, Any], int], Model]
    family: str
    space: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    n_trials: int | None = N_TRIALS
    epochs: int = 0
    early_stopping: bool = False
    n_seeds: int = 5

    def __post_init__(self) -> None:
        if not callable(self.factory):
            raise ValueError(
                f"factory is {shown(self.factory)}; it must be a function of hyperparameters and "
                "epochs that returns a model."
            )
        if not isinstance(self.space, Mapping):
            raise ValueError(f"space is {shown(self.space)}; it must be a dict of lists.")
        if not isinstance(self.epochs, Integral) or self.epochs != 0:
            check_sizes(epochs=self.epochs)
        check_sizes(n_trials=1 if self.n_trials is None else self.n_trials, n_seeds=self.n_seeds)
        check_flags(early_stopping=self.early_stopping)

    def make(self, hyperparameters: dict[str, Any], epochs: int | None = None) -> Model:
        """Return an unfitted model; ``epochs`` are the spec's own if not given.

        Raises
        ------
        ValueError
            If the factory returns no model, if ``hyperparameters`` does not have exactly the names of `space`, or ``epochs`` is not
            a whole number of 1 or more (or 0, if the model has no epochs).
        """
        epochs = self.epochs if epochs is None else epochs
        self.check(hyperparameters, epochs)
        model = self.factory(hyperparameters, epochs)
        for method in ("fit", "predict"):
            if isinstance(model, type) or not callable(getattr(model, method, None)):
                raise ValueError(
                    f"The factory of this spec returned {shown(model)}, which has no method "
                    f"{method}. Let it return an unfitted model."
                )
        return model

    def check(self, hyperparameters: object, epochs: int) -> None:
        """Raise `ValueError` unless `make` can use them: see there."""
        # 0 is the number of epochs of a model that learns in one go.
        if self.epochs != 0 or not isinstance(epochs, Integral) or epochs != 0:
            check_sizes(epochs=epochs)
        given = set(hyperparameters) if isinstance(hyperparameters, Mapping) else None
        if given != set(self.space):
            needed = ", ".join(map(str, self.space)) or "none"
            raise ValueError(
                f"hyperparameters is {shown(hyperparameters)}; it must be a dict with the names of "
                f"this spec's space: {needed}."
            )


def _network(kind: str, space: dict[str, Any]) -> Spec:
    """Return the spec of a network of `mfbook.networks`, of the sizes and rates in its space."""
    rates = ("learning_rate", "weight_decay")
    sizes = [name for name in space if name not in (*rates, "noise")]

    def factory(hyperparameters: dict[str, Any], epochs: int) -> Model:
        # Here, because the tables and the other models need no MXNet.
        from mfbook import networks, training
        import mxnet as mx

        def build_on(split: Split, seed: int) -> networks.Network:
            chosen = {name: hyperparameters[name] for name in sizes}
            network = getattr(networks, kind)(split.n_users, split.n_items, **chosen)
            if "noise" in hyperparameters:
                mean = float(split.train["rating"].mean())
                mx.random.seed(seed)
                start = networks.AroundMean(mean, chosen["k"], hyperparameters["noise"])
                network.initialize(start)
            return network

        chosen = {name: hyperparameters[name] for name in rates}
        return training.NetworkModel(build_on, epochs=epochs, batch_size=BATCH_SIZE, **chosen)

    return Spec(factory, "network", space, epochs=N_EPOCHS, early_stopping=True)


def _original(kind: str, **sizes: int) -> Spec:
    """Return the spec of a network with the original tutorial's hyperparameters."""

    def factory(hyperparameters: dict[str, Any], epochs: int) -> Model:
        from mfbook import networks, training

        network = getattr(networks, kind)
        return training.NetworkModel(
            lambda split, seed: network(split.n_users, split.n_items, **sizes), epochs=epochs
        )

    return Spec(factory, "2016", epochs=10)


def _timed() -> Spec:
    """Return the spec of the Bayesian model that sees when a rating was entered."""

    def factory(hyperparameters: dict[str, Any], epochs: int) -> Model:
        chosen = list(FEATURES.values())
        return gibbs.Gibbs(
            k=hyperparameters["k"], features=chosen, with_sessions=True, epochs=epochs
        )

    space = {"k": (10, 20)}
    return Spec(factory, "time", space, n_trials=None, epochs=SWEEPS_GIBBS, n_seeds=3)


def _bayesian(*feature_names: str) -> Spec:
    def factory(hyperparameters: dict[str, Any], epochs: int) -> Model:
        chosen = [FEATURES[name] for name in feature_names]
        return gibbs.Gibbs(k=hyperparameters["k"], features=chosen, epochs=epochs)

    space = {"k": (5, 10, 20)}
    return Spec(factory, "solver", space, n_trials=None, epochs=SWEEPS_GIBBS, n_seeds=3)


DECAY = {"weight_decay": (0.0, 1e-5, 1e-4)}
SIZES = {"hidden": (8, 16, 64), "k": (16, 64)}
SLOW, FAST = {"learning_rate": (0.05, 0.1, 0.2)}, {"learning_rate": (0.2, 0.4, 0.6)}

#: All models that are compared, by the name they have in the tables of chapter 7.
SPECS: dict[str, Spec] = {
    "global mean": Spec(lambda chosen, epochs: baselines.GlobalMean(), "baseline", n_seeds=1),
    "item mean": Spec(lambda chosen, epochs: baselines.ItemMean(), "baseline", n_seeds=1),
    "biases": Spec(
        lambda chosen, epochs: baselines.Biases(**chosen),
        "baseline",
        {"reg_user": (2, 4, 6, 10), "reg_item": (1, 2, 4, 8)},
        n_seeds=1,
    ),
    "plain": _network(
        "PlainNet", {"k": (1, 2, 4, 16, 64), "noise": (0.03, 0.1, 0.3)} | FAST | DECAY
    ),
    "MLP": _network("OneLayerMLP", SIZES | SLOW | DECAY),
    "MLP with dropout": _network(
        "OneLayerDropoutMLP", SIZES | {"dropout": (0.1, 0.3, 0.5)} | SLOW | DECAY
    ),
    "plain, as in 2016": _original("PlainNet", k=64),
    "MLP, as in 2016": _original("OneLayerMLP", hidden=64, k=64),
    "MLP (256, 512), as run in 2016": _original("OneLayerMLP", hidden=256, k=512),
    "dropout (256, 512), as meant in 2016": _original("OneLayerDropoutMLP", hidden=256, k=512),
    "ALS": Spec(
        lambda chosen, epochs: als.ALS(**chosen, epochs=epochs),
        "solver",
        {"k": (2, 3, 5, 8), "reg": (5, 7, 9, 12), "reg_bias": (3, 5, 9)},
        epochs=SWEEPS_ALS,
        n_seeds=3,
    ),
    "Bayesian": _bayesian(),
    "Bayesian, implicit": _bayesian("implicit"),
    "Bayesian, implicit and attributes": _bayesian("implicit", "attributes"),
    "Bayesian, with time stamps": _timed(),
}
