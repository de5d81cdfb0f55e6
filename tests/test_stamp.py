"""The sources name no address of their own; a stamped copy has one, and the same everywhere."""

from pathlib import Path
import shutil
import subprocess
import sys
import zipfile

import addresses
from bs4 import BeautifulSoup
import mfbook
import nbformat
import pytest
import yaml

from tools import kit, links, notebooks, stamp

ROOT = Path(__file__).parent.parent
WHEEL = f"mfbook-{mfbook.__version__}-py3-none-any.whl"
# These files name owners that nobody has, to try the stamping code with them.
OF_STAMPING = {"tests/addresses.py", "tests/test_stamp.py", "tests/test_notebooks.py"}
TITLE = "# 1 · Prepare the data\n\nThe first chapter."


def git(folder, *arguments):
    """Run git in a folder; return what it prints."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def texts(folder, names):
    """Yield the name and the text of each file that holds text."""
    for name in names:
        path = folder / name
        if not path.is_file() or b"\0" in path.read_bytes()[:1024]:
            continue
        yield name, path.read_text(encoding="utf-8", errors="ignore")


def below(folder):
    """Names of all files in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def sources():
    """Names of the project's own files: those under version control, and new ones."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return set(filter(None, listed.split("\0")))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://github.com/ann/films.", {"ann/films"}),
        ("pip install git+https://github.com/ann/films.git", {"ann/films"}),
        ("git clone git@github.com:ann/films.git", {"ann/films"}),
        ("[a](https://colab.research.google.com/github/ann/films/blob/x.ipynb)", {"ann/films"}),
        ("https://mybinder.org/v2/gh/ann/films/ready?labpath=x", {"ann/films"}),
        ("https://raw.githubusercontent.com/ann/films/main/x", {"ann/films"}),
        ("read https://ann.github.io/films/ first", {"ann.github.io"}),
        ("https://github.com/{name} on github.com, and git-lfs.github.com/spec/v1", set()),
    ],
)
def test_owners_are_found_in_texts(text, found):
    assert addresses.owned(text) == found


def test_the_sources_name_no_owner_and_no_site(sources):
    for name, text in texts(ROOT, sources - OF_STAMPING):
        owned = addresses.owned(text) - addresses.REPOSITORIES - {addresses.PLACEHOLDER}
        assert not owned, f"{name} names {owned}"


def test_the_sources_name_only_hosts_that_they_cite(sources):
    for name, text in texts(ROOT, sources - OF_STAMPING):
        unknown = addresses.hosts(text) - addresses.HOSTS - addresses.LOCAL
        assert not unknown, f"{name} names {unknown}; if it is cited, add it to tests/addresses.py"


def test_the_sources_name_no_mail_address(sources):
    for name, text in texts(ROOT, sources - OF_STAMPING):
        mails = addresses.mails(text) - {"GITHUB_ACTOR@users.noreply.github.com"}
        assert not mails, f"{name} names {mails}"


def test_the_sources_have_no_address():
    assert notebooks.repository() == ""
    for path in notebooks.paths():
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.source.startswith(links.LINKS_START) for cell in cells)
        assert 'address=""' in next(cell for cell in cells if cell.cell_type == "code").source


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("ann/films", "https://ann.github.io/films/"),
        ("a-b/c.d_e", "https://a-b.github.io/c.d_e/"),
        ("Ann/ann.github.io", "https://Ann.github.io/"),
    ],
)
def test_the_address_of_the_site(name, site):
    assert links.site(f"https://github.com/{name}") == site


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A small course under version control, with a file that is not."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "notebooks").mkdir()
    (folder / "book" / "_static").mkdir(parents=True)
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "publish.yml").write_text("on: push\n")
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "book/_static", folder / "book/_static", dirs_exist_ok=True)
    shutil.copy(ROOT / "book/references.bib", folder / "book")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters: [file: notebooks/01_prepare_the_data]\n"
    )
    (folder / "book" / "index.md").write_text("# Films\n\nA course.\n\n```{kit}\n```\n")
    cells = [
        nbformat.v4.new_markdown_cell(TITLE),
        nbformat.v4.new_code_cell("answer = 42"),
        nbformat.v4.new_markdown_cell("## Exercises"),
        nbformat.v4.new_markdown_cell("### Exercise 1.1: modify\n\nDouble it."),
        nbformat.v4.new_code_cell("# @title Solution 1.1\n2 * answer"),
    ]
    for cell in cells:
        cell.metadata = {"slideshow": {"slide_type": "skip"}}
    path = folder / "notebooks" / "01_prepare_the_data.ipynb"
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    (folder / "notes.txt").write_text("not under version control")
    return folder


@pytest.fixture
def course(checkout, monkeypatch):
    """Let the stamping code take the small course, and build no wheel."""
    monkeypatch.setattr(stamp, "ROOT", checkout)
    monkeypatch.setattr(kit, "wheel", lambda folder: (folder / WHEEL).write_bytes(b"PK"))
    return checkout


def test_a_stamped_copy_is_consistent(course, tmp_path):
    before = {name: (course / name).read_bytes() for name in below(course)}
    stamp.main(["ann/films", "--out", str(tmp_path / "ready")])
    ready = tmp_path / "ready"
    assert yaml.safe_load((ready / "_config.yml").read_text())["repository"] == {
        "url": "https://github.com/ann/films",
        "branch": "ready",
    }
    title, row, setup, *_ = nbformat.read(next(ready.glob("notebooks/*")), as_version=4).cells
    assert title.source == TITLE
    for link in (
        "(https://colab.research.google.com/github/ann/films/blob/ready/learners/01_prepare_the_",
        "(https://kaggle.com/kernels/welcome?src=https://github.com/ann/films/blob/ready/learners/01_",
        "(https://mybinder.org/v2/gh/ann/films/ready?labpath=learners/01_prepare_the_data.ipynb)",
    ):
        assert link in row.source
    assert f'address="https://github.com/ann/films/raw/ready/{WHEEL}"' in setup.source
    learner = nbformat.read(next(ready.glob("learners/*")), as_version=4).cells
    assert setup.source in [cell.source for cell in learner]
    assert not any("Solution" in cell.source for cell in learner)
    assert (ready / WHEEL).is_file()
    copied = set(below(ready))
    assert not any(".github" in name or name == "notes.txt" for name in copied)
    assert list(tmp_path.iterdir()) == [ready]
    assert {name: (course / name).read_bytes() for name in below(course)} == before


def test_the_whole_course_is_stamped_and_names_one_owner(sources, tmp_path):
    ready = tmp_path / "ready"
    before = git(ROOT, "status", "--porcelain")
    stamp.stamp("ann/films", ready)
    names = below(ready)
    kept = git(ROOT, "ls-files", "notebooks", "mfbook", "book").split()
    assert set(names) >= {name for name in kept if (ROOT / name).exists()}
    stamped = set()
    for name, text in texts(ready, set(names) - OF_STAMPING):
        owned = addresses.owned(text) - addresses.REPOSITORIES - {addresses.PLACEHOLDER}
        assert owned <= {"ann/films"}, f"{name} names {owned}"
        stamped |= {name} if owned else set()
    chapters = {path.name for path in notebooks.paths()}
    assert {Path(name).name for name in stamped} == chapters | {"_config.yml"}
    assert {path.name for path in (ready / "learners").iterdir()} == chapters
    with zipfile.ZipFile(ready / WHEEL) as wheel:
        assert wheel.read("mfbook/__init__.py") == (ROOT / "mfbook/__init__.py").read_bytes()
    assert git(ROOT, "status", "--porcelain") == before
    # The copy holds what `sync` would write there.
    for path in notebooks.paths():
        copy = ready / "notebooks" / path.name
        assert links.synced(copy, "https://github.com/ann/films") == nbformat.read(copy, 4)


NOT_ALLOWED = (
    *("", "ann", "ann/", "/films", "ann/films/x", "ann/..", "-ann/films", "ann-/films", "a b/c"),
    *("ann/films.git", "ann/films\n", "ann/f?ms", "https://github.com/ann/films", "a" * 40 + "/b"),
)


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_names_that_github_does_not_allow(course, tmp_path, name):
    with pytest.raises(SystemExit, match=r"is no repository on GitHub. Write .* as OWNER/NAME\.$"):
        stamp.main(["--out", str(tmp_path / "ready"), "--", name])
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_filled(course, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name, message in {
        "full": "is not empty",
        "file": "is not a folder",
        "link": "is not a folder",
        "no/where": "There is no folder",
    }.items():
        with pytest.raises(SystemExit, match=message):
            stamp.main(["ann/films", "--out", str(tmp_path / name)])
    assert below(tmp_path) == ["file", "full/thesis.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("no wheel")])
def test_a_copy_that_fails_leaves_nothing(course, tmp_path, monkeypatch, error):
    def fail(folder):
        raise error

    monkeypatch.setattr(kit, "wheel", fail)
    (tmp_path / "ready").mkdir()
    with pytest.raises(SystemExit, match=r"No space left on device|no wheel"):
        stamp.main(["ann/films", "--out", str(tmp_path / "ready")])
    assert list((tmp_path / "ready").iterdir()) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "ready"]


def test_a_course_without_git(tmp_path, monkeypatch):
    (tmp_path / "course").mkdir()
    monkeypatch.setattr(stamp, "ROOT", tmp_path / "course")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(
        SystemExit, match=r"git cannot list the files of the course \(.*Run this in"
    ):
        stamp.main(["ann/films", "--out", str(tmp_path / "ready")])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        SystemExit, match=r"git cannot list the files of the course \(.*Run this in"
    ):
        stamp.main(["ann/films", "--out", str(tmp_path / "ready")])
    assert list(tmp_path.iterdir()) == [tmp_path / "course"]


def test_a_stamped_copy_is_not_stamped_again(course, tmp_path, monkeypatch):
    stamp.stamp("ann/films", tmp_path / "ready")
    git(tmp_path / "ready", "init", "--quiet")
    git(tmp_path / "ready", "add", "--all")
    monkeypatch.setattr(stamp, "ROOT", tmp_path / "ready")
    with pytest.raises(ValueError, match='no line `url: ""` under `repository`'):
        stamp.stamp("bob/films", tmp_path / "again")


def build(folder):
    """Build the book in a folder with this checkout's tools; return the exit code and the log."""
    pytest.importorskip("jupyter_book")
    (folder / "tools").symlink_to(ROOT / "tools")
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", "--warningiserror", "--nitpick", "--keep-going", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def page(folder, name):
    path = folder / "_build" / "html" / f"{name}.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def take_away(folder, name):
    """Texts and addresses of the links in the row below a title."""
    return {a.get_text(): a["href"] for a in page(folder, name).select(".take-away a")}


def test_a_stamped_book_has_one_address_and_its_downloads(course, tmp_path):
    ready = tmp_path / "ready"
    stamp.stamp("ann/films", ready)
    made = ready / "_build" / "kit"
    (made / "notebooks").mkdir(parents=True)
    (made / "notebooks" / WHEEL).write_text("wheel")
    made.with_suffix(".zip").write_text("kit")
    (made / "notebooks" / "01_prepare_the_data.ipynb").write_text("learner")
    code, log = build(ready)
    assert code == 0, log
    chapter = page(ready, "notebooks/01_prepare_the_data")
    site = "https://ann.github.io/films/"
    assert chapter.find("link", rel="canonical")["href"].startswith(f"{site}notebooks/01_")
    for name in ("og:url", "og:image"):
        assert chapter.find("meta", property=name)["content"].startswith(site)
    assert addresses.owned(str(chapter)) == {"ann/films", "ann.github.io"}
    assert chapter.find("a", href="https://github.com/ann/films")
    found = take_away(ready, "notebooks/01_prepare_the_data")
    downloads = {
        "notebook": b"learner",
        "wheel": b"wheel",
        "everything (kit.zip)": b"kit",
    }
    assert list(found) == [*downloads, "Google Colab", "Kaggle", "Binder"]
    for text, content in downloads.items():
        assert (ready / "_build/html/notebooks" / found[text]).resolve().read_bytes() == content
    # The row of the notebook is not shown as well.
    assert links.LINKS_START not in chapter.get_text()
    assert list(take_away(ready, "book/index")) == list(downloads)[1:]
    assert "Download" not in chapter.find("meta", property="og:description")["content"]
    assert not (ready / "_build/html/_sources").exists()
    assert "_sources" not in str(chapter)


def test_a_book_without_address_and_kit_says_so_and_has_no_dead_link(checkout, tmp_path):
    shutil.copytree(checkout, tmp_path / "book")
    code, log = build(tmp_path / "book")
    assert code != 0
    assert log.count("The pages offer no downloads: there is no _build/kit.zip.") == 1
    for name in ("notebooks/01_prepare_the_data", "book/index"):
        found = page(tmp_path / "book", name)
        assert take_away(tmp_path / "book", name) == {}
        assert addresses.hosts(str(found)) == set()
        assert not found.find("meta", property="og:url")
        assert not found.find("meta", property="og:image")


def test_the_workflow_pushes_the_branch_that_links_lead_to():
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())
    (job,) = workflow["jobs"].values()
    script = "\n".join(step.get("run", "") for step in job["steps"])
    stamped = script.index('-m tools.stamp "$GITHUB_REPOSITORY" --out ../ready\n')
    built = script.index("make -C ../ready book\n")
    pushed = script.index(f"git push --force origin FETCH_HEAD:refs/heads/{links.BRANCH}\n")
    assert stamped < built < pushed
    assert workflow["permissions"]["contents"] == "write"
