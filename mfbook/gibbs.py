"""Bayesian matrix factorization: the biased model of `mfbook.als`, sampled by Gibbs sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mfbook import als, features, ordinal, sessions
from mfbook._validation import (
    as_numbers,
    as_single,
    check_finite,
    check_fitted,
    check_flags,
    check_generator,
    check_indices,
    check_seed,
    check_shape,
    check_sizes,
    shown,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.history import History, run_epochs
from mfbook.least_squares import solve_rows
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

FIRST_NOISE_PRECISION = 1.5  # where each chain starts, in 1/stars²


class Draw(NamedTuple):
    """One draw of all that is unknown.

    Attributes
    ----------
    users, items : numpy.ndarray, shape (n_users, k + 1) and (n_items, k + 1)
        The vectors and, in the last column, the biases.
    noise_precision : float or numpy.ndarray, shape (n_users,)
        One over the variance of a rating's noise, in 1/stars²; of each user's utilities with the
        likelihood "stars".
    effects : list of numpy.ndarray
        Of the sessions, in stars (see `mfbook.sessions`); empty without them.
    thresholds : numpy.ndarray, shape (n_users, n_kinds - 1), or None
        Of each user, between whole stars (see `mfbook.ordinal`), with that likelihood.

    Notes
    -----
    Chapters 9 and 10 use draws one by one.

    Examples
    --------
    >>> from mfbook import datasets
    >>> model = Gibbs(k=2, epochs=3, burn_in=2).fit(datasets.load("synthetic"))
    >>> model.samples[0].users.shape
    (943, 3)
    """

    users: np.ndarray
    items: np.ndarray
    noise_precision: float | np.ndarray
    effects: list[np.ndarray]
    thresholds: np.ndarray | None


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

    Raises
    ------
    ValueError
        If the features are not a matrix of finite numbers, or the width is impossible.

    Notes
    -----
    Chapter 9 adds features to the model.

    Examples
    --------
    >>> regression, rng = FeatureRegression(np.eye(3), width=2), np.random.default_rng(0)
    >>> regression.draw(np.ones((3, 2)), precision=np.eye(2), rng=rng).shape
    (3, 2)
    """

    def __init__(self, features: np.ndarray, width: int) -> None:
        matrix = as_single(features, "features")
        check_shape(matrix, "features", "n", "n_features")
        check_finite(matrix, "features")
        check_sizes(width=width)
        self.features = matrix  # (n, n_features)
        values, vectors = np.linalg.eigh((self.features.T @ self.features).astype(np.float64))
        self.vectors = vectors.astype(np.float32)  # eigenvectors in columns
        self.values = np.maximum(values, 0).astype(np.float32)
        self.width = width
        self.restart()

    def restart(self) -> None:
        """Begin a new chain: forget the weights, and put their precision at its prior's mean."""
        self.weights = np.zeros((0, self.width))
        self.weight_precision = 1.0

    def draw(
        self, residual: np.ndarray, precision: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the weights and their precision; return what the features predict.

        Parameters
        ----------
        residual : numpy.ndarray, shape (n, width)
            The side minus its mean.
        precision : numpy.ndarray, shape (width, width)
            Λ, of the side's rows.
        rng : numpy.random.Generator
            For the draws.

        Returns
        -------
        numpy.ndarray, shape (n, width)
            Of single precision.

        Raises
        ------
        ValueError
            If an array does not fit, or ``rng`` is no generator.
        """
        n, n_features = self.features.shape
        check_shape(residual, "residual", n, self.width)
        check_shape(precision, "precision", self.width, self.width)
        check_generator(rng)
        penalty = np.float32(self.weight_precision)
        # z T has the covariance of a row where z is standard normal: Λ = L Lᵀ, T = L⁻¹
        spread = np.linalg.inv(np.linalg.cholesky(precision)).astype(np.float32)
        row_noise, weight_noise = (
            rng.standard_normal((rows, self.width), np.float32) @ spread for rows in (n, n_features)
        )
        right = self.features.T @ (residual + row_noise).astype(np.float32)
        right += np.sqrt(penalty) * weight_noise
        turned = (self.vectors.T @ right) / (self.values + penalty)[:, None]
        weights = self.vectors @ turned  # (n_features, width)
        self.weights = weights.astype(np.float64)
        size = np.sum((self.weights @ precision) * self.weights)
        self.weight_precision = rng.gamma((2 + weights.size) / 2, 2 / (2 + size))
        return self.features @ weights


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
    with_sessions : bool
        Whether ratings that a user entered together share effects (see `mfbook.sessions`). The
        training ratings then need a column ``timestamp``.
    likelihood : {"normal", "stars"}
        How ratings come from what the model expects: with normal noise, or as whole stars between
        thresholds, where thresholds and noise differ between users (see `mfbook.ordinal`).
    epochs : int
        Sweeps: in each, all that is unknown is drawn once.
    burn_in, chain : int
        A chain starts again after ``chain`` sweeps, and its first ``burn_in`` are not kept. Chains
        this short have not converged: several of them are an ensemble with early stopping, not the
        exact posterior mean.

    Attributes
    ----------
    samples : list of Draw
        The draws that are kept.
    mean : float
        The mean training rating, in stars.
    history : History
        The learning curve: errors of the mean of the draws kept so far.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, no sweep of a chain would be kept, or there is no
        such likelihood.

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
        with_sessions: bool = False,
        likelihood: str = "normal",
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
        _check_functions(features)
        check_flags(with_sessions=with_sessions)
        if likelihood not in ("normal", "stars"):
            raise ValueError(f"likelihood is {shown(likelihood)}; it must be 'normal' or 'stars'.")
        self.with_sessions, self.likelihood = with_sessions, likelihood
        self.k, self.features, self.epochs = int(k), tuple(features), epochs
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

        Raises
        ------
        ValueError
            If ``split`` is not a `Split`, ``seed`` is impossible, the features are no matrices with
            one row for each user or item, the factors would need too much memory, or the ratings
            are no whole stars and the likelihood needs them. The model is then as it was before.
        DataError
            If the model has sessions and the ratings no time stamps.
        """
        check_split(split)
        check_seed(seed)
        als.check_factors(split, self.k)
        groups = sessions.Sessions(split) if self.with_sessions else None
        probit = ordinal.OrderedProbit(split) if self.likelihood == "stars" else None
        sides, rng = self._read_features(split), np.random.default_rng(seed)
        sampler = _Sampler(split, self.k, sides, groups, probit, rng)
        samples: list[Draw] = []
        running: list[_RunningMean] = []
        n_sweeps = 0

        def sweep() -> None:
            nonlocal n_sweeps
            if n_sweeps % self.chain == 0:
                sampler.restart()
            sampler.sweep()
            if n_sweeps % self.chain >= self.burn_in:
                samples.append(sampler.draw)
            n_sweeps += 1

        def predict_sets(*sets: pd.DataFrame) -> list[np.ndarray]:
            if not running:
                running.extend(_RunningMean(sampler.mean, groups, split, table) for table in sets)
            kept = (n_sweeps - 1) % self.chain >= self.burn_in
            return [mean.update(sampler.draw, kept) for mean in running]

        self.history = run_epochs(split, self.epochs, sweep, predict_sets)
        self.samples, self.mean, self.sessions = samples, sampler.mean, groups
        self.shape, self.scale = (split.n_users, split.n_items), split.scale
        return self

    def _read_features(self, split: Split) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return the features of users and of items, checked and side by side."""
        read = [function(split) for function in self.features]
        for pair in read:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise ValueError(
                    f"A function in features returned a {type(pair).__name__}; it must return the "
                    "features of the users and those of the items, as a tuple, None for none."
                )
        sides = features.stack(*read)
        _check_rows(sides, (split.n_users, split.n_items))
        return sides

    def predict(
        self, user_idx: ArrayLike, item_idx: ArrayLike, timestamp: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the mean of all draws' ratings, ``(n,)``, in stars, unclipped.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.
        timestamp : array_like of int, shape (n,), optional
            When they are rated, in seconds since 1970: a model with sessions then adds the effects
            of those that it knows. Without it, or for another model, nothing is added.

        Raises
        ------
        ValueError
            If the model has not been fitted, no draw was kept, or an index is outside its table.
        DataError
            If a time stamp is no time in seconds.
        """
        drawn = (ratings for ratings, _ in self.draws(user_idx, item_idx, timestamp))
        total = sum(ratings.astype(np.float64) for ratings in drawn)
        return np.asarray(total) / len(self.samples)

    def draws(
        self, user_idx: ArrayLike, item_idx: ArrayLike, timestamp: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, float | np.ndarray]]:
        """Yield each draw's ratings, ``(n,)``, unclipped, and their noise's deviation, in stars.

        With the likelihood "stars" these are the mean and the standard deviation of each rating's
        distribution over the stars.
        """
        for draw, utility in self._utilities(user_idx, item_idx, timestamp):
            if draw.thresholds is None:
                yield utility, draw.noise_precision**-0.5
            else:
                yield _mean_and_deviation(draw, utility, user_idx, self.scale[0])

    def probabilities(
        self, user_idx: ArrayLike, item_idx: ArrayLike, timestamp: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the probability of each number of stars, ``(n, n_kinds)``, the lowest first.

        Parameters
        ----------
        user_idx, item_idx, timestamp
            As in `predict`.

        Raises
        ------
        ValueError
            As in `predict`, and if the likelihood is not ``"stars"``.
        """
        if self.likelihood != "stars":
            raise ValueError(
                f"likelihood is {self.likelihood!r}, and only a model with likelihood='stars' has "
                "probabilities of stars. Fit one."
            )
        drawn = self._utilities(user_idx, item_idx, timestamp)
        total = sum(_shares(draw, utility, user_idx) for draw, utility in drawn)
        return np.asarray(total) / len(self.samples)

    def _utilities(
        self, user_idx: ArrayLike, item_idx: ArrayLike, timestamp: ArrayLike | None
    ) -> Iterator[tuple[Draw, np.ndarray]]:
        """Yield each kept draw and what it expects, ``(n,)``, in stars."""
        check_fitted(self, "samples")
        check_indices(user_idx, item_idx, *self.shape)
        groups = None
        if self.sessions is not None and timestamp is not None:
            groups = self.sessions.groups(user_idx, timestamp)
        for draw in self.samples:
            yield draw, _expected(draw, self.mean, user_idx, item_idx, groups)


def _expected(
    draw: Draw, mean: float, user_idx: ArrayLike, item_idx: ArrayLike, groups: np.ndarray | None
) -> np.ndarray:
    """Return what a draw expects for some pairs, ``(n,)``, in stars."""
    utility = als.predict_pairs(draw.users, draw.items, mean, user_idx, item_idx)
    return utility if groups is None else utility + sessions.total(draw.effects, groups)


def _shares(draw: Draw, utility: np.ndarray, user_idx: ArrayLike) -> np.ndarray:
    """Return the probability of each number of stars, ``(n, n_kinds)``, from the utilities."""
    assert draw.thresholds is not None and isinstance(draw.noise_precision, np.ndarray)
    user = np.asarray(user_idx, np.intp)
    return ordinal.probabilities(utility, draw.thresholds[user], draw.noise_precision[user])


def _mean_and_deviation(
    draw: Draw, utility: np.ndarray, user_idx: ArrayLike, lowest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the stars, ``(n,)`` each, from the utilities."""
    shares = _shares(draw, utility, user_idx)
    stars = lowest + np.arange(shares.shape[1])
    mean = shares @ stars
    return mean, np.sqrt(np.maximum(shares @ stars**2 - mean**2, 0))


def _check_functions(features: object) -> None:
    """Raise `ValueError` unless ``features`` is a sequence of functions."""
    if not isinstance(features, Sequence) or not all(callable(f) for f in features):
        raise ValueError(
            f"features is {shown(features)}; it must be a list of functions of a split, for example "
            "[features.implicit, features.attributes]."
        )


def _check_rows(sides: Sequence[np.ndarray | None], shape: tuple[int, int]) -> None:
    """Raise unless there is one row of finite features for each user, and for each item."""
    for name, table, n in zip(("users", "items"), sides, shape, strict=True):
        if table is None:
            continue
        if table.ndim != 2 or len(table) != n:
            raise ValueError(
                f"The features of the {name} have the shape {table.shape}, but the split has {n} "
                f"{name}. Give one row of features for each."
            )
        what = f"features of the {name}"
        check_finite(as_numbers(table, what), what)


class _Sampler:
    """The state of a Gibbs chain: factors, what features predict for them, noise, sessions."""

    def __init__(
        self,
        split: Split,
        k: int,
        sides: Sequence[np.ndarray | None],
        groups: sessions.Sessions | None,
        probit: ordinal.OrderedProbit | None,
        rng: np.random.Generator,
    ) -> None:
        self.split, self.rng, self.width, self.probit = split, rng, k + 1, probit
        self.mean, self.blocks = als.centered_blocks(split, k)
        # What the factors and the sessions explain: ratings, or utilities, in stars
        self.target = split.train["rating"].to_numpy()
        self.regressions = [None if x is None else FeatureRegression(x, k + 1) for x in sides]
        self.effects: sessions.SessionEffects | None = None
        if groups is not None:
            train = split.train
            self.groups = groups.groups(train["user_idx"], train["timestamp"])
            self.effects = sessions.SessionEffects(self.groups, groups.sizes)

    @property
    def draw(self) -> Draw:
        """All that is unknown, as last drawn."""
        effects = [] if self.effects is None else list(self.effects.effects)
        users, items = self.sides
        if self.probit is None:
            return Draw(users, items, self.noise_precision, effects, None)
        # A large data set has many users: half the memory is enough
        thresholds = self.probit.thresholds.astype(np.float32)
        return Draw(users, items, self.noise_precision * self.probit.weights, effects, thresholds)

    def restart(self) -> None:
        """Begin a new chain; nothing of the last one is kept."""
        shapes = [(n, self.width) for n in (self.split.n_users, self.split.n_items)]
        self.noise_precision = FIRST_NOISE_PRECISION
        self.sides = [np.float32(0.1) * self.rng.standard_normal(s, np.float32) for s in shapes]
        self.from_features = [np.zeros(shape, np.float32) for shape in shapes]
        for part in (*self.regressions, self.effects, self.probit):
            if part is not None:
                part.restart()

    def sweep(self) -> None:
        """Draw the utilities, both sides, the sessions, then the noise precision."""
        if self.probit is not None:
            expected = self._from_factors() + self._from_sessions()
            self.target, self.noise_precision = self.probit.draw(
                expected, self.noise_precision, self.rng
            )
        if self.probit is not None or self.effects is not None:
            rest = self.target - self.mean - self._from_sessions()
            self.blocks = als.both_sides(self.split, rest.astype(np.float32), self.width - 1)
        for side in (0, 1):
            self._draw_side(side)
        difference = self.target - self._from_factors()
        weights = 1.0 if self.probit is None else self.probit.weights[self.split.train["user_idx"]]
        if self.effects is not None:
            self.effects.draw(difference, self.noise_precision * weights, self.rng)
            difference = difference - self._from_sessions()
        error = np.dot(weights * difference, difference.astype(np.float64))
        self.noise_precision = self.rng.gamma((2 + len(difference)) / 2, 2 / (2 + error))

    def _from_factors(self) -> np.ndarray:
        """Return what mean and factors say about the training ratings, ``(n_train,)``."""
        users, items = self.sides
        train = self.split.train
        return als.predict_pairs(users, items, self.mean, train["user_idx"], train["item_idx"])

    def _from_sessions(self) -> np.ndarray | float:
        """Return what the sessions add to the training ratings, ``(n_train,)``."""
        return 0.0 if self.effects is None else self.effects.total(self.groups)

    def _noise_of(self, side: int) -> tuple[float | np.ndarray, np.ndarray | None]:
        """Return the noise precision of one side's rows, and the weights of the other's, if any."""
        if self.probit is None:
            return self.noise_precision, None
        if side == 0:
            return self.noise_precision * self.probit.weights, None
        return self.noise_precision, self.probit.weights

    def _draw_side(self, side: int) -> None:
        """Draw one side's prior, its regression on features, and its factors."""
        factors, regression = self.sides[side], self.regressions[side]
        weights = None
        if regression is not None:
            weights = np.sqrt(regression.weight_precision) * regression.weights
        residual = factors - self.from_features[side]
        mean, precision = draw_normal_wishart(residual, self.rng, weights)
        if regression is not None:
            self.from_features[side] = regression.draw(factors - mean, precision, self.rng)
        noise_precision, of_columns = self._noise_of(side)
        self.sides[side] = solve_rows(
            self.blocks[side],
            self.sides[1 - side],
            precision,
            prior_mean=self.from_features[side] + mean,
            noise_precision=noise_precision,
            weights=of_columns,
            rng=self.rng,
        )


class _RunningMean:
    """Predictions for one table: the last draw's, later the mean of the kept ones."""

    def __init__(
        self, mean: float, groups: sessions.Sessions | None, split: Split, ratings: pd.DataFrame
    ) -> None:
        self.mean, self.lowest = mean, split.scale[0]
        self.total, self.n_kept = np.zeros(len(ratings)), 0
        self.user, self.item = (ratings[column].to_numpy() for column in ("user_idx", "item_idx"))
        self.groups = None
        if groups is not None:
            self.groups = groups.groups(self.user, ratings.get("timestamp"))

    def update(self, draw: Draw, kept: bool) -> np.ndarray:
        """Take in a draw; return the predictions, (n,)."""
        drawn = _expected(draw, self.mean, self.user, self.item, self.groups)
        if draw.thresholds is not None:
            drawn = _mean_and_deviation(draw, drawn, self.user, self.lowest)[0]
        if kept:
            self.total += drawn
            self.n_kept += 1
        return self.total / self.n_kept if self.n_kept else drawn


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

    Raises
    ------
    ValueError
        If an array does not fit, or ``rng`` is no generator.

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
    check_shape(rows, "rows", "n", "w")
    check_generator(rng)
    n, width = rows.shape
    if weights is not None:
        check_shape(weights, "weights", "n_features", width)
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
