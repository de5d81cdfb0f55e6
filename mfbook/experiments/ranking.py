"""Lists compared fairly: chosen on the validation set by NDCG, the test set read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mfbook import als, baselines, gibbs, ranking, recommend
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.experiments.searching import draw_hyperparameters
from mfbook.experiments.specs import Spec
from mfbook.model import Model
import numpy as np
import pandas as pd

#: The models whose lists are compared, by the name they have in the tables of chapter 11. Those of
#: the family "stars" are the ones of chapter 10, with its hyperparameters: they were chosen by RMSE.
RANKERS: dict[str, Spec] = {
    "popularity": Spec(lambda chosen, epochs: baselines.Popularity(), "baseline", n_seeds=1),
    "item mean": Spec(lambda chosen, epochs: baselines.ItemMean(), "stars", n_seeds=1),
    "biases": Spec(
        lambda chosen, epochs: baselines.Biases(reg_user=6, reg_item=2), "stars", n_seeds=1
    ),
    "ALS": Spec(lambda chosen, epochs: als.ALS(k=5, reg=9.0, reg_bias=5.0), "stars", n_seeds=3),
    "Bayesian": Spec(lambda chosen, epochs: gibbs.Gibbs(k=10), "stars", n_seeds=3),
    "implicit ALS": Spec(
        lambda chosen, epochs: ranking.ImplicitALS(**chosen),
        "choices",
        {
            "k": (10, 20, 40),
            "reg": (0.01, 0.02, 0.03, 0.05),
            "unobserved": (0.05, 0.1, 0.2, 0.4),
        },
        n_trials=None,
        n_seeds=3,
    ),
    "EASE": Spec(
        lambda chosen, epochs: ranking.EASE(**chosen),
        "choices",
        {"reg": (50, 100, 150, 200, 300, 400, 800)},
        n_trials=None,
        n_seeds=1,
    ),
}


def lists(model: Model, split: Split, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Lists of a fitted model for all users of the evaluation set, and these users.

    Parameters
    ----------
    model : mfbook.Model
        Fitted to ``split.train``.
    split : mfbook.datasets.Split
        What is rated in its training set is not listed.
    n : int
        Length of the lists.

    Returns
    -------
    tuple of numpy.ndarray
        Item indices, ``(n_users, n)``, and user indices, ``(n_users,)``.

    Raises
    ------
    ValueError
        As for `mfbook.recommend.scores` and `mfbook.recommend.top_n`.

    Notes
    -----
    Chapter 11 does it for each model.

    Examples
    --------
    >>> from mfbook import datasets
    >>> split = datasets.load("synthetic")
    >>> made, users = lists(baselines.Popularity().fit(split), split)
    >>> made.shape == (len(users), 10)
    True
    """
    check_split(split)
    users = split.evaluation["user_idx"].unique()
    return recommend.top_n(recommend.scores(model, split, users), n), users


def search_lists(
    spec: Spec, split: Split, hyperparameters: Sequence[dict[str, Any]] | None = None
) -> pd.DataFrame:
    """NDCG at 10 of hyperparameters on the validation set, the best first.

    Parameters
    ----------
    spec : Spec
        The model, for example one of `RANKERS`.
    split : mfbook.datasets.Split
        Only ``split.validation_split()`` is used.
    hyperparameters : sequence of dict, optional
        What to try; by default all combinations of the spec's space.

    Returns
    -------
    pandas.DataFrame
        One row per trial: ``hyperparameters`` and ``validation``, the NDCG at 10.

    Raises
    ------
    ValueError
        If some hyperparameters have other names than the spec's, before the first model is fitted.

    Notes
    -----
    Chapter 11 chooses with it.

    Examples
    --------
    >>> from mfbook import datasets
    >>> found = search_lists(RANKERS["EASE"], datasets.load("synthetic"), [{"reg": 200}])
    >>> found.columns.tolist()
    ['hyperparameters', 'validation']
    """
    check_split(split)
    tried = draw_hyperparameters(spec.space, None) if hyperparameters is None else hyperparameters
    for chosen in tried:
        spec.check(chosen, spec.epochs)
    inner = split.validation_split()
    rows = []
    for chosen in tried:
        model = spec.make(chosen).fit(inner, seed=0)
        made, users = lists(model, inner)
        rows.append((chosen, recommend.evaluate(made, inner, users)["NDCG"]))
    table = pd.DataFrame(rows, columns=["hyperparameters", "validation"])
    return table.sort_values("validation", ascending=False, kind="stable", ignore_index=True)


def measure_lists(
    spec: Spec, split: Split, hyperparameters: dict[str, Any], seed: int = 0
) -> dict[str, float]:
    """Measures of the lists of a model fitted to the whole training set.

    Parameters
    ----------
    spec : Spec
        The model, for example one of `RANKERS`.
    split : mfbook.datasets.Split
        Its test ratings are read once, after the fit.
    hyperparameters : dict
        What `search_lists` has chosen.
    seed : int
        Of everything that is random.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``NDCG`` and ``coverage`` of lists of ten; ``low`` and ``high``,
        the 95 % bootstrap interval of NDCG; ``popularity``, the mean number of training ratings of
        what is listed.

    Raises
    ------
    ValueError
        If ``hyperparameters`` has other names than the spec's space.

    Notes
    -----
    Chapter 11 shows these measures for all folds.

    Examples
    --------
    >>> from mfbook import datasets
    >>> tested = measure_lists(RANKERS["popularity"], datasets.load("synthetic"), {})
    >>> tested["low"] < tested["NDCG"] < tested["high"]
    True
    """
    check_split(split)
    model = spec.make(hyperparameters).fit(split, seed=seed)
    made, users = lists(model, split)
    low, high = recommend.interval(recommend.evaluate_users(made, split, users)["NDCG"])
    measured = {
        **recommend.evaluate(made, split, users),
        "low": low,
        "high": high,
        "popularity": recommend.popularity(made, split),
    }
    return {name: float(value) for name, value in measured.items()}
