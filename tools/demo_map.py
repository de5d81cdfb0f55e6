"""Data and picture of the demonstration "map": films in a plane, and a list that follows the user."""

import re

from mfbook import als, datasets
import numpy as np

from tools import demo_labels
from tools.demo_files import dot, line, text, write_data, write_picture

MOST_RATED = 150
# A name longer than this is too wide for a phone.
LONGEST = 17
# Of the picture, in pixels: width and height, the middle, 1 in a film's vector, the letters.
CANVAS, MIDDLE, UNIT, LETTERS = (340, 370), (170, 150), 150, 11
# The user, who starts in the middle, has room there.
ROOM = (MIDDLE[0] - 11, MIDDLE[1] - 11, MIDDLE[0] + 11, MIDDLE[1] + 11)
TITLE = (
    "A map of films in the plane of two factors, each with its name. A user stands on it; films in "
    "the user's direction, seen from the middle, are recommended first."
)
USER = (0.13, -0.76)


def pixels(vectors):
    """Return where vectors lie in the picture, (n, 2)."""
    return np.array(MIDDLE) + np.asarray(vectors) * [UNIT, -UNIT]


def short(title):
    """Return a title without its year and its remarks, the article in front."""
    name = re.sub(r" \(.*", "", title)
    return re.sub(r"^(.*), (The|A|An|Das|Il)$", r"\2 \1", name).replace("'", "\u2019")


def sides(films):
    """Return the sides on which the names of films stand, or None if one finds no room."""
    names = [film["title"] for film in films]
    points = pixels([film["vector"] for film in films])
    return demo_labels.place(points, names, LETTERS, CANVAS, [ROOM])


def candidates(split):
    """Return the mean rating, and the films to choose from, the most rated first."""
    model = als.ALS(k=2, reg=9.0, reg_bias=5.0).fit(split, seed=0)
    n_ratings = np.bincount(split.train["item_idx"], minlength=split.n_items)
    often = np.argsort(-n_ratings, kind="stable")[:MOST_RATED]
    # Turned, as in chapter 10, so that the first direction explains most; products stay the same.
    vectors = model.items[often, :2]
    directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2]
    names = split.items["title"][often].map(short)
    films = [
        {"title": name, "vector": [round(float(x), 4) for x in vector], "bias": round(float(b), 4)}
        for name, vector, b in zip(
            names, vectors @ directions.T, model.items[often, 2], strict=True
        )
        if len(name) <= LONGEST
    ]
    return round(model.mean, 4), films


def data(split):
    """Return what the demonstration reads: the films whose names have room, beside the rest."""
    mean, films = candidates(split)
    chosen = []
    for film in films:
        if sides([*chosen, film]):
            chosen.append(film)
    named = [film | {"side": side} for film, side in zip(chosen, sides(chosen), strict=True)]
    plane = {"canvas": CANVAS, "middle": MIDDLE, "unit": UNIT, "letters": LETTERS}
    return {"mean": mean, "films": named, "plane": plane}


def write(folder):
    """Write the data and the picture; MovieLens must be at hand.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    known = data(datasets.load("ml-100k"))
    write_data(folder, "map", known)
    write_picture(folder, "map", CANVAS, TITLE, _shapes(known["films"]))


def _shapes(films):
    user = pixels(USER)
    yield line([MIDDLE, user], "red", 3)
    for film in films:
        point, side = pixels(film["vector"]), film["side"]
        yield dot(*point, 4, "blue")
        left, _, right, bottom = demo_labels.box(point, film["title"], side, LETTERS)
        anchor = {"right": "start", "left": "end"}.get(side, "middle")
        x = {"right": left, "left": right}.get(side, point[0])
        yield text(x, bottom - 2, film["title"], "ink", anchor, LETTERS)
    yield dot(*MIDDLE, 3, "soft")
    yield dot(*user, 10, "red")
