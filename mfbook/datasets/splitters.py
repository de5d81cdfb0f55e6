"""Four ways to make a `Split` of tables of ratings."""

from __future__ import annotations

from mfbook._validation import check_fraction, check_seed
from mfbook.datasets._numbering import (
    check_disjoint,
    check_repeats,
    combine,
    describe_ids,
    number_ids,
)
from mfbook.datasets._tables import check_comparable, validate_ratings
from mfbook.datasets._times import as_moment, as_seconds
from mfbook.datasets.split import Split
from mfbook.exceptions import DataError
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
    user_ids, (users_train, users_test) = number_ids(train["user_id"], test["user_id"])
    item_ids, (items_train, items_test) = number_ids(train["item_id"], test["item_id"])
    pairs, test_pairs = (
        combine(user_idx, item_idx, len(item_ids))
        for user_idx, item_idx in ((users_train, items_train), (users_test, items_test))
    )
    check_repeats(train, pairs, f"{name}, training set")
    check_repeats(test, test_pairs, f"{name}, test set")
    check_disjoint(train, pairs, test_pairs, name)
    return Split(
        train=train.assign(user_idx=users_train, item_idx=items_train),
        evaluation=test.assign(user_idx=users_test, item_idx=items_test),
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
    indexed, user_ids, item_ids = _indexed(ratings, name)
    rng = np.random.default_rng(seed)
    n_test = round(fraction * len(indexed))
    is_test = np.zeros(len(indexed), bool)
    # Without the shuffle only the rows that are drawn are moved about, which the caches notice.
    is_test[rng.choice(len(indexed), n_test, replace=False, shuffle=False)] = True
    return _divided(
        indexed, is_test, user_ids, describe_ids("item_id", item_ids, items, name), name
    )


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
    indexed, user_ids, item_ids = _indexed(ratings, name)
    draw = np.random.default_rng(seed).random(len(indexed))
    # Sort the rows by user and, within a user, by the draw: the first of each are the test set. To
    # sort whole numbers of both, user * 2**32 + place in the draw, is faster than to sort twice.
    order = np.argsort(draw)
    user_idx = indexed["user_idx"].to_numpy()
    keys = (user_idx[order].astype(np.int64) << 32) + np.arange(len(order))
    keys.sort()
    order = order[keys & (2**32 - 1)]
    sizes = np.bincount(user_idx)
    rank = np.arange(1, len(order) + 1) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_test = np.zeros(len(order), bool)
    is_test[order] = rank <= np.repeat(np.round(float(fraction) * sizes), sizes)
    return _divided(
        indexed, is_test, user_ids, describe_ids("item_id", item_ids, items, name), name
    )


def temporal_split(
    ratings: pd.DataFrame,
    *,
    before: str | int,
    items: pd.DataFrame | None = None,
    name: str = "ratings",
) -> Split:
    """Make a `Split` whose training set is what came before a date, and whose test set is the rest.

    Parameters
    ----------
    ratings : pandas.DataFrame
        With the columns ``user_id``, ``item_id``, ``rating`` and ``timestamp``, in seconds since
        1970; see `read_ratings`.
    before : str or int
        A date (``"1998-03-01"``: its midnight, UTC), or a number of seconds since 1970.
    items : pandas.DataFrame, optional
        Descriptions, one row per ``item_id``.
    name : str
        Name of these data in titles and messages.

    Returns
    -------
    Split
        Its ``dataset`` is ``"custom"``. Users and items that came later have indices too.

    Raises
    ------
    DataError
        If there are no time stamps, they are no seconds, or one of the two sets would be empty.

    Notes
    -----
    Chapter 9 splits MovieLens by it.

    Examples
    --------
    >>> import pandas as pd
    >>> from mfbook import datasets
    >>> ratings = pd.DataFrame({"user_id": [1, 1, 2], "item_id": [5, 6, 5], "rating": 4})
    >>> ratings["timestamp"] = [0, 90_000, 200_000]
    >>> split = datasets.temporal_split(ratings, before="1970-01-02")
    >>> len(split.train), len(split.test)
    (1, 2)
    """
    indexed, user_ids, item_ids = _indexed(ratings, name)
    seconds, moment = as_seconds(indexed.get("timestamp")), as_moment(before)
    is_test = seconds >= moment
    if is_test.all() or not is_test.any():
        first, last = (pd.Timestamp(x, unit="s").date() for x in (seconds.min(), seconds.max()))
        missing = "before" if is_test.all() else "from"
        raise DataError(
            f"{name} has no rating {missing} {pd.Timestamp(moment, unit='s').date()}: its ratings are "
            f"from {first} to {last}. Choose a date between them."
        )
    return _divided(
        indexed, is_test, user_ids, describe_ids("item_id", item_ids, items, name), name
    )


def _indexed(ratings: pd.DataFrame, name: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return checked ratings with ``user_idx`` and ``item_idx``, and the ids of both."""
    ratings = validate_ratings(ratings, name)
    (user_ids, (user_idx,)), (item_ids, (item_idx,)) = (
        number_ids(ratings[column]) for column in ("user_id", "item_id")
    )
    check_repeats(ratings, combine(user_idx, item_idx, len(item_ids)), name)
    return ratings.assign(user_idx=user_idx, item_idx=item_idx), user_ids, item_ids


def _divided(
    indexed: pd.DataFrame, is_test: np.ndarray, user_ids: np.ndarray, items: pd.DataFrame, name: str
) -> Split:
    """Return the rows of two sets as a `Split`."""
    return Split(
        train=indexed[~is_test].reset_index(drop=True),
        evaluation=indexed[is_test].reset_index(drop=True),
        users=describe_ids("user_id", user_ids, None, name),
        items=items,
        name=name,
    )
