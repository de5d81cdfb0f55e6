"""Sphinx extension: the form of a chapter's front matter and of its exercises."""

from pathlib import PurePosixPath
import re

from docutils import nodes

EXERCISE = re.compile(r"Exercise \w+\.\d+")


class FrontMatter(nodes.Admonition, nodes.Element):
    """Questions, objectives and time of a chapter. As an admonition, it is no part of a summary."""


def shape_chapter(app, doctree):
    """Fold the front matter of a chapter, and mark its first sentences and its exercises as such."""
    if PurePosixPath(app.env.docname).parts[0] != "notebooks":
        return
    # The metadata of a notebook are paragraphs too, outside its sections.
    paragraphs = (
        p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section)
    )
    if first := next(paragraphs, None):
        first["classes"].append("lead-sentence")
    for section in doctree.findall(nodes.section):
        if EXERCISE.match(section.next_node(nodes.title).astext()):
            section["classes"].append("exercise")
    for quote in list(doctree.findall(nodes.block_quote)):
        if quote.astext().startswith("Questions."):
            quote.replace_self(FrontMatter("", *quote.children))


def _visit_front_matter(translator, node):
    translator.body.append(
        '<details class="front-matter">\n'
        "<summary>What you will learn, what you need, and how long it takes</summary>\n"
    )


def _depart_front_matter(translator, node):
    translator.body.append("</details>\n")


def setup(app):
    """Register the extension."""
    app.add_node(FrontMatter, html=(_visit_front_matter, _depart_front_matter))
    # Before downloads are offered below the title.
    app.connect("doctree-read", shape_chapter, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
