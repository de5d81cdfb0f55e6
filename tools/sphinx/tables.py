"""Sphinx extension: tables of pandas and of Markdown get one form."""

import re

from bs4 import BeautifulSoup

TABLE = re.compile(
    r'(?P<box><div class="pst-scrollable-table-container">)?\s*(?P<table><table\b.*?</table>)',
    re.DOTALL,
)
# 12, -0.5, 80,000, 1.02 ± 0.01, 12%, 3 s, and what stands for a missing value.
NUMBER = re.compile(
    r"[-+−±~]?\s*\$?\d[\d,]*(\.\d+)?(e[-+]?\d+)?\s*(%|s|ms|MB|GB|min|h|×)?"
    r"(\s*(±|to|–|…)\s*[-+−]?\d[\d,.]*)?"
)
MISSING = {"", "NaN", "None", "—", "–", "-", "..."}
SENTENCE = 80  # letters of a cell that a phone shows better below the others than beside them


def tidy(html):
    """Return the HTML of a page with its tables in one form.

    Columns of numbers have the class ``number``; a header row that holds only the name of pandas'
    index is merged into the row above it; an empty header cell is no header; every table stands in
    the box that the theme lets scroll, and makes reachable by keyboard, where it is too narrow. A
    table of sentences has the class ``wordy``, and each of its cells the head of its column.
    """
    return TABLE.sub(_tidy_one, html)


def _tidy_one(match):
    page = BeautifulSoup(match["table"], "html.parser")
    table = page.table
    if "citation" in table.get("class", []):
        return match[0]
    del table["border"]
    # The theme has a look of its own for tables of pandas.
    table["class"] = [name for name in table.get("class", []) if name != "dataframe"]
    for row in table.find_all("tr"):
        del row["style"]
    _merge_header(table)
    _mark_numbers(table)
    _drop_empty_columns(table)
    _label_sentences(table)
    for cell in table.find_all("th"):
        if not cell.get_text(strip=True):
            cell.name = "td"
    # The box of a Markdown table is closed by the theme.
    box = '<div class="pst-scrollable-table-container">'
    return f"{box}{page}" if match["box"] else f"{box}{page}</div>"


def _merge_header(table):
    """Move the name of pandas' index from a row of its own to the empty cells above it."""
    rows = table.thead.find_all("tr") if table.thead else []
    if len(rows) < 2:
        return
    *_, above, last = (row.find_all(["th", "td"]) for row in rows)
    names = [cell.get_text(strip=True) for cell in last]
    width = max((i + 1 for i, name in enumerate(names) if name), default=0)
    if len(above) != len(last) or any(cell.get_text(strip=True) for cell in above[:width]):
        return
    for cell, name in zip(above, names[:width], strict=False):
        cell.string = name
    rows[-1].decompose()


def _mark_numbers(table):
    body = [row.find_all(["th", "td"]) for row in table.select("tbody > tr")]
    header = [row.find_all(["th", "td"]) for row in table.select("thead > tr")]
    width = max(map(len, body), default=0)
    # A row with fewer cells stands beside one that spans rows: count from the right.
    for place in range(1, width + 1):
        column = [row[-place] for row in body if len(row) >= place]
        values = [cell.get_text(strip=True) for cell in column]
        kept = [value for value in values if value not in MISSING]
        if kept and all(NUMBER.fullmatch(value) for value in kept):
            heads = [row[-place] for row in header if len(row) == width]
            for cell in [*column, *heads]:
                cell["class"] = [*cell.get("class", []), "number"]


def _drop_empty_columns(table):
    """Remove the columns that have a head and nothing below it, of a table without spans."""
    rows = [row.find_all(["th", "td"]) for row in table.find_all("tr")]
    body = [row.find_all(["th", "td"]) for row in table.select("tbody > tr")]
    if not body or len({len(row) for row in rows}) > 1 or table.select("[colspan], [rowspan]"):
        return
    for place in range(len(body[0])):
        if not any(row[place].get_text(strip=True) or row[place].find("img") for row in body):
            for row in rows:
                row[place].decompose()


def _label_sentences(table):
    heads = [cell.get_text(" ", strip=True) for cell in table.select("thead > tr > *")]
    rows = [row.find_all(["th", "td"]) for row in table.select("tbody > tr")]
    longest = max((len(cell.get_text(strip=True)) for row in rows for cell in row), default=0)
    if longest < SENTENCE or any(len(row) != len(heads) for row in rows):
        return
    table["class"] = [*table["class"], "wordy"]
    for row in rows:
        for cell, head in zip(row, heads, strict=True):
            cell["data-head"] = head


def tidy_page(app, pagename, templatename, context, doctree):
    """Bring the tables of a page into one form."""
    if "<table" in context.get("body", ""):
        context["body"] = tidy(context["body"])


def setup(app):
    """Register the extension."""
    app.connect("html-page-context", tidy_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
