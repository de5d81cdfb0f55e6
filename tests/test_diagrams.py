"""Every diagram is a whole SVG file, the same in every run."""

from xml.etree import ElementTree

from mfbook.course import diagrams
import pytest

DRAWINGS = ("factors", "batch", "towers", "dropout", "data_parallel")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_diagram_is_svg_with_text_that_can_be_searched(name):
    draw = getattr(diagrams, name)
    svg = draw()._repr_svg_()
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert [e for e in root.iter() if e.tag.endswith("text")]
    assert draw().svg == svg


def test_towers_name_their_layers():
    assert "ReLU" in diagrams.towers().svg
