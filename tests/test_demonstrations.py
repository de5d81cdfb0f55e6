"""Every demonstration is complete, works from a file, and has a picture where it cannot run."""

from pathlib import Path
import re

from accessibility import findings
from demos import DESK, PHONE, needs_chromium, opened
from mfbook import course
from mfbook.course import demonstrations
import nbformat
from playwright.sync_api import expect
import pytest

ROOT = Path(__file__).parent.parent
NAMES = demonstrations.names()
each = pytest.mark.parametrize("name", NAMES)


def test_an_unknown_name_is_answered_with_those_there_are():
    message = f"No demonstration 'lsit'. Use one of: {', '.join(NAMES)}."
    with pytest.raises(ValueError, match=re.escape(message)):
        course.demonstration("lsit")


def test_attributes_cannot_end_the_tag():
    shown = course.demonstration("ladder", {"here": '"><script>'})
    assert '<mf-ladder here="&quot;&gt;&lt;script&gt;">' in shown.element


@each
def test_a_notebook_gets_the_page_the_picture_and_a_sentence(name):
    shown = course.demonstration(name)._repr_mimebundle_()
    assert set(shown) == {"text/html", "image/svg+xml", "text/plain"}
    assert shown["text/html"].startswith(
        f'<div class="mf-demo">\n<mf-{name}><svg class="mf-picture"'
    )
    assert shown["text/plain"].endswith(".") and "\n" not in shown["text/plain"]
    assert len(shown["text/plain"]) > 60


@each
def test_nothing_is_asked_from_outside(name):
    text = course.demonstration(name).html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.|fetch\(|import\(|XMLHttpRequest", text)
    assert len(re.findall("</script", text)) == len(demonstrations.scripts(name))


@each
def test_the_picture_says_what_it_shows_and_may_stand_twice_on_a_page(name):
    picture = course.demonstration(name).picture
    assert re.search(r"<title>[A-Z0-9][^<]{30,}\.</title>", picture)
    assert 'role="img"' in picture and "viewBox" in picture
    assert not re.search(r"\bid=|<style", picture)


@needs_chromium
@each
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_runs_and_is_accessible(name, size, scheme):
    with opened(name, size=size, color_scheme=scheme, reduced_motion="reduce") as page:
        expect(page.locator(".mf-stage")).to_be_visible()
        expect(page.locator(".mf-picture")).not_to_be_visible()
        assert findings(page) == []


@needs_chromium
@each
def test_the_picture_is_there_without_javascript_and_in_print(name):
    with opened(name, java_script_enabled=False) as page:
        expect(page.locator(".mf-picture")).to_be_visible()
    with opened(name) as page:
        page.emulate_media(media="print")
        expect(page.locator(".mf-picture")).to_be_visible()
        expect(page.locator(".mf-stage")).not_to_be_visible()


@needs_chromium
def test_a_demonstration_that_fails_leaves_its_picture():
    fails = (
        "customElements.define('mf-x', class extends mfbook.Demonstration { draw() { throw 1 } })"
    )
    add = (
        "document.querySelector('.mf-demo').innerHTML = '<mf-x><svg class=mf-picture></svg></mf-x>'"
    )
    with pytest.raises(AssertionError, match="1"), opened("ladder") as page:
        page.evaluate(f"() => {{ {fails}; {add}; }}")
        expect(page.locator(".mf-picture")).to_be_visible()
        assert page.locator(".mf-stage").count() == 0


@needs_chromium
def test_the_scripts_may_be_included_twice():
    with opened("ladder") as page:
        page.add_script_tag(content=(demonstrations.FOLDER / "common.js").read_text())
        page.add_script_tag(content=(demonstrations.FOLDER / "ladder.js").read_text())
        assert page.locator(".mf-stage").count() == 1


@needs_chromium
def test_the_shared_controls():
    with opened("ladder") as page:
        made = page.evaluate(
            """() => {
              const heard = [];
              const slider = mfbook.slider({label: "Rate", min: 0, max: 2, step: 0.5, value: 1,
                format: (x) => mfbook.number(x, 1), onInput: (x) => heard.push(x)});
              document.body.append(slider);
              const input = slider.querySelector("input");
              input.value = 1.5;
              input.dispatchEvent(new Event("input"));
              const moved = slider.querySelector(".mf-value").textContent;
              slider.value = 2;
              mfbook.remember("test", {a: 1});
              mfbook.say(document.body, "Hello");
              return [heard, moved, slider.value, input.getAttribute("aria-valuetext"),
                mfbook.number(-0.004, 2), mfbook.number(-1.5, 1),
                document.querySelector("[role=status].mf-said").textContent];
            }"""
        )
        assert made == [[1.5], "1.5", 2, "2.0", "0.00", "\u22121.5", "Hello"]
        assert page.get_by_label("Rate").bounding_box()["height"] >= 44


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_of_the_book_goes_before_that_of_the_system(theme):
    other = {"light": "dark", "dark": "light"}[theme]
    with opened("ladder", color_scheme=other) as page:
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        color = "getComputedStyle(document.querySelector('.mf-demo')).backgroundColor"
        assert (page.evaluate(color) == "rgb(255, 255, 255)") == (theme == "light")


def test_stored_outputs_are_those_of_the_files():
    """Remedy: `python -m tools.demos`, or execute the chapter again."""
    stale = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and cell.source.startswith("course.demonstration("):
                shown = eval(cell.source, {"course": course})._repr_mimebundle_()
                stored = [output.get("data") for output in cell.outputs]
                if stored != [shown]:
                    stale.append(f"{path.name}: {cell.source}")
    assert stale == []
