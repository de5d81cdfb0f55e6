"""Sphinx extension of this project: what the pages of the course need beyond their theme."""

from pathlib import Path, PurePosixPath
import re

from docutils import nodes
import mfbook
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tools import links

PARTS = ("folds", "chapters", "tables", "summaries", "excerpts", "lean", "sources")
# What `python -m tools.kit` makes, seen from the folder of _config.yml.
KIT = PurePosixPath("/_build/kit")
KIT_DOWNLOADS = {
    "wheel": KIT / "notebooks" / links.WHEEL,
    "everything (kit.zip)": KIT.with_suffix(".zip"),
}
# So that no ARIA role is used wrongly.
REPLACEMENTS = (
    (' role="list" class="citation-list"', ' class="citation-list"'),
    (' role="doc-biblioentry"', ""),
)
PAGE_ADDRESS = re.compile(r'<meta property="og:url"[^>]*>\n?')


class TakeAway(nodes.Admonition, nodes.Element):
    """What readers can take from a page. As an admonition, it is no part of a page's summary."""


class KitDirective(SphinxDirective):
    """The kit and the wheel for download, where `tools.kit` has made them: ``{kit}``."""

    def run(self):
        """Return a row of links, or nothing."""
        if not _has_kit(self.env):
            return []
        return [TakeAway("", _row("Download: ", _downloads(KIT_DOWNLOADS)))]


def set_address_and_version(app, config):
    """Give pages and social cards the address of the published book, and the footer the version."""
    options = config.html_theme_options
    options["extra_footer"] += f" Version {mfbook.__version__}."
    url = options["repository_url"]
    options["use_repository_button"] = bool(url)
    if url:
        config.ogp_site_url = config.html_baseurl = links.site(url)
    else:
        config.ogp_social_cards = {"enable": False}


def warn_without_kit(app, env, docnames):
    """Say once that the pages will have no downloads."""
    if not _has_kit(env):
        logging.getLogger(__name__).warning(
            "The pages offer no downloads: there is no _build/kit.zip. Run `make kit` first."
        )


def add_take_away(app, doctree):
    """Put the downloads of a chapter, and the links that open it elsewhere, below its title."""
    page = PurePosixPath(app.env.docname)
    if page.parts[0] != "notebooks":
        return
    rows = []
    if _has_kit(app.env):
        notebook = {"notebook": KIT / f"{page}.ipynb"}
        rows.append(_row("Download: ", _downloads(notebook | KIT_DOWNLOADS)))
    if url := app.config.html_theme_options["repository_url"]:
        places = links.launchers(url, f"{page.name}.ipynb").items()
        references = [nodes.reference("", place, refuri=link) for place, link in places]
        rows.append(_row("Open it in the browser: ", references))
    title = next(doctree.findall(nodes.title))
    if rows:
        title.parent.insert(title.parent.index(title) + 1, TakeAway("", *rows))


def _has_kit(env):
    return Path(f"{env.srcdir}{KIT}.zip").is_file()


def _downloads(files):
    """Nodes for files to download, which Sphinx copies; ``files`` says of each text its path."""
    found = []
    for text, path in files.items():
        options = {"reftarget": str(path), "refdoc": "", "refdomain": "", "reftype": "download"}
        found.append(addnodes.download_reference("", text, **options))
    return found


def _row(text, references):
    row = nodes.paragraph("", text)
    for number, reference in enumerate(references):
        row += [nodes.Text(" · "), reference] if number else [reference]
    return row


def _visit_take_away(translator, node):
    translator.body.append(translator.starttag(node, "div", CLASS="take-away"))


def _depart_take_away(translator, node):
    translator.body.append("</div>\n")


def clean_page(app, pagename, templatename, context, doctree):
    """Remove what would be wrong, and correct what hinders a screen reader."""
    # The source of a chapter has its solutions, and is not in the book.
    buttons = [_only_printing(button) for button in context.get("header_buttons", [])]
    context["header_buttons"] = [button for button in buttons if button]
    if not app.config.ogp_site_url:
        context["metatags"] = PAGE_ADDRESS.sub("", context.get("metatags", ""))
    for old, new in REPLACEMENTS:
        if "body" in context:
            context["body"] = context["body"].replace(old, new)


def _only_printing(button):
    """Return the button to print a page in place of the group of downloads, and others as they are."""
    if button["label"] != "download-buttons":
        return button
    found = (b for b in button["buttons"] if b["label"] == "download-pdf-button")
    return next(({**b, "text": "", "tooltip": "Print this page"} for b in found), None)


def setup(app):
    """Register the extension."""
    for name in PARTS:
        app.setup_extension(f"tools.sphinx.{name}")
    app.add_node(TakeAway, html=(_visit_take_away, _depart_take_away))
    app.add_directive("kit", KitDirective)
    app.connect("config-inited", set_address_and_version, priority=900)
    app.connect("env-before-read-docs", warn_without_kit)
    # Before Sphinx collects the files to download.
    app.connect("doctree-read", add_take_away, priority=400)
    app.connect("html-page-context", clean_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
