"""Which devices can compute, and why a GPU is not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import functools
import os

from mfbook._validation import shown
from mfbook.exceptions import TrainingError
from mfbook.runtime import gpu
import mxnet as mx


def available() -> list[mx.Context]:
    """Devices that can be used, the fastest first; the CPU is always the last.

    A GPU counts only after a small computation on it gave the right answer.

    Returns
    -------
    list of mxnet.Context

    Notes
    -----
    Where the machine has a GPU that cannot be used, or MXNet's GPU build finds no GPU, the first
    call prints why, in one sentence. Chapter 6 explains devices.

    Examples
    --------
    >>> available()[-1]
    cpu(0)
    """
    listed = [mx.gpu(i) for i in range(mx.context.num_gpus())]
    computing = [device for device in listed if _computes(device)]
    if not computing:
        _say_why(len(listed))
    return [*computing, mx.cpu()]


def usable(device: mx.Context | Sequence[mx.Context] | None = None) -> list[mx.Context]:
    """Devices to compute on, as a list: the fastest one if none is named.

    Parameters
    ----------
    device : mxnet.Context or sequence of mxnet.Context, optional
        One device, or several different ones.

    Returns
    -------
    list of mxnet.Context

    Raises
    ------
    TrainingError
        If what is named is no device, cannot compute here, or is named twice.

    Notes
    -----
    Chapter 12 trains on two devices.

    Examples
    --------
    >>> usable(mx.cpu())
    [cpu(0)]
    """
    if device is None:
        return available()[:1]
    named = list(device) if isinstance(device, (list, tuple)) else [device]
    for one in named:
        if not isinstance(one, mx.Context):
            raise TrainingError(
                f"device is {shown(device)}; pass one of {available()}, several, or none."
            )
        if one.device_type != "cpu" and one not in available():
            raise TrainingError(
                f"MXNet cannot compute on {one} here. What it can use: "
                f"{', '.join(map(str, available()))}. Pass one of these, or no device at all."
            )
    if not named or len(set(named)) < len(named):
        raise TrainingError(f"device is {device!r}; name at least one device, and each only once.")
    return named


@contextmanager
def quiet_lazy_notice(lazy: bool) -> Iterator[None]:
    """Suppress the line that MXNet's C++ code prints when an update is lazy.

    Parameters
    ----------
    lazy : bool
        Whether updates inside the context are lazy; if not, nothing is suppressed.

    Notes
    -----
    Chapter 6 explains lazy updates.

    Examples
    --------
    >>> with quiet_lazy_notice(lazy=False):
    ...     print("shown")
    shown
    """
    if not lazy:
        yield
        return
    stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(devnull)


@functools.cache
def _say_why(n_listed: int) -> None:
    """Print why no GPU is used, if anybody could expect one to be."""
    built_for_gpu = mx.runtime.Features().is_enabled("CUDA")
    problem = gpu.driver_problem()
    if not built_for_gpu and problem is None:
        print("MXNet's CPU build is installed. For the GPU: `python -m mfbook install --gpu`.")
    elif built_for_gpu or n_listed:
        print((problem or "A computation on the GPU failed.") + " The CPU is used.")


def _computes(device: mx.Context) -> bool:
    try:
        return float((mx.nd.ones(3, ctx=device) * 2).sum().asscalar()) == 6.0
    except mx.MXNetError:
        return False
