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


@pytest.fixture(scope="module")
def habitual():
    """Ratings by users of four kinds: wide or narrow steps, and a precise or imprecise taste.

    The kind of user u is u % 4.
    """
    rng = np.random.default_rng(1)
    user, item = np.repeat(np.arange(160), 160), np.tile(np.arange(160), 160)
    utility = 3.4 + 0.5 * rng.standard_normal(160)[user] + 0.8 * rng.standard_normal(160)[item]
    noisy = utility + np.array([0.5, 1.2])[user // 2 % 2] * rng.standard_normal(len(user))
    width = np.array([0.7, 1.4])[user % 2]
    thresholds = 3.4 + np.outer(width, [-2, -1, 0, 1])  # (n, 4)
    rating = 1.0 + (noisy[:, None] > thresholds).sum(axis=1)
    table = pd.DataFrame({"user_id": user, "item_id": item, "rating": rating})
    return datasets.random_split(table, fraction=0.3)


@pytest.fixture(scope="module")
def fitted(habitual):
    model = gibbs.Gibbs(k=1, likelihood="stars", epochs=60, chain=60, burn_in=20)
    return model.fit(habitual)


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


def test_probabilities_by_hand_for_thresholds_and_noise_of_each():
    thresholds, noise = np.array([[1.5, 2.5], [1.0, 4.0]]), np.array([4.0, 0.25])
    both = ordinal.probabilities(np.array([3.2, 2.0]), thresholds, noise)
    for utility, row, precision, shares in zip([3.2, 2.0], thresholds, noise, both, strict=True):
        alone = ordinal.probabilities(np.array([utility]), row, float(precision))
        assert shares == pytest.approx(alone[0])


def test_thresholds_are_found_and_probabilities_hold(made):
    model = gibbs.Gibbs(k=1, likelihood="stars", epochs=120, chain=120, burn_in=60).fit(made)
    thresholds = np.mean([draw.thresholds for draw in model.samples], axis=(0, 1))
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


def kinds_of(habitual):
    """Return whether each user's steps are wide, and whether each user's taste is imprecise."""
    kind = habitual.users["user_id"].to_numpy() % 4
    return kind % 2 == 1, kind >= 2


def test_habits_of_users_are_found(habitual, fitted):
    """The noise of each user, measured in the user's own steps.

    A user's steps and vector could both be twice as large, which is why the steps themselves are
    not found: only their ratios to the noise change the probabilities.
    """
    wide, imprecise = kinds_of(habitual)
    noise = np.mean(
        [
            draw.noise_precision**-0.5 / np.diff(draw.thresholds, axis=1)[:, 1:].mean(axis=1)
            for draw in fitted.samples
        ],
        axis=0,
    )
    for of_steps, width in ((~wide, 0.7), (wide, 1.4)):
        for of_taste, deviation in ((~imprecise, 0.5), (imprecise, 1.2)):
            found = noise[of_steps & of_taste].mean()
            assert found == pytest.approx(deviation / width, rel=0.15)
        # and of each single user, not only the means: the two kinds hardly overlap
        border = np.median(noise[of_steps])
        assert (noise[of_steps & imprecise] > border).mean() > 0.9


def test_probabilities_hold_for_each_kind_of_user(habitual, fitted):
    test = habitual.test
    stars, user = test["rating"].to_numpy().astype(int), test["user_idx"].to_numpy()
    shares = fitted.probabilities(user, test["item_idx"])
    # A random number within the probability of the stars makes the interval hold exactly 90 %
    own = shares[np.arange(len(stars)), stars - 1]
    below = shares.cumsum(axis=1)[np.arange(len(stars)), stars - 1] - own
    place = below + np.random.default_rng(0).random(len(stars)) * own
    for of_users in kinds_of(habitual):
        for rows in (of_users[user], ~of_users[user]):
            assert (abs(place[rows] - 0.5) <= 0.45).mean() == pytest.approx(0.9, abs=0.02)
    for kind in range(5):
        for tenth in np.array_split(np.argsort(shares[:, kind]), 10):
            frequency = (stars[tenth] == kind + 1).mean()
            assert shares[tenth, kind].mean() == pytest.approx(frequency, abs=0.05)


def test_users_without_ratings_keep_to_the_common_habits_but_vary(habitual):
    from dataclasses import replace

    train = habitual.train[habitual.train["user_idx"] >= 50]
    model = gibbs.Gibbs(k=1, likelihood="stars", epochs=60, chain=60, burn_in=20)
    model.fit(replace(habitual, train=train))
    logs = np.array([np.log(draw.noise_precision) for draw in model.samples])  # (n_draws, n)
    assert logs[:, :50].mean() == pytest.approx(logs[:, 50:].mean(), abs=0.15)
    # as far apart as users are
    assert logs[:, :50].std() == pytest.approx(logs[:, 50:].std(), rel=0.3)


def test_each_chain_begins_with_the_same_habits(habitual):
    probit = ordinal.OrderedProbit(habitual)
    first = probit.thresholds
    probit.draw(np.full(len(habitual.train), 3.0), 1.0, np.random.default_rng(0))
    assert (probit.thresholds != first).any() and (probit.weights != 1).any()
    probit.restart()
    assert (probit.thresholds == first).all() and (probit.weights == 1).all()
    assert (probit.precisions == ordinal.FIRST_PRECISION).all()


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
