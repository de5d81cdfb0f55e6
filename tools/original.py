"""The code of MXNet's tutorial of 2016, taken from the cells of appendix A that show it."""

import math
from pathlib import Path
import random

from mfbook import datasets
import mxnet as mx

from tools import reading

APPENDIX = Path(__file__).resolve().parent.parent / "notebooks" / "A_the_original_today.ipynb"


def definitions(**variables):
    """Classes and functions of the original tutorial.

    Parameters
    ----------
    **variables
        What the code expects to be defined already: ``max_user``, ``max_item``, ``ctx``.

    Returns
    -------
    dict
        Name to class or function: ``DataIter``, ``RMSE``, ``plain_net``, …, from the cells that
        are tagged ``original``.
    """
    namespace = {"math": math, "random": random, "mx": mx, "Path": Path, "datasets": datasets}
    namespace |= variables
    for cell in reading.read(APPENDIX).cells:
        if "original" in cell.metadata.get("tags", []):
            exec(cell.source, namespace)
    return namespace
