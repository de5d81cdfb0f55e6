"""Choose hyperparameters on the validation set; read the test set once for each model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
import itertools
import math
import sys
from typing import Any

from mfbook._validation import as_numbers, check_finite, check_seed, check_shape, check_sizes, shown
from mfbook.datasets import Split
from mfbook.datasets._arguments import check_split
from mfbook.exceptions import DivergenceError
from mfbook.experiments.specs import SPECS, Spec
from mfbook.history import History
from mfbook.metrics import predict_rows, rmse
from mfbook.model import Model
import numpy as np
import pandas as pd
from tqdm import tqdm

# Of values of one hyperparameter.
LARGEST_SPACE = 10_000


def draw_hyperparameters(
    space: Mapping[str, Sequence[Any]], n: int | None = 12, seed: int = 0
) -> list[dict[str, Any]]:
    """Combinations of hyperparameters, drawn at random.

    Parameters
    ----------
    space : dict of str to sequence
        The values that each hyperparameter may take.
    n : int or None
        How many combinations to draw, all different; None for all there are, in order.
    seed : int
        Of the draw.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        If the space has fewer than n combinations, or an argument is impossible.

    Notes
    -----
    Chapter 7 draws twelve for each model.

    Examples
    --------
    >>> draw_hyperparameters({"k": [5, 10], "reg": [1, 9]}, n=None)[-1]
    {'k': 10, 'reg': 9}
    >>> len(draw_hyperparameters({"k": [5, 10], "reg": [1, 9]}, n=3))
    3
    """
    check_seed(seed)
    if not isinstance(space, Mapping):
        raise ValueError(
            f"space is {shown(space)}; it must be a dict, from the name of each hyperparameter to "
            "a list of values to try."
        )
    for name, values in space.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise ValueError(
                f"The space of {name} is {shown(values)}; it must be a list of values to try."
            )
        if len(values) > LARGEST_SPACE:
            raise ValueError(
                f"The space of {name} has {len(values):,} values; list at most {LARGEST_SPACE:,}."
            )
    # Without repeated values, every combination can be drawn once.
    space = {
        name: [value for i, value in enumerate(values) if value not in values[:i]]
        for name, values in space.items()
    }
    if n is None:
        every = itertools.product(*space.values())
        return [dict(zip(space, values, strict=True)) for values in every]
    check_sizes(n=n)
    size = math.prod(len(values) for values in space.values())
    if n > size:
        raise ValueError(f"n is {n}, but this space has only {size} combinations. Ask for fewer.")
    rng = np.random.default_rng(seed)
    drawn: dict[tuple[int, ...], dict[str, Any]] = {}
    while len(drawn) < n:
        indices = tuple(int(rng.integers(len(values))) for values in space.values())
        values_at = zip(space.items(), indices, strict=True)
        drawn[indices] = {name: values[index] for (name, values), index in values_at}
    return list(drawn.values())


def search(
    spec: Spec,
    split: Split,
    hyperparameters: Sequence[dict[str, Any]] | None = None,
    epochs: int | None = None,
) -> pd.DataFrame:
    """Validation errors of hyperparameters, the best first.

    Parameters
    ----------
    spec : Spec
        The model.
    split : mfbook.datasets.Split
        Its validation set is used or, if it has a test set, ``split.validation_split()``.
    hyperparameters : sequence of dict, optional
        What to try; by default as many draws as the spec says.
    epochs : int, optional
        Epochs of each fit; by default the spec's.

    Returns
    -------
    pandas.DataFrame
        One row per trial: ``hyperparameters``, ``epochs`` (the best number of them with early
        stopping, otherwise all; 0 for a model without epochs) and ``validation`` (RMSE in stars,
        of unclipped predictions; infinite where training diverged).

    Raises
    ------
    ValueError
        If ``spec`` is not a `Spec`, there are no hyperparameters to try, some have other names
        than the spec's, or ``epochs`` is impossible; all before the first model is trained.
    TrainingError
        If a model cannot be trained with the hyperparameters, for another reason than divergence.

    Notes
    -----
    Built in chapter 7.

    Examples
    --------
    >>> from mfbook import datasets
    >>> from mfbook.experiments import SPECS
    >>> found = search(SPECS["biases"], datasets.load("synthetic"), [{"reg_user": 6, "reg_item": 2}])
    >>> found.columns.tolist()
    ['hyperparameters', 'epochs', 'validation']
    """
    _check_spec(spec)
    check_split(split)
    if hyperparameters is None:
        hyperparameters = draw_hyperparameters(spec.space, spec.n_trials)
    hyperparameters = _listed(hyperparameters)
    epochs = spec.epochs if epochs is None else epochs
    for chosen in hyperparameters:
        spec.check(chosen, epochs)
    inner = split if split.evaluation_set == "validation" else split.validation_split()
    rows = [
        (chosen, *_trial(spec, inner, chosen, epochs))
        for chosen in tqdm(hyperparameters, desc="trials", leave=False, disable=sys.stderr is None)
    ]
    table = pd.DataFrame(rows, columns=["hyperparameters", "epochs", "validation"])
    return table.sort_values("validation", kind="stable", ignore_index=True)


def _listed(hyperparameters: Any) -> list[Any]:
    """Return a list that is not empty."""
    vector = isinstance(hyperparameters, Iterable) and getattr(hyperparameters, "ndim", 1) == 1
    listed = [] if not vector or isinstance(hyperparameters, Mapping) else list(hyperparameters)
    if not listed:
        raise ValueError(
            f"hyperparameters is {shown(hyperparameters)}; it must be a list of one dict or more."
        )
    return listed


def _check_spec(spec: object) -> None:
    if not isinstance(spec, Spec):
        raise ValueError(
            f"spec is {shown(spec)}; pass a Spec, for example experiments.SPECS['ALS']. The names are: "
            f"{', '.join(SPECS)}."
        )


def _trial(spec: Spec, inner: Split, chosen: dict[str, Any], epochs: int) -> tuple[int, float]:
    """Return the number of epochs to train for, and the validation RMSE."""
    try:
        model = spec.make(chosen, epochs).fit(inner, seed=0)
    except DivergenceError:
        return epochs, math.inf
    _check_model(model)
    if model.history is None:
        return 0, rmse(inner.validation["rating"], predict_rows(model, inner.validation))
    curve = model.history.curve
    if spec.early_stopping:
        return int(curve.argmin()) + 1, float(curve.min())
    return epochs, float(curve.iloc[-1])


def _check_model(model: object) -> None:
    """Raise `ValueError` unless a fitted model is what `mfbook.Model` says."""
    if not isinstance(model, Model) or not isinstance(model.history, History | None):
        raise ValueError(
            f"The method fit of a model returned {shown(model)}; it must return the model itself, "
            "with a method predict and the attribute history: a History, or None."
        )


def test_once(
    spec: Spec, split: Split, hyperparameters: dict[str, Any], epochs: int, seed: int = 0
) -> pd.DataFrame:
    """Predictions for the test set, of a model trained on the whole training set.

    Parameters
    ----------
    spec : Spec
        The model.
    split : mfbook.datasets.Split
        Its test ratings are read once, after the training.
    hyperparameters : dict
        What `search` has chosen.
    epochs : int
        Epochs of training.
    seed : int
        Of everything that is random.

    Returns
    -------
    pandas.DataFrame
        The test set with the columns ``unclipped`` (what the model predicts), ``prediction`` (the
        same, clipped to the scale of the training ratings) and ``error`` of the latter, in stars.

    Raises
    ------
    ValueError
        If ``spec`` is not a `Spec`, another argument is impossible, or a prediction is not a finite
        number.
    AttributeError
        If ``split`` has no test set.

    Notes
    -----
    Built in chapter 7.

    Examples
    --------
    >>> from mfbook import datasets
    >>> from mfbook.experiments import SPECS
    >>> chosen = {"reg_user": 6, "reg_item": 2}
    >>> tested = test_once(SPECS["biases"], datasets.load("synthetic"), chosen, epochs=0)
    >>> bool(tested["prediction"].between(1, 5).all())
    True
    """
    _check_spec(spec)
    check_split(split)
    spec.check(hyperparameters, epochs)
    check_seed(seed)
    test = split.test
    validation = split.validation_split().evaluation
    unwatched = replace(split, evaluation=validation, evaluation_set="validation")
    model = spec.make(hyperparameters, epochs).fit(unwatched, seed=seed)
    _check_model(model)
    unclipped = as_numbers(predict_rows(model, test), "prediction")
    check_shape(unclipped, "prediction", len(test))
    check_finite(unclipped, "prediction")
    prediction = np.clip(unclipped, *split.scale)
    return test.assign(
        unclipped=unclipped, prediction=prediction, error=prediction - test["rating"]
    )
