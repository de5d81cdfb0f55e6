"""From predicted ratings to lists, and how good the lists are."""

from __future__ import annotations

import math

from mfbook._validation import (
    as_array,
    as_float,
    as_numbers,
    check_finite,
    check_fraction,
    check_indices,
    check_memory,
    check_model,
    check_seed,
    check_shape,
    check_sizes,
    shown,
)
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.model import Model
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

# So many pairs of user and item are predicted at a time.
BLOCK = 2**22


def scores(model: Model, split: Split, user_idx: ArrayLike) -> np.ndarray:
    """Predicted ratings of all items for some users; minus infinity for what they have rated.

    Parameters
    ----------
    model : mfbook.Model
        Fitted.
    split : mfbook.datasets.Split
        Its training set says what has been rated.
    user_idx : array_like of int, shape (n,)
        Zero-based.

    Returns
    -------
    numpy.ndarray, shape (n, n_items)
        In stars, unclipped, float64. For lists of many users of a large catalog, ask for some
        users at a time: the table itself may not be larger than 2 GB.

    Raises
    ------
    ValueError
        If a user is outside the table, a predicted rating is not a finite number, or the table
        would be too large.

    Notes
    -----
    Chapter 10 builds lists from them.

    Examples
    --------
    >>> from mfbook import als, datasets
    >>> split = datasets.load("synthetic")
    >>> model = als.ALS(k=2, reg=9, reg_bias=5, epochs=3).fit(split)
    >>> scores(model, split, [300]).shape
    (1, 1682)
    """
    check_model(model)
    check_split(split)
    users = as_array(user_idx, "user_idx")
    check_indices(users, np.zeros(users.shape, int), split.n_users, split.n_items)
    users = users.astype(int)
    n_bytes = 8 * len(users) * split.n_items
    check_memory(
        n_bytes,
        f"A table of {len(users):,} x {split.n_items:,} scores",
        "Ask for some users at a time and keep only their lists: np.vstack([top_n(scores(model, "
        f"split, some)) for some in np.array_split(user_idx, {-(-n_bytes // 10**8)})]).",
    )
    table = np.empty((len(users), split.n_items))
    rows = max(1, BLOCK // split.n_items)
    for start in range(0, len(users), rows):
        table[start : start + rows] = _predicted(model, split, users[start : start + rows])
    rated = split.train.loc[split.train["user_idx"].isin(users), ["user_idx", "item_idx"]]
    wanted = pd.DataFrame({"user_idx": users, "row": np.arange(len(users))})
    pairs = wanted.merge(rated, on="user_idx")
    table[pairs["row"], pairs["item_idx"]] = -np.inf
    return table


def _predicted(model: Model, split: Split, users: np.ndarray) -> np.ndarray:
    """Return the predicted ratings of all items for some users, ``(n, n_items)``, checked."""
    items = np.tile(np.arange(split.n_items), len(users))
    predicted = as_numbers(model.predict(np.repeat(users, split.n_items), items), "prediction")
    if predicted.shape != items.shape:
        raise ValueError(
            f"The model's predictions for {len(items)} pairs have the shape {predicted.shape}; its "
            "method predict must return one number for each pair."
        )
    table = predicted.reshape(len(users), split.n_items)
    if not np.isfinite(table).all():
        row, item = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(
            f"The model predicts {table[row, item]} for user {users[row]} and item {item}, which "
            "is not a finite number. Did its training diverge? Train it again."
        )
    return table


def top_n(scores: np.ndarray, n: int = 10) -> np.ndarray:
    """Indices of the n items with the highest scores, the best first.

    Parameters
    ----------
    scores : numpy.ndarray, shape (n_rows, n_items)
        As `scores` returns them: minus infinity for items that must not be listed. Of equal scores
        the lower index comes first.
    n : int
        Length of the lists.

    Returns
    -------
    numpy.ndarray of int, shape (n_rows, n)

    Raises
    ------
    ValueError
        If a score is NaN or infinite, or fewer than n items may be listed in some row.

    Notes
    -----
    Chapter 10 shows such lists.

    Examples
    --------
    >>> top_n(np.array([[3.0, 5.0, 4.0]]), n=2)
    array([[1, 2]])
    """
    scores = as_numbers(scores, "scores")
    if scores.ndim != 2:
        raise ValueError(
            f"scores has the shape {scores.shape}; it must have one row for each user and one "
            "column for each item."
        )
    check_sizes(n=n)
    _check_scores(scores, n)
    best = np.empty((len(scores), n), int)
    for row, of_user in enumerate(scores):
        # Only what is as good as the n-th best is sorted.
        candidates = np.flatnonzero(of_user >= np.partition(of_user, -n)[-n])
        best[row] = candidates[np.argsort(-of_user[candidates], kind="stable")[:n]]
    return best


def _check_scores(scores: np.ndarray, n: int) -> None:
    """Raise `ValueError` unless each row has n scores of items that may be listed."""
    wrong = ~(scores < np.inf)  # NaN is not less either
    if wrong.any():
        row, item = np.argwhere(wrong)[0]
        raise ValueError(
            f"The score of item {item} in row {row} is {scores[row, item]}. Did the training of the model diverge? "
            "Train it again."
        )
    left = (scores > -np.inf).sum(axis=1)  # (n_rows,)
    if len(left) and left.min() < n:
        raise ValueError(
            f"n is {n}, but row {left.argmin()} has only {left.min()} item(s) that have not been "
            "rated. Make the lists shorter."
        )


def evaluate(
    lists: np.ndarray, split: Split, user_idx: ArrayLike, liked_from: float = 4
) -> pd.Series:
    """Precision, recall, NDCG and coverage of lists.

    Parameters
    ----------
    lists : numpy.ndarray of int, shape (n_users, n)
        Item indices, one row for each of ``user_idx``, the best first, no item twice in a row.
    split : mfbook.datasets.Split
        Its evaluation set says what the users liked.
    user_idx : array_like of int, shape (n_users,)
        Whose lists these are, each user once. Users who liked nothing in the evaluation set are
        left out.
    liked_from : float
        From how many stars on an item counts as liked.

    Returns
    -------
    pandas.Series
        ``precision``, ``recall`` and ``NDCG`` (Järvelin and Kekäläinen 2002, with gain 1 for a
        liked item), means over users; ``coverage``: the share of all items that are in any list.

    Raises
    ------
    ValueError
        If the lists and users do not fit each other, an item or user does not exist or is
        repeated, or none of the users liked anything in the evaluation set.

    Notes
    -----
    Built in chapter 10.

    Examples
    --------
    >>> from mfbook import baselines, datasets
    >>> split = datasets.load("synthetic")
    >>> model = baselines.ItemMean().fit(split)
    >>> lists = top_n(scores(model, split, [0, 1]))
    >>> evaluate(lists, split, [0, 1]).index.tolist()
    ['precision', 'recall', 'NDCG', 'coverage']
    """
    result = evaluate_users(lists, split, user_idx, liked_from).mean()
    result["coverage"] = len(np.unique(lists)) / split.n_items
    return result


def evaluate_users(
    lists: np.ndarray, split: Split, user_idx: ArrayLike, liked_from: float = 4
) -> pd.DataFrame:
    """Precision, recall and NDCG of each user's list, whose means `evaluate` returns.

    Parameters
    ----------
    lists, split, user_idx, liked_from
        As for `evaluate`.

    Returns
    -------
    pandas.DataFrame
        ``precision``, ``recall`` and ``NDCG``, one row for each user who liked anything in the
        evaluation set, in the order of ``user_idx``; the index has the users.

    Raises
    ------
    ValueError
        As for `evaluate`.

    Notes
    -----
    Chapter 11 draws these users again and again: see `interval`.

    Examples
    --------
    >>> from mfbook import baselines, datasets
    >>> split = datasets.load("synthetic")
    >>> lists = top_n(scores(baselines.Popularity().fit(split), split, [0, 1]))
    >>> evaluate_users(lists, split, [0, 1]).shape
    (2, 3)
    """
    check_split(split)
    stars = as_float(liked_from)
    if math.isnan(stars):
        raise ValueError(f"liked_from is {shown(liked_from)}; it must be a number of stars.")
    lists, users = as_array(lists, "lists"), as_array(user_idx, "user_idx")
    _check_lists(lists, users, split)
    ratings = split.evaluation
    liked = ratings[ratings["rating"] >= stars].groupby("user_idx")["item_idx"].agg(set)
    by_user = pd.Series(list(lists), index=users.astype(int))
    evaluated = by_user.index[by_user.index.isin(liked.index)]
    if evaluated.empty:
        raise ValueError(
            f"None of these users has a rating of {shown(liked_from)} stars or more in the "
            f"{split.evaluation_set} set."
        )
    rows = []
    for user in evaluated:
        hit = np.array([item in liked[user] for item in by_user[user]])
        discount = 1 / np.log2(np.arange(len(hit)) + 2)  # a hit counts less further down
        ideal = discount[: len(liked[user])].sum()
        ndcg = (hit * discount).sum() / ideal
        rows.append((hit.mean(), hit.sum() / len(liked[user]), ndcg))
    return pd.DataFrame(rows, evaluated, columns=["precision", "recall", "NDCG"])


def interval(
    by_user: ArrayLike, level: float = 0.95, n_draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of a mean over users: where it lies if other users had been drawn.

    Parameters
    ----------
    by_user : array_like of float, shape (n_users,)
        One number for each user: a column of `evaluate_users`, or the difference of two models'
        columns.
    level : float
        Share of the draws whose mean lies in the interval, between 0 and 1.
    n_draws : int
        How often as many users are drawn, with replacement.
    seed : int
        Of the draws.

    Returns
    -------
    tuple of float
        The lower and the upper end.

    Raises
    ------
    ValueError
        If ``by_user`` has no numbers, or one that is not finite, or another argument is impossible.

    Notes
    -----
    B. Efron and R. Tibshirani (1993), An Introduction to the Bootstrap: the percentile
    interval. Chapter 11 shows it for each model.

    Examples
    --------
    >>> low, high = interval([0.0, 1.0] * 50)
    >>> low < 0.5 < high
    True
    """
    values = as_numbers(by_user, "by_user")
    check_shape(values, "by_user", "n_users")
    if not len(values):
        raise ValueError("by_user is empty; pass one number for each user.")
    check_finite(values, "by_user")
    check_fraction(level)
    check_sizes(n_draws=n_draws)
    check_seed(seed)
    rng, n = np.random.default_rng(seed), len(values)
    means = [values[rng.integers(n, size=n)].mean() for _ in range(n_draws)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def popularity(lists: np.ndarray, split: Split) -> float:
    """Mean number of training ratings of the items in some lists.

    Parameters
    ----------
    lists : numpy.ndarray of int, shape (n_users, n)
        Item indices, as `top_n` returns them.
    split : mfbook.datasets.Split
        Only its training set is read.

    Returns
    -------
    float
        An item counts as often as it is listed.

    Raises
    ------
    ValueError
        If there is no list, or an item does not exist.

    Notes
    -----
    Chapter 11 compares models by it: lists of what everybody knows have a high one.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> counts = np.bincount(split.train["item_idx"])
    >>> bool(popularity([[0, 1]], split) == counts[:2].mean())
    True
    """
    check_split(split)
    listed = as_array(lists, "lists").ravel()
    if not listed.size:
        raise ValueError("lists has no items: there is nothing to measure.")
    check_indices(np.zeros(listed.shape, int), listed, split.n_users, split.n_items)
    counts = np.bincount(split.train["item_idx"], minlength=split.n_items)  # (n_items,)
    return float(counts[listed.astype(int)].mean())


def _check_lists(lists: np.ndarray, users: np.ndarray, split: Split) -> None:
    """Raise `ValueError` unless there is one list for each user, of different existing items."""
    if users.ndim != 1 or lists.ndim != 2 or len(lists) != len(users):
        raise ValueError(
            f"lists has the shape {lists.shape} and user_idx the shape {users.shape}; there must "
            "be one list, all equally long, for each user."
        )
    if not lists.size:
        raise ValueError(
            f"lists has the shape {lists.shape}: there is nothing to measure. Pass at least one "
            "list of at least one item."
        )
    check_indices(users, np.zeros(users.shape, int), split.n_users, split.n_items)
    # pandas counts no repeats of numbers in another byte order.
    users = users.astype(int)
    listed = lists.ravel()
    check_indices(np.zeros(listed.shape, int), listed, split.n_users, split.n_items)
    repeated = np.flatnonzero(pd.Series(users).duplicated())
    if len(repeated):
        raise ValueError(f"user_idx has user {users[repeated[0]]} twice. Pass each user once.")
    ordered = np.sort(lists, axis=1)
    twice = np.argwhere(ordered[:, 1:] == ordered[:, :-1])
    if len(twice):
        row, position = twice[0]
        raise ValueError(
            f"lists has item {ordered[row, position]} twice in row {row}. List each item once."
        )


def similar(vectors: np.ndarray, item_idx: int, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Items whose vectors point the same way, by cosine.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (n_items, k)
        Without biases.
    item_idx : int
        The item to start from.
    n : int
        How many, at most all items but one.

    Returns
    -------
    tuple of numpy.ndarray
        Item indices and cosines, ``(n,)`` each, the most similar first, without the item itself.

    Raises
    ------
    ValueError
        If the item does not exist or its vector has only zeros, there are not n others, or a vector
        is not finite.

    Notes
    -----
    Chapter 10 looks for similar films.

    Examples
    --------
    >>> items, cosines = similar(np.array([[1, 0], [2, 0.1], [0, 1]]), item_idx=0, n=1)
    >>> items, cosines.round(2)
    (array([1]), array([1.]))
    """
    vectors = as_numbers(vectors, "vectors")
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise ValueError(
            f"vectors has the shape {vectors.shape}; it must have one row for each item."
        )
    check_indices([0], as_array([item_idx], "item_idx"), 1, len(vectors))
    check_sizes(n=n)
    if n >= len(vectors):
        raise ValueError(
            f"n is {n}, but only {len(vectors) - 1} item(s) are not the item itself. Ask for fewer."
        )
    unit = _unit_vectors(vectors)
    if not unit[item_idx].any():
        raise ValueError(
            f"The vector of item {item_idx} has only zeros, so it points nowhere. Has the item any "
            "training ratings? Start from another one."
        )
    cosine = unit @ unit[item_idx]
    cosine[item_idx] = -np.inf
    order = np.argsort(-cosine, kind="stable")[:n]
    return order, cosine[order]


def _unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1 in the same directions; a vector of zeros stays as it is."""
    if not np.isfinite(vectors).all():
        row = np.argwhere(~np.isfinite(vectors))[0][0]
        raise ValueError(
            f"The vector of item {row} is not finite. Did the training of the model diverge? "
            "Train it again."
        )
    # The largest number of each vector becomes 1 first: squares of others may overflow.
    largest = np.abs(vectors).max(axis=1, keepdims=True)  # (n_items, 1)
    scaled = vectors / np.where(largest > 0, largest, 1)
    return scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1)
