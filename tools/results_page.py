"""The page of results, book/results.md, from what the notebooks and `make results` have stored."""

from mfbook import experiments
from mfbook.course import headlines
import pandas as pd

from tools import reading

HEAD = """\
# Results

This page is written from the notebooks: each chapter ends with its headline results, and running \
the notebooks gathers them here. RMSE is pooled over all test ratings, in stars. A number after ± is \
the standard deviation over seeds, or over the folds where all five were measured. *Published* is \
what the tutorial of 2016 printed; it averaged the RMSEs of batches.
"""
FOLDS = """\
## Every model on every fold

Hyperparameters were chosen on each fold's own validation set, with 12 trials for each model and 3 \
for each Bayesian one; "as in 2016" keeps those of the original. The predictions of all models are \
clipped to the scale of the ratings. The table shows mean ± standard deviation over seeds on u1, and \
over the means of the five folds. [Chapter 7](../notebooks/07_which_network.ipynb) says what follows \
from it.
"""
MACHINE = """\
## Machine and times

Each time is that of one run of the whole notebook.
"""


def page(paths):
    """Text of the page.

    Parameters
    ----------
    paths : list of pathlib.Path
        The notebooks, in order.

    Raises
    ------
    ValueError
        If a notebook cannot be read, was not run, or was run by another version of mfbook.
    """
    notebooks = {path: reading.read(path) for path in paths}
    chapters = [_chapter(path, notebook) for path, notebook in notebooks.items()]
    tables = [FOLDS, _markdown(folds()), MACHINE, _times(notebooks)]
    return "\n".join([HEAD, *filter(None, chapters), *tables])


def folds():
    """Test RMSE of each model on u1 and over the five folds, mean and spread as text."""
    results = experiments.results().query("dataset == 'ml-100k'")
    rows = []
    for model, runs in results.groupby("model", sort=False):
        by_fold = runs.groupby("fold")["test"].mean()
        rows.append(
            {
                "model": model,
                "u1.test": _spread(runs.loc[runs["fold"] == 1, "test"]),
                "five folds": _spread(by_fold) if len(by_fold) == 5 else "",
            }
        )
    return pd.DataFrame(rows)


def headline_rows(notebook):
    """Headlines that a notebook has stored: a list of dict."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    bundles = [output.get("data", {}) for output in outputs]
    return [row for bundle in bundles for row in bundle.get(headlines.MIME, [])]


def _chapter(path, notebook):
    rows = headline_rows(notebook)
    if not rows:
        return ""
    title = notebook.cells[0].source.split("\n")[0].removeprefix("# ")
    try:
        table = headlines.Headlines(*(headlines.Headline(**row) for row in rows)).table()
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} has stored headlines that this version of mfbook does not know ({error}). "
            f"Run `python -m tools.notebooks execute {path.stem}`."
        ) from None
    return f"## [{title}](../notebooks/{path.name})\n\n{_markdown(table)}"


def _times(notebooks):
    rows, machines = [], set()
    for path, notebook in notebooks.items():
        try:
            run = notebook.metadata["mfbook"]
            machines.add(run["machine"])
            rows.append({"notebook": path.stem, "seconds": f"{run['seconds']:.0f}"})
        except (KeyError, TypeError, ValueError):
            raise ValueError(
                f"{path.name} does not say how long it ran, so the page of results is not written. "
                f"Run `python -m tools.notebooks execute {path.stem}`."
            ) from None
    lines = "\n".join(f"- {machine}" for machine in sorted(machines))
    return f"{lines}\n\n{_markdown(pd.DataFrame(rows))}"


def _spread(values):
    return f"{values.mean():.4f}" + (f" ± {values.std():.4f}" if len(values) > 1 else "")


def _markdown(table):
    lines = [table.columns, ["---"] * len(table.columns), *table.to_numpy()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
