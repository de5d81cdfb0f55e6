"""Sphinx extension of this project: what the pages of the course need beyond their theme."""

import mfbook

# So that a table can be scrolled by keyboard, and no ARIA role is used wrongly.
REPLACEMENTS = (
    ("<table ", '<table tabindex="0" '),
    ("<th></th>", "<td></td>"),
    (' role="list" class="citation-list"', ' class="citation-list"'),
    (' role="doc-biblioentry"', ""),
)


def set_address_and_version(app, config):
    """Give social cards the address of the published book, and the footer the version."""
    options = config.html_theme_options
    owner, name = options["repository_url"].rstrip("/").split("/")[-2:]
    config.ogp_site_url = f"https://{owner}.github.io/{name}/"
    options["extra_footer"] += f" Version {mfbook.__version__}."


def clean_page(app, pagename, templatename, context, doctree):
    """Remove the scripts of Thebe, which is not used, and correct what hinders a screen reader."""
    scripts = [s for s in context.get("script_files", []) if "thebe" not in _text(s)]
    context["script_files"] = scripts
    context["css_files"] = [c for c in context.get("css_files", []) if "thebe" not in _text(c)]
    for old, new in REPLACEMENTS:
        if "body" in context:
            context["body"] = context["body"].replace(old, new)


def _text(asset):
    attributes = getattr(asset, "attributes", {})
    return f"{getattr(asset, 'filename', asset)} {attributes.get('body', '')}".lower()


def setup(app):
    """Register the extension."""
    app.connect("config-inited", set_address_and_version, priority=900)
    app.connect("html-page-context", clean_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
