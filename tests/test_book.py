"""The built book is whole, and can be read with no network. `make test` builds it first."""

import functools
from html.parser import HTMLParser
import json
from pathlib import Path
import re
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit
import zipfile

import addresses
from bs4 import BeautifulSoup
import pytest

from tools.sphinx import sources

HTML = Path(__file__).parent.parent / "_build" / "html"
NOTEBOOKS = sorted((HTML.parent.parent / "notebooks").glob("*.ipynb"))
PAGES = sorted([*HTML.glob("book/*.html"), *HTML.glob("notebooks/*.html")])
ADDRESS_ATTRIBUTES = ("href", "src", "data", "poster", "action")
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


class Addresses(HTMLParser):
    """The ids of a page, and the addresses that it leads to or loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.found = {"", "top"}, set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        options = {name: value or "" for name, value in attributes}
        self.ids |= {options[name] for name in ("id", "name") if name in options}
        self.found |= {options[name] for name in ADDRESS_ATTRIBUTES if name in options}
        self.found |= {part.split()[0] for part in options.get("srcset", "").split(",") if part}
        if options.get("http-equiv", "").lower() == "refresh":
            self.found.add(options["content"].partition("url=")[2])


def crawl(root):
    """Follow every address that stays inside a folder of pages, from its index.html.

    Returns the pages, what is dead (as page and address), and the pages that lead to each host.
    """
    pages, dead, outside = {}, set(), {}

    @functools.cache
    def read(path):
        return Addresses(path)

    pending = [root / "index.html"]
    while pending:
        path = pending.pop()
        if path in pages:
            continue
        pages[path] = read(path)
        for address in pages[path].found:
            parts = urlsplit(address)
            if parts.netloc:
                outside.setdefault(parts.netloc, set()).add(path.stem)
            if parts.netloc or parts.scheme == "data":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            inside = not parts.scheme and target.is_file() and target.is_relative_to(root)
            is_page = inside and target.suffix == ".html"
            if not inside or (is_page and unquote(parts.fragment) not in read(target).ids):
                dead.add((path.relative_to(root).as_posix(), address))
            elif is_page:
                pending.append(target)
    return pages, dead, outside


@pytest.fixture(scope="module")
def crawled():
    return crawl(HTML.resolve())


def test_every_page_is_reached_and_no_link_is_dead(crawled):
    pages, dead, _ = crawled
    assert dead == set()
    assert {path.resolve() for path in PAGES} <= set(pages)
    assert len(set(pages)) > len(PAGES)


def test_links_lead_outside_only_to_hosts_that_are_cited(crawled):
    _, _, outside = crawled
    assert len(outside) > 5
    unknown = {host: pages for host, pages in outside.items() if host not in addresses.HOSTS}
    assert unknown == {}


def test_pages_name_no_repository_but_those_cited(crawled):
    pages, _, _ = crawled
    for path in pages:
        owned = addresses.owned(path.read_text(encoding="utf-8")) - addresses.REPOSITORIES
        # Where the API reference shows the sources of tools' words.
        assert owned <= {addresses.PLACEHOLDER}, f"{path.name} names {owned}"


BROKEN = {
    '<a href="nowhere.html">': "nowhere.html",
    '<a href="two.html#nothing">': "two.html#nothing",
    '<a href="#nothing">': "#nothing",
    '<img src="nothing.png">': "nothing.png",
    '<img srcset="nothing.png 2x">': "nothing.png",
    '<script src="nothing.js?v=1">': "nothing.js?v=1",
    '<a href="kit.zip" download>': "kit.zip",
    '<link href="nothing.css">': "nothing.css",
    '<a href="../outside.html">': "../outside.html",
    '<a href="mailto:ann">': "mailto:ann",
    '<meta http-equiv="Refresh" content="0; url=nowhere.html">': "nowhere.html",
}


@pytest.mark.parametrize("html", BROKEN)
def test_the_crawler_finds_what_is_dead_on_a_page_behind_the_first(tmp_path, html):
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "outside.html").touch()
    good = '<p id="a"><a href="#a"></a><a href="one.html#a"></a><a href="https://d2l.ai/x">'
    (book / "index.html").write_text('<p id="a"><a href="one.html#a">')
    (book / "one.html").write_text(good + '<a href="two.html">')
    (book / "two.html").write_text(good + '<img src="data:image/png;base64,AAAA">')
    pages, dead, outside = crawl(book)
    assert (len(pages), dead, outside) == (3, set(), {"d2l.ai": {"one", "two"}})
    (book / "two.html").write_text(good + html)
    assert crawl(book)[1] == {("two.html", BROKEN[html])}


@pytest.mark.parametrize(
    ("led_to", "leads_to"),
    [
        # Documented under the package, as Sphinx assumed, or under its own module.
        ("mfbook.datasets.synthetic", "mfbook.datasets.synthetic"),
        ("mfbook.datasets.titles", "mfbook.datasets.twin.titles"),
        ("mfbook.datasets.Twin.rows", "mfbook.datasets.twin.Twin.rows"),
        ("mfbook.datasets.unknown", "mfbook.datasets.unknown"),
    ],
)
def test_a_page_of_source_code_leads_to_where_its_objects_are_documented(led_to, leads_to):
    names = ("synthetic", "twin.titles", "twin.Twin.rows")
    domain = SimpleNamespace(objects={f"mfbook.datasets.{name}": object() for name in names})
    app = SimpleNamespace(env=SimpleNamespace(get_domain=lambda name: domain))
    link = '<a class="viewcode-back" href="../api.html#{}">'
    for page, name in (("_modules/mfbook/datasets/twin", leads_to), ("book/api", led_to)):
        context = {"body": link.format(led_to)}
        sources.correct_links_from_sources(app, page, "page.html", context, None)
        assert context["body"] == link.format(name)


def test_each_chapter_offers_its_notebook_for_learners_and_the_kit(pages):
    chapters = {path: page for path, page in pages.items() if path.parent.name == "notebooks"}
    assert len(chapters) == len(NOTEBOOKS)
    for path, page in chapters.items():
        links = page.select(".take-away a[download]")
        notebook, wheel, kit = [(path.parent / link["href"]).resolve() for link in links]
        assert notebook.name == f"{path.stem}.ipynb"
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code and not any(cell["outputs"] for cell in code)
        assert not any("# @title Solution" in "".join(cell["source"]) for cell in code)
        with zipfile.ZipFile(kit) as archive:
            names = {Path(name).name: name for name in archive.namelist()}
            assert archive.read(names[wheel.name]) == wheel.read_bytes()
            assert notebook.name in names


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


def test_a_fold_says_what_is_inside(pages):
    for path, page in pages.items():
        assert "code cell" not in page.get_text(), path.name
        labels = [fold.get_text(strip=True) for fold in page.select("details.fold > summary")]
        assert "Code" not in labels, path.name
        if path.parent.name == "notebooks":
            assert "Setup" in labels and any(label.startswith("Imports") for label in labels)


def test_an_exercise_its_check_and_its_solution_stand_in_one_box(pages):
    for path, page in pages.items():
        if path.parent.name != "notebooks":
            continue
        boxes = page.select("section.exercise")
        assert boxes
        for box in boxes:
            number = box.h3.get_text().split()[1].strip(":#")
            assert box.find("summary", string=f"Solution {number}")
        inside = sum(
            len(box.find_all("summary", string=re.compile("^(Check|Sol)"))) for box in boxes
        )
        assert inside == len(page.find_all("summary", string=re.compile("^(Check|Sol)")))


def test_the_description_of_a_chapter_is_its_lead_sentence(pages):
    for path, page in pages.items():
        if path.parent.name != "notebooks":
            continue
        lead = " ".join(page.select_one("p.lead-sentence").get_text().split())
        for options in ({"name": "description"}, {"property": "og:description"}):
            description = page.find("meta", options)["content"]
            assert lead.startswith(description.rstrip("…")), path.name
            assert len(description) > 40


def test_no_page_loads_icon_fonts_and_only_those_with_formulas_load_mathjax():
    for path in HTML.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "fontawesome" not in text, path.name
        assert ("mathjax/" in text) == ('class="math' in text), path.name
        assert ("searchindex.js" in text) == (path.name == "search.html"), path.name
    assert not [p for p in HTML.rglob("*") if "fontawesome" in p.name or p.suffix == ".map"]


def test_every_icon_of_the_theme_is_drawn(pages):
    style = (HTML / "_static" / "icons.css").read_text(encoding="utf-8")
    found = {
        c for page in pages.values() for icon in page.select("[class*=fa-]") for c in icon["class"]
    }
    icons = {name for name in found if name.startswith("fa-")} - {"fa-solid", "fa-lg"}
    assert len(icons) > 8
    assert {name for name in icons if f".{name} {{" not in style} == set()


def test_no_table_has_an_empty_header_row_or_a_frame(pages):
    for path, page in pages.items():
        for table in page.select("article table"):
            assert not table.get("border"), path.name
            assert all(row.get_text(strip=True) for row in table.select("thead tr")), path.name
            assert all(cell.get_text(strip=True) for cell in table.select("th")), path.name
