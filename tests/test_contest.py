"""A contest can be made, scored, and not be stopped by what learners hand in."""

import os
import subprocess
import sys

from mfbook import als, datasets, metrics
from mfbook.course import contest
import numpy as np
import pandas as pd
import pytest

SEED = 5
HEADER = "user_id,item_id,prediction\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room") / "contest"
    contest.make(folder, seed=SEED)
    return folder


@pytest.fixture
def questions(made):
    return pd.read_csv(made / "for_learners/questions.csv")


@pytest.fixture
def answers(made):
    return made / "for_the_instructor/answers.csv"


def score(answers, tmp_path, final=False, **submissions):
    """Return the board, by name, for texts or tables to hand in."""
    folder = tmp_path / "handed in"
    folder.mkdir(exist_ok=True)
    for name, content in submissions.items():
        text = content if isinstance(content, str) else content.to_csv(index=False)
        (folder / f"{name}.csv").write_text(text)
    return contest.score(answers, folder, final=final).set_index("name")


def test_learners_get_no_answers(made, questions):
    assert sorted(path.name for path in (made / "for_learners").iterdir()) == [
        "example.csv",
        "questions.csv",
        "train.csv",
    ]
    assert questions.columns.tolist() == ["user_id", "item_id"]
    train = datasets.read_ratings(
        made / "for_learners/train.csv", sep=",", user="user_id", item="item_id", rating="rating"
    )
    assert len(train) == 80_000 and len(questions) == 20_000
    assert train[["user_id", "item_id"]].merge(questions).empty
    everything = datasets.synthetic(seed=SEED)[["user_id", "item_id"]]
    assert len(pd.concat([train[["user_id", "item_id"]], questions]).merge(everything)) == 100_000


def test_without_a_seed_no_two_contests_are_alike(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(contest.datasets, "synthetic", lambda seed: drawn.append(seed) or 1 / 0)
    for name in ("a", "b"):
        with pytest.raises(ZeroDivisionError):
            contest.make(tmp_path / name)
    assert drawn[0] != drawn[1]
    assert max(drawn) > 10**6, "small seeds can be tried"


def test_both_halves_are_drawn_from_all_questions(answers):
    key = pd.read_csv(answers)
    assert key["half"].value_counts().to_dict() == {"public": 10_000, "private": 10_000}
    changes = (key["half"] != key["half"].shift()).sum()
    assert 9_500 < changes < 10_500


def test_a_good_model_is_between_the_biases_and_the_floor(made, answers, questions, tmp_path):
    train = pd.read_csv(made / "for_learners/train.csv")
    split = datasets.make_split(train, questions.assign(rating=3.0))
    model = als.ALS(k=4, reg=9, reg_bias=5, epochs=10).fit(split)
    mine = model.predict(split.test["user_idx"], split.test["item_idx"])
    board = score(answers, tmp_path, ann=questions.assign(prediction=mine))
    assert board.index.tolist() == ["(noise floor)", "ann", "(biases)", "(global mean)"]
    assert board["beats the biases"].tolist() == ["yes", "yes", "", "no"]
    assert (
        board["above the floor"].iloc[0] == 0 and board["above the floor"].is_monotonic_increasing
    )
    key = pd.read_csv(answers)
    public = (key["half"] == "public").to_numpy()
    expected = metrics.rmse(key["rating"][public], np.clip(mine, 1, 5)[public])
    assert board.loc["ann", "RMSE"] == pytest.approx(expected)


def test_what_fits_the_public_half_gains_nothing_in_the_end(answers, questions, tmp_path):
    key = pd.read_csv(answers)
    guess = key["rating"].where(key["half"] == "public", 3.0)
    spy = questions.assign(prediction=guess)
    assert score(answers, tmp_path, spy=spy).loc["spy", "RMSE"] == 0
    final = score(answers, tmp_path, final=True)
    assert final.loc["spy", "beats the biases"] == "no"
    assert final.index[-1] == "spy"


def test_order_quotes_and_a_byte_order_mark_do_not_matter(answers, questions, tmp_path):
    key = pd.read_csv(answers)
    fine = questions.assign(prediction=key["biases"])
    shuffled = fine.sample(frac=1, random_state=1)[["prediction", "item_id", "user_id"]]
    board = score(
        answers,
        tmp_path,
        a=shuffled,
        b="\ufeff" + fine.to_csv(index=False, lineterminator="\r\n", quoting=1),
        c=fine.assign(prediction=fine["prediction"].clip(1, 5)),
        d=fine.assign(user_id=fine["user_id"].astype(float)),
    )
    assert (board["note"] == "").all()
    for name in "abcd":
        assert board.loc[name, "RMSE"] == pytest.approx(board.loc["(biases)", "RMSE"])
        assert board.loc[name, "beats the biases"] == "within chance"


def spoiled(questions, row, column, value):
    table = questions.assign(prediction=3.5).astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda q: "", "The file is empty."),
        (lambda q: HEADER, "20,000 pairs without a prediction, the first is user"),
        (lambda q: q.assign(prediction=3.5)[:-3], "3 pairs without a prediction"),
        (lambda q: pd.concat([q, q[:2]]).assign(prediction=3.5), "2 pairs more than once"),
        (lambda q: spoiled(q, 4, "item_id", 9_999), "1 pairs that are not in questions.csv"),
        (lambda q: spoiled(q, 4, "user_id", 10**30), "1 pairs that are not in questions.csv"),
        (lambda q: spoiled(q, 4, "user_id", 1.5), "The user_id in row 5 below the header is '1.5'"),
        (lambda q: spoiled(q, 4, "prediction", "good"), "in row 5 below the header is 'good'"),
        (lambda q: spoiled(q, 4, "prediction", "3,5"), "in row 5 below the header is '3,5'"),
        (lambda q: spoiled(q, 0, "prediction", "NaN"), "in row 1 below the header is 'NaN'"),
        (lambda q: spoiled(q, 0, "prediction", ""), "in row 1 below the header is ''"),
        (lambda q: spoiled(q, 0, "prediction", "inf"), "is 'inf', which is not a number"),
        (lambda q: q, "The header is 'user_id,item_id'"),
        (lambda q: q.assign(rating=3.5), "The header is 'user_id,item_id,rating'"),
        (lambda q: q.assign(prediction=3.5).to_csv(), "The header is 'Unnamed: 0,user_id"),
        (
            lambda q: q.assign(prediction=3.5).to_csv(index=False, sep=";"),
            "The header is 'user_id;",
        ),
        (lambda q: HEADER + "1,2,3,4\n5,6,7,8\n", "every row must have three fields"),
        (lambda q: HEADER + "1,2,3\n5,6,7,8\n", "its rows differ in length"),
        (lambda q: HEADER + '1,2,"3\n', "its rows differ in length"),
        (lambda q: "x" * 21_000_000, "larger than 20 MB"),
    ],
)
def test_a_bad_submission_gets_one_sentence(answers, questions, tmp_path, make, sentence):
    fine = questions.assign(prediction=3.5)
    board = score(answers, tmp_path, bad=make(questions), fine=fine)
    assert sentence in board.loc["bad", "note"]
    assert "\n" not in board.loc["bad", "note"]
    assert np.isnan(board.loc["bad", "RMSE"]) and board.index[-1] == "bad"
    assert board.loc["fine", "RMSE"] > 1


def test_what_is_no_text_gets_a_sentence_too(answers, tmp_path):
    folder = tmp_path / "handed in"
    (folder / "folder.csv").mkdir(parents=True)
    (folder / "utf16.csv").write_bytes(HEADER.encode("utf-16"))
    (folder / "zeros.csv").write_bytes(bytes(1000))
    (folder / "book.xlsx").write_bytes(b"PK")
    (folder / ".DS_Store").touch()
    os.mkfifo(folder / "waits.csv")
    (folder / "gone.csv").symlink_to("nowhere")
    board = contest.score(answers, folder).set_index("name")
    notes = board["note"]
    assert "not a text in UTF-8" in notes["utf16"]
    assert "The header is" in notes["zeros"]
    for name in ("folder", "book.xlsx", "waits", "gone"):
        assert "not a CSV file" in notes[name]
    assert len(board) == 3 + 6


def test_the_commands(made, answers, questions, tmp_path, capsys):
    folder = tmp_path / "handed in"
    folder.mkdir()
    questions.assign(prediction=3.5).to_csv(folder / "ann.csv", index=False)
    (folder / os.fsdecode(b"b\xff.csv")).write_text("")
    assert contest.main(["score", str(answers), str(folder), "--final"]) is None
    printed = capsys.readouterr().out
    assert "on the private half" in printed and ": The file is empty." in printed
    table = pd.read_csv(answers.with_name("leaderboard.csv"))
    assert table["name"].tolist()[:4] == ["(noise floor)", "(biases)", "(global mean)", "ann"]
    assert "exists already" in contest.main(["make", str(made)])
    assert "could not be written" in contest.main(["make", str(tmp_path / "no/such/folder")])
    assert "seed is -1" in contest.main(["make", str(tmp_path / "new"), "--seed", "-1"])
    assert "There is no folder" in contest.main(["score", str(answers), str(tmp_path / "nowhere")])
    for wrong in (folder / "ann.csv", tmp_path / "nowhere.csv", folder):
        assert "is not the answers.csv" in contest.main(["score", str(wrong), str(folder)])


def test_a_disk_that_becomes_full_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", refuse)
    assert "No space left" in contest.main(["make", str(tmp_path / "contest"), "--seed", "1"])
    assert list(tmp_path.iterdir()) == []


def test_it_runs_as_a_command():
    command = [sys.executable, "-m", "mfbook.course.contest", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "{make,score}" in done.stdout
