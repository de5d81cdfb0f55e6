"""What the course's pages need beyond their theme: a Sphinx extension of this project alone."""

import mfbook

REPLACEMENTS = (  # so that a table can be scrolled by keyboard, and no role is used wrongly
    ("<table ", '<table tabindex="0" '),
    ("<th></th>", "<td></td>"),
    (' role="list" class="citation-list"', ' class="citation-list"'),
    (' role="doc-biblioentry"', ""),
)


def say_where_and_which(app, config):
    """Tell social cards where the book will be published, and readers which version it is."""
    options = config.html_theme_options
    owner, name = options["repository_url"].rstrip("/").split("/")[-2:]
    config.ogp_site_url = f"https://{owner}.github.io/{name}/"
    options["extra_footer"] += f" Version {mfbook.__version__}."


def mend_page(app, pagename, templatename, context, doctree):
    """Drop the scripts of Thebe, which is not used, and mend what hinders a screen reader."""
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
    app.connect("config-inited", say_where_and_which, priority=900)
    app.connect("html-page-context", mend_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
