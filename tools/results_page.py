"""The page of results, book/results.md, from what the notebooks and `make results` have stored."""

from mfbook import experiments
from mfbook.course import headlines
import pandas as pd

from tools import reading

HEAD = """\
# Results

This page gathers the main results of the chapters. It is written by a program from the outputs of \
the notebooks. All errors are RMSEs over all test ratings together, in stars. A number after ± is the \
standard deviation over seeds, or over the folds where the model was measured on all five. \
*Published* is what the tutorial of 2016 printed. The tutorial took the mean of the RMSEs of batches, \
so its numbers can be compared with ours only roughly.
"""
LADDER = """\
```{demonstration} ladder
```
"""
FOLDS = """\
## Every model on every fold

Each model's hyperparameters were chosen on a validation set of the fold, from 12 combinations (from 3 \
for the Bayesian models). The models "in 2016" have the hyperparameters of the original tutorial. \
All predictions are clipped to the scale of the ratings. The first column shows the mean ± standard \
deviation over seeds on u1, the second the mean ± standard deviation over the five folds. \
[Chapter 7](../notebooks/07_which_network.ipynb) discusses the table.
"""
BY_DATE = """\
## By date

How well do the models predict the future? *At random* the test set is a random fifth of the ratings; \
*by date* it is the last fifth. The hyperparameters were chosen on a validation set that was taken \
from the training ratings in the same way, from 12 combinations for each model (6 for each network, 3 \
for each Bayesian model). A Bayesian model made 80 sweeps in the search and 240 in its final fits. The \
models with the hyperparameters of 2016 are left out. *Known users* have at least one training \
rating. The table shows the mean over the seeds, ± their standard deviation where there are three. \
[Chapter 9](../notebooks/09_be_bayesian_about_it.ipynb) discusses the split by date.
"""
MACHINE = """\
## Machine and times

The table shows how long one run of each notebook took.
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
    tables = [FOLDS, _markdown(folds()), BY_DATE, _markdown(by_date()), MACHINE, _times(notebooks)]
    return "\n".join([HEAD, LADDER, *filter(None, chapters), *tables])


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


def by_date():
    """Test RMSE of each model on a random fifth and on the last fifth, mean and spread as text."""
    runs = experiments.temporal().groupby(["split", "model"], sort=False)[["test", "test_known"]]
    table = runs.agg(_spread)
    columns = {
        "at random": table.loc["at random", "test"],
        "by date": table.loc["by date", "test"],
        "by date, known users": table.loc["by date", "test_known"],
    }
    return pd.DataFrame(columns).reset_index()


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
