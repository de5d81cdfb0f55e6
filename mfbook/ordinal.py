r"""Ordered probit: stars as steps on a scale of real numbers.

A user's utility for an item is a normal variable, and the number of stars says between which two
thresholds it lies (Y. Koren and J. Sill 2011, OrdRec, *RecSys*; U. Paquet, B. Thomson and O. Winther
2012, A Hierarchical Model for Ordinal Matrix Factorization, *Statistics and Computing* 22). The
utilities are measured in stars: the lowest and the highest threshold are fixed half a star from the
ends of the scale, and those between are drawn.
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
    utility: np.ndarray, thresholds: np.ndarray, noise_precision: float
) -> np.ndarray:
    """Probability of each number of stars.

    Parameters
    ----------
    utility : numpy.ndarray, shape (n,)
        In stars.
    thresholds : numpy.ndarray, shape (n_kinds - 1,)
        In stars, ascending.
    noise_precision : float
        Of a utility, in 1/stars².

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
    root = math.sqrt(noise_precision)
    below = cdf((thresholds - utility[:, None]) * root)  # (n, n_kinds - 1)
    return np.diff(below, axis=1, prepend=0.0, append=1.0)


class OrderedProbit:
    """Utilities, thresholds and noise of a Gibbs chain.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only its training ratings are read: whole stars.

    Attributes
    ----------
    thresholds : numpy.ndarray, shape (n_kinds - 1,)
        The last draw, in stars, ascending.

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
    >>> OrderedProbit(datasets.load("synthetic")).thresholds
    array([1.5, 2.5, 3.5, 4.5])
    """

    def __init__(self, split: Split) -> None:
        self._lowest, self._steps = whole_stars(split)
        self._n_kinds = int(split.scale[1]) - self._lowest + 1
        self.restart()

    def restart(self) -> None:
        """Begin a new chain: thresholds half way between whole stars."""
        self.thresholds = self._lowest + 0.5 + np.arange(self._n_kinds - 1)

    def draw(
        self, utility: np.ndarray, noise_precision: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, float]:
        """Draw thresholds and noise precision, then a utility for each training rating.

        Parameters
        ----------
        utility : numpy.ndarray, shape (n_train,)
            The expected ones, in stars.
        noise_precision : float
            The last draw, in 1/stars².
        rng : numpy.random.Generator
            For the draws.

        Returns
        -------
        utilities : numpy.ndarray, shape (n_train,)
        noise_precision : float
        """
        # A random walk on the probability of the stars themselves: given utilities, the thresholds
        # could hardly move (M. K. Cowles 1996).
        now = self._log_likelihood(utility, self.thresholds, noise_precision)
        for _ in range(STEPS):
            thresholds = self.thresholds.copy()
            thresholds[1:-1] += STEP * rng.standard_normal(len(thresholds) - 2)
            precision = noise_precision * math.exp(NOISE_STEP * rng.standard_normal())
            if (np.diff(thresholds) > 0).all():
                proposed = self._log_likelihood(utility, thresholds, precision)
                if math.log(rng.random()) < proposed - now:
                    self.thresholds, noise_precision, now = thresholds, precision, proposed
        low, high = self._ends(self.thresholds)
        root = math.sqrt(noise_precision)
        drawn = truncated_normal(utility * root, low * root, high * root, rng) / root
        return drawn, noise_precision

    def _ends(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of each training rating's interval, in stars."""
        ends = np.concatenate([[-FAR], thresholds, [FAR]])
        return ends[self._steps], ends[self._steps + 1]

    def _log_likelihood(
        self, utility: np.ndarray, thresholds: np.ndarray, noise_precision: float
    ) -> float:
        low, high = self._ends(thresholds)
        root = math.sqrt(noise_precision)
        inside = cdf((high - utility) * root) - cdf((low - utility) * root)
        return float(np.log(np.maximum(inside, 1e-12)).sum())
