"""The list of changes that tests must notice fits the package; the command that tries them works."""

import ast
from collections import Counter
from pathlib import Path
import subprocess
import sys

import pytest

from tools import mutants

ROOT = Path(__file__).parent.parent
LIST = mutants.read()


def test_the_list_is_long_and_covers_every_module():
    assert len(LIST) >= 150
    assert [name for name, n in Counter(m["name"] for m in LIST).items() if n > 1] == []
    changed = {mutant["file"] for mutant in LIST}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "mfbook").rglob("*.py")}
    rooms = ("course", "datasets", "experiments", "plots", "runtime", "spark")
    assert modules - changed == {f"mfbook/{room}/__init__.py" for room in rooms}


@pytest.mark.parametrize("mutant", LIST, ids=lambda mutant: mutant["name"])
def test_a_change_fits_its_file_once_and_leaves_it_readable(mutant):
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    changed = mutants.mutated(text, mutant)
    assert changed != text
    if mutant["file"].endswith(".py"):
        ast.parse(changed)
    assert mutant["tests"]


def test_the_tests_that_should_fail_exist():
    for mutant in LIST:
        for test in mutant["tests"]:
            file, _, name = test.partition("::")
            text = (ROOT / file).read_text(encoding="utf-8")
            # A file of tests, one of its functions, or the example of a function.
            assert not name or name.startswith("mfbook.") or f"def {name}(" in text, test


CHANGES = """
- {name: minus, file: mfbook/__init__.py, from: a + b, to: a - b, tests: [tests/test_add.py]}
- {name: times, file: mfbook/__init__.py, from: a + b, to: a * b, tests: [tests/test_add.py]}
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of a package that adds, with one test of it and two changes."""
    (tmp_path / "mfbook").mkdir()
    (tmp_path / "mfbook/__init__.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_add.py").write_text(
        "from mfbook import add\n\n\ndef test_add():\n    assert add(2, 0) == 2\n"
    )
    (tmp_path / "mutants.yaml").write_text(CHANGES)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "DATA", tmp_path / "mutants.yaml")
    return tmp_path


def test_survivors_are_named_and_too_many_fail(checkout, capsys):
    before = (checkout / "mfbook/__init__.py").read_text()
    with pytest.raises(SystemExit) as stopped:
        mutants.main(["--jobs", "2"])
    said = capsys.readouterr().out
    assert stopped.value.code == 1
    assert "Survivor: minus (mfbook/__init__.py)" in said
    assert said.endswith("Killed 1 of 2 (50.0%).\n")
    assert (checkout / "mfbook/__init__.py").read_text() == before
    assert mutants.main(["--only", "times"]) is None
    assert capsys.readouterr().out.endswith("Killed 1 of 1 (100.0%).\n")


def test_a_change_that_takes_too_long_is_killed(checkout):
    assert mutants.run_tests(checkout, ["tests/test_add.py"], seconds=0.01) == (None, "")
    assert mutants.is_killed(checkout, mutants.read(mutants.DATA)[0], seconds=0.01)


def test_what_does_not_fit_is_refused_before_anything_is_tried(checkout):
    (checkout / "mfbook/__init__.py").write_text("def add(a, b):\n    return b + a\n")
    with pytest.raises(ValueError, match=r"minus: its text occurs 0 times in mfbook/__init__\.py"):
        mutants.main([])
    (checkout / "mfbook/__init__.py").write_text("def add(a, b):\n    return a + b - 1\n")
    with pytest.raises(SystemExit, match="Without any change a test fails: mend that first"):
        mutants.main(["--only", "times"])
    with pytest.raises(SystemExit, match="No change has 'divide' in its name"):
        mutants.main(["--only", "divide"])


def test_make_knows_the_command_and_make_test_does_not_run_it():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = dict(block.split(":", 1) for block in makefile.split("\n\n") if ":" in block)
    assert "$(BIN)/python -m tools.mutants" in recipes["mutants"]
    assert "tools.mutants" not in recipes["test"]


def test_help_says_what_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "tools.mutants", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert "say what survived" in " ".join(done.stdout.split())
    assert "--only" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "cannot be read"),
        ("a: 1", "is no list of changes"),
        ("- 5", "change 1 is not complete"),
        (CHANGES.replace("tests/test_add.py", ""), "change 1 is not complete"),
        (CHANGES.replace("mfbook/__init__", "mfbook/../../x"), "change 1 is not complete"),
        (CHANGES.replace("mfbook/__init__", "/tmp/x"), "change 1 is not complete"),
        (CHANGES.replace("mfbook/__init__", "mfbook/x"), "minus: mfbook/x.py: No such file"),
    ],
)
def test_a_damaged_list_is_refused(checkout, text, message):
    mutants.DATA.write_text(text)
    with pytest.raises(ValueError, match=message):
        mutants.main([])


@pytest.mark.parametrize("option", ["--jobs=0", "--seconds=0", "--seconds=nan", "--seconds=inf"])
def test_limits_that_are_none(checkout, option, capsys):
    with pytest.raises(SystemExit):
        mutants.main([option])
    assert option.partition("=")[0] + " is" in capsys.readouterr().err
