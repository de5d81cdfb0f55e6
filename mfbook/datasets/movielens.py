"""Load the published folds of MovieLens 100K, or those of its synthetic twin."""

from __future__ import annotations

from numbers import Integral

from mfbook._validation import shown
from mfbook.datasets import download, twin
from mfbook.datasets._descriptions import read_items, read_users
from mfbook.datasets.reading import read_ratings
from mfbook.datasets.split import Split
from mfbook.datasets.splitters import make_split
from mfbook.exceptions import DataError


def load(name: str | None = None, fold: int = 1) -> Split:
    """Load one published fold of a data set: u1 to u5 of MovieLens 100K.

    Parameters
    ----------
    name : str, optional
        ``"ml-100k"`` or ``"synthetic"``. If it is not given, the environment variable
        ``MFBOOK_DATASET`` decides, and without that variable ``"ml-100k"`` is loaded.
    fold : int
        1 to 5.

    Returns
    -------
    Split
        With titles and genres. On the twin, both sets also have the column ``expected``: the
        best possible prediction of each rating.

    Raises
    ------
    DataError
        If ``name`` or ``fold`` does not exist, or the data cannot be downloaded or read.

    Notes
    -----
    Explained in chapter 1.

    Examples
    --------
    >>> from mfbook import datasets
    >>> datasets.load("synthetic")
    synthetic twin of ml-100k (not MovieLens), fold u1: 80,000 training and 20,000 test ratings,
    943 users, 1,682 items
    23 test ratings are of users or items that are not in the training set
    """
    name = download.dataset_name(name)
    whole = isinstance(fold, Integral) and not isinstance(fold, bool)
    if not whole or fold not in range(1, 6):
        raise DataError(f"fold is {shown(fold)}; the published folds are 1 to 5.")
    return _load_twin(fold) if name == "synthetic" else _load_movielens(fold)


def _load_twin(fold: int) -> Split:
    table = twin.synthetic()
    is_test = table["fold"] == fold
    table = table.drop(columns="fold")
    return make_split(
        table[~is_test],
        table[is_test],
        items=twin.titles(),
        name=f"synthetic twin of ml-100k (not MovieLens), fold u{fold}",
        dataset="synthetic",
    )


def _load_movielens(fold: int) -> Split:
    names = (f"u{fold}.base", f"u{fold}.test", "u.item", "u.genre", "u.user")
    base, test, items, genres, users = download.files(download.folder("ml-100k"), names)
    return make_split(
        read_ratings(base, timestamp=3),
        read_ratings(test, timestamp=3),
        items=read_items(items, genres),
        users=read_users(users),
        name=f"ml-100k, fold u{fold}",
        dataset="ml-100k",
    )
