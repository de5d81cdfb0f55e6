"""Sphinx extension: pages of source code lead back to where their objects are documented."""

import re

BACK_LINK = re.compile(r'(?P<link><a class="viewcode-back" href="[^"#]*#)(?P<name>[\w.]+)')


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


def setup(app):
    """Register the extension."""
    app.connect("html-page-context", correct_links_from_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
