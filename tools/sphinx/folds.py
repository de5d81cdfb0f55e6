"""Sphinx extension: cells that are folded on a page, each with a label that says what is inside.

The label is the first comment of the cell: ``# @title Solution 5.1`` or ``# How this figure is drawn``.
The cells of imports at the beginning of a chapter are folded too.
"""

import html
import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode

TITLE = re.compile(r"#\s*(?P<marked>@title\s+)?(?P<title>[^\n]+)\n*")
IMPORT = re.compile(r"(from \S+ )?import ")
ASSIGNMENT = re.compile(r"^\w+(, \w+)* = ", re.MULTILINE)
OUTPUT = "What it prints"
DEMONSTRATION = "How this demonstration is shown"
FIGURE = "How this figure is drawn"
UNNAMED = "Code"


def fold_cells(app, doctree):
    """Fold the imports of a chapter, and label every folded cell."""
    if app.env.docname.startswith("notebooks/"):
        _fold_imports(doctree)
    for cell in _cells(doctree):
        if cell.get("hide_mode"):
            # Sphinx's translator for notebooks asks for both.
            cell["prompt_show"] = cell["prompt_hide"] = cell.get("fold_label") or _label(cell)


def _cells(doctree):
    return [c for c in doctree.findall(nodes.container) if c.get("nb_element") == "cell_code"]


def _fold_imports(doctree):
    """Fold the first cells of imports that follow one another."""
    began = False
    for cell in _cells(doctree):
        source = _source(cell)
        if not source or cell.get("hide_mode"):
            continue
        if IMPORT.match(source.astext()):
            began = True
            cell["hide_mode"] = "input"
            cell["fold_label"] = _imports_label(source.astext())
        elif began:
            return


def _imports_label(source):
    """The label of a cell of imports, which says what else the cell does."""
    if ASSIGNMENT.search(source):
        return "Imports and constants"
    return "Install what is missing" if "%pip install" in source else "Imports"


def _source(cell):
    return next(iter(cell.findall(nodes.literal_block)), None)


def _label(cell):
    source = _source(cell)
    if cell["hide_mode"] == "output" or source is None:
        return OUTPUT
    found = TITLE.match(source.astext())
    if not found:
        return _kind(cell, source.astext())
    # The words after a colon are for those who have the notebook before them.
    label = found["title"].partition(": ")[0].strip()
    if found["marked"]:
        _replace(source, source.astext()[found.end() :])
    return label


def _kind(cell, source):
    """What a cell without a title holds."""
    if "demonstration(" in source:
        return DEMONSTRATION
    drawn = any(cell.findall(nodes.image)) or any(
        "<svg" in r.astext() for r in cell.findall(nodes.raw)
    )
    return FIGURE if drawn else UNNAMED


def _replace(source, text):
    """Change the code of a block, which is highlighted from its raw source."""
    source.rawsource = text
    source.children = []
    source += nodes.Text(text)


def _visit_fold(translator, node):
    label = html.escape(node["prompt_show"])
    translator.body.append(f'<details class="fold">\n<summary>{label}</summary>\n')


def _depart_fold(translator, node):
    translator.body.append("</details>\n")


def setup(app):
    """Register the extension."""
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(_visit_fold, _depart_fold))
    app.connect("doctree-read", fold_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
