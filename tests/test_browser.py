"""Every built page in a real browser, with the network cut off. `make test` builds the book first.

Needs Chromium (Debian: `apt-get install chromium`). Continuous integration never skips this.
"""

import functools
import gzip
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import io
import os
from pathlib import Path
import re
import shutil
import threading

from accessibility import findings
from playwright.sync_api import expect, sync_playwright
import pytest

HTML = Path(__file__).parent.parent / "_build" / "html"
PAGES = sorted([*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html"), HTML / "search.html"])
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
# The code of these chapters has all colors that code has.
ALL_COLORS = ("03_", "A_", "C_")
# What a server compresses; pictures and fonts are compressed already.
TEXT = {".html", ".css", ".js", ".svg", ".json"}
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="needs Chromium: apt-get install chromium",
)


@functools.cache
def over_the_wire(path):
    """The bytes of a file as a server sends them."""
    content = path.read_bytes()
    return gzip.compress(content, 6) if path.suffix in TEXT else content


class Zipping(SimpleHTTPRequestHandler):
    """A quiet server that compresses text, as those that publish pages do."""

    def log_message(self, *_):
        pass

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return super().send_head()
        body = over_the_wire(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        if path.suffix in TEXT:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return io.BytesIO(body)


@pytest.fixture(scope="module")
def address():
    """Serve the book from this machine; return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Zipping, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page of the book and notes everything that goes wrong."""
    contexts = []

    def open_page(path, size=PHONE, scheme="light"):
        context = browser.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        wrong = []

        def allow(route):
            if route.request.url.startswith(address):
                route.continue_()
            else:
                wrong.append(f"asks for {route.request.url}")
                route.abort()

        context.route("**/*", allow)
        page = context.new_page()
        page.on("response", lambda r: wrong.append(f"{r.status} {r.url}") if r.status >= 400 else 0)
        page.on("requestfailed", lambda r: wrong.append(f"failed: {r.url}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.goto(f"{address}/{path}")
        page.wait_for_load_state("networkidle")
        return page, wrong

    yield open_page
    for context in contexts:
        context.close()


def name(path):
    return path.relative_to(HTML).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_page_on_a_phone(visit, address, path):
    """No error, nothing from outside, all mathematics set, nothing too wide or too heavy."""
    page, wrong = visit(name(path))
    n_formulas = page.locator(".math").count()
    if n_formulas:
        page.wait_for_function(
            "n => document.querySelectorAll('.math mjx-container').length >= n", arg=n_formulas
        )
    assert page.locator("mjx-merror, .math:has(merror)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    starts = "all => all.map(m => m.getBoundingClientRect().left)"
    assert min(page.locator("div.math mjx-container").evaluate_all(starts), default=0) >= 0
    assert page.evaluate("document.documentElement.lang") == "en"
    assert wrong == []
    sources = page.evaluate("performance.getEntriesByType('resource').map(r => r.name)")
    files = {HTML / source.removeprefix(f"{address}/").split("?")[0] for source in sources}
    assert sum(len(over_the_wire(file)) for file in {path, *files}) < 700e3


def repeated(path):
    """What has the same colors elsewhere: most code, and all but the reference's first modules."""
    modules = "section ~ section [id^='module-mfbook']"
    return [modules] if path.name.startswith(ALL_COLORS) else [modules, ".cell pre"]


def test_the_code_whose_contrast_is_judged_has_every_color():
    """Other chapters have no kind of token that these do not have."""
    chapters = {path.name: path.read_text("utf-8") for path in HTML.glob("notebooks/*.html")}
    kinds = {
        file: {
            kind
            for code in re.findall(r"<pre.*?</pre>", html, re.DOTALL)
            for kind in re.findall(r'<span class="(\w+)"', code)
        }
        for file, html in chapters.items()
    }
    judged = set().union(*(kinds[file] for file in kinds if file.startswith(ALL_COLORS)))
    assert judged >= {"k", "s1", "c1"} and set().union(*kinds.values()) <= judged


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_page_is_accessible(visit, path):
    """No serious finding of axe-core and headings in order, at both widths and in both schemes."""
    page, _ = visit(name(path), DESK)
    contrast = {"runOnly": ["color-contrast"]}
    found = []
    for scheme in ("light", "dark"):
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
        page.set_viewport_size(DESK)
        # The colors change slowly.
        page.wait_for_timeout(300)
        found += findings(page, repeated(path), **contrast)
        # The width changes what stands around an article, and none of its colors.
        page.set_viewport_size(PHONE)
        found += findings(page, ["article.bd-article"], **contrast)
    # The other rules do not depend on the colors, and contrast takes most of the time.
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        # The theme waits a moment before it measures what can be scrolled.
        page.wait_for_timeout(600)
        found += findings(page, rules={"color-contrast": {"enabled": False}})
    assert found == []


def test_search_works_without_a_network(visit):
    page, wrong = visit("search.html?q=dropout", DESK)
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    assert any("05_drop_half_of_it.html" in link for link in links)
    assert wrong == []


def test_a_solution_and_an_answer_unfold(visit):
    page, _ = visit("notebooks/05_drop_half_of_it.html", DESK)
    answer = page.locator("details:has(summary:text('How do you see overfitting')) p").first
    expect(answer).not_to_be_visible()
    page.locator("summary", has_text="overfitting").first.click()
    expect(answer).to_be_visible()
    solution = page.locator("details.fold:has(summary:text-is('Solution 5.1'))")
    expect(solution.locator("pre").first).not_to_be_visible()
    solution.locator("summary").click()
    expect(solution.locator("pre").first).to_be_visible()
