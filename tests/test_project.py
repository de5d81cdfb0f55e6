"""The files that describe the project say the same as the project itself."""

import os
from pathlib import Path
import re
import shutil
import subprocess

import mfbook
from mfbook.runtime import requirements
import nbformat
from packaging.requirements import Requirement
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


def requirements_of(name):
    """Return what a file of requirements names, and the other files that it includes."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    lines = [line.partition("  #")[0] for line in lines if line and not line.startswith("#")]
    included = {line.split()[1] for line in lines if line.startswith("-")}
    return [Requirement(line) for line in lines if not line.startswith("-")], included


def test_a_learner_installs_what_mfbook_needs_and_jupyter_and_no_more():
    # Python 3.10 has no tomllib.
    tomllib = pytest.importorskip("tomllib")
    named, included = requirements_of("requirements.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(text).name for text in project["dependencies"]}
    jupyter = {"ipykernel", "jedi", "jupyterlab", "nbclient", "nbformat"}
    assert ({requirement.name for requirement in named}, included) == (needed | jupyter, set())


def test_the_requirements_say_how_mxnet_is_installed():
    head = (ROOT / "requirements.txt").read_text(encoding="utf-8").partition("\n\n")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    for build in requirements.BUILDS:
        assert f"`{build.name}`" in head
    assert "python -m mfbook install" in head
    assert "NumPy below 2" in head
    for name in ROOT.glob("requirements*.txt"):
        named, _ = requirements_of(name)
        assert not {"mxnet", "mxnet-cu112"} & {requirement.name for requirement in named}


def test_each_file_of_requirements_adds_to_a_smaller_one():
    seen = {}
    for name in ("requirements.txt", "requirements-spark.txt", "requirements-book.txt"):
        seen[name] = requirements_of(name)
    assert seen["requirements-book.txt"][1] == {"requirements.txt"}
    seen["requirements-test.txt"] = requirements_of("requirements-test.txt")
    included = {"requirements-book.txt", "requirements-spark.txt"}
    assert seen["requirements-test.txt"][1] == included
    # No package is pinned in two of them.
    names = [{requirement.name for requirement in named} for named, _ in seen.values()]
    assert sum(map(len, names)) == len(set.union(*names))


def test_chapter_12_installs_the_spark_that_is_tested():
    named, _ = requirements_of("requirements-spark.txt")
    [spark] = [str(requirement) for requirement in named if requirement.name == "pyspark"]
    [path] = (ROOT / "notebooks").glob("12_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    assert any(f'%pip install --quiet "{spark}"' in cell.source for cell in cells)
    for name in ("Dockerfile", ".binder/requirements.txt", ".devcontainer/devcontainer.json"):
        assert "requirements-spark.txt" in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "environment"),
    [
        *((target, "$(READY)") for target in ("env", "lab")),
        *((target, "$(READY_BOOK)") for target in ("kit", "slides", "sync")),
        *(
            (target, "$(READY_TEST)")
            for target in (
                "env-test",
                "test",
                "lint",
                "mutants",
                "bench",
                "execute",
                "answers",
                "results",
            )
        ),
        ("book", "kit"),
        ("pdf", "$(READY_TEST) book"),
    ],
)
def test_each_target_of_make_fills_the_environment_with_what_it_needs(target, environment):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    needs = re.search(rf"^{target}:(.*?)##", makefile, re.MULTILINE)[1].strip()
    assert needs in (environment, f"{environment} book")


def test_make_clean_deletes_what_git_ignores_and_nothing_else(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    made = [".venv/ready", "_build/kit.zip", "mfbook.egg-info/x", "tools/__pycache__/x.pyc"]
    made += [".pytest_cache/x", ".ruff_cache/x", ".coverage", "notebooks/.ipynb_checkpoints/x"]
    kept = ["mfbook/runtime/install.py", "notebooks/my notes.ipynb", "_toc.yml"]
    for name in (*made, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, check=True)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {*kept, "Makefile"}
