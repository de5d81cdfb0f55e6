"""Slides, the printed course and the list of exercises come from the notebooks themselves."""

import re
import shutil

import exercises_page
import handout
from mfbook import pictures
import pytest
import slides

import notebooks

PATHS = notebooks.notebooks()
PICTURES = ["factors", "batch", "towers", "dropout", "data_parallel"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_deck_has_what_an_instructor_shows(path):
    title, deck = slides.deck(path)
    assert title in deck[0]
    assert len(deck) > 15
    assert any("Predict before you run" in slide for slide in deck)
    assert any("Key points" in slide for slide in deck)
    text = "".join(deck)
    assert "Solution" not in text
    assert "answer = ..." not in text
    assert not re.search(r'(src|href)="http', text)


def test_links_lose_their_targets_and_formulas_keep_their_brackets():
    html = slides._markdown("See [home](index.md): $[a] (b)$")
    assert "See home:" in html
    assert "[a] (b)" in html
    assert "index.md" not in html


def test_slides_are_written_with_all_they_load(monkeypatch, tmp_path):
    monkeypatch.setattr(slides, "OUT", tmp_path)
    slides.main()
    for page in tmp_path.glob("*.html"):
        for link in re.findall(r'(?:src|href)="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert link.startswith("data:") or (tmp_path / link).exists(), f"{page.name}: {link}"
    assert len(list(tmp_path.glob("*.html"))) == len(PATHS) + 1


def test_the_printed_course_has_every_page_of_the_book():
    assert handout.pages()[0] == "book/index"
    assert {f"notebooks/{path.stem}" for path in PATHS} <= set(handout.pages())


def test_printing_without_chromium_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        handout.main()


def test_every_exercise_is_listed_once():
    text = exercises_page.page(PATHS)
    sources = [cell["source"] for path in PATHS for cell in notebooks.nbformat.read(path, 4).cells]
    wanted = re.findall(r"### Exercise (\w+\.\d+)", "\n".join(sources))
    assert re.findall(r"\| \[(\w+\.\d+)\]", text) == wanted
    assert text.count("checked |") == sum("# @title Check" in source for source in sources)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_the_same_each_time(name):
    draw = getattr(pictures, name)
    assert draw().svg == draw().svg
    assert draw()._repr_svg_().count("<text") > 4
