"""Predictors without a network: what every network has to beat.

Each has ``fit(split)``, which learns from ``split.train`` alone and returns the predictor, and
``predict(user_idx, item_idx)``, which takes two integer vectors of shape ``(n,)`` and returns
float64 ratings of the same shape, in stars.
"""

from mfbook.datasets import check_indices
import numpy as np


class GlobalMean:
    """Predicts the mean training rating for every pair."""

    def fit(self, split):
        """Learn the mean from ``split.train``; return self."""
        self.sizes = split.n_users, split.n_items
        self.mean = float(split.train["rating"].to_numpy(np.float64).mean())
        return self

    def predict(self, user_idx, item_idx):
        """Return the same rating ``len(item_idx)`` times."""
        check_indices(user_idx, item_idx, *self.sizes)
        return np.full(len(item_idx), self.mean)


class ItemMean:
    """Predicts an item's mean training rating; the global mean for an item never rated."""

    def fit(self, split):
        """Learn the means from ``split.train``; return self."""
        self.sizes = split.n_users, split.n_items
        item = split.train["item_idx"].to_numpy()
        rating = split.train["rating"].to_numpy(np.float64)
        count = np.bincount(item, minlength=split.n_items)
        total = np.bincount(item, weights=rating, minlength=split.n_items)
        self.means = np.where(count > 0, total / np.maximum(count, 1), rating.mean())  # (n_items,)
        return self

    def predict(self, user_idx, item_idx):
        """Return the means of the given items."""
        check_indices(user_idx, item_idx, *self.sizes)
        return self.means[np.asarray(item_idx, int)]


class Biases:
    r"""Predicts mean + user bias + item bias (Koren, Bell and Volinsky 2009, equation 3).

    The biases minimise

    .. math::
       \sum_{(u,i)} (r_{ui} - \mu - b_u - b_i)^2
       + \lambda_\text{user} \sum_u b_u^2 + \lambda_\text{item} \sum_i b_i^2

    by alternating: with the item biases fixed each user bias has a closed form, and vice versa.
    An id that training never saw has bias 0.

    Parameters
    ----------
    reg_user, reg_item : float
        The two lambdas: that many imaginary ratings of residual 0 for each user and item.
    """

    def __init__(self, reg_user, reg_item):
        if not (reg_user > 0 and reg_item > 0):  # NaN is refused too
            raise ValueError(f"reg_user and reg_item must be positive, not {reg_user}, {reg_item}.")
        self.reg_user, self.reg_item = reg_user, reg_item

    def fit(self, split, sweeps=20):
        """Learn the biases from ``split.train`` in ``sweeps`` alternations; return self."""
        self.sizes = split.n_users, split.n_items
        user, item = (split.train[column].to_numpy() for column in ("user_idx", "item_idx"))
        rating = split.train["rating"].to_numpy(np.float64)
        self.mean = rating.mean()
        self.user_bias, self.item_bias = np.zeros(split.n_users), np.zeros(split.n_items)
        for _ in range(sweeps):
            rest = rating - self.mean - self.user_bias[user]  # (n_ratings,)
            self.item_bias = _shrunk_means(item, rest, split.n_items, self.reg_item)
            rest = rating - self.mean - self.item_bias[item]
            self.user_bias = _shrunk_means(user, rest, split.n_users, self.reg_user)
        return self

    def predict(self, user_idx, item_idx):
        """Return mean + user bias + item bias."""
        check_indices(user_idx, item_idx, *self.sizes)
        return (
            self.mean
            + self.user_bias[np.asarray(user_idx, int)]
            + self.item_bias[np.asarray(item_idx, int)]
        )


def _shrunk_means(group, values, n_groups, reg):
    """Return for each group the sum of its values over (their number + ``reg``)."""
    total = np.bincount(group, weights=values, minlength=n_groups)
    return total / (np.bincount(group, minlength=n_groups) + reg)
