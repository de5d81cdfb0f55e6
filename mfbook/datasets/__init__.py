"""From a file to a `Split`: MovieLens 100K, its synthetic twin, and ratings of your own."""

from mfbook.datasets.download import dataset_name, folder
from mfbook.datasets.movielens import load
from mfbook.datasets.reading import read_ratings
from mfbook.datasets.split import Split
from mfbook.datasets.splitters import (
    make_split,
    per_user_split,
    random_split,
    temporal_split,
)
from mfbook.datasets.twin import synthetic
from mfbook.exceptions import DataError

__all__ = [
    "DataError",
    "Split",
    "dataset_name",
    "folder",
    "load",
    "make_split",
    "per_user_split",
    "random_split",
    "read_ratings",
    "synthetic",
    "temporal_split",
]
