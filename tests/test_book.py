"""The built book is whole, and can be read with no network. `make test` builds it first."""

import functools
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
import pytest

HTML = Path(__file__).parent.parent / "_build" / "html"
NOTEBOOKS = sorted((HTML.parent.parent / "notebooks").glob("*.ipynb"))
PAGES = sorted([*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html")])
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def pages():
    return {path: soup(path) for path in PAGES}


def test_the_book_was_built():
    names = {path.stem for path in PAGES}
    assert {"index", "setup", "notation", "data", "references"} <= names, "run `make book` first"
    assert {path.stem for path in NOTEBOOKS} <= names


def test_nothing_is_loaded_from_outside(pages):
    for path, page in pages.items():
        for tag, attribute in LOADED.items():
            for element in page.find_all(tag):
                address = element.get(attribute) or ""
                if tag == "link" and element.get("rel") in (["canonical"], ["next"], ["prev"]):
                    continue
                assert not urlsplit(address).netloc, f"{path.name} loads {address}"


def test_mathematics_is_typeset_from_the_book_itself(pages):
    for path, page in pages.items():
        if not page.select(".math"):
            continue
        sources = [s["src"].split("?")[0] for s in page.find_all("script", src=True)]
        scripts = [s for s in sources if "mathjax" in s]
        assert scripts, f"{path.name} has mathematics and no MathJax"
        assert all((path.parent / s).resolve().is_file() for s in scripts)
    assert list(HTML.glob("_static/**/*MathJax_Main-Regular.woff"))


def test_internal_links_and_anchors_resolve(pages):
    @functools.cache
    def anchors(target):
        page = pages.get(target) or soup(target)
        return {element["id"] for element in page.find_all(id=True)}

    for path, page in pages.items():
        for link in page.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path.name}: {link['href']}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in anchors(target), f"{path.name}: {link['href']}"


def test_images_have_alt_text(pages):
    for path, page in pages.items():
        for image in page.select("article img"):
            assert image.get("alt"), f"{path.name}: {image['src']}"


def test_chapters_show_their_stored_numbers(pages):
    text = {path.stem: page.get_text() for path, page in pages.items()}
    assert "80,000 training ratings" in text["01_prepare_the_data"]
    assert "0.9532" in text["02_measure_the_error"]
    assert "published: 1.0202" in text["03_learn_the_vectors"]
    assert "five folds" in text["results"]


def test_no_traceback_and_no_warning_is_shown(pages):
    for path, page in pages.items():
        assert "Traceback" not in page.get_text(), path.name
        assert not page.select(".stderr"), path.name
