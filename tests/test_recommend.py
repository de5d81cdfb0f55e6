"""Lists leave out what was rated, and are measured as the definitions say."""

from mfbook import baselines, recommend
import numpy as np
import pytest


def test_what_was_rated_is_not_recommended(twin):
    model = baselines.ItemMean().fit(twin)
    users = [0, 5, 461]
    lists = recommend.top_n(recommend.scores(model, twin, users), 20)
    for user, items in zip(users, lists, strict=True):
        seen = set(twin.train.loc[twin.train["user_idx"] == user, "item_idx"])
        assert not seen & set(items)


def test_the_measures_by_hand(twin):
    liked = twin.test[(twin.test["user_idx"] == 0) & (twin.test["rating"] >= 4)][
        "item_idx"
    ].tolist()
    others = [i for i in range(twin.n_items) if i not in liked][:2]
    found = recommend.evaluate(np.array([[others[0], liked[0], others[1]]]), twin, [0])
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(3, len(liked))))
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / len(liked))
    assert found["NDCG"] == pytest.approx(1 / np.log2(3) / ideal)
    assert found["coverage"] == pytest.approx(3 / twin.n_items)


def test_a_perfect_list_has_ndcg_1(twin):
    liked = twin.test[twin.test["rating"] >= 4].groupby("user_idx")["item_idx"].agg(list)
    user = liked.index[liked.map(len) >= 5][0]
    assert recommend.evaluate(np.array([liked[user][:5]]), twin, [user])["NDCG"] == pytest.approx(1)


def test_similar_vectors_come_first_and_never_the_item_itself():
    vectors = np.array([[1.0, 0], [2, 0.1], [0, 1], [-1, 0], [0, 0]])
    order, cosine = recommend.similar(vectors, 0, 3)
    assert order.tolist() == [1, 2, 4]
    assert cosine[0] > 0.99


def test_bad_input_is_named(twin):
    with pytest.raises(ValueError, match="n is 0"):
        recommend.top_n(np.zeros((1, 5)), 0)
    with pytest.raises(ValueError, match="9999"):
        recommend.scores(baselines.GlobalMean().fit(twin), twin, [9999])
    unrated = sorted(set(range(twin.n_users)) - set(twin.test["user_idx"]))[0]
    with pytest.raises(ValueError, match="None of these users"):
        recommend.evaluate(np.array([[1]]), twin, [unrated])
