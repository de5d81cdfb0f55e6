"""Minutes and speaker notes of every section, and the timetable that is made of them."""

import re

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
import pytest

from tools import notebooks, sections, timetable_page

PATHS = notebooks.paths()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_sections_add_up_to_the_times_at_the_head_of_the_chapter(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
    found = re.search(r"About (\d+) minutes to teach, (\d+) minutes for the exercises", text)
    teach, exercises = timetable_page.totals(path)
    assert teach == pytest.approx(int(found[1]), rel=0.1)
    assert exercises == pytest.approx(int(found[2]), rel=0.1)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notes_are_written_for_their_section(path):
    notes = [section.notes for section in sections.sections(path) if section.minutes]
    assert len(set(notes)) == len(notes)
    for note in notes:
        assert 1 <= len(re.findall(r"[.?!](?= |$)", note)) <= 7
        assert note[-1] in ".?!"


def test_the_timetable_has_each_section_with_its_running_sum():
    page = timetable_page.page(PATHS)
    for path in PATHS:
        total = 0
        for title, minutes, _ in sections.sections(path):
            if title == "Exercises":
                assert f"| *Exercises* | {minutes} | |" in page
            elif minutes:
                total += minutes
                assert f"| {title} | {minutes} | {total} |" in page
        assert f"(../notebooks/{path.name}) | {total} |" in page


@pytest.mark.parametrize(
    ("text", "metadata", "message"),
    [
        ("## One\n\n## Two", {"minutes": 1, "notes": "Say."}, 'sections "One" and "Two". Split'),
        ("## One", {"notes": "Say."}, 'section "One" takes None minutes. Give it "mfbook"'),
        ("## One", {"minutes": "4", "notes": "Say."}, "takes '4' minutes"),
        ("## One", {"minutes": -4, "notes": "Say."}, "takes -4 minutes"),
        ("## One", {"minutes": True, "notes": "Say."}, "takes True minutes"),
        ("## One", {"minutes": 4}, "speaker notes None"),
        ("## One", {"minutes": 4, "notes": " "}, "speaker notes ' '"),
        ("## One", "four", "takes None minutes"),
    ],
)
def test_a_section_without_minutes_or_notes_is_named(tmp_path, text, metadata, message):
    path = tmp_path / "made.ipynb"
    cells = [new_markdown_cell("# T"), new_markdown_cell(text, metadata={"mfbook": metadata})]
    nbformat.write(new_notebook(cells=cells), path)
    with pytest.raises(ValueError, match=r"^made\.ipynb: ") as caught:
        timetable_page.page([path])
    assert message in str(caught.value)


def test_a_heading_in_code_or_of_another_level_begins_no_section():
    assert sections.begun_by(new_code_cell("## a comment")) is None
    assert sections.begun_by(new_markdown_cell("### Exercise 1.1: recall")) is None
