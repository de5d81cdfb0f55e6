"""Questions with feedback and fields for answers: what the pages get, and how they answer in a browser."""

import base64
import json
import re
from unittest.mock import Mock, call

from accessibility import findings
from demos import PHONE, needs_chromium
from docutils import nodes
from mfbook.course import _judging, _recorded
import numpy as np
from playwright.sync_api import expect
import pytest
from static_page import opened
from test_page_parts import cell, page

from tools.sphinx import answerfields, linking, questions

TEXT = questions.PAGE.read_text(encoding="utf-8")
ONE = """## 1 · Prepare the data

**1.** Is `x`
one?

- **A** Yes
- **B** *No*

:::{dropdown} Answer and next steps

**B** is right.

| answer | what it tells you |
|---|---|
| A | Ask again. |

The page of the chapter answers:

- **A** It isn't <one>.
- **B** It is `x`.

:::
"""
FILES = ["questions.css", "questions.js", "answerfields.js"]
EXERCISES = _recorded.recorded()[answerfields.DATASET]


def with_questions(*titles, chapter="1 · Prepare the data", name="notebooks/01_prepare"):
    """Titles of the sections of a chapter after the questions were put in, each with its parent's."""
    sections = [nodes.section("", nodes.title("", title)) for title in titles]
    app, doctree = page(nodes.section("", nodes.title("", chapter), *sections), name=name)
    app.env.note_dependency = Mock()
    questions.add_questions(app, doctree)
    return [
        (s.parent.astext().split("\n")[0], s.next_node(nodes.title).astext())
        for s in doctree.findall(nodes.section)
    ][1:]


def test_a_question_is_read_with_its_answers():
    (one,) = questions.read(ONE)["1 · Prepare the data"]
    assert one == {
        "asked": "Is `x` one?",
        "choices": {"A": "Yes", "B": "*No*"},
        "told": {"A": "It isn't <one>.", "B": "It is `x`."},
        "right": "B",
    }


@pytest.mark.parametrize("gone", ["**B** is right.", "- **A** It isn't <one>.", "- **B** *No*"])
def test_a_question_that_is_not_complete_is_refused(gone):
    with pytest.raises(ValueError, match=r"teaching_questions\.md, 1 · Prepare the data, question"):
        questions.read(ONE.replace(gone, ""))


def test_every_answer_of_the_course_tells_learners_something_of_its_own():
    asked = [question for chapter in questions.read(TEXT).values() for question in chapter]
    told = [sentence for question in asked for sentence in question["told"].values()]
    assert len(asked) == 26
    assert len(set(told)) == 4 * 26
    for sentence in told:
        assert len(sentence) > 40, sentence
        assert sentence.endswith((".", "?")), sentence
        # These are words to a teacher.
        assert not re.search(r"\b(Ask|Show|Let them|on the board)\b", sentence), sentence


def test_the_html_of_a_question_is_readable_without_javascript():
    (one,) = questions.read(ONE)["1 · Prepare the data"]
    text = questions.as_html(one, "question-1")
    assert '<div class="quiz" data-right="B">' in text
    assert '<p class="quiz-question" id="question-1">Is <code>x</code> one?</p>' in text
    assert "<li>Yes</li><li><em>No</em></li>" in text
    assert "<p>B is right.</p>" in text
    assert "<li><strong>A</strong> It isn’t &lt;one&gt;.</li>" in text


def test_questions_stand_below_recall_or_before_the_key_points():
    assert with_questions("Recall", "Key points")[:2] == [
        ("1 · Prepare the data", "Recall"),
        ("Recall", "Two questions"),
    ]
    titles = [title for _, title in with_questions("Exercises", "Key points")]
    assert titles == ["Exercises", "Two questions", "Key points"]
    assert with_questions("Exercises")[-1] == ("1 · Prepare the data", "Two questions")


def test_other_pages_have_no_questions():
    assert with_questions("Recall", name="book/index") == [("1 · Prepare the data", "Recall")]
    assert len(with_questions("Recall", chapter="A · The original, today")) == 1


def test_a_page_follows_the_teaching_page():
    app, doctree = page(nodes.section("", nodes.title("", "1 · Prepare the data")))
    app.env.note_dependency = Mock()
    questions.add_questions(app, doctree)
    assert app.env.note_dependency.mock_calls == [call(str(questions.PAGE))]


def fields(*cells, name="notebooks/01_prepare"):
    section = nodes.section("", *cells)
    answerfields.add_fields(*page(section, name=name))
    return [re.findall(r'data-\w+="(.*?)"', raw.astext()) for raw in section.findall(nodes.raw)]


def test_a_check_has_a_field_before_it():
    check = cell('# @title Check 1.2\nanswers.check(\n    "1.2",\n    answer_1_2)', "input")
    ((exercise, key),) = fields(cell("x = 1"), check)
    assert exercise == "1.2"
    assert isinstance(check.parent[check.parent.index(check) - 1], nodes.raw)
    stored = json.loads(base64.b64decode(key))
    assert stored["expected"] == EXERCISES["1.2"]["expected"]["values"]
    assert stored["kind"] == "f"
    assert "0.317" not in key
    assert stored["mistakes"][0][1] == "that is their share of the ratings."


def test_no_field_without_an_answer_on_record():
    assert fields(cell('answers.check("99.1", x)'), cell("print(1)")) == []
    assert fields(cell('answers.check("1.2", x)'), name="book/index") == []


@pytest.mark.parametrize(
    ("module", "sign", "files"),
    [
        (questions, '<div class="quiz"', ("questions.css", "questions.js")),
        (answerfields, '<div class="answer-field"', ("questions.css", "answerfields.js")),
    ],
)
def test_only_pages_that_ask_load_the_scripts(module, sign, files):
    for body, n in ((sign, 1), ("<p>", 0)):
        app = Mock()
        module.link_files(app, "", "", {"body": body}, None)
        assert app.add_css_file.mock_calls == [call(files[0])] * n
        scripts = [call(file, loading_method="defer") for file in (linking.COMMON, files[1])]
        assert app.add_js_file.mock_calls == scripts * n


def field(exercise, key):
    return (
        f'<div class="answer-field" data-exercise="{exercise}" '
        f'data-key="{answerfields.encoded(key)}"></div>'
    )


def of_course(exercise):
    return field(exercise, _recorded.find(exercise, answerfields.DATASET))


def key(expected, tolerance=1e-3, mistakes=()):
    return _judging.make_key(expected, tolerance, mistakes)


WRITTEN = [
    (0.25, "", "Write an answer first."),
    (0.25, "a lot", "“a” cannot be read; write a number, such as 0.95."),
    (0.25, "1 2", "One answer is wanted, and there are 2."),
    ([1.5, 2.5], "1.5", "2 answers are wanted, and there are 1."),
    (0.25, "0,25", "Right."),
    (-0.25, "−.25", "Right."),
    (0.25, "25 %", "Not yet: that is in percent; give a share instead (0.25 for 25 %)."),
    ([1.5, 2.5], "[1.5, 2.5]", "Right."),
    ([1.5, 2.5], "2.5; 1.5", "Not yet: these are the right values in another order."),
    ([True, False], "yes no", "Right."),
    ([True, False], "1 0", "“1” cannot be read; write True or False."),
    (0.25, "1<b>", "“1<b>” cannot be read; write a number, such as 0.95."),
    (0.25, "Infinity", "“Infinity” cannot be read; write a number, such as 0.95."),
]
BODY = "<h2>Two questions</h2>" + "".join(
    questions.as_html(question, f"question-{number}")
    for number, question in enumerate(questions.read(TEXT)["5 · Drop half of it"], start=1)
)


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answer_tells_what_is_wrong_with_it(theme):
    body = BODY + of_course("2.2")
    with opened(body, FILES, PHONE, theme) as shown:
        quiz = shown.locator(".quiz").first
        assert quiz.get_by_text("In overfitting the training error falls").count() == 1
        expect(quiz.get_by_text("In overfitting the training error falls")).not_to_be_visible()
        quiz.get_by_role("button", name="A Overfitting").click()
        status = quiz.get_by_role("status")
        assert status.inner_text().startswith("A is not right. In overfitting")
        assert findings(shown) == []
        quiz.get_by_role("button", name="B Something").focus()
        shown.keyboard.press("Space")
        assert status.inner_text().startswith("B is right. Something works against the fit")
        pressed = quiz.get_by_role("button", pressed=True)
        assert pressed.count() == 1
        assert pressed.inner_text().startswith("B")
        assert shown.locator(".quiz").nth(1).get_by_role("status").inner_text() == ""
        assert findings(shown) == []


@needs_chromium
def test_paper_and_pages_without_javascript_have_the_answers():
    with opened(BODY, FILES) as shown:
        shown.emulate_media(media="print")
        expect(shown.get_by_text("A is right.")).to_be_visible()
        expect(shown.get_by_text("In overfitting the training error falls")).to_be_visible()
    with opened(BODY + of_course("2.2"), FILES, java_script_enabled=False) as shown:
        expect(shown.get_by_text("Underfitting, so add factors")).to_be_visible()
        expect(shown.get_by_text("B is right.")).not_to_be_visible()
        shown.get_by_text("Which answer is right").first.click()
        expect(shown.get_by_text("B is right.")).to_be_visible()
        expect(shown.locator(".answer-field")).not_to_be_visible()


def written(value):
    """An answer as a reader writes it."""
    words = [str(bool(x)) if value.dtype.kind == "b" else repr(x) for x in value.ravel().tolist()]
    return ", ".join(words)


def answers_to(key):
    """Answers worth trying: the right one, the known mistakes, and what the rules recognize."""
    right = key.expected
    tried = [right, *(value for value, _ in key.mistakes)]
    if right.dtype.kind != "b":
        tried += [-right, 100 * right, right / 100, np.round(right.astype(float), 1)]
        tried += [right + 10, right - 10 * np.abs(right) - 1, np.atleast_1d(right)[::-1]]
    same = [np.reshape(value, right.shape) for value in tried if value.size == right.size]
    return [value for value in same if np.isfinite(value.astype(float)).all()]


def plain(message):
    """A message without its marks, and with places counted as the page counts them: from 1."""
    message = re.sub(r"the value at \[(\d+)\]", lambda m: f"value {int(m[1]) + 1}", message)
    message = re.sub(r"(?<=; )your answer", "it", message)
    for curly, straight in zip("“”‘’", "\"\"''", strict=True):
        message = message.replace(curly, straight)
    return re.sub(r"[*`_]", "", message)


@needs_chromium
def test_the_page_judges_as_the_course_does():
    keys = {name: _recorded.find(name, answerfields.DATASET) for name in EXERCISES}
    tried = [(name, value) for name, known in keys.items() for value in answers_to(known)]
    with opened("".join(field(name, known) for name, known in keys.items()), FILES) as shown:
        said = shown.evaluate(
            """all => all.map(([name, text]) => {
                const field = document.querySelector(`[data-exercise="${name}"]`);
                field.querySelector("input").value = text;
                field.querySelector("button").click();
                return field.querySelector("[role=status]").textContent;
            })""",
            [(name, written(value)) for name, value in tried],
        )
    wrong = [
        (name, written(value), sentence, verdict)
        for (name, value), sentence in zip(tried, said, strict=True)
        if plain(sentence) != plain(verdict := _judging.judge(value, keys[name]).message)
    ]
    assert wrong == []


@needs_chromium
def test_what_is_written_in_a_field():
    body = "".join(field(f"1.{n}", key(right)) for n, (right, _, _) in enumerate(WRITTEN))
    with opened(body, FILES) as shown:
        for n, (_, text, said) in enumerate(WRITTEN):
            form = shown.locator(".answer-field").nth(n)
            form.get_by_label(f"Your answer to 1.{n}").fill(text)
            shown.keyboard.press("Tab")
            shown.keyboard.press("Enter")
            assert form.get_by_role("status").inner_text() == said


@needs_chromium
def test_the_stored_reply_gives_way_to_the_field():
    stored = '<div class="cell"><div class="cell_output">{}</div></div>'
    body = of_course("1.2") + stored.format("Not answered yet: replace the three dots.")
    body += of_course("1.3") + stored.format("Right.")
    with opened(body, FILES) as shown:
        expect(shown.get_by_text("Not answered yet")).not_to_be_visible()
        expect(shown.get_by_text("Right.")).to_be_visible()
