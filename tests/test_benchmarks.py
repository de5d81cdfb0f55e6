"""The benchmarks measure what they say, on as many ratings as they say."""

import json
import mmap

import mfbook
from mfbook import datasets
from mfbook.history import History
import numpy as np
import pandas as pd
import pytest

from benchmarks import fits, growth, growth_page, memory, ours, peers, steps, twins


@pytest.fixture(scope="module")
def small():
    return datasets.random_split(datasets.synthetic(n_ratings=10_000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twin")
    twins.write(folder, 10_000)
    return folder


@pytest.fixture
def light(monkeypatch):
    """Settings with which a measurement takes a moment."""
    monkeypatch.setattr(ours, "SWEEPS", 3)
    monkeypatch.setattr(ours, "FACTORS", 4)


def contender(name="mfbook", **attributes):
    return steps.Contender(lambda folder: found(), (), **attributes)


def found(seconds=2.0, rmse=0.9, note=""):
    return {
        "seconds": seconds,
        "rmse": rmse,
        "noise_floor": 0.8,
        "peak_mb": 100.0,
        "data_mb": 10.0,
        "note": note,
    }


@pytest.mark.parametrize("fit", [fits.fit_als, fits.fit_tuned_plain, fits.fit_gibbs])
def test_a_whole_fit_has_a_history_and_depends_on_its_seed(small, fit):
    one, other = (fit(small, seed).history for seed in (0, 1))
    assert one.seconds > 0
    assert one.curve.between(0, 6).all()
    assert one.rmse != other.rmse


class Stars:
    """A model that predicts the same for every pair."""

    def __init__(self, history):
        self.history = history

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), 9.0)


def test_the_error_of_a_whole_fit_is_of_clipped_predictions(small):
    history = fits.fit_als(small, epochs=1).history
    seconds, error = fits.seconds_and_rmse(Stars(history), small)
    assert seconds == history.seconds
    assert error == pytest.approx(np.sqrt(np.mean((small.test["rating"] - 5) ** 2)))


def test_a_table_of_fits_gives_the_mean_of_its_seeds(monkeypatch):
    monkeypatch.setattr(fits, "WHOLE_FITS", {"a fit": lambda split, seed: (1.0 + seed, 0.9 + seed)})
    monkeypatch.setattr(memory, "in_new_process", lambda name: (1.0, 3.0))
    (row,) = peers.whole_fits(split=None)
    assert (row["seconds"], row["u1.test"]) == ("3.00", "2.9000 ± 1.5811")


def test_seconds_to_an_error_are_a_median_or_say_who_reaches_it():
    fast, slow = (
        History(pd.DataFrame({"epoch": [1, 2], "test_rmse": rmse, "seconds": [1.0, 1.0]}), "test")
        for rmse in ([0.9, 0.8], [0.99, 0.97])
    )
    assert peers._seconds_to(0.95, [fast, fast]) == "1.00 s"
    assert peers._seconds_to(0.95, [fast, slow]) == "1 of 2 seeds reach it"
    assert peers._seconds_to(0.95, [slow]) == "never"


def _filled_pages(n):
    pages = mmap.mmap(-1, n)
    for start in range(0, n, mmap.PAGESIZE):
        pages[start] = 1
    return pages


def test_memory_is_what_a_fit_adds():
    # Pages of its own: an array might lie where this process has freed memory.
    pages, megabytes = memory.with_memory(lambda: _filled_pages(50_000_000))
    assert len(pages) == 50_000_000
    assert 45 < megabytes < 80


def test_the_highest_memory_of_a_process_that_is_gone_is_nothing():
    assert memory.peak() > 20
    assert memory.peak(2**30) == 0


def test_a_fit_that_fails_in_a_new_process_shows_its_message():
    with pytest.raises(RuntimeError, match="invalid choice: 'no such fit'"):
        memory.in_new_process("no such fit")


def test_the_files_of_a_twin_hold_the_same_ratings(folder):
    table, data = twins.ratings(folder), twins.sets(folder)
    user, item, rating, _ = twins.HEADER
    read = datasets.read_ratings(folder / twins.CSV, sep=",", user=user, item=item, rating=rating)
    pd.testing.assert_frame_equal(read, table)
    assert len(read) == 10_000
    assert len(data.train["rating"]) + len(data.test["rating"]) == 10_000
    assert 0.08 < len(data.test["rating"]) / 10_000 < 0.12
    assert data.shape == (read["user_id"].max(), read["item_id"].max())
    assert data.megabytes == pytest.approx(10_000 * 12 / 2**20)
    assert 0.8 < data.noise_floor < 1


def test_a_csv_file_that_is_written_in_parts_is_the_same(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(twins, "LINES_AT_ONCE", 3_000)
    twins.write(tmp_path, 10_000)
    assert (tmp_path / twins.CSV).read_bytes() == (folder / twins.CSV).read_bytes()


def test_predictions_are_clipped_before_they_are_measured(folder):
    data = twins.sets(folder)
    expected = np.sqrt(np.mean((data.test["rating"].astype(float) - 5) ** 2))
    assert data.rmse(np.full(len(data.test["rating"]), 9.0)) == pytest.approx(expected)


MEASURES = [(step, name) for step in steps.STEPS for name in steps.STEPS[step]]


@pytest.mark.parametrize(
    ("step", "name"), [one for one in MEASURES if not one[1].startswith("Spark")]
)
def test_every_contender_measures_time_error_and_memory(folder, light, step, name):
    missing = growth.missing(steps.STEPS[step][name])
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not installed")
    result = steps.STEPS[step][name].measure(folder)
    assert 0 < result["seconds"] < 60
    assert result["data_mb"] > 0.1
    assert result["peak_mb"] > result["data_mb"]
    if step not in ("Reading", "Splitting"):
        assert 0.8 < result["rmse"] < 4


def test_peaks_do_not_count_what_was_freed_before():
    waste = bytearray(200_000_000)
    before = memory.peak()
    del waste
    with memory.Meter() as meter:
        pass
    assert meter.peak < before - 150


def test_a_measurement_in_a_new_process_is_printed_as_json(folder):
    result = growth.measure_once("Splitting", "mfbook", folder)
    assert result["seconds"] > 0
    assert result["note"] == ""


def test_a_measurement_has_one_thread(tmp_path, monkeypatch):
    said = {}

    def fake(command, env, **options):
        said.update(env)
        return type("Done", (), {"returncode": 0, "stdout": json.dumps(found())})

    monkeypatch.setattr(growth.subprocess, "run", fake)
    growth.measure_once("Splitting", "mfbook", tmp_path)
    assert said["OMP_NUM_THREADS"] == said["OPENBLAS_NUM_THREADS"] == said["MKL_NUM_THREADS"] == "1"


def test_a_measurement_that_fails_says_why(tmp_path):
    result = growth.measure_once("Splitting", "mfbook", tmp_path)
    assert result["note"].startswith("failed: FileNotFoundError")


def test_a_measurement_ends_at_its_limit(folder, monkeypatch):
    slow = contender(limit=0.01)
    monkeypatch.setitem(steps.STEPS["Splitting"], "mfbook", slow)
    assert growth.measure_once("Splitting", "mfbook", folder)["note"] == "over 0.01 s"


def test_contenders_take_turns_and_give_medians(tmp_path, monkeypatch):
    order, seconds = [], iter([1.0, 9.0, 5.0, 8.0, 2.0, 7.0])
    names = {"mfbook": contender(), "other": contender(), "few": contender(largest=10)}
    monkeypatch.setitem(steps.STEPS, "a step", names)

    def measure(step, name, folder):
        order.append(name)
        return found(next(seconds))

    monkeypatch.setattr(growth, "measure_once", measure)
    rows = growth.measure_step("a step", 100, tmp_path, rounds=3)
    assert order == ["mfbook", "other"] * 3
    assert [(row["contender"], row["seconds"]) for row in rows] == [("mfbook", 2), ("other", 8)]
    assert [row["rounds"] for row in rows] == [3, 3]


def test_a_slow_contender_takes_part_in_fewer_rounds(tmp_path, monkeypatch):
    monkeypatch.setitem(steps.STEPS, "a step", {"mfbook": contender(), "slow": contender(rounds=1)})
    monkeypatch.setattr(growth, "measure_once", lambda *one: found())
    rows = growth.measure_step("a step", 100, tmp_path, rounds=3)
    assert [row["rounds"] for row in rows] == [3, 1]


def test_who_runs_out_of_time_is_not_measured_again(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setitem(steps.STEPS, "a step", {"mfbook": contender()})
    monkeypatch.setattr(
        growth, "measure_once", lambda *one: calls.append(one) or {"note": "over 300 s"}
    )
    (row,) = growth.measure_step("a step", 100, tmp_path, rounds=3)
    assert (len(calls), row["note"]) == (1, "over 300 s")
    assert "seconds" not in row


def test_who_is_not_installed_is_left_out(tmp_path, monkeypatch):
    absent = steps.Contender(lambda folder: found(), ("no_such_module", "json"))
    monkeypatch.setitem(steps.STEPS, "a step", {"absent": absent})
    assert growth.measure_step("a step", 100, tmp_path, rounds=1) == []
    assert growth.left_out()["absent"] == ["no_such_module"]


def test_growth_is_measured_up_to_a_size_and_written(tmp_path, monkeypatch):
    folders = []

    def measure(step, name, folder):
        folders.append(folder)
        return found(rmse=None) if step == "Reading" else found()

    monkeypatch.setattr(growth, "measure_once", measure)
    monkeypatch.setattr(growth, "SIZES", (10_000, 20_000))
    table = growth.measure(largest=15_000, file=tmp_path / "growth.csv")
    assert set(table["ratings"]) == {10_000}
    assert list(dict.fromkeys(table["step"])) == list(steps.STEPS)
    assert table["rmse"].isna().sum() == (table["step"] == "Reading").sum()
    assert not any(folder.exists() for folder in folders)


def rows(contender, seconds, rmse=0.95, sizes=(1_000, 10_000), step="ALS, k = 10"):
    return [
        {"step": step, "contender": contender, "ratings": n, "rounds": 3} | found(s, rmse)
        for n, s in zip(sizes, seconds, strict=False)
    ]


def test_a_section_has_seconds_error_memory_ratios_and_time_per_rating():
    table = pd.DataFrame([*rows("mfbook", [1.0, 20.0]), *rows("cmfrec", [2.0])])
    text = growth_page.section(table)
    assert "| ratings | 1,000 | 10,000 |" in text
    assert "| mfbook | 1 s · 0.9500 · 100 MB | 20 s · 0.9500 · 100 MB |" in text
    assert "| cmfrec | 2 s · 0.9500 · 100 MB | not measured |" in text
    assert "| mfbook : cmfrec | 0.50 × time, 1.00 × memory |  |" in text
    assert "| mfbook, time per rating | 1,000,000 ns | 2,000,000 ns |" in text
    assert "| noise floor | 0.8000 | 0.8000 |" in text


def test_a_section_says_who_ran_out_of_time_and_how_many_rounds_there_were():
    late = {"step": "Reading", "contender": "other", "ratings": 10, "note": "over 9 s", "rounds": 1}
    table = pd.DataFrame([*rows("mfbook", [1.0], None, [10], "Reading"), late])
    text = growth_page.section(table)
    assert "| other | over 9 s |" in text
    assert "Medians of 3 rounds." in text
    large = {**table.iloc[0].to_dict(), "ratings": 1_000, "rounds": 1}
    text = growth_page.section(pd.DataFrame([*table.to_dict("records"), large]))
    assert "Medians of 3 rounds; at 1,000 ratings only 1." in text


def test_an_exponent_is_the_slope_of_a_log_log_line():
    n = np.array([10, 100, 1000])
    assert growth_page.exponent(n, 3 * n**1.5) == pytest.approx(1.5)


def test_the_figure_names_contenders_and_exponents_on_an_opaque_ground(tmp_path):
    table = pd.DataFrame([*rows("mfbook", [1, 10]), *rows("pandas", [1.0], None, [10], "Reading")])
    for name in ("one.svg", "two.svg"):
        growth_page.draw(table, tmp_path / name)
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "mfbook: 1.00" in text
    assert ">pandas<" in text
    assert "fill: #ffffff" in text
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")


def test_every_step_has_a_note_and_a_first_contender_of_ours():
    assert list(growth_page.NOTES) == list(steps.STEPS)
    assert all(next(iter(contenders)) == "mfbook" for contenders in steps.STEPS.values())


def test_a_kernel_that_is_slow_is_refused(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    with pytest.raises(SystemExit, match="unset OPENBLAS_CORETYPE"):
        peers.main([])


def test_a_size_below_the_smallest_is_refused(capsys):
    with pytest.raises(SystemExit):
        peers.main(["--largest", "5"])
    assert "--largest is 5; it must be at least 100000" in capsys.readouterr().err


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Where `peers.main` writes, with fakes for all that takes long."""
    for name, file in (("PAGE", "page.md"), ("FIGURE", "figure.svg")):
        monkeypatch.setattr(peers, name, tmp_path / file)
    monkeypatch.setattr(peers, "PEERS", {"mfbook": "mfbook"})
    monkeypatch.setattr(peers, "SECTIONS", (("A table", "Words.\n", lambda split: [{"a": 1}]),))
    monkeypatch.setattr(peers.movielens, "require", lambda what: None)
    monkeypatch.setattr(peers.datasets, "load", lambda: None)
    monkeypatch.setattr(peers, "_kernel", lambda: "a kernel")
    return tmp_path / "page.md"


def test_the_page_is_written_with_its_figure(page, monkeypatch):
    monkeypatch.setattr(growth, "measure", lambda largest: pd.DataFrame(rows("mfbook", [1, 10])))
    peers.main(["--largest", "1000000"])
    text = page.read_text(encoding="utf-8")
    assert f"mfbook {mfbook.__version__}" in text
    assert "## A table\n\nWords.\n\n| a |\n" in text
    assert "### ALS, k = 10" in text
    assert peers.FIGURE.exists()


def test_the_command_ends_with_what_failed(page, monkeypatch):
    failed = rows("mfbook", [1, 10])
    failed[1]["note"] = "failed: no memory"
    monkeypatch.setattr(growth, "measure", lambda largest: pd.DataFrame(failed))
    with pytest.raises(SystemExit, match="failed: no memory"):
        peers.main([])
    assert page.exists()


def test_the_page_names_the_machine_and_every_table():
    text = peers.PAGE.read_text(encoding="utf-8")
    for title, *_ in peers.SECTIONS:
        assert f"## {title}\n" in text
    assert "## Growth\n" in text
    assert "cores of" in text


@pytest.mark.skipif(not growth.FILE.exists(), reason="make bench has not been run yet")
def test_the_section_on_growth_is_made_from_its_file():
    assert growth_page.section(growth.read()) in peers.PAGE.read_text(encoding="utf-8")
