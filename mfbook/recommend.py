"""From predicted ratings to lists, and how good the lists are."""

from __future__ import annotations

from mfbook._validation import check_indices
from mfbook.datasets import Split
from mfbook.model import Model
import numpy as np
from numpy.typing import ArrayLike
import pandas as pd


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
        In stars, unclipped.

    Raises
    ------
    ValueError
        If a user is outside the table.

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
    users = np.asarray(user_idx)
    check_indices(users, np.zeros(len(users), int), split.n_users, split.n_items)
    items = np.tile(np.arange(split.n_items), len(users))
    table = np.asarray(model.predict(np.repeat(users, split.n_items), items), float)
    table = table.reshape(len(users), split.n_items)
    rated = np.zeros((split.n_users, split.n_items), bool)
    rated[split.train["user_idx"], split.train["item_idx"]] = True
    table[rated[users]] = -np.inf
    return table


def top_n(scores: np.ndarray, n: int = 10) -> np.ndarray:
    """Indices of the n items with the highest scores, the best first.

    Parameters
    ----------
    scores : numpy.ndarray, shape (n_rows, n_items)
        As `scores` returns them; of equal scores the lower index comes first.
    n : int
        Length of the lists.

    Returns
    -------
    numpy.ndarray of int, shape (n_rows, n)

    Raises
    ------
    ValueError
        If there are fewer than n items.

    Notes
    -----
    Chapter 10 shows such lists.

    Examples
    --------
    >>> top_n(np.array([[3.0, 5.0, 4.0]]), n=2)
    array([[1, 2]])
    """
    if not 1 <= n <= scores.shape[1]:
        raise ValueError(f"n is {n!r}; it must be between 1 and {scores.shape[1]}, all items.")
    return np.argsort(-scores, axis=1, kind="stable")[:, :n]


def evaluate(
    lists: np.ndarray, split: Split, user_idx: ArrayLike, liked_from: float = 4
) -> pd.Series:
    """Precision, recall, NDCG and coverage of lists.

    Parameters
    ----------
    lists : numpy.ndarray of int, shape (n_users, n)
        Item indices, one row for each of ``user_idx``, the best first.
    split : mfbook.datasets.Split
        Its evaluation set says what the users liked.
    user_idx : array_like of int, shape (n_users,)
        Whose lists these are. Users who liked nothing in the evaluation set are left out.
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
        If none of the users liked anything in the evaluation set.

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
    ratings = split.evaluation
    liked = ratings[ratings["rating"] >= liked_from].groupby("user_idx")["item_idx"].agg(set)
    by_user = pd.Series(list(lists), index=np.asarray(user_idx))
    evaluated = by_user.index.intersection(liked.index)
    if evaluated.empty:
        raise ValueError(
            f"None of these users has a rating of {liked_from} stars or more in the "
            f"{split.evaluation_set} set."
        )
    rows = []
    for user in evaluated:
        hit = np.array([item in liked[user] for item in by_user[user]])
        discount = 1 / np.log2(np.arange(len(hit)) + 2)  # a hit counts less further down
        ideal = discount[: len(liked[user])].sum()
        ndcg = (hit * discount).sum() / ideal
        rows.append((hit.mean(), hit.sum() / len(liked[user]), ndcg))
    result = pd.DataFrame(rows, columns=["precision", "recall", "NDCG"]).mean()
    result["coverage"] = len(np.unique(np.vstack(list(lists)))) / split.n_items
    return result


def similar(vectors: np.ndarray, item_idx: int, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Items whose vectors point the same way, by cosine.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (n_items, k)
        Without biases.
    item_idx : int
        The item to start from.
    n : int
        How many.

    Returns
    -------
    tuple of numpy.ndarray
        Item indices and cosines, ``(n,)`` each, the most similar first, without the item itself.

    Notes
    -----
    Chapter 10 looks for similar films.

    Examples
    --------
    >>> items, cosines = similar(np.array([[1, 0], [2, 0.1], [0, 1]]), item_idx=0, n=1)
    >>> items, cosines.round(2)
    (array([1]), array([1.]))
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit[item_idx]
    cosine[item_idx] = -np.inf
    order = np.argsort(-cosine, kind="stable")[:n]
    return order, cosine[order]
