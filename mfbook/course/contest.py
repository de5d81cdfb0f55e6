"""A contest on a secret twin of MovieLens, and its leaderboard.

``python -m mfbook.course.contest make FOLDER`` makes it, ``... score ANSWERS FOLDER`` scores what
learners hand in. The page *A poll and a contest* says how a class uses it.
"""

from __future__ import annotations

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
from collections.abc import Sequence
import math
from pathlib import Path
import secrets
import sys
import tempfile

from mfbook import baselines, datasets, metrics
from mfbook._validation import LARGEST_SEED
from mfbook.course import _submissions
import numpy as np
import pandas as pd

__all__ = ["make", "score"]

# The columns of answers.csv that hold predictions, the best first.
REFERENCES = ("noise floor", "biases", "global mean")
IDS = ["user_id", "item_id"]


def make(folder: Path, *, seed: int | None = None) -> str:
    """Make a contest in a new folder, and say in a sentence what is in it.

    Parameters
    ----------
    folder : pathlib.Path
        New. ``for_learners`` in it holds train.csv, questions.csv and example.csv (a submission);
        ``for_the_instructor`` holds answers.csv.
    seed : int, optional
        Of the ratings. Whoever knows it knows the answers, and can try small numbers: leave it out,
        and the system draws one that nobody knows.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the folder exists or cannot be written, or the seed is impossible.

    Notes
    -----
    The twin is explained in chapter 2. A fifth of its 100,000 ratings are the questions; half of
    them, drawn at random, are scored until the end of the contest (public), the others only at its
    end (private).

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook.course import contest
    >>> folder = Path(tempfile.mkdtemp()) / "contest"
    >>> print(contest.make(folder, seed=5))
    /.../contest is complete: 80,000 ratings to learn from, 20,000 to predict.
    >>> print((folder / "for_learners/questions.csv").read_text()[:16])
    user_id,item_id
    """
    if folder.exists():
        raise ValueError(f"{folder} exists already. Name a new folder.")
    seed = secrets.randbelow(LARGEST_SEED) if seed is None else seed
    table = datasets.synthetic(seed=seed).drop(columns="fold")
    split = datasets.random_split(table, fraction=0.2, seed=seed, name="contest")
    answers = _answers(split, seed)
    example = answers[IDS].assign(prediction=answers["global mean"].round(4))
    train = split.train[[*IDS, "rating"]].astype(int)
    files = {
        "for_learners/train.csv": train,
        "for_learners/questions.csv": answers[IDS],
        "for_learners/example.csv": example,
        "for_the_instructor/answers.csv": answers,
    }
    try:
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as work:
            for name, content in files.items():
                path = Path(work, "contest", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                content.to_csv(path, index=False)
            Path(work, "contest").rename(folder)
    except OSError as error:
        raise ValueError(
            f"{folder} could not be written: {error.strerror}. Name a folder that you may write, on a "
            "disk with enough space."
        ) from None
    return (
        f"{folder} is complete: {len(train):,} ratings to learn from, {len(answers):,} to predict."
    )


def _answers(split: datasets.Split, seed: int) -> pd.DataFrame:
    """Return the questions with their ratings, their halves, and the references' predictions."""
    test = split.test
    half = np.array(["public", "private"])[np.arange(len(test)) % 2]
    biases = baselines.Biases(reg_user=6, reg_item=2).fit(split)
    answers = test[[*IDS, "rating"]].copy()
    answers["half"] = np.random.default_rng(seed).permutation(half)
    answers["noise floor"] = test["expected"]
    answers["biases"] = biases.predict(test["user_idx"], test["item_idx"])
    answers["global mean"] = biases.mean
    return answers


def score(answers: Path, folder: Path, *, final: bool = False) -> pd.DataFrame:
    """Leaderboard of the submissions in a folder, the best first.

    Parameters
    ----------
    answers : pathlib.Path
        The file answers.csv of `make`.
    folder : pathlib.Path
        One file for each learner, named after the learner: ``user_id,item_id,prediction``.
    final : bool
        Score on the private half instead of the public one.

    Returns
    -------
    pandas.DataFrame
        A row for each submission and for three references (in parentheses): ``name``, ``RMSE``
        (pooled over the half, predictions clipped to 1 to 5), ``above the floor`` (how much higher
        the RMSE is than that of the best possible predictions), ``beats the biases``, and ``note``:
        why a submission could not be scored.

    Raises
    ------
    ValueError
        If the answers or the folder cannot be read. A bad submission raises nothing.

    Notes
    -----
    A submission beats the biases (chapter 2), or loses to them, if the difference of the mean
    squared errors is more than two of its standard errors; otherwise it is "within chance".

    Examples
    --------
    >>> from pathlib import Path
    >>> import shutil, tempfile
    >>> from mfbook.course import contest
    >>> folder = Path(tempfile.mkdtemp()) / "contest"
    >>> _ = contest.make(folder, seed=5)
    >>> board = contest.score(folder / "for_the_instructor/answers.csv", folder / "for_learners")
    >>> board[["name", "beats the biases"]].head(4)
                name beats the biases
    0  (noise floor)              yes
    1       (biases)
    2  (global mean)               no
    3        example               no
    """
    key = _read_answers(answers)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Name the one with the submissions.")
    asked = (key["half"] == ("private" if final else "public")).to_numpy()
    rows = [_row(f"({name})", key[name].to_numpy(), key, asked) for name in REFERENCES]
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        name = path.stem if path.suffix.lower() == ".csv" else path.name
        # It may have bytes that are no letters, and ends of lines.
        name = " ".join(name.encode(errors="backslashreplace").decode().split())
        try:
            rows.append(_row(name, _submissions.read(path, key[IDS]), key, asked))
        except ValueError as error:
            rows.append({"name": name, "beats the biases": "", "note": str(error)})
    columns = ["name", "RMSE", "above the floor", "beats the biases", "note"]
    board = pd.DataFrame(rows, columns=columns).sort_values("RMSE", kind="stable")
    return board.reset_index(drop=True)


def _row(
    name: str, prediction: np.ndarray, key: pd.DataFrame, asked: np.ndarray
) -> dict[str, object]:
    """Return the row of the leaderboard for one set of predictions."""
    rating = key["rating"].to_numpy(float)[asked]
    own, floor, biases = (
        np.clip(values, 1, 5)[asked] for values in (prediction, key["noise floor"], key["biases"])
    )
    rmse = metrics.rmse(rating, own)
    # (n_asked,): positive where the biases' squared error is larger.
    ahead = (rating - biases) ** 2 - (rating - own) ** 2
    standard_error = ahead.std() / math.sqrt(len(ahead))
    verdict = "within chance"
    if abs(ahead.mean()) > 2 * standard_error:
        verdict = "yes" if ahead.mean() > 0 else "no"
    return {
        "name": name,
        "RMSE": rmse,
        "above the floor": rmse - metrics.rmse(rating, floor),
        "beats the biases": "" if name == "(biases)" else verdict,
        "note": "",
    }


def _read_answers(path: Path) -> pd.DataFrame:
    """Return the table of answers; raise `ValueError` if the file is another one."""
    problem = f"{path} is not the answers.csv of a contest"
    try:
        key = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"{problem}: {error}. Name the file that `make` wrote.") from None
    if not {*IDS, "rating", "half", *REFERENCES} <= set(key.columns):
        raise ValueError(f"{problem}: columns are missing. Name the file that `make` wrote.")
    return key


def _print(board: pd.DataFrame, target: Path, final: bool) -> None:
    """Print the leaderboard, and write it beside the answers."""
    scored = board[board["RMSE"].notna()].drop(columns="note")
    print(f"RMSE on the {'private' if final else 'public'} half of the questions, in stars")
    print(scored.round(4).to_string(index=False))
    for name, note in board.loc[board["RMSE"].isna(), ["name", "note"]].to_numpy():
        print(f"not scored: {name}: {note}")
    board.to_csv(target, index=False)
    print(f"written: {target}")


def main(arguments: Sequence[str] | None = None) -> str | None:
    """Run one of the two commands; return what `sys.exit` takes."""
    parser = argparse.ArgumentParser(prog="python -m mfbook.course.contest", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("make", help="make a contest in a new folder")
    new.add_argument("folder", metavar="FOLDER", type=Path)
    new.add_argument("--seed", type=int, help="by default one that nobody knows")
    board = commands.add_parser("score", help="score the submissions in a folder")
    board.add_argument("answers", metavar="ANSWERS", type=Path, help="the file answers.csv")
    board.add_argument("folder", metavar="FOLDER", type=Path, help="with the submissions")
    board.add_argument("--final", action="store_true", help="score on the private half")
    options = parser.parse_args(arguments)
    try:
        if options.command == "make":
            print(make(options.folder, seed=options.seed))
        else:
            table = score(options.answers, options.folder, final=options.final)
            _print(table, options.answers.with_name("leaderboard.csv"), options.final)
    except (ValueError, OSError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
