"""Ratings as a `Split`: from MovieLens, from any file, or from the synthetic twin."""

from dataclasses import dataclass, replace
from numbers import Real

from mfbook import download, synthetic
from mfbook.download import dataset_name, folder
from mfbook.reading import DataError, read_ratings
import numpy as np
import pandas as pd

__all__ = [
    "DataError",
    "Split",
    "check_indices",
    "dataset_name",
    "folder",
    "load",
    "make_split",
    "per_user_split",
    "random_split",
    "read_ratings",
]


@dataclass(frozen=True)
class Split:
    """Ratings in two parts, one to learn from and one to be judged on.

    Attributes
    ----------
    train, test : pandas.DataFrame
        One row a rating: ``user_id``, ``item_id`` as the data set has them; ``user_idx``,
        ``item_idx`` (int32, from 0 without gaps, the same in both parts); ``rating`` (float32).
    users, items : pandas.DataFrame
        One row per index: ``user_id`` and, where known, ``age``, ``gender`` and ``occupation``;
        ``item_id`` and, where known, ``title`` and ``genres``.
    name : str
        Which data these are.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    name: str = "ratings"

    def __post_init__(self):
        for part, table in (("training", self.train), ("test", self.test)):
            if table.empty:
                raise DataError(
                    f"The {part} part of {self.name} is empty. Change the fraction or the file."
                )

    @property
    def n_users(self):
        """Number of users: the rows that a user table needs."""
        return len(self.users)

    @property
    def n_items(self):
        """Number of items: the rows that an item table needs."""
        return len(self.items)

    @property
    def unseen(self):
        """The rows of the test part whose user or item the training part never has."""
        known = self.test["user_idx"].isin(self.train["user_idx"])
        return self.test[~(known & self.test["item_idx"].isin(self.train["item_idx"]))]

    @property
    def noise_floor(self):
        """RMSE on the test part of the best prediction there is; known for the twin alone."""
        if "expected" not in self.test:
            raise DataError(
                f"The noise floor of {self.name} is not known; that of the synthetic twin is."
            )
        return float(np.sqrt(np.mean((self.test["rating"] - self.test["expected"]) ** 2)))

    def validation(self, fraction=0.2, seed=0):
        """Set part of the training part aside, to choose settings on.

        Only rows of users whom the test part holds are drawn, so that the validation part is
        made like the test part. The test part is not used for anything else.

        Parameters
        ----------
        fraction : float
            Share of those users' training rows to set aside, between 0 and 1.
        seed : int
            Of the draw.

        Returns
        -------
        Split
            Its ``train`` is the rest of this train, its ``test`` the validation part; users,
            items and indices are as here.
        """
        _check_fraction(fraction)
        matched = np.flatnonzero(self.train["user_idx"].isin(self.test["user_idx"]))
        rows = np.random.default_rng(seed).permutation(matched)[: round(fraction * len(matched))]
        held_out = np.zeros(len(self.train), bool)
        held_out[rows] = True
        return replace(
            self,
            train=self.train[~held_out],
            test=self.train[held_out],
            name=f"{self.name}, validation",
        )

    def __repr__(self):
        text = (
            f"{self.name}: {len(self.train):,} training and {len(self.test):,} test ratings,\n"
            f"{self.n_users:,} users, {self.n_items:,} items"
        )
        unseen = self.unseen
        if len(unseen):
            text += f"\n{len(unseen)} test ratings are of users or items that training never saw"
        return text


def load(name=None, fold=1):
    """Load one published fold of a data set: u1 to u5 of MovieLens 100K.

    Parameters
    ----------
    name : str, optional
        ``"ml-100k"`` or ``"synthetic"``; by default what the environment variable
        ``MFBOOK_DATASET`` says, or else ``"ml-100k"``.
    fold : int
        1 to 5.

    Returns
    -------
    Split
        With titles and genres. On the twin, both parts also have the column ``expected``.

    Raises
    ------
    DataError
        If the data cannot be had or read.
    """
    name = download.dataset_name(name)
    if type(fold) is not int or fold not in range(1, 6):
        raise DataError(f"fold is {fold!r}; the published folds are 1 to 5.")
    if name == "synthetic":
        table = synthetic.ratings()
        test = table["fold"] == fold
        label = f"synthetic twin of ml-100k (not MovieLens), fold u{fold}"
        table = table.drop(columns="fold")
        return make_split(table[~test], table[test], items=synthetic.titles(), name=label)
    place = folder(name)
    train, test = (
        read_ratings(place / f"u{fold}.{part}", timestamp=3) for part in ("base", "test")
    )
    users, items = _movielens_users(place), _movielens_items(place)
    return make_split(train, test, items, f"ml-100k, fold u{fold}", users)


def make_split(train, test, items=None, name="ratings", users=None):
    """Pair two tables of ratings, their users and items numbered from zero.

    Parameters
    ----------
    train, test : pandas.DataFrame
        With the columns ``user_id``, ``item_id`` and ``rating``; see `read_ratings`.
    items : pandas.DataFrame, optional
        What is known of the items: ``item_id``, ``title``, ``genres``.
    name : str
        For titles and messages.
    users : pandas.DataFrame, optional
        What is known of the users: ``user_id``, ``age``, ``gender``, ``occupation``.

    Returns
    -------
    Split
        Indices follow the order of the ids. Items that only the test part has get one too.

    Raises
    ------
    DataError
        If a column, an id or a rating is missing, a rating is no number, or a pair stands twice.
    """
    train = _checked(train, f"{name}, training part")
    test = _checked(test, f"{name}, test part")
    both = train.merge(test, on=["user_id", "item_id"])
    if len(both):
        raise DataError(
            f"{name}: {len(both)} pair(s) stand in both parts, the first is user "
            f"{both['user_id'][0]} with item {both['item_id'][0]}. Take them out of one part."
        )
    user_ids, item_ids = (
        np.union1d(train[column], test[column]) for column in ("user_id", "item_id")
    )
    user_table = _described("user_id", user_ids, users, name)
    item_table = _described("item_id", item_ids, items, name)
    train, test = (_with_indices(part, user_ids, item_ids) for part in (train, test))
    return Split(train, test, user_table, item_table, name)


def random_split(ratings, fraction=0.2, seed=0, items=None, name="ratings"):
    """Put a random ``fraction`` of all ``ratings`` into the test part of a `Split`."""
    _check_fraction(fraction)
    ratings = _checked(ratings, name)
    rng = np.random.default_rng(seed)
    test = rng.permutation(len(ratings)) < round(fraction * len(ratings))
    return make_split(ratings[~test], ratings[test], items, name)


def per_user_split(ratings, fraction=0.2, seed=0, items=None, name="ratings"):
    """Put a random ``fraction`` of each user's ratings into the test part of a `Split`."""
    _check_fraction(fraction)
    ratings = _checked(ratings, name)
    order = pd.Series(np.random.default_rng(seed).random(len(ratings)), index=ratings.index)
    by_user = order.groupby(ratings["user_id"])
    test = by_user.rank() <= (fraction * by_user.transform("size")).round()
    return make_split(ratings[~test], ratings[test], items, name)


def _checked(part, name):
    """Return the ratings with ``rating`` as float32; raise `DataError` for what is wrong."""
    missing = {"user_id", "item_id", "rating"} - set(part.columns)
    if missing:
        raise DataError(f"{name}: the table has no column {', '.join(sorted(missing))}.")
    part = part.assign(rating=pd.to_numeric(part["rating"], errors="coerce").astype(np.float32))
    for column in ("user_id", "item_id", "rating"):
        wrong = part[column].isna().to_numpy() | part[column].isin([np.inf, -np.inf]).to_numpy()
        if wrong.any():
            raise DataError(
                f"{name}, row {int(wrong.argmax())}: the {column} is missing or not a number. "
                "Drop that row or fill it in."
            )
    repeated = part.duplicated(["user_id", "item_id"]).to_numpy()
    if repeated.any():
        row = part.iloc[int(repeated.argmax())]
        raise DataError(
            f"{name}, row {int(repeated.argmax())}: user {row['user_id']} rates item "
            f"{row['item_id']} a second time. Keep one of the two."
        )
    return part


def _check_fraction(fraction):
    if not isinstance(fraction, Real) or not 0 < fraction < 1:
        raise DataError(f"fraction is {fraction!r}; it must lie between 0 and 1, both excluded.")


def check_indices(user_idx, item_idx, n_users, n_items):
    """Raise `ValueError` unless both are vectors of one length, with indices that exist.

    Parameters
    ----------
    user_idx, item_idx : array_like of int, shape (n,)
        Zero-based indices.
    n_users, n_items : int
        How many there are of each.
    """
    user_idx, item_idx = np.asarray(user_idx), np.asarray(item_idx)
    if user_idx.ndim != 1 or user_idx.shape != item_idx.shape:
        raise ValueError(
            f"user_idx has shape {user_idx.shape} and item_idx {item_idx.shape}; "
            "they must be two equally long vectors."
        )
    for name, idx, size in (("user_idx", user_idx, n_users), ("item_idx", item_idx, n_items)):
        if len(idx) and not np.issubdtype(idx.dtype, np.integer):
            raise ValueError(f"{name} holds {idx.dtype}; indices must be whole numbers.")
        wrong = np.flatnonzero((idx < 0) | (idx >= size))
        if len(wrong):
            raise ValueError(
                f"{name}[{wrong[0]}] is {idx[wrong[0]]}, but this table has {size} rows "
                f"(0 to {size - 1}). Pass indices, not ids, and build every model for "
                "split.n_users and split.n_items."
            )


def _with_indices(part, user_ids, item_ids):
    return part.assign(
        user_idx=np.searchsorted(user_ids, part["user_id"]).astype(np.int32),
        item_idx=np.searchsorted(item_ids, part["item_id"]).astype(np.int32),
    ).reset_index(drop=True)


def _described(column, ids, known, name):
    """Return one row for each id, with what is known of it."""
    table = pd.DataFrame({column: ids})
    if known is None:
        return table
    if column not in known or known[column].duplicated().any():
        what = column.removesuffix("_id") + "s"
        raise DataError(f"{name}: the table of {what} needs a column {column} without repeats.")
    return table.merge(known, on=column, how="left")


def _movielens_users(place):
    """Return ``user_id``, ``age``, ``gender`` and ``occupation`` from u.user."""
    names = ["user_id", "age", "gender", "occupation"]
    return pd.read_csv(_file(place, "u.user"), sep="|", header=None, names=names, usecols=range(4))


def _movielens_items(place):
    """Return ``item_id``, ``title`` and ``genres`` (``"Action|Drama"``) from u.item."""
    table = pd.read_csv(_file(place, "u.item"), sep="|", header=None, encoding="latin-1")
    names = pd.read_csv(_file(place, "u.genre"), sep="|", header=None)[0].to_numpy()
    flags = table.iloc[:, 5:].to_numpy(bool)  # (n_items, n_genres)
    genres = ["|".join(names[row]) for row in flags]
    return pd.DataFrame({"item_id": table[0], "title": table[1], "genres": genres})


def _file(place, name):
    """Return the path of one file of MovieLens; raise `DataError` if it is not there."""
    if not (place / name).is_file():
        raise DataError(f"{place / name} is missing. Unpack all of ml-100k.zip there again.")
    return place / name
