"""Write book/results.md from what the notebooks and `make results` have stored."""

from mfbook import comparison, report
import nbformat
import pandas as pd

HEAD = """\
# Results

This page is written by the notebooks: each chapter ends with its headline numbers, and running \
the notebooks gathers them here. RMSE is pooled over all test ratings, in stars. Where a number \
stands after ±, it is the standard deviation over seeds (over the folds, where all five were measured). *Published* is what the tutorial of \
2016 printed; it averaged the RMSEs of batches.
"""
FOLDS = """\
## Every model on every fold

Settings were chosen on each fold's own validation part, 12 trials for each model and 3 for each Bayesian one; "as in 2016" \
keeps the original's settings. Mean ± standard deviation over seeds on u1, and over the five \
folds' means. [Chapter 7](../notebooks/07_which_network.ipynb) says what follows from it.
"""
MACHINE = """\
## Machine and times

Times are of one run of each whole notebook.
"""


def page(paths):
    """Return the text of the page.

    Parameters
    ----------
    paths : list of pathlib.Path
        The notebooks, in order.
    """
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    chapters = [_chapter(path, notebook) for path, notebook in notebooks.items()]
    parts = [HEAD, *filter(None, chapters), FOLDS, _markdown(folds()), MACHINE, _times(notebooks)]
    return "\n".join(parts)


def folds():
    """Return mean and spread of each model on u1 and over the folds, as text."""
    kept = comparison.results().query("data == 'ml-100k'")
    rows = []
    for model, runs in kept.groupby("model", sort=False):
        by_fold = runs.groupby("fold")["test"].mean()
        rows.append(
            {
                "model": model,
                "u1.test": _spread(runs.loc[runs["fold"] == 1, "test"]),
                "five folds": _spread(by_fold) if len(by_fold) == 5 else "",
            }
        )
    return pd.DataFrame(rows)


def headlines(notebook):
    """Return the rows of a notebook's headlines: a list of dict."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    bundles = [output.get("data", {}) for output in outputs]
    return [row for bundle in bundles for row in bundle.get(report.MIME, [])]


def _chapter(path, notebook):
    rows = headlines(notebook)
    if not rows:
        return ""
    title = notebook.cells[0].source.split("\n")[0].removeprefix("# ")
    table = report.Headlines(*(report.Headline(**row) for row in rows)).table()
    return f"## [{title}](../notebooks/{path.name})\n\n{_markdown(table)}"


def _times(notebooks):
    rows, machines = [], set()
    for path, notebook in notebooks.items():
        run = notebook.metadata["mfbook"]
        machines.add(run["machine"])
        rows.append({"notebook": path.stem, "seconds": f"{run['seconds']:.0f}"})
    lines = "\n".join(f"- {machine}" for machine in sorted(machines))
    return f"{lines}\n\n{_markdown(pd.DataFrame(rows))}"


def _spread(values):
    return f"{values.mean():.4f}" + (f" ± {values.std():.4f}" if len(values) > 1 else "")


def _markdown(table):
    lines = [table.columns, ["---"] * len(table.columns), *table.to_numpy()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
