"""The HTML of a notebook's cells on slides."""

import html
import re

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

MAX_LINES = 16  # what can be read from the last row of a room, and fits
MAX_COLUMNS = 90
HEIGHT = 640  # pixels of a slide below the small line with its section
FIGURE = 440  # pixels of a figure that has text above it


def pieces(cell):
    """HTML of a cell: a list of str, each of which fits on one slide.

    Raises
    ------
    ValueError
        If it is neither text nor code, or its code or one of its outputs is too long for a slide.
    """
    if cell.cell_type == "markdown":
        return [_renderer().render(cell.source)]
    if cell.cell_type != "code":
        raise ValueError(f'a {cell.cell_type} cell shows nothing. Set its slide_type to "skip".')
    show = _show(cell)
    code = "" if show == "output" else _code(cell.source)
    outputs = [] if show == "code" else [_output(output, _alt(cell)) for output in cell.outputs]
    figures = [output for output in outputs if output.startswith(("<img", "<svg"))]
    text = "".join(output for output in outputs if output not in figures)
    if _rows(text) > MAX_LINES:
        raise ValueError(
            f"its outputs have {_rows(text)} lines and a slide holds {MAX_LINES}. Print less, "
            'or set "show": "code" or "slide_type": "skip" in its slideshow metadata.'
        )
    fits = _rows(code) + _rows(text) <= MAX_LINES
    found = [*([code + text] if fits else [code, text]), *figures]
    if not any(found):
        raise ValueError('it has no output to show. Run it, or set its slide_type to "skip".')
    return [piece for piece in found if piece]


def joins(above, piece):
    """Whether a piece fits below what a slide has.

    Nothing stands below a title, a question to predict, an answer or a figure.
    """
    last = ("<h1", "<blockquote", "<details", "<svg", "<img")
    if any(sign in above for sign in last) or "<details" in piece:
        return False
    return _height(above) + _height(piece) <= HEIGHT


def _height(text):
    """Pixels that a piece of HTML takes on a slide, roughly."""
    text = re.sub(
        r"<aside.*?</aside>|<style.*?</style>|<script.*?</script>", "", text, flags=re.DOTALL
    )
    figures = len(re.findall("<(?:svg|img) ", text))
    text = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    lines = sum(block.count("\n") + 2 for block in re.findall(r"<pre.*?</pre>", text, re.DOTALL))
    n_rows = text.count("<tr")
    prose = re.sub(r"<(pre|table).*?</\1>", "", text, flags=re.DOTALL)
    blocks = [re.sub("<[^>]*>", "", block) for block in re.split("</(?:p|li|h2|h3)>", prose)]
    prose_lines = sum(len(block.strip()) // 65 + 1.5 for block in blocks if block.strip())
    equations = 60 * text.count(r"\[")
    return 25 * lines + 42 * n_rows + 40 * prose_lines + equations + FIGURE * figures


def notes(section):
    """HTML of the speaker's notes of a section, which reveal.js shows in the speaker's window."""
    text = f"<strong>{section.minutes} min.</strong> {inline(section.notes)}"
    return f'<aside class="notes">{text}</aside>'


def inline(text):
    """HTML of one line of Markdown."""
    return _renderer().renderInline(text)


def _alt(cell):
    """What the metadata say of the cell's figures, for those who do not see them."""
    try:
        return str(cell.metadata["mystnb"]["image"]["alt"])
    except (KeyError, TypeError):
        return ""


def _show(cell):
    """What a code cell shows: "code", "output" or "both"."""
    show = cell.metadata.get("slideshow", {}).get("show")
    if show not in (None, "code", "output"):
        raise ValueError(f'"show" is {show!r}; set it to "code" or "output", or leave it out.')
    hidden = {"hide-input", "remove-input"} & set(cell.metadata.get("tags", []))
    return show or ("output" if hidden else "both")


def _code(source):
    lines = source.split("\n")
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_COLUMNS:
        raise ValueError(
            f"its code has {len(lines)} lines of up to {max(map(len, lines))} columns, and a slide "
            f"holds {MAX_LINES} lines of {MAX_COLUMNS}. Shorten it, or set "
            '"show": "output" or "slide_type": "skip" in its slideshow metadata.'
        )
    text = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return f"<pre><code>{text}</code></pre>"


def _output(output, alt):
    data = output.get("data", {})
    alt = html.escape(alt, quote=True)
    if "image/svg+xml" in data:
        svg = data["image/svg+xml"]
        return f'<svg role="img" aria-label="{alt}"' + svg[svg.index("<svg") + len("<svg") :]
    if "image/png" in data:
        return f'<img alt="{alt}" src="data:image/png;base64,{data["image/png"].strip()}">'
    if "text/html" in data:
        return re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.DOTALL).strip()
    text = (output.get("text") or data.get("text/plain", "")).strip()
    return f'<pre class="output">{html.escape(text)}</pre>' if text else ""


def _rows(text):
    """Number of lines of code, text and tables in a piece of HTML."""
    blocks = re.findall(r"<pre.*?</pre>", text, re.DOTALL)
    return text.count("<tr") + sum(block.count("\n") + 1 for block in blocks)


def _renderer():
    """Renderer of Markdown with formulas for MathJax, and without links: a slide has no targets."""
    renderer = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=_formula)
    for rule in ("link_open", "link_close"):
        renderer.add_render_rule(rule, lambda *arguments: "")
    return renderer


def _formula(content, options):
    opening, closing = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return opening + html.escape(content) + closing
