"""The demonstration "ladder" shows the tables of `make results`, and keeps apart what differs."""

from demos import PHONE, needs_chromium, opened
from mfbook import experiments
from mfbook.course import demonstrations
import pytest

from tools import demo_ladder


def test_the_files_are_up_to_date(tmp_path):
    demo_ladder.write(tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_text() == (demonstrations.FOLDER / file.name).read_text(), file.name


def test_the_rungs_are_those_of_the_results():
    results = experiments.results().query("dataset == 'ml-100k'")
    rungs = {rung["model"]: rung for rung in demo_ladder.rungs()}
    assert set(rungs) == set(results["model"])
    als = results.query("model == 'ALS' and fold == 1")["test"]
    assert rungs["ALS"]["test"] == pytest.approx(als.tolist(), abs=1e-4)
    assert len(rungs["ALS"]["folds"]) == len(rungs["ALS"]["validation"]) == 5
    assert rungs["global mean"]["validation"] == []
    assert [rung["chapter"] for rung in rungs.values() if "2016" in rung["model"]] == [3, 4, 5, 5]


@needs_chromium
def test_the_scoreboard_ends_where_the_reader_is():
    with opened("ladder", {"upto": "7", "here": "plain"}) as page:
        rungs = page.locator(".mf-model").all_inner_texts()
        assert not any("ALS" in rung or "Bayesian" in rung for rung in rungs)
        assert "you are here" in rungs[-1]
        assert "chapter 7" in page.locator(".mf-detail").inner_text()


@needs_chromium
def test_a_rung_tells_its_details_by_keyboard_and_by_touch():
    with opened("ladder", size=PHONE, has_touch=True) as page:
        page.locator(".mf-rung", has_text="item mean").focus()
        assert page.locator(".mf-detail").inner_text().startswith("item mean · 1.0334")
        page.locator(".mf-rung", has_text="with time stamps").tap()
        assert "before it is made" in page.locator(".mf-detail").inner_text()


@needs_chromium
def test_validation_and_published_results_do_not_stand_beside_what_they_do_not_match():
    with opened("ladder") as page:
        published = page.get_by_role("button", name="Published results")
        published.click()
        rungs = page.locator(".mf-rung")
        assert rungs.count() == 20
        page.locator(".mf-rung", has_text="GLocal-K").hover()
        assert "the test set chose the epoch" in page.locator(".mf-detail").inner_text()
        page.get_by_role("button", name="Validation").click()
        assert published.is_disabled()
        assert rungs.count() == 9
        assert "Do not compare" in page.locator(".mf-note").inner_text()
