"""The API reference of a package, made from its docstrings: a Sphinx extension of this project.

The directive ``apireference`` documents every public object of every public module of a package.
It finds them by itself: nothing has to be added to the page when a function is written.
"""

from __future__ import annotations

from collections.abc import Iterator
import importlib
import inspect
import pkgutil
import re
from types import ModuleType

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

# The sections of the page and the modules in each, in the order of the layout. A module that is
# named nowhere here is documented in the last section.
ROOMS = {
    "Data": ["datasets"],
    "Models": [
        "",
        "baselines",
        "networks",
        "devices",
        "training",
        "history",
        "als",
        "least_squares",
        "gibbs",
        "ordinal",
        "sessions",
        "ranking",
    ],
    "More than one machine": ["spark", "distributed", "course.cluster"],
    "Features of users and items": ["features"],
    "Errors and lists": ["metrics", "calibration", "recommend"],
    "Figures": ["plots"],
    "Comparisons of models": ["experiments"],
    "Exercises, headlines and diagrams of the course": ["course", "grading"],
    "Installation, MXNet and GPUs": ["runtime", "doctor", "offline"],
    "Exceptions and everything else": [],
}
CHAPTER = re.compile(
    r"\b(?:chapters?|appendix|appendices)\s+(?:(?:,\s+and\s+|,\s+|\s+and\s+|\s+to\s+)?"
    r"(?:\d{1,2}|[A-Z])\b)+",
    re.IGNORECASE,
)
CHAPTER_NAME = re.compile(r"(?:(?:chapters?|appendix|appendices)\s+)?\b(\d{1,2}|[A-Z])\b", re.I)
# How Sphinx writes a signature that has one parameter on each line.
LONG_SIGNATURE = re.compile(r'<dl>\n((?:<dd><em class="sig-param">.*</dd>\n)+)</dl>')


def public_modules(package: str = "mfbook") -> list[str]:
    """Return the names of a package and of all its modules that have no underscore in front."""
    root = importlib.import_module(package)
    found = (m.name for m in pkgutil.walk_packages(root.__path__, f"{package}."))
    return [package, *(name for name in found if not _is_private(name))]


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a module offers: `__all__`, or else what is defined in it."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    defined = [
        name
        for name, value in vars(module).items()
        if _is_code(value) and value.__module__ == module.__name__
    ]
    return [n for n in [*_comments(module.__name__), *defined] if not n.startswith("_")]


def documented(package: str = "mfbook") -> dict[str, list[str]]:
    """Return the names to document under each module, every object once.

    What a package takes from its own modules is documented under the package, because that is
    where readers import it from. What a module takes from elsewhere is documented at its home.
    """
    modules = {name: importlib.import_module(name) for name in public_modules(package)}
    claimed: dict[str, list[str]] = {}
    seen: set[tuple[str, int]] = set()
    for where, module in modules.items():  # a package comes before its modules
        for name in public_names(module):
            value = getattr(module, name)
            home = value.__module__ if _is_code(value) else where
            if _is_private(home):
                home = where
            if (name, id(value)) not in seen and f"{home}.".startswith(f"{where}."):
                seen.add((name, id(value)))
                claimed.setdefault(where, []).append(name)
    return claimed


def by_room(package: str, modules: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the title of each section of the page with its modules, in order."""
    left = list(modules)
    for title, prefixes in ROOMS.items():
        full = [f"{package}.{p}" if p else package for p in prefixes]
        here = [m for f in full for m in left if m == f or (f != package and m.startswith(f + "."))]
        here = here if prefixes else left
        left = [m for m in left if m not in here]
        if here:
            yield title, here


class APIReference(SphinxDirective):
    """``apireference``: document the package that its argument names, module by module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one section for each room, and in it one for each module."""
        self.env.temp_data["apireference"] = True
        package = self.arguments[0]
        names = documented(package)
        rooms = []
        for title, modules in by_room(package, list(names)):
            room = self._section(nodes.Text(title), title)
            for module in modules:
                part = self._section(nodes.literal(text=module), module)
                self._parse(_source(module, names[module]), part)
                room += part
            rooms.append(room)
        return rooms

    def _section(self, title: nodes.Node, name: str) -> nodes.section:
        section = nodes.section(
            "", nodes.title("", "", title), names=[nodes.fully_normalize_name(name)]
        )
        self.state.document.note_implicit_target(section, section)
        return section

    def _parse(self, source: list[str], parent: nodes.Element) -> None:
        lines = ["```{eval-rst}", *source, "```"]
        self.state.nested_parse(StringList(lines, "apireference"), 0, parent)


def _source(module: str, names: list[str]) -> list[str]:
    """Return reStructuredText that documents a module."""
    lines = [f".. automodule:: {module}", ""]
    for name in names:
        value = getattr(importlib.import_module(module), name)
        if inspect.isclass(value):
            kind = "exception" if issubclass(value, BaseException) else "class"
            lines += [
                f".. auto{kind}:: {module}.{name}",
                "   :members:",
                "   :member-order: bysource",
            ]
            if not any(b is object or b.__name__[0] == "_" for b in value.__bases__):
                lines.append("   :show-inheritance:")
        elif callable(value):
            lines.append(f".. autofunction:: {module}.{name}")
        else:
            lines += [f".. py:data:: {name}", f"   :module: {module}", ""]
            lines += [f"   {line}" for line in comment(module, name)]
        lines.append("")
    return lines


def _is_private(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


def _is_code(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def _comments(module: str) -> dict[str, list[str]]:
    """Return the ``#:`` comments of the constants of a module."""
    found = ModuleAnalyzer.for_module(module).find_attr_docs()
    return {name: lines for (scope, name), lines in found.items() if not scope}


def comment(module: str, name: str) -> list[str]:
    """Return the lines of the ``#:`` comment of a constant, which may be defined in a module of a package."""
    for candidate in public_modules(module.partition(".")[0]):
        if f"{candidate}.".startswith(f"{module}.") and name in _comments(candidate):
            return _comments(candidate)[name]
    return []


def link_chapters(app, doctree):
    """Make links of "chapter 3" and "appendix A" on a page that has an API reference."""
    if not app.env.temp_data.get("apireference"):
        return
    chapters = {
        name.split("/")[-1].split("_")[0].lstrip("0").upper(): name
        for name in app.env.found_docs
        if name.startswith("notebooks/")
    }
    for text in list(doctree.findall(nodes.Text)):
        if _may_hold_links(text) and CHAPTER.search(text):
            text.parent.replace(text, list(_linked(text.astext(), chapters, app.env.docname)))


def _may_hold_links(node: nodes.Node) -> bool:
    while node := node.parent:
        if isinstance(
            node,
            nodes.literal
            | nodes.literal_block
            | nodes.doctest_block
            | nodes.reference
            | nodes.title
            | addnodes.pending_xref
            | addnodes.desc_signature,
        ):
            return False
    return True


def _linked(text: str, chapters: dict[str, str], page: str) -> Iterator[nodes.Node]:
    end = 0
    for group in CHAPTER.finditer(text):
        for match in CHAPTER_NAME.finditer(text, group.start(), group.end()):
            target = chapters.get(match[1].upper())
            if target:
                yield nodes.Text(text[end : match.start()])
                end = match.end()
                options = {"reftarget": f"/{target}", "refexplicit": True, "refwarn": True}
                yield addnodes.pending_xref(
                    "",
                    nodes.inline(text=match[0]),
                    refdomain="std",
                    reftype="doc",
                    refdoc=page,
                    **options,
                )
    yield nodes.Text(text[end:])


def find_short_name(app, env, node, contnode):
    """Resolve the name of an object without its module, if only one object has that name."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    objects = env.get_domain("py").objects
    found = {
        entry.node_id: entry
        for name, entry in objects.items()
        if name.endswith(f".{target}") and not entry.aliased
    }
    if len(found) != 1:
        return None
    (entry,) = found.values()
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, target)


def use_spans_for_parameters(app, pagename, templatename, context, doctree):
    """Write long signatures without lists of definitions, which a screen reader would announce."""
    if "body" in context:
        context["body"] = LONG_SIGNATURE.sub(_spans, context["body"])


def _spans(match: re.Match[str]) -> str:
    lines = match[1].replace("<dd>", "<span>").replace("</dd>", "</span>")
    return f'<span class="sig-params">\n{lines}</span>'


def setup(app):
    """Register the extension."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.add_directive("apireference", APIReference)
    app.connect("doctree-read", link_chapters)
    app.connect("missing-reference", find_short_name)
    app.connect("html-page-context", use_spans_for_parameters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
