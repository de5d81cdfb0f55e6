"""Sphinx extension: pages load only what they use, and the book holds only what its pages load."""

from pathlib import Path
import re
import shutil

# Thebe runs cells on a server; nothing of the book uses the theme's own folds.
UNUSED = ("thebe", "toggle")
# What a page needs only if this is in it.
NEEDED_FOR = {'class="math': "mathjax", 'class="sd-': "sphinx-design", "sd-tab-set": "design-tabs"}
# What the theme writes into a page without asking: icon fonts, and on all pages the search.
ICON_FONTS = re.compile(r"[ \t]*<(?:script|link)\b[^>]*fontawesome[^>]*>(?:</script>)?\n?")
SEARCH = re.compile(
    r'[ \t]*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\n?'
)
SEARCH_PAGE = "search.html"
ICON_RULE = re.compile(
    r"@font-face\{[^}]*Font ?\\? Awesome[^}]*\}"
    r"|(?<=[}/{])\.fa[bsr]?\b[^{},]*(?:,\.fa[bsr]?\b[^{},]*)*\{[^{}]*\}"
)
# Of MathJax, what is neither menu nor speech: a third of the weight of its usual script.
MATHJAX = (
    "core.js",
    "startup.js",
    "input/tex.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "output/chtml/fonts/woff-v2",
    "a11y/assistive-mml.js",
)
MATHJAX_PARTS = ["input/tex", "output/chtml", "a11y/assistive-mml"]


def configure_mathjax(app, config):
    """Load MathJax in parts, without its menu, which would make each formula a stop of Tab."""
    config.mathjax_path = "mathjax/startup.js"
    options = config.mathjax3_config or {}
    options["loader"] = {"load": MATHJAX_PARTS}
    options["options"] = {**options.get("options", {}), "enableMenu": False}
    config.mathjax3_config = options


def drop_assets(app, pagename, templatename, context, doctree):
    """Leave out the scripts and styles that the page does not use."""
    body = context.get("body", "")
    if 'class="math' in body:
        context["metatags"] = context.get("metatags", "") + _preloads(context["pathto"])
    unused = [*UNUSED, *(word for sign, word in NEEDED_FOR.items() if sign not in body)]
    for kind in ("script_files", "css_files"):
        context[kind] = [
            asset
            for asset in context.get(kind, [])
            if not any(word in _text(asset) for word in unused)
        ]


def _preloads(path_to):
    """Ask for all parts of MathJax at once; it would ask for one after the other."""
    paths = [path_to(f"_static/mathjax/{name}", 1) for name in MATHJAX if name.endswith(".js")]
    return "".join(f'<link rel="preload" as="script" href="{path}" />\n' for path in paths)


def _text(asset):
    attributes = getattr(asset, "attributes", {})
    return f"{getattr(asset, 'filename', asset)} {attributes.get('body', '')}".lower()


def drop_files(app, error):
    """Remove what no page loads: icon fonts, source maps, and most of MathJax."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        _clean(page, [ICON_FONTS] if page.name == SEARCH_PAGE else [ICON_FONTS, SEARCH])
    static = out / "_static"
    _clean(static / "styles" / "pydata-sphinx-theme.css", [ICON_RULE])
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
    for path in {*static.rglob("*.map"), *static.rglob("fontawesome.js*")}:
        path.unlink()
    _prune(static / "mathjax", MATHJAX)


def _clean(path, patterns):
    text = path.read_text(encoding="utf-8")
    cleaned = text
    for pattern in patterns:
        cleaned = pattern.sub("", cleaned)
    if cleaned != text:
        path.write_text(cleaned, encoding="utf-8")


def _prune(folder, kept):
    """Remove all files of a folder but those that are kept, or stand in a folder that is kept."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(name == k or name.startswith(f"{k}/") for k in kept):
            path.unlink()


def setup(app):
    """Register the extension."""
    app.connect("config-inited", configure_mathjax, priority=900)
    app.connect("html-page-context", drop_assets, priority=900)
    # After sphinx-mathjax-offline has copied its files.
    app.connect("build-finished", drop_files, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
