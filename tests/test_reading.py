"""`read_ratings` reads correct files; its errors name the file, the line and what to do."""

import gzip
import sys

from mfbook import datasets
from mfbook.datasets import DataError, _blocks, read_ratings
import numpy as np
import pandas as pd
import pytest

GOOD = "1\t10\t5\t874724710\n1\t20\t3\t874724711\n2\t10\t4\t874724712\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="ratings.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def expect(table):
    assert table["user_id"].tolist() == [1, 1, 2]
    assert table["item_id"].tolist() == [10, 20, 10]
    assert table["rating"].tolist() == [5, 3, 4]


def test_tabs(write):
    table = read_ratings(write(GOOD), timestamp=3)
    expect(table)
    assert table["timestamp"].tolist() == [874724710, 874724711, 874724712]
    assert table.dtypes.astype(str).tolist() == ["int64", "int64", "float32", "int64"]


def test_commas_with_header(write):
    text = "userId,movieId,rating,timestamp\n" + GOOD.replace("\t", ",")
    table = read_ratings(write(text), sep=",", user="userId", item="movieId", rating="rating")
    expect(table)
    assert list(table) == ["user_id", "item_id", "rating"]


def test_columns_in_another_order(write):
    path = write("rating,item,user\n5,10,1\n3,20,1\n4,10,2\n")
    expect(read_ratings(path, sep=",", user="user", item="item", rating="rating"))


def test_double_colons(write):
    expect(read_ratings(write(GOOD.replace("\t", "::")), sep="::", timestamp=3))


def test_a_tab_inside_a_field_is_part_of_it(write):
    expect(read_ratings(write("1::10::5::a\tb\n1::20::3::c\n2::10::4::d\n"), sep="::"))


@pytest.mark.parametrize("sep", ["\t\t", "¦", " | ", ".*"])
def test_other_separators(write, sep):
    expect(read_ratings(write(GOOD.replace("\t", sep)), sep=sep))


def test_half_stars(write):
    table = read_ratings(write("1,2,0.5\n1,3,4.5\n"), sep=",", scale=(0.5, 5))
    assert table["rating"].tolist() == [0.5, 4.5]


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        GOOD.rstrip("\n").encode(),
        (GOOD + "\n\n").encode(),
    ],
)
def test_line_ends_and_byte_order_marks(write, content):
    expect(read_ratings(write(content)))


def test_byte_order_mark_before_a_header(write):
    path = write(b"\xef\xbb\xbfuser,item,rating\n1,10,5\n1,20,3\n2,10,4\n")
    expect(read_ratings(path, sep=",", user="user", item="item", rating="rating"))


def test_latin_1_titles(write):
    text = "user,item,rating,title\n1,10,5,Délicatessen\n1,20,3,b\n2,10,4,Délicatessen\n"
    path = write(text.encode("latin-1"))
    expect(read_ratings(path, sep=",", user="user", item="item", rating="rating"))


def test_quoted_separator(write):
    path = write('user,item,title,rating\n1,10,"Good, bad",5\n1,20,x,3\n2,10,"Good, bad",4\n')
    expect(read_ratings(path, sep=",", user="user", item="item", rating="rating"))


def test_a_table_survives_the_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    pairs = rng.permutation(40 * 50)[:500]
    table = pd.DataFrame(
        {"user_id": pairs // 50, "item_id": pairs % 50, "rating": rng.integers(1, 6, 500)}
    ).astype({"rating": np.float32})
    table.to_csv(tmp_path / "r.csv", index=False)
    read = read_ratings(
        tmp_path / "r.csv", sep=",", user="user_id", item="item_id", rating="rating"
    )
    pd.testing.assert_frame_equal(read, table)


BAD = {
    "three fields": ("1\t10\t5\t8\n1\t20\t3\n", "line 2 has 3 fields, but line 1 has 4"),
    "five fields": ("1\t10\t5\t8\n1\t20\t3\t8\t9\n", "line 2 has 5 fields, but line 1 has 4"),
    "text for a rating": ("1\t10\t5\n1\t20\tgood\n", "line 2: the rating 'good' is not a number"),
    "text for an id": ("1\t10\t5\nanna\t20\t3\n", "line 2: the user_id 'anna' is not a whole"),
    "nan": ("1\t10\t5\n1\t20\tNaN\n", "line 2: the rating NaN is outside the scale 1 to 5"),
    "no rating": ("1\t10\t5\n1\t20\t\n", "line 2: the rating '' is not a number"),
    "infinite": ("1\t10\t5\n1\t20\tinf\n", "line 2: the rating inf is outside the scale"),
    "minus infinity": ("1\t10\t5\n1\t20\t-inf\n", "line 2: the rating -inf is outside the scale"),
    "rating of thousands of digits": (
        f"1\t10\t5\n1\t20\t{'9' * 5000}\n",
        f"line 2: the rating {'9' * 77}... is outside the scale 1 to 5",
    ),
    "id of thousands of digits": (
        f"1\t10\t5\n{'9' * 5000}\t20\t3\n",
        f"line 2: the user_id {'9' * 77}... is out of range",
    ),
    "id with many zeros": (
        f"1\t10\t5\n{'7'.zfill(30)}\t20\t3\n",
        "has too many digits. Leave out the zeros at its beginning",
    ),
    "too high": ("1\t10\t5\n1\t20\t6\n", "line 2: the rating 6 is outside the scale 1 to 5"),
    "too low": ("1\t10\t5\n1\t20\t0\n", "line 2: the rating 0 is outside the scale 1 to 5"),
    "negative id": ("1\t10\t5\n1\t-20\t3\n", "line 2: the item_id -20 is out of range"),
    "huge id": (f"1\t10\t5\n{10**30}\t20\t3\n", f"line 2: the user_id {10**30} is out of range"),
    "half an id": ("1\t10\t5\n1.5\t20\t3\n", "line 2: the user_id '1.5' is not a whole number"),
    "same pair twice": (
        "1\t10\t5\n2\t10\t1\n1\t10\t3\n",
        "user 1 rates item 10 twice, on lines 1 and 3",
    ),
    "blank line": ("1\t10\t5\n\n1\t20\t3\n", "line 2 is empty"),
    "blank first line": ("\n1\t10\t5\n", "line 1 is empty. Delete it"),
    "field without an end": (
        f"1\t10\t5\n1\t20\t{'3' * 200_000}\n",
        "line 2: field larger than field limit (131072). Fix or delete that line",
    ),
    "header not announced": (
        "user\titem\trating\n1\t10\t5\n",
        "If this line is a header, pass the names of the columns",
    ),
    "wrong separator": ("1,10,5\n1,20,3\n", "Is the separator right?"),
    "id as a decimal": ("1\t10\t5\n5.0\t20\t3\n", "line 2: the user_id '5.0' is not a whole"),
    "underscore": ("1\t10\t5\n2\t20\t1_0\n", "line 2: the rating '1_0' is not a number"),
    "boolean for a rating": ("1\t10\tTrue\n", "line 1: the rating 'True' is not a number"),
    "empty": ("", "is empty. It should have one rating per line"),
    "blank": (" \n\n", "is empty. It should have one rating per line"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file(write, name):
    text, message = BAD[name]
    path = write(text)
    with pytest.raises(DataError) as caught:
        read_ratings(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("line", ["1,20", "1,20,3,4,5", "1,20,x", "1,20,9", "-1,20,3", "1,10,3"])
def test_line_numbers_count_the_header(write, line):
    path = write(f"user,item,rating\n1,10,5\n{line}\n")
    with pytest.raises(DataError, match=r"line 3|lines 2 and 3"):
        read_ratings(path, sep=",", user="user", item="item", rating="rating")


def test_line_numbers_with_a_long_separator(write):
    with pytest.raises(DataError, match=r"line 2 has 3 fields, but .*'1::20::3'"):
        read_ratings(write("1::10::5::8\n1::20::3\n"), sep="::")


def test_missing_column(write):
    path = write("user,film,rating\n1,10,5\n")
    with pytest.raises(DataError, match=r"no column 'item' for the item_id.* user, film, rating"):
        read_ratings(path, sep=",", user="user", item="item", rating="rating")


def test_header_without_ratings(write):
    with pytest.raises(DataError, match="a header and no ratings"):
        read_ratings(write("u,i,r\n"), sep=",", user="u", item="i", rating="r")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*absent\.txt"):
        read_ratings(tmp_path / "absent.txt")


def test_a_quotation_mark_opens_no_field_outside_comma_files(write):
    expect(read_ratings(write('1::10::5::"A\n1::20::3::x\n2::10::4::B"\n'), sep="::"))


def test_a_quotation_mark_that_never_closes(write):
    path = write('u,i,t,r\n1,10,x,5\n1,20,"Open,3\n2,20,b,4\n3,30,c",5\n')
    with pytest.raises(DataError, match="line 3: a quotation mark opens a field"):
        read_ratings(path, sep=",", user="u", item="i", rating="r")


def test_spaces_around_fields(write):
    expect(read_ratings(write("1, 10, 5\n1, 20, 3\n2, 10, 4\n"), sep=","))


def test_large_ids_stay_exact(write):
    table = read_ratings(write(f"{2**53 + 1}\t1\t5\n{2**53}\t1\t4\n"))
    assert table["user_id"].tolist() == [2**53 + 1, 2**53]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-32"])
def test_names_of_columns_with_accents(write, encoding):
    path = write("usuário,item,rating\n1,10,5\n1,20,3\n2,10,4\n".encode(encoding))
    expect(read_ratings(path, sep=",", user="usuário", item="item", rating="rating"))


def test_a_column_without_a_name(write):
    path = write("user,,rating\n1,10,5\n1,20,3\n2,10,4\n")
    expect(read_ratings(path, sep=",", user="user", item="", rating="rating"))


def test_a_text_cut_in_the_middle_of_a_letter(write):
    with pytest.raises(DataError, match=r"begins as a text in UTF-16, but is damaged"):
        read_ratings(write(GOOD.encode("utf-16") + b"\x00"))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings_and_old_line_ends(write, encoding):
    expect(read_ratings(write(GOOD.replace("\n", "\r").encode(encoding))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"user": 1}, "Two of the columns are the same"),
        ({"rating": -1}, "column of the rating is -1; pass its name, or its number counted from 0"),
        ({"user": "user"}, "Some columns have names and some have numbers"),
        ({"scale": (5, 1)}, r"scale is \(5, 1\); it must be \(lowest, highest\)"),
        ({"scale": 5}, "scale is 5"),
        ({"scale": ("1", "5")}, r"scale is \('1', '5'\); it must be \(lowest, highest\)"),
        ({"scale": (1, np.inf)}, r"scale is \(1, inf\)"),
        ({"scale": (-np.inf, 5)}, r"scale is \(-inf, 5\)"),
        ({"scale": (1, 10**400)}, "scale is a value of the type tuple; it must be"),
        ({"scale": (False, 5)}, r"scale is \(False, 5\)"),
        ({"sep": ""}, "sep is ''; it must be the text between two fields of a line"),
        ({"sep": None}, "sep is None; it must be the text"),
        ({"sep": "\n"}, r"sep is '\\n'; it must be the text"),
        ({"sep": '"'}, "sep is '\"'; it must be the text"),
    ],
)
def test_impossible_arguments(write, arguments, message):
    with pytest.raises(DataError, match=message):
        read_ratings(write(GOOD), **arguments)


def test_not_a_text_file(write, tmp_path):
    with pytest.raises(DataError, match=r"is compressed \(a ZIP archive.* Unpack it"):
        read_ratings(write(b"PK\x03\x04"))
    with pytest.raises(DataError, match="is a folder"):
        read_ratings(tmp_path)


def test_column_named_twice(write):
    with pytest.raises(DataError, match="has the column 'r' twice"):
        read_ratings(write("u,i,r,r\n1,10,5,2\n"), sep=",", user="u", item="i", rating="r")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>\n<title>Sign in</title>", "is a web page"),
        (b"BZh91AY&SY", "is compressed with bzip2"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"u.data".ljust(257, b"\0") + b"ustar  \0", "is a TAR archive"),
        (b"\x93NUMPY\x01\x00", "is a NumPy array"),
    ],
)
def test_other_kinds_of_files_are_named(write, content, message):
    with pytest.raises(DataError, match=message):
        read_ratings(write(content))


@pytest.mark.parametrize("path", [None, b"ratings.csv", 3, ""])
def test_what_is_no_path(path):
    with pytest.raises(DataError, match=r"path is .*; pass the path of a file"):
        read_ratings(path)


def test_a_file_that_cannot_be_read(write, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = write(GOOD)
    monkeypatch.setattr(_blocks.Path, "open", refuse)
    with pytest.raises(DataError, match=r"ratings\.txt cannot be read: Permission denied"):
        read_ratings(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2\t10 \t4", "the item_id '10 ' is not a whole number"),
        ("2\xa0\t10\t4", r"the user_id '2\\xa0' is not a whole number"),
        ("2\t-0\t4", "the item_id -0 is out of range"),
    ],
)
def test_an_invisible_mistake_has_a_line(write, line, message):
    with pytest.raises(DataError, match=f"line 2: {message}"):
        read_ratings(write(f"1\t10\t5\n{line}\n"))


@pytest.mark.parametrize("size", [1, 7, 20, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_change_nothing(write, monkeypatch, size, end):
    rows = [(user, item, 1 + (user + item) % 5) for user in range(1, 8) for item in range(1, 8)]
    lines = [f"{user}\t{item}\t{rating}" for user, item, rating in rows]
    path = write(end.join(lines) + end + end)
    wrong = write(end.join([*lines[:30], "", *lines[30:]]), "wrong.txt")
    repeated = write(end.join([*lines, lines[4]]), "repeated.txt")
    monkeypatch.setattr(_blocks, "BLOCK", size)
    assert read_ratings(path).to_numpy().tolist() == [list(row) for row in rows]
    with pytest.raises(DataError, match="line 31 is empty"):
        read_ratings(wrong)
    with pytest.raises(DataError, match="user 1 rates item 5 twice, on lines 5 and 50"):
        read_ratings(repeated)


def test_a_letter_that_is_not_utf_8_in_a_later_block(write, monkeypatch):
    text = "".join(f"us\xe9r{n},{n},3\n" for n in range(20)).encode()
    monkeypatch.setattr(_blocks, "BLOCK", 50)
    path = write(text + b"\xe9,5,4\n")
    table = read_ratings(path, sep=",", ids="texts")
    assert table["user_id"].iloc[-1] == "\xe9"
    assert table["user_id"].iloc[0] == "us\xe9r0".encode().decode("latin-1")


TEXTS = 'who,what,stars\nanna,tea,5\n 007,tea,4\nNA,"oolong, cold",3\n'
NAMES = {"user": "who", "item": "what", "rating": "stars", "sep": ","}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_text_ids_are_kept(write, pack):
    table = read_ratings(write(pack(TEXTS.encode())), ids="texts", **NAMES)
    assert table["user_id"].tolist() == ["anna", "007", "NA"]
    assert table["item_id"].tolist() == ["tea", "tea", "oolong, cold"]
    split = datasets.make_split(table[:2], table[2:])
    assert split.users["user_id"].tolist() == ["007", "NA", "anna"]
    assert split.train["user_idx"].tolist() == [2, 0]
    assert split.train["user_id"].tolist() == ["anna", "007"]


def test_a_text_id_is_an_error_that_names_the_remedy(write):
    with pytest.raises(DataError, match=r"line 2: the user_id 'anna' .* pass ids=\"texts\""):
        read_ratings(write(TEXTS), **NAMES)
    with pytest.raises(DataError, match="ids is 'text'; it must be 'numbers' or 'texts'"):
        read_ratings(write(TEXTS), ids="text", **NAMES)
    with pytest.raises(DataError, match="line 5: the user_id is empty"):
        read_ratings(write(TEXTS + " ,tea,3\n"), ids="texts", **NAMES)
    with pytest.raises(DataError, match="user anna rates item tea twice, on lines 2 and 5"):
        read_ratings(write(TEXTS + "anna,tea,3\n"), ids="texts", **NAMES)


def test_gzip(write):
    expect(read_ratings(write(gzip.compress(GOOD.encode()))))
    packed = gzip.compress(GOOD.encode() * 1000)
    for wrong in (packed[:-20], packed[:30] + b"??" + packed[32:]):
        with pytest.raises(DataError, match="is damaged or incomplete: it cannot be unpacked"):
            read_ratings(write(wrong))


def test_zstd(write):
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.compress(GOOD.encode())
    expect(read_ratings(write(packed)))
    with pytest.raises(DataError, match="is damaged or incomplete: it cannot be unpacked"):
        read_ratings(write(packed[:-5]))


def test_packages_that_are_missing_are_named(write, monkeypatch):
    for name in ("compression.zstd", "zstandard", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"pip install mfbook\[zstd\]"):
        read_ratings(write(_blocks.ZSTD + b"x"))
    with pytest.raises(DataError, match=r"pip install mfbook\[parquet\]"):
        read_ratings(write(b"PAR1"), user="u", item="i", rating="r")
    with pytest.raises(DataError, match="a Parquet file, whose columns have names"):
        read_ratings(write(b"PAR1"))


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "ratings.parquet"
    table = pd.DataFrame({"who": ["b", "a", "b"], "what": [5, 5, 6], "stars": [1.0, 2.5, 5.0]})
    names = {name: column for name, column in NAMES.items() if name != "sep"}

    def read(**changes):
        table.assign(**changes).to_parquet(path)
        return read_ratings(path, **names)

    read_back = read()
    assert read_back["user_id"].tolist() == ["b", "a", "b"]
    assert read_back.dtypes.astype(str).tolist() == ["category", "int64", "float32"]
    for changes, message in (
        ({"stars": [1, None, 5]}, "row 1: the rating is missing"),
        ({"who": ["b", "a", None]}, "row 2: the user_id is missing"),
        ({"stars": [1, 7, 5]}, "row 1: the rating 7 is outside the scale 1 to 5"),
        ({"what": [5, 5, 5]}, "user b rates item 5 twice, in rows 0 and 2"),
    ):
        with pytest.raises(DataError, match=message):
            read(**changes)
    table.drop(columns="what").to_parquet(path)
    with pytest.raises(DataError, match=r"has no column 'what' for the item_id.*who, stars"):
        read_ratings(path, **names)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="is damaged or incomplete"):
        read_ratings(path, **names)


def test_path_with_a_name_that_is_too_long():
    with pytest.raises(DataError, match="cannot be read: File name too long"):
        read_ratings("x" * 5000)


def test_columns_may_be_numbers_of_numpy(tmp_path):
    path = tmp_path / "ratings.tsv"
    path.write_text("7\t12\t4\n")
    assert read_ratings(path, user=np.int64(0), rating=np.uint8(2))["rating"].tolist() == [4]


def test_a_message_does_not_write_out_a_table(tmp_path):
    table = pd.DataFrame({"a": [1, 2]})
    for wrong in ({"sep": table}, {"user": table}, {"ids": np.arange(3)}, {"scale": table}):
        with pytest.raises(DataError, match=r"^[^\n]*$"):
            read_ratings(tmp_path / "ratings.tsv", **wrong)
