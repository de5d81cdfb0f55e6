"""Sphinx extension: a cell in PyTorch and its counterpart in Gluon as two tabs.

A code cell with the tag ``tab-pytorch`` gets a tab of its own beside what stands directly before it:
a code cell with the tag ``tab-gluon``, or the last block of code of a text cell. A reader who chooses
one of the two sees it in all pairs of the page. In the notebook itself the two stand one above the
other.
"""

from docutils import nodes
from sphinx.util import logging
from sphinx_design.shared import create_component

LABELS = {"gluon": "Gluon", "pytorch": "PyTorch"}
# The theme makes blocks that scroll reachable by keyboard, but only those that are shown when it
# measures them.
MEASURE_AGAIN = """document.addEventListener("change", (event) => {
  if (event.target.closest(".sd-tab-set")) window.dispatchEvent(new Event("resize"));
});"""
LOGGER = logging.getLogger(__name__)


def put_into_tabs(app, doctree):
    """Move each pair of cells of a page into a set of tabs, PyTorch first."""
    for pytorch in list(doctree.findall(nodes.container)):
        if "tag_tab-pytorch" not in pytorch["classes"]:
            continue
        before = pytorch.previous_sibling()
        if not _is_in_gluon(before):
            LOGGER.warning("no code in Gluon stands before this cell", location=pytorch)
            continue
        pytorch.parent.remove(before)
        tabs = create_component("tab-set", classes=["sd-tab-set"])
        pytorch.replace_self(tabs)
        tabs += [_tab("pytorch", pytorch), _tab("gluon", before)]


def _is_in_gluon(block):
    is_cell = isinstance(block, nodes.container) and "tag_tab-gluon" in block["classes"]
    return is_cell or isinstance(block, nodes.literal_block)


def _tab(name, block):
    label = nodes.rubric("", LABELS[name], classes=["sd-tab-label"])
    label["sync_id"], label["sync_group"] = name, "library"
    content = create_component("tab-content", classes=["sd-tab-content"], children=[block])
    return create_component("tab-item", classes=["sd-tab-item"], children=[label, content])


def setup(app):
    """Register the extension."""
    app.connect("doctree-read", put_into_tabs)
    app.add_js_file(None, body=MEASURE_AGAIN)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
