"""The person and the films that the course follows from chapter to chapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mfbook._validation import shown
from mfbook.exceptions import DataError
import pandas as pd

if TYPE_CHECKING:
    from mfbook.datasets import Split
    from mfbook.model import Model

#: User 49 of MovieLens 100K, who dislikes some films that most people like.
USER_ID = 49
#: *True Lies* and *A Clockwork Orange*: in u1.test, user 49 gave one star and five.
ITEM_IDS = (385, 179)


def follow(split: Split, models: Mapping[str, Model]) -> pd.DataFrame:
    """Return what models predict for the two films of the person whom the course follows.

    Parameters
    ----------
    split : Split
        Of MovieLens 100K or its twin. Where the person's own ratings are in the evaluation set,
        the first row has them.
    models : mapping of str to Model
        Fitted models by name, in the order of the rows.

    Returns
    -------
    pandas.DataFrame
        One row for each model, in stars, and one column for each film, with its title.

    Raises
    ------
    DataError
        If the person or one of the films is not in the data.

    Notes
    -----
    Chapters 2 to 10 use it. One person proves nothing about a model; the test set does.

    Examples
    --------
    >>> from mfbook import baselines, datasets
    >>> from mfbook.course import companion
    >>> split = datasets.load("synthetic")
    >>> models = {"item mean": baselines.ItemMean().fit(split)}
    >>> companion.follow(split, models).columns.tolist()
    ['Invented film 385 (1992)', 'Invented film 179 (1982)']
    """
    user_idx = _index(split.users["user_id"], USER_ID, "user", split.name)
    item_idx = [_index(split.items["item_id"], i, "film", split.name) for i in ITEM_IDS]
    own = split.evaluation[split.evaluation["user_idx"] == user_idx]
    rated = own.drop_duplicates("item_idx").set_index("item_idx")["rating"].reindex(item_idx)
    rows = {}
    if rated.notna().any():
        rows[f"rating by user {USER_ID}"] = rated.to_numpy()
    for name, model in models.items():
        rows[name] = model.predict([user_idx] * len(item_idx), item_idx)
    titles = split.items["title"].iloc[item_idx].tolist()
    return pd.DataFrame.from_dict(rows, orient="index", columns=titles)


def _index(ids: pd.Series, wanted: int, kind: str, name: str) -> int:
    """Return the index of an id."""
    found = (ids == wanted).to_numpy().nonzero()[0]
    if not len(found):
        raise DataError(
            f"There is no {kind} {shown(wanted)} in {name}. The course follows one of MovieLens "
            "100K: pass a split of datasets.load()."
        )
    return int(found[0])
