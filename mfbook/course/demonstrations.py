"""Demonstrations that a reader plays with in the page, also in a notebook and without a network.

Each is a custom element, ``<mf-list>`` for example, in the file ``demos/list.js``. What it shows
without JavaScript is the drawing in ``demos/list.svg``.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
import re

FOLDER = Path(__file__).parent / "demos"
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


class Demonstration:
    """A demonstration, which a notebook shows when it is the last value of a cell.

    Parameters
    ----------
    name : str
        Name of the demonstration.
    attributes : mapping of str to str
        What to change of it.

    Notes
    -----
    Chapters 1 to 3 and 7 to 11 show some. `demonstration` makes one.

    Examples
    --------
    >>> from mfbook import course
    >>> course.demonstration("ladder").name
    'ladder'
    """

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = dict(attributes)

    @property
    def picture(self) -> str:
        """SVG to show without JavaScript."""
        return _read(f"{self.name}.svg")

    @property
    def element(self) -> str:
        """HTML of the demonstration, without its scripts and its style."""
        tag = f"mf-{self.name}"
        given = "".join(f' {n}="{escape(str(v))}"' for n, v in self.attributes.items())
        picture = self.picture.strip().replace("<svg ", '<svg class="mf-picture" ', 1)
        return f"<{tag}{given}>{picture}</{tag}>"

    @property
    def html(self) -> str:
        """HTML of the demonstration with all that it needs."""
        looks = [f"<style>{_read(file)}</style>" for file in styles(self.name)]
        code = [f"<script>{_read(file)}</script>" for file in scripts(self.name)]
        return "\n".join(['<div class="mf-demo">', self.element, *looks, *code, "</div>"])

    def __repr__(self) -> str:
        found = TITLE.search(self.picture)
        told = " ".join(found[1].split()) if found else ""
        return f"Demonstration {self.name!r}, which needs a browser. {told}".strip()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "image/svg+xml": self.picture, "text/plain": repr(self)}


def demonstration(name: str, attributes: Mapping[str, str] | None = None) -> Demonstration:
    """Demonstration of a name.

    Parameters
    ----------
    name : str
        Name of the demonstration, ``"list"`` for example.
    attributes : mapping of str to str, optional
        HTML attributes of its element, ``{"upto": "7"}`` for example.

    Returns
    -------
    Demonstration

    Raises
    ------
    ValueError
        If there is no demonstration of that name.

    Notes
    -----
    Chapters 1 to 3 and 7 to 11 show some.

    Examples
    --------
    >>> from mfbook import course
    >>> "<mf-list>" in course.demonstration("list").html
    True
    """
    if name not in names():
        raise ValueError(f"No demonstration {name!r}. Use one of: {', '.join(names())}.")
    return Demonstration(name, attributes or {})


def names() -> list[str]:
    """Names of all demonstrations.

    Returns
    -------
    list of str

    Notes
    -----
    Chapters 1 to 3 and 7 to 11 show demonstrations.

    Examples
    --------
    >>> from mfbook.course import demonstrations
    >>> "list" in demonstrations.names()
    True
    """
    stems = (file.name.removesuffix(".js") for file in FOLDER.glob("*.js"))
    return sorted(stem for stem in stems if stem != "common" and "." not in stem)


def scripts(name: str) -> list[str]:
    """Names of the script files of a demonstration, in the order in which to run them.

    Parameters
    ----------
    name : str
        Name of the demonstration.

    Returns
    -------
    list of str

    Notes
    -----
    Chapters 1 to 3 and 7 to 11 show demonstrations.

    Examples
    --------
    >>> from mfbook.course import demonstrations
    >>> demonstrations.scripts("list")
    ['common.js', 'list.data.js', 'list.js']
    """
    return _existing("common.js", f"{name}.data.js", f"{name}.js")


def styles(name: str) -> list[str]:
    """Names of the style sheets of a demonstration, in their order.

    Parameters
    ----------
    name : str
        Name of the demonstration.

    Returns
    -------
    list of str

    Notes
    -----
    Chapters 1 to 3 and 7 to 11 show demonstrations.

    Examples
    --------
    >>> from mfbook.course import demonstrations
    >>> demonstrations.styles("list")
    ['demos.css', 'list.css']
    """
    return _existing("demos.css", f"{name}.css")


def _existing(*files: str) -> list[str]:
    return [file for file in files if (FOLDER / file).is_file()]


def _read(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")
