"""Download MovieLens 100K to this machine once, and check that its files are as published."""

from __future__ import annotations

from collections.abc import Iterable
import contextlib
import hashlib
import logging
import os
from pathlib import Path

from mfbook._validation import shown
from mfbook.datasets import twin
from mfbook.datasets._cache import (
    cache,
    environment_folder,
    extract,
    import_pooch,
    make_folder,
    work_folder,
    write_error,
)
from mfbook.exceptions import DataError

__all__ = ["cache", "dataset_name", "extract", "files", "folder"]

URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
SIZE = 4_924_029
SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
# The files of the archive that the course uses: their sizes in bytes and their MD5.
FILES = {
    "u.data": (1_979_173, "6e47046882bad158b0efbb84cd5cb987"),
    "u.item": (236_344, "c9e7f390115d79079537301d5204f3f7"),
    "u.user": (22_628, "1b53539edc13caad0282c8500608a319"),
    "u.genre": (202, "a7578bdb37758741ae9429d2c736af18"),
    "u1.base": (1_586_544, "4325f44281c9f8c119a3694662d63fc2"),
    "u1.test": (392_629, "62d5d837e7c8e36550cc956b09c2ecc8"),
    "u2.base": (1_583_948, "79541afecccbd5365bb2c09b123a01c7"),
    "u2.test": (395_225, "1951a71b7e1f4ed254508007fa2f6b70"),
    "u3.base": (1_582_546, "55c67a63f516fa9e593d68c3be779970"),
    "u3.test": (396_627, "cb3e4d0a9152041772285232ca002d4f"),
    "u4.base": (1_581_878, "66f64a75eeeffd20ff09533bcd31adcf"),
    "u4.test": (397_295, "328acfca94e85d01b1d7e92c7d73df3b"),
    "u5.base": (1_581_776, "0becb3392339231c08ba316944c79095"),
    "u5.test": (397_397, "bec898f7091dba3b7bdf793d1998d2d6"),
}
# The files of the synthetic twin, which has no users' attributes.
TWIN_FILES = tuple(name for name in FILES if name != "u.user")
DATASETS = ("ml-100k", "synthetic")


def folder(name: str | None = None) -> Path:
    """Return the folder with the files of a data set; download or make them if necessary.

    MovieLens is looked for in the folder in the environment variable ``MFBOOK_DATA`` (as
    ``ml-100k/`` or ``ml-100k.zip``), then in the user's cache, then on the server of GroupLens.
    The synthetic twin is made in the cache, again if one of its files is missing or empty.

    Parameters
    ----------
    name : str, optional
        ``"ml-100k"`` or ``"synthetic"``. If it is not given, the environment variable
        ``MFBOOK_DATASET`` decides, and without that variable it is ``"ml-100k"``.

    Returns
    -------
    pathlib.Path
        A folder with u.data, u1.base, u1.test, …, u.item.

    Raises
    ------
    DataError
        If the data cannot be found or downloaded, or if a file is missing or has not the size of
        the published one; the message says what you can do.

    Notes
    -----
    See chapter 1.

    Examples
    --------
    >>> from mfbook import datasets
    >>> sorted(path.name for path in datasets.folder("synthetic").glob("u1.*"))
    ['u1.base', 'u1.test']
    """
    try:
        if dataset_name(name) == "synthetic":
            return _twin_folder()
        found = _movielens_folder()
    except OSError as error:
        raise DataError(
            f"{error.filename} cannot be read: {error.strerror}. Make it readable, or set "
            "MFBOOK_DATA or MFBOOK_CACHE to another folder."
        ) from None
    for file in FILES:
        _check_size(found / file)
    return found


def _twin_folder() -> Path:
    """Return the folder of the synthetic twin in the cache, complete."""
    cached = cache() / "synthetic"
    if not cached.is_dir():
        make_folder(cached, twin.write)
    if not all(_has_content(cached / file) for file in TWIN_FILES):
        _write_twin_again(cached)
    return cached


def _movielens_folder() -> Path:
    """Return the folder of MovieLens 100K in MFBOOK_DATA or in the cache."""
    data_folder = environment_folder("MFBOOK_DATA")
    if data_folder:
        return _local_folder(data_folder)
    cached = cache() / "ml-100k"
    if cached.is_dir():
        return cached
    archive = _download()
    return make_folder(cached, lambda target: extract(archive, target))


def files(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return the paths of files of MovieLens 100K, if their content is what was published.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are.
    names : iterable of str
        The names of the files, for example ``["u1.base", "u1.test"]``.

    Raises
    ------
    DataError
        If a file is missing or damaged.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook import datasets
    >>> from mfbook.datasets import download
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "u.genre").write_text("unknown|0")
    >>> try:
    ...     download.files(folder, ["u.genre"])
    ... except datasets.DataError as error:
    ...     print(error)
    /.../u.genre is damaged: it has 9 bytes instead of 202. Unpack all of ml-100k.zip there again.
    """
    paths = [folder / name for name in names]
    for path in paths:
        _check_size(path)
        digest = hashlib.md5(_read(path), usedforsecurity=False).hexdigest()
        if digest != FILES[path.name][1]:
            raise _damage(path, f"damaged: its MD5 is {digest} instead of {FILES[path.name][1]}")
    return paths


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _write_twin_again(folder: Path) -> None:
    """Put every file of the twin into its folder; whatever else is there stays."""
    try:
        with work_folder(folder.parent) as work:
            twin.write(work)
            for file in TWIN_FILES:
                (work / file).replace(folder / file)
    except OSError as error:
        raise write_error(error) from None


def _check_size(path: Path) -> None:
    """Raise `DataError` if a file is missing or has not the size of the published one."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise _damage(path, "missing") from None
    except OSError as error:
        raise _read_error(path, error) from None
    if size != FILES[path.name][0]:
        raise _damage(path, f"damaged: it has {size:,} bytes instead of {FILES[path.name][0]:,}")


def _damage(path: Path, problem: str) -> DataError:
    remedy = "Unpack all of ml-100k.zip there again."
    # Where there is no cache, the file is not in it.
    with contextlib.suppress(DataError):
        if path.parent == cache() / "ml-100k":
            remedy = f"Delete the folder {path.parent}; then it is downloaded again."
    return DataError(f"{path} is {problem}. {remedy}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _read_error(path, error) from None


def _read_error(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be read: {error.strerror}. Make it readable, or set MFBOOK_DATA to another "
        "folder with MovieLens 100K."
    )


def dataset_name(name: str | None = None) -> str:
    """Return the name of the data set to use; raise `DataError` if there is no such data set.

    Parameters
    ----------
    name : str, optional
        If it is not given, the environment variable ``MFBOOK_DATASET`` decides, and without
        that variable it is ``"ml-100k"``.

    Notes
    -----
    See chapter 1.

    Examples
    --------
    >>> from mfbook import datasets
    >>> datasets.dataset_name("synthetic")
    'synthetic'
    """
    if name is None:
        name = os.environ.get("MFBOOK_DATASET") or "ml-100k"
    if not isinstance(name, str) or name not in DATASETS:
        raise DataError(
            f"There is no data set {shown(name)}. Choose one of: {', '.join(DATASETS)}."
        )
    return name


def _local_folder(data_folder: Path) -> Path:
    """Return the folder ml-100k in ``MFBOOK_DATA``; unpack it into the cache if it is a zip."""
    archive = data_folder / "ml-100k.zip"
    if (data_folder / "ml-100k").is_dir():
        return data_folder / "ml-100k"
    if not archive.is_file():
        raise DataError(
            f"MFBOOK_DATA is {data_folder}, but neither ml-100k/ nor ml-100k.zip is in that "
            "folder. Set it to the folder that has one of them, or unset it to download the data."
        )
    if hashlib.sha256(_read(archive)).hexdigest() != SHA256:
        raise DataError(
            f"{archive} is not the published ml-100k.zip: its SHA-256 is different. It has "
            f"{archive.stat().st_size:,} bytes instead of {SIZE:,}; perhaps its download was "
            f"interrupted. Download it again from {URL}"
        )
    cached = cache() / "ml-100k"
    return cached if cached.is_dir() else make_folder(cached, lambda path: extract(archive, path))


def _download() -> Path:
    """Return the path of ml-100k.zip in the cache, downloaded and verified."""
    import requests

    archive = cache() / "ml-100k.zip"
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        if archive.is_file() and hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256:
            return archive
        with work_folder(archive.parent) as work:
            return _fetch(work).replace(archive)
    except requests.HTTPError as error:
        answer = f"{error.response.status_code} {error.response.reason}"
        raise _download_error(f"the server answered: {answer}") from None
    except requests.RequestException:
        raise _download_error("the server did not answer") from None
    except ValueError:
        raise _download_error("the downloaded file is damaged: its checksum is wrong") from None
    except OSError as error:
        raise write_error(error) from None


def _fetch(folder: Path) -> Path:
    """Download ml-100k.zip into a folder; try three times."""
    pooch = import_pooch()
    pooch.get_logger().setLevel(logging.WARNING)
    fetcher = pooch.create(
        path=folder,
        base_url="",
        registry={"ml-100k.zip": f"sha256:{SHA256}"},
        urls={"ml-100k.zip": URL},
        retry_if_failed=2,
    )
    return Path(fetcher.fetch("ml-100k.zip", progressbar=True))


def _download_error(reason: str) -> DataError:
    return DataError(
        f"MovieLens 100K could not be downloaded from {URL} ({reason}). Do one of three things: "
        "try again later; or download that file in another way, put it into a folder and set "
        "MFBOOK_DATA to that folder; or set MFBOOK_DATASET=synthetic to work on the synthetic twin."
    )
