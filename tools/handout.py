"""Print the built book into one PDF: ``python -m tools.handout``.

It writes _build/course.pdf, with a cover, one table of contents, bookmarks and page numbers that run
from the cover to the end, as PDF readers count. Chromium prints each page as a browser prints it, but
nothing can be unfolded on paper: solutions and answers are open, code for setup, figures and checks is
left out. Build the book first.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import io
from pathlib import Path
import shutil
import sys
import tempfile

from mfbook import __version__
from playwright.sync_api import Error, sync_playwright
from pypdf import PdfReader, PdfWriter
from tqdm import tqdm
import yaml

from tools import handout_frame
from tools.writing import write

ROOT = Path(__file__).resolve().parent.parent
HTML, PDF = ROOT / "_build" / "html", ROOT / "_build" / "course.pdf"
SCALE = 0.8
MARGIN = dict.fromkeys(("top", "bottom", "left", "right"), "16mm")
# What a page of A4 holds between the margins, in the pixels of a screen, 96 to the inch.
WIDTH, HEIGHT = (round((side - 2 * 16) / 25.4 * 96 / SCALE) for side in (210, 297))
MATH_IS_READY = (
    "document.querySelectorAll('.math').length <= document.querySelectorAll('mjx-container').length"
)
# Folds with these labels are for those who run the notebook.
UNFOLD = """() => {
  const leftOut = /^(Setup|Imports|Install|Check |How this|Code$)/;
  for (const fold of document.querySelectorAll(".bd-article details")) {
    fold.open = true;
    const label = fold.querySelector("summary").textContent.trim();
    if (leftOut.test(label)) fold.style.display = "none";
  }
}"""
# A cell with a figure is not torn if it fits on a page, nor the code of a longer one; another cell is
# not torn if it takes at most half of a page.
KEEP = """height => {
  const keep = (element, most) =>
    element?.classList.toggle("kept-whole", element.getBoundingClientRect().height < most);
  for (const cell of document.querySelectorAll(".bd-article div.cell")) {
    keep(cell, cell.querySelector("figure") ? height : height / 2);
    if (cell.querySelector("figure")) keep(cell.querySelector(".cell_input"), 0.7 * height);
  }
}"""


def parts():
    """Parts of the book as (caption, names of pages), in the order of its table of contents."""
    try:
        toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
        named = [
            (part["caption"], [chapter["file"] for chapter in part["chapters"]])
            for part in toc["parts"]
        ]
        return [("", [toc["root"]]), *named]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        sys.exit(
            f"_toc.yml does not list the book's pages ({error}). Mend it, or take it from the last "
            "commit."
        )


def pages():
    """Names of the book's pages, in the order of its table of contents."""
    return [name for _, names in parts() for name in names]


def opened(browser):
    """A tab as large as what a page of paper holds, in which pages look as on paper."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    tab.emulate_media(media="print")
    return tab


def print_page(tab, name, target):
    """Print the page ``name`` into the file ``target``; return the page's title."""
    tab.goto((HTML / f"{name}.html").as_uri())
    tab.evaluate(UNFOLD)
    tab.wait_for_function(MATH_IS_READY)
    tab.evaluate(KEEP, HEIGHT)
    tab.pdf(
        path=target, format="A4", scale=SCALE, margin=MARGIN, print_background=True, outline=True
    )
    return tab.title().split(" — ")[0].split(" - ")[0]


def print_sheet(tab, html, target, margin):
    """Print a page that is not of the book; return it as a pypdf.PdfReader."""
    file = target.with_suffix(".html")
    file.write_text(html, encoding="utf-8")
    tab.goto(file.as_uri())
    tab.pdf(path=target, format="A4", margin=dict.fromkeys(MARGIN, margin))
    return PdfReader(target)


def main(arguments=None):
    """Print every page of the built book into one PDF, _build/course.pdf."""
    argparse.ArgumentParser(prog="python -m tools.handout", description=main.__doc__).parse_args(
        arguments
    )
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        sys.exit("Chromium is missing. Debian and Ubuntu: apt-get install chromium")
    if not (HTML / "book" / "index.html").is_file():
        sys.exit("The book is not built yet. Run `make book` first.")
    missing = [name for name in pages() if not (HTML / f"{name}.html").is_file()]
    if missing:
        sys.exit(f"The built book has no page {missing[0]}. Run `make book` again.")
    try:
        writer = printed(chromium)
    except Error as error:
        said = error.message.strip().partition("\n")[0].removesuffix(".")
        sys.exit(
            f"Chromium could not print the book: {said}. Is there room on the disk for temporary "
            "files (TMPDIR)? If there is, run `make book` again."
        )
    except OSError as error:
        sys.exit(
            f"The pages could not be kept: {error.strerror}. Set TMPDIR to a folder that you may "
            "write, on a disk with enough space."
        )
    writer.compress_identical_objects()
    content = io.BytesIO()
    writer.write(content)
    write(content.getvalue(), PDF)
    print(f"{PDF}: {len(writer.pages)} pages, {PDF.stat().st_size / 1e6:.1f} MB")


def printed(chromium):
    """The book, printed by the program ``chromium``: a pypdf.PdfWriter."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = opened(browser)
        titles, bodies = {}, {}
        for name in tqdm(pages(), desc="pages"):
            target = Path(folder) / f"{Path(name).name}.pdf"
            titles[name] = print_page(tab, name, target)
            bodies[name] = PdfReader(target)
        # The home page has the title of the book, which is on the cover.
        titles[pages()[0]] = "Introduction"
        return bound(tab, Path(folder), titles, bodies)


def bound(tab, folder, titles, bodies):
    """Cover, contents and the pages ``bodies`` as one pypdf.PdfWriter, numbered from the cover on."""
    front = print_sheet(tab, handout_frame.cover(ROOT, __version__), folder / "cover.pdf", "20mm")
    listed = [(caption, [(name, titles[name]) for name in names]) for caption, names in parts()]
    numbers = dict.fromkeys(bodies, 0)
    # The first print only tells how many pages the contents take.
    for _ in range(2):
        html = handout_frame.contents(listed, numbers)
        table = print_sheet(tab, html, folder / "contents.pdf", "20mm")
        first = len(front.pages) + len(table.pages) + 1
        for name, body in bodies.items():
            numbers[name], first = first, first + len(body.pages)
    writer, feet = PdfWriter(), []
    for title, reader in [
        ("", front),
        ("Contents", table),
        *((titles[n], bodies[n]) for n in bodies),
    ]:
        writer.append(reader, outline_item=title or None, import_outline=True)
        feet += [title] * len(reader.pages)
    lines = print_sheet(tab, handout_frame.feet(feet), folder / "feet.pdf", "0mm")
    for page, foot in zip(writer.pages, lines.pages, strict=True):
        page.merge_page(foot)
        page.compress_content_streams()
    handout_frame.connect(writer, numbers)
    return writer


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
