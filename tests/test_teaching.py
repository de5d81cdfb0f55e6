"""The teaching pages: their plans add up, and what they let learners run does run."""

import json
import os
from pathlib import Path
import re
import subprocess
import sys

from mfbook import datasets
import nbformat
import pytest

from tools import learners, notebooks, sections, timetable_page

ROOT = Path(__file__).parent.parent
BOOK = ROOT / "book"
PATHS = notebooks.paths()
STEMS = {path.stem: path for path in PATHS}
LINK, SECTION, MINUTES = r"\(\.\./notebooks/(\w+)\.ipynb\)", r"\*([^*]+)\*", r"\((\d+)\)"
ROW = re.compile(r"^\| (\d+)–(\d+) \| (.*?) \| (\d+) \|", re.MULTILINE)
PLANS = ["teaching.md", "teaching_days.md"]


def text_of(page):
    return (BOOK / page).read_text(encoding="utf-8")


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def run_on_the_twin(code, given=""):
    """Run a program on the twin, as a learner's machine would; return what it printed."""
    environment = os.environ | {"MFBOOK_DATASET": "synthetic", "MPLBACKEND": "Agg"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def parts(what):
    """Notebooks of a row of a plan, each with the sections that it names."""
    found = []
    for link, section in re.findall(f"{LINK}|{SECTION}", what):
        if link:
            found.append((link, []))
        else:
            found[-1][1].append(section)
    return found


def planned(what):
    """Minutes of a row: sections or whole chapters, and the numbers in brackets."""
    total = sum(map(int, re.findall(MINUTES, what)))
    for stem, titles in parts(what):
        minutes = {title: n for title, n, _ in sections.sections(STEMS[stem])}
        whole = timetable_page.totals(STEMS[stem])[0]
        total += sum(minutes[title] for title in titles) if titles else whole
    return total


@pytest.mark.parametrize("page", PLANS)
def test_the_rows_of_a_plan_add_up_and_follow_one_another(page):
    rows, last = ROW.findall(text_of(page)), 0
    assert len(rows) > 10
    for start, end, what, total in rows:
        assert int(start) in (last, 0), what
        last = int(end)
        assert planned(what) == int(total), what
        assert int(total) <= int(end) - int(start) <= int(total) + 3, what
    assert page != "teaching.md" or last == 180


def test_the_short_path_adds_up_to_two_hours_with_at_most_two_exercises():
    page, last, exercises = text_of("index.md"), 0, 0
    for start, end, what, total in ROW.findall(page):
        assert (int(start), int(end)) == (last, last + int(total)), what
        assert planned(what) == int(total), what
        exercises += len(re.findall(r"[Ee]xercise \d", what))
        last = int(end)
    assert f"This path takes {last} minutes" in page
    assert 100 <= last <= 120
    assert exercises <= 2


def test_the_cards_of_the_home_page_say_the_times_at_the_heads_of_the_chapters():
    page, chapters = text_of("index.md"), []
    for path in PATHS:
        text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
        times = re.search(r"About (\d+) minutes to teach, (\d+) minutes for", text).groups()
        card = re.search(rf":link: \.\./notebooks/{path.stem}\n.*?\*(\d+) min\*", page, re.DOTALL)
        assert int(card[1]) == sum(map(int, times)), path.stem
        chapters.append(int(card[1]) if path.stem[0].isdigit() else 0)
    assert f"`{round(sum(chapters) / 60)} hours with exercises`" in page


def cells_for_learners(stem, title):
    """Sources of the code cells below a heading in the notebook that a learner gets."""
    heading, found = "", []
    for cell in learners.learner(nbformat.read(STEMS[stem], 4))[0].cells:
        if cell.cell_type == "markdown":
            heading = (
                re.findall(r"^##(?:#(?= Exercise))? (.*)", cell.source, re.MULTILINE) or [heading]
            )[-1]
        elif heading.startswith(title) if title else not heading:
            found.append((stem, cell.source))
    return [cell for cell in found if not cell[1].startswith("# @title Setup")]


REHEARSAL = """
import json, sys
sys.modules["mxnet"] = None  # not installed
spaces = {}
for stem, source in json.load(sys.stdin):
    exec(compile(source, stem, "exec"), spaces.setdefault(stem, {}))
last = spaces["10_recommend"]
print("THE LIST")
print(last["list_table"](last["my_films"], last["my_scores"]).to_string())
"""


def test_the_three_hours_end_with_a_list_of_films():
    """Run what the plan lets learners run, in its order, without MXNet, and no other cell."""
    path, opened = [], []
    for _, _, what, _ in ROW.findall(text_of("teaching.md")):
        for stem, titles in parts(what) if not what.startswith("On the ") else []:
            if stem not in opened:
                path += cells_for_learners(stem, "")
                opened.append(stem)
            for title in titles:
                cells = cells_for_learners(stem, title)
                assert cells, title
                path += cells
        for exercise in re.findall(r"[Ee]xercise (\d+\.\d)", what):
            stem = next(stem for stem in opened if int(stem[:2]) == int(exercise.split(".")[0]))
            path += cells_for_learners(stem, f"Exercise {exercise}")
    assert [stem[:2] for stem in opened] == ["01", "02", "08", "10"]
    (screen,) = blocks("teaching.md")
    path.append(("10_recommend", screen))
    films = run_on_the_twin(REHEARSAL, json.dumps(path)).split("THE LIST")[1]
    assert len(re.findall("Invented film", films)) == 10


def test_the_live_code_runs_and_prints_what_the_page_says():
    page = text_of("teaching_live.md")
    printed = run_on_the_twin("\n".join(blocks("teaching_live.md"))).splitlines()
    assert len(printed) == 13
    for line in printed:
        assert f"`{line}`" in page


def test_the_calls_that_read_project_data_read_their_files(tmp_path, monkeypatch):
    heads = re.findall(r"(read_ratings\(.*?)`", text_of("teaching_days.md"))
    assert len(heads) == 2
    monkeypatch.chdir(tmp_path)
    for call in heads:
        names = re.findall(r'(?:user|item|rating)="(\w+)"', call)
        Path("ratings.csv").write_text(",".join(names) + "\n1,258,5\n2,4081,4\n")
        assert eval(call, {"read_ratings": datasets.read_ratings})["rating"].tolist() == [5, 4]


def questions():
    """Title, and the questions with their folded answers, of each chapter on the page."""
    for chapter in text_of("teaching_questions.md").split("\n## ")[2:]:
        title, text = chapter.split("\n", 1)
        yield title, re.split(r"^\*\*\d\.\*\* ", text, flags=re.MULTILINE)[1:]


def test_every_chapter_has_two_questions_with_three_wrong_answers_explained():
    chapters = dict(questions())
    titles = [nbformat.read(path, 4).cells[0].source.removeprefix("# ") for path in PATHS]
    assert list(chapters) == [title for title in titles if title[0] not in "AC"]
    for title, asked in chapters.items():
        assert len(asked) == 2, title
        for question in asked:
            choices, folded = question.split(":::{dropdown}")
            assert re.findall(r"^- \*\*(\w)\*\* \S", choices, re.MULTILINE) == list("ABCD")
            (right,) = re.findall(r"^\*\*([A-D])\*\* is right\.$", folded, re.MULTILINE)
            wrong = re.findall(r"^\| ([A-D]) \| .{30,} \|$", folded, re.MULTILINE)
            assert sorted([right, *wrong]) == list("ABCD"), question


@pytest.mark.parametrize("title", [title for title, _ in questions()])
def test_numbers_in_the_answers_are_those_of_the_chapter(title):
    (path,) = [p for p in PATHS if nbformat.read(p, 4).cells[0].source == f"# {title}"]
    chapter = json.dumps(nbformat.read(path, 4), ensure_ascii=False).replace("%", " %")
    for question in dict(questions())[title]:
        folded = question.split(":::{dropdown}")[1]
        folded = re.sub(r"(equation \()?\(?\b\d+\.\d\)|[Ee]xercise \d+\.\d", "", folded)
        for number in re.findall(r"\d+\.\d+|\d+ %", folded):
            assert number in chapter.replace("  %", " %"), f"{title}: {number}"


def test_the_quiz_has_ten_questions_and_ten_answers():
    quiz = text_of("teaching_questions.md").split("\n## ")[1]
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", quiz, re.MULTILINE)] == [*range(1, 11)] * 2
