"""Helpers for the course *Matrix Factorization in MXNet*.

Importing this package arranges that a later ``import mxnet as mx`` works on today's
NumPy and Python. It imports neither MXNet nor pandas and touches no network.
"""

from mfbook import compat

__version__ = "0.1.0"

compat.install_hook()
