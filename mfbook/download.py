"""Bring MovieLens 100K to this machine once, whole or not at all."""

import errno
import hashlib
import logging
import os
from pathlib import Path, PurePosixPath
import shutil
import tempfile
import warnings
import zipfile

from mfbook import synthetic
from mfbook.reading import DataError

URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
MD5 = {
    "u.data": "6e47046882bad158b0efbb84cd5cb987",
    "u.item": "c9e7f390115d79079537301d5204f3f7",
    "u.user": "1b53539edc13caad0282c8500608a319",
    "u1.base": "4325f44281c9f8c119a3694662d63fc2",
    "u1.test": "62d5d837e7c8e36550cc956b09c2ecc8",
}
NAMES = ("ml-100k", "synthetic")


def folder(name=None):
    """Return the folder with the files of a data set; fetch or make them where they lack.

    MovieLens is looked for in the folder that the environment variable ``MFBOOK_DATA`` names
    (as ``ml-100k/`` or ``ml-100k.zip``), then in this user's cache, then on GroupLens's server.

    Parameters
    ----------
    name : str, optional
        ``"ml-100k"`` or ``"synthetic"``; by default what ``MFBOOK_DATASET`` says, or else
        ``"ml-100k"``.

    Returns
    -------
    pathlib.Path
        A folder with u.data, u1.base, u1.test, …, u.item.

    Raises
    ------
    DataError
        If the data cannot be had; the message names the ways out.
    """
    name = dataset_name(name)
    cached = cache() / name
    if name == "synthetic":
        return cached if cached.is_dir() else _fill(cached, synthetic.write)
    if os.environ.get("MFBOOK_DATA"):
        return _local(Path(os.environ["MFBOOK_DATA"]).expanduser(), cached)
    if cached.is_dir():
        return cached
    archive = _download()
    return _fill(cached, lambda target: extract(archive, target))


def dataset_name(name=None):
    """Return the name of the data set to use; raise `DataError` for one that is not known."""
    name = name or os.environ.get("MFBOOK_DATASET") or "ml-100k"
    if name not in NAMES:
        raise DataError(f"There is no data set {name!r} here. Choose one of: {', '.join(NAMES)}.")
    return name


def cache():
    """Return this user's cache folder for the course."""
    pooch = _pooch()
    return Path(os.environ.get("MFBOOK_CACHE") or pooch.os_cache("mfbook"))


def extract(archive, target):
    """Unpack the files of ``ml-100k.zip`` into the folder ``target``.

    Raises
    ------
    DataError
        If the archive is damaged, or holds a name that points outside the folder.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            for member in content.infolist():
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts:
                    raise DataError(
                        f"{archive} holds {member.filename!r}, outside its own folder. Delete it."
                    )
                if not member.is_dir():
                    with content.open(member) as source, (target / path.name).open("wb") as copy:
                        shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, EOFError) as err:
        raise DataError(f"{archive} is damaged ({err}). Delete it and fetch it again.") from None


def damaged(place):
    """Return the first of the main files of MovieLens 100K in ``place`` that is not right, or None."""
    for name, digest in MD5.items():
        path = place / name
        if not path.is_file() or _pooch().file_hash(path, alg="md5") != digest:
            return path
    return None


def _pooch():
    """Return pooch, imported without tqdm's warning that ipywidgets are missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pooch
    return pooch


def _local(place, cached):
    """Return ml-100k as ``MFBOOK_DATA`` holds it, unpacked into the cache where it is a zip."""
    archive = place / "ml-100k.zip"
    if (place / "ml-100k").is_dir():
        return place / "ml-100k"
    if not archive.is_file():
        raise DataError(
            f"MFBOOK_DATA is {place}, which holds neither ml-100k/ nor ml-100k.zip. "
            "Point it at the folder that does, or unset it to download the data."
        )
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise DataError(
            f"{archive} is not the published ml-100k.zip: its SHA-256 differs, as after a download "
            f"that broke off ({archive.stat().st_size:,} bytes; 4,924,029 are right). Fetch it again from {URL}"
        )
    return cached if cached.is_dir() else _fill(cached, lambda target: extract(archive, target))


def _download():
    """Return the path of ml-100k.zip in the cache, downloaded and verified."""
    import requests

    pooch = _pooch()
    pooch.get_logger().setLevel(logging.WARNING)
    fetcher = pooch.create(
        path=cache(),
        base_url="",
        registry={"ml-100k.zip": f"sha256:{SHA256}"},
        urls={"ml-100k.zip": URL},
        retry_if_failed=2,
    )
    try:
        return fetcher.fetch("ml-100k.zip", progressbar=True)
    except (requests.RequestException, ValueError) as err:
        reason = (
            "what arrived is damaged: its checksum is wrong"
            if isinstance(err, ValueError)
            else "no answer"
        )
        raise DataError(
            f"MovieLens 100K could not be downloaded from {URL} ({reason}). Three ways out: "
            "try again later; or fetch that file by other means, put it into a folder and set MFBOOK_DATA to "
            "that folder; or set MFBOOK_DATASET=synthetic to work on the synthetic twin."
        ) from None
    except OSError as err:
        raise _cache_error(err) from None


def _fill(target, fill):
    """Make the folder ``target`` with ``fill(folder)``: complete, or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as work:
            part = Path(work) / "part"
            part.mkdir()
            fill(part)
            part.rename(target)
    except OSError as err:
        if target.is_dir():  # another process was faster
            return target
        raise _cache_error(err) from None
    return target


def _cache_error(err):
    full = "the disk is full" if err.errno == errno.ENOSPC else str(err)
    return DataError(
        f"The cache {cache()} could not be written: {full}. Free some space (50 MB are enough), "
        "or set MFBOOK_CACHE to a folder that can be written."
    )
