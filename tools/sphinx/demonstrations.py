"""Sphinx extension: demonstrations in the pages of the book.

The directive ``demonstration`` shows one: its argument is the name, followed by the attributes of its
element, for example ``ladder here=ALS``. A demonstration in the stored output of a notebook brings
its scripts and its style with it; the page links them instead, so that they are stored once.
"""

from pathlib import Path
import re
import shlex
import shutil

from docutils import nodes
from mfbook.course import demonstrations
from sphinx.util.docutils import SphinxDirective

OPENING = '<div class="mf-demo">'
INLINE = re.compile(r"<(style|script)>.*?</\1>\s*", re.DOTALL)
ELEMENT = re.compile(r"<mf-([a-z-]+)[ >]")


class DemonstrationDirective(SphinxDirective):
    """``demonstration``: show the demonstration that the argument names."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return the element as raw HTML."""
        name, *given = shlex.split(self.arguments[0])
        try:
            shown = demonstrations.demonstration(name, dict(a.split("=", 1) for a in given))
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", f"{OPENING}{shown.element}</div>", format="html")]


def remove_inline(app, doctree):
    """Remove the scripts and the style that a notebook's output brings with it."""
    for raw in doctree.findall(nodes.raw):
        if OPENING in raw.rawsource or OPENING in raw.astext():
            text = INLINE.sub("", raw.astext())
            raw.replace_self(nodes.raw("", text, format="html"))


def link_files(app, pagename, templatename, context, doctree):
    """Link the scripts and the style of the demonstrations on a page."""
    found = sorted(set(ELEMENT.findall(context.get("body", ""))))
    if not found:
        return
    for name in found:
        for file in demonstrations.styles(name):
            app.add_css_file(f"demos/{file}")
        for file in demonstrations.scripts(name):
            app.add_js_file(f"demos/{file}", loading_method="defer")


def copy_files(app):
    """Put the scripts and the style beside the other static files."""
    if app.builder.format == "html":
        out = Path(app.outdir) / "_static" / "demos"
        shutil.copytree(demonstrations.FOLDER, out, dirs_exist_ok=True)


def setup(app):
    """Register the extension."""
    app.add_directive("demonstration", DemonstrationDirective)
    app.connect("builder-inited", copy_files)
    app.connect("doctree-read", remove_inline)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
