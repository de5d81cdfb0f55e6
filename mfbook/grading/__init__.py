"""Grade the notebooks of a class: one table of who answered which exercise, and how.

Behind ``python -m mfbook grade FOLDER``. Exercises and right answers come from the answers recorded
in mfbook, never from a notebook; the answer stored in a notebook is judged again. No notebook is run
unless the instructor asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mfbook.course import _recorded
from mfbook.grading import _cells, _files, _run, _table
import pandas as pd
from tqdm import tqdm

__all__ = ["grade"]

COLUMNS = ("learner", "exercise", "file", "state", "answer", "message", "data set", "version")


class _HandedIn(NamedTuple):
    """One notebook: of which chapters it is, what became of its exercises, what is wrong with it."""

    learner: str
    file: str
    chapters: set[str]
    findings: dict[str, _cells.Finding]
    problem: str


def grade(folder: Path, table: Path, run: bool = False) -> str:
    """Write the table of a class as CSV, and return a summary with one line for each learner.

    Parameters
    ----------
    folder : pathlib.Path
        A folder for each learner, named after him, or one notebook each.
    table : pathlib.Path
        The table to write. It must not exist.
    run : bool
        Whether to run a copy of each notebook, instead of trusting that its outputs are those of its
        cells. This runs other people's programs with your rights.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is no notebook, or if the table exists or cannot be written.

    Notes
    -----
    It judges the check cells of chapters 1 to 12 and of appendices A and B, as they are in the
    learners' notebooks. The page on teaching the course says how to hand those out.

    Examples
    --------
    >>> from pathlib import Path
    >>> from mfbook import grading
    >>> try:
    ...     grading.grade(Path("no such folder"), Path("grades.csv"))
    ... except ValueError as error:
    ...     print(error)
    no such folder is no folder. Pass the folder with the notebooks that were handed in, unpacked.
    """
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is no folder. Pass the folder with the notebooks that were handed in, unpacked."
        )
    _table.check_free(table)
    if run:
        _run.check_installed()
    # Before any notebook is run: it might change the recorded answers.
    exercises = _recorded.in_order({e for book in _recorded.recorded().values() for e in book})
    found = list(_files.find(folder))
    if not found:
        raise ValueError(f"There is no notebook (*.ipynb) in {folder} or the folders in it.")
    handed_in = [
        _examine(folder, *what, exercises, run)
        for what in tqdm(found, desc="notebooks", disable=not run)
    ]
    rows = _rows(handed_in, exercises)
    _table.write(rows, table)
    learners = rows["learner"].nunique()
    return f"{_table.summary(rows)}\n{table} has {len(rows)} rows for {learners} learners."


def _examine(
    folder: Path, learner: str, path: Path, problem: str, exercises: list[str], run: bool
) -> _HandedIn:
    """Return what became of the exercises in one notebook; nothing in it raises an error."""
    chapters: set[str] = set()
    findings: dict[str, _cells.Finding] = {}
    if not problem:
        try:
            cells = _files.read(path)
            if run:
                cells, problem = _run.run(cells)
            chapters, findings = _cells.judge(cells, exercises)
        except ValueError as error:
            problem = str(error)
        except Exception as error:
            # Nobody can foresee all that a stranger's file holds; one of thirty must not stop the rest.
            problem = f"could not be judged ({type(error).__name__}: {error})"
    return _HandedIn(learner, str(path.relative_to(folder)), chapters, findings, problem)


def _rows(handed_in: list[_HandedIn], exercises: list[str]) -> pd.DataFrame:
    """Return the table: each learner with each exercise of the chapters that anybody handed in."""
    chapters = set().union(*(notebook.chapters for notebook in handed_in))
    asked = [exercise for exercise in exercises if _recorded.chapter_of(exercise) in chapters]
    rows = []
    for learner in sorted({notebook.learner for notebook in handed_in}):
        own = [notebook for notebook in handed_in if notebook.learner == learner]
        rows += [(learner, exercise, *_combined(own, exercise)) for exercise in asked]
        rows += [
            (learner, "", "", "broken", "", f"{n.file} {n.problem}.", "", "")
            for n in own
            if n.problem
        ]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _combined(notebooks: list[_HandedIn], exercise: str) -> tuple[str, ...]:
    """Return the columns from the file on, for one exercise in all notebooks of a learner."""
    found = [(n.file, n.findings[exercise]) for n in notebooks if exercise in n.findings]
    if not found:
        return "", "missing", "", "No check cell of this exercise was handed in.", "", ""
    # An untouched copy says nothing.
    found = [f for f in found if f[1].state not in ("missing", "no output")] or found[:1]
    finding = found[0][1]
    files = ", ".join(file for file, _ in found)
    if len({other.state for _, other in found}) > 1:
        states = "; ".join(f"{file}: {other.state}" for file, other in found)
        return files, "duplicate", "", f"Several notebooks differ: {states}.", "", ""
    return files, finding.state, finding.answer, finding.message, finding.dataset, finding.version
