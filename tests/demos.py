"""Open a demonstration in Chromium, from a file and with the network cut off, for its tests."""

from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import tempfile

from mfbook.course import demonstrations
from playwright.sync_api import sync_playwright
import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="needs Chromium: apt-get install chromium",
)


def opened(name, attributes=None, size=DESK, **options):
    """Open a page with one demonstration, as `page_of` does."""
    shown = demonstrations.demonstration(name, attributes)
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>A page</title>'
    html = f"{head}<body><main><h1>A page</h1>{shown.html}</main>"
    return page_of(html, size, **options)


@contextmanager
def page_of(html, size, anchor="", **options):
    """Yield a page that is opened from a file; fail at the end if anything went wrong in it.

    ``options`` are those of a Playwright context: ``color_scheme="dark"``,
    ``reduced_motion="reduce"``, ``java_script_enabled=False``, ``has_touch=True``.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(html, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport=size, **options).new_page()
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: None if r.url == file.as_uri() else wrong.append(r.url))
        page.goto(file.as_uri() + anchor)
        yield page
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    assert wrong == [], wrong
