"""Bayesian matrix factorization: the biased model of `mfbook.als`, sampled by Gibbs sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mfbook import als, features
from mfbook._validation import (
    check_array_size,
    check_fitted,
    check_indices,
    check_seed,
    check_sizes,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.history import History, run_epochs
import mxnet as mx
from mxnet import nd
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

FIRST_NOISE_PRECISION = 1.5  # where each chain starts, in 1/stars²


class FeatureRegression:
    r"""Regression of one side's factors on features of its rows, drawn by Gibbs sampling.

    J. Simm and others (2017), Macau: Scalable Bayesian Factorization with High-Dimensional Side
    Information using MCMC, IEEE MLSP, `arXiv:1509.04610`. The weights β, ``(n_features, width)``,
    have the prior :math:`\beta \sim N(0, (\lambda_\beta \Lambda)^{-1})` in each row, where Λ is
    the precision of the side's rows, and :math:`\lambda_\beta` has the prior Gamma(1, 1).

    Parameters
    ----------
    features : numpy.ndarray, shape (n, n_features)
        One row for each user or item.
    width : int
        Columns of the side.

    Attributes
    ----------
    weights : numpy.ndarray, shape (n_features, width)
        The last draw of β; no rows before the first one of a chain.
    weight_precision : float
        The last draw of :math:`\lambda_\beta`.

    Notes
    -----
    Chapter 9 adds features to the model.

    Examples
    --------
    >>> regression, rng = FeatureRegression(np.eye(3), width=2), np.random.default_rng(0)
    >>> regression.draw(nd.ones((3, 2)), precision=np.eye(2), rng=rng).shape
    (3, 2)
    """

    def __init__(self, features: np.ndarray, width: int) -> None:
        self.features = nd.array(features)  # (n, n_features)
        gram = nd.dot(self.features, self.features, transpose_a=True)
        vectors, values = nd.linalg.syevd(gram.astype("float64"))  # eigenvectors in rows
        self.vectors = vectors.astype("float32")
        self.values = nd.maximum(values, 0).astype("float32")
        self.width = width
        self.restart()

    def restart(self) -> None:
        """Begin a new chain: forget the weights, and put their precision at its prior's mean."""
        self.weights = np.zeros((0, self.width))
        self.weight_precision = 1.0

    def draw(
        self, residual: nd.NDArray, precision: np.ndarray, rng: np.random.Generator
    ) -> nd.NDArray:
        """Draw the weights and their precision; return what the features predict.

        Parameters
        ----------
        residual : mxnet.nd.NDArray, shape (n, width)
            The side minus its mean.
        precision : numpy.ndarray, shape (width, width)
            Λ, of the side's rows.
        rng : numpy.random.Generator
            For the draw of the weights' precision.

        Returns
        -------
        mxnet.nd.NDArray, shape (n, width)
        """
        n_features, penalty = self.features.shape[1], self.weight_precision
        # z T has the covariance of a row where z is standard normal: Λ = L Lᵀ, T = L⁻¹
        spread = nd.array(np.linalg.inv(np.linalg.cholesky(precision)))
        noise = [nd.random.normal(shape=(n, self.width)) for n in (residual.shape[0], n_features)]
        row_noise, weight_noise = (nd.dot(z, spread) for z in noise)
        right = nd.dot(self.features, residual + row_noise, transpose_a=True)
        right = right + penalty**0.5 * weight_noise
        turned = nd.dot(self.vectors, right) / (self.values + penalty).expand_dims(1)
        weights = nd.dot(self.vectors, turned, transpose_a=True)
        self.weights = weights.asnumpy().astype(np.float64)
        size = np.sum((self.weights @ precision) * self.weights)
        self.weight_precision = rng.gamma((2 + self.weights.size) / 2, 2 / (2 + size))
        return nd.dot(self.features, weights)


class Gibbs:
    """Bayesian biased matrix factorization by Gibbs sampling: a `mfbook.Model`.

    R. Salakhutdinov and A. Mnih (2008), Bayesian Probabilistic Matrix Factorization using Markov
    Chain Monte Carlo, ICML, section 3; with biases as one more column of each side, and with
    features as its rows' prior mean (see `FeatureRegression`).

    Parameters
    ----------
    k : int
        Number of latent factors.
    features : sequence of callable
        Each takes a `Split` and returns the features of its users, ``(n_users, n_features)``,
        and of its items, or None: for example `features.implicit` and `features.attributes`.
    epochs : int
        Sweeps: in each, all that is unknown is drawn once.
    burn_in, chain : int
        A chain starts again after ``chain`` sweeps, and its first ``burn_in`` are not kept. Chains
        this short have not converged: several of them are an ensemble with early stopping, not the
        exact posterior mean.

    Attributes
    ----------
    samples : list of tuple
        Each kept draw: the sides of users and items, ``(n, k + 1)``, and the noise precision.
    mean : float
        The mean training rating, in stars.
    history : History
        The learning curve: errors of the mean of the draws kept so far.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or no sweep of a chain would be kept.

    Notes
    -----
    Built in chapter 9.

    Examples
    --------
    >>> from mfbook import datasets
    >>> model = Gibbs(k=2, epochs=4, burn_in=2).fit(datasets.load("synthetic"))
    >>> len(model.samples)
    2
    >>> model.predict([0, 1], [5, 5]).shape
    (2,)
    """

    def __init__(
        self,
        *,
        k: int,
        features: Sequence[Callable[[Split], tuple]] = (),
        epochs: int = 80,
        burn_in: int = 20,
        chain: int = 80,
    ) -> None:
        check_sizes(k=k, epochs=epochs, burn_in=burn_in, chain=chain)
        if min(epochs, chain) <= burn_in:
            raise ValueError(
                f"epochs is {epochs}, chain {chain} and burn_in {burn_in}: no draw would be kept. "
                "Make burn_in smaller than both."
            )
        self.k, self.features, self.epochs = k, tuple(features), epochs
        self.burn_in, self.chain = burn_in, chain
        self.history: History | None = None

    def fit(self, split: Split, *, seed: int = 0) -> Gibbs:
        """Draw from the posterior given ``split.train``; return self.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Its evaluation set is only measured on, after each sweep.
        seed : int
            Of all draws.

        Returns
        -------
        Gibbs
        """
        check_split(split)
        check_seed(seed)
        rows, width = max(split.n_users, split.n_items), self.k + 1
        check_array_size((rows, width, width), "This Gibbs", "Use fewer factors.")
        self.mean, self.rating_rows = als.centered_rows(split)
        self.shape = (split.n_users, split.n_items)
        mx.random.seed(seed)
        self.rng = np.random.default_rng(seed)
        self.samples: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.n_sweeps = 0
        sides = features.stack(*(read(split) for read in self.features))
        _check_rows(sides, self.shape)
        self.regressions = [
            None if table is None else FeatureRegression(table, self.k + 1) for table in sides
        ]
        running = [_RunningMean(self, ratings) for ratings in (split.train, split.evaluation)]

        def predict_sets() -> tuple[np.ndarray, np.ndarray]:
            return running[0].update(), running[1].update()

        train = (split.train[c].to_numpy() for c in ("user_idx", "item_idx", "rating"))
        train_columns = tuple(train)
        self.history = run_epochs(
            split, self.epochs, lambda: self._sweep(*train_columns), predict_sets
        )
        return self

    def _start_chain(self) -> None:
        shapes = [(n, self.k + 1) for n in self.shape]
        self.noise_precision = FIRST_NOISE_PRECISION
        self.sides = [nd.random.normal(scale=0.1, shape=shape) for shape in shapes]
        self.from_features = [nd.zeros(shape) for shape in shapes]
        for regression in self.regressions:
            if regression is not None:
                regression.restart()

    def _sweep(self, user_idx: np.ndarray, item_idx: np.ndarray, rating: np.ndarray) -> None:
        """Draw both sides, then the noise precision given the training ratings."""
        if self.n_sweeps % self.chain == 0:
            self._start_chain()
        for side in (0, 1):
            self._draw_side(side)
        users, items = (side.asnumpy() for side in self.sides)
        drawn = als.predict_pairs(users, items, self.mean, user_idx, item_idx)
        error = np.sum((rating - drawn.astype(np.float64)) ** 2)
        self.noise_precision = self.rng.gamma((2 + len(rating)) / 2, 2 / (2 + error))
        self.n_sweeps += 1
        self.draw = (users, items, self.noise_precision)
        self.kept = (self.n_sweeps - 1) % self.chain >= self.burn_in
        if self.kept:
            self.samples.append(self.draw)

    def _draw_side(self, side: int) -> None:
        """Draw one side's prior, its regression on features, and its factors."""
        factors = self.sides[side]
        residual = (factors - self.from_features[side]).asnumpy()
        regression = self.regressions[side]
        weights = None
        if regression is not None:
            weights = np.sqrt(regression.weight_precision) * regression.weights
        mean, precision = draw_normal_wishart(residual, self.rng, weights)
        center, penalty = nd.array(mean).expand_dims(0), nd.array(precision)  # (1, w), (w, w)
        if regression is not None:
            self.from_features[side] = regression.draw(factors - center, precision, self.rng)
        left, right = als.normal_equations(
            self.rating_rows[side],
            self.sides[1 - side],
            penalty,
            self.from_features[side] + center,
            self.noise_precision,
        )
        self.sides[side] = als.solve(left, right, nd.random.normal(shape=factors.shape))

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Return the mean of all draws' ratings, ``(n,)``, in stars, unclipped.

        Raises
        ------
        ValueError
            If the model has not been fitted, no draw was kept, or an index is outside its table.
        """
        total = np.zeros(len(np.asarray(user_idx)))
        for drawn, _ in self.draws(user_idx, item_idx):
            total += drawn
        return total / len(self.samples)

    def draws(self, user_idx: ArrayLike, item_idx: ArrayLike) -> Iterator[tuple[np.ndarray, float]]:
        """Yield each draw's ratings, ``(n,)``, unclipped, and its noise's deviation, in stars."""
        check_fitted(self, "samples")
        check_indices(user_idx, item_idx, *self.shape)
        for users, items, noise_precision in self.samples:
            ratings = als.predict_pairs(users, items, self.mean, user_idx, item_idx)
            yield ratings, noise_precision**-0.5


def _check_rows(sides: Sequence[np.ndarray | None], shape: tuple[int, int]) -> None:
    """Raise unless there is one row of features for each user, and for each item."""
    for name, table, n in zip(("users", "items"), sides, shape, strict=True):
        if table is not None and (table.ndim != 2 or len(table) != n):
            raise ValueError(
                f"The features of the {name} have the shape {table.shape}, but the split has {n} "
                f"{name}. Give one row of features for each."
            )


class _RunningMean:
    """Predictions of a `Gibbs` for one table: the last draw's, later the mean of the kept ones."""

    def __init__(self, model: Gibbs, ratings: pd.DataFrame) -> None:
        self.model, self.total = model, np.zeros(len(ratings))
        self.pairs = [ratings[column].to_numpy() for column in ("user_idx", "item_idx")]

    def update(self) -> np.ndarray:
        """Take in the model's last draw; return the predictions, (n,)."""
        model = self.model
        users, items, _ = model.draw
        drawn = als.predict_pairs(users, items, model.mean, *self.pairs)
        if model.kept:
            self.total = self.total + drawn
        return self.total / len(model.samples) if model.samples else drawn


def draw_normal_wishart(
    rows: np.ndarray, rng: np.random.Generator, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw mean and precision of normally distributed rows from their Normal-Wishart posterior.

    Salakhutdinov and Mnih (2008), equation 14, with :math:`W_0 = I`, :math:`\nu_0 = w`,
    :math:`\beta_0 = 2` and :math:`\mu_0 = 0`. Where the rows have a regression on features, its
    weights inform the precision too (Simm and others 2017, Macau).

    Parameters
    ----------
    rows : numpy.ndarray, shape (n, w)
        The rows of a side, minus what the features predict for them.
    rng : numpy.random.Generator
        For the draw.
    weights : numpy.ndarray, shape (n_features, w), optional
        The regression's weights times the root of their precision :math:`\lambda_\beta`, so
        that each row has mean 0 and the precision Λ.

    Returns
    -------
    tuple of numpy.ndarray
        The mean, ``(w,)``, and the precision Λ, ``(w, w)``.

    Notes
    -----
    Chapter 9 explains these priors.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mean, precision = draw_normal_wishart(rng.normal(3, 1, size=(10_000, 1)), rng)
    >>> mean.round(1), precision.round(1)
    (array([3.]), array([[1.]]))
    """
    n, width = rows.shape
    center = rows.mean(axis=0, dtype=np.float64)
    deviation = rows - center
    inverse = np.eye(width) + deviation.T @ deviation
    inverse += 2 * n / (2 + n) * np.outer(center, center)
    degrees = width + n
    if weights is not None:
        inverse += weights.T @ weights
        degrees += len(weights)
    scale = np.linalg.cholesky(np.linalg.inv(inverse))
    # a Wishart matrix by Bartlett's decomposition
    lower = np.tril(rng.standard_normal((width, width)), -1)
    lower += np.diag(np.sqrt(rng.chisquare(degrees - np.arange(width))))
    root = scale @ lower
    precision = root @ root.T
    noise = np.linalg.solve(np.linalg.cholesky((2 + n) * precision).T, rng.standard_normal(width))
    return n * center / (2 + n) + noise, precision
