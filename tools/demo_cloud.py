"""Data and picture of the demonstration "cloud": what is plausible of a user, before and after ratings.

The films' vectors are those of chapter 9's two factors.
"""

from mfbook import als, datasets
import numpy as np

from tools.demo_files import dot, line, text, write_data, write_picture

# Two from each end of two directions.
FILMS = {
    "English Patient, The (1996)": "The English Patient",
    "Dead Man Walking (1995)": "Dead Man Walking",
    "Independence Day (ID4) (1996)": "Independence Day",
    "Twister (1996)": "Twister",
    "It's a Wonderful Life (1946)": "It’s a Wonderful Life",
    "E.T. the Extra-Terrestrial (1982)": "E.T.",
    "Clockwork Orange, A (1971)": "A Clockwork Orange",
    "Starship Troopers (1997)": "Starship Troopers",
}
TARGET = {"Pulp Fiction (1994)": "Pulp Fiction"}
# One over the variance of a rating's noise, in 1/stars²; chapter 9's guess.
ALPHA = 1.3
N_DRAWS = 150
STARS = (3, 5, 2, 2, 0, 0, 4, 2)
TITLE = (
    "The plane of two factors with two ellipses. The dashed one holds 90 % of the plausible vectors "
    "of a person of whom nothing is known; the smaller one, with draws, is that after six ratings."
)


def data(split):
    """Return what the demonstration reads."""
    model = als.ALS(k=2, reg=9.0, reg_bias=5.0).fit(split.validation_split(seed=0), seed=0)

    def film(title, label):
        *vector, bias = model.items[split.items.index[split.items["title"] == title][0]]
        rounded = [round(float(value), 4) for value in (*vector, bias)]
        return {"title": label, "vector": rounded[:2], "bias": rounded[2]}

    noise = np.random.default_rng(0).standard_normal((N_DRAWS, 3))
    return {
        "films": [film(*names) for names in FILMS.items()],
        "target": film(*next(iter(TARGET.items()))),
        "mean": round(model.mean, 4),
        "alpha": ALPHA,
        "precision": [round(ALPHA * float(d), 4) for d in np.diag(model.prior_precision)],
        "noise": noise.round(3).tolist(),
    }


def posterior(known, stars):
    """Solve equation (9.1) for one person.

    Parameters
    ----------
    known : dict
        From `data`.
    stars : sequence of float
        For each film; 0 if it is not rated.

    Returns
    -------
    mean : numpy.ndarray, shape (3,)
    precision : numpy.ndarray, shape (3, 3)
        Of the vector and the bias.
    """
    rated = [(film, s) for film, s in zip(known["films"], stars, strict=True) if s]
    v = np.array([[*film["vector"], 1.0] for film, _ in rated]).reshape(-1, 3)
    rest = np.array([s - known["mean"] - film["bias"] for film, s in rated])
    left = known["alpha"] * v.T @ v + np.diag(known["precision"])
    return np.linalg.solve(left, known["alpha"] * v.T @ rest), left


def write(folder):
    """Write the data and the picture; MovieLens must be at hand.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    known = data(datasets.load("ml-100k"))
    write_data(folder, "cloud", known)
    write_picture(folder, "cloud", (640, 420), TITLE, _shapes(known))


def _shapes(known):
    x, y = (lambda value: 400 + value * 215), (lambda value: 230 - value * 215)
    yield line([(x(-1), y(0)), (x(1.1), y(0))])
    yield line([(x(0), y(-0.85)), (x(0), y(1))])
    yield text(x(1.1), y(0) + 18, "first factor", "soft", "end", 13)
    yield text(x(0) + 8, 24, "second factor", "soft", size=13)
    nothing, after = posterior(known, [0] * len(STARS)), posterior(known, STARS)
    upper = np.linalg.cholesky(after[1]).T
    draws = after[0] + np.linalg.solve(upper, np.array(known["noise"]).T).T
    yield from (dot(x(draw[0]), y(draw[1]), 2.5, "blue", 0.4) for draw in draws)
    for (mean, precision), stroke, dashes in ((nothing, "soft", "5 5"), (after, "blue", "none")):
        rim = mean[:2] + _rim(np.linalg.inv(precision)[:2, :2])
        yield line([(x(a), y(b)) for a, b in rim], stroke, 3, dashes)
    yield text(16, 60, "dashed: nothing known", "soft", weight=600)
    yield text(16, 84, "blue: after six ratings", "blue", weight=600)


def _rim(covariance):
    """Return the ellipse around 0 that holds 90 % of a normal distribution, (n, 2)."""
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(-2 * np.log(0.1))
    return circle @ np.linalg.cholesky(covariance).T
