"""Slides, the printed course and the list of exercises come from the notebooks themselves."""

import os
import re
import shutil

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect, sync_playwright
import pytest

from tools import exercises_page, handout, notebooks, slide_html, slides

PATHS = notebooks.paths()
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def on(kind, **rest):
    """Cell metadata that put a cell on a slide of this type."""
    return {"slideshow": {"slide_type": kind, **rest}}


TAUGHT = {"mfbook": {"minutes": 4, "notes": "Say `x < 1` first."}}  # metadata of a section
ASIDE = '<aside class="notes"><strong>4 min.</strong> Say <code>x &lt; 1</code> first.</aside>'


@pytest.fixture
def deck_of(tmp_path):
    """Return a function that gives the slides of some cells, below the title "Some title"."""

    def make(*cells):
        title = new_markdown_cell("# Some title", metadata=on("slide"))
        path = tmp_path / "made.ipynb"
        notebook = new_notebook(cells=[title, *cells])
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        nbformat.write(notebook, path)
        return slides.deck(path)[1]

    return make


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """Return a folder with all decks."""
    folder = tmp_path_factory.mktemp("decks")
    slides.main(["--out", str(folder)])
    return folder


@pytest.fixture
def apart(monkeypatch):
    """Let nothing join the slide before it."""
    monkeypatch.setattr(slide_html, "HEIGHT", 0)


def printed(text, source="print(text)", **metadata):
    """Return a code cell that has printed ``text``."""
    return new_code_cell(
        source, outputs=[new_output("stream", name="stdout", text=text)], metadata=metadata
    )


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_deck_has_what_an_instructor_shows(path):
    title, deck = slides.deck(path)
    assert title in deck[0]
    assert "Questions." in deck[0]
    assert len(deck) > 15
    assert any("Predict before you run" in slide for slide in deck)
    assert any("Key points" in slide for slide in deck)
    assert sum('<aside class="notes">' in slide for slide in deck) >= 8
    text = "".join(deck)
    assert "Solution" not in text
    assert not re.search(r"answer_\w+ = \.\.\.", text)
    assert not re.search(r'(src|href)="http', text)
    assert not re.search(r'(alt|aria-label)=""', text)


@pytest.mark.usefixtures("apart")
def test_slides_follow_from_metadata_and_not_from_the_text(deck_of):
    deck = deck_of(
        new_markdown_cell("On no slide.", metadata=on("skip")),
        new_markdown_cell("For the speaker.", metadata=on("notes")),
        new_markdown_cell("## A heading\n\nIts text.", metadata=on("slide") | TAUGHT),
        new_markdown_cell("Joins the heading.", metadata=on("fragment")),
        new_markdown_cell("Stands below the heading.", metadata=on("subslide")),
        new_markdown_cell("> **Predict before you run.** Not shown.", metadata=on("skip")),
    )
    assert len(deck) == 3
    assert "Some title" in deck[0]
    assert "Its text." in deck[1]
    assert "Joins the heading." in deck[1]
    assert deck[2] == '<p class="section">A heading</p><p>Stands below the heading.</p>\n'


def test_what_fits_joins_the_slide_before_it_in_the_same_section(deck_of):
    deck = deck_of(
        new_markdown_cell("## A heading", metadata=on("slide") | TAUGHT),
        new_markdown_cell("Two words.", metadata=on("subslide")),
        printed("few", **on("subslide")),
        printed("\n".join(["many"] * 14), **on("subslide")),
        new_markdown_cell("> **Predict before you run.** Which?", metadata=on("subslide")),
        printed("the answer", **on("subslide")),
        new_markdown_cell("## Another", metadata=on("skip") | TAUGHT),
        new_markdown_cell("Begins.", metadata=on("subslide")),
    )
    signs = ("Two words.", "few", "many", "Which?", "the answer", "Begins.")
    found = [[sign for sign in signs if sign in slide] for slide in deck[1:]]
    assert found == [["Two words.", "few"], ["many", "Which?"], ["the answer"], ["Begins."]]
    assert deck[-1].startswith('<p class="section">Another</p>')


def test_a_figure_joins_a_line_of_code_and_nothing_joins_a_figure(deck_of):
    svg = new_output("display_data", data={"image/svg+xml": '<svg width="1"></svg>'})
    _, joined, after, figure = deck_of(
        new_code_cell("draw()", outputs=[svg], metadata=on("subslide")),
        printed("after", **on("subslide")),
        new_code_cell("draw()\n" * 12, outputs=[svg], metadata=on("subslide")),
    )
    assert "<code>" in joined and "<svg" in joined
    assert "after" in after and "<svg" not in after
    assert "<code>" not in figure and "<svg" in figure


def test_the_deck_of_the_three_hour_plan_has_the_sections_that_it_names():
    deck = slides.plan_deck()
    assert len(deck) <= 80
    text = "".join(deck)
    for title in ("What you will have at the end", "Solve it", "Add yourself"):
        assert f"<h2>{title}</h2>" in text
    for title in ("Recall", "The long tail", "Key points"):
        assert f"<h2>{title}</h2>" not in text


@pytest.mark.usefixtures("apart")
def test_a_code_cell_shows_what_its_metadata_says(deck_of):
    _, both, code, output, hidden = deck_of(
        printed("first", **on("subslide")),
        printed("second", **on("subslide", show="code")),
        printed("third", **on("subslide", show="output")),
        printed("fourth", **on("subslide"), tags=["remove-input"]),
    )
    assert "<code>" in both and "first" in both
    assert "<code>" in code and "second" not in code
    assert "<code>" not in output and "third" in output
    assert "<code>" not in hidden and "fourth" in hidden


@pytest.mark.usefixtures("apart")
def test_code_and_output_that_do_not_fit_together_get_two_slides(deck_of):
    lines = "\n".join(["line"] * 9)
    _, code, output = deck_of(printed(lines, source=lines, **on("subslide")))
    assert "<code>" in code and 'class="output"' not in code
    assert "<code>" not in output and 'class="output"' in output


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (new_markdown_cell("text"), "slide_type is None"),
        (new_markdown_cell("text", metadata=on("Slide")), "slide_type is 'Slide'"),
        (printed("1", **on("subslide", show="all")), "\"show\" is 'all'"),
        (printed("1", source="1\n" * 20, **on("subslide")), "its code has 21 lines"),
        (printed("1", source="1" * 99, **on("subslide")), "of up to 99 columns"),
        (printed("1\n" * 20, **on("subslide")), "its outputs have 20 lines"),
        (new_code_cell("1", metadata=on("subslide", show="output")), "no output to show"),
    ],
)
def test_a_cell_that_cannot_be_shown_is_named(deck_of, cell, message):
    with pytest.raises(ValueError, match=rf"made\.ipynb, cell-1: .*{message}"):
        deck_of(cell)


@pytest.mark.usefixtures("apart")
def test_a_figure_has_the_alt_text_of_its_cell(deck_of):
    png = new_output("display_data", data={"image/png": "AAAA"})
    svg = new_output("display_data", data={"image/svg+xml": '<?xml?><svg width="1"></svg>'})
    alt = {"mystnb": {"image": {"alt": 'Two "curves" fall.'}}}
    _, first, second = deck_of(
        new_code_cell("draw()", outputs=[png, svg], metadata=on("subslide", show="output") | alt)
    )
    assert '<img alt="Two &quot;curves&quot; fall." src="data:image/png;base64,AAAA">' in first
    assert '<svg role="img" aria-label="Two &quot;curves&quot; fall." width="1">' in second


def test_an_answer_is_folded_on_its_slide(deck_of):
    text = "<details>\n<summary>Why $x$?</summary>\n\nBecause of $y$.\n\n</details>"
    deck = deck_of(new_markdown_cell(text, metadata=on("subslide")))
    assert "<details>\n<summary>Why" in deck[1]
    assert r"<p>Because of <span" in deck[1]
    assert "</details>" in deck[1]


@pytest.mark.usefixtures("apart")
def test_notes_stand_on_the_first_slide_of_their_section(deck_of):
    title, first, second, other = deck_of(
        new_markdown_cell("## A heading", metadata=on("slide") | TAUGHT),
        new_markdown_cell("More.", metadata=on("subslide")),
        new_markdown_cell("## Recall", metadata=on("skip") | TAUGHT),
        new_markdown_cell("A question.", metadata=on("subslide")),
    )
    assert first.endswith(ASIDE)
    assert other.endswith(ASIDE)
    assert "aside" not in title + second


def test_notes_of_a_section_without_slides_are_nowhere(deck_of):
    (title,) = deck_of(new_markdown_cell("## Sources", metadata=on("skip") | TAUGHT))
    assert "aside" not in title


def test_a_section_without_notes_is_named(deck_of):
    with pytest.raises(ValueError, match=r'made\.ipynb, cell-1: the section "Plan" takes None'):
        deck_of(new_markdown_cell("## Plan", metadata=on("slide")))


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="needs Chromium")
@pytest.mark.usefixtures("apart")
def test_the_key_s_opens_the_notes_without_a_network(tmp_path):
    slides.main(["--out", str(tmp_path)])
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((tmp_path / "10_recommend.html").as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.evaluate("Reveal.slide(1)")
        expect(page.locator("aside.notes").first).not_to_be_visible()
        with page.expect_popup() as speaker:
            page.keyboard.press("s")
        notes = speaker.value.locator(".speaker-controls-notes .value")
        notes.filter(has_text="7 min.").wait_for(timeout=30_000)
        browser.close()
    assert wrong == []


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="needs Chromium")
@pytest.mark.parametrize("chapter", ["03", "09", "11"])
def test_what_a_slide_says_is_on_the_slide(decks, chapter):
    (deck,) = decks.glob(f"{chapter}_*.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(deck.as_uri())
        page.wait_for_function("window.MathJax && MathJax.startup && Reveal.isReady()")
        lowest = page.evaluate(
            """async () => {
              await MathJax.startup.promise;
              return Reveal.getSlides().map((slide, number) => {
                Reveal.slide(number);
                return Math.max(...[...slide.children].filter(e => !e.matches("aside"))
                  .map(e => e.getBoundingClientRect().bottom));
              });
            }"""
        )
        browser.close()
    assert [number for number, bottom in enumerate(lowest, start=1) if bottom > 720] == []


def test_links_lose_their_targets_and_formulas_keep_their_brackets():
    html = slide_html.inline("See [home](index.md): $[a] (b)$")
    assert "See home:" in html
    assert "[a] (b)" in html
    assert "index.md" not in html


def test_slides_are_written_with_all_they_load(decks):
    for page in decks.glob("*.html"):
        for link in re.findall(r'(?:src|href)="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert link.startswith("data:") or (decks / link).exists(), f"{page.name}: {link}"
    # One for each notebook, the list of them, and the deck for three hours.
    assert len(list(decks.glob("*.html"))) == len(PATHS) + 2


def test_slides_into_a_file_are_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    for folder in ("file", "file/slides"):
        with pytest.raises(SystemExit, match=r"could not be written into .*file"):
            slides.main(["--out", str(tmp_path / folder)])
    assert (tmp_path / "file").read_text() == "mine"


def test_the_printed_course_has_every_page_of_the_book():
    assert handout.pages()[0] == "book/index"
    assert {f"notebooks/{path.stem}" for path in PATHS} <= set(handout.pages())


def test_printing_without_chromium_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        handout.main([])


def test_printing_a_book_without_one_of_its_pages(monkeypatch, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/index.html").touch()
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(handout, "HTML", tmp_path)
    with pytest.raises(
        SystemExit, match=f"has no page {handout.pages()[1]}. Run `make book` again"
    ):
        handout.main([])


def test_every_exercise_is_listed_once():
    text = exercises_page.page(PATHS)
    sources = [cell["source"] for path in PATHS for cell in nbformat.read(path, 4).cells]
    wanted = re.findall(r"### Exercise (\w+\.\d+)", "\n".join(sources))
    assert re.findall(r"\| \[(\w+\.\d+)\]", text) == wanted
    assert text.count("checked |") == sum("# @title Check" in source for source in sources)


@pytest.mark.parametrize(
    "text", ["", "- a", "parts: 5", "root: x\nparts: [{chapters: }]", "a: [", None]
)
def test_a_damaged_table_of_contents(monkeypatch, tmp_path, text):
    monkeypatch.setattr(handout, "ROOT", tmp_path)
    if text is not None:
        (tmp_path / "_toc.yml").write_text(text)
    with pytest.raises(SystemExit, match=r"_toc\.yml does not list the book's pages"):
        handout.pages()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (handout.Error("Timeout 30000ms exceeded."), "could not print the book: Timeout 30000ms"),
        (OSError(28, "No space left on device"), "No space left on device. Set TMPDIR"),
    ],
)
def test_a_book_that_cannot_be_printed(monkeypatch, tmp_path, error, message):
    def fail(chromium):
        raise error

    for name in handout.pages():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.html").touch()
    monkeypatch.setattr(handout, "HTML", tmp_path)
    monkeypatch.setattr(handout.shutil, "which", lambda name: name)
    monkeypatch.setattr(handout, "printed", fail)
    with pytest.raises(SystemExit, match=message):
        handout.main([])


@pytest.mark.parametrize("slideshow", ["slide", None, ["slide"]])
def test_metadata_of_another_kind_are_named(slideshow):
    cell = nbformat.v4.new_markdown_cell("text", metadata={"slideshow": slideshow})
    with pytest.raises(ValueError, match="slide_type is None in the cell's slideshow metadata"):
        slides.slide_type(cell)


def test_a_raw_cell_is_on_no_slide():
    with pytest.raises(
        ValueError, match=r'a raw cell shows nothing\. Set its slide_type to "skip"'
    ):
        slide_html.pieces(nbformat.v4.new_raw_cell("text"))


def test_a_picture_without_alt_text():
    cell = nbformat.v4.new_code_cell("1", metadata={"mystnb": "x"})
    assert slide_html._alt(cell) == ""
