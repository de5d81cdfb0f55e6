"""MovieLens is downloaded completely and verified, or not at all and with advice."""

import errno
import hashlib
from pathlib import Path
import zipfile

from mfbook import datasets
from mfbook.datasets import _cache, download
import pooch
import pytest
import requests


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty cache; without MFBOOK_DATA, and with a server that never answers."""
    monkeypatch.setenv("MFBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MFBOOK_DATA", raising=False)
    monkeypatch.delenv("MFBOOK_DATASET", raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)  # between two tries
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


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path.read_bytes()


def publish(monkeypatch, content):
    """Make ``content`` the published archive."""
    monkeypatch.setattr(download, "SHA256", hashlib.sha256(content).hexdigest())


def nothing_left(cache):
    return not cache.exists() or not any(cache.iterdir())


def test_download_retries_unpacks_and_caches(cache, tmp_path, monkeypatch):
    content = make_zip(tmp_path / "a.zip", {"ml-100k/": "", "ml-100k/u.data": "1\t1\t5\t0\n"})
    publish(monkeypatch, content)
    calls = serve(monkeypatch, content, fails=2)
    folder = datasets.folder()
    assert calls == [download.URL] * 3
    assert (folder / "u.data").read_text() == "1\t1\t5\t0\n"
    assert datasets.folder() == folder
    assert len(calls) == 3


def test_without_network_the_error_names_three_things_to_do(cache):
    with pytest.raises(datasets.DataError) as caught:
        datasets.folder()
    for advice in (download.URL, "MFBOOK_DATA", "MFBOOK_DATASET=synthetic", "did not answer"):
        assert advice in str(caught.value)
    assert nothing_left(cache)


def test_wrong_checksum(cache, monkeypatch):
    serve(monkeypatch, b"a page of a captive portal")
    with pytest.raises(datasets.DataError, match="checksum is wrong"):
        datasets.folder()
    assert nothing_left(cache)


def test_full_disk_while_unpacking(cache, tmp_path, monkeypatch):
    content = make_zip(
        tmp_path / "a.zip", {"ml-100k/u.data": "1\t1\t5\t0\n", "ml-100k/u.item": "x"}
    )
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
    with pytest.raises(datasets.DataError, match=r"could not be written.*MFBOOK_CACHE"):
        datasets.folder("synthetic")


def test_another_process_was_faster(cache):
    def fill(folder):
        (cache / "twin").mkdir()
        (cache / "twin" / "u.data").write_text("of the other process")
        (folder / "u.data").write_text("of this process")

    folder = _cache.make_folder(cache / "twin", fill)
    assert (folder / "u.data").read_text() == "of the other process"
    assert [path.name for path in cache.iterdir()] == ["twin"]


def test_truncated_zip(tmp_path):
    content = make_zip(tmp_path / "a.zip", {"ml-100k/u.data": "1\t1\t5\t0\n" * 1000})
    (tmp_path / "a.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(datasets.DataError, match=r"a\.zip is damaged .* Delete it"):
        download.extract(tmp_path / "a.zip", tmp_path)


def test_damage_inside_a_zip(tmp_path):
    content = bytearray(make_zip(tmp_path / "a.zip", {"ml-100k/u.data": "1\t1\t5\t0\n" * 1000}))
    content[100] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(datasets.DataError, match=r"a\.zip is damaged"):
        download.extract(tmp_path / "a.zip", tmp_path)


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
    assert datasets.folder() == tmp_path / "ml-100k"


def test_zip_by_hand(cache, tmp_path, monkeypatch):
    content = make_zip(tmp_path / "ml-100k.zip", {"ml-100k/u.data": "1\t1\t5\t0\n"})
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
