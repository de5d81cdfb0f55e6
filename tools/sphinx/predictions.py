"""Sphinx extension: a question "Predict before you run", and the result that answers it.

The script predict.js makes a card of the question and covers the result until the reader has guessed.
"""

import hashlib

from docutils import nodes

from tools.sphinx import linking

OPENING = "Predict before you run."
CARD, RESULT = "predict", "predict-result"


def pair(app, doctree):
    """Mark the questions of a chapter, and the output that answers each."""
    if not app.env.docname.startswith("notebooks/"):
        return
    for quote in doctree.findall(nodes.block_quote):
        if not quote.astext().startswith(OPENING):
            continue
        # A name that stays when other questions are added: the browser keeps guesses under it.
        name = hashlib.sha256(quote.astext().encode()).hexdigest()[:8]
        quote["classes"].append(CARD)
        quote["ids"].append(f"predict-{name}")
        if result := _result(quote):
            result["classes"].append(RESULT)
            result["ids"].append(f"result-{name}")


def _result(quote):
    """Return the output of the next cell that has one, before the next heading or question."""
    following = quote.parent.children[quote.parent.index(quote) + 1 :]
    for node in following:
        if isinstance(node, nodes.section) or CARD in node.get("classes", ()) or _asks(node):
            return None
        if node.get("nb_element") == "cell_code" and (found := _output(node)):
            return found
    return None


def _asks(node):
    return isinstance(node, nodes.block_quote) and node.astext().startswith(OPENING)


def _output(cell):
    """Return the output of a cell that is run before the reader's eyes, or None."""
    parts = {part.get("nb_element"): part for part in cell.children}
    output = parts.get("cell_code_output")
    # A diagram without code is no result, and a solution is folded already.
    if "cell_code_source" not in parts or cell.get("hide_mode") in ("all", "output"):
        return None
    return output if output and output.children else None


link_files = linking.where(f'<blockquote class="{CARD}"', "predict.css", "predict.js")


def setup(app):
    """Register the extension."""
    # Before figures.py puts drawings into the place of images.
    app.connect("doctree-read", pair, priority=300)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
