"""Helpers for the course *Matrix Factorization in MXNet*.

Importing this package arranges that a later ``import mxnet as mx`` works on today's NumPy and
Python. It imports neither MXNet nor NumPy nor pandas, and touches no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbook.runtime import compat

if TYPE_CHECKING:
    from mfbook.model import Model

__all__ = ["Model", "__version__"]
__version__ = "0.1.0"

compat.install_hook()


def __getattr__(name: str) -> object:
    """Import `Model` when it is first asked for."""
    if name == "Model":
        from mfbook.model import Model

        return Model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
