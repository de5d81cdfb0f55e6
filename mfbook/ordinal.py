r"""Ordered probit: stars as steps on a scale of real numbers.

A user's utility for an item is a normal variable, and the number of stars says between which two
thresholds it lies (Y. Koren and J. Sill 2011, OrdRec, *RecSys*; U. Paquet, B. Thomson and O. Winther
2012, A Hierarchical Model for Ordinal Matrix Factorization, *Statistics and Computing* 22). The
utilities are measured in stars: the lowest and the highest threshold are fixed half a star from the
ends of the scale, and those between are drawn. Around these common thresholds, each user has
thresholds and a noise of their own (see `OrderedProbit`).
"""

from __future__ import annotations

import math

from mfbook.datasets import Split
import numpy as np

# The normal distribution function as a table, between whose values is interpolated.
END, PER_UNIT = 9, 1024
GRID = np.linspace(-END, END, 2 * END * PER_UNIT + 1)
CDF = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in GRID])
STEPS, STEP, NOISE_STEP = 6, 0.01, 0.008  # of the random walk, in each sweep
# Of the users' random walks: each step is about as long as what is proposed is uncertain, of which
# a rating says about as much as a prior of this precision.
USER_STEPS, USER_STEP, OF_A_RATING = 4, 1.5, 0.3
# Where the habits' precisions start in each chain: a standard deviation of 0.2.
FIRST_PRECISION = 25.0
FAR = 99.0  # stars; as good as infinitely far, and finite
MOST_STARS = 20


def whole_stars(split: Split) -> tuple[int, np.ndarray]:
    """The lowest number of stars, and how many stars above it each training rating has.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only its training ratings are read.

    Returns
    -------
    lowest : int
    steps : numpy.ndarray of int, shape (n_train,)
        From 0.

    Raises
    ------
    ValueError
        If the ratings are not whole stars, or there are fewer than three or more than 20 kinds.

    Notes
    -----
    Chapter 9 builds on it.

    Examples
    --------
    >>> from mfbook import datasets
    >>> lowest, steps = whole_stars(datasets.load("synthetic"))
    >>> lowest, int(steps.max())
    (1, 4)
    """
    low, high = split.scale
    rating = split.train["rating"].to_numpy()
    if (rating != np.rint(rating)).any() or not 2 <= high - low < MOST_STARS:
        part = rating[rating != np.rint(rating)]
        found = f", for example {part[0]:g}" if len(part) else ""
        raise ValueError(
            f"The likelihood 'stars' needs whole stars, 3 to {MOST_STARS} different ones, but the "
            f"training ratings go from {low:g} to {high:g}{found}. Use likelihood='normal', or round "
            "or multiply the ratings first."
        )
    return int(low), (rating - low).astype(int)


def cdf(x: np.ndarray) -> np.ndarray:
    """Standard normal distribution function, to seven digits.

    Parameters
    ----------
    x : numpy.ndarray

    Returns
    -------
    numpy.ndarray

    Notes
    -----
    Chapter 9 builds on it.

    Examples
    --------
    >>> cdf(np.array([0, 1.96])).round(3)
    array([0.5  , 0.975])
    """
    # The grid is even, so the place of each x is known: several times as fast as np.interp.
    place = (np.clip(x, -END, END) + END) * PER_UNIT
    left = np.minimum(place.astype(np.int32), len(CDF) - 2)
    below = CDF[left]
    return below + (place - left) * (CDF[left + 1] - below)


def truncated_normal(
    mean: np.ndarray, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draws from normal distributions of variance 1, each within its interval.

    Parameters
    ----------
    mean, low, high : numpy.ndarray, shape (n,)
        Mean and ends of each interval.
    rng : numpy.random.Generator
        For the draws.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Notes
    -----
    Chapter 9 builds on it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn = truncated_normal(np.zeros(1000), np.full(1000, 2.0), np.full(1000, 3.0), rng)
    >>> bool(((drawn >= 2) & (drawn <= 3)).all())
    True
    """
    # Turned around where the interval lies above the mean: the lower tail has more digits.
    sign = np.where(low > mean, -1, 1)
    ends = np.sort(np.stack([sign * (low - mean), sign * (high - mean)]), axis=0)
    below, above = cdf(ends)
    drawn = np.interp(below + rng.random(len(mean)) * (above - below), CDF, GRID)
    return mean + sign * np.clip(drawn, *ends)


def probabilities(
    utility: np.ndarray, thresholds: np.ndarray, noise_precision: float | np.ndarray
) -> np.ndarray:
    """Probability of each number of stars.

    Parameters
    ----------
    utility : numpy.ndarray, shape (n,)
        In stars.
    thresholds : numpy.ndarray, shape (n_kinds - 1,) or (n, n_kinds - 1)
        In stars, ascending: the same for all utilities, or those of each.
    noise_precision : float or numpy.ndarray, shape (n,)
        Of a utility, or of each, in 1/stars².

    Returns
    -------
    numpy.ndarray, shape (n, n_kinds)
        Each row adds up to 1.

    Notes
    -----
    Chapter 9 builds on it.

    Examples
    --------
    >>> probabilities(np.array([3.0]), np.array([1.5, 2.5, 3.5, 4.5]), 1.0).round(2)
    array([[0.07, 0.24, 0.38, 0.24, 0.07]])
    """
    root = np.sqrt(noise_precision)[..., None]
    below = cdf((thresholds - utility[:, None]) * root)  # (n, n_kinds - 1)
    return np.diff(below, axis=1, prepend=0.0, append=1.0)


class OrderedProbit:
    r"""Utilities, thresholds and noise of a Gibbs chain.

    Some people use all the stars and others hardly leave four; some keep to their taste and others
    do not. So user u has thresholds and a noise of their own, around the common ones:

    .. math::
       c_{u,s+1} - c_{u,s} &= (c_{s+1} - c_s)\, e^{\eta_{us}} \\
       \alpha_u &= \alpha\, e^{\eta_{u0}}

    The threshold in the middle is common, because the user's bias moves all of them together. The
    habits η of all users have the prior :math:`\eta_{us} \sim N(0, 1 / \tau_s)`, and each
    :math:`\tau_s` has the prior Gamma(1/2, 1/20). With few ratings a user keeps about the common
    thresholds and noise. (Paquet and others give each item its thresholds, Koren and Sill each
    user.)

    All of them are drawn by random walks on the probability of the stars themselves, with the
    utilities summed out: given utilities, thresholds could hardly move (M. K. Cowles 1996). A step
    of user u changes only the probability of u's own ratings, so that all users take a step at
    once, and each is accepted or not by itself. Given η, :math:`\tau_s` is drawn from
    Gamma((1 + n) / 2, (0.1 + Σ η²) / 2).

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only its training ratings are read: whole stars.

    Attributes
    ----------
    common : numpy.ndarray, shape (n_kinds - 1,)
        The last draw of the common thresholds, in stars, ascending.
    habits : numpy.ndarray, shape (n_users, n_kinds - 1)
        The last draw of η: of each step between two thresholds, and in the last column of the noise.
    precisions : numpy.ndarray, shape (n_kinds - 1,)
        The last draw of τ.

    Raises
    ------
    ValueError
        If the ratings are not whole stars.

    Notes
    -----
    Chapter 9 uses it.

    Examples
    --------
    >>> from mfbook import datasets
    >>> probit = OrderedProbit(datasets.load("synthetic"))
    >>> probit.thresholds.shape
    (943, 4)
    >>> probit.thresholds[0]
    array([1.5, 2.5, 3.5, 4.5])
    """

    def __init__(self, split: Split) -> None:
        self._lowest, self._steps = whole_stars(split)
        self._n_kinds = int(split.scale[1]) - self._lowest + 1
        self._user = split.train["user_idx"].to_numpy()
        self._counts = np.bincount(self._user, minlength=split.n_users)
        self.restart()

    def restart(self) -> None:
        """Begin a new chain: thresholds half way between whole stars, the same for all users."""
        self.common = self._lowest + 0.5 + np.arange(self._n_kinds - 1)
        self.habits = np.zeros((len(self._counts), self._n_kinds - 1))
        self.precisions = np.full(self._n_kinds - 1, FIRST_PRECISION)

    @property
    def thresholds(self) -> np.ndarray:
        """The last draw of each user's thresholds, ``(n_users, n_kinds - 1)``, in stars."""
        return _stretched(self.common, self.habits)

    @property
    def weights(self) -> np.ndarray:
        """How many times as precise as the common noise each user's is, ``(n_users,)``."""
        return np.exp(self.habits[:, -1])

    def draw(
        self, utility: np.ndarray, noise_precision: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, float]:
        """Draw thresholds, habits and noise, then a utility for each training rating.

        Parameters
        ----------
        utility : numpy.ndarray, shape (n_train,)
            The expected ones, in stars.
        noise_precision : float
            The last draw of the common one, in 1/stars².
        rng : numpy.random.Generator
            For the draws.

        Returns
        -------
        utilities : numpy.ndarray, shape (n_train,)
        noise_precision : float
            The common one.
        """
        noise_precision = self._draw_common(utility, noise_precision, rng)
        self._draw_habits(utility, noise_precision, rng)
        low, high, root = self._ends(self.common, self.habits, noise_precision)
        drawn = truncated_normal(utility * root, low * root, high * root, rng)
        return drawn / root, noise_precision

    def _draw_common(
        self, utility: np.ndarray, noise_precision: float, rng: np.random.Generator
    ) -> float:
        """Draw the common thresholds and the common noise precision; return the latter."""
        now = self._log_likelihood(utility, self.common, self.habits, noise_precision).sum()
        for _ in range(STEPS):
            common = self.common.copy()
            common[1:-1] += STEP * rng.standard_normal(len(common) - 2)
            precision = noise_precision * math.exp(NOISE_STEP * rng.standard_normal())
            if (np.diff(common) > 0).all():
                proposed = self._log_likelihood(utility, common, self.habits, precision).sum()
                if math.log(rng.random()) < proposed - now:
                    self.common, noise_precision, now = common, precision, proposed
        return noise_precision

    def _draw_habits(
        self, utility: np.ndarray, noise_precision: float, rng: np.random.Generator
    ) -> None:
        """Draw each user's habits, first those of the thresholds, then that of the noise; then τ."""
        size = USER_STEP / np.sqrt(self.precisions + OF_A_RATING * self._counts[:, None])
        now = self._log_likelihood(utility, self.common, self.habits, noise_precision)
        for columns in USER_STEPS * (slice(0, -1), slice(-1, None)):
            habits = self.habits.copy()
            habits[:, columns] += (size * rng.standard_normal(size.shape))[:, columns]
            proposed = self._log_likelihood(utility, self.common, habits, noise_precision)
            gain = np.bincount(self._user, weights=proposed - now, minlength=len(habits))
            gain += (self.habits**2 - habits**2) @ self.precisions / 2
            taken = np.log(rng.random(len(habits))) < gain
            self.habits = np.where(taken[:, None], habits, self.habits)
            now = np.where(taken[self._user], proposed, now)
        squares = (self.habits**2).sum(axis=0)
        self.precisions = rng.gamma((1 + len(self.habits)) / 2, 2 / (0.1 + squares))

    def _ends(
        self, common: np.ndarray, habits: np.ndarray, noise_precision: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the ends of each training rating's interval, in stars, and the root of its α."""
        thresholds = _stretched(common, habits)
        ends = np.pad(thresholds, ((0, 0), (1, 1)), constant_values=((0, 0), (-FAR, FAR))).ravel()
        at = self._user * (self._n_kinds + 1) + self._steps
        root = np.sqrt(noise_precision * np.exp(habits[:, -1]))
        return ends[at], ends[at + 1], root[self._user]

    def _log_likelihood(
        self, utility: np.ndarray, common: np.ndarray, habits: np.ndarray, noise_precision: float
    ) -> np.ndarray:
        """Return the logarithm of the probability of each training rating, ``(n_train,)``."""
        low, high, root = self._ends(common, habits, noise_precision)
        inside = cdf((high - utility) * root) - cdf((low - utility) * root)
        return np.log(np.maximum(inside, 1e-12))


def _stretched(common: np.ndarray, habits: np.ndarray) -> np.ndarray:
    """Return each user's thresholds, ``(n_users, n_kinds - 1)``; the one in the middle is common."""
    middle = len(common) // 2
    above_lowest = np.zeros(habits.shape)
    np.cumsum(np.diff(common) * np.exp(habits[:, :-1]), axis=1, out=above_lowest[:, 1:])
    return common[middle] + above_lowest - above_lowest[:, [middle]]
