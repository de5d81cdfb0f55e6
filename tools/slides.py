"""Make slides from the notebooks' own cells: ``make slides`` writes _build/slides.

What goes on slides: the title, the questions, each section's heading with its first sentence,
every box to predict from, equations, short code, and what the code showed, the recall questions
and the key points. The rest is what the instructor says. The files need no network.
"""

import html
from importlib.util import find_spec
from pathlib import Path
import re
import shutil

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
import nbformat
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
import sphinx_revealjs
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "_build" / "slides"
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs" / "dist"
MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
PARTS = {  # file or folder to copy: where it comes from
    "reveal": (REVEAL, ("reset.css", "reveal.css", "reveal.js", "theme/white.css", "theme/fonts")),
    "mathjax": (MATHJAX, ("tex-chtml.js", "output/chtml/fonts/woff-v2")),
}
LEFT_OUT = ("## Exercises", "## Recall", "## In numbers")
MAX_LINES = 16  # what can be read from the last row
STYLE = """\
:root{--r-main-font:system-ui,sans-serif;--r-heading-font:system-ui,sans-serif;
--r-main-font-size:30px;--r-link-color:#005a94;--r-heading-text-transform:none}
.reveal h1{font-size:2em}.reveal h2{font-size:1.4em}.reveal h3{font-size:1.1em}
.reveal section{text-align:left}.reveal blockquote{width:auto;background:#f2f6fa;
border-left:6px solid #0072b2;padding:.6em 1em;font-style:normal;box-shadow:none}
.reveal pre{width:auto;font-size:.62em;line-height:1.35;box-shadow:none;background:#f6f7f8;
padding:.6em 1em;overflow:hidden}.reveal .said{background:#fff;border-left:4px solid #ccc}
.reveal img,.reveal svg{width:92%;max-height:580px;object-fit:contain;
margin:0 auto;display:block}
.reveal table{font-size:.75em}
.reveal .where + blockquote p{font-size:1.25em}.reveal .where + .said{font-size:.85em}
.reveal .said{white-space:pre-wrap}
.reveal .where{color:#555;font-size:.7em;margin-bottom:.8em}.reveal li{margin-bottom:.4em}
.math.block{margin:.6em 0;text-align:center;font-size:.9em}
"""
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="reveal/reset.css"><link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="reveal/theme/white.css"><style>{style}</style>
<script>window.MathJax={{options:{{processHtmlClass:"math",ignoreHtmlClass:"slides"}}}}</script>
<script defer src="mathjax/tex-chtml.js"></script></head>
<body><div class="reveal"><div class="slides">
{slides}
</div></div><script src="reveal/reveal.js"></script>
<script>Reveal.initialize({{hash:true,slideNumber:"c/t",transition:"none",center:false,
width:1100,height:720}})</script>
</body></html>
"""


def deck(path):
    """Return the title and the slides (HTML) of the notebook at ``path``."""
    cells = nbformat.read(path, as_version=4).cells
    title = cells[0].source.split("\n")[0].removeprefix("# ")
    slides, section = [], title
    for cell in cells:
        if cell.cell_type == "code":
            new = [] if _is_for_the_reader(cell) else _run(cell)
        else:
            new = [_markdown(text) for text in _chosen(cell.source)]
        for slide in new:
            heading = re.match(r"<h[23]>(.*?)</h[23]>", slide)
            section = heading[1] if heading else section
            own = slide.startswith("<h")
            slides.append(slide if own else f'<p class="where">{section}</p>{slide}')
    return title, slides


def _is_for_the_reader(cell):
    """Tell whether a cell is set-up, an answer, a check or a summary: nothing for a screen."""
    said = cell.source.startswith(("# @title", "answer = ...", "report."))
    return said or "hide-cell" in cell.metadata.get("tags", [])


def _chosen(source):
    """Return the texts of the slides that a markdown cell gives."""
    slides = []
    for block in re.split(r"\n{2,}", source):
        if block.startswith("#"):
            slides.append(block)
            if block == "## Sources":
                return slides[:-1]
        elif block.startswith("> **Predict"):
            slides.append(block)
        elif block.startswith("<summary>") or "<summary>" in block:
            question = re.search(r"<summary>(.*)</summary>", block)[1]
            if question != "Hint":
                slides.append(f"### Recall\n\n> {question}")
        elif block.startswith("> **Questions.**"):
            slides[-1] += "\n\n" + block.split("\n>\n")[0]
        elif slides and _goes_along(block, slides[-1]):
            slides[-1] += f"\n\n{block}"
        elif block.startswith("$$"):
            slides.append(block)
    return [slide for slide in slides if not slide.startswith(LEFT_OUT)]


def _goes_along(block, slide):
    """Tell whether a block belongs on the slide: the first text below a heading, lists, formulas."""
    if block.startswith(("[Open this", "<", "Answer in your head")):
        return False
    if block.startswith(("$$", "- ", "1. ", "> ")):
        return slide.startswith("#") or slide.startswith("$$")
    return slide.startswith("#") and "\n" not in slide and len(block) < 500


def _run(cell):
    """Return the slides of a code cell: its code if it is short, and what it showed."""
    if not cell.get("outputs") and "import " in cell.source:
        return []
    code = cell.source
    lines = code.split("\n")
    short = len(lines) <= MAX_LINES and max(map(len, lines)) <= 80
    hidden = "remove-input" in cell.metadata.get("tags", [])
    shown = [s for s in map(_output, cell.get("outputs", [])) if s]
    small = "".join(s for s in shown if s.startswith(("<pre", "<div", "<table")))
    pictures = [s for s in shown if s.startswith(("<img", "<svg"))]
    first = highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)) if short else ""
    drawn = hidden or pictures  # how a picture is drawn is for the reader
    first = f"<pre><code>{first}</code></pre>" if first and not drawn else ""
    return [slide for slide in (*_fitted(first, small), *pictures) if slide]


def _fitted(code, shown):
    """Put code and what it showed on one slide if both fit, else on two; drop what fits on none."""
    if _rows(shown) > MAX_LINES:
        return [code]
    return [code + shown] if _rows(code) + _rows(shown) <= MAX_LINES else [code, shown]


def _rows(shown):
    return shown.count("<tr") or shown.count("\n") + shown.count("</pre>")


def _output(output):
    data = output.get("data", {})
    if "image/svg+xml" in data:
        return data["image/svg+xml"][data["image/svg+xml"].index("<svg") :]
    if "image/png" in data:
        return f'<img alt="" src="data:image/png;base64,{data["image/png"].strip()}">'
    if "text/html" in data:
        return re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.S).strip()
    text = output.get("text") or data.get("text/plain", "")
    lines = text.strip("\n").split("\n")
    if not text.strip() or len(lines) > MAX_LINES:
        return ""
    return f'<pre class="said">{html.escape(text.strip())}</pre>'


def _markdown(text):
    renderer = MarkdownIt("commonmark").enable("table")
    renderer.use(dollarmath_plugin, renderer=_formula)
    return renderer.render(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))  # links without targets


def _formula(content, options):
    opening, closing = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f'<span class="math">{opening}{html.escape(content)}{closing}</span>'


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def main():
    """Write a deck for every notebook, and a page that lists them."""
    for name, (source, parts) in PARTS.items():
        for part in parts:
            _copy(source / part, OUT / name / part)
    style = STYLE + HtmlFormatter(style="friendly").get_style_defs(".reveal pre")
    links = []
    for path in tqdm(sorted((ROOT / "notebooks").glob("*.ipynb")), desc="slides"):
        title, slides = deck(path)
        body = "\n".join(f"<section>{slide}</section>" for slide in slides)
        text = PAGE.format(title=html.escape(title), style=style, slides=body)
        (OUT / f"{path.stem}.html").write_text(text, encoding="utf-8")
        links.append(f'<li><a href="{path.stem}.html">{html.escape(title)}</a></li>')
    body = f"<section><h1>Slides</h1><ul>{''.join(links)}</ul></section>"
    text = PAGE.format(title="Slides", style=style, slides=body)
    (OUT / "index.html").write_text(text, encoding="utf-8")
    print(f"Open {OUT / 'index.html'} in a browser.")


if __name__ == "__main__":
    main()
