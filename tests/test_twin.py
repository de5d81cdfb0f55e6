"""What users of the synthetic twin choose, and how models do on it: as on MovieLens."""

from mfbook import als, baselines, metrics, ranking, recommend
from mfbook.datasets import twin as making
import numpy as np


def test_users_of_the_twin_choose_what_they_like():
    even = np.arange(1682) % 2 == 0
    # The first users like even items more by two units, the last ones odd items.
    liking = np.where(even == (np.arange(943) < 470)[:, None], 1.0, -1.0)
    for strength, low, high in ((0, 0.49, 0.51), (1, 0.8, 0.95)):
        user, item = making._pairs_of_100k(strength * liking, np.random.default_rng(0))
        assert low < (liking[user, item] > 0).mean() < high


def test_lists_for_the_twin_are_in_the_order_of_those_for_movielens(twin):
    models = {
        "choices": ranking.ImplicitALS(k=20, reg=0.03, unobserved=0.2).fit(twin),
        "popularity": baselines.Popularity().fit(twin),
        "stars": als.ALS(k=5, reg=9.0, reg_bias=5.0).fit(twin),
    }
    users = twin.test["user_idx"].unique()
    ndcg = {}
    for name, model in models.items():
        lists = recommend.top_n(recommend.scores(model, twin, users))
        ndcg[name] = recommend.evaluate(lists, twin, users)["NDCG"]
    # MovieLens u1: 0.46, 0.25 and 0.18
    assert 0.35 < ndcg["choices"] < 0.5
    assert 0.2 < ndcg["popularity"] < 0.3
    assert 0.1 < ndcg["stars"] < ndcg["popularity"] - 0.03


def test_errors_on_the_twin_are_in_the_order_of_those_on_movielens(twin):
    models = {
        "global mean": baselines.GlobalMean(),
        "item mean": baselines.ItemMean(),
        "biases": baselines.Biases(reg_user=6, reg_item=2),
        "ALS": als.ALS(k=5, reg=9.0, reg_bias=5.0),
    }
    errors = [metrics.evaluate(model.fit(twin), twin) for model in models.values()]
    steps = -np.diff([*errors, twin.noise_floor])
    assert (steps > 0.02).all()
