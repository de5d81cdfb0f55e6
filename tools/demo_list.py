"""Data and picture of the demonstration "list": a list of films for whoever rates some.

It holds titles, years and factors of the most rated films of the training set, and no rating and no
user. The interval of a predicted rating comes from people whom the model has not seen.
"""

from base64 import b64decode, b64encode
from dataclasses import replace
import re

from mfbook import als, datasets, ranking
import numpy as np
import pandas as pd

from tools.demo_files import bar, dot, line, text, write_data, write_picture

N_FILMS, N_SHELF, N_LIST = 200, 60, 10
# The models of chapters 10 and 11.
STARS = {"k": 5, "reg": 9.0, "reg_bias": 5.0}
WATCH = {"k": 20, "reg": 0.02, "unobserved": 0.2}
# The share of held-out ratings that an interval is to hold, and from how many ratings of a person.
LEVEL, GIVEN = 0.9, (3, 5, 10, 20)
# How much less certain a person's vector is than the penalties say: chosen so that the intervals hold
# as many ratings after 3 ratings of a person as after 20.
SPREAD = 4
# The noise of a film is shrunk toward the noise of all, as if it had so many more ratings.
SHRINK = 40
NAME = re.compile(r"(?P<name>.*?)(?:, (?P<article>The|A|An|Das|Il|La|Le|Les))? \((?P<year>\d{4})\)")
TITLE = (
    "Stars for some films at the left, and at the right the ten films that a model then predicts the "
    "most stars for, each with an interval."
)
TASTES = {
    "Action": {
        "Die Hard (1988)": 5,
        "Speed (1994)": 5,
        "True Lies (1994)": 5,
        "Aliens (1986)": 5,
        "Sleepless in Seattle (1993)": 1,
        "Fargo (1996)": 1,
    },
    "Romance": {
        "Sleepless in Seattle (1993)": 5,
        "Sense and Sensibility (1995)": 5,
        "While You Were Sleeping (1995)": 5,
        "Die Hard (1988)": 1,
        "Pulp Fiction (1994)": 1,
    },
    "Art house": {
        "Fargo (1996)": 5,
        "Pulp Fiction (1994)": 5,
        "Trainspotting (1996)": 5,
        "True Lies (1994)": 1,
        "Sleepless in Seattle (1993)": 1,
    },
}


def films(split):
    """Return the indices of the films of the demonstration, the most rated first."""
    counts = np.bincount(split.train["item_idx"], minlength=split.n_items)
    order = pd.Series(np.argsort(-counts, kind="stable"))
    # MovieLens has a few films twice.
    twice = split.items["title"].iloc[order].duplicated().to_numpy()
    return order[~twice].to_numpy()[:N_FILMS]


def models(split):
    """Return the models of stars and of choices, the vectors of the second in whole steps."""
    stars = als.ALS(**STARS).fit(split)
    watch = ranking.ImplicitALS(**WATCH).fit(split)
    watch.items = (_steps(watch.items) * _step(watch.items)).astype(np.float32)
    return stars, watch


def data(split):
    """Return what the demonstration needs: a dict."""
    shown = films(split)
    stars, watch = models(split)
    names = [NAME.fullmatch(title) for title in split.items["title"].iloc[shown]]
    place = {title: n for n, title in enumerate(split.items["title"].iloc[shown])}
    noise, z = _calibrated(held_out(split))
    alpha, reg = WATCH["unobserved"], WATCH["reg"]
    ridge = reg * alpha * split.n_items * np.eye(WATCH["k"])
    return {
        "titles": [" ".join(filter(None, (m["article"], m["name"]))) for m in names],
        "years": [int(m["year"]) for m in names],
        "hues": _hues(stars.items[shown, :-1]),
        "shelf": N_SHELF,
        "tastes": {
            taste: [[place[t], r] for t, r in liked.items() if t in place]
            for taste, liked in TASTES.items()
        },
        "stars": {
            "mean": stars.mean,
            "penalty": [*[STARS["reg"]] * STARS["k"], STARS["reg_bias"]],
            "factors": _packed(stars.items[shown]),
        },
        "level": round(100 * LEVEL),
        "spread": SPREAD,
        "noise": [round(float(z * noise[item]), 2) for item in shown],
        "watch": {
            "liked": ranking.LIKED_FROM,
            "reg": reg,
            "step": _step(watch.items),
            "factors": b64encode(_steps(watch.items[shown]).astype("<i2").tobytes()).decode(),
            "gram": _packed(alpha * watch.items.T @ watch.items + ridge),
        },
    }


def held_out(split):
    """Return predictions for people whom the model has not seen, from some of their ratings.

    Returns
    -------
    pandas.DataFrame
        ``user``, ``item``, ``given`` (number of ratings that were folded in), ``error`` in stars,
        ``scale`` (by which the noise grows, because the person is not known exactly), and whether
        the film is on the person's list. One row for each held-out rating of a film of `films`.
    """
    rng = np.random.default_rng(0)
    shown = films(split)
    users = rng.permutation(split.train["user_idx"].unique())
    rows = []
    for fold in range(5):
        left_out = split.train["user_idx"].isin(users[fold::5])
        model = als.ALS(**STARS).fit(replace(split, train=split.train[~left_out]))
        asked = split.train[left_out & split.train["item_idx"].isin(shown)]
        for user, ratings in asked.groupby("user_idx"):
            ratings = ratings.iloc[rng.permutation(len(ratings))]
            for given in (n for n in GIVEN if len(ratings) >= n + 5):
                rows.append(_errors(model, shown, ratings, given).assign(user=user, given=given))
    return pd.concat(rows, ignore_index=True)


def _errors(model, shown, ratings, given):
    """Return the errors of one person's other ratings, after folding in the first ``given``."""
    item, stars = ratings["item_idx"].to_numpy(), ratings["rating"].to_numpy()
    base = model.mean + model.items[:, -1]
    design = np.column_stack([model.items[:, :-1], np.ones(len(base))])
    known, other = item[:given], item[given:]
    person, covariance = _folded_in(
        design[known], stars[:given] - base[known], model.prior_precision
    )
    predicted = base + design @ person
    unrated = shown[~np.isin(shown, known)]
    listed = unrated[np.argsort(-predicted[unrated])[:N_LIST]]
    asked = design[other]
    return pd.DataFrame(
        {
            "item": other,
            "error": stars[given:] - np.clip(predicted[other], *model.scale),
            "scale": _scale(asked, covariance),
            "listed": np.isin(other, listed),
        }
    )


def _folded_in(design, centered, penalty):
    """Return a person's vector, as `fold_in` solves for it, and how uncertain it is."""
    covariance = np.linalg.inv(design.T @ design + penalty)
    return covariance @ design.T @ centered, covariance


def _scale(design, covariance):
    """Return by how much the noise grows because the person is not known exactly, ``(n,)``."""
    return np.sqrt(1 + SPREAD * np.einsum("nk,kj,nj->n", design, covariance, design))


def _noise(errors):
    """Return the noise of each film, a series in stars."""
    of_all = errors["error"].var()
    by_film = errors.groupby("item")["error"].agg(["var", "size"]).fillna(of_all)
    variance = by_film["var"] * by_film["size"] + of_all * SHRINK
    return np.sqrt(variance / (by_film["size"] + SHRINK))


def _calibrated(errors):
    """Return the noise of each film, and the multiple of it that holds `LEVEL` of listed films.

    The multiple is read off one half of the people with the noise of the other half.
    """
    first = errors["user"].isin(np.unique(errors["user"])[::2])
    sizes = []
    for half in (first, ~first):
        listed = errors[half & errors["listed"]]
        noise = listed["scale"] * listed["item"].map(_noise(errors[~half]))
        sizes.append(listed["error"].abs() / noise)
    return _noise(errors), float(pd.concat(sizes).quantile(LEVEL))


def coverage(split):
    """Return which share of held-out ratings the intervals hold, for people not calibrated on.

    Returns
    -------
    pandas.DataFrame
        One row for each number of given ratings: ``listed`` (films of the list), ``all`` (all films
        of the demonstration), ``ratings`` (of listed films), ``width`` in stars.
    """
    errors = held_out(split)
    half = errors["user"].isin(np.unique(errors["user"])[: errors["user"].nunique() // 2])
    noise, z = _calibrated(errors[half])
    other = errors[~half].copy()
    other["reach"] = z * other["scale"] * other["item"].map(noise)
    other["held"] = other["error"].abs() <= other["reach"]
    listed = other[other["listed"]].groupby("given")
    return pd.DataFrame(
        {
            "listed": listed["held"].mean(),
            "all": other.groupby("given")["held"].mean(),
            "ratings": listed.size(),
            "width": 2 * listed["reach"].mean(),
        }
    )


def write(folder):
    """Write the data and the picture, from fold u1 of MovieLens.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    exported = data(datasets.load("ml-100k"))
    write_data(folder, "list", exported)
    write_picture(folder, "list", (760, 360), TITLE, _shapes(exported))


def _shapes(exported):
    """Yield a person's ratings, and the ten films with the most stars for this person."""
    taste, ratings = next(iter(exported["tastes"].items()))
    yield text(0, 20, f"Rate a few films ({taste.lower()})", weight=600, size=16)
    for place, (film, stars) in enumerate(ratings):
        yield text(0, 54 + 32 * place, "★" * stars + "☆" * (5 - stars), "gold", size=18)
        yield text(96, 54 + 32 * place, exported["titles"][film])
    yield text(330, 20, "Ten films for you, in predicted stars", weight=600, size=16)
    predicted, reach = _predicted(exported, ratings)
    for place, film in enumerate(np.argsort(-predicted)[:N_LIST]):
        y, middle = 54 + 32 * place, min(5, predicted[film])
        low, high = max(1, middle - reach[film]), min(5, middle + reach[film])
        yield text(330, y, exported["titles"][film])
        yield line([(570, y - 5), (710, y - 5)])
        yield bar(570 + 35 * (low - 1), y - 8, 35 * (high - low), 6, "line")
        yield dot(570 + 35 * (middle - 1), y - 5, 6, "blue")
        yield text(760, y, f"{middle:.1f} ★", anchor="end", weight=600)


def _predicted(exported, ratings):
    """Return the stars of each film and the half of its interval, from what the page has."""
    model = exported["stars"]
    factors = np.frombuffer(b64decode(model["factors"]), "<f4").reshape(len(exported["titles"]), -1)
    base = model["mean"] + factors[:, -1]
    design = np.column_stack([factors[:, :-1], np.ones(len(base))])
    rated, stars = (list(each) for each in zip(*ratings, strict=True))
    penalty = np.diag(model["penalty"])
    person, covariance = _folded_in(design[rated], stars - base[rated], penalty)
    predicted = base + design @ person
    predicted[rated] = -np.inf
    return predicted, np.array(exported["noise"]) * _scale(design, covariance)


def _hues(vectors):
    """Return a color for each film, in degrees: similar for films that point the same way."""
    centered = vectors - vectors.mean(axis=0)
    x, y = (centered @ np.linalg.svd(centered, full_matrices=False)[2][:2].T).T
    return (np.degrees(np.arctan2(y, x)) % 360).round().astype(int).tolist()


def _packed(table):
    return b64encode(np.ascontiguousarray(table, "<f4").tobytes()).decode()


def _step(table):
    return float(np.abs(table).max() / 32767)


def _steps(table):
    return np.rint(table / _step(table))
