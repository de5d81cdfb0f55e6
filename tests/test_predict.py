"""Predict, then reveal: the questions and results that are paired, and the card in a browser."""

from unittest.mock import Mock, call

from accessibility import findings
from demos import PHONE, needs_chromium
from docutils import nodes
from playwright.sync_api import expect
import pytest
from static_page import opened
from test_page_parts import cell, page

from tools.sphinx import linking, predictions

FILES = ["predict.css", "predict.js"]
BODY = """
<blockquote class="predict" id="predict-one"><p><strong>Predict before you run.</strong> What is
2 + 2?</p></blockquote>
<div class="cell"><div class="cell_input"><pre>2 + 2</pre></div>
<div class="cell_output predict-result" id="result-one"><p id="inside">It is four.</p></div></div>
<blockquote class="predict" id="predict-two"><p><strong>Predict before you run.</strong> Are there
aliens?</p></blockquote><p>Nobody has seen any.</p>
<blockquote class="predict" id="predict-three"><p><strong>Predict before you run.</strong> And 3 + 3?
</p></blockquote>
<div class="cell"><div class="cell_output predict-result" id="result-three"><p>It is six.</p></div></div>
"""


def question(text="What is it?"):
    quote = nodes.block_quote()
    quote += nodes.paragraph("", "", nodes.strong("", predictions.OPENING), nodes.Text(f" {text}"))
    return quote


def printing(printed="4", **options):
    made = cell("2 + 2", **options)
    made += nodes.container("", nodes.Text(printed), nb_element="cell_code_output")
    return made


def paired(*children, name="notebooks/03_learn"):
    """Pair questions and results; return the text of the result of each question, or None."""
    section = nodes.section("", *children)
    app, doctree = page(section, name=name)
    predictions.pair(app, doctree)
    results = {
        r["ids"][0].removeprefix("result-"): r.astext()
        for r in doctree.findall(nodes.container)
        if predictions.RESULT in r["classes"]
    }
    cards = [q for q in doctree.findall(nodes.block_quote) if predictions.CARD in q["classes"]]
    return [results.get(card["ids"][0].removeprefix("predict-")) for card in cards]


def test_a_question_is_answered_by_the_next_cell_that_prints():
    quiet = cell("x = 1")
    text = nodes.paragraph("", "Between.")
    assert paired(question(), text, quiet, printing("4"), printing("5")) == ["4"]
    assert paired(question(), printing("4"), question("Next?"), printing("5")) == ["4", "5"]


def test_a_figure_is_a_result_too():
    assert paired(question(), cell("plot()", hide_mode="input", image=True)) == [""]


@pytest.mark.parametrize(
    "between",
    [
        nodes.section("", nodes.title("", "Another")),
        question("Something else?"),
    ],
)
def test_a_result_is_not_looked_for_behind_a_heading_or_another_question(between):
    assert paired(question(), between, printing("4"))[0] is None


def test_what_is_folded_or_has_no_code_is_no_result():
    drawn = nodes.container(nb_element="cell_code")
    drawn += nodes.container("", nodes.Text("tower"), nb_element="cell_code_output")
    assert paired(question(), printing("3", hide_mode="all"), drawn, printing("4")) == ["4"]
    assert paired(question(), drawn) == [None]


def test_other_quotes_and_pages_stay_as_they_are():
    other = nodes.block_quote("", nodes.paragraph("", "Said somebody."))
    assert paired(other, printing()) == []
    assert paired(question(), printing(), name="book/index") == []


def test_names_depend_on_the_question_only():
    one, moved = question("One?"), question("One?")
    paired(one)
    paired(question("Before?"), moved)
    assert one["ids"] == moved["ids"]


@pytest.mark.parametrize(("body", "n"), [('<blockquote class="predict" id="x">', 1), ("<p>", 0)])
def test_only_pages_with_a_question_load_the_script(body, n):
    app = Mock()
    predictions.link_files(app, "", "", {"body": body}, None)
    assert app.add_css_file.mock_calls == [call("predict.css")] * n
    scripts = [call(file, loading_method="defer") for file in (linking.COMMON, "predict.js")]
    assert app.add_js_file.mock_calls == scripts * n


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_guess_uncovers_its_result_only(theme):
    with opened(BODY, FILES, PHONE, theme) as shown:
        four, six = shown.get_by_text("It is four."), shown.get_by_text("It is six.")
        expect(four).not_to_be_visible()
        expect(six).not_to_be_visible()
        expect(shown.get_by_text("2 + 2", exact=True)).to_be_visible()
        assert findings(shown) == []
        shown.get_by_label("Your guess").first.fill("5 <b>")
        shown.get_by_label("Your guess").first.press("Enter")
        expect(four).to_be_visible()
        expect(six).not_to_be_visible()
        assert shown.locator(".predict-lid").first.inner_text() == "Your guess: 5 <b>"
        assert "shown below" in shown.get_by_role("status").first.inner_text()
        assert findings(shown) == []


@needs_chromium
def test_by_keyboard_alone():
    with opened(BODY, FILES) as shown:
        for _ in range(3):
            shown.keyboard.press("Tab")
        button = shown.get_by_role("button", name="Show the result", exact=True).first
        assert button.evaluate("b => b === document.activeElement")
        assert button.get_attribute("aria-expanded") == "false"
        assert button.get_attribute("aria-controls") == "result-one"
        shown.keyboard.press("Enter")
        again = shown.get_by_role("button", name="Hide the result")
        assert again.get_attribute("aria-expanded") == "true"
        assert again.evaluate("b => b === document.activeElement")
        shown.keyboard.press("Enter")
        expect(shown.get_by_text("It is four.")).not_to_be_visible()


@needs_chromium
def test_the_cover_leads_to_the_field_or_shows_the_result():
    with opened(BODY, FILES) as shown:
        lid = shown.locator(".predict-lid").first
        lid.get_by_role("button", name="write a guess").click()
        assert shown.evaluate("document.activeElement.id") == "guess-one"
        lid.get_by_role("button", name="show the result").focus()
        shown.keyboard.press("Enter")
        expect(shown.get_by_text("It is four.")).to_be_visible()
        assert lid.evaluate("l => l === document.activeElement")
        assert lid.inner_text() == "Shown without a guess."


@needs_chromium
def test_guesses_and_wishes_are_kept():
    with opened(BODY, FILES) as shown:
        shown.get_by_label("Your guess").first.fill("5")
        shown.get_by_label("Your guess").nth(1).fill("perhaps")
        shown.get_by_label("Your guess").first.press("Enter")
        shown.reload()
        expect(shown.get_by_text("It is four.")).to_be_visible()
        expect(shown.get_by_text("It is six.")).not_to_be_visible()
        assert shown.get_by_label("Your guess").nth(1).input_value() == "perhaps"
        shown.get_by_label("Show all results").check()
        expect(shown.get_by_text("It is six.")).to_be_visible()
        shown.reload()
        expect(shown.get_by_text("It is six.")).to_be_visible()
        shown.get_by_label("Show all results").uncheck()
        expect(shown.get_by_text("It is four.")).to_be_visible()
        expect(shown.get_by_text("It is six.")).not_to_be_visible()


@needs_chromium
def test_a_question_without_a_result_keeps_the_guess():
    with opened(BODY, FILES) as shown:
        card = shown.locator("#predict-two")
        assert card.get_by_role("button").count() == 0
        card.get_by_label("Your guess").fill("no")
        card.get_by_label("Your guess").press("Enter")
        assert "further below" in card.inner_text()
        assert "asks for 2 guesses," in shown.locator(".predict-all").inner_text()


@needs_chromium
def test_without_storage_the_card_works():
    refuse = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    with opened(BODY, FILES) as shown:
        shown.add_init_script(refuse)
        shown.reload()
        shown.get_by_label("Your guess").first.press("Enter")
        expect(shown.get_by_text("It is four.")).to_be_visible()


@needs_chromium
def test_a_link_into_a_result_shows_it():
    with opened(BODY, FILES, anchor="#inside") as shown:
        shown.wait_for_load_state()
        expect(shown.get_by_text("It is four.")).to_be_visible()
        expect(shown.get_by_text("It is six.")).not_to_be_visible()
        shown.evaluate("location.hash = '#result-three'")
        shown.get_by_text("It is six.").wait_for(state="visible")


@needs_chromium
def test_what_a_search_highlights_is_shown():
    body = BODY.replace("It is six.", 'It is <span class="highlighted">six</span>.')
    with opened(body, FILES) as shown:
        shown.locator("#result-three p").wait_for(state="visible")
        expect(shown.get_by_text("It is four.")).not_to_be_visible()


@needs_chromium
def test_the_browsers_search_finds_what_is_covered():
    with opened(BODY, FILES) as shown:
        result = shown.locator("#result-one")
        assert result.get_attribute("hidden") == "until-found"
        assert result.evaluate("r => getComputedStyle(r).display") == "block"
        result.dispatch_event("beforematch")
        expect(shown.get_by_text("It is four.")).to_be_visible()


@needs_chromium
def test_paper_and_pages_without_javascript_show_everything():
    with opened(BODY, FILES) as shown:
        shown.emulate_media(media="print")
        covered = "r => getComputedStyle(r).contentVisibility + getComputedStyle(r).display"
        assert shown.locator("#result-one").evaluate(covered) == "visibleblock"
        for hidden in (".predict-form", ".predict-lid", ".predict-all"):
            expect(shown.locator(hidden).first).not_to_be_visible()
    with opened(BODY, FILES, java_script_enabled=False) as shown:
        expect(shown.get_by_text("It is six.")).to_be_visible()
        assert shown.get_by_text("Show the result").count() == 0


@needs_chromium
def test_nothing_above_the_result_moves():
    with opened(BODY, FILES, PHONE) as shown:
        where = "all => [scrollY, ...all.map(e => e.getBoundingClientRect().top)]"
        above = shown.locator("h1, .predict-all, #predict-one, #guess-one")
        shown.get_by_label("Your guess").first.fill("5")
        before = above.evaluate_all(where)
        shown.get_by_role("button", name="Show the result", exact=True).first.click()
        expect(shown.get_by_text("It is four.")).to_be_visible()
        assert above.evaluate_all(where) == before
