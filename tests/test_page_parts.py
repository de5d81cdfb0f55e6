"""What the Sphinx extensions make of cells, tables, summaries and assets, without building a book."""

import re
from types import SimpleNamespace

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
import pytest

from tools.sphinx import chapters, coursepage, excerpts, folds, lean, summaries, tables


def cell(source, hide_mode=None, image=False):
    """A cell as myst-nb makes it."""
    made = nodes.container(nb_element="cell_code")
    made += nodes.container("", nodes.literal_block(source, source), nb_element="cell_code_source")
    if image:
        made += nodes.container("", nodes.image(uri="a.png"), nb_element="cell_code_output")
    if hide_mode:
        made["hide_mode"] = hide_mode
    return made


def page(*children, name="notebooks/03_learn"):
    doctree = new_document(name)
    doctree += list(children)
    return SimpleNamespace(env=SimpleNamespace(docname=name)), doctree


@pytest.mark.parametrize(
    ("source", "label", "shown"),
    [
        ("# @title Solution 5.1\nx = 1", "Solution 5.1", "x = 1"),
        ("# @title Setup: installs what is missing\nx = 1", "Setup", "x = 1"),
        ("# @title Check 5.1\n\nx = 1", "Check 5.1", "x = 1"),
        (
            "# How this figure is drawn\nx = 1",
            "How this figure is drawn",
            "# How this figure is drawn\nx = 1",
        ),
        ("x = 1  # @title no title", "Code", "x = 1  # @title no title"),
        ("", "Code", ""),
    ],
)
def test_a_fold_is_labeled_by_the_title_of_its_cell(source, label, shown):
    made = cell(source, "all")
    folds.fold_cells(*page(made))
    assert made["prompt_show"] == made["prompt_hide"] == label
    (block,) = made.findall(nodes.literal_block)
    assert block.astext() == block.rawsource == shown


def test_a_fold_without_a_title_is_named_by_what_it_holds():
    drawing, printing = cell("plot()", "input", image=True), cell("# @title X\nprint(1)", "output")
    inlined, shown = cell("plot()", "input"), cell('course.demonstration("list")', "input")
    inlined += nodes.raw("", '<div><svg role="img">', format="html")
    folds.fold_cells(*page(drawing, printing, inlined, shown))
    assert inlined["prompt_show"] == folds.FIGURE
    assert shown["prompt_show"] == folds.DEMONSTRATION
    assert drawing["prompt_show"] == folds.FIGURE
    assert printing["prompt_show"] == folds.OUTPUT


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("import numpy as np\n", "Imports"),
        ("from mfbook import als\n\nSEED = 0", "Imports and constants"),
        ("import a\n%pip install b\nK, N = 1, 2", "Imports and constants"),
        ("import a\n%pip install b", "Install what is missing"),
    ],
)
def test_the_first_imports_of_a_chapter_are_folded(source, label):
    first, second, later = cell(source), cell("import json"), cell("import csv")
    plain, between = cell("important = 1"), cell("print(1)")
    folds.fold_cells(*page(plain, first, second, between, later))
    assert (first["hide_mode"], first["prompt_show"]) == ("input", label)
    assert (second["hide_mode"], second["prompt_show"]) == ("input", "Imports")
    assert not any("hide_mode" in other for other in (plain, between, later))
    elsewhere = cell(source)
    folds.fold_cells(*page(elsewhere, name="book/setup"))
    assert "hide_mode" not in elsewhere


def test_the_label_of_a_fold_is_escaped():
    translator = SimpleNamespace(body=[])
    folds._visit_fold(translator, {"prompt_show": "a < b"})
    assert "<summary>a &lt; b</summary>" in translator.body[0]


def section(title, *children):
    return nodes.section("", nodes.title(title, title), *children, ids=[title.lower()])


def paragraph(text):
    return nodes.paragraph(text, text)


def test_front_matter_is_folded_and_exercises_are_marked():
    quote = nodes.block_quote("", paragraph("Questions. Why?"), paragraph("Time. An hour."))
    other = nodes.block_quote("", paragraph("Any questions?"))
    exercise, exercises = section("Exercise 3.1: recall"), section("Exercises")
    lead, metadata = paragraph("You learn."), nodes.docinfo("", paragraph("python3"))
    app, doctree = page(metadata, section("Learn", lead, quote, other, exercises, exercise))
    chapters.shape_chapter(app, doctree)
    (box,) = doctree.findall(chapters.FrontMatter)
    assert box.astext() == "Questions. Why?\n\nTime. An hour."
    marked = [p for p in doctree.findall(nodes.paragraph) if p["classes"] == ["lead-sentence"]]
    assert marked == [lead]
    assert exercise["classes"] == ["exercise"] and exercises["classes"] == []
    assert list(doctree.findall(nodes.block_quote)) == [other]


def test_only_chapters_get_the_form_of_a_chapter():
    quote = nodes.block_quote("", paragraph("Questions. Why?"))
    app, doctree = page(section("Exercise 3.1", quote), name="book/exercises")
    chapters.shape_chapter(app, doctree)
    assert list(doctree.findall(nodes.block_quote)) == [quote]


PANDAS = """<table border="1" class="dataframe">
<thead>
<tr style="text-align: right;"><th></th><th>RMSE</th><th>kind</th></tr>
<tr><th>model</th><th></th><th></th></tr>
</thead>
<tbody>
<tr><th>biases</th><td>0.9532</td><td>u1</td></tr>
<tr><th>plain</th><td>NaN</td><td>u1</td></tr>
</tbody></table>"""


def test_a_table_of_pandas_has_one_header_row_and_numbers_to_the_right():
    table = BeautifulSoup(tables.tidy(PANDAS), "html.parser").table
    assert [c.get_text() for c in table.select("thead > tr > *")] == ["model", "RMSE", "kind"]
    assert [c.get_text() for c in table.select(".number")] == ["RMSE", "0.9532", "NaN"]
    assert not table.get("border") and "dataframe" not in table.get("class", [])
    assert table.parent["class"] == ["pst-scrollable-table-container"]


def test_a_header_of_two_levels_stays():
    two = PANDAS.replace("<th></th><th>RMSE</th>", "<th>of</th><th>RMSE</th>", 1)
    table = BeautifulSoup(tables.tidy(two), "html.parser").table
    assert len(table.select("thead > tr")) == 2


def test_an_empty_header_cell_is_no_header():
    one = re.sub(r"<tr><th>model.*\n", "", PANDAS)
    table = BeautifulSoup(tables.tidy(one), "html.parser").table
    assert all(cell.get_text() for cell in table.find_all("th"))


def test_a_column_without_any_value_is_left_out():
    empty = PANDAS.replace("<td>u1</td>", "<td></td>")
    table = BeautifulSoup(tables.tidy(empty), "html.parser").table
    assert [c.get_text() for c in table.select("thead > tr > *")] == ["model", "RMSE"]
    assert len(table.select("tbody > tr > *")) == 4
    half = PANDAS.replace("<td>u1</td>", "<td></td>", 1)
    assert len(BeautifulSoup(tables.tidy(half), "html.parser").select("thead > tr > *")) == 3


def test_a_table_of_sentences_has_the_heads_of_its_columns_in_its_cells():
    said = (
        "What you can do at the end of this chapter, in a sentence that a phone cannot set beside."
    )
    wordy = PANDAS.replace("<tr><th>model</th><th></th><th></th></tr>", "").replace("NaN", said)
    table = BeautifulSoup(tables.tidy(wordy), "html.parser").table
    assert "wordy" in table["class"]
    assert [cell["data-head"] for cell in table.select("tbody td")] == ["RMSE", "kind"] * 2
    spanning = wordy.replace("<tr><th>plain</th>", "<tr>")
    for other in (PANDAS, spanning):
        assert "wordy" not in BeautifulSoup(tables.tidy(other), "html.parser").table["class"]


def test_a_table_in_the_theme_s_box_is_not_boxed_again():
    boxed = f'<div class="pst-scrollable-table-container">{PANDAS}</div>'
    tidied = tables.tidy(f"<p>{boxed}</p>")
    assert tidied.count("pst-scrollable-table-container") == 1
    assert tidied.count("<div") == tidied.count("</div>") == 1


@pytest.mark.parametrize(
    "value", ["12", "-0.5", "−0.5", "80,000", "1.0233 ± 0.0012", "12%", "12 %", "0.4 s", "1e-05"]
)
def test_what_is_a_number(value):
    assert tables.NUMBER.fullmatch(value)


@pytest.mark.parametrize("value", ["u1", "1.2.3", "2 films", "16 users", "a 1", "(64, 64)"])
def test_what_is_no_number(value):
    assert not tables.NUMBER.fullmatch(value)


LEAD = "In this chapter you learn. You also measure. Then it ends."


@pytest.mark.parametrize(
    ("length", "description"),
    [
        (200, LEAD),
        (45, "In this chapter you learn. You also measure."),
        (30, "In this chapter you learn."),
        (21, "In this chapter you…"),
    ],
)
def test_a_description_is_the_lead_in_whole_sentences(length, description):
    aside = coursepage.TakeAway("", paragraph("Download: notebook"))
    doctree = page(section("Learn", aside, paragraph(LEAD), paragraph("More.")))[1]
    assert summaries.lead(doctree, length) == description


def test_a_description_is_safe_in_an_attribute_and_may_be_missing():
    assert summaries.lead(page(paragraph('Say "<b>".'))[1], 99) == "Say &quot;&lt;b&gt;&quot;."
    assert summaries.lead(page(section("Learn"))[1], 99) == ""


def test_excerpts_hold_each_section_s_own_text_prose_first():
    code = nodes.literal_block("x = 1", "x = 1")
    inner = section("Inner", paragraph("Deep."))
    raw = nodes.raw("", "<b>", format="html")
    forms = nodes.container("", paragraph("<Figure at 0x7f>"), nb_element="mime_bundle")
    app, doctree = page(section("Outer", code, raw, forms, paragraph("Wide\nopen."), inner))
    excerpts.collect(app, doctree)
    assert app.env.section_texts == {
        "notebooks/03_learn": {"outer": "Wide open. x = 1", "inner": "Deep."}
    }
    other = SimpleNamespace(section_texts={"a": {"b": "c"}})
    excerpts.merge(app, app.env, ["a", "missing"], other)
    excerpts.forget(app, app.env, "notebooks/03_learn")
    excerpts.forget(app, app.env, "never read")
    assert app.env.section_texts == {"a": {"b": "c"}}


ASSETS = ["thebe.js", "togglebutton.js", "mathjax/startup.js", "design-tabs.js", "course.js"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>", ["course.js"]),
        ('<span class="math notranslate">', ["mathjax/startup.js", "course.js"]),
        ('<div class="sd-tab-set">', ["design-tabs.js", "course.js"]),
    ],
)
def test_a_page_loads_only_what_it_uses(body, kept):
    context = {"body": body, "script_files": ASSETS, "css_files": []}
    context["pathto"] = lambda path, resource: f"../{path}"
    lean.drop_assets(None, "a", "page.html", context, None)
    assert context["script_files"] == kept
    preloads = 'href="../_static/mathjax/core.js"' in context.get("metatags", "")
    assert preloads == ("mathjax/startup.js" in kept)


def test_the_book_holds_no_file_that_no_page_loads(tmp_path):
    for name in (
        "_static/scripts/fontawesome.js",
        "_static/scripts/fontawesome.js.map",
        "_static/vendor/fontawesome/webfonts/a.woff2",
        "_static/mathjax/core.js",
        "_static/mathjax/output/chtml/fonts/woff-v2/a.woff",
        "_static/mathjax/ui/menu.js",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    style = tmp_path / "_static/styles/pydata-sphinx-theme.css"
    style.parent.mkdir()
    style.write_text(
        "@font-face{font-family:Font Awesome\\ 6 Free;src:url(a)}b{c:d}"
        '.fa-bars:before,.fa-navicon:before{content:"x"}.fade{e:f}'
    )
    load = '<script src="_static/searchtools.js"></script>\n'
    html = f'<script defer src="_static/scripts/fontawesome.js?digest=1"></script>\n{load}<p>'
    for name in ("index.html", "search.html"):
        (tmp_path / name).write_text(html)
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    lean.drop_files(app, ValueError("the build failed"))
    assert (tmp_path / "index.html").read_text() == html
    # A build that changes nothing finds its work done.
    for _ in range(2):
        lean.drop_files(app, None)
        kept = {p.name for p in tmp_path.rglob("*") if p.is_file()}
        assert kept == {"core.js", "a.woff", style.name, "index.html", "search.html"}
        assert (tmp_path / "index.html").read_text() == "<p>"
        assert (tmp_path / "search.html").read_text() == f"{load}<p>"
        assert style.read_text() == "b{c:d}.fade{e:f}"
