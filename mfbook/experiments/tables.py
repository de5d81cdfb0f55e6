"""The tables that ``make results`` made: every trial, every final fit, and some whole curves."""

from __future__ import annotations

from importlib import resources
import io
import json

from mfbook.exceptions import DataError
from mfbook.experiments.specs import SPECS
import pandas as pd

RUN = ("dataset", "fold", "model")
ERRORS = ("validation", "test", "test_unclipped", "seconds")
LISTS = ("precision", "recall", "NDCG", "low", "high", "coverage", "popularity")
COLUMNS = {
    "results.csv": (*RUN, "hyperparameters", "epochs", "seed", *ERRORS),
    "trials.csv": (*RUN, "hyperparameters", "epochs", "validation"),
    "ranking.csv": (*RUN, "hyperparameters", "seed", "validation", *LISTS, "seconds"),
    "curves.csv": (*RUN, "seed", "evaluation_set", "epoch", "train_rmse", "rmse"),
    "temporal.csv": (
        *("split", "model", "hyperparameters", "epochs", "seed"),
        *("validation", "test", "test_known", "seconds"),
    ),
    "serving.csv": (
        *("items", "candidates", "milliseconds", "recall"),
        *("exact_milliseconds", "build_seconds", "megabytes"),
    ),
    "calibration.csv": ("step", "tenth", "ratings", "predicted", "observed", "standard_error"),
}
TEXTS = ("dataset", "split", "model", "hyperparameters", "evaluation_set")
# Of temporal.csv.
SPLITS = ("by date", "at random")
# Numbers of items in serving.csv.
CATALOGS = (10_000, 100_000, 1_000_000)
# Rows of calibration.csv: ten for each number of stars.
CELLS = 50
FOLDS = (*(("ml-100k", fold) for fold in range(1, 6)), ("synthetic", 1))
# Numbers of models in curves.csv.
CURVES = {"test": 2, "validation": 4}
FAMILIES_ON_THE_TWIN = ("baseline", "network")
REMEDY = "Install mfbook again, or make the tables with `make results`."


def results() -> pd.DataFrame:
    """Final fits of every model on every fold and seed.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fold``, ``model``, ``hyperparameters`` (a dict), ``epochs``, ``seed``,
        ``validation`` (RMSE in stars, unclipped), ``test`` (RMSE in stars; predictions clipped to
        the scale, the measure by which models are ranked), ``test_unclipped``, ``seconds`` (of the
        final fit).

    Raises
    ------
    DataError
        If the file is missing, incomplete or something else.

    Notes
    -----
    Chapters 4, 5, 7, 8 and 9 and appendix A show it.

    Examples
    --------
    >>> results()["model"].nunique() > 10
    True
    """
    return _read("results.csv")


def trials() -> pd.DataFrame:
    """Validation errors of all hyperparameters that were tried on each fold.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fold``, ``model``, and the columns of `search`.

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapter 7 shows it.

    Examples
    --------
    >>> bool((trials()["validation"] > 0.8).all())
    True
    """
    return _read("trials.csv")


def curves() -> pd.DataFrame:
    """Learning curves of the original's two large networks, and of its MLP at other rates.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fold``, ``model`` and ``seed`` as in `results`; ``evaluation_set``; ``epoch``
        (from 1), ``train_rmse`` and ``rmse`` (on the evaluation set) in stars, both measured after
        the epoch on unclipped predictions.

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapters 4 and 5 show them.

    Examples
    --------
    >>> sorted(curves()["evaluation_set"].unique())
    ['test', 'validation']
    """
    return _read("curves.csv")


def rankings() -> pd.DataFrame:
    """Measures of the lists of every model on the test set of every fold, and of the twin.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fold``, ``model``, ``hyperparameters`` (a dict), ``seed``, ``validation``
        (NDCG at 10; missing where nothing was chosen), the measures of
        `mfbook.experiments.ranking.measure_lists`, ``seconds`` (of the final fit and its lists).

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapter 11 shows it.

    Examples
    --------
    >>> bool(rankings()["NDCG"].between(0, 1).all())
    True
    """
    return _read("ranking.csv")


def temporal() -> pd.DataFrame:
    """Final fits of every model on a test set of later ratings, and on a random one of its size.

    Returns
    -------
    pandas.DataFrame
        ``split`` (``"by date"`` or ``"at random"``; the validation set is cut in the same way),
        ``model``, ``hyperparameters`` (a dict), ``epochs``, ``seed``, ``validation`` (RMSE in
        stars, unclipped; missing where nothing was chosen), ``test`` (RMSE in stars; predictions
        clipped to the scale), ``test_known`` (the same of the test ratings whose user has training
        ratings), ``seconds`` (of the final fit).

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapter 9 shows it.

    Examples
    --------
    >>> sorted(temporal()["split"].unique())
    ['at random', 'by date']
    """
    return _read("temporal.csv")


def serving() -> pd.DataFrame:
    """How fast lists are found, exactly and by an index, and how many of the exact ten it finds.

    Returns
    -------
    pandas.DataFrame
        ``items`` (vectors in the catalog), ``candidates`` (that the search keeps), ``milliseconds``
        (for a list, by the index), ``recall`` (share of the exact ten), ``exact_milliseconds``,
        ``build_seconds`` (of the index) and ``megabytes`` (of the index). Times are CPU times of
        one thread.

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapter 11 shows it.

    Examples
    --------
    >>> int(serving()["items"].max())
    1000000
    """
    return _read("serving.csv")


def calibration() -> pd.DataFrame:
    """Probabilities of stars against frequencies, on five validation sets of MovieLens together.

    Returns
    -------
    pandas.DataFrame
        The columns of `mfbook.calibration.reliability`.

    Raises
    ------
    DataError
        As for `results`.

    Notes
    -----
    Chapter 9 shows it.

    Examples
    --------
    >>> len(calibration())
    50
    """
    return _read("calibration.csv")


def _read(name: str) -> pd.DataFrame:
    """Return one of the tables; raise `DataError` if the file is damaged or something else."""
    file = resources.files("mfbook.experiments").joinpath(name)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{file} is missing. {REMEDY}") from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is not a text. {REMEDY}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}). {REMEDY}") from None
    header = text.partition("\n")[0]
    if header != ",".join(COLUMNS[name]):
        raise DataError(
            f"{file}, line 1 is {header[:80]!r}; it must name the columns "
            f"{', '.join(COLUMNS[name])}. {REMEDY}"
        )
    try:
        table = pd.read_csv(io.StringIO(text), converters={"hyperparameters": json.loads})
    except ValueError as error:
        raise DataError(f"{file} cannot be read as a table: {error}. {REMEDY}") from None
    _check_values(table, str(file))
    if not text.endswith("\n") or not _is_complete(table):
        raise DataError(f"{file} ends too early, after {len(table)} rows. {REMEDY}")
    return table


def _check_values(table: pd.DataFrame, file: str) -> None:
    for column in table.columns:
        # Models without a search have no validation error.
        missing = table[column].isna() if column != "validation" else pd.Series([False])
        if missing.any():
            line = int(missing.to_numpy().argmax()) + 2
            raise DataError(f"{file}, line {line} has no {column}. {REMEDY}")
        if column == "hyperparameters" and not all(
            isinstance(chosen, dict) for chosen in table[column]
        ):
            raise DataError(f"{file} has something else than a dict in {column}. {REMEDY}")
        if column not in TEXTS and table[column].dtype.kind not in "if":
            raise DataError(f"{file} has something else than numbers in {column}. {REMEDY}")


def _is_complete(table: pd.DataFrame) -> bool:
    """Return whether the last rows are there: every run, model and fold that is to be expected."""
    if "evaluation_set" in table:
        n_models = table.groupby("evaluation_set")["model"].nunique()
        n_epochs = table.groupby(["evaluation_set", "model", "seed"]).size()
        n_seeds = n_epochs.groupby(["evaluation_set", "model"]).size()
        equally_long = n_epochs.groupby("evaluation_set").nunique().eq(1).all()
        return n_models.to_dict() == CURVES and n_seeds.nunique() == 1 and bool(equally_long)
    if "split" in table:
        of_splits = {split: rows.value_counts() for split, rows in table.groupby("split")["model"]}
        counts = [models.to_dict() for models in of_splits.values()]
        return set(of_splits) == set(SPLITS) and counts[0] == counts[1]
    if "candidates" in table:
        of_catalogs = table["items"].value_counts()
        return set(of_catalogs.index) == set(CATALOGS) and of_catalogs.nunique() == 1
    if "tenth" in table:
        return len(table) == CELLS
    by_fold = table.groupby(["dataset", "fold"])["model"]
    n_rows = {fold: models.value_counts() for fold, models in by_fold}
    if set(n_rows) != set(FOLDS):
        return False
    first, last = n_rows[FOLDS[0]], n_rows[FOLDS[-1]]
    if "NDCG" in table:
        # Every model makes lists on the twin too.
        return last.to_dict() == first.to_dict()
    of_twin = [m for m in first.index if m in SPECS and SPECS[m].family in FAMILIES_ON_THE_TWIN]
    return all(last.get(model, 0) == first[model] for model in of_twin)
