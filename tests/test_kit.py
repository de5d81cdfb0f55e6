"""The kit: a wheel, a notebook and solutions for each chapter, and a page that fits on a sheet."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import zipfile

import mfbook
from mfbook.runtime import requirements
import nbformat
from playwright.sync_api import sync_playwright
from pypdf import PdfReader
import pytest

from tools import kit, notebooks

NAME = f"mfbook-{mfbook.__version__}-py3-none-any.whl"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return kit.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def files():
    return kit.contents()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout, whose wheel is built in place of this one's."""
    root = tmp_path / "checkout"
    package = root / "mfbook"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "0.1.0"\n')
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(kit.ROOT / name, root)
    monkeypatch.setattr(kit, "ROOT", root)
    return root


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    assert wheel.name == NAME
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = (kit.ROOT / "mfbook").rglob("*.*")
    expected = {str(p.relative_to(kit.ROOT)) for p in sources if p.suffix != ".pyc"}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert {"mfbook/py.typed", "mfbook/course/recorded.json"} <= names
    assert wheel.stat().st_size < 500_000


def test_the_same_sources_give_the_same_wheel(wheel, tmp_path):
    built = kit.wheel(tmp_path)
    assert built.read_bytes() == wheel.read_bytes()
    # Whenever it is built: within two seconds, a zip file cannot tell times apart.
    assert {entry.date_time[0] for entry in zipfile.ZipFile(built).infolist()} == {1980}


def test_the_wheel_works_without_the_checkout(wheel, tmp_path):
    code = "import mfbook; print(mfbook.__version__, mfbook.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"{mfbook.__version__} {wheel}"), done.stderr


def test_old_modules_in_build_do_not_get_into_the_wheel(checkout, tmp_path):
    old = checkout / "build/lib/mfbook/old.py"
    old.parent.mkdir(parents=True)
    old.touch()
    cache = checkout / "mfbook/__pycache__/old.cpython-311.pyc"
    cache.parent.mkdir()
    cache.touch()
    built = kit.wheel(tmp_path)
    assert not [name for name in zipfile.ZipFile(built).namelist() if "old" in name]
    assert not (checkout / "mfbook.egg-info").exists()


def test_a_wheel_that_cannot_be_built_says_why(checkout, tmp_path):
    (checkout / "pyproject.toml").write_text("[build-system\n")
    with pytest.raises(ValueError, match=r"could not be built \(.+\)\. It needs setuptools 77"):
        kit.wheel(tmp_path)
    assert not list(tmp_path.glob("*.whl"))


def test_the_kit_has_everything(files):
    names = [path.name for path in notebooks.paths()]
    expected = {f"{folder}/{name}" for folder in ("notebooks", "solutions") for name in names}
    assert set(files) == expected | {f"notebooks/{NAME}", "START.html"}
    first = nbformat.reads(files[f"notebooks/{names[0]}"].decode(), as_version=4)
    assert not any(cell.get("outputs") for cell in first.cells)
    # The setup cell looks for exactly this wheel beside the notebook.
    setup = next(cell for cell in first.cells if cell.cell_type == "code")
    assert f'version="{mfbook.__version__}"' in setup.source


def test_every_link_in_the_kit_leads_into_it_or_to_the_web(files):
    found = 0
    for name in filter(lambda name: name.endswith(".ipynb"), files):
        cells = nbformat.reads(files[name].decode(), as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\(([^)\s#]+)", text):
            if not target.startswith("https://"):
                assert f"{Path(name).parent}/{target}" in files, (name, target)
                found += 1
    assert found > 20


def test_the_same_kit_gives_the_same_bytes(files):
    assert kit.contents() == files
    assert kit.zipped(files) == kit.zipped(files)


def test_a_notebook_that_is_not_whole_is_named(monkeypatch, capsys):
    def fails(_):
        raise ValueError("Exercise 1.1 has no solution.")

    monkeypatch.setattr(kit.learners, "learner", fails)
    first = notebooks.paths()[0].name
    with pytest.raises(SystemExit, match=f"{first}: Exercise 1.1 has no solution"):
        kit.main([])


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Let the kit hold one file, and write it into a new folder; return that folder."""
    monkeypatch.setattr(kit, "KIT", tmp_path / "_build/kit")
    monkeypatch.setattr(kit, "contents", lambda: {"notebooks/01.ipynb": b"{}"})
    return kit.KIT


def held(folder):
    """Files in a folder and in the zip file of its name."""
    archive = zipfile.ZipFile(folder.with_suffix(".zip"))
    unpacked = {
        str(p.relative_to(folder.parent)): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    return unpacked, {name: archive.read(name) for name in archive.namelist()}


def test_the_folder_and_the_zip_file_are_alike_and_replace_the_old_ones(small, capsys):
    kit.write({"notebooks/00_old.ipynb": b"old"}, small)
    kit.main([])
    unpacked, zipped = held(small)
    assert unpacked == zipped == {"kit/notebooks/01.ipynb": b"{}"}
    assert "kit.zip: 1 files, 0.0 MB" in capsys.readouterr().out
    assert {path.name for path in small.parent.iterdir()} == {"kit", "kit.zip"}


@pytest.mark.parametrize("failing", ["write_bytes", "rename"])
def test_what_fails_leaves_the_old_kit(small, monkeypatch, failing):
    kit.write({"notebooks/00_old.ipynb": b"old"}, small)
    real = getattr(Path, failing)

    def fails(path, *arguments):
        if path.name in ("01.ipynb", "new"):
            raise OSError(28, "No space left on device")
        return real(path, *arguments)

    monkeypatch.setattr(Path, failing, fails)
    with pytest.raises(SystemExit, match="could not be written: No space left"):
        kit.main([])
    assert held(small)[0] == held(small)[1] == {"kit/notebooks/00_old.ipynb": b"old"}
    assert {path.name for path in small.parent.iterdir()} == {"kit", "kit.zip"}


def test_the_start_page_needs_nothing_and_is_filled_in(files):
    page = files["START.html"].decode()
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)
    assert "$" not in page and "@@" not in page
    assert page.count(NAME) >= 4
    for words in (
        requirements.chapters_without_mxnet(),
        "commercial or revenue-bearing",
        "mfbook doctor",
        "Upload notebook",
        "Kaggle",
    ):
        assert words in re.sub(r"\s+", " ", page)


def test_the_commands_of_the_start_page_find_the_wheel(files):
    page = files["START.html"].decode()
    named = {path.replace("\\", "/") for path in re.findall(r"jupyterlab (\S+\.whl)", page)}
    assert named == {f"notebooks/{NAME}"} and named <= set(files)


@pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="needs Chromium: apt-get install chromium",
)
def test_the_start_page_fits_a_phone_and_one_sheet(files, tmp_path):
    page, printed = tmp_path / "START.html", tmp_path / "start.pdf"
    page.write_bytes(files["START.html"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (390, 1280):
            tab = browser.new_page(viewport={"width": width, "height": 844})
            tab.goto(page.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") == width
        tab.pdf(path=printed, prefer_css_page_size=True)
        browser.close()
    assert len(PdfReader(printed).pages) == 1


def test_old_modules_in_build_are_not_in_the_wheel(monkeypatch, tmp_path):
    for name in ("mfbook", "mfbook/__pycache__", "build/lib/mfbook"):
        (tmp_path / "checkout" / name).mkdir(parents=True)
        (tmp_path / "checkout" / name / "a.py").touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / "checkout" / name).touch()
    monkeypatch.setattr(kit, "ROOT", tmp_path / "checkout")
    copy = kit._copy_sources(tmp_path / "copy")
    copied = sorted(str(path.relative_to(copy)) for path in copy.rglob("*.*"))
    assert copied == ["README.md", "mfbook/a.py", "pyproject.toml"]


def test_all_sources_of_the_wheel_are_in_a_checkout():
    assert all((kit.ROOT / name).exists() for name in kit.SOURCES)
