"""Ordered probit: draws, probabilities and thresholds, against what is known of the normal law."""

from statistics import NormalDist

from mfbook import datasets, gibbs, ordinal
import numpy as np
import pandas as pd
import pytest

NORMAL = NormalDist()


def stars_of(utility, thresholds, noise, rng):
    """Return whole stars from utilities with normal noise."""
    return 1 + np.searchsorted(thresholds, utility + noise * rng.standard_normal(len(utility)))


@pytest.fixture(scope="module")
def made():
    """Ratings by an ordered probit with uneven thresholds, in whole stars."""
    rng = np.random.default_rng(0)
    n, thresholds = 30_000, np.array([1.5, 2.2, 3.6, 4.5])
    table = pd.DataFrame({"user_id": rng.integers(0, 300, n), "item_id": rng.integers(0, 400, n)})
    table = table.drop_duplicates().reset_index(drop=True)
    users, items = 0.5 * rng.standard_normal(300), 0.8 * rng.standard_normal(400)
    utility = 3.2 + users[table["user_id"]] + items[table["item_id"]]
    table["rating"] = stars_of(utility, thresholds, 0.9, rng).astype(float)
    return datasets.random_split(table, fraction=0.2)


def test_the_distribution_function_is_the_normal_one():
    x = np.linspace(-8, 8, 1001)
    assert ordinal.cdf(x) == pytest.approx([NORMAL.cdf(value) for value in x], abs=1e-7)


@pytest.mark.parametrize(("low", "high"), [(-1, 0.5), (2, 3), (-3, -2), (4, 99), (-99, -4)])
def test_truncated_draws_have_the_right_mean(low, high):
    n, rng = 200_000, np.random.default_rng(0)
    ends = np.full(n, float(low)), np.full(n, float(high))
    drawn = ordinal.truncated_normal(np.zeros(n), *ends, rng)
    assert drawn.min() >= low and drawn.max() <= high
    inside = NORMAL.cdf(high) - NORMAL.cdf(low)
    expected = (NORMAL.pdf(low) - NORMAL.pdf(high)) / inside
    assert drawn.mean() == pytest.approx(expected, abs=0.01)


def test_draws_stay_finite_far_from_the_mean():
    mean = np.array([-60.0, 60.0])
    drawn = ordinal.truncated_normal(
        mean, np.array([4.5, -99]), np.array([99, 1.5]), np.random.default_rng(0)
    )
    assert drawn[0] >= 4.5 and drawn[1] <= 1.5 and np.isfinite(drawn).all()


def test_probabilities_by_hand():
    (shares,) = ordinal.probabilities(np.array([3.2]), np.array([1.5, 2.5]), 4.0)
    below = [NORMAL.cdf((c - 3.2) * 2) for c in (1.5, 2.5)]
    assert shares == pytest.approx([below[0], below[1] - below[0], 1 - below[1]], abs=1e-6)


def test_thresholds_are_found_and_probabilities_hold(made):
    model = gibbs.Gibbs(k=1, likelihood="stars", epochs=120, chain=120, burn_in=60).fit(made)
    thresholds = np.mean([draw.thresholds for draw in model.samples], axis=0)
    assert thresholds == pytest.approx([1.5, 2.2, 3.6, 4.5], abs=0.08)
    assert model.history.rmse == pytest.approx(made_error(model, made), abs=1e-6)
    shares = model.probabilities(made.test["user_idx"], made.test["item_idx"])
    assert shares.sum(axis=1) == pytest.approx(1)
    stars = made.test["rating"].to_numpy()
    for kind in range(5):
        assert shares[:, kind].mean() == pytest.approx((stars == kind + 1).mean(), abs=0.02)
        # those with the highest probabilities too
        likely = np.argsort(shares[:, kind])[-1000:]
        frequency = (stars[likely] == kind + 1).mean()
        assert shares[likely, kind].mean() == pytest.approx(frequency, abs=0.05)


def made_error(model, split):
    predicted = model.predict(split.test["user_idx"], split.test["item_idx"])
    assert predicted.min() >= 1 and predicted.max() <= 5  # nothing to clip
    return float(np.sqrt(np.mean((predicted - split.test["rating"]) ** 2)))


def test_draws_have_the_deviation_of_the_stars(made):
    model = gibbs.Gibbs(k=1, likelihood="stars", epochs=22).fit(made)
    (mean, deviation), *_ = model.draws([0, 1], [2, 3])
    assert mean.shape == deviation.shape == (2,)
    assert ((deviation > 0.3) & (deviation < 2)).all()


def test_half_stars_are_refused(made):
    halves = made.train["rating"].to_numpy().copy()
    halves[0] = 3.5
    from dataclasses import replace

    split = replace(made, train=made.train.assign(rating=halves))
    with pytest.raises(ValueError, match=r"needs whole stars.*1 to 5, for example 3.5"):
        gibbs.Gibbs(k=1, likelihood="stars").fit(split)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: gibbs.Gibbs(k=1, likelihood="poisson"), "'normal' or 'stars'"),
        (lambda s: gibbs.Gibbs(k=1, with_sessions="yes"), "with_sessions"),
        (
            lambda s: gibbs.Gibbs(k=1, epochs=3, burn_in=2).fit(s).probabilities([0], [0]),
            "likelihood='stars'",
        ),
    ],
)
def test_refusals(made, call, message):
    with pytest.raises(ValueError, match=message):
        call(made)
