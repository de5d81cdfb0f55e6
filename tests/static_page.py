"""Open a small page with files of book/_static in Chromium, from a file, for the tests of its scripts."""

from pathlib import Path

from demos import DESK, page_of
from mfbook.course import demonstrations

STATIC = Path(__file__).parent.parent / "book" / "_static"
# What the theme gives: its colors, and Bootstrap's rule for what is hidden.
THEME = """
html { font-family: sans-serif; }
html[data-theme="light"] { --pst-color-background: #fff; --pst-color-text-base: #222832;
  --pst-color-text-muted: #48566b; background: #fff; color: #222832; }
html[data-theme="dark"] { --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
  --pst-color-text-muted: #9ca4af; background: #14181e; color: #ced6dd; }
[hidden] { display: none !important; }
a { color: var(--pst-color-link); }
main { padding: 0 1.5rem; }
"""


def opened(body, files, size=DESK, theme="light", anchor="", **options):
    """Open a page with the scripts and styles, as `demos.page_of` does."""
    return page_of(_html(body, files, theme), size, anchor, **options)


def _html(body, files, theme):
    """A page with its files inside, which axe could not load from a file."""
    texts = [
        (name, (STATIC / name).read_text("utf-8")) for name in ["course.css", "cells.css", *files]
    ]
    styles = "".join(text for name, text in texts if name.endswith(".css"))
    common = (demonstrations.FOLDER / "common.js").read_text("utf-8")
    scripts = [common, *(text for name, text in texts if name.endswith(".js"))]
    scripts = "".join(f"<script>{text}</script>" for text in scripts)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>A page</title>'
        f'<style>{THEME}{styles}</style><body><main><article class="bd-article"><h1>A page</h1>'
        f"{body}</article></main>{scripts}"
    )
