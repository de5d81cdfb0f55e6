"""Sessions group ratings by their training time stamps; their effects are drawn by Gibbs sampling."""

from mfbook import datasets, gibbs, metrics, sessions
from mfbook.datasets._times import as_seconds
from mfbook.exceptions import DataError
import numpy as np
import pandas as pd
import pytest

DAY = 86_400


def split_of(rows, evaluation=None):
    """Return a split of training rows (user, time); its evaluation set is rows of the same kind."""
    tables = []
    for chosen in (rows, evaluation or rows[:1]):
        table = pd.DataFrame(chosen, columns=["user_id", "timestamp"])
        items = range(100 * len(tables), 100 * len(tables) + len(table))
        tables.append(table.assign(item_id=items, rating=3.0))
    return datasets.make_split(*tables)


def test_groups_by_hand():
    times = [(1, 10), (1, 10), (1, 130), (1, 251), (2, 130), (1, DAY + 5)]
    split = split_of(times)
    found = sessions.Sessions(split)
    assert found.sizes == (5, 4, 3)
    user, time = split.train["user_idx"], split.train["timestamp"]
    second, burst, day = found.groups(user, time)
    assert second[0] == second[1] and len(set(second)) == 5
    # 120 s belong together, 121 do not, and nobody shares a burst with somebody else.
    assert burst[0] == burst[1] == burst[2] != burst[3]
    assert burst[4] not in burst[:4]
    assert day[0] == day[3] != day[5]


@pytest.mark.parametrize(
    ("time", "known"),
    [
        (10, (True, True, True)),
        (60, (False, True, True)),
        (1000, (False, False, True)),
        (2 * DAY, (False, False, False)),
    ],
)
def test_a_rating_joins_the_sessions_of_its_own_time(time, known):
    found = sessions.Sessions(split_of([(1, 10), (1, 20), (2, 5000)]))
    assert tuple((found.groups([0], [time]) >= 0)[:, 0]) == known
    assert (found.groups([1], [10])[:2] < 0).all()  # another user's second


def test_a_burst_is_that_of_the_nearest_rating():
    found = sessions.Sessions(split_of([(1, 0), (1, 200)]))
    first, second = found.groups([0, 0], [0, 200])[1]
    assert first != second
    assert found.groups([0, 0], [90, 110])[1].tolist() == [first, second]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "no column timestamp"),
        (["1998-01-01"], "no number of seconds"),
        ([881_250_949_000], "milliseconds: divide by 1000"),
        ([np.nan], "nan at row 0"),
        ([5, -1], "-1 at row 1"),
        ([True], "no number of seconds"),
    ],
)
def test_what_is_no_time_is_refused(values, message):
    with pytest.raises(DataError, match=message):
        as_seconds(values)


def test_effects_are_drawn_from_their_conditional():
    group = np.repeat([0, 1], [4, 1])
    effects = sessions.SessionEffects(np.stack([group] * 1), (2,))
    rng, residual = np.random.default_rng(0), np.array([1.0, 1, 1, 1, -1])
    drawn = []
    for _ in range(4000):
        effects.restart()
        effects.draw(residual, 2.0, rng)
        drawn.append(effects.effects[0])
    precision = sessions.FIRST_PRECISION + 2 * np.array([4, 1])
    assert np.mean(drawn, axis=0) == pytest.approx(2 * np.array([4, -1]) / precision, abs=0.01)
    assert np.std(drawn, axis=0) == pytest.approx(precision**-0.5, rel=0.05)


@pytest.fixture(scope="module")
def moody():
    """Ratings whose users are a star kinder in every other session."""
    rng = np.random.default_rng(0)
    n = 6000
    table = pd.DataFrame({"user_id": rng.integers(0, 60, n), "item_id": rng.integers(0, 300, n)})
    table = table.drop_duplicates().reset_index(drop=True)
    session = rng.integers(0, 10, len(table))
    mood = rng.choice([-1.0, 1.0], (60, 10))[table["user_id"], session]
    table["timestamp"] = session * 10 * DAY + rng.integers(0, 30, len(table))
    table["rating"] = np.clip(3 + mood + 0.5 * rng.standard_normal(len(table)), 1, 5)
    return datasets.random_split(table, fraction=0.2)


def test_sessions_are_learned_and_used_only_with_time_stamps(moody):
    test = moody.test
    pairs = test["user_idx"], test["item_idx"]
    errors = {}
    for with_sessions in (False, True):
        model = gibbs.Gibbs(k=1, with_sessions=with_sessions, epochs=30).fit(moody)
        for time in (None, test["timestamp"]):
            key = with_sessions, time is not None
            errors[key] = metrics.rmse(test["rating"], model.predict(*pairs, time))
        assert model.history.rmse == pytest.approx(errors[with_sessions, True], abs=1e-6)
    assert errors[False, False] == errors[False, True] > 1
    assert errors[True, True] < 0.7
    assert errors[True, False] > 0.95


def test_test_ratings_change_nothing_and_their_times_only_what_is_predicted(moody):
    model = gibbs.Gibbs(k=1, with_sessions=True, epochs=22)
    from dataclasses import replace

    other = moody.test.assign(rating=5.0, timestamp=moody.test["timestamp"].to_numpy()[::-1])
    one = model.fit(moody).samples[-1]
    two = model.fit(replace(moody, evaluation=other)).samples[-1]
    assert np.array_equal(one.users, two.users)
    assert all(np.array_equal(a, b) for a, b in zip(one.effects, two.effects, strict=True))


def test_a_model_with_sessions_needs_times(moody):
    from dataclasses import replace

    without = replace(moody, train=moody.train.drop(columns="timestamp"))
    with pytest.raises(DataError, match="no column timestamp"):
        gibbs.Gibbs(k=1, with_sessions=True).fit(without)


def dated(times):
    n = len(times)
    table = pd.DataFrame({"user_id": range(n), "item_id": range(n), "rating": 3.0})
    return table.assign(timestamp=times)


@pytest.mark.parametrize("before", ["1970-01-03", 2 * DAY])
def test_a_temporal_split_trains_on_what_came_before(before):
    split = datasets.temporal_split(dated([DAY, 2 * DAY - 1, 2 * DAY, 3 * DAY]), before=before)
    assert split.train["timestamp"].tolist() == [DAY, 2 * DAY - 1]
    assert split.test["timestamp"].tolist() == [2 * DAY, 3 * DAY]
    assert split.n_users == 4


@pytest.mark.parametrize(
    ("times", "before", "message"),
    [
        ([DAY, 2 * DAY], "1999-01-01", r"no rating from 1999-01-01.*from 1970-01-02 to 1970-01-03"),
        ([DAY, 2 * DAY], "1970-01-01", "no rating before 1970-01-01"),
        ([DAY, 2 * DAY], "soon", "before is 'soon'; it must be a date"),
        ([DAY, 2 * DAY], None, "before is None"),
        ([DAY * 10**9, 2 * DAY], 5, "milliseconds"),
        (["a", "b"], 5, "no number of seconds"),
    ],
)
def test_a_temporal_split_that_cannot_be_made(times, before, message):
    with pytest.raises(DataError, match=message):
        datasets.temporal_split(dated(times), before=before)


def test_a_temporal_split_needs_time_stamps():
    with pytest.raises(DataError, match="no column timestamp"):
        datasets.temporal_split(dated([1, 2]).drop(columns="timestamp"), before=2)
