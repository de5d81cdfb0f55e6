"""Judge the answers that the check cells of a notebook have stored."""

from __future__ import annotations

from collections.abc import Collection
import re
from typing import Any, NamedTuple

import mfbook
from mfbook._validation import shown
from mfbook.course import _judging, _recorded
from mfbook.course.answers import MIME
from mfbook.datasets import dataset_name
import numpy as np

# The title of a chapter, for example "# 1 · Prepare the data".
TITLE = re.compile(r"# (\w+) · ")
# So begins a notebook of solutions, which a learner may hand in with the chapter.
SOLUTIONS = "# Solutions: "
# No text from a notebook is longer than this in the table.
LONGEST = 60


class Finding(NamedTuple):
    """What became of one exercise in one notebook."""

    state: str
    message: str
    answer: str = ""
    dataset: str = ""
    version: str = ""


def judge(
    cells: list[dict[str, Any]], exercises: Collection[str]
) -> tuple[set[str], dict[str, Finding]]:
    """Return the chapters that a notebook belongs to, and what became of the exercises it checks."""
    if cells and "".join(cells[0]["source"]).startswith(SOLUTIONS):
        return set(), {}
    checks: dict[str, list[tuple[str, Any, dict[str, Any]]]] = {}
    chapters: set[str] = set()
    for cell in cells:
        source = "".join(cell["source"])
        if cell.get("cell_type") != "code":
            title = TITLE.match(source)
            chapters.update(title.groups() if title else ())
            continue
        results = _results(cell)
        for exercise in {*_recorded.CALL.findall(source), *results} & {*exercises}:
            checks.setdefault(exercise, []).append((source, results.get(exercise), cell))
    chapters &= {*map(_recorded.chapter_of, exercises)}
    chapters |= {*map(_recorded.chapter_of, checks)}
    return chapters, {exercise: _finding(exercise, found) for exercise, found in checks.items()}


def _results(cell: dict[str, Any]) -> dict[str, Any]:
    """Return what the outputs of a cell say about exercises, by exercise."""
    bundles = [output.get("data") for output in cell.get("outputs", [])]
    results = [bundle[MIME] for bundle in bundles if isinstance(bundle, dict) and MIME in bundle]
    return {
        result["exercise"]: result
        for result in results
        if isinstance(result, dict) and isinstance(result.get("exercise"), str)
    }


def _finding(exercise: str, checks: list[tuple[str, Any, dict[str, Any]]]) -> Finding:
    """Return what became of an exercise, from the last of its check cells that shows a result."""
    with_result = [check for check in checks if check[1] is not None]
    source, result, cell = (with_result or checks)[-1]
    if result is None:
        finding = Finding("no output", f"The check cell shows no result{_error(cell)}.")
    else:
        finding = _judged(exercise, result)
    if _is_original(source, exercise):
        return finding
    message = f"The check cell was changed. Without that, {finding.state}: {finding.message}"
    return finding._replace(state="edited", message=message)


def _is_original(source: str, exercise: str) -> bool:
    """Whether a cell holds the check of the learners' notebook, apart from comments and spaces."""
    lines = [line.strip() for line in source.splitlines()]
    code = "".join("".join(line.split()) for line in lines if not line.startswith("#"))
    variable = f"answer_{exercise.replace('.', '_')}"
    return code.replace("'", '"') == f'answers.check("{exercise}",{variable})'


def _error(cell: dict[str, Any]) -> str:
    """Return with which error a cell ended, if it did."""
    names = [o.get("ename") for o in cell.get("outputs", []) if o.get("output_type") == "error"]
    return f"; it ended with {names[0]}" if names and isinstance(names[0], str) else ""


def _judged(exercise: str, result: dict[str, Any]) -> Finding:
    """Return the judgement of the stored answer, whatever the stored state says."""
    try:
        dataset, version, state = (result[name] for name in ("dataset", "version", "state"))
        if not all(isinstance(text, str) for text in (dataset, version, state)):
            raise ValueError("one of them is no text")
        answer, where = _answer(result["answer"]), (dataset_name(dataset), version[:LONGEST])
    except (KeyError, ValueError):
        return Finding("edited", "The stored result is not one that the course writes.")
    key = _recorded.find(exercise, dataset)
    if isinstance(key, str):
        return Finding("not judged", key, _written(answer), *where)
    if isinstance(answer, str):
        verdict = _judging.Verdict("wrong", "Not yet: the answer is no number.")
    else:
        verdict = _judging.judge(answer, key)
    if version != mfbook.__version__:
        message = f"{verdict.message} (It was checked by another version of mfbook.)"
        return Finding(verdict.state, message, _written(answer), *where)
    if state != verdict.state:
        message = (
            f"The stored result says {shown(state)}, but the stored answer is {verdict.state}."
        )
        return Finding("edited", message, _written(answer), *where)
    return Finding(verdict.state, verdict.message, _written(answer), *where)


def _answer(stored: Any) -> np.ndarray | str | None:
    """Return a stored answer: None, a text or an array; raise `ValueError` for anything else."""
    if stored is None:
        return None
    if isinstance(stored, dict) and isinstance(stored.get("text"), str):
        return stored["text"]
    return _recorded.from_json(stored)


def _written(answer: np.ndarray | str | None) -> str:
    if isinstance(answer, np.ndarray):
        return shown(answer.tolist())
    return (answer or "")[:LONGEST]
