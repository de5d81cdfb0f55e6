"""Three ways to make a `Split` of tables of ratings."""

from __future__ import annotations

from mfbook._validation import check_fraction, check_seed
from mfbook.datasets._tables import (
    add_indices,
    check_comparable,
    check_disjoint,
    describe_ids,
    validate_ratings,
)
from mfbook.datasets.split import Split
import numpy as np
import pandas as pd


def make_split(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    name: str = "ratings",
    dataset: str = "custom",
) -> Split:
    """Make a `Split` of two tables of ratings; number their users and items from 0.

    Parameters
    ----------
    train, test : pandas.DataFrame
        With the columns ``user_id``, ``item_id`` and ``rating``; see `read_ratings`.
    items, users : pandas.DataFrame, optional
        Descriptions: one row per ``item_id`` (for example its ``title``) or ``user_id`` (for
        example an ``age``).
    name : str
        Name of these data in titles and messages.
    dataset : str
        Which data set the ratings are from; ``"custom"`` for your own.

    Returns
    -------
    Split
        Indices follow the order of the ids. Items that are only in the test set have one too.

    Raises
    ------
    DataError
        If a column, an id or a rating is missing, a rating is not a number, ids of different
        kinds are mixed, or a pair of user and item occurs twice.

    Notes
    -----
    Built in chapter 1; used with your own ratings in appendix B.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import datasets
    >>> train = pd.DataFrame({"user_id": [70, 9], "item_id": [3, 5], "rating": [5, 1]})
    >>> test = pd.DataFrame({"user_id": [9], "item_id": [3], "rating": [2]})
    >>> split = datasets.make_split(train, test, name="three ratings")
    >>> split
    three ratings: 2 training and 1 test ratings,
    2 users, 2 items
    >>> split.train
       user_id  item_id  rating  user_idx  item_idx
    0       70        3     5.0         1         0
    1        9        5     1.0         0         1
    """
    train = validate_ratings(train, f"{name}, training set")
    test = validate_ratings(test, f"{name}, test set")
    check_comparable(train, test, name)
    check_disjoint(train, test, name)
    user_ids, item_ids = (
        np.union1d(train[column], test[column]) for column in ("user_id", "item_id")
    )
    return Split(
        train=add_indices(train, user_ids, item_ids),
        evaluation=add_indices(test, user_ids, item_ids),
        users=describe_ids("user_id", user_ids, users, name),
        items=describe_ids("item_id", item_ids, items, name),
        name=name,
        dataset=dataset,
    )


def random_split(
    ratings: pd.DataFrame,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    items: pd.DataFrame | None = None,
    name: str = "ratings",
) -> Split:
    """Make a `Split` with a random ``fraction`` of all ratings as its test set.

    Parameters
    ----------
    ratings : pandas.DataFrame
        With the columns ``user_id``, ``item_id`` and ``rating``; see `read_ratings`.
    fraction : float
        Between 0 and 1, both excluded.
    seed : int
        Seed of the draw.
    items : pandas.DataFrame, optional
        Descriptions, one row per ``item_id``.
    name : str
        Name of these data in titles and messages.

    Returns
    -------
    Split
        Its ``dataset`` is ``"custom"``.

    Notes
    -----
    Explained in appendix B.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import datasets
    >>> ratings = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [5, 6, 5, 6], "rating": 4})
    >>> split = datasets.random_split(ratings, fraction=0.25, seed=0)
    >>> len(split.train), len(split.test)
    (3, 1)
    """
    check_fraction(fraction)
    check_seed(seed)
    ratings = validate_ratings(ratings, name)
    rng = np.random.default_rng(seed)
    is_test = rng.permutation(len(ratings)) < round(fraction * len(ratings))
    return make_split(ratings[~is_test], ratings[is_test], items=items, name=name)


def per_user_split(
    ratings: pd.DataFrame,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    items: pd.DataFrame | None = None,
    name: str = "ratings",
) -> Split:
    """Make a `Split` with a random ``fraction`` of each user's ratings as its test set.

    Parameters
    ----------
    ratings, fraction, seed, items, name
        As for `random_split`.

    Returns
    -------
    Split
        Its ``dataset`` is ``"custom"``.

    Notes
    -----
    Explained in appendix B.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import datasets
    >>> ratings = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [5, 6, 5, 6], "rating": 4})
    >>> split = datasets.per_user_split(ratings, fraction=0.5)
    >>> split.test["user_id"].tolist()
    [1, 2]
    """
    check_fraction(fraction)
    check_seed(seed)
    ratings = validate_ratings(ratings, name)
    draw = pd.Series(np.random.default_rng(seed).random(len(ratings)), index=ratings.index)
    by_user = draw.groupby(ratings["user_id"])
    is_test = by_user.rank() <= (fraction * by_user.transform("size")).round()
    return make_split(ratings[~is_test], ratings[is_test], items=items, name=name)
