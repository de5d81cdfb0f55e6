"""Check that an argument is a `Split`."""

from __future__ import annotations

from mfbook.datasets.split import Split


def check_split(split: object) -> None:
    """Raise `ValueError` unless ``split`` is a `Split`.

    Examples
    --------
    >>> check_split([5, 3, 4])
    Traceback (most recent call last):
    ...
    ValueError: split is a list; pass a Split, for example one that datasets.load returns.
    """
    if not isinstance(split, Split):
        raise ValueError(
            f"split is a {type(split).__name__}; pass a Split, for example one that "
            "datasets.load returns."
        )
