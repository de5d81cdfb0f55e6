"""The tables that ``make results`` made: every trial, every final fit, and some whole curves."""

from __future__ import annotations

from importlib import resources
import json

import pandas as pd


def results() -> pd.DataFrame:
    """Final fits of every model on every fold and seed.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fold``, ``model``, ``hyperparameters`` (a dict), ``epochs``, ``seed``,
        ``validation`` (RMSE in stars, unclipped), ``test`` (RMSE in stars; predictions clipped to
        the scale, the measure by which models are ranked), ``test_unclipped``, ``seconds`` (of the
        final fit).

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

    Notes
    -----
    Chapters 4 and 5 show them.

    Examples
    --------
    >>> sorted(curves()["evaluation_set"].unique())
    ['test', 'validation']
    """
    return _read("curves.csv")


def _read(name: str) -> pd.DataFrame:
    with resources.files("mfbook.experiments").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, converters={"hyperparameters": json.loads})
