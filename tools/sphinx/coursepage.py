"""Sphinx extension of this project: what the pages of the course need beyond their theme."""

from pathlib import Path, PurePosixPath
import re

from docutils import nodes
import mfbook
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tools import links

# What `python -m tools.kit` makes, seen from the folder of _config.yml.
KIT = PurePosixPath("/_build/kit")
KIT_DOWNLOADS = {
    "wheel": KIT / "notebooks" / links.WHEEL,
    "everything as one file (kit.zip)": KIT.with_suffix(".zip"),
}
# So that a table can be scrolled by keyboard, and no ARIA role is used wrongly.
REPLACEMENTS = (
    ("<table ", '<table tabindex="0" '),
    ("<th></th>", "<td></td>"),
    (' role="list" class="citation-list"', ' class="citation-list"'),
    (' role="doc-biblioentry"', ""),
)
BACK_LINK = re.compile(r'(?P<link><a class="viewcode-back" href="[^"#]*#)(?P<name>[\w.]+)')
PAGE_ADDRESS = re.compile(r'<meta property="og:url"[^>]*>\n?')


class TakeAway(nodes.Admonition, nodes.Element):
    """What readers can take from a page. As an admonition, it is no part of a page's summary."""


class KitDirective(SphinxDirective):
    """The kit and the wheel for download, where `tools.kit` has made them: ``{kit}``."""

    def run(self):
        """Return a row of links, or nothing."""
        if not _has_kit(self.env):
            return []
        return [TakeAway("", _row("Take the course with you: ", _downloads(KIT_DOWNLOADS)))]


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
        rows.append(_row("Take this chapter with you: ", _downloads(notebook | KIT_DOWNLOADS)))
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
    """Remove what is not used or would be wrong, and correct what hinders a screen reader."""
    # Thebe runs cells on a server.
    scripts = [s for s in context.get("script_files", []) if "thebe" not in _text(s)]
    context["script_files"] = scripts
    context["css_files"] = [c for c in context.get("css_files", []) if "thebe" not in _text(c)]
    for group in context.get("header_buttons", []):
        # The source of a chapter has its solutions, and is not in the book.
        if group["label"] == "download-buttons":
            printing = [b for b in group["buttons"] if b["label"] == "download-pdf-button"]
            group["buttons"] = printing
    if not app.config.ogp_site_url:
        context["metatags"] = PAGE_ADDRESS.sub("", context.get("metatags", ""))
    for old, new in REPLACEMENTS:
        if "body" in context:
            context["body"] = context["body"].replace(old, new)


def correct_links_from_sources(app, pagename, templatename, context, doctree):
    """Let a page of source code lead to where its objects are documented.

    Sphinx assumes one documenting module for each module of code, but what a package takes from its
    modules is documented under the package, and the rest under the module.
    """
    folder, _, module = pagename.partition("/")
    if folder != "_modules":
        return
    documented = app.env.get_domain("py").objects

    def corrected(match):
        parts = match["name"].split(".")
        own = (".".join([*module.split("/"), *parts[start:]]) for start in range(1, len(parts)))
        name = match["name"]
        return match["link"] + next(filter(documented.get, [name, *own]), name)

    context["body"] = BACK_LINK.sub(corrected, context["body"])


def _text(asset):
    attributes = getattr(asset, "attributes", {})
    return f"{getattr(asset, 'filename', asset)} {attributes.get('body', '')}".lower()


def setup(app):
    """Register the extension."""
    app.add_node(TakeAway, html=(_visit_take_away, _depart_take_away))
    app.add_directive("kit", KitDirective)
    app.connect("config-inited", set_address_and_version, priority=900)
    app.connect("env-before-read-docs", warn_without_kit)
    # Before Sphinx collects the files to download.
    app.connect("doctree-read", add_take_away, priority=400)
    app.connect("html-page-context", clean_page, priority=900)
    app.connect("html-page-context", correct_links_from_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
