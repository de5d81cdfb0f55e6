"""Scripts and styles that only some pages of the book need."""

# What demonstrations.py copies: window.mfbook, with which all scripts of the course make elements.
COMMON = "demos/common.js"


def where(sign, style, script):
    """Handler for `html-page-context` that links a style and a script on pages with a sign.

    Parameters
    ----------
    sign : str
        HTML by which such a page is known, ``'class="quiz"'`` for example.
    style, script : str
        Names of files in book/_static.

    Returns
    -------
    callable
    """

    def link_files(app, pagename, templatename, context, doctree):
        if sign in context.get("body", ""):
            app.add_css_file(style)
            for file in (COMMON, script):
                app.add_js_file(file, loading_method="defer")

    return link_files
