"""What every model of this package can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from mfbook.datasets import Split
    from mfbook.history import History
    import numpy as np
    from numpy.typing import ArrayLike
    from typing_extensions import Self


@runtime_checkable
class Model(Protocol):
    """A predictor of ratings: fitted to a `Split`, asked for pairs of user and item.

    Baselines, networks (as `mfbook.training.NetworkModel`), ALS and the Bayesian models all
    answer to it, so any of them can be evaluated, compared, or asked for a list. Hyperparameters
    are keyword-only arguments of each constructor.

    Notes
    -----
    Predictions are not clipped to the scale of the ratings: a list needs the order of what lies
    above five stars, and a learning curve shall show what the model says. Where models are ranked
    by their error, `mfbook.metrics.evaluate` clips the predictions of all of them alike. Chapter 7
    ranks them.

    Examples
    --------
    >>> import mfbook
    >>> from mfbook import baselines, datasets
    >>> split = datasets.load("synthetic")
    >>> model = baselines.Biases(reg_user=6, reg_item=2).fit(split)
    >>> isinstance(model, mfbook.Model)
    True
    >>> model.predict([0, 1], [5, 5]).shape
    (2,)
    """

    @property
    def history(self) -> History | None:
        """The learning curve of the last `fit`, or None."""
        ...

    def fit(self, split: Split, *, seed: int = 0) -> Self:
        """Learn from ``split.train``; return self."""
        ...

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return ratings in stars, ``(n,)``, for pairs of zero-based indices."""
        ...


@runtime_checkable
class TimedModel(Model, Protocol):
    """A `Model` that can be told when a pair is rated.

    Notes
    -----
    Chapter 9 fits such models. `mfbook.metrics.predict_rows` passes them a table's time stamps.

    Examples
    --------
    >>> from mfbook import baselines, gibbs
    >>> from mfbook.model import TimedModel
    >>> isinstance(gibbs.Gibbs(k=2), TimedModel), isinstance(baselines.ItemMean(), TimedModel)
    (True, False)
    """

    @property
    def with_sessions(self) -> bool:
        """Whether its predictions depend on time stamps."""
        ...

    def predict(
        self, user_idx: ArrayLike, item_idx: ArrayLike, timestamp: ArrayLike | None = None
    ) -> np.ndarray:
        """Return ratings in stars, ``(n,)``; time stamps are in seconds since 1970."""
        ...
