"""From predicted ratings to lists, and how good the lists are."""

from mfbook.datasets import check_indices
import numpy as np
import pandas as pd


def scores(model, split, user_idx):
    """Predict every item for some users; what they rated in training gets minus infinity.

    Parameters
    ----------
    model : object with ``predict(user_idx, item_idx)``
        Any model of this book.
    split : mfbook.datasets.Split
        Its training part says what has been seen.
    user_idx : array_like of int, shape (n,)
        Zero-based.

    Returns
    -------
    numpy.ndarray, shape (n, n_items)
        In stars.
    """
    user_idx = np.asarray(user_idx)
    check_indices(user_idx, np.zeros(len(user_idx), int), split.n_users, split.n_items)
    items = np.tile(np.arange(split.n_items), len(user_idx))
    table = np.asarray(model.predict(np.repeat(user_idx, split.n_items), items), float)
    table = table.reshape(len(user_idx), split.n_items)
    seen = np.zeros((split.n_users, split.n_items), bool)
    seen[split.train["user_idx"], split.train["item_idx"]] = True
    table[seen[user_idx]] = -np.inf
    return table


def top(table, n=10):
    """Return the n best items of each row, the best first.

    Parameters
    ----------
    table : numpy.ndarray, shape (n_rows, n_items)
        As `scores` returns it; of equal scores the lower index comes first.
    n : int
        How many.

    Returns
    -------
    numpy.ndarray of int, shape (n_rows, n)
    """
    if not 1 <= n <= table.shape[1]:
        raise ValueError(f"n is {n!r}; it must be between 1 and {table.shape[1]}, all items.")
    return np.argsort(-table, axis=1, kind="stable")[:, :n]


def judge(lists, split, user_idx, good=4):
    """Measure lists by what the users rated well in the test part.

    Parameters
    ----------
    lists : numpy.ndarray of int, shape (n_users_judged, n)
        Item indices, one row for each of ``user_idx``, the best first.
    split : mfbook.datasets.Split
        Its test part says what was good.
    user_idx : array_like of int
        Whose lists these are. Users without a good test rating are left out.
    good : float
        From how many stars on a test rating counts as a hit.

    Returns
    -------
    pandas.Series
        ``precision``, ``recall`` and ``NDCG`` (Järvelin and Kekäläinen 2002, with gain 1 for a
        hit), means over users; ``coverage``: the share of all items that stand in any list.
    """
    liked = split.test[split.test["rating"] >= good].groupby("user_idx")["item_idx"].agg(set)
    lists = pd.Series(list(lists), index=user_idx)
    judged = lists.index.intersection(liked.index)
    if judged.empty:
        raise ValueError(f"None of these users has a test rating of {good} stars or more.")
    rows = []
    for user in judged:
        hit = np.array([item in liked[user] for item in lists[user]])
        worth = 1 / np.log2(np.arange(len(hit)) + 2)  # a hit counts less further down
        best = worth[: len(liked[user])].sum()
        rows.append((hit.mean(), hit.sum() / len(liked[user]), (hit * worth).sum() / best))
    result = pd.DataFrame(rows, columns=["precision", "recall", "NDCG"]).mean()
    result["coverage"] = len(np.unique(np.vstack(lists))) / split.n_items
    return result


def similar(vectors, item_idx, n=10):
    """Return the items whose vectors point the same way, by cosine.

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
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit[item_idx]
    cosine[item_idx] = -np.inf
    order = np.argsort(-cosine, kind="stable")[:n]
    return order, cosine[order]
