"""The Bayesian model draws from the right distributions, and knows how sure it is."""

from dataclasses import replace
import functools

from mfbook import als, datasets, features, gibbs, history, least_squares, sessions
from mfbook.datasets import twin as making
from mfbook.exceptions import TrainingError
from mfbook.metrics import rmse
import numpy as np
import pandas as pd
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


def test_gibbs_covers_the_twins_truth_as_often_as_it_says(monkeypatch):
    """The truth of the twin's test ratings is known. Tolerance: see below.

    The model takes it that who rates what does not depend on taste, so here it does not. 20,000
    ratings lie on 462 users, whose errors go together, so that the share covered has a standard
    error near 0.01; and the model is not quite the twin's (its thresholds bend the ends of the
    scale). 0.05 allows for both, and fails for a sampler that forgets its noise.
    """
    monkeypatch.setattr(making, "CHOICE", 0)
    split = datasets.load("synthetic")
    model = gibbs.Gibbs(k=4, epochs=120, chain=120).fit(split)
    drawn = np.array([mean for mean, _ in model.draws(*pairs(split.test))])  # (n_samples, n)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    truth = split.test["expected"].to_numpy()
    covered = ((low <= truth) & (truth <= high)).mean()
    assert covered == pytest.approx(0.9, abs=0.05)
    floor = split.noise_floor
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
        (lambda: gibbs.Gibbs(k=2, burn_in=9, chain=9), "chain 9 and burn_in 9: no draw would be"),
        (lambda: gibbs.Gibbs(k=2, epochs=20), "epochs is 20, .* no draw would be kept"),
        (lambda: gibbs.Gibbs(k=2).predict([0], [0]), "Call fit first"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_index_outside_the_tables_is_named(twin):
    model = gibbs.Gibbs(k=2, epochs=2, burn_in=1).fit(twin)
    with pytest.raises(ValueError, match="9999"):
        model.predict([9999], [0])
    assert model.predict([], []).shape == (0,)


# --- each step draws from its conditional distribution, on small made data ----------------------


def close_to_standard_normal(z, tolerance):
    """Assert that the rows of z, (n_draws, w), have mean 0 and covariance I."""
    assert z.mean(axis=0) == pytest.approx(np.zeros(z.shape[1]), abs=tolerance)
    assert np.cov(z.T) == pytest.approx(np.eye(z.shape[1]), abs=tolerance)


def close_to_gamma(values, shape):
    """Assert that values are as if drawn from Gamma(shape, 1), by mean and deviation."""
    error = 4 * np.sqrt(shape / len(values))
    assert values.mean() == pytest.approx(shape, abs=error)
    assert values.std() == pytest.approx(np.sqrt(shape), rel=0.25)


@pytest.mark.parametrize("n_features", [0, 5])
def test_the_normal_wishart_has_the_moments_of_equation_14(n_features):
    """Few rows far from 0: prior, cross term and degrees of freedom all matter.

    The mean of 2,500 draws of Λ has a standard error of about 1 %.
    """
    rng = np.random.default_rng(0)
    rows = rng.normal([3.0, -1.0], [0.5, 1.0], (6, 2))
    weights = rng.normal(size=(n_features, 2)) if n_features else None
    drawn = [gibbs.draw_normal_wishart(rows, rng, weights) for _ in range(2500)]
    mean = rows.mean(axis=0)
    scatter = sum(np.outer(row - mean, row - mean) for row in rows)
    inverse = np.eye(2) + scatter + 2 * 6 / (2 + 6) * np.outer(mean, mean)
    if n_features:
        inverse = inverse + sum(np.outer(row, row) for row in weights)
    expected = (2 + 6 + n_features) * np.linalg.inv(inverse)
    assert np.mean([p for _, p in drawn], axis=0) == pytest.approx(expected, rel=0.05)
    # given Λ, the mean is normal around n x̄ / (β₀ + n), with the precision (β₀ + n) Λ
    roots = [np.linalg.cholesky(8 * precision).T for _, precision in drawn]
    z = [root @ (m - 6 / 8 * mean) for (m, _), root in zip(drawn, roots, strict=True)]
    close_to_standard_normal(np.array(z), tolerance=0.08)


PRECISION = np.array([[20.0, 6.0], [6.0, 4.0]])


@functools.cache
def drawn_weights(weight_precision, n_draws=600):
    """Return draws of the weights given all else, with λ_β's draws, and what they depend on."""
    rng = np.random.default_rng(0)
    features, residual = rng.normal(0, 0.3, (12, 3)), rng.normal(size=(12, 2))
    regression = gibbs.FeatureRegression(features, width=2)
    weights, precisions = [], []
    for _ in range(n_draws):
        regression.weight_precision = weight_precision
        fitted = regression.draw(residual, PRECISION, rng)
        weights.append(regression.weights)
        precisions.append(regression.weight_precision)
    assert fitted == pytest.approx(features @ weights[-1], abs=1e-4)
    return np.array(weights), np.array(precisions), features, residual


@pytest.mark.parametrize("weight_precision", [0.5, 40.0])
def test_the_regression_draws_weights_from_their_conditional(weight_precision):
    """β is matrix normal: rows (FᵀF + λ_β I)⁻¹, columns Λ⁻¹, around the ridge solution."""
    weights, _, features, residual = drawn_weights(weight_precision)
    rows_precision = features.T @ features + weight_precision * np.eye(3)
    center = np.linalg.solve(rows_precision, features.T @ residual)
    left = np.linalg.cholesky(rows_precision).T
    right = np.linalg.cholesky(PRECISION)
    z = np.array([(left @ (drawn - center) @ right).ravel() for drawn in weights])
    close_to_standard_normal(z, tolerance=0.2)


def test_the_regression_draws_its_penalty_from_its_conditional():
    """λ_β is Gamma((2 + F w) / 2, rate (2 + tr βΛβᵀ) / 2): prior Gamma(1, 1)."""
    weights, precisions, *_ = drawn_weights(0.5)
    size = np.einsum("nfi,ij,nfj->n", weights, PRECISION, weights)
    close_to_gamma(precisions * (2 + size) / 2, shape=(2 + 6) / 2)


def test_the_conditionals_of_the_priors_belong_to_one_joint_distribution():
    """Geweke (2004): rows drawn given all else, in turn with all else given the rows.

    Then each unknown must have its prior: Λ₁₁ ~ χ²(2), 2 mᵀΛm ~ χ²(2), λ_β ~ Gamma(1, 1) and
    λ_β tr βΛβᵀ ~ χ²(4). Their distribution functions are uniform; the mean of 800 dependent
    steps has a standard error of up to 0.05. Without β in Λ's conditional, λ_β goes to 0.
    """
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4, 2))
    regression = gibbs.FeatureRegression(features, width=2)
    regression.draw(np.zeros((4, 2)), np.eye(2), rng)
    mean, precision, uniforms = np.zeros(2), np.eye(2), []
    for _ in range(800):
        root = np.linalg.cholesky(np.linalg.inv(precision))
        predicted = features @ regression.weights
        rows = mean + predicted + rng.standard_normal((4, 2)) @ root.T
        scaled = np.sqrt(regression.weight_precision) * regression.weights
        mean, precision = gibbs.draw_normal_wishart(rows - predicted, rng, scaled)
        regression.draw(rows - mean, precision, rng)
        penalty, weights = regression.weight_precision, regression.weights
        size = penalty * np.sum((weights @ precision) * weights)
        uniforms.append(
            (
                1 - np.exp(-precision[0, 0] / 2),
                1 - np.exp(-mean @ precision @ mean),
                1 - np.exp(-penalty),
                1 - np.exp(-size / 2) * (1 + size / 2),
            )
        )
    assert np.mean(uniforms, axis=0) == pytest.approx(np.full(4, 0.5), abs=0.15)


# --- the sweep puts them together ----------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    """500 ratings, 1 or 5 stars by the side of taste that both are on, a tenth of them turned."""
    rng = np.random.default_rng(0)
    cells = rng.choice(40 * 25, 600, replace=False)
    user, item = cells // 25, cells % 25
    agree = (rng.normal(size=40)[user] > 0) == (rng.normal(size=25)[item] > 0)
    agree ^= rng.random(600) < 0.1
    table = pd.DataFrame({"user_id": user, "item_id": item, "rating": np.where(agree, 5.0, 1.0)})
    return datasets.make_split(table[:500], table[500:])


def two_features(split):
    rng = np.random.default_rng(1)
    return rng.normal(size=(split.n_users, 2)), rng.normal(size=(split.n_items, 3))


class Recorder(gibbs._Sampler):
    """A sampler that notes its state before each sweep, and before and after each side's draw."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.starts, self.draws_of_sides = [], []

    def _state(self, side):
        regression = self.regressions[side]
        return {
            "side": self.sides[side].astype(float),
            "other": self.sides[1 - side].astype(float),
            "from_features": self.from_features[side].astype(float),
            "alpha": self.noise_precision,
            "weights": None if regression is None else regression.weights,
            "penalty": None if regression is None else regression.weight_precision,
        }

    def _draw_side(self, side):
        before = self._state(side)
        super()._draw_side(side)
        self.draws_of_sides.append((side, before, self._state(side)))
        if side == 0:
            self.starts.append(before)


@pytest.fixture
def recorders(monkeypatch):
    """Return a list that grows by the sampler of each fit."""
    made = []

    def recorder(*arguments):
        made.append(Recorder(*arguments))
        return made[-1]

    monkeypatch.setattr(gibbs, "_Sampler", recorder)
    return made


@pytest.fixture
def recorded(made, monkeypatch, recorders):
    """Forty sweeps on the made ratings with features, and what was drawn for (m, Λ).

    Means far from 0 are put in the place of those that are drawn, so that they matter.
    """
    priors, draw = [], gibbs.draw_normal_wishart

    def noted(rows, rng, weights=None):
        mean, precision = draw(rows, rng, weights)
        priors.append((rows, weights, mean + np.array([2.0, -1.0]), precision))
        return priors[-1][2:]

    monkeypatch.setattr(gibbs, "draw_normal_wishart", noted)
    gibbs.Gibbs(k=1, features=[two_features], epochs=40, burn_in=5, chain=20).fit(made)
    return recorders[0], priors


def test_the_prior_of_a_side_is_drawn_given_its_rows_and_its_weights(recorded):
    sampler, priors = recorded
    for (_, before, _), (rows, weights, *_) in zip(sampler.draws_of_sides, priors, strict=True):
        assert rows == pytest.approx(before["side"] - before["from_features"], abs=1e-5)
        assert weights == pytest.approx(np.sqrt(before["penalty"]) * before["weights"])


def test_weights_are_drawn_given_the_rows_less_their_mean(made, recorded):
    sampler, priors = recorded
    features, z = two_features(made), []
    for (side, before, after), (*_, m, precision) in zip(
        sampler.draws_of_sides, priors, strict=True
    ):
        f = features[side]
        rows_precision = f.T @ f + before["penalty"] * np.eye(f.shape[1])
        center = np.linalg.solve(rows_precision, f.T @ (before["side"] - m))
        left, right = np.linalg.cholesky(rows_precision).T, np.linalg.cholesky(precision)
        z += list(left @ (after["weights"] - center) @ right)
    close_to_standard_normal(np.array(z), tolerance=0.3)


def test_rows_are_drawn_from_their_conditional(made, recorded):
    """Row u is normal with A_u = α Σ v vᵀ + Λ around A_u⁻¹ (α Σ (r - μ - b) v + Λ (m + Fβ)_u)."""
    sampler, priors = recorded
    user, item = made.train["user_idx"].to_numpy(), made.train["item_idx"].to_numpy()
    rest = made.train["rating"].to_numpy(float) - made.train["rating"].mean()
    features, z = two_features(made), []
    pairs_of_sides = ((user, item), (item, user))
    for (side, before, after), (*_, m, precision) in zip(
        sampler.draws_of_sides, priors, strict=True
    ):
        predicted = features[side] @ after["weights"]
        assert after["from_features"] == pytest.approx(predicted, abs=1e-4)
        own, others = pairs_of_sides[side]
        v = np.column_stack([before["other"][:, :-1], np.ones(len(before["other"]))])
        bias = before["other"][:, -1]
        for row in range(0, len(after["side"]), 3):
            rated = others[own == row]
            a = before["alpha"] * v[rated].T @ v[rated] + precision
            b = before["alpha"] * v[rated].T @ (rest[own == row] - bias[rated])
            center = np.linalg.solve(a, b + precision @ (m + predicted[row]))
            z.append(np.linalg.cholesky(a).T @ (after["side"][row] - center))
    assert len(z) > 800
    close_to_standard_normal(np.array(z), tolerance=0.15)


def test_rows_are_solved_with_a_noise_of_their_own():
    """By hand: α_u for the ratings of row u, and the weight w_i of every column."""
    rng = np.random.default_rng(0)
    own, others = np.repeat(np.arange(4), 3), np.array([0, 1, 2, 1, 2, 3, 0, 2, 4, 1, 3, 4])
    rest, other = rng.standard_normal(12), rng.standard_normal((5, 3))
    alpha, weights, penalty = np.array([0.5, 1.0, 2.0, 4.0]), rng.uniform(0.2, 3, 5), np.eye(3)
    blocks = least_squares.rating_blocks(own, others, rest, (4, 5))
    solved = least_squares.solve_rows(
        blocks, other, penalty, noise_precision=alpha, weights=weights
    )
    for row in range(4):
        rated = others[own == row]
        v = np.column_stack([other[rated, :-1], np.ones(3)])
        precision = alpha[row] * weights[rated]
        a = (v.T * precision) @ v + penalty
        b = (v.T * precision) @ (rest[own == row] - other[rated, -1])
        assert solved[row] == pytest.approx(np.linalg.solve(a, b), abs=1e-5)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"noise_precision": np.ones(3)}, "noise_precision has the shape"),
        ({"noise_precision": np.array([1.0, 0.0])}, "noise_precision has 0 among its values"),
        ({"weights": np.array([1.0, 1.0])}, "weights has the shape"),
        ({"weights": np.array([1.0, -2.0, 1.0])}, "weights has -2 among its values"),
        ({"weights": np.array([1.0, np.nan, 1.0])}, "weights has nan among its values"),
    ],
)
def test_an_impossible_noise_is_named(named, message):
    blocks = least_squares.rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3))
    with pytest.raises(ValueError, match=message):
        least_squares.solve_rows(blocks, np.zeros((3, 2)), np.eye(2), **named)


def test_the_noise_precision_is_drawn_given_the_unclipped_errors(made):
    """α is Gamma((2 + n) / 2, rate (2 + Σ error²) / 2); many predictions are off the scale."""
    model = gibbs.Gibbs(k=2, epochs=80, burn_in=10).fit(made)
    pivots, off_the_scale = [], []
    for users, items, noise_precision, *_ in model.samples:
        drawn = als.predict_pairs(users, items, model.mean, *pairs(made.train))
        error = np.sum((made.train["rating"].to_numpy(float) - drawn) ** 2)
        pivots.append(noise_precision * (2 + error) / 2)
        off_the_scale.append(np.mean((drawn < 1) | (drawn > 5)))
    assert np.mean(off_the_scale) > 0.2
    close_to_gamma(np.array(pivots), shape=(2 + 500) / 2)


def test_draws_come_with_the_deviation_of_the_noise(made):
    """Not with its precision: the deviation is what the training ratings are off by."""
    model = gibbs.Gibbs(k=2, epochs=30).fit(made)
    deviations = [deviation for _, deviation in model.draws(*pairs(made.train))]
    assert deviations == pytest.approx([draw.noise_precision**-0.5 for draw in model.samples])
    errors = [rmse(made.train["rating"], drawn) for drawn, _ in model.draws(*pairs(made.train))]
    assert np.mean(deviations) == pytest.approx(np.mean(errors), rel=0.05)


def test_chains_share_nothing(recorded):
    """Each begins with new small factors, the same noise, and a regression without weights."""
    sampler, _ = recorded
    assert len(sampler.starts) == 40
    first, second = sampler.starts[0], sampler.starts[20]
    for number, start in enumerate(sampler.starts):
        begins = number in (0, 20)
        assert (start["alpha"] == gibbs.FIRST_NOISE_PRECISION) == begins
        assert (len(start["weights"]) == 0) == begins
        assert (start["penalty"] == 1.0) == begins
        assert (not start["from_features"].any()) == begins
        if begins:
            assert start["other"].std() == pytest.approx(0.1, abs=0.03)
            assert start["side"].std() == pytest.approx(0.1, abs=0.03)
    assert not np.allclose(first["other"], second["other"])


def test_features_say_what_no_rating_says():
    """Items of two kinds, rated high or low; those without a rating are known by their kind."""
    rng = np.random.default_rng(0)
    user, item = np.repeat(np.arange(20), 30), np.tile(np.arange(30), 20)
    rating = np.where(item % 2, 4.5, 1.5) + rng.normal(0, 0.3, 600)
    table = pd.DataFrame({"user_id": user, "item_id": item, "rating": rating})
    known = item < 20
    split = datasets.make_split(table[known], table[~known])

    def kind(split):
        ids = split.items["item_id"].to_numpy()
        return None, np.column_stack([ids % 2 == 0, ids % 2 == 1]).astype(float)

    with_kind = gibbs.Gibbs(k=1, features=[kind], epochs=40, burn_in=10).fit(split)
    without = gibbs.Gibbs(k=1, epochs=40, burn_in=10).fit(split)
    assert with_kind.history.rmse < 0.7
    assert without.history.rmse > 1.2


def test_another_seed_draws_otherwise(made, recorders):
    """One generator draws the first factors, the priors, the rows and the noise."""
    one, same, other = (
        gibbs.Gibbs(k=1, features=[two_features], epochs=2, burn_in=1).fit(made, seed=seed)
        for seed in (0, 0, 1)
    )
    assert (one.predict(*pairs(made.train)) == same.predict(*pairs(made.train))).all()
    first, _, third = recorders
    for sweep in (0, 1):
        assert not np.isclose(first.starts[sweep]["side"], third.starts[sweep]["side"]).any()
    # with the random numbers of the noise as before, its gammas would be the same
    gammas = []
    for users, items, noise_precision, *_ in (one.samples[0], other.samples[0]):
        drawn = als.predict_pairs(users, items, one.mean, *pairs(made.train))
        error = np.sum((made.train["rating"] - drawn) ** 2)
        gammas.append(noise_precision * (2 + error))
    assert gammas[0] != pytest.approx(gammas[1], rel=1e-4)


def test_sweeps_do_not_repeat_their_random_numbers(made, recorders):
    gibbs.Gibbs(k=1, epochs=4, burn_in=1, chain=2).fit(made)
    starts = recorders[0].starts
    assert not np.isclose(starts[0]["side"], starts[2]["side"]).any()
    assert not np.isclose(starts[1]["side"], starts[3]["side"]).any()


def test_impossible_arguments_are_named(twin):
    with pytest.raises(ValueError, match="seed is 'today'"):
        gibbs.Gibbs(k=2).fit(twin, seed="today")
    with pytest.raises(ValueError, match="split is a DataFrame"):
        gibbs.Gibbs(k=2).fit(twin.train)
    with pytest.raises(ValueError, match=r"The features of the users have the shape \(3, 1\)"):
        gibbs.Gibbs(k=2, features=[lambda split: (np.ones((3, 1)), None)]).fit(twin)


@pytest.mark.parametrize(
    "wrong", [None, features.implicit, 3, "implicit", [None], [features.implicit, "attributes"]]
)
def test_features_must_be_functions(wrong):
    with pytest.raises(ValueError, match=r"^features is .*; it must be a list of functions of a"):
        gibbs.Gibbs(k=2, features=wrong)


def of_users(table):
    """Return a function that gives the users these features."""
    return lambda split: (table, None)


def changed(value):
    """Return a feature of each of the 40 made users; that of the third has this value."""
    table = np.ones((40, 1))
    table[2] = value
    return of_users(table)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda split: None, "^A function in features returned a NoneType; it must return the"),
        (lambda split: np.ones((2, 3)), "^A function in features returned a ndarray; it must"),
        (lambda split: [None, None], "^A function in features returned a list; it must"),
        (lambda split: (None, None, None), "^A function in features returned a tuple; it must"),
        (of_users(np.ones(40)), "^A feature matrix of the users is .*; it must be a NumPy array"),
        (of_users(np.full((40, 1), "a")), "^A feature matrix of the users is .*; it must be a"),
        (changed(np.nan), r"^features of the users\[2, 0\] is nan, not a finite number"),
        (changed(np.inf), r"^features of the users\[2, 0\] is inf, not a finite number"),
    ],
)
def test_features_that_are_no_matrices_are_named(made, function, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        gibbs.Gibbs(k=2, features=[function]).fit(made)


@pytest.mark.parametrize("k", [22_361, 60_000, np.int32(50_000), 10**30])
def test_more_factors_than_fit_into_memory_are_refused_before_they_take_any(twin, monkeypatch, k):
    monkeypatch.setattr(gibbs, "_Sampler", None)
    read = []
    with pytest.raises(ValueError, match=r"^The equations of one user with .* factors would take"):
        gibbs.Gibbs(k=k, features=[read.append]).fit(twin)
    assert not read


def test_a_failed_refit_leaves_the_model_as_it_was(made, monkeypatch):
    model = gibbs.Gibbs(k=2, epochs=3, burn_in=1).fit(made)
    before = [model.samples, model.mean, model.shape, model.history]
    draws, prediction = list(model.samples), model.predict(*pairs(made.train))

    def fails_with(error, message, split=made):
        with pytest.raises(error, match=message):
            model.fit(split)
        after = [model.samples, model.mean, model.shape, model.history]
        assert all(new is old for new, old in zip(after, before, strict=True))
        assert all(new is old for new, old in zip(model.samples, draws, strict=True))
        assert (model.predict(*pairs(made.train)) == prediction).all()

    fails_with(ValueError, "split is a DataFrame", made.train)
    calls, solve_rows = [], gibbs.solve_rows

    def failing(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 6:
            raise TrainingError("not positive definite")
        return solve_rows(*arguments, **named)

    monkeypatch.setattr(gibbs, "solve_rows", failing)
    other = replace(made, train=made.train[::2].assign(rating=4.0))
    fails_with(TrainingError, "not positive definite", other)
    assert len(calls) == 6
    model.features = (changed(np.nan),)
    fails_with(ValueError, "is nan, not a finite number")


def test_a_refit_starts_from_nothing(made):
    model = gibbs.Gibbs(k=2, features=[two_features], epochs=4, burn_in=1).fit(made)
    first = model.predict(*pairs(made.train))
    again = model.fit(made).predict(*pairs(made.train))
    assert (first == again).all()
    assert len(model.samples) == 3


def test_the_training_error_is_that_of_the_ratings_that_are_measured_on(made, monkeypatch):
    monkeypatch.setattr(history, "MEASURED_RATINGS", 100)
    model = gibbs.Gibbs(k=2, epochs=4, burn_in=1).fit(made)
    train = history._measured(made.train)
    error = rmse(train["rating"], model.predict(*pairs(train)))
    assert len(train) == 100
    assert model.history.frame["train_rmse"].iloc[-1] == pytest.approx(error)
    error = rmse(made.test["rating"], model.predict(*pairs(made.test)))
    assert model.history.rmse == pytest.approx(error)


def test_parts_of_the_sampler_name_what_does_not_fit():
    rng = np.random.default_rng(0)
    regression = gibbs.FeatureRegression(np.eye(3), width=2)
    for call, name in (
        (lambda: gibbs.FeatureRegression(np.ones(3), 2), "features has the shape"),
        (lambda: gibbs.FeatureRegression([[np.nan]], 2), "features.* not a finite number"),
        (lambda: gibbs.FeatureRegression(np.eye(3), None), "width is None"),
        (lambda: regression.draw(np.ones((2, 2)), np.eye(2), rng), "residual has the shape"),
        (lambda: regression.draw(np.ones((3, 2)), np.eye(3), rng), "precision has the shape"),
        (lambda: regression.draw(np.ones((3, 2)), np.eye(2), 0), "rng is 0"),
        (lambda: gibbs.draw_normal_wishart(np.ones(3), rng), "rows has the shape"),
        (lambda: gibbs.draw_normal_wishart(np.ones((3, 2)), None), "rng is None"),
        (lambda: gibbs.draw_normal_wishart(np.ones((3, 2)), rng, np.ones(2)), "weights has"),
    ):
        with pytest.raises(ValueError, match=name):
            call()


def test_prediction_for_one_index_that_is_no_vector():
    with pytest.raises(ValueError, match="has not been fitted"):
        gibbs.Gibbs(k=2).predict(0, 0)


def test_sessions_trust_precise_ratings_more():
    """An effect's mean is that of its ratings, each weighted by its precision."""
    groups, alpha = np.zeros((3, 2000), int), np.repeat([9.0, 1.0], 1000)
    effects = sessions.SessionEffects(groups, (1, 1, 1))
    residual = np.repeat([1.0, 0.0], 1000)
    rng, totals = np.random.default_rng(0), []
    for _ in range(200):
        effects.draw(residual, alpha, rng)
        totals.append(effects.total(groups)[0])
    assert np.mean(totals) == pytest.approx(0.9, abs=0.02)
    assert np.std(totals) == pytest.approx(1 / np.sqrt(10_000), rel=0.25)
