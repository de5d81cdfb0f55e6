"""What every command needs that stores results: the real data, not the twin."""

import sys

from mfbook import datasets


def require(what):
    """Exit with a sentence unless MovieLens 100K is chosen and at hand.

    Parameters
    ----------
    what : str
        What is made on MovieLens only, in the plural.
    """
    try:
        if datasets.dataset_name() != "ml-100k":
            sys.exit(f"{what} are made on MovieLens only: unset MFBOOK_DATASET.")
        datasets.folder()
    except datasets.DataError as error:
        sys.exit(str(error))
