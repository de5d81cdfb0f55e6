"""Films that are far enough apart to be named on a map, and where their names stand."""

from itertools import combinations

# Of a letter's height; wide enough for the widest of the usual fonts.
LETTER = 0.62
DOT = 7


def box(point, words, side, size):
    """Return the box of a name beside a point: left, top, right, bottom, in pixels.

    Parameters
    ----------
    point : sequence of float, length 2
    words : str
    side : str
        ``"right"``, ``"left"``, ``"above"`` or ``"below"``.
    size : float
        Of the letters.
    """
    (x, y), width, gap = point, LETTER * size * len(words), DOT + 3
    left = {"right": x + gap, "left": x - gap - width}.get(side, x - width / 2)
    top = {"above": y - gap - size, "below": y + gap}.get(side, y - size / 2)
    return left, top, left + width, top + size


def overlap(one, other, apart=2):
    """Return whether two boxes are nearer to each other than some pixels."""
    return (
        one[0] < other[2] + apart
        and other[0] < one[2] + apart
        and one[1] < other[3] + apart
        and other[1] < one[3] + apart
    )


def inside(one, canvas):
    """Return whether a box lies within a canvas, not quite at its edge."""
    return min(one) > 2 and one[2] < canvas[0] - 2 and one[3] < canvas[1] - 2


def place(points, names, size, canvas, kept_free=()):
    """Return the side of its point on which each name stands, or None if one finds no room.

    Parameters
    ----------
    points : numpy.ndarray, shape (n, 2)
        In pixels.
    names : sequence of str
    size : float
        Of the letters, in pixels.
    canvas : tuple of float
        Width and height; no name leaves it.
    kept_free : sequence
        Boxes that no dot and no name may touch.
    """
    dots = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in points]
    crowded = any(overlap(*pair) for pair in combinations([*dots, *kept_free], 2))
    if crowded or not all(inside(dot, canvas) for dot in dots):
        return None
    placed, sides = list(kept_free), []
    for n, (point, words) in enumerate(zip(points, names, strict=True)):
        others = placed + dots[:n] + dots[n + 1 :]
        for side in ("right", "left", "above", "below"):
            here = box(point, words, side, size)
            if inside(here, canvas) and not any(overlap(here, other) for other in others):
                placed.append(here)
                sides.append(side)
                break
        else:
            return None
    return sides
