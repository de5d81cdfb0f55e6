"""The printed course, with two pages of the book: cover, contents, numbers, links, whole cells.

Needs Chromium and the built book, as tests/test_browser.py.
"""

import os
from pathlib import Path
import re
import unicodedata

from mfbook import __version__
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
import pytest
from test_browser import CHROMIUM, HTML

from tools import handout, handout_frame

CHAPTER, NOTATION = "notebooks/01_prepare_the_data", "book/notation"
PARTS = [("", [NOTATION]), ("The course", [CHAPTER])]
NUMBERS = {"a/x": 1, "a/y": 2}
FIRST = 3  # after the cover and one page of contents

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="needs Chromium"
)


@pytest.fixture(scope="module")
def course():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handout, "parts", lambda: PARTS)
        return handout.printed(CHROMIUM)


@pytest.fixture(scope="module")
def texts(course):
    return [page.extract_text() for page in course.pages]


@needs_chromium
def test_a_cover_comes_first_and_the_contents_once(texts):
    assert "Matrix Factorization in MXNet" in texts[0].replace("\n", " ")
    assert f"Version {__version__}" in texts[0]
    assert [n for n, text in enumerate(texts) if re.search(r"^Contents$", text, re.M)] == [1]


@needs_chromium
def test_pages_are_numbered_from_the_cover_to_the_end(texts):
    assert not re.search(r"^1$", texts[0], re.M)
    for number, text in enumerate(texts[1:], start=2):
        assert text.rstrip().endswith(str(number)), text[-80:]


@needs_chromium
def test_the_contents_say_where_each_page_begins(texts):
    rows = dict(re.findall(r"^(.+?)\s*(\d+)$", texts[1], re.M))
    assert int(rows["Introduction"]) == FIRST
    begins = int(rows["1 · Prepare the data"])
    assert FIRST < begins < len(texts)
    assert texts[begins - 1].startswith("1 · Prepare the data\nIn this chapter")


@needs_chromium
def test_links_lead_into_the_print_or_to_other_sites(course):
    entries = [entry.get_object() for page in course.pages for entry in page.get("/Annots", ())]
    addresses = [entry["/A"]["/URI"] for entry in entries if "/A" in entry]
    assert addresses and all(address.startswith("https://") for address in addresses)
    # From the contents to the chapter.
    (target,) = {entry["/Dest"][0].idnum for entry in course.pages[1]["/Annots"][-1:]}
    assert target in [page.indirect_reference.idnum for page in course.pages[FIRST:]]


@needs_chromium
def test_nothing_is_left_that_needs_a_screen(texts):
    text = "\n".join(texts)
    for sign in ("Show the result", "Your guess", "Download:", "How this figure is drawn", "Colab"):
        assert sign not in text
    assert "Solution 1.2" in text and "are filled" in text


@pytest.fixture(scope="module")
def tab():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield handout.opened(browser)
        browser.close()


# Of each figure whose code is shown: the height of both, the code, the caption.
FIGURES = """all => all.map(cell => [
  cell.getBoundingClientRect().height,
  cell.querySelector(".cell_input pre").textContent,
  cell.querySelector("figcaption .caption-text").textContent,
])"""


def squeezed(text):
    """A text as it can be compared with one from a PDF, which has its own spaces and ligatures."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


@needs_chromium
@pytest.mark.parametrize("chapter", sorted(HTML.glob("notebooks/*.html")), ids=lambda p: p.stem)
def test_no_code_is_parted_from_its_figure(tab, chapter, tmp_path):
    """Where code and figure fit on one page."""
    handout.print_page(tab, f"notebooks/{chapter.stem}", tmp_path / "page.pdf")
    shown = tab.locator(".bd-article div.cell:has(figure):has(> .cell_input)").evaluate_all(FIGURES)
    sheets = [squeezed(sheet.extract_text()) for sheet in PdfReader(tmp_path / "page.pdf").pages]
    for height, code, caption in shown:
        (sheet,) = (sheet for sheet in sheets if squeezed(caption) in sheet)
        assert squeezed(code) in sheet or height > handout.HEIGHT, caption


def test_the_foot_of_a_page_is_empty_where_it_has_no_title():
    sheets = re.findall(r'<div class="sheet">(.*?)</div>', handout_frame.feet(["", "A < B"]))
    assert sheets == ["", "<p><span>A &lt; B</span><span>2</span></p>"]


def test_the_cover_has_the_licences():
    text = handout_frame.cover(Path(handout.ROOT), "1.2.3")
    assert "Version 1.2.3, 2026" in text and "CC BY 4.0" in text and "<svg" in text


def test_a_row_of_the_contents_leads_to_its_page_and_says_its_number():
    html = handout_frame.contents(
        [("", [("a/x", "First")]), ("B & C", [("a/y", "2 < 3")])], NUMBERS
    )
    assert re.findall('href="(.*?)"', html) == ["a/x.html", "a/y.html"]
    assert re.findall("<span>(.*?)</span>", html) == ["First", "1", "2 &lt; 3", "2"]
    assert re.findall("<h3>(.*?)</h3>", html) == ["B &amp; C"]


def test_links_to_files_become_places_or_vanish():
    writer = PdfWriter()
    for _ in NUMBERS:
        writer.add_blank_page(100, 100)
    for address in ("file:///tmp/a/y.html#part", "file:///tmp/a/z.html", "https://example.org"):
        writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url=address))
    handout_frame.connect(writer, NUMBERS)
    inside, outside = (entry.get_object() for entry in writer.pages[0]["/Annots"])
    assert inside["/Dest"][0].idnum == writer.pages[1].indirect_reference.idnum
    assert "/A" not in inside
    assert outside["/A"]["/URI"] == "https://example.org"
