"""Effects of sessions: what ratings have in common that one user entered at about the same time.

MovieLens shows its users pages of films to rate, so most ratings share their second, or their
minute, with others of the same user. A user's mood, or the order of the films on a page, then
shows in all of them.
"""

from __future__ import annotations

from mfbook.datasets import Split
from mfbook.datasets._times import as_seconds
import numpy as np
from numpy.typing import ArrayLike

DAY = 86_400  # seconds
GAP = 120  # seconds without a rating, after which a new burst begins
# Where the chain starts, in 1/stars²: effects of a standard deviation of 0.2 stars.
FIRST_PRECISION = 25.0
# A user and a time stamp as one number: time stamps have at most so many bits.
BITS = 37


class Sessions:
    """Groups of a training set's ratings: by user and second, by user and burst, by user and day.

    Parameters
    ----------
    split : mfbook.datasets.Split
        Only the users and time stamps of ``split.train`` are read, not its ratings, and nothing of
        the evaluation set. A burst ends where its user rates nothing for two minutes.

    Attributes
    ----------
    sizes : tuple of int
        How many groups of each kind there are.

    Raises
    ------
    DataError
        If the training ratings have no column ``timestamp``, or it is no time in seconds.

    Notes
    -----
    Chapter 9 uses them.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import datasets
    >>> times = [0, 0, 60, 90_000, 90_000]
    >>> ratings = {"user_id": 1, "item_id": range(5), "rating": 3.0, "timestamp": times}
    >>> table = pd.DataFrame(ratings)
    >>> sessions = Sessions(datasets.make_split(table[:4], table[4:]))
    >>> sessions.sizes
    (3, 2, 2)
    >>> sessions.groups([0, 0], [100, 90_000]).tolist()
    [[-1, 2], [0, 1], [0, 1]]
    """

    def __init__(self, split: Split) -> None:
        train = split.train
        seconds = as_seconds(train.get("timestamp"))
        user = train["user_idx"].to_numpy()
        self._keys = np.sort(_key(user, seconds))
        self._seconds, self._days = np.unique(self._keys), np.unique(_key(user, seconds // DAY))
        # The gap to another user's ratings is larger than any.
        self._burst = np.concatenate([[0], np.cumsum(np.diff(self._keys) > GAP)])
        self.sizes = len(self._seconds), int(self._burst[-1]) + 1, len(self._days)

    def groups(self, user_idx: ArrayLike, timestamp: object) -> np.ndarray:
        """Return which group of each kind ratings belong to, by their own time stamps.

        Parameters
        ----------
        user_idx : array_like of int, shape (n,)
            Zero-based.
        timestamp : array_like of int, shape (n,)
            In seconds since 1970.

        Returns
        -------
        numpy.ndarray of int, shape (3, n)
            -1 where no training rating is in such a group.

        Raises
        ------
        DataError
            If a time stamp is missing or no time in seconds.
        """
        user, seconds = np.asarray(user_idx), as_seconds(timestamp)
        key = _key(user, seconds)
        after = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        before = np.maximum(after - 1, 0)
        gaps = np.abs(self._keys[[before, after]] - key)  # (2, n)
        burst = self._burst[np.where(gaps[0] < gaps[1], before, after)]
        return np.stack(
            [
                _find(self._seconds, key),
                np.where(gaps.min(axis=0) <= GAP, burst, -1),
                _find(self._days, _key(user, seconds // DAY)),
            ]
        )


def _key(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    return (user.astype(np.int64) << BITS) + time


def _find(known: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the positions of keys among the known ones, in order; -1 for others."""
    at = np.minimum(np.searchsorted(known, key), len(known) - 1)
    return np.where(known[at] == key, at, -1)


class SessionEffects:
    r"""Normal effects of the three kinds of groups, drawn by Gibbs sampling.

    Each effect has the prior :math:`N(0, 1/\tau)` with one precision for each kind, which has the
    prior Gamma(1/2, 1/20).

    Parameters
    ----------
    groups : numpy.ndarray of int, shape (3, n)
        The groups of the training ratings, none of them -1.
    sizes : sequence of int
        How many groups of each kind there are.

    Attributes
    ----------
    effects : list of numpy.ndarray
        The last draw, in stars, one array for each kind.
    precisions : list of float
        The last draw of each :math:`\tau`, in 1/stars².

    Notes
    -----
    Chapter 9 adds them to the model.

    Examples
    --------
    >>> groups, rng = np.zeros((3, 1000), int), np.random.default_rng(0)
    >>> effects = SessionEffects(groups, (1, 1, 1))
    >>> effects.draw(np.ones(1000), 1.5, rng)
    >>> bool(abs(effects.total(groups)[0] - 1) < 0.2)
    True
    """

    def __init__(self, groups: np.ndarray, sizes: tuple[int, ...]) -> None:
        self._groups, self._sizes = groups, sizes
        self.restart()

    def restart(self) -> None:
        """Begin a new chain, without effects."""
        self.effects = [np.zeros(n, np.float32) for n in self._sizes]
        self.precisions = [FIRST_PRECISION] * len(self._sizes)

    def total(self, groups: np.ndarray) -> np.ndarray:
        """Return the sum of the effects of each rating's groups, ``(n,)``, in stars."""
        return total(self.effects, groups)

    def draw(
        self, residual: np.ndarray, noise_precision: float | np.ndarray, rng: np.random.Generator
    ) -> None:
        """Draw all effects and their precisions.

        Parameters
        ----------
        residual : numpy.ndarray, shape (n,)
            The training ratings minus all but these effects, in stars.
        noise_precision : float or numpy.ndarray, shape (n,)
            Of a rating, or of each, in 1/stars².
        rng : numpy.random.Generator
            For the draws.
        """
        rest = residual - self.total(self._groups)
        alpha = np.broadcast_to(noise_precision, len(rest))
        for kind, group in enumerate(self._groups):
            rest += self.effects[kind][group]
            n = self._sizes[kind]
            precision = self.precisions[kind] + np.bincount(group, weights=alpha, minlength=n)
            sums = np.bincount(group, weights=alpha * rest, minlength=n)
            noise = rng.standard_normal(n)
            drawn = sums / precision + noise / np.sqrt(precision)
            self.effects[kind] = drawn.astype(np.float32)
            self.precisions[kind] = rng.gamma((1 + len(drawn)) / 2, 2 / (0.1 + drawn @ drawn))
            rest -= self.effects[kind][group]


def total(effects: list[np.ndarray], groups: np.ndarray) -> np.ndarray:
    """Sum of the effects of each rating's groups, ``(n,)``, in stars.

    Parameters
    ----------
    effects : list of numpy.ndarray
        One array for each kind of group.
    groups : numpy.ndarray of int, shape (3, n)
        -1 for a group without an effect.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Notes
    -----
    Chapter 9 builds on it.

    Examples
    --------
    >>> total([np.array([0.5])], np.array([[0, -1]]))
    array([0.5, 0. ])
    """
    parts = [
        np.where(group >= 0, effect[group], 0)
        for effect, group in zip(effects, groups, strict=True)
    ]
    return np.sum(parts, axis=0)
