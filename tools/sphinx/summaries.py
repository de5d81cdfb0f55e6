"""Sphinx extension: a page's description and social card begin with its lead sentence."""

import html
import re

from docutils import nodes
from sphinxext import opengraph

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“])")


def lead(doctree, length, titles=frozenset()):
    """Return the first sentences of a page's first paragraph that fit, safe inside an attribute.

    Parameters
    ----------
    doctree : docutils.nodes.document
    length : int
        Number of characters at most, if the first sentence is no longer. A longer one is cut
        between two words.
    titles : collection of str
        Not used: a title is no paragraph.
    """
    paragraphs = (p for p in doctree.findall(nodes.paragraph) if not _is_aside(p))
    text = " ".join(next((p.astext() for p in paragraphs), "").split())
    first, *rest = SENTENCE_END.split(text)
    if len(first) > length:
        first = first[: length - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
        rest = []
    for sentence in rest:
        if len(first) + 1 + len(sentence) > length:
            break
        first += f" {sentence}"
    return html.escape(first, quote=True)


def _is_aside(node):
    while node := node.parent:
        if isinstance(node, nodes.Admonition | nodes.Invisible):
            return True
    return False


def setup(app):
    """Register the extension."""
    app.setup_extension("sphinxext.opengraph")
    # The extension strings together all text of a page, and offers no other way to choose.
    opengraph.get_description = lead
    return {"parallel_read_safe": True, "parallel_write_safe": True}
