"""The demonstration "start" walks as NumPy does, and says when the plateau ends."""

from demos import PHONE, needs_chromium, opened
from mfbook.course import demonstrations
import numpy as np
import pytest

from tools import demo_start

RUN = "setting => [...customElements.get('mf-start').descend(...setting).errors]"
SETTINGS = [(0, 0.2, 0), (0.0001, 0.2, 0), (0.01, 0.05, 0.9), (0.3, 0.5, 0.5), (1, 0.2, 0.95)]


def test_the_first_ratings_are_those_of_chapter_3():
    toy = np.array([[4, 2, np.nan], [2, 1, 2], [np.nan, 2, 4]])
    for user, item, rating in demo_start.RATINGS:
        assert toy[user, item] == rating
    assert len(demo_start.RATINGS) == np.isfinite(toy).sum()


def test_ten_times_closer_to_zero_costs_the_same_number_of_steps_each_time():
    zero_stars = np.sqrt(7)
    ends = [np.argmax(demo_start.descend(s, 0.2, 0) < 0.9 * zero_stars) for s in (0.1, 0.01, 0.001)]
    assert ends == [23, 38, 54]


@needs_chromium
def test_the_browser_walks_as_numpy_does():
    with opened("start") as page:
        for setting in SETTINGS:
            seen = np.array(page.evaluate(RUN, list(setting)))
            np.testing.assert_allclose(seen, demo_start.descend(*setting)[: len(seen)], atol=1e-6)
            assert len(seen) == demo_start.STEPS + 1


@needs_chromium
def test_it_stops_where_the_error_is_out_of_all_bounds():
    with opened("start") as page:
        seen = page.evaluate(RUN, [1, 9, 0.95])
        assert len(seen) < demo_start.STEPS
        page.get_by_label("Learning rate").fill("1")
        page.get_by_label("Momentum").fill("0.95")
        assert "The steps are too large" in page.locator(".mf-now").inner_text()


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, None], ids=["phone", "desk"])
def test_the_keyboard_leads_to_the_start_at_zero(size):
    options = {"size": size} if size else {}
    with opened("start", **options) as page:
        said = page.locator(".mf-now")
        assert "The plateau ends at step 8." in said.inner_text()
        page.keyboard.press("Tab")
        for scale, end, later in (("±0.3", 16, None), ("±0.1", 23, 15), ("±0.03", 31, 15)):
            page.keyboard.press("ArrowLeft")
            assert page.locator(".mf-value").first.inner_text() == scale
            assert f"ends at step {end}" in said.inner_text()
            assert later is None or f", {later} steps later" in said.inner_text()
        assert page.locator("polyline.error").count() == 1
        # The starts that were tried before stay, pale, in both panels.
        assert page.locator("polyline.old").count() == 6
        page.keyboard.press("Home")
        assert "nothing ever moves" in said.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert page.locator("polyline.old").count() == 0


def test_the_files_are_what_the_command_writes(tmp_path):
    demo_start.write(tmp_path)
    for file in ("start.data.js", "start.svg"):
        stored = (demonstrations.FOLDER / file).read_text("utf-8")
        assert (tmp_path / file).read_text("utf-8") == stored
