"""The page of exercises, book/exercises.md: each exercise of the notebooks, with a link to it."""

import re

from tools import reading

HEAD = """\
# Exercises

Every chapter ends with exercises: some to recall, some to modify what is there, some to go further. \
Their solutions are run with the chapter, and folded. Where an exercise is marked *checked*, the \
notebook has a cell for your answer and one that tells you what is wrong with it.

% This page is written by `make sync` from the notebooks: edit those.
"""
EXERCISE = re.compile(r"### Exercise (\w+)\.(\d+): (\w+)\s+(.+)")


def page(paths):
    """Text of the page.

    Parameters
    ----------
    paths : list of pathlib.Path
        The notebooks, in order.
    """
    return "\n".join([HEAD, *map(_chapter, paths)])


def _chapter(path):
    cells = reading.read(path).cells
    title = cells[0].source.split("\n")[0].removeprefix("# ")
    checked = {c.source.split("\n")[0].removeprefix("# @title Check ") for c in cells}
    lines = [f"## {title}\n", "| exercise | kind | what you do |", "|---|---|---|"]
    for chapter, number, kind, text in EXERCISE.findall("\n\n".join(c.source for c in cells)):
        name = f"{chapter}.{number}"
        # The anchor that MyST makes of the heading.
        anchor = f"exercise-{chapter}{number}-{kind}".lower()
        kind += ", checked" if name in checked else ""
        lines.append(f"| [{name}](../notebooks/{path.name}#{anchor}) | {kind} | {text} |")
    return "\n".join(lines) + "\n"
