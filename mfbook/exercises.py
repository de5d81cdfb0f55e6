"""Tell a reader whether the answer to an exercise is right and, if not, what is wrong with it."""

import numpy as np


def check(answer, right, within=1e-3, slips=()):
    """Print what is right or wrong about an answer.

    Parameters
    ----------
    answer : float or array_like of float
        The reader's; the three dots ``...`` where nothing has been filled in yet.
    right : float or array_like of float
        What is wanted.
    within : float
        How far from it an answer may be.
    slips : iterable of (float or array_like of float, str)
        Wrong answers that are easy to get, each with what led to it.
    """
    print(_verdict(answer, np.asarray(right, float), within, slips))


def _verdict(answer, right, within, slips):
    if answer is ... or answer is None:
        return "Not answered yet: put your answer in place of the three dots, run that cell, then this."
    if isinstance(answer, str) or callable(answer):
        wrong = f"{answer!r} is text" if isinstance(answer, str) else f"{answer!r} is a function"
        return f"Not yet: {wrong}; a number is wanted."
    try:
        given = np.asarray(answer, float)
    except (TypeError, ValueError):
        return f"Not yet: {type(answer).__name__} cannot be read as numbers."
    if given.shape != right.shape:
        return f"Not yet: your answer has the shape {given.shape}; {right.shape} is wanted."
    if not np.isfinite(given).all():
        return "Not yet: your answer has numbers that are not finite. Was something divided by 0?"
    if _near(given, right, within):
        return "Right."
    for slip, why in slips:
        if _near(given, np.asarray(slip, float), within):
            return f"Not yet: {why}"
    return f"Not yet: {_direction(given, right)}"


def _near(one, other, within):
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= within))


def _direction(given, right):
    if given.ndim:
        worst = np.unravel_index(np.argmax(np.abs(given - right)), right.shape)
        place = ", ".join(map(str, worst))
        return f"the number at [{place}] is furthest off; {_direction(given[worst], right[worst])}"
    if np.isclose(given, -right):
        return "the sign is the wrong way round."
    if np.isclose(given, 100 * right):
        return "that is in percent; a fraction is wanted."
    return f"your answer is too {'large' if given > right else 'small'}."
