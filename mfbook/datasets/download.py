"""Download MovieLens 100K to this machine once, and check that it is complete."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from mfbook.datasets import synthetic
from mfbook.datasets._cache import cache, extract, import_pooch, make_folder, write_error
from mfbook.exceptions import DataError

__all__ = ["cache", "damaged", "dataset_name", "extract", "folder"]

URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
SIZE = 4_924_029
SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
MD5 = {
    "u.data": "6e47046882bad158b0efbb84cd5cb987",
    "u.item": "c9e7f390115d79079537301d5204f3f7",
    "u.user": "1b53539edc13caad0282c8500608a319",
    "u1.base": "4325f44281c9f8c119a3694662d63fc2",
    "u1.test": "62d5d837e7c8e36550cc956b09c2ecc8",
}
DATASETS = ("ml-100k", "synthetic")


def folder(name: str | None = None) -> Path:
    """Return the folder with the files of a data set; download or make them if necessary.

    MovieLens is looked for in the folder in the environment variable ``MFBOOK_DATA`` (as
    ``ml-100k/`` or ``ml-100k.zip``), then in the user's cache, then on the server of GroupLens.

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
        If the data cannot be found or downloaded; the message says what you can do.

    Notes
    -----
    See chapter 1.

    Examples
    --------
    >>> from mfbook import datasets
    >>> sorted(path.name for path in datasets.folder("synthetic").glob("u1.*"))
    ['u1.base', 'u1.test']
    """
    name = dataset_name(name)
    cached = cache() / name
    if name == "synthetic":
        return cached if cached.is_dir() else make_folder(cached, synthetic.write)
    if os.environ.get("MFBOOK_DATA"):
        return _local_folder(Path(os.environ["MFBOOK_DATA"]).expanduser(), cached)
    if cached.is_dir():
        return cached
    archive = _download()
    return make_folder(cached, lambda target: extract(archive, target))


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
    name = name or os.environ.get("MFBOOK_DATASET") or "ml-100k"
    if name not in DATASETS:
        raise DataError(f"There is no data set {name!r}. Choose one of: {', '.join(DATASETS)}.")
    return name


def damaged(folder: Path) -> Path | None:
    """Return the path of the first damaged or missing main file of MovieLens 100K, or None.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from mfbook.datasets import download
    >>> download.damaged(Path(tempfile.mkdtemp())).name
    'u.data'
    """
    for name, digest in MD5.items():
        path = folder / name
        if not path.is_file() or import_pooch().file_hash(path, alg="md5") != digest:
            return path
    return None


def _local_folder(data_folder: Path, cached: Path) -> Path:
    """Return the folder ml-100k in ``MFBOOK_DATA``; unpack it into the cache if it is a zip."""
    archive = data_folder / "ml-100k.zip"
    if (data_folder / "ml-100k").is_dir():
        return data_folder / "ml-100k"
    if not archive.is_file():
        raise DataError(
            f"MFBOOK_DATA is {data_folder}, but neither ml-100k/ nor ml-100k.zip is in that "
            "folder. Set it to the folder that has one of them, or unset it to download the data."
        )
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise DataError(
            f"{archive} is not the published ml-100k.zip: its SHA-256 is different. It has "
            f"{archive.stat().st_size:,} bytes instead of {SIZE:,}; perhaps its download was "
            f"interrupted. Download it again from {URL}"
        )
    return cached if cached.is_dir() else make_folder(cached, lambda path: extract(archive, path))


def _download() -> str:
    """Return the path of ml-100k.zip in the cache, downloaded and verified."""
    import requests

    pooch = import_pooch()
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
    except requests.RequestException:
        raise _download_error("the server did not answer") from None
    except ValueError:
        raise _download_error("the downloaded file is damaged: its checksum is wrong") from None
    except OSError as error:
        raise write_error(error) from None


def _download_error(reason: str) -> DataError:
    return DataError(
        f"MovieLens 100K could not be downloaded from {URL} ({reason}). Do one of three things: "
        "try again later; or download that file in another way, put it into a folder and set "
        "MFBOOK_DATA to that folder; or set MFBOOK_DATASET=synthetic to work on the synthetic twin."
    )
