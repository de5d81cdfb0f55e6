"""The API reference is complete: every public name, with an example and the chapter it belongs to.

`make test` builds the book first.
"""

from collections import Counter
import doctest
import importlib
import inspect
from pathlib import Path
import re

from bs4 import BeautifulSoup
import pytest

from tools.sphinx import apireference

PAGE = Path(__file__).parent.parent / "_build" / "html" / "book" / "api.html"
DOCUMENTED = {
    f"{module}.{name}": getattr(importlib.import_module(module), name)
    for module, names in apireference.documented().items()
    for name in names
}
OBJECTS = [name for name, value in DOCUMENTED.items() if callable(value)]
# What makes MXNet run, examines the machine or fetches files: the setup page describes it, and no
# chapter builds it.
NO_CHAPTER = ("mfbook.runtime.", "mfbook.doctor.", "mfbook.offline.", "mfbook.datasets.download.")


@pytest.fixture(scope="module")
def page():
    if not PAGE.is_file():
        pytest.skip("the book is not built: run `make book` first")
    return BeautifulSoup(PAGE.read_text(encoding="utf-8"), "html.parser")


def test_every_public_name_is_on_the_page(page):
    ids = {tag["id"] for tag in page.select("dt.sig[id]")}
    assert set(DOCUMENTED) <= ids, "run `make book`, if these are new"
    on_page = set(map(id, DOCUMENTED.values()))
    for module in map(importlib.import_module, apireference.public_modules()):
        for name in apireference.public_names(module):
            assert id(getattr(module, name)) in on_page, f"{module.__name__}.{name}"


def test_every_object_is_documented_once(page):
    count = Counter(tag["id"] for tag in page.select("dt.sig[id]"))
    assert [name for name, times in count.items() if times > 1] == []


def test_a_reader_finds_the_eight_common_tasks(page):
    targets = [link["href"] for link in page.select("table a")]
    for target in (
        "mfbook.datasets.read_ratings",
        "mfbook.datasets.per_user_split",
        "mfbook.training.fit",
        "mfbook.networks.Network",
        "mfbook.experiments.SPECS",
        "module-mfbook.plots",
        "mfbook.doctor.check_gpu",
        "mfbook.course.answers.check",
    ):
        assert f"#{target}" in targets
        assert page.find(id=target)


def test_chapters_are_links(page):
    article = page.find("article")
    links = {a.get_text(): a["href"] for a in article.select("a") if a.get_text() == "chapter 3"}
    assert links == {"chapter 3": "../notebooks/03_learn_the_vectors.html"}
    for link in article.find_all(["a", "pre", "code"]):
        link.extract()
    assert re.findall(r"\b[Cc]hapter \d+", article.get_text()) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_explained(name):
    value = DOCUMENTED[name]
    text = inspect.getdoc(value) or ""
    assert text.split("\n")[0].endswith("."), "the first line says what it does, in a sentence"
    examples = re.search(r"^Examples\n-+\n(.*)", text, re.MULTILINE | re.DOTALL)
    assert examples and ">>> " in examples[1], "has no Examples section"
    assert name.startswith(NO_CHAPTER) or apireference.CHAPTER.search(text), "names no chapter"


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_describes_its_parameters(name):
    value = DOCUMENTED[name]
    text = inspect.getdoc(value) or ""
    sections = re.split(r"^(.+)\n-+\n", text, flags=re.MULTILINE)
    described = "".join(
        body
        for title, body in zip(sections[1::2], sections[2::2], strict=True)
        if title in ("Parameters", "Attributes")
    )
    plain = inspect.isclass(value) and issubclass(value, Exception)
    parameters = [] if plain else inspect.signature(value).parameters
    missing = [p for p in parameters if not re.search(rf"(?<![.\w]){p}\b", described)]
    assert not missing or getattr(value, "_is_protocol", False)


def test_a_constant_is_explained():
    constants = [name.rpartition(".") for name in DOCUMENTED if name not in OBJECTS]
    silent = [
        f"{module}.{name}"
        for module, _, name in constants
        if not apireference.comment(module, name)
    ]
    assert not silent, "say what these hold in a comment above them that begins with `#:`"


def test_every_example_is_run(pytestconfig):
    assert "--doctest-modules" in pytestconfig.getini("addopts")
    assert "mfbook" in pytestconfig.getini("testpaths")
    values = [DOCUMENTED[name] for name in OBJECTS]
    finder = doctest.DocTestFinder()
    collected = {
        test.name
        for module in {value.__module__ for value in values}
        for test in finder.find(importlib.import_module(module))
        if test.examples
    }
    names = {f"{value.__module__}.{value.__qualname__}" for value in values}
    assert names <= collected


def test_what_a_package_offers_is_documented_under_the_package():
    found = apireference.documented()
    assert "Split" in found["mfbook.datasets"]
    assert "mfbook.datasets.split" not in found
    assert "DataError" in found["mfbook.exceptions"]
    assert "DataError" not in found["mfbook.datasets"]


def test_a_new_module_is_documented_without_being_listed():
    rooms = dict(apireference.by_room("mfbook", ["mfbook", "mfbook.als", "mfbook.brand_new"]))
    assert rooms["Models"] == ["mfbook", "mfbook.als"]
    assert list(rooms.values())[-1] == ["mfbook.brand_new"]


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Built in chapter 3.", ["chapter 3"]),
        ("Chapters 4, 5 and 7 to 9, see Appendix A.", ["Chapters 4", "5", "7", "9", "Appendix A"]),
        ("Chapter 99 does not exist; a chapter of 3 pages.", []),
    ],
)
def test_chapters_in_a_text_are_found(text, linked):
    chapters = {name: f"notebooks/{name}" for name in "123456789A"}
    parts = list(apireference._linked(text, chapters, "book/api"))
    assert [p.astext() for p in parts if p.tagname == "pending_xref"] == linked
    assert "".join(p.astext() for p in parts) == text
