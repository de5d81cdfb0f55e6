"""Data and picture of the demonstration "ladder": the test errors of the course's models, in order."""

from mfbook import experiments

from tools.demo_files import bar, dot, line, text, write_data, write_picture

# Each model with the chapter in which it is met first.
CHAPTERS = {
    "global mean": 2,
    "item mean": 2,
    "biases": 2,
    "plain, as in 2016": 3,
    "MLP, as in 2016": 4,
    "MLP (256, 512), as run in 2016": 5,
    "dropout (256, 512), as meant in 2016": 5,
    "plain": 7,
    "MLP": 7,
    "MLP with dropout": 7,
    "ALS": 8,
    "Bayesian": 9,
    "Bayesian, implicit": 9,
    "Bayesian, implicit and attributes": 9,
    "Bayesian, with time stamps": 9,
}
AVERAGED = (
    "Printed by the tutorial of 2016, which averaged the RMSEs of batches: not quite an RMSE."
)
OTHER = "As its authors printed it, for this split. Their protocol is their own."
# Model, RMSE on u1.test, its caveat: the results that chapter 9 cites.
PUBLISHED = [
    ("tutorial of 2016, plain", 1.0202, AVERAGED),
    ("tutorial of 2016, MLP", 0.9631, AVERAGED),
    ("GC-MC", 0.910, f"van den Berg, Kipf and Welling (2017). {OTHER}"),
    ("GC-MC, with side data", 0.905, f"van den Berg, Kipf and Welling (2017). {OTHER}"),
    (
        "GLocal-K",
        0.8889,
        "Han and others (2021). The lowest test error of its epochs: the test set chose the epoch.",
    ),
]
CAVEATS = {
    "Bayesian, with time stamps": "It sees the second in which a rating was entered, which nobody "
    "knows before it is made.",
}
TITLE = (
    "The whole ladder of the course, with the models of chapters 2 to 9: test errors on u1, from "
    "{0[model]} at {1:.3f} stars down to {2[model]} at {3:.3f}."
)


def rungs():
    """Return the models: a list of dict with the errors of each in stars.

    ``test`` has the clipped error on u1.test of each seed, ``folds`` the mean of each fold's test
    set over seeds, ``validation`` the unclipped error of each fold on its own validation set.
    """
    results = experiments.results().query("dataset == 'ml-100k'")
    found = []
    for model, runs in results.groupby("model", sort=False):
        on_u1, by_fold = runs[runs["fold"] == 1], runs.groupby("fold")
        validation = by_fold["validation"].first().dropna()
        found.append(
            {
                "model": model,
                "chapter": CHAPTERS[model],
                "hyperparameters": _described(on_u1["hyperparameters"].iloc[0]),
                "seconds": _significant(float(on_u1["seconds"].median())),
                "caveat": CAVEATS.get(model, ""),
                "test": on_u1["test"].round(4).tolist(),
                "folds": by_fold["test"].mean().round(4).tolist(),
                "validation": validation.round(4).tolist(),
            }
        )
    return found


def write(folder):
    """Write the data and the picture.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    published = [dict(zip(("model", "error", "caveat"), row, strict=True)) for row in PUBLISHED]
    found = rungs()
    write_data(folder, "ladder", {"models": found, "published": published})
    ordered = sorted(found, key=lambda rung: -_mean(rung["test"]))
    height = 56 + 26 * len(ordered)
    ends = (part for end in (ordered[0], ordered[-1]) for part in (end, _mean(end["test"])))
    write_picture(folder, "ladder", (700, height), TITLE.format(*ends), _shapes(ordered, height))


def _shapes(ordered, height):
    def x(error):
        return 290 + (1.17 - error) / 0.32 * 340

    yield text(0, 18, "RMSE on u1.test (stars): further right is better", weight=600)
    for error in (1.1, 1.0, 0.9):
        yield line([(x(error), 32), (x(error), height - 22)])
        yield text(x(error), height - 4, f"{error:.1f}", "soft", "middle", 13)
    for place, rung in enumerate(ordered):
        y, errors = 48 + 26 * place, rung["test"]
        yield text(270, y + 5, rung["model"], anchor="end")
        left, right = x(max(errors)), x(min(errors))
        yield bar(left, y - 3, right - left, 6, "line")
        yield dot(x(_mean(errors)), y, 6, "blue")
        yield text(700, y + 5, f"{_mean(errors):.3f}", anchor="end")


def _described(hyperparameters):
    return ", ".join(f"{name} {value:g}" for name, value in hyperparameters.items())


def _mean(errors):
    return sum(errors) / len(errors)


def _significant(seconds):
    return float(f"{seconds:.1g}") if seconds < 1 else round(seconds)
