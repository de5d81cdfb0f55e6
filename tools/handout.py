"""Print the built book into one PDF with bookmarks: ``python -m tools.handout``.

It writes _build/course.pdf. Chromium prints each page as a browser prints it; solutions and answers
stay folded. Build the book first.
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

from playwright.sync_api import Error, sync_playwright
from pypdf import PdfReader, PdfWriter
from tqdm import tqdm
import yaml

from tools.writing import write

ROOT = Path(__file__).resolve().parent.parent
HTML, PDF = ROOT / "_build" / "html", ROOT / "_build" / "course.pdf"
FOOTER = (
    '<div style="font-size:8px;width:100%;text-align:center;color:#555">'
    '<span class="title"></span> · <span class="pageNumber"></span></div>'
)


MATH_IS_READY = (
    "document.querySelectorAll('.math').length <= document.querySelectorAll('mjx-container').length"
)


def pages():
    """Names of the book's pages, in the order of its table of contents."""
    try:
        toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
        chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
        return [toc["root"], *chapters]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        sys.exit(
            f"_toc.yml does not list the book's pages ({error}). Mend it, or take it from the last "
            "commit."
        )


def print_page(tab, name, target):
    """Print the page ``name`` into the file ``target``; return the page's title."""
    tab.goto((HTML / f"{name}.html").as_uri())
    tab.wait_for_function(MATH_IS_READY)
    tab.pdf(
        path=target,
        format="A4",
        scale=0.8,
        margin=dict.fromkeys(("top", "bottom", "left", "right"), "16mm"),
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        print_background=True,
    )
    return tab.title().split(" — ")[0].split(" - ")[0]


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
    """Pages of the built book, printed by the program ``chromium``: a pypdf.PdfWriter."""
    writer = PdfWriter()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        for name in tqdm(pages(), desc="pages"):
            target = Path(folder) / f"{Path(name).name}.pdf"
            title = print_page(tab, name, target)
            first = len(writer.pages)
            writer.append(PdfReader(target), import_outline=False)
            writer.add_outline_item(title=title, page_number=first)
    return writer


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
