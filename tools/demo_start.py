"""Data and picture of the demonstration "start": why the error stays at 3.7 stars for so long.

It walks downhill on the seven ratings of chapter 3's three users and three films.
"""

import numpy as np

from tools.demo_files import line, text, write_data, write_picture

RATINGS = ((0, 0, 4), (0, 1, 2), (1, 0, 2), (1, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 4))
SCALES = (0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
STEPS = 200
TITLE = (
    "Error against steps from four starts. Each start ten times closer to zero makes the plateau "
    "at the beginning longer by about the same number of steps."
)
DRAWN = ((1, "gold"), (0.1, "green"), (0.01, "red"), (0.001, "blue"))


def first_tables():
    """Return the two tables at scale 1, (3, 2) each, between plus and minus 1."""
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-1, 1, (3, 2)).round(4) for _ in range(2))


def descend(scale, rate, momentum):
    """Walk downhill by equations (3.3) and (3.4), all ratings in one batch.

    Parameters
    ----------
    scale : float
        What the first tables are multiplied with.
    rate, momentum : float
        Of equation (3.4).

    Returns
    -------
    numpy.ndarray, shape (STEPS + 1,)
        The RMSE before each step, and after the last.
    """
    user, item, rating = np.array(RATINGS).T
    tables = [scale * table for table in first_tables()]
    velocities = [np.zeros_like(table) for table in tables]
    errors = []
    for _ in range(STEPS + 1):
        users, items = tables
        error = np.sum(users[user] * items[item], axis=1) - rating
        errors.append(np.sqrt(np.mean(error**2)))
        slopes = [np.zeros_like(table) for table in tables]
        np.add.at(slopes[0], user, error[:, None] * items[item] / len(rating))
        np.add.at(slopes[1], item, error[:, None] * users[user] / len(rating))
        velocities = [momentum * v - rate * s for v, s in zip(velocities, slopes, strict=True)]
        tables = [table + v for table, v in zip(tables, velocities, strict=True)]
    return np.array(errors)


def write(folder):
    """Write the data and the picture.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    users, items = (table.tolist() for table in first_tables())
    data = {"ratings": RATINGS, "P": users, "Q": items, "steps": STEPS, "scales": SCALES}
    write_data(folder, "start", data)
    write_picture(folder, "start", (640, 330), TITLE, _shapes())


def _shapes():
    x, y = (lambda step: 40 + step / STEPS * 590), (lambda stars: 280 - stars * 75)
    yield text(40, 24, "RMSE (stars) of seven ratings, from four starts", weight=600)
    for stars in range(4):
        yield line([(x(0), y(stars)), (x(STEPS), y(stars))])
        yield text(28, y(stars) + 5, str(stars), "soft", "end", 13)
    for step in range(0, STEPS + 1, 50):
        yield text(x(step), 304, str(step), "soft", "end" if step == STEPS else "middle", 13)
    yield text(x(STEPS), 324, "steps", "soft", "end", 13)
    for place, (scale, stroke) in enumerate(DRAWN):
        errors = descend(scale, 0.2, 0)
        yield line([(x(step), y(error)) for step, error in enumerate(errors)], stroke, 2.5)
        words = f"start between ±{scale:g}"
        yield text(x(STEPS), 100 + 22 * place, words, stroke, "end", 14, 600)
