"""The timetable of the course, book/timetable.md: the minutes of every section of every notebook."""

from tools import reading
from tools.sections import EXERCISES, sections

HEAD = """\
# Timetable

How many minutes each section takes to teach: what is said, the predictions, the runs and the talk \
about them. The running sum leaves out the exercises, whose time stands by itself, as it does at the \
head of each chapter. The times are estimates from the length of the text, a few minutes for each \
prediction, and the time that the cells run; a group that asks much takes longer. The plans in \
[Teaching the course](teaching.md) are added up from this page.

% This page is written by `make sync` from the notebooks' metadata: edit those.
"""


def page(paths):
    """Text of the page.

    Parameters
    ----------
    paths : list of pathlib.Path
        The notebooks, in order.
    """
    return "\n".join([HEAD, _overview(paths), *map(_chapter, paths)])


def totals(path):
    """Minutes to teach the notebook at ``path``, and minutes for its exercises."""
    minutes = {section.title: section.minutes for section in sections(path)}
    exercises = minutes.pop(EXERCISES, 0)
    return sum(minutes.values()), exercises


def _title(path):
    return reading.read(path).cells[0].source.split("\n")[0].removeprefix("# ")


def _overview(paths):
    lines = ["| chapter | to teach | exercises |", "|---|---:|---:|"]
    for path in paths:
        teach, exercises = totals(path)
        lines.append(f"| [{_title(path)}](../notebooks/{path.name}) | {teach} | {exercises} |")
    return "\n".join(lines) + "\n"


def _chapter(path):
    lines = [f"## {_title(path)}\n", "| section | minutes | sum |", "|---|---:|---:|"]
    total = 0
    for section in sections(path):
        if section.title == EXERCISES:
            lines.append(f"| *{section.title}* | {section.minutes} | |")
        elif section.minutes:
            total += section.minutes
            lines.append(f"| {section.title} | {section.minutes} | {total} |")
    return "\n".join(lines) + "\n"
