"""Make slides from the notebooks: ``python -m tools.slides`` writes _build/slides.

The cells say themselves what is on the slides, in Jupyter's metadata
``"slideshow": {"slide_type": …}``:

========  ======================================================================
slide     a new slide, which begins with a heading
subslide  what fits below the slide before it, in the same section, or else a new slide; the heading
          of its section stands in small type above it
fragment  joins the slide before it
skip      is not on the slides (nor is ``notes``)
========  ======================================================================

A code cell shows its code and its outputs. ``"show": "code"`` or ``"show": "output"`` next to
``slide_type`` leaves the other one out; the tags ``hide-input`` and ``remove-input`` leave the code
out, as in the book. If code and outputs do not fit on one slide, they get two; each figure has a
slide of its own. The speaker's notes of a section, ``"mfbook": {"notes": …}`` in the metadata of the
cell with its heading, go to its first slide; the key S shows them in a window of their own. One more
deck, three_hours.html, has the sections that the plan in book/teaching.md names. The written files
need no network.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import html
from importlib.util import find_spec
from pathlib import Path
import re
import shutil
from string import Template
import sys

from pygments.formatters import HtmlFormatter
import sphinx_revealjs
from tqdm import tqdm

from tools import reading, sections, slide_html
from tools.writing import reason

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "_build" / "slides"
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
ASSETS = {  # folder of the slides: where its files come from, and which are needed
    "reveal": (
        REVEAL / "dist",
        ("reset.css", "reveal.css", "reveal.js", "theme/white.css", "theme/fonts"),
    ),
    "reveal/plugin": (REVEAL / "plugin", ("notes/notes.js",)),
    "mathjax": (MATHJAX, ("tex-chtml.js", "output/chtml/fonts/woff-v2")),
}
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes")
HEADING = re.compile(r"^#{1,3} (.*)$", re.MULTILINE)
# The three-hour plan, its rows, and what they name: a chapter, and sections of the last one.
PLAN, PLAN_NAME = ROOT / "book" / "teaching.md", "three_hours"
ROW = re.compile(r"^\| \d+–\d+ \|(.*?)\|", re.MULTILINE)
NAMED = re.compile(r"/(\w+)\.ipynb\)|\*([^*]+)\*")


def deck(path, only=None):
    """Title and slides of a notebook.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.
    only : collection of str, optional
        Titles of the sections to show. All by default, and what stands before the first.

    Returns
    -------
    title : str
    slides : list of str
        The HTML of each slide.

    Raises
    ------
    ValueError
        If it is no notebook, or a cell does not say whether it is on a slide, or does not fit on one.
    """
    cells = reading.read(path).cells
    title = heading = HEADING.search(cells[0].source)[1]
    slides, notes, shown, inside = [], "", None, only is None
    for cell in cells:
        n_before = len(slides)
        if cell.cell_type == "markdown":
            heading = (HEADING.findall(cell.source) or [heading])[-1]
        try:
            if section := sections.begun_by(cell):
                notes, inside = slide_html.notes(section), only is None or section.title in only
            if inside:
                _add(cell, heading, slides, is_first=shown != heading)
        except ValueError as error:
            raise ValueError(f"{path.name}, {cell.id}: {error}") from error
        if len(slides) > n_before:
            shown = heading
            slides[n_before] += notes
            notes = ""
    return title, slides


def plan_deck():
    """Slides of the sections that the three-hour plan names, in its order: a list of str."""
    chosen = []
    for row in ROW.findall(PLAN.read_text(encoding="utf-8")):
        for stem, section in NAMED.findall(row):
            if stem:
                chosen.append((stem, []))
            elif chosen:
                chosen[-1][1].append(section)
    slides = ["<h1>From ratings to your own list, in three hours</h1>"]
    for stem, titles in chosen:
        slides += deck(ROOT / "notebooks" / f"{stem}.ipynb", titles)[1]
    return slides


def slide_type(cell):
    """Slide type of a cell; raises ValueError if its metadata does not name one."""
    slideshow = cell.metadata.get("slideshow")
    kind = slideshow.get("slide_type") if isinstance(slideshow, dict) else None
    if kind not in SLIDE_TYPES:
        raise ValueError(
            f"slide_type is {kind!r} in the cell's slideshow metadata. "
            f"Set it to one of {', '.join(SLIDE_TYPES)}."
        )
    return kind


def _add(cell, heading, slides, is_first):
    """Add a cell to the slides, in place; what fits joins the slide before it."""
    kind = slide_type(cell)
    if kind in ("skip", "notes"):
        return
    pieces = slide_html.pieces(cell)
    if kind == "fragment":
        if not slides:
            raise ValueError("a fragment joins the slide before it, but it is the first one.")
        slides[-1] += pieces.pop(0)
    if kind == "slide":
        slides.append(pieces.pop(0))
    above = f'<p class="section">{slide_html.inline(heading)}</p>'
    for piece in pieces:
        if is_first or not slide_html.joins(slides[-1], piece):
            slides.append(above + piece)
        else:
            slides[-1] += piece
        is_first = False


def write_deck(path, folder):
    """Write the slides of the notebook at ``path`` into ``folder``; return their title."""
    title, slides = deck(path)
    _write_page(folder / f"{path.stem}.html", title, slides)
    return title


def _write_page(path, title, slides):
    style = (ROOT / "tools" / "slides.css").read_text(encoding="utf-8")
    style += HtmlFormatter(style="friendly").get_style_defs(".reveal pre")
    body = "\n".join(f"<section>{slide}</section>" for slide in slides)
    page = Template((ROOT / "tools" / "slides.html").read_text(encoding="utf-8"))
    text = page.substitute(title=html.escape(title), style=style, slides=body)
    path.write_text(text, encoding="utf-8")


def _copy_assets(folder):
    for name, (source, files) in ASSETS.items():
        for file in files:
            target = folder / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / file).is_dir():
                shutil.copytree(source / file, target, dirs_exist_ok=True)
            else:
                shutil.copy(source / file, target)


def main(arguments=None):
    """Write the slides of every notebook, and a page that lists them."""
    parser = argparse.ArgumentParser(prog="python -m tools.slides", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: _build/slides)")
    folder = parser.parse_args(arguments).out
    try:
        _write_all(folder)
    except OSError as error:
        sys.exit(
            f"The slides could not be written into {folder}: {reason(error)}. Name another "
            "folder with --out."
        )
    except ValueError as error:
        sys.exit(str(error))
    print(f"Open {folder / 'index.html'} in a browser.")


def _write_all(folder):
    _copy_assets(folder)
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    titles = {path.stem: write_deck(path, folder) for path in tqdm(paths, desc="slides")}
    _write_page(folder / f"{PLAN_NAME}.html", "The three-hour plan", plan_deck())
    titles = {PLAN_NAME: "The three-hour plan", **titles}
    links = "".join(
        f'<li><a href="{stem}.html">{html.escape(title)}</a></li>' for stem, title in titles.items()
    )
    how = "<p>In a chapter, the key S opens the speaker's notes.</p>"
    _write_page(folder / "index.html", "Slides", [f"<h1>Slides</h1><ul>{links}</ul>{how}"])


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
