"""Sphinx extension: a field beside each check of an exercise, which judges a number on the page.

The right answer, its tolerance and the known mistakes are those that `mfbook.course.answers` has on
record for the data set of the stored outputs. They are in the page in base64, so that nobody reads
them by accident.
"""

import base64
import json

from docutils import nodes
from mfbook.course import _recorded

from tools.sphinx import linking
from tools.sphinx.questions import inline

DATASET = "ml-100k"


def encoded(key):
    """Text for an attribute: an answer that is on record, as JSON in base64.

    Parameters
    ----------
    key : mfbook.course._judging.Key

    Returns
    -------
    str
    """
    known = [[_values(value), inline(text)] for value, text in key.mistakes]
    entry = {
        "kind": "i" if key.expected.dtype.kind == "u" else key.expected.dtype.kind,
        "expected": _values(key.expected),
        "tolerance": key.tolerance,
        "mistakes": known,
    }
    return base64.b64encode(json.dumps(entry).encode()).decode()


def _values(array):
    return _recorded.to_json(array.astype(float))["values"]


def add_fields(app, doctree):
    """Put a field before each cell of a chapter that checks an answer on record."""
    if not app.env.docname.startswith("notebooks/"):
        return
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        source = cell.next_node(nodes.literal_block)
        called = _recorded.CALL.search(source.astext()) if source else None
        key = _recorded.find(called[1], DATASET) if called else None
        # A table would not fit into one line, and a text says that there is no answer on record.
        if key is None or isinstance(key, str) or key.expected.ndim > 1:
            continue
        field = f'<div class="answer-field" data-exercise="{called[1]}" data-key="{encoded(key)}"></div>'
        cell.parent.insert(cell.parent.index(cell), nodes.raw("", field, format="html"))


link_files = linking.where('class="answer-field"', "questions.css", "answerfields.js")


def setup(app):
    """Register the extension."""
    app.setup_extension("tools.sphinx.questions")
    app.connect("doctree-read", add_fields, priority=300)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
