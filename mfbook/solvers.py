r"""Matrix factorization without a learning rate: alternating least squares and Gibbs sampling.

Both fit the biased model (Koren, Bell and Volinsky 2009, equation 4)

.. math:: \hat r_{ui} = \mu + b_u + b_i + p_u \cdot q_i

by solving small systems of equations, for all users at once and then for all items at once. A
*side* is the table of one of them, ``(n, k + 1)``: the vectors and, last, the biases.
"""

import time
from typing import NamedTuple

from mfbook.datasets import check_indices
from mfbook.metrics import rmse
from mfbook.networks import check_sizes
from mfbook.training import History
import mxnet as mx
from mxnet import nd
import numpy as np
from tqdm import tqdm


class Known(NamedTuple):
    """The training ratings, a row for each user (or each item), as sparse matrices.

    Attributes
    ----------
    ones, above : mxnet.nd.sparse.CSRNDArray, shape (n, n_others)
        1 where there is a rating, and that rating above the mean, in stars.
    """

    ones: nd.sparse.CSRNDArray
    above: nd.sparse.CSRNDArray


def known(rows, columns, above, shape):
    """Return `Known` from index pairs and ratings above the mean, three vectors ``(n,)``."""
    order = np.lexsort((columns, rows))
    ends = np.bincount(rows, minlength=shape[0]).cumsum()
    starts = np.concatenate([[0], ends])

    def matrix(values):
        values = np.asarray(values, np.float32)[order]
        return nd.sparse.csr_matrix((values, np.asarray(columns)[order], starts), shape=shape)

    return Known(matrix(np.ones(len(rows))), matrix(above))


def equations(data, other, precision, pull, noise_precision=1.0):
    r"""Set up the normal equations ``A x = b`` of every row of a side.

    With :math:`v_i = (q_i, 1)` and the other side fixed, row u has
    :math:`A_u = \alpha \sum_i v_i v_i^\top + \Lambda` and
    :math:`b_u = \alpha \sum_i (r_{ui} - \mu - b_i)\, v_i + \Lambda m_u`; the sums run over what u
    has rated.

    Parameters
    ----------
    data : Known
        Ratings by row of this side.
    other : mxnet.nd.NDArray, shape (n_others, k + 1)
        The other side.
    precision : mxnet.nd.NDArray, shape (k + 1, k + 1)
        The penalty :math:`\Lambda`.
    pull : mxnet.nd.NDArray, shape (n, k + 1) or (1, k + 1)
        :math:`\Lambda m_u`, where the penalty pulls to; zeros for an ordinary ridge.
    noise_precision : float
        :math:`\alpha`, one over the variance of a rating's noise.

    Returns
    -------
    tuple of mxnet.nd.NDArray
        A, ``(n, k + 1, k + 1)``, and b, ``(n, k + 1)``.
    """
    n_others, width = other.shape
    v = nd.concat(other[:, : width - 1], nd.ones((n_others, 1)), dim=1)  # (n_others, k + 1)
    bias = other[:, width - 1 :]  # (n_others, 1)
    squares = v.expand_dims(2) * v.expand_dims(1)  # (n_others, k + 1, k + 1)
    total = nd.dot(data.ones, squares.reshape((n_others, -1)))  # (n, (k + 1)²)
    left = noise_precision * total.reshape((-1, width, width)) + precision.expand_dims(0)
    right = noise_precision * (nd.dot(data.above, v) - nd.dot(data.ones, bias * v)) + pull
    return left, right


def solve(left, right, noise=None):
    """Solve every ``A x = b`` by a batched Cholesky factorisation A = L Lᵀ.

    Parameters
    ----------
    left, right : mxnet.nd.NDArray, shape (n, w, w) and (n, w)
        Symmetric positive definite matrices, and right-hand sides.
    noise : mxnet.nd.NDArray, shape (n, w), optional
        Standard normal numbers z. With them the result is a draw from the normal distribution
        with mean A⁻¹ b and covariance A⁻¹.

    Returns
    -------
    mxnet.nd.NDArray, shape (n, w)
    """
    lower = nd.linalg.potrf(left)
    half = nd.linalg.trsm(lower, right.expand_dims(2))  # L y = b
    if noise is not None:
        half = half + noise.expand_dims(2)
    return nd.linalg.trsm(lower, half, transpose=True).squeeze(axis=2)  # Lᵀ x = y


def combine(users, items, mean, user_idx, item_idx):
    """Return the model's ratings, ``(n,)``, from two sides (numpy.ndarray), unclipped."""
    p, q = users[user_idx], items[item_idx]  # (n, k + 1)
    return mean + p[:, -1] + q[:, -1] + np.einsum("nk,nk->n", p[:, :-1], q[:, :-1])


class Solver:
    """What both solvers have: the data, `fit` and the check of indices."""

    def fit(self, split, epochs, seed=0):
        """Fit to ``split.train``.

        Parameters
        ----------
        split : mfbook.datasets.Split
            Its test part is only measured on, after each epoch.
        epochs : int
            Sweeps: in each, all users are solved for and then all items.
        seed : int
            Of everything that is random.

        Returns
        -------
        mfbook.training.History
            Its errors are those of `predict` with what is known after the epoch.
        """
        check_sizes(epochs=epochs)
        self._read(split)
        mx.random.seed(seed)
        self._begin(np.random.default_rng(seed))
        parts = [
            tuple(part[column].to_numpy() for column in ("user_idx", "item_idx", "rating"))
            for part in (split.train, split.test)
        ]
        rows = []
        for epoch in tqdm(range(1, epochs + 1), desc="sweeps", leave=False):
            start = time.perf_counter()
            self._sweep()
            nd.waitall()
            seconds = time.perf_counter() - start
            errors = [rmse(part[2], self._now(number, part)) for number, part in enumerate(parts)]
            rows.append((epoch, *errors, seconds, len(split.train) / seconds))
        return History.of(rows)

    def _read(self, split):
        user, item = (split.train[c].to_numpy() for c in ("user_idx", "item_idx"))
        rating = split.train["rating"].to_numpy(np.float64)
        self.mean, self.scale = rating.mean(), (rating.min(), rating.max())
        self.sizes = n_users, n_items = split.n_users, split.n_items
        above = rating - self.mean
        self.known = (
            known(user, item, above, (n_users, n_items)),
            known(item, user, above, (n_items, n_users)),
        )

    def predict(self, user_idx, item_idx):
        """Predict ratings, as `networks.Network.predict` does.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Returns
        -------
        numpy.ndarray, shape (n,)
            In stars, clipped to the scale of the training ratings.

        Raises
        ------
        ValueError
            If the model has not been fitted, or an index is outside its table.
        """
        return self._predict(*self._check(user_idx, item_idx))

    def _check(self, user_idx, item_idx):
        if not hasattr(self, "sizes"):
            raise ValueError(f"This {type(self).__name__} has not been fitted. Call fit first.")
        check_indices(user_idx, item_idx, *self.sizes)
        return np.asarray(user_idx, int), np.asarray(item_idx, int)


class ALS(Solver):
    """Biased matrix factorization by alternating least squares.

    Y. Koren, R. Bell and C. Volinsky (2009), Matrix Factorization Techniques for Recommender
    Systems, *Computer* 42, equations 4 and 5.

    Parameters
    ----------
    k : int
        Number of latent factors.
    reg, reg_bias : float
        Penalty on every vector's and every bias's square, once for each user and item.
    """

    def __init__(self, k, reg, reg_bias):
        check_sizes(k=k)
        for name, value in (("reg", reg), ("reg_bias", reg_bias)):
            if not value > 0:
                raise ValueError(f"{name} is {value!r}; it must be greater than 0.")
        self.k = k
        self.penalty = nd.diag(nd.array([reg] * k + [reg_bias]))  # (k + 1, k + 1)

    def _begin(self, rng):
        self.users = nd.zeros((self.sizes[0], self.k + 1))
        self.items = nd.random.normal(scale=0.1, shape=(self.sizes[1], self.k + 1))
        self.items[:, self.k] = 0  # no bias yet

    def _sweep(self):
        by_user, by_item = self.known
        none = nd.zeros((1, self.k + 1))
        self.users = solve(*equations(by_user, self.items, self.penalty, none))
        self.items = solve(*equations(by_item, self.users, self.penalty, none))

    def _now(self, number, part):
        return self.predict(*part[:2])

    def _predict(self, user, item):
        return np.clip(self.predict_from(self.users.asnumpy(), user, item), *self.scale)

    def predict_from(self, rows, user_idx, item_idx):
        """Return unclipped ratings ``(n,)`` for other user rows, ``(n_rows, k + 1)``, than its own."""
        return combine(rows, self.items.asnumpy(), self.mean, user_idx, item_idx)

    def fold_in(self, item_idx, rating):
        """Solve for a new person, the items fixed.

        Parameters
        ----------
        item_idx : array_like of int, shape (n,)
            What the person rated, zero-based.
        rating : array_like of float, shape (n,)
            In stars.

        Returns
        -------
        numpy.ndarray, shape (1, k + 1)
            The person's vector and, last, bias.

        Raises
        ------
        ValueError
            If an index is outside the table, or a rating is missing, no number or off the scale.
        """
        nobody, item = self._check(np.zeros(len(item_idx), int), item_idx)
        rating = np.asarray(rating, float)
        low, high = self.scale
        if rating.shape != item.shape or not ((rating >= low) & (rating <= high)).all():
            raise ValueError(
                f"rating is {rating}; it must be {len(item)} numbers from {low:g} to {high:g}."
            )
        above = rating - self.mean
        data = known(nobody, item, above, (1, self.sizes[1]))
        none = nd.zeros((1, self.k + 1))
        return solve(*equations(data, self.items, self.penalty, none)).asnumpy()


class Link:
    """What the attributes of a side say about its rows: a ridge regression, drawn by Gibbs.

    J. Simm and others (2017), Macau: Scalable Bayesian Factorization with High-Dimensional Side
    Information using MCMC, IEEE MLSP, `arXiv:1509.04610`: the link matrix and its draw. Simpler
    than there: the precision of the rows is drawn from the rows alone, not from the weights too.

    Parameters
    ----------
    features : numpy.ndarray, shape (n, n_features)
        One row for each user or item.
    width : int
        Columns of the side.
    """

    def __init__(self, features, width):
        self.features = nd.array(features)  # (n, n_features)
        gram = nd.dot(self.features, self.features, transpose_a=True)
        vectors, values = nd.linalg.syevd(gram.astype("float64"))  # eigenvectors in rows
        self.vectors = vectors.astype("float32")
        self.values = nd.maximum(values, 0).astype("float32")
        self.width, self.reg = width, 1.0

    def draw(self, rest, precision, rng):
        """Draw the regression from what a side has beyond its mean; return what it predicts.

        Parameters
        ----------
        rest : mxnet.nd.NDArray, shape (n, width)
            The side minus its mean.
        precision : numpy.ndarray, shape (width, width)
            Of the side's rows.
        rng : numpy.random.Generator
            For the penalty's draw.

        Returns
        -------
        mxnet.nd.NDArray, shape (n, width)
        """
        n_features = self.features.shape[1]
        # z T has the covariance of a row where z is standard normal: Λ = L Lᵀ, T = L⁻¹
        spread = nd.array(np.linalg.inv(np.linalg.cholesky(precision)))
        noise = [nd.random.normal(shape=(n, self.width)) for n in (rest.shape[0], n_features)]
        first, second = (nd.dot(z, spread) for z in noise)
        right = nd.dot(self.features, rest + first, transpose_a=True) + self.reg**0.5 * second
        turned = nd.dot(self.vectors, right) / (self.values + self.reg).expand_dims(1)
        weights = nd.dot(self.vectors, turned, transpose_a=True)
        w = weights.asnumpy().astype(np.float64)  # (n_features, width)
        size = np.sum((w @ precision) * w)
        self.reg = rng.gamma((2 + w.size) / 2, 2 / (2 + size))
        return nd.dot(self.features, weights)


class Gibbs(Solver):
    """Bayesian biased matrix factorization by Gibbs sampling.

    R. Salakhutdinov and A. Mnih (2008), Bayesian Probabilistic Matrix Factorization using Markov
    Chain Monte Carlo, ICML, section 3; with biases as one more column of each side, and with
    attributes as its rows' prior mean (see `Link`).

    Parameters
    ----------
    k : int
        Number of latent factors.
    features : tuple of (numpy.ndarray or None), optional
        Attributes of the users, ``(n_users, n_features)``, and of the items.
    burn_in, chain : int
        A chain starts anew after ``chain`` sweeps, and its first ``burn_in`` are not kept. Several
        short chains see more of the posterior than one long one, which stays near its start.
    """

    def __init__(self, k, features=(None, None), burn_in=20, chain=80):
        check_sizes(k=k, burn_in=burn_in, chain=chain)
        if chain <= burn_in:
            raise ValueError(f"chain is {chain}, burn_in {burn_in}: no sweep would be kept.")
        self.k, self.features, self.burn_in, self.chain = k, features, burn_in, chain

    def _begin(self, rng):
        self.rng, self.samples, self.sweeps, self.sums = rng, [], 0, [0.0, 0.0]
        self.links = [None if f is None else Link(f, self.k + 1) for f in self.features]

    def _start_chain(self):
        shapes = [(n, self.k + 1) for n in self.sizes]
        self.noise_precision = 1.5
        self.sides = [nd.random.normal(scale=0.1, shape=shape) for shape in shapes]
        self.from_features = [nd.zeros(shape) for shape in shapes]

    def _sweep(self):
        if self.sweeps % self.chain == 0:
            self._start_chain()
        for at in (0, 1):
            side = self.sides[at]
            mean, precision = draw_prior((side - self.from_features[at]).asnumpy(), self.rng)
            mean, penalty = nd.array(mean).expand_dims(0), nd.array(precision)  # (1, w), (w, w)
            if self.links[at]:
                self.from_features[at] = self.links[at].draw(side - mean, precision, self.rng)
            pull = nd.dot(self.from_features[at] + mean, penalty)
            system = equations(
                self.known[at], self.sides[1 - at], penalty, pull, self.noise_precision
            )
            self.sides[at] = solve(*system, noise=nd.random.normal(shape=side.shape))
        self.sweeps += 1

    def _keeps(self):
        return (self.sweeps - 1) % self.chain >= self.burn_in

    def _now(self, number, part):
        """Predict a part after a sweep: with that sweep's draw, later with the mean of samples."""
        user, item, rating = part
        users, items = (side.asnumpy() for side in self.sides)
        drawn = combine(users, items, self.mean, user, item)
        if number == 0:  # the training part comes first, once after every sweep
            error = np.sum((rating - drawn.astype(np.float64)) ** 2)
            self.noise_precision = self.rng.gamma((2 + len(rating)) / 2, 2 / (2 + error))
            if self._keeps():
                self.samples.append((users, items, self.noise_precision))
        drawn = np.clip(drawn, *self.scale)
        if self._keeps():
            self.sums[number] = self.sums[number] + drawn
        return self.sums[number] / len(self.samples) if self.samples else drawn

    def _predict(self, user, item):
        """Return the mean of all samples' predictions, each clipped to the scale."""
        total = np.zeros(len(user))
        for drawn, _ in self.draws(user, item):
            total += np.clip(drawn, *self.scale)
        return total / len(self.samples)

    def draws(self, user_idx, item_idx):
        """Yield each sample's unclipped ratings, ``(n,)``, and its noise's deviation in stars."""
        user, item = self._check(user_idx, item_idx)
        if not self.samples:
            raise ValueError(f"No sample was kept: fit with more than {self.burn_in} epochs.")
        for users, items, noise_precision in self.samples:
            yield combine(users, items, self.mean, user, item), noise_precision**-0.5


def draw_prior(side, rng):
    """Draw mean and precision of a side's rows from their Normal-Wishart posterior.

    Salakhutdinov and Mnih (2008), equation 14, with W₀ = I, ν₀ = w, β₀ = 2 and μ₀ = 0.

    Parameters
    ----------
    side : numpy.ndarray, shape (n, w)
        The rows, without what attributes say about them.
    rng : numpy.random.Generator
        For the draw.

    Returns
    -------
    tuple of numpy.ndarray
        The mean, ``(w,)``, and the precision Λ, ``(w, w)``.
    """
    n, width = side.shape
    centre = side.mean(axis=0, dtype=np.float64)
    apart = side - centre
    inverse = np.eye(width) + apart.T @ apart + 2 * n / (2 + n) * np.outer(centre, centre)
    scale = np.linalg.cholesky(np.linalg.inv(inverse))
    # a Wishart matrix by Bartlett's decomposition
    lower = np.tril(rng.standard_normal((width, width)), -1)
    lower += np.diag(np.sqrt(rng.chisquare(width + n - np.arange(width))))
    root = scale @ lower
    precision = root @ root.T
    away = np.linalg.solve(np.linalg.cholesky((2 + n) * precision).T, rng.standard_normal(width))
    return n * centre / (2 + n) + away, precision
