"""Figures on the pages: text that a phone can show, colors of the theme, numbered captions.

The tests of built pages need Chromium and the built book, as those of `test_browser` do.
"""

import functools
from pathlib import Path
import re
import shutil
from xml.etree import ElementTree

import nbformat
from playwright.sync_api import sync_playwright
import pytest

from tools.sphinx import figures

ROOT = Path(__file__).parent.parent
HTML = ROOT / "_build" / "html" / "notebooks"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
# Kilobytes. The rating matrix is a picture of 80,000 dots.
LARGEST, LARGEST_PICTURE = 60, 140
SVG = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="360pt" height="9pt" viewBox="0 0 360 9">
 <defs>
  <style type="text/css">*{stroke-linejoin: round}</style>
 </defs>
 <g id="figure_1"><g id="patch_1">
  <path d="M 0 245.995766" style="fill: #ffffff"/></g></g>
 <path id="mark" d="M 1 2" style="stroke: #5f6b76; fill: #ffffff"/>
 <g clip-path="url(#mark)"><use href="#mark"/></g>
 <text style="font-size: 12px; fill: #1f2933">RMSE 0.9532</text><text style="font-size: 9px">2</text>
</svg>
"""


def is_figure(output):
    data = output.get("data", {})
    # A demonstration has a picture too, for where there is no JavaScript.
    shown = "mf-demo" in data.get("text/html", "")
    return not shown and any(kind.startswith("image/") for kind in data)


def stored(chapter):
    """Return the outputs of a chapter that are figures, in order."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs if is_figure(output)]


@pytest.fixture(scope="module")
def drawing():
    html = figures.inlined(SVG, 'One "curve" falls & rises.', "drawing-3-")
    return ElementTree.fromstring(html)[0]


def test_a_drawing_has_its_alt_text(drawing):
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == 'One "curve" falls & rises.'


def test_a_drawing_is_transparent_and_only_the_paper_is(drawing):
    fills = [path.get("style") for path in drawing.iter("{http://www.w3.org/2000/svg}path")]
    assert fills == ["fill: none", "stroke: var(--figure-grey, #5f6b76); fill: #ffffff"]


def test_ids_of_a_drawing_are_its_own(drawing):
    text = ElementTree.tostring(drawing, encoding="unicode")
    assert 'id="drawing-3-mark"' in text
    assert 'href="#drawing-3-mark"' in text and "url(#drawing-3-mark)" in text


def test_a_drawing_says_nothing_about_the_rest_of_the_page(drawing):
    assert not list(drawing.iter("{http://www.w3.org/2000/svg}style"))


def test_coordinates_of_a_drawing_are_short_and_its_text_is_as_it_was(drawing):
    text = ElementTree.tostring(drawing, encoding="unicode")
    assert "M 0 246.00" in text
    assert ">RMSE 0.9532<" in text


def test_a_drawing_is_never_so_narrow_that_its_smallest_text_is_below_ten_pixels(drawing):
    # 9 of 360 units are 10 of 400 pixels.
    assert drawing.get("style") == "min-width: 400px"


def test_a_drawing_without_text():
    assert "min-width: 0px" in figures.inlined(re.sub("<text.*</text>", "", SVG), "", "")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_stored_figures_are_light_drawings(chapter):
    for output in stored(chapter):
        svg = output["data"]["image/svg+xml"]
        limit = LARGEST_PICTURE if "<image " in svg else LARGEST
        assert len(svg) < 1000 * limit, svg[-300:]


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def phone(browser):
    """Return a function that opens a chapter at the width of a phone, once."""
    context = browser.new_context(viewport={"width": 390, "height": 844})

    @functools.cache
    def opened(chapter):
        path = HTML / f"{chapter}.html"
        if not path.is_file():
            pytest.skip("the book is not built: run `make book` first")
        page = context.new_page()
        page.goto(path.as_uri())
        # What is folded has no size.
        page.add_style_tag(content=".cell .cell_output, .cell details > * {display: block}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return page

    yield opened
    context.close()


WITH_FIGURES = [chapter for chapter in CHAPTERS if stored(chapter)]
# Of each text in a drawing: how large it is shown, in pixels, and whether it lies inside.
TEXTS = """all => all.map(t => {
  const svg = t.ownerSVGElement, [box, around] = [t, svg].map(e => e.getBoundingClientRect());
  const scale = around.width / svg.viewBox.baseVal.width;
  return [t.textContent, parseFloat(getComputedStyle(t).fontSize) * scale,
    box.left >= around.left - 1 && box.right <= around.right + 1];
})"""


@pytest.mark.parametrize("chapter", WITH_FIGURES)
def test_text_of_figures_can_be_read_on_a_phone(phone, chapter):
    texts = phone(chapter).locator(".drawing text").evaluate_all(TEXTS)
    assert texts
    assert [text for text in texts if text[1] < 10] == []
    assert [text for text in texts if not text[2]] == []


@pytest.mark.parametrize("chapter", WITH_FIGURES)
def test_figures_fit_a_phone_without_scrolling(phone, chapter):
    wider = "all => all.filter(d => d.scrollWidth > d.clientWidth + 1).length"
    assert phone(chapter).locator(".drawing").evaluate_all(wider) == 0


@pytest.mark.parametrize("chapter", WITH_FIGURES)
def test_every_figure_has_the_next_number(phone, chapter):
    captions = phone(chapter).locator("figcaption .caption-text").all_text_contents()
    number = re.match(r"0?(\d+|[A-Z])_", chapter)[1]
    wanted = [f"Figure {number}.{n}: " for n in range(1, len(stored(chapter)) + 1)]
    assert [re.match(r"\s*(Figure [\w.]+: )?", caption)[1] for caption in captions] == wanted
    ids = phone(chapter).evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert sorted({i for i in ids if ids.count(i) > 1}) == []


@pytest.mark.parametrize("chapter", WITH_FIGURES)
def test_figures_follow_the_theme(phone, chapter):
    page = phone(chapter)
    ink = "getComputedStyle(document.querySelector('.drawing text[style*=figure-ink]')).fill"
    paper = "getComputedStyle(document.querySelector('.drawing [id$=patch_1] path')).fill"
    colors = {}
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        colors[theme] = page.evaluate(ink)
        assert page.evaluate(paper) == "none"
    assert colors == {"light": "rgb(31, 41, 51)", "dark": "rgb(223, 229, 234)"}
