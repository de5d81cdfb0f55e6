"""Cells in PyTorch and in Gluon become pairs of tabs that switch together."""

from docutils import nodes
import pytest

from tools.sphinx import codetabs


def cell(*classes):
    return nodes.container("", nodes.literal_block("", "code"), classes=["cell", *classes])


def page(*blocks):
    return nodes.section("", *blocks)


def tabs(section):
    return [c for c in section.findall(nodes.container) if "sd-tab-set" in c["classes"]]


@pytest.mark.parametrize("gluon", [nodes.literal_block("", "text"), cell("tag_tab-gluon")])
def test_a_cell_and_what_stands_before_it_become_tabs(gluon):
    text, pytorch, after = nodes.paragraph("", "Look:"), cell("tag_tab-pytorch"), cell()
    section = page(text, gluon, pytorch, after)
    codetabs.put_into_tabs(None, section)
    (pair,) = tabs(section)
    assert section.children == [text, pair, after]
    labels = list(pair.findall(nodes.rubric))
    assert [label.astext() for label in labels] == ["PyTorch", "Gluon"]
    assert [label["sync_id"] for label in labels] == ["pytorch", "gluon"]
    assert {label["sync_group"] for label in labels} == {"library"}
    assert [item.children[1].children for item in pair.children] == [[pytorch], [gluon]]


@pytest.mark.parametrize("before", [nodes.paragraph("", "Look:"), cell("tag_other")])
def test_a_cell_without_a_counterpart_is_told(before, monkeypatch):
    told = []
    monkeypatch.setattr(codetabs.LOGGER, "warning", lambda text, **_: told.append(text))
    section = page(before, cell("tag_tab-pytorch"))
    codetabs.put_into_tabs(None, section)
    assert told == ["no code in Gluon stands before this cell"]
    assert tabs(section) == []


def test_a_first_cell_has_nothing_before_it(monkeypatch):
    told = []
    monkeypatch.setattr(codetabs.LOGGER, "warning", lambda text, **_: told.append(text))
    section = page(cell("tag_tab-pytorch"), cell("tag_tab-gluon"))
    codetabs.put_into_tabs(None, section)
    assert len(told) == 1
