"""The poll reads what forms export, and its page prints what it says."""

import contextlib
import io
from pathlib import Path
import re

from mfbook import datasets
from mfbook.course import poll
import pytest

PAGE = Path(__file__).parent.parent / "book" / "poll.md"
NUMBER = re.compile(r"\d+\.?\d*")


def write(tmp_path, *lines, encoding="utf-8"):
    path = tmp_path / "form.csv"
    path.write_text("\n".join(lines), encoding=encoding)
    return path


def test_what_a_form_exports(tmp_path):
    path = write(
        tmp_path,
        '"Timestamp","Rate these [Jaws (1975)]","Your nickname",'
        '"Rate these [The Good, the Bad and the Ugly (1966)]","Comments (optional)"',
        '"2026/01/02 9:00","4","Ann","Not seen","Nice, (2)"',
        '"2026/01/02 9:01"," 5 "," Ben  B ","2,5",""',
        '"2026/01/02 9:02","","Cem","3.0",""',
        '"2026/01/02 9:03","","Dora","",""',
        encoding="utf-8-sig",
    )
    table = poll.to_long(path, person="Your nickname")
    assert table.to_numpy().tolist() == [
        ["Ann", "Jaws (1975)", 4.0],
        ["Ben B", "Jaws (1975)", 5.0],
        ["Ben B", "The Good, the Bad and the Ugly (1966)", 2.5],
        ["Cem", "The Good, the Bad and the Ugly (1966)", 3.0],
    ]
    table.to_csv(tmp_path / "long.csv", index=False)
    columns = {"user": "person", "item": "film", "rating": "stars"}
    ratings = datasets.read_ratings(tmp_path / "long.csv", sep=",", ids="texts", **columns)
    assert ratings["item_id"].nunique() == 2 and ratings["rating"].sum() == 14.5


def test_names_are_optional(tmp_path):
    path = write(tmp_path, "who;Jaws (1975);Alien (1979)", ";4;", " ;;3", "Ann;1;1")
    people = poll.to_long(path, person="who")["person"]
    assert people.tolist() == ["guest 1", "guest 2", "Ann", "Ann"]


HEADER = "who,Jaws (1975)"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([HEADER, "Ann,great"], "Ann, Jaws (1975): 'great' is no rating from 1 to 5. Correct it"),
        ([HEADER, "Ann,6"], "'6' is no rating from 1 to 5"),
        ([HEADER, "Ann,0"], "'0' is no rating from 1 to 5"),
        ([HEADER, "Ann,inf"], "'inf' is no rating from 1 to 5"),
        ([HEADER, "Ann,4", "Ben,3", "ann ,5"], "the answers 1 and 3 are both from 'ann'"),
        ([HEADER, "Ann,", "Ben,not seen"], "has no ratings"),
        (["name,Jaws (1975)", "Ann,4"], "has no column 'who'. Its columns without a film are"),
        (["who,Jaws", "Ann,4"], "is not the table of a poll"),
        ([HEADER, "Ann,4,3"], "is not the table of a poll"),
        (["who,Jaws (1975),Q [Jaws (1975)]", "Ann,4,3"], "has two columns for one film"),
        ([""], "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_gets_a_sentence(tmp_path, lines, sentence):
    path = write(tmp_path, *lines)
    with pytest.raises(datasets.DataError) as error:
        poll.to_long(path, person="who")
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_a_workbook_is_no_csv(tmp_path):
    (tmp_path / "form.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(datasets.DataError, match="cannot be read as CSV in UTF-8"):
        poll.to_long(tmp_path / "form.csv", person="who")


def test_invented_people_are_like_a_room(tmp_path):
    form = poll.invent(seed=3)
    assert form.columns.tolist() == ["Timestamp", "Nickname", *poll.FILMS]
    assert not form.equals(poll.invent(seed=4)) and form.equals(poll.invent(seed=3))
    form.to_csv(tmp_path / "form.csv", index=False)
    table = poll.to_long(tmp_path / "form.csv", person="Nickname")
    assert table["person"].nunique() == 30
    assert set(table["stars"]) == {1, 2, 3, 4, 5}
    assert 400 < len(table) < 700


def test_thirty_films_are_on_the_sheet_of_the_page():
    sheet = PAGE.read_text(encoding="utf-8").split("(poll-sheet)=")[1]
    titles = re.findall(r"[^|]+ \(\d{4}\)", sheet)
    assert sorted(title.strip() for title in titles) == sorted(poll.FILMS)
    assert len(set(poll.FILMS)) == 30
    years = [int(title[-5:-1]) for title in poll.FILMS]
    assert years == sorted(years)


def test_the_page_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?",
        PAGE.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert len(blocks) == 9
    names = {}
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        printed = printed.getvalue()
        assert NUMBER.sub("", printed).split() == NUMBER.sub("", shown).split()
        numbers = [float(number) for number in NUMBER.findall(shown)]
        again = [float(number) for number in NUMBER.findall(printed)]
        assert again == pytest.approx(numbers, abs=0.011)
