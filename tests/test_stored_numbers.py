"""What chapters and appendices promise of their results, read from their stored outputs.

The tolerances hold on any x86-64 CPU. They stand here and not in the notebooks, so that a reader's
own experiment does not end in a traceback.
"""

import json
from pathlib import Path
import re
from typing import NamedTuple

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


class Promise(NamedTuple):
    """A number that a notebook prints: what it is, where it stands, and what it should be."""

    notebook: str
    what: str
    pattern: str
    expected: float
    tolerance: float


# RMSE in stars where nothing else is said. A pattern's group is the number.
PROMISES = [
    Promise(
        "02_measure_the_error",
        "RMSE of the biases on u1.test: the number to beat",
        r"user and item biases +([\d.]+)",
        0.9532,
        0.0005,
    ),
    Promise(
        "03_learn_the_vectors",
        "plain network, hyperparameters of 2016, mean of three seeds, test RMSE",
        r"pooled RMSE +([\d.]+)",
        1.0233,
        0.005,
    ),
    Promise(
        "03_learn_the_vectors",
        "end of the plateau, in thousands of batches",
        r"around batch (\d),\d{3}",
        2,
        1,
    ),
    Promise(
        "03_learn_the_vectors",
        "validation RMSE without decay after four epochs (below the 0.957 with decay)",
        r"no decay[\s\S]*?\n4(?: +[\d.]+){3} +([\d.]+)",
        0.942,
        0.005,
    ),
    Promise(
        "03_learn_the_vectors",
        "better start, test RMSE",
        r"plain network, better start, no decay +([\d.]+)",
        0.962,
        0.005,
    ),
    Promise(
        "04_add_a_layer",
        "MLP (64, 64), hyperparameters of 2016, after ten epochs",
        r"pooled RMSE on u1\.test: ([\d.]+)",
        0.963,
        0.01,
    ),
    Promise(
        "04_add_a_layer",
        "MLP (64, 64) with the schedule",
        r"rate 0\.02, then 0\.002\s+u1\.test\s+([\d.]+)",
        0.957,
        0.01,
    ),
    Promise(
        "04_add_a_layer",
        "MLP (64, 64) with the schedule on validation, last epoch: the kept run of seed 0",
        r"epoch  train_rmse  validation_rmse[\s\S]*?\n7\s+8\s+[\d.]+\s+([\d.]+)",
        0.9397,
        0.003,
    ),
    Promise(
        "05_drop_half_of_it",
        "batches of 1,024 by the square root, lowest of five epochs: above that of 64",
        r"1024\s+square root\s+\S+\s+([\d.]+)",
        0.954,
        0.006,
    ),
    Promise(
        "05_drop_half_of_it",
        "overfitting: training RMSE of the last of 30 epochs",
        r"\n29\s+30\s+([\d.]+)\s+[\d.]+",
        0.467,
        0.02,
    ),
    Promise(
        "05_drop_half_of_it",
        "overfitting: validation RMSE of the last of 30 epochs",
        r"\n29\s+30\s+[\d.]+\s+([\d.]+)",
        1.011,
        0.02,
    ),
    Promise(
        "05_drop_half_of_it",
        "MLP (256, 512) here, epoch 1: the kept run of seed 0",
        r"kept\s+here\s+epoch\s+1\s+[\d.]+\s+([\d.]+)",
        0.9819,
        0.003,
    ),
    Promise(
        "05_drop_half_of_it",
        "MLP (256, 512) here, epoch 2",
        r"kept\s+here\s+epoch\s+1\s+[\d.]+\s+[\d.]+\s+2\s+[\d.]+\s+([\d.]+)",
        0.9675,
        0.003,
    ),
    Promise(
        "05_drop_half_of_it",
        "MLP (256, 512) as run in 2016, lowest of five seeds",
        r"as run: no dropout.*?, ([\d.]+) to [\d.]+",
        0.953,
        0.012,
    ),
    Promise(
        "05_drop_half_of_it",
        "MLP (256, 512) as run in 2016, highest of five seeds",
        r"as run: no dropout.*?, [\d.]+ to ([\d.]+)",
        0.953,
        0.012,
    ),
    Promise(
        "05_drop_half_of_it",
        "two factors, epochs chosen on validation",
        r"plain network, fewer factors\s+u1\.test\s+([\d.]+)",
        0.946,
        0.006,
    ),
    Promise(
        "05_drop_half_of_it",
        "dropout 0.3, epochs chosen on validation",
        r"plain network, dropout\s+u1\.test\s+([\d.]+)",
        0.952,
        0.006,
    ),
    Promise(
        "07_which_network",
        "biases on u1.test, made again (clipped)",
        r"biases +kept \S+ +made again (\S+)",
        0.9530,
        0.002,
    ),
    Promise(
        "07_which_network",
        "plain network of seed 0",
        r"plain +kept \S+ +made again (\S+)",
        0.9372,
        0.002,
    ),
    Promise("07_which_network", "MLP of seed 0", r"MLP +kept \S+ +made again (\S+)", 0.9478, 0.002),
    Promise(
        "07_which_network",
        "MLP with dropout of seed 0",
        r"MLP with dropout +kept \S+ +made again (\S+)",
        0.9521,
        0.002,
    ),
    Promise(
        "07_which_network",
        "plain network, mean of five folds",
        r"plain +five folds (\d\.\d+)",
        0.9371,
        0.003,
    ),
    Promise(
        "07_which_network",
        "biases, mean of five folds: above the plain network",
        r"biases +five folds (\d\.\d+)",
        0.9414,
        0.002,
    ),
    Promise(
        "08_what_the_networks_missed",
        "share of taste in the plain network's predictions, percent",
        r"taste +(\d+)% of the variance",
        8,
        3,
    ),
    Promise(
        "08_what_the_networks_missed",
        "ALS on validation",
        r"biased, by ALS +(\d\.\d+)",
        0.9050,
        0.005,
    ),
    Promise(
        "08_what_the_networks_missed",
        "ALS on u1.test, seed 0",
        r"u1\.test, this run: (\d\.\d+)",
        0.922,
        0.003,
    ),
    Promise(
        "08_what_the_networks_missed",
        "ALS on u1.test, three seeds, from results.csv",
        r"three seeds: (\d\.\d+)",
        0.923,
        0.003,
    ),
    Promise(
        "08_what_the_networks_missed",
        "item mean, validation on a random tenth",
        r"item mean +(\d\.\d+) ±",
        1.025,
        0.004,
    ),
    Promise(
        "08_what_the_networks_missed",
        "item mean, matched validation set: higher, as u1.test is",
        r"item mean +\S+ ± \S+ +(\d\.\d+) ±",
        1.037,
        0.004,
    ),
    Promise(
        "08_what_the_networks_missed",
        "biases, validation on a random tenth",
        r"biases +(\d\.\d+) ±",
        0.937,
        0.004,
    ),
    Promise(
        "08_what_the_networks_missed",
        "biases, matched validation set",
        r"biases +\S+ ± \S+ +(\d\.\d+) ±",
        0.948,
        0.004,
    ),
    Promise(
        "08_what_the_networks_missed",
        "ALS, validation on a random tenth",
        r"ALS +(\d\.\d+) ±",
        0.910,
        0.004,
    ),
    Promise(
        "08_what_the_networks_missed",
        "ALS, matched validation set",
        r"ALS +\S+ ± \S+ +(\d\.\d+) ±",
        0.921,
        0.004,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "width of the cloud of the user with few ratings",
        r"wide cloud is (\d\.\d) times",
        1.9,
        0.3,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "draws have the covariance A⁻¹",
        r"their covariance: \[\[(\d\.\d)",
        0.6,
        0.05,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "one draw on validation: worse than ALS, 0.903",
        r"a single draw: (\d\.\d+)",
        0.945,
        0.01,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "mean of the draws: better than ALS, 0.903",
        r"mean of 120: (\d\.\d+)",
        0.885,
        0.005,
    ),
    Promise(
        "09_be_bayesian_about_it", "coverage of 90 % intervals", r"promised 90%, held (\d+)%", 90, 4
    ),
    Promise(
        "09_be_bayesian_about_it",
        "implicit and attributes, seed 0",
        r"this run, u1\.test: (\d\.\d+)",
        0.8815,
        0.0015,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "Bayesian, three seeds",
        r"Bayesian, three seeds +u1\.test (\d\.\d+)",
        0.904,
        0.002,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "Bayesian, implicit, three seeds",
        r"Bayesian, implicit, three seeds +u1\.test (\d\.\d+)",
        0.887,
        0.003,
    ),
    Promise(
        "09_be_bayesian_about_it",
        "Bayesian, implicit and attributes, three seeds",
        r"Bayesian, implicit and attributes, three seeds +u1\.test (\d\.\d+)",
        0.882,
        0.0015,
    ),
    Promise(
        "10_recommend",
        "NDCG of the most popular films, the highest of the table",
        r"popular\s+\S+\s+\S+\s+(\S+)",
        0.245,
        0.01,
    ),
    Promise(
        "10_recommend",
        "NDCG of the item mean, the lowest",
        r"item mean\s+\S+\s+\S+\s+(\S+)",
        0.001,
        0.01,
    ),
    Promise(
        "10_recommend",
        "NDCG of ALS, above the Bayesian model's",
        r"ALS\s+\S+\s+\S+\s+(\S+)",
        0.176,
        0.01,
    ),
    Promise(
        "10_recommend",
        "NDCG of the Bayesian model, whose RMSE is the lowest",
        r"Bayesian\s+\S+\s+\S+\s+(\S+)",
        0.154,
        0.01,
    ),
    Promise(
        "10_recommend",
        "RMSE of the Bayesian model, clipped",
        r"Bayesian\s+\S+\s+\S+\s+\S+\s+\S+\s+(\S+)",
        0.907,
        0.005,
    ),
    Promise(
        "10_recommend", "RMSE of ALS, clipped", r"ALS\s+\S+\s+\S+\s+\S+\s+\S+\s+(\S+)", 0.922, 0.005
    ),
    Promise("10_recommend", "RMSE with no rating folded in", r"\b0: (\S+), 1: ", 1.058, 0.01),
    Promise("10_recommend", "RMSE with 80 ratings folded in", r", 80: (\S+)", 0.895, 0.01),
    Promise(
        "12_more_than_one_machine",
        "RMSE of Spark's ALS on u1, clipped",
        r"spark.ALS, two workers\s+(0\.\S+)\n",
        0.933,
        0.002,
    ),
    Promise(
        "12_more_than_one_machine",
        "RMSE of one process's ALS on the twin of a million ratings, clipped",
        r"10⁶ ratings\nALS, this process\s+(\S+)",
        0.948,
        0.003,
    ),
    Promise(
        "12_more_than_one_machine",
        "RMSE after an epoch on two synchronous workers: that of one process",
        r"fold u1: \S+ and (\S+)",
        0.989,
        0.0005,
    ),
    Promise("11_what_would_they_watch", "NDCG of EASE", r"\nEASE\s+(\S+)", 0.462, 0.003),
    Promise(
        "A_the_original_today",
        "the original's plain network, pooled",
        r"plain 64\s+\S+\s+\S+\s+(\S+)",
        1.02,
        0.02,
    ),
    Promise(
        "A_the_original_today",
        "the original's MLP, pooled",
        r"MLP 64, 64\s+\S+\s+\S+\s+(\S+)",
        0.963,
        0.01,
    ),
    Promise(
        "A_the_original_today",
        "this book's third run, mean of five seeds, unclipped",
        r"MLP 256, 512\s+\S+\s+\S+\s+\S+\s+(\S+) ±",
        0.953,
        0.012,
    ),
    Promise(
        "B_bring_your_own_data",
        "the network of the ten lines",
        r"RMSE after ten epochs: (\S+) stars",
        1.008,
        0.01,
    ),
    Promise(
        "B_bring_your_own_data",
        "biases on the validation set",
        r"biases\s+(\S+) on validation",
        0.9978,
        0.002,
    ),
    Promise(
        "B_bring_your_own_data",
        "the mean on the validation set: above every network",
        r"the mean (\S+) on validation",
        1.1223,
        0.002,
    ),
    Promise(
        "B_bring_your_own_data",
        "the network with k = 16, best epoch",
        r"\n16\s+\S+\s+(\S+)",
        1.0005,
        0.005,
    ),
]


def text_outputs(path):
    """Return all that the cells of a notebook print or show as text, in order."""
    texts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output.get("name") != "stderr":
                texts.append("".join(output.get("text", "")))
            texts.append("".join(output.get("data", {}).get("text/plain", "")))
    return "\n".join(texts)


@pytest.mark.parametrize(
    "promise", PROMISES, ids=lambda promise: f"{promise.notebook}: {promise.what}"
)
def test_a_notebook_shows_what_it_promises(promise):
    found = re.search(promise.pattern, text_outputs(NOTEBOOKS / f"{promise.notebook}.ipynb"))
    assert found, f"No output matches {promise.pattern!r}. Were the cells executed?"
    assert float(found[1]) == pytest.approx(promise.expected, abs=promise.tolerance)


def test_every_chapter_with_results_promises_some():
    chapters = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    # The results of chapter 6 are speeds, chapter 1 has none, and those of appendix C are equalities,
    # which tests/test_torch.py checks.
    assert chapters - {promise.notebook for promise in PROMISES} == {
        "01_prepare_the_data",
        "06_train_on_a_gpu",
        "C_the_same_in_pytorch",
    }
