"""MovieLens is downloaded completely and verified, or not at all and with advice."""

import errno
import hashlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import zipfile

from mfbook import datasets
from mfbook.datasets import _cache, download
import pooch
import pytest
import requests

RATING = "1\t1\t5\t0\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty cache; without MFBOOK_DATA, and with a server that never answers."""
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MFBOOK_DATA", raising=False)
    monkeypatch.delenv("MFBOOK_DATASET", raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)  # between two tries
    # A small MovieLens.
    monkeypatch.setattr(download, "FILES", {"u.data": (len(RATING), "")})
    serve(monkeypatch, fails=10)
    return tmp_path / "cache"


def serve(monkeypatch, content=b"", fails=0):
    """Answer downloads with ``content`` after ``fails`` refusals; return the list of calls."""
    calls = []

    def get(self, url, output, *_, **__):
        calls.append(url)
        if len(calls) <= fails:
            raise requests.ConnectionError("refused")
        Path(output).write_bytes(content)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", get)
    return calls


def make_zip(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path.read_bytes()


def publish(monkeypatch, content):
    """Make ``content`` the published archive."""
    monkeypatch.setattr(download, "SHA256", hashlib.sha256(content).hexdigest())


def nothing_left(cache):
    return not cache.exists() or not any(cache.iterdir())


def test_download_retries_unpacks_and_caches(cache, tmp_path, monkeypatch):
    content = make_zip(tmp_path / "a.zip", {"ml-100k/": "", "ml-100k/u.data": RATING})
    publish(monkeypatch, content)
    calls = serve(monkeypatch, content, fails=2)
    folder = datasets.folder()
    assert calls == [download.URL] * 3
    assert (folder / "u.data").read_text() == RATING
    assert datasets.folder() == folder
    assert len(calls) == 3


def test_without_network_the_error_names_three_things_to_do(cache):
    with pytest.raises(datasets.DataError) as caught:
        datasets.folder()
    for advice in (download.URL, "MFBOOK_DATA", "MFBOOK_DATASET=synthetic", "did not answer"):
        assert advice in str(caught.value)
    assert nothing_left(cache)


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_that_answers_with_an_error(cache, monkeypatch, status):
    def get(*_, **__):
        response = requests.Response()
        response.status_code, response.reason = status, "Some Reason"
        response.raise_for_status()

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", get)
    with pytest.raises(datasets.DataError, match=f"the server answered: {status} Some Reason"):
        datasets.folder()
    assert nothing_left(cache)


def test_wrong_checksum(cache, monkeypatch):
    serve(monkeypatch, b"a page of a captive portal")
    with pytest.raises(datasets.DataError, match="checksum is wrong"):
        datasets.folder()
    assert nothing_left(cache)


def test_full_disk_while_unpacking(cache, tmp_path, monkeypatch):
    content = make_zip(tmp_path / "a.zip", {"ml-100k/u.data": RATING, "ml-100k/u.item": "x"})
    publish(monkeypatch, content)
    serve(monkeypatch, content)
    copied = []

    def copy(source, target):
        if copied:
            raise OSError(errno.ENOSPC, "No space left on device")
        copied.append(target.write(source.read()))

    monkeypatch.setattr(_cache.shutil, "copyfileobj", copy)
    with pytest.raises(datasets.DataError, match=r"the disk is full. Free some space"):
        datasets.folder()
    assert [path.name for path in cache.iterdir()] == [
        "ml-100k.zip"
    ]  # complete: not downloaded again


def test_full_disk_while_downloading(cache, monkeypatch):
    def get(self, url, output, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", get)
    with pytest.raises(datasets.DataError, match=r"the disk is full. Free some space"):
        datasets.folder()
    assert nothing_left(cache)


def test_cache_that_cannot_be_written(cache, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(datasets.DataError, match=r"could not be written.*MFBOOK_CACHE") as caught:
        datasets.folder("synthetic")
    assert f"there is a file where a folder should be ({tmp_path}/file" in str(caught.value)
    assert "Free some space" not in str(caught.value)


def test_a_file_in_the_place_of_the_data(cache):
    cache.mkdir()
    (cache / "synthetic").write_text("")
    with pytest.raises(datasets.DataError, match=r"file where a folder should be .*synthetic"):
        datasets.folder("synthetic")
    assert [path.name for path in cache.iterdir()] == ["synthetic"]


@pytest.mark.parametrize("lost", [download.TWIN_FILES, ["u3.base"], ["u.genre"]], ids=len)
@pytest.mark.parametrize(
    "way", [Path.unlink, lambda path: path.write_text("")], ids=["no", "empty"]
)
def test_an_incomplete_twin_is_made_again(cache, lost, way):
    folder = datasets.folder("synthetic")
    assert sorted(path.name for path in folder.iterdir()) == sorted(download.TWIN_FILES)
    assert len(download.TWIN_FILES) == 13
    before = {name: (folder / name).read_bytes() for name in download.TWIN_FILES}
    for name in lost:
        way(folder / name)
    (folder / "thesis.txt").write_text("thesis")
    assert datasets.folder("synthetic") == folder
    assert {name: (folder / name).read_bytes() for name in download.TWIN_FILES} == before
    assert (folder / "thesis.txt").read_text() == "thesis"
    assert [path.name for path in cache.iterdir()] == ["synthetic"]


def test_a_twin_that_cannot_be_made_again(cache):
    (cache / "synthetic/u.data").mkdir(parents=True)
    with pytest.raises(datasets.DataError, match=r"could not be written: .*u\.data.*MFBOOK_CACHE"):
        datasets.folder("synthetic")
    assert [path.name for path in cache.iterdir()] == ["synthetic"]


def test_another_error_of_the_disk(cache):
    error = _cache.write_error(OSError(errno.EROFS, "Read-only file system", "u.data"))
    assert "Read-only file system: 'u.data'. Set MFBOOK_CACHE" in str(error)


KILLED = """
import os, signal
from mfbook.datasets import _cache, download

def kill(folder):
    (folder / "u.data").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

_cache.make_folder(download.cache() / "ml-100k", kill)
"""


def test_a_killed_process_leaves_nothing_for_ever(cache):
    """The next process that unpacks deletes what a killed one left, and only that."""
    subprocess.run([sys.executable, "-c", KILLED])
    [left] = cache.iterdir()
    host, process = re.fullmatch(r"\.unfinished-([^-]+)-(\d+)-.*", left.name).groups()
    stay = [
        # Of a process that runs; of a user; killed just now; of another host, and of one whose name
        # begins like this one's.
        cache / f".unfinished-{host}-{os.getpid()}-x",
        cache / f".unfinished-{host}-thesis-x",
        cache / f".unfinished-{host}-{process}-young",
        cache / f".unfinished-other-{process}-x",
        cache / f".unfinished-{host}2-{process}-x",
        cache / f".unfinished-{process}-x",
    ]
    for folder in stay:
        folder.mkdir()
    for folder in (left, *stay):
        if not folder.name.endswith("young"):
            os.utime(folder, (0, 0))
    _cache.make_folder(cache / "twin", lambda folder: None)
    assert sorted(cache.iterdir()) == sorted([*stay, cache / "twin"])
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "part"), [("my-host.org", "my_host.org"), ("a/b*", "a_b_"), ("", "localhost")]
)
def test_any_name_of_a_host_fits_into_the_name_of_a_folder(cache, monkeypatch, name, part):
    monkeypatch.setattr(_cache.platform, "node", lambda: name)
    cache.mkdir()
    with _cache.work_folder(cache) as work:
        assert work.name.startswith(f".unfinished-{part}-{os.getpid()}-")
    assert nothing_left(cache)


def test_the_work_of_other_users_stays(monkeypatch):
    def refuse(process, signal):
        raise PermissionError

    monkeypatch.setattr(_cache.os, "kill", refuse)
    assert _cache._is_running(1)
    monkeypatch.setattr(_cache.os, "name", "nt")
    assert _cache._is_running(1)


def test_home_in_paths(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MFBOOK_CACHE", "~/elsewhere")
    assert download.cache() == tmp_path / "elsewhere"
    (tmp_path / "data/ml-100k").mkdir(parents=True)
    (tmp_path / "data/ml-100k/u.data").write_text(RATING)
    monkeypatch.setenv("MFBOOK_DATA", "~/data")
    assert datasets.folder() == tmp_path / "data/ml-100k"


@pytest.mark.parametrize("variable", ["MFBOOK_CACHE", "MFBOOK_DATA"])
@pytest.mark.parametrize(
    ("value", "reason"), [("~nosuchuser/x", "home folder is unknown"), ("x" * 300, "too long")]
)
def test_paths_that_cannot_be(cache, monkeypatch, variable, value, reason):
    monkeypatch.setenv(variable, value)
    with pytest.raises(datasets.DataError, match=rf"{variable} is .*{reason}.*unset it"):
        datasets.folder()


def test_another_process_was_faster(cache):
    def fill(folder):
        (cache / "twin").mkdir()
        (cache / "twin" / "u.data").write_text("of the other process")
        (folder / "u.data").write_text("of this process")

    folder = _cache.make_folder(cache / "twin", fill)
    assert (folder / "u.data").read_text() == "of the other process"
    assert [path.name for path in cache.iterdir()] == ["twin"]


def test_truncated_zip(tmp_path):
    content = make_zip(tmp_path / "a.zip", {"ml-100k/u.data": RATING * 1000})
    (tmp_path / "a.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(datasets.DataError, match=r"a\.zip is damaged .* Delete it"):
        download.extract(tmp_path / "a.zip", tmp_path)


def test_damage_inside_a_zip(tmp_path):
    """Whatever bit is wrong, the archive is damaged or still unpacks."""
    content = make_zip(tmp_path / "a.zip", {"ml-100k/u.data": RATING * 9}, zipfile.ZIP_DEFLATED)
    (tmp_path / "in").mkdir()
    n_refused = 0
    for position in range(len(content)):
        for bit in (1, 8, 128):
            wrong = bytearray(content)
            wrong[position] ^= bit
            (tmp_path / "a.zip").write_bytes(wrong)
            try:
                download.extract(tmp_path / "a.zip", tmp_path / "in")
            except datasets.DataError:
                n_refused += 1
    assert n_refused > len(content)


@pytest.mark.parametrize("name", ["../evil", "ml-100k/../../evil", "/etc/evil", "..\\evil"])
def test_zip_that_points_outside(tmp_path, name):
    make_zip(tmp_path / "a.zip", {name: "boo"})
    (tmp_path / "in").mkdir()
    with pytest.raises(datasets.DataError, match="has a file outside its own folder"):
        download.extract(tmp_path / "a.zip", tmp_path / "in")
    assert not (tmp_path / "evil").exists()
    assert not any((tmp_path / "in").iterdir())


def test_folder_by_hand(cache, tmp_path, monkeypatch):
    (tmp_path / "ml-100k").mkdir()
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    with pytest.raises(datasets.DataError, match=r"u\.data is missing. Unpack all of ml-100k\.zip"):
        datasets.folder()
    (tmp_path / "ml-100k/u.data").write_text(RATING)
    assert datasets.folder() == tmp_path / "ml-100k"
    (tmp_path / "ml-100k/u.data").write_text(RATING[:-3])
    with pytest.raises(datasets.DataError, match=r"has 5 bytes instead of 8\. Unpack all of"):
        datasets.folder()


def test_a_damaged_file_in_the_cache(cache):
    (cache / "ml-100k").mkdir(parents=True)
    (cache / "ml-100k/u.data").write_text(RATING * 2)
    remedy = f"Delete the folder {cache}/ml-100k; then it is downloaded again"
    with pytest.raises(datasets.DataError, match=re.escape(remedy)):
        datasets.folder()


@pytest.mark.parametrize("name", ["u1.base", "u1.test", "u.item", "u.user", "u.genre"])
def test_a_damaged_file_is_not_loaded(movielens, monkeypatch, tmp_path, name):
    """One digit is wrong, so that the size and the form are right."""
    copy = tmp_path / "ml-100k"
    shutil.copytree(download.folder("ml-100k"), copy)
    content = (copy / name).read_bytes()
    last = max(content.rfind(digit) for digit in (b"1", b"3", b"5"))
    (copy / name).chmod(0o644)
    (copy / name).write_bytes(content[:last] + b"2" + content[last + 1 :])
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    with pytest.raises(datasets.DataError, match=f"{name} is damaged: its MD5 is .* Unpack all of"):
        datasets.load("ml-100k")
    # Another fold does not need the ratings of this one.
    if name.startswith("u1"):
        assert datasets.load("ml-100k", fold=2).dataset == "ml-100k"


def test_an_archive_that_cannot_be_read(cache, tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "ml-100k.zip").touch()
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    monkeypatch.setattr(download.Path, "read_bytes", refuse)
    with pytest.raises(datasets.DataError, match=r"ml-100k\.zip cannot be read: Permission denied"):
        datasets.folder()


def test_zip_by_hand(cache, tmp_path, monkeypatch):
    content = make_zip(tmp_path / "ml-100k.zip", {"ml-100k/u.data": RATING})
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    with pytest.raises(datasets.DataError, match="is not the published"):
        datasets.folder()
    assert nothing_left(cache)
    publish(monkeypatch, content)
    assert (datasets.folder() / "u.data").is_file()


def test_wrong_folder_by_hand(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    with pytest.raises(
        datasets.DataError, match=r"neither ml-100k/ nor ml-100k\.zip is in that folder"
    ):
        datasets.folder()


def test_unknown_data_set(cache, monkeypatch):
    with pytest.raises(datasets.DataError, match=r"no data set 'ml-1m'. Choose one of: ml-100k"):
        datasets.load("ml-1m")
    monkeypatch.setenv("MFBOOK_DATASET", "sinthetic")
    with pytest.raises(datasets.DataError, match="'sinthetic'"):
        datasets.load()


@pytest.mark.parametrize("name", [0, False, "", 1.5])
def test_what_is_no_name_is_no_data_set(cache, name):
    with pytest.raises(datasets.DataError, match=f"There is no data set {name!r}"):
        datasets.load(name)


def test_no_name_is_the_name_in_the_environment(cache, monkeypatch):
    monkeypatch.setenv("MFBOOK_DATASET", "synthetic")
    assert datasets.load(None).dataset == "synthetic"


def test_an_archive_that_is_not_there(tmp_path):
    with pytest.raises(datasets.DataError, match=r"There is no archive .*a\.zip"):
        download.extract(tmp_path / "a.zip", tmp_path)


def test_a_relative_folder_stays_the_same_folder(cache, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MFBOOK_CACHE", "here")
    assert download.cache() == tmp_path / "here"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert download.cache() == tmp_path / "here"


@pytest.mark.parametrize("variable", ["MFBOOK_CACHE", "MFBOOK_DATA"])
def test_quotation_marks_around_a_folder(cache, monkeypatch, variable):
    monkeypatch.setenv(variable, '"/data"')
    with pytest.raises(datasets.DataError, match=f"{variable} is .*with quotation marks"):
        datasets.folder()


def test_without_a_home_the_cache_needs_a_name(cache, monkeypatch):
    def unknown(name):
        raise RuntimeError("could not determine the home directory for '~/.cache'")

    monkeypatch.delenv("MFBOOK_CACHE")
    monkeypatch.setattr(pooch, "os_cache", unknown)
    with pytest.raises(datasets.DataError, match=r"your home folder is unknown. Set MFBOOK_CACHE"):
        datasets.folder()
    monkeypatch.setattr(pooch, "os_cache", lambda name: Path("/", "a" * 300, name))
    with pytest.raises(datasets.DataError, match=r"File name too long. Set MFBOOK_CACHE"):
        datasets.folder("synthetic")


def test_data_in_a_folder_need_no_cache(cache, tmp_path, monkeypatch):
    def unknown(name):
        raise RuntimeError("could not determine the home directory for '~/.cache'")

    monkeypatch.delenv("MFBOOK_CACHE")
    monkeypatch.setattr(pooch, "os_cache", unknown)
    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    (tmp_path / "ml-100k").mkdir()
    (tmp_path / "ml-100k/u.data").write_text(RATING)
    assert datasets.folder() == tmp_path / "ml-100k"
    (tmp_path / "ml-100k/u.data").write_text("1")
    with pytest.raises(datasets.DataError, match=r"Unpack all of ml-100k\.zip there again"):
        datasets.folder()


def test_a_folder_that_may_not_be_searched(cache, tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setenv("MFBOOK_DATA", str(tmp_path))
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(
        datasets.DataError, match=r"ml-100k cannot be read: Permission denied. Make"
    ):
        datasets.folder()
