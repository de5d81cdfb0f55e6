"""Sphinx extension: excerpts of search results without a request, so that they work from a file too."""

import json
from pathlib import Path

from docutils import nodes

from tools.writing import write

FILE = "searchtexts.js"


def collect(app, doctree):
    """Note the text of each section of a page, under the name of its anchor."""
    _texts(app.env)[app.env.docname] = {
        section["ids"][0]: _own_text(section) for section in doctree.findall(nodes.section)
    }


def _texts(env):
    if not hasattr(env, "section_texts"):
        env.section_texts = {}
    return env.section_texts


def _own_text(section):
    """Return the text of a section without its title and the sections in it: prose, then code."""
    prose, code = [], []
    for child in section.children:
        if not isinstance(child, nodes.section | nodes.title):
            for text in child.findall(nodes.Text):
                if not _is_hidden(text):
                    (code if isinstance(text.parent, nodes.literal_block) else prose).append(text)
    return " ".join(" ".join(text.astext() for text in [*prose, *code]).split())


def _is_hidden(node):
    """Whether a text is HTML, or one of several forms of a cell's output."""
    while node := node.parent:
        if isinstance(node, nodes.raw | nodes.comment) or node.get("nb_element") == "mime_bundle":
            return True
    return False


def forget(app, env, docname):
    """Forget the texts of a page that is read again or is gone."""
    _texts(env).pop(docname, None)


def merge(app, env, docnames, other):
    """Take the texts that another process has read."""
    _texts(env).update({name: _texts(other)[name] for name in docnames if name in _texts(other)})


def load_on_search_page(app, pagename, templatename, context, doctree):
    """Load the texts, and the script that shows them, on the page of search results only."""
    if pagename == "search":
        for name in (FILE, "search.js"):
            app.add_js_file(name, loading_method="defer")


def write_texts(app, error):
    """Write the texts of all pages as a script beside the other files of the theme."""
    if error is None and app.builder.format == "html":
        texts = json.dumps(_texts(app.env), ensure_ascii=False, separators=(",", ":"))
        target = Path(app.outdir) / "_static" / FILE
        write(f"window.courseTexts={texts};\n".encode(), target)


def setup(app):
    """Register the extension."""
    # Before downloads are offered below the title.
    app.connect("doctree-read", collect, priority=300)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("html-page-context", load_on_search_page)
    app.connect("build-finished", write_texts)
    return {"env_version": 3, "parallel_read_safe": True, "parallel_write_safe": True}
