"""The demonstration "map" sorts the films as the model does, and no two names touch."""

from itertools import combinations
import json
import re

from demos import DESK, PHONE, needs_chromium, opened
from mfbook import als
from mfbook.course import demonstrations
import numpy as np
import pytest

from tools import demo_labels, demo_map

KNOWN = json.loads(
    re.search(r"= (\{.*\});", (demonstrations.FOLDER / "map.data.js").read_text("utf-8"))[1]
)
FILMS = KNOWN["films"]
BOXES = """texts => texts.map(text => {
  const { left, top, right, bottom } = text.getBoundingClientRect();
  return [left, top, right, bottom];
})"""


def test_a_title_becomes_a_name():
    assert demo_map.short("Rock, The (1996)") == "The Rock"
    assert demo_map.short("Seven (Se7en) (1995)") == "Seven"
    assert demo_map.short("Dante's Peak (1997)") == "Dante\u2019s Peak"
    assert demo_map.short("M*A*S*H (1970)") == "M*A*S*H"


def test_a_name_goes_where_there_is_room():
    canvas = (200, 100)
    assert demo_labels.place([(100, 50)], ["Alien"], 11, canvas) == ["right"]
    assert demo_labels.place([(180, 50)], ["Alien"], 11, canvas) == ["left"]
    assert demo_labels.place([(100, 50)], ["A" * 24], 11, canvas) == ["above"]
    assert demo_labels.place([(100, 50), (130, 50)], ["Jaws", "Heat"], 11, canvas) == [
        "left",
        "right",
    ]
    right, left, above = (117, 40, 130, 57), (70, 40, 83, 57), (90, 25, 110, 37)
    taken = [right, left, above]
    assert demo_labels.place([(100, 50)], ["Jaws"], 11, canvas, taken) == ["below"]


def test_a_name_without_room_is_refused():
    assert demo_labels.place([(100, 50)], ["A" * 60], 11, (200, 100)) is None
    assert demo_labels.place([(100, 50), (105, 50)], ["Jaws", "Heat"], 11, (200, 100)) is None
    assert demo_labels.place([(100, 4)], ["Jaws"], 11, (200, 100)) is None


def test_the_films_have_room_for_their_names():
    assert 25 <= len(FILMS) <= 30
    assert demo_map.sides(FILMS) == [film["side"] for film in FILMS]


@needs_chromium
@pytest.mark.parametrize("user", [(0, 0), (0.5, -0.75), (-1.05, 0.9)], ids=str)
def test_the_browser_sorts_as_the_model_does(user):
    items = np.array([[*film["vector"], film["bias"]] for film in FILMS])
    stars = als.predict_pairs(
        np.array([[*user, 0]]),
        items,
        KNOWN["mean"],
        np.zeros(len(items), int),
        np.arange(len(items)),
    )
    with opened("map") as page:
        seen = page.evaluate("user => customElements.get('mf-map').ranked(user)", list(user))
        order = [row["n"] for row in seen]
        assert order == np.argsort(-stars, kind="stable").tolist()
        np.testing.assert_allclose([row["stars"] for row in seen], stars[order], atol=1e-6)


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, {"width": 700, "height": 900}, DESK], ids=str)
def test_no_two_names_touch(size):
    with opened("map", size=size) as page:
        # All are listed at some place, and then their names are bold and wider.
        page.evaluate("document.querySelectorAll('.film').forEach(f => f.classList.add('listed'))")
        boxes = page.locator(".film text").evaluate_all(BOXES)
        assert len(boxes) == len(FILMS)
        assert not [pair for pair in combinations(boxes, 2) if demo_labels.overlap(*pair, apart=-3)]
        frame = page.locator("svg.map").evaluate_all(BOXES)[0]
        assert min(box[0] for box in boxes) >= frame[0]
        assert max(box[2] for box in boxes) <= frame[2]


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_keyboard_moves_the_user(size):
    with opened("map", size=size, reduced_motion="reduce") as page:
        said, first = page.locator(".mf-now"), page.locator("li").first
        assert "In the middle nothing is known" in said.inner_text()
        before = first.inner_text()
        page.keyboard.press("Tab")
        for _ in range(4):
            page.keyboard.press("Shift+ArrowLeft")
            page.keyboard.press("Shift+ArrowDown")
        handle = page.get_by_role("slider")
        assert handle.get_attribute("aria-valuetext").startswith("\u22120.80 across, \u22120.80 up")
        assert first.inner_text() != before
        assert "You stand nearest to Dante\u2019s Peak" in said.inner_text()
        for _ in range(20):
            page.keyboard.press("Shift+ArrowRight")
        # It stays on the map.
        assert float(handle.get_attribute("aria-valuenow")) == pytest.approx(158 / 150, abs=1e-3)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert first.inner_text() == before


@needs_chromium
@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_a_pointer_moves_the_user(touch):
    with opened("map", size=PHONE, has_touch=touch) as page:
        name = page.locator(".film circle").nth([f["title"] for f in FILMS].index("Liar Liar"))
        if touch:
            name.tap()
        else:
            page.locator(".you .dot").hover()
            page.mouse.down()
            name.hover(force=True)
            page.mouse.up()
        assert "You stand nearest to Liar Liar" in page.locator(".mf-now").inner_text()
        assert page.locator("li").count() == 10


@pytest.mark.usefixtures("movielens")
def test_the_files_are_what_the_command_writes(tmp_path):
    demo_map.write(tmp_path)
    for file in ("map.data.js", "map.svg"):
        stored = (demonstrations.FOLDER / file).read_text("utf-8")
        assert (tmp_path / file).read_text("utf-8") == stored
