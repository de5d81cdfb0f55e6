"""The person whom the course follows."""

from mfbook import baselines, datasets
from mfbook.course import companion
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd
import pytest


def small(users=(7, 49), items=(385, 179, 3)):
    """Two users and three films; user 49 has rated one of the two films in the test set."""
    index = {"user_idx": np.int32([0, 1, 0]), "item_idx": np.int32([0, 1, 2])}
    ids = {
        "user_id": np.array(users)[index["user_idx"]],
        "item_id": np.array(items)[index["item_idx"]],
    }
    train = pd.DataFrame(ids | index | {"rating": np.float32([1, 2, 5])})
    test = train.iloc[[1]].assign(item_idx=np.int32(0), item_id=items[0], rating=np.float32(4))
    people = pd.DataFrame({"user_id": users})
    films = pd.DataFrame({"item_id": items, "title": ["A", "B", "C"]})
    return datasets.Split(train, test, people, films)


def test_rows_are_the_rating_and_the_models_in_order():
    split = small()
    models = {"mean": baselines.GlobalMean().fit(split), "film": baselines.ItemMean().fit(split)}
    table = companion.follow(split, models)
    assert table.columns.tolist() == ["A", "B"]
    assert table.index.tolist() == ["rating by user 49", "mean", "film"]
    assert table.loc["rating by user 49", "A"] == 4
    assert np.isnan(table.loc["rating by user 49", "B"])
    np.testing.assert_allclose(table.loc["mean"], 8 / 3)
    np.testing.assert_allclose(table.loc["film"], models["film"].predict([1, 1], [0, 1]))


def test_no_rating_no_row():
    split = small()
    other = split.evaluation.assign(user_idx=np.int32(0), user_id=7)
    split = datasets.Split(split.train, other, split.users, split.items)
    assert companion.follow(split, {}).empty


@pytest.mark.parametrize(
    ("data", "missing"), [({"users": (7, 8)}, "user 49"), ({"items": (385, 2, 3)}, "film 179")]
)
def test_other_data_are_refused(data, missing):
    with pytest.raises(DataError, match=f"There is no {missing} in"):
        companion.follow(small(**data), {})
