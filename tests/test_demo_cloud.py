"""The demonstration "cloud" computes chapter 9's posterior, and draws from it."""

import json
import re

from demos import PHONE, needs_chromium, opened
from mfbook import least_squares
from mfbook.course import demonstrations
import numpy as np
import pytest

from tools import demo_cloud

KNOWN = json.loads(
    re.search(r"= (\{.*\});", (demonstrations.FOLDER / "cloud.data.js").read_text("utf-8"))[1]
)
N = len(KNOWN["films"])
POSTERIOR = "stars => customElements.get('mf-cloud').posterior(stars)"
PREDICT = """stars => {
  const cloud = customElements.get('mf-cloud');
  return cloud.predict(cloud.posterior(stars));
}"""
STARS = [[0] * N, [5] + [0] * (N - 1), list(demo_cloud.STARS), [3] * N]


@needs_chromium
@pytest.mark.parametrize("stars", STARS, ids=str)
def test_the_browser_solves_and_draws_as_python_does(stars):
    mean, precision = demo_cloud.posterior(KNOWN, stars)
    noise = np.array(KNOWN["noise"])
    systems = np.tile(precision, (len(noise), 1, 1)), np.tile(precision @ mean, (len(noise), 1))
    with opened("cloud") as page:
        seen = page.evaluate(POSTERIOR, stars)
        np.testing.assert_allclose(seen["center"], mean, atol=1e-9)
        np.testing.assert_allclose(seen["covariance"], np.linalg.inv(precision), atol=1e-9)
        # The package solves in single precision.
        drawn = least_squares.solve(*systems, noise)
        np.testing.assert_allclose(seen["draws"], drawn, atol=1e-5)
        predicted = page.evaluate(PREDICT, stars)
        v = np.array([*KNOWN["target"]["vector"], 1])
        variance = v @ np.linalg.inv(precision) @ v
        assert predicted["stars"] == pytest.approx(
            KNOWN["mean"] + KNOWN["target"]["bias"] + v @ mean
        )
        assert predicted["cloud"] == pytest.approx(1.644854 * np.sqrt(variance), abs=1e-6)
        with_noise = 1.644854 * np.sqrt(variance + 1 / KNOWN["alpha"])
        assert predicted["rating"] == pytest.approx(with_noise, abs=1e-6)


@needs_chromium
def test_only_which_films_are_rated_makes_it_narrower():
    with opened("cloud") as page:
        low, high = (page.evaluate(POSTERIOR, [s] + [0] * (N - 1)) for s in (1, 5))
        assert low["covariance"] == high["covariance"]
        assert low["center"] != high["center"]
        more = page.evaluate(POSTERIOR, [5, 5] + [0] * (N - 2))
        assert np.linalg.det(more["covariance"]) < np.linalg.det(high["covariance"])


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, None], ids=["phone", "desk"])
def test_the_keyboard_rates_and_forgets(size):
    options = {"size": size} if size else {}
    with opened("cloud", **options) as page:
        said = page.locator(".mf-now")
        assert "Nothing is known of this person" in said.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        once = re.match(r"One rating: the cloud covers (\d+) %", said.inner_text())
        assert int(once[1]) < 95
        assert page.locator(".direction").count() == 1
        page.keyboard.press("ArrowRight")
        # Other stars move the cloud, and it covers as much as before.
        assert said.inner_text().startswith(once[0])
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".given").count() == 2 + 5
        twice = re.match(r"2 ratings: the cloud covers (\d+) %", said.inner_text())
        assert int(twice[1]) < int(once[1])
        page.get_by_role("button", name="Forget all ratings").focus()
        page.keyboard.press("Enter")
        assert "Nothing is known of this person" in said.inner_text()
        assert page.locator(".given").count() == 0


@needs_chromium
def test_a_finger_rates():
    with opened("cloud", size=PHONE, has_touch=True) as page:
        film = page.get_by_role("radiogroup", name=KNOWN["films"][2]["title"])
        film.get_by_label("4 stars").tap()
        assert film.locator(".given").count() == 4
        assert "One rating" in page.locator(".mf-now").inner_text()
        film.get_by_label("not rated").tap()
        assert "Nothing is known" in page.locator(".mf-now").inner_text()


@pytest.mark.usefixtures("movielens")
def test_the_files_are_what_the_command_writes(tmp_path):
    demo_cloud.write(tmp_path)
    for file in ("cloud.data.js", "cloud.svg"):
        stored = (demonstrations.FOLDER / file).read_text("utf-8")
        assert (tmp_path / file).read_text("utf-8") == stored
