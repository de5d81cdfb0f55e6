"""Probabilities of stars are compared with frequencies, and intervals hold exactly what is meant."""

from pathlib import Path

from mfbook import calibration, experiments
from mfbook.exceptions import DataError
from mfbook.experiments import tables
import numpy as np
import pandas as pd
import pytest

from tools import calibration_results, result_tables


def made(n=50_000, seed=0):
    """Return probabilities of three kinds, and kinds that are drawn with them."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([1, 2, 3], n)
    return shares, (rng.random(n)[:, None] > shares.cumsum(axis=1)[:, :2]).sum(axis=1)


def test_a_reliability_table_by_hand():
    shares = np.repeat([[0.1, 0.9], [0.6, 0.4]], 10, axis=0)
    steps = np.array([0] + [1] * 9 + [0] * 10)
    table = calibration.reliability(shares, steps, np.arange(20))
    # 0 is likelier in the second half: its tenths of two ratings are 1 to 5, then 6 to 10
    of_zero = table[table["step"] == 0]
    assert of_zero["tenth"].tolist() == list(range(1, 11))
    assert (of_zero["ratings"] == 2).all()
    assert of_zero["predicted"].tolist() == pytest.approx([0.1] * 5 + [0.6] * 5)
    assert of_zero["observed"].tolist() == pytest.approx([0.5] + [0] * 4 + [1] * 5)
    # gaps of 0.9 and -0.1, their mean taken out: 0.5 and -0.5
    assert of_zero["standard_error"].iloc[0] == pytest.approx(np.sqrt(0.5) / 2)


def test_right_probabilities_are_within_their_standard_errors():
    shares, steps = made()
    table = calibration.reliability(shares, steps, np.arange(len(steps)))
    z = (table["predicted"] - table["observed"]) / table["standard_error"]
    assert z.std() == pytest.approx(1, abs=0.4) and z.abs().max() < 4


def test_errors_of_one_user_go_together():
    """Ten equal ratings of each user say no more than one: the standard error is as of one."""
    shares, steps = made(5000)
    one = calibration.reliability(shares, steps, np.arange(5000))
    ten = calibration.reliability(
        np.repeat(shares, 10, axis=0), np.repeat(steps, 10), np.repeat(np.arange(5000), 10)
    )
    assert ten["standard_error"].to_numpy() == pytest.approx(one["standard_error"].to_numpy())


def test_pit_values_are_spread_evenly_where_probabilities_are_right():
    shares, steps = made()
    values = calibration.pit_values(shares, steps, np.random.default_rng(1))
    for share in (0.1, 0.5, 0.9):
        assert (values < share).mean() == pytest.approx(share, abs=0.01)
    below = shares.cumsum(axis=1)[np.arange(len(steps)), steps]
    assert (values <= below).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda s, k: calibration.pit_values(s[:, 0], k, np.random.default_rng(0)),
            "shares has the",
        ),
        (lambda s, k: calibration.pit_values(s, k[1:], np.random.default_rng(0)), "steps has the"),
        (
            lambda s, k: calibration.pit_values(s, k + 1, np.random.default_rng(0)),
            "steps goes from 1",
        ),
        (lambda s, k: calibration.pit_values(s, k - 1, np.random.default_rng(0)), "goes from -1"),
        (lambda s, k: calibration.pit_values(s, k, 0), "rng is 0"),
        (lambda s, k: calibration.reliability(s, k, k[1:]), "user_idx has the shape"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(*made(100))


def test_the_stored_table_is_within_two_points():
    table = experiments.calibration()
    assert table["standard_error"].max() < 0.01
    assert (table["predicted"] - table["observed"]).abs().max() < 0.02
    assert table.groupby("step")["ratings"].sum().nunique() == 1


def test_a_stored_table_that_was_cut_off_is_refused(monkeypatch, tmp_path):
    whole = Path(tables.__file__).with_name("calibration.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(tables.resources, "files", lambda package: tmp_path)
    (tmp_path / "calibration.csv").write_text("".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"calibration\.csv ends too early"):
        experiments.calibration()


def test_the_command_puts_the_validation_sets_together(monkeypatch, tmp_path, capsys):
    asked = []

    def one_set(fold, k, epochs):
        asked.append((fold, k, epochs))
        shares, steps = made(1000, seed=fold)
        if k == 10:
            # Probabilities of the wrong numbers of stars
            shares = shares[:, ::-1]
        return shares, steps, np.arange(1000)

    monkeypatch.setattr(result_tables, "FOLDER", tmp_path)
    monkeypatch.setattr(calibration_results, "one_set", one_set)
    monkeypatch.setattr(calibration_results.movielens, "require", lambda what: None)
    calibration_results.main([])
    table = pd.read_csv(tmp_path / "calibration.csv")
    assert asked == [(fold, k, 80) for k in (10, 20) for fold in range(1, 6)]
    assert capsys.readouterr().out.splitlines()[-1].startswith("20 factors: 5000 ratings")
    assert tuple(table.columns) == tables.COLUMNS["calibration.csv"]
    assert (table["ratings"] == 500).all()


def test_a_set_is_a_validation_set(monkeypatch, split):
    read = split.validation_split(seed=0)
    monkeypatch.setattr(calibration_results.datasets, "load", lambda fold: split)
    shares, steps, user = calibration_results.one_set(1, k=1, epochs=21)
    assert (user == read.validation["user_idx"]).all()
    assert (steps + 1 == read.validation["rating"]).all()
    assert shares.shape == (len(steps), 5)
