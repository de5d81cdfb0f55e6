"""Checks of the answers to exercises, which explain what is wrong with a wrong answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import textwrap
from typing import Any

import mfbook
from mfbook import datasets
from mfbook._validation import shown
from mfbook.course import _judging, _recorded
from numpy.typing import ArrayLike

__all__ = ["MIME", "Result", "check", "progress"]

#: MIME type under which a notebook stores what became of an answer.
MIME = "application/vnd.mfbook.result+json"
#: The last result of each exercise that was checked in this session.
_session: dict[str, Result] = {}


@dataclass(frozen=True, repr=False)
class Result:
    """What became of an answer; a notebook shows its message.

    Parameters
    ----------
    exercise : str
        The number of the exercise, for example ``"1.2"``.
    state : str
        ``"right"``, ``"wrong"`` or ``"missing"``.
    message : str
        The same as a sentence, for a wrong answer with what is wrong with it.
    mistake : str, optional
        What led to the wrong answer, if that was recognized.
    answer : dict, optional
        The answer as a notebook stores it: its ``shape`` and ``values``, or a ``text`` if it is no
        array of at most 1,000 numbers; None if there is no answer yet.
    dataset : str
        The data set in use.
    version : str
        Of mfbook.
    recorded : dict, optional
        What `check` was told about the exercise: ``expected``, ``tolerance`` and ``mistakes``.

    Notes
    -----
    Every check cell shows one, from chapter 1 on.

    Examples
    --------
    >>> from mfbook.course import answers
    >>> result = answers.check("1.2", 25, expected=0.25)
    >>> result
    Not yet: that is in percent; give a share instead (0.25 for 25 %).
    >>> result.state
    'wrong'
    """

    exercise: str
    state: str
    message: str
    mistake: str | None = None
    answer: dict[str, Any] | None = None
    dataset: str = "ml-100k"
    version: str = mfbook.__version__
    recorded: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return self.message

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        stored = {name: value for name, value in vars(self).items() if name != "recorded"}
        if self.recorded:
            stored["recorded"] = self.recorded
        return {"text/plain": self.message, MIME: stored}


def check(
    exercise: str,
    answer: object,
    *,
    expected: ArrayLike | None = None,
    tolerance: float = 1e-3,
    mistakes: Iterable[tuple[ArrayLike, str]] = (),
) -> Result:
    """Say whether an answer is right and, if it is not, what is wrong with it.

    Parameters
    ----------
    exercise : str
        The number of the exercise, for example ``"1.2"``.
    answer : float or array_like of float
        The reader's answer, or the three dots ``...`` if there is none yet.
    expected : float, bool or array_like, optional
        The right answer. By default the one that is recorded for the data set in use.
    tolerance : float
        Largest absolute difference at which an answer still counts as right. Pass 0 for a number
        of things, so that a fraction is recognized as none.
    mistakes : iterable of (float or array_like of float, str)
        Wrong answers that are easy to arrive at, each with a sentence that says what led to it.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If ``exercise``, ``expected``, ``tolerance`` or ``mistakes`` are none: the check itself is
        wrong.

    Notes
    -----
    The exercises at the end of every chapter use it, from chapter 1 on.

    Examples
    --------
    >>> from mfbook.course import answers
    >>> area = 3 * 4
    >>> half = (3 + 4, "that is half of the perimeter.")
    >>> answers.check("1.2", 7, expected=area, mistakes=[half])
    Not yet: that is half of the perimeter.
    >>> answers.check("1.2", 12.0001, expected=area)
    Right.
    """
    if not isinstance(exercise, str) or not _recorded.EXERCISE.fullmatch(exercise):
        raise ValueError(
            f'exercise is {shown(exercise)}; pass its number as text, for example "1.2".'
        )
    dataset, recorded = datasets.dataset_name(), None
    key: _judging.Key | str
    if expected is None:
        key = _recorded.find(exercise, dataset)
    else:
        key = _judging.make_key(expected, tolerance, mistakes)
        recorded = _recorded.key_to_json(key)
    verdict = _judging.judge(answer, key)
    stored = _recorded.answer_to_json(answer)
    result = Result(exercise, *verdict, stored, dataset, recorded=recorded)
    _session[exercise] = result
    return result


def progress() -> None:
    """Print what became of the answers that were checked in this session, and a line to hand in.

    Notes
    -----
    The learners' notebooks end with it.

    Examples
    --------
    >>> from mfbook import course
    >>> from mfbook.course import answers
    >>> _ = answers.check("1.2", 25, expected=0.25), answers.check("2.1", 3, expected=3)
    >>> course.progress()
    1.2  wrong    Not yet: that is in percent; give a share instead (0.25 for 25 %).
    2.1  right    Right.
    Chapters 1, 2: 1 right of 2 checked (synthetic, mfbook ...)
    """
    if not _session:
        print("No answer was checked in this session. Run a check cell first, then this one.")
        return
    exercises = _recorded.in_order(_session)
    results = [_session[exercise] for exercise in exercises]
    for result in results:
        message = textwrap.shorten(result.message, 80, placeholder=" …")
        print(f"{result.exercise:<4} {result.state:<8} {message}")
    chapters = list(dict.fromkeys(map(_recorded.chapter_of, exercises)))
    word = "Chapter" if len(chapters) == 1 else "Chapters"
    right = sum(result.state == "right" for result in results)
    used = ", ".join(sorted({result.dataset for result in results}))
    print(
        f"{word} {', '.join(chapters)}: {right} right of {len(results)} checked "
        f"({used}, mfbook {mfbook.__version__})"
    )
