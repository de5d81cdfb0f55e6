"""Sphinx extension: the questions with four answers at the end of a chapter.

They are those of the page *Questions* for teachers, with the sentence that each answer has for
learners. Without JavaScript, the sentences are behind a fold; questions.js shows that of the answer
which a reader chooses.
"""

import html
from pathlib import Path
import re

from docutils import nodes
from markdown_it import MarkdownIt

from tools.sphinx import linking

PAGE = Path(__file__).resolve().parents[2] / "book" / "teaching_questions.md"
CHAPTER = re.compile(r"^## (?=\w+ · )", re.MULTILINE)
QUESTION = re.compile(r"^\*\*\d\.\*\* ", re.MULTILINE)
ANSWER = re.compile(r"^- \*\*([A-D])\*\* (.+)$", re.MULTILINE)
RIGHT = re.compile(r"^\*\*([A-D])\*\* is right\.$", re.MULTILINE)
MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(
    ["replacements", "smartquotes"]
)


def inline(text):
    """HTML of a sentence in Markdown."""
    return MARKDOWN.renderInline(text)


def read(text):
    """Questions of the page for teachers.

    Parameters
    ----------
    text : str
        The page in Markdown.

    Returns
    -------
    dict of str to list of dict
        For each title of a chapter its questions: ``asked``, ``choices`` and ``told`` (both a dict of
        letters to texts) and ``right``, a letter.

    Raises
    ------
    ValueError
        If a question has no right answer, or an answer no sentence for learners.
    """
    found = {}
    for chapter in CHAPTER.split(text)[1:]:
        title, body = chapter.split("\n", 1)
        found[title] = [_question(part, title) for part in QUESTION.split(body)[1:]]
    return found


def _question(text, title):
    before, _, folded = text.partition(":::{dropdown}")
    asked = " ".join(before[: before.index("\n- ")].split())
    choices, told = (dict(ANSWER.findall(part)) for part in (before, folded))
    right = RIGHT.findall(folded)
    if len(right) != 1 or right[0] not in choices or list(choices) != list(told):
        raise ValueError(
            f"{PAGE.name}, {title}, question {asked!r}: it needs one line '**B** is right.' and, below "
            f"the table, a line '- **A** …' with the sentence for learners for each of {[*choices]}."
        )
    return {"asked": asked, "choices": choices, "told": told, "right": right[0]}


def as_html(question, name):
    """HTML of a question that can be read without JavaScript."""
    choices = "".join(f"<li>{inline(text)}</li>" for text in question["choices"].values())
    told = "".join(
        f"<li><strong>{letter}</strong> {inline(text)}</li>"
        for letter, text in question["told"].items()
    )
    right = question["right"]
    return (
        f'<div class="quiz" data-right="{right}">'
        f'<p class="quiz-question" id="{html.escape(name)}">{inline(question["asked"])}</p>'
        f'<ol class="quiz-choices" type="A">{choices}</ol>'
        f'<details class="quiz-answers"><summary>Which answer is right, and why</summary>'
        f"<p>{right} is right.</p><ul>{told}</ul></details></div>"
    )


def add_questions(app, doctree):
    """Put the questions of a chapter below its section "Recall", or else before its key points."""
    if not app.env.docname.startswith("notebooks/"):
        return
    app.env.note_dependency(str(PAGE))
    title = doctree.next_node(nodes.title)
    asked = read(PAGE.read_text(encoding="utf-8")).get(title.astext()) if title else None
    if not asked:
        return
    section = nodes.section(ids=["two-questions"], classes=["questions"])
    section += nodes.title("", "Two questions")
    section += nodes.paragraph("", "Choose an answer, and read what it tells.")
    for number, question in enumerate(asked, start=1):
        text = as_html(question, f"question-{number}")
        section += nodes.raw("", text, format="html")
    _place(doctree, section)


def _place(doctree, section):
    sections = {s.next_node(nodes.title).astext(): s for s in doctree.findall(nodes.section)}
    if recall := sections.get("Recall"):
        recall += section
    elif points := sections.get("Key points"):
        points.parent.insert(points.parent.index(points), section)
    else:
        next(doctree.findall(nodes.section)).append(section)


link_files = linking.where('class="quiz"', "questions.css", "questions.js")


def setup(app):
    """Register the extension."""
    # Before Sphinx collects the titles of a page for its contents.
    app.connect("doctree-read", add_questions, priority=300)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
