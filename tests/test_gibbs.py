"""The Bayesian model draws from the right distributions, and knows how sure it is."""

from dataclasses import replace

from mfbook import datasets, features, gibbs
from mfbook.metrics import rmse
import numpy as np
import pytest


def pairs(ratings):
    return ratings["user_idx"].to_numpy(), ratings["item_idx"].to_numpy()


def test_drawn_priors_surround_the_rows():
    rng = np.random.default_rng(0)
    rows = rng.normal([1.0, -2.0], [0.5, 2.0], (5000, 2))
    drawn = [gibbs.draw_normal_wishart(rows, rng) for _ in range(200)]
    mean = np.mean([m for m, _ in drawn], axis=0)
    precision = np.mean([p for _, p in drawn], axis=0)
    assert mean == pytest.approx([1.0, -2.0], abs=0.05)
    assert np.linalg.inv(precision) == pytest.approx(np.diag([0.25, 4.0]), abs=0.15)


def test_gibbs_covers_the_twins_truth_as_often_as_it_says(twin):
    """The truth of the twin's test ratings is known. Tolerance: see below.

    20,000 ratings lie on 462 users, whose errors go together, so that the share covered has a
    standard error near 0.01; and the model is not quite the twin's (its thresholds bend the
    ends of the scale). 0.05 allows for both, and fails for a sampler that forgets its noise.
    """
    model = gibbs.Gibbs(k=4, epochs=120, chain=120).fit(twin)
    drawn = np.array([mean for mean, _ in model.draws(*pairs(twin.test))])  # (n_samples, n)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    truth = twin.test["expected"].to_numpy()
    covered = ((low <= truth) & (truth <= high)).mean()
    assert covered == pytest.approx(0.9, abs=0.05)
    floor = rmse(twin.test["rating"], twin.test["expected"])
    # the networks of chapters 3 to 7 end at 0.1 and more above the floor
    assert floor < model.history.rmse < floor + 0.07


def test_the_mean_of_the_draws_is_what_the_history_says(twin):
    model = gibbs.Gibbs(k=2, features=[features.attributes], epochs=5, burn_in=2).fit(twin)
    assert len(model.samples) == 3
    prediction = model.predict(*pairs(twin.test))
    assert rmse(twin.test["rating"], prediction) == pytest.approx(model.history.rmse, abs=1e-6)
    prediction = model.predict(*pairs(twin.train))
    last = model.history.frame["train_rmse"].iloc[-1]
    assert rmse(twin.train["rating"], prediction) == pytest.approx(last, abs=1e-6)


def test_each_chain_starts_again_and_burns_in(twin):
    model = gibbs.Gibbs(k=2, epochs=11, burn_in=3, chain=5).fit(twin)
    assert len(model.samples) == 4  # two chains of five, two kept of each, and one sweep


def first_features(split):
    """Forty columns of the implicit features: enough to see what they depend on."""
    return tuple(table[:, :40] for table in features.implicit(split))


def test_neither_features_nor_predictions_depend_on_the_test_ratings(twin):
    other = replace(twin, evaluation=twin.test.iloc[::-1].assign(rating=1.0))
    chosen = [first_features, features.attributes]
    one, two = (
        gibbs.Gibbs(k=3, features=chosen, epochs=3, burn_in=1).fit(split).predict(*pairs(twin.test))
        for split in (twin, other)
    )
    assert (one == two).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gibbs.Gibbs(k=2, burn_in=0), "burn_in is 0"),
        (lambda: gibbs.Gibbs(k=2, burn_in=9, chain=9), "no sweep would be kept"),
        (lambda: gibbs.Gibbs(k=2).predict([0], [0]), "Call fit first"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_index_outside_the_tables_and_too_few_sweeps_are_named():
    model = gibbs.Gibbs(k=2, epochs=1).fit(datasets.load("synthetic"))
    with pytest.raises(ValueError, match="more than 20 epochs"):
        model.predict([0], [0])
    with pytest.raises(ValueError, match="9999"):
        model.predict([9999], [0])
