"""The files that describe the project say the same as the project itself."""

import os
from pathlib import Path
import re
import shutil
import subprocess

import mfbook
import pytest
import yaml

ROOT = Path(__file__).parent.parent


def test_pre_commit_runs_what_make_lint_runs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in lint.splitlines()]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    # Where a hook has `files`, pre-commit adds their names itself.
    names = [command.removesuffix(" .github/workflows/*.yml") for command in commands]
    assert [hook["entry"] for hook in hooks] == names


@pytest.mark.parametrize("name", ["a b", "a  b'c", "$d"])
def test_make_help_in_a_folder_with_spaces(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    for command in (["make", "help"], ["make", "-f", folder / "Makefile", "help"]):
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("env         make .venv")
        assert done.stderr == ""


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d.*?)\] - (\S+)$", changelog, re.MULTILINE)
    assert released[0] == (mfbook.__version__, citation["date-released"])
    assert citation["version"] == mfbook.__version__


def test_the_map_of_the_house_names_every_module_and_no_other():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("Inside `mfbook`:")[1].split("The API page")[0]
    named = {
        name
        for row in table.strip().splitlines()[2:]
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    package = ROOT / "mfbook"
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert named == modules - {"__init__", "__main__"}
