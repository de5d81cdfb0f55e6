"""Sphinx extension: drawings inside the page in the theme's colors, and captions with numbers.

An image that is an SVG file becomes a part of the page: its text can be found and selected, and its
neutral colors are variables of the style sheet figures.css. A caption (`mystnb.figure.caption` in
the metadata of a notebook's cell) gets the number of the chapter and of the figure in it.
"""

import html
from itertools import count
from pathlib import Path
import re

from docutils import nodes
from mfbook import plots
from sphinx.transforms import SphinxTransform

# Colors that a dark page replaces, by the names of their variables.
VARIABLES = {"ink": plots.INK, "grey": plots.GREY, "grid": plots.GRID, "pale": plots.PALE}
CHAPTER = re.compile(r"notebooks/0?(\d+|[A-Z])_")
# Of SVG files as Matplotlib writes them: the whole figure, the white paper, and the look of all lines.
FIGURE = '<g id="figure_1">'
PAPER = re.compile(r'(<g id="patch_1">\s*<path [^>]*style="fill: )#ffffff')
LINES = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')
TAG = re.compile(r"<[^>]*>")
LONG_DECIMAL = re.compile(r"\d+\.\d{3,}")
SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)(pt)?"')
FONT = re.compile(r"font-size: ([\d.]+)px")
SMALLEST_FONT = 10  # pixels, on every screen


def inlined(svg, alt, prefix):
    """HTML of a drawing of Matplotlib's.

    Parameters
    ----------
    svg : str
        Text of the SVG file.
    alt : str
        What the drawing shows, for those who do not see it.
    prefix : str
        What makes its ids differ from those of other drawings of the page.

    Returns
    -------
    str
    """
    width, sizes = float(SIZE.search(svg)[1]), [float(size) for size in FONT.findall(svg)]
    svg = LINES.sub("", svg[svg.index("<svg") + len("<svg") :])
    svg = PAPER.sub(r"\1none", svg)
    svg = REFERENCE.sub(rf"\1{prefix}", svg)
    svg = TAG.sub(_shortened, svg)
    for name, color in VARIABLES.items():
        svg = svg.replace(color.lower(), f"var(--figure-{name}, {color.lower()})")
    narrowest = round(SMALLEST_FONT * width / min(sizes)) if sizes else 0
    label = html.escape(alt, quote=True)
    return (
        '<div class="drawing"><svg role="img" '
        f'aria-label="{label}" style="min-width: {narrowest}px"{svg.rstrip()}</div>'
    )


def _shortened(tag):
    """Return a tag with coordinates of two decimals, which no screen can tell from six."""
    return LONG_DECIMAL.sub(lambda number: f"{float(number[0]):.2f}", tag[0])


class Drawings(SphinxTransform):
    """Put drawings into the page and number the captions, before Sphinx copies the images."""

    default_priority = 800

    def apply(self, **options):
        """Change the page's tree of nodes."""
        chapter = CHAPTER.match(self.env.docname)
        numbers = count(1)
        for figure in list(self.document.findall(nodes.figure)):
            if not any(figure.findall(nodes.image)):
                # A table beside a figure: the metadata of the cell are of both.
                figure.replace_self([c for c in figure if not isinstance(c, nodes.caption)])
            elif chapter:
                text = f"Figure {chapter[1]}.{next(numbers)}: "
                for caption in figure.findall(nodes.caption):
                    caption.insert(0, nodes.strong("", text))
        for number, image in enumerate(list(self.document.findall(nodes.image))):
            # Seen from the page or from the folder of _config.yml.
            path = Path(self.env.relfn2path(image["uri"], self.env.docname)[1])
            if path.suffix != ".svg" or not path.is_file():
                continue
            svg = path.read_text(encoding="utf-8")
            # Icons and logos stay files.
            if FIGURE in svg:
                drawing = inlined(svg, image.get("alt", ""), f"drawing-{number}-")
                image.replace_self(nodes.raw("", drawing, format="html"))


def setup(app):
    """Register the extension."""
    app.add_transform(Drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
