"""Calibration of probabilities of stars: against their frequency, and as intervals."""

from __future__ import annotations

from mfbook._validation import check_generator, check_shape
import numpy as np
import pandas as pd


def reliability(shares: np.ndarray, steps: np.ndarray, user_idx: np.ndarray) -> pd.DataFrame:
    r"""Predicted probability against frequency, for each number of stars and tenth of the ratings.

    For each number of stars the ratings are sorted by its predicted probability and cut into
    tenths. In each tenth, the mean probability is compared with the share of its ratings that have
    so many stars. The errors :math:`d` of one user's ratings go together, so the standard error is
    that of a sum of independent users: :math:`\sqrt{\sum_u (\sum_i (d_{ui} - \bar d))^2} / n`.

    Parameters
    ----------
    shares : numpy.ndarray, shape (n, n_kinds)
        The probability of each number of stars, the lowest first.
    steps : numpy.ndarray of int, shape (n,)
        How many stars above the lowest each rating has, from 0.
    user_idx : numpy.ndarray of int, shape (n,)
        Whose rating it is.

    Returns
    -------
    pandas.DataFrame
        ``step``, ``tenth`` (from 1), ``ratings``, ``predicted``, ``observed``, ``standard_error``.

    Raises
    ------
    ValueError
        If there is not one number of stars and one user for each row of probabilities.

    Notes
    -----
    Chapter 9 uses it.

    Examples
    --------
    >>> shares = np.tile([0.2, 0.8], (100, 1))
    >>> table = reliability(shares, np.ones(100, int), np.arange(100))
    >>> len(table), float(table["observed"].iloc[-1])
    (20, 1.0)
    """
    _check(shares, steps)
    check_shape(user_idx, "user_idx", len(shares))
    rows = []
    for step, probability in enumerate(shares.T):
        order = np.argsort(probability, kind="stable")
        for tenth, chosen in enumerate(np.array_split(order, 10), start=1):
            gap = (steps[chosen] == step) - probability[chosen]
            of_users = np.bincount(user_idx[chosen], weights=gap - gap.mean())
            predicted = probability[chosen].mean()
            rows.append(
                {
                    "step": step,
                    "tenth": tenth,
                    "ratings": len(chosen),
                    "predicted": predicted,
                    "observed": predicted + gap.mean(),
                    "standard_error": np.sqrt(of_users @ of_users) / len(chosen),
                }
            )
    return pd.DataFrame(rows)


def pit_values(shares: np.ndarray, steps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Randomized probability integral transform of ratings, from 0 to 1.

    The probability of fewer stars, plus a random part of the probability of exactly so many. Where
    the probabilities are right, these numbers are spread evenly, so that exactly 90 % of them lie
    between 0.05 and 0.95. Intervals of whole stars cannot hold exactly 90 %, because they can only
    grow by a whole star.

    Parameters
    ----------
    shares : numpy.ndarray, shape (n, n_kinds)
        The probability of each number of stars, the lowest first.
    steps : numpy.ndarray of int, shape (n,)
        How many stars above the lowest each rating has, from 0.
    rng : numpy.random.Generator
        For the random parts.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Raises
    ------
    ValueError
        If there is not one number of stars for each row of probabilities, or ``rng`` is no
        generator.

    Notes
    -----
    Chapter 9 uses it. C. Czado, T. Gneiting and L. Held (2009), Predictive Model Assessment for
    Count Data, *Biometrics* 65, section 2.1.

    Examples
    --------
    >>> drawn = pit_values(np.array([[0.2, 0.8]]), np.array([1]), np.random.default_rng(0))
    >>> bool(0.2 <= drawn[0] <= 1)
    True
    """
    _check(shares, steps)
    check_generator(rng)
    rows = np.arange(len(shares))
    own = shares[rows, steps]
    return shares.cumsum(axis=1)[rows, steps] - own * rng.random(len(shares))


def _check(shares: np.ndarray, steps: np.ndarray) -> None:
    check_shape(shares, "shares", "n", "n_kinds")
    check_shape(steps, "steps", len(shares))
    if len(steps) and not (steps.min() >= 0 and steps.max() < shares.shape[1]):
        raise ValueError(
            f"steps goes from {steps.min()} to {steps.max()}, but there are {shares.shape[1]} "
            "columns of probabilities. Count the stars above the lowest, from 0."
        )
