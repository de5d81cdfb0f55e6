"""NumPy as MXNet 1.9.1 knows it: what NumPy 2 removed or changed, for MXNet's modules only.

NumPy itself is not changed. The names and differences were found by reading MXNet's sources for
all that they use of NumPy and SciPy, and by comparing its results on NumPy 1.23 and NumPy 2.

``Str``, ``represent``
    ``str`` and ``repr`` that print NumPy numbers as NumPy 1 did. MXNet hands shapes, axes and
    attributes to its C++ core as text; NumPy 2 writes ``(np.int64(3), 2)``, which the core rejects.
``numpy_view``
    NumPy with the names that NumPy 2 removed, and with what it changed about those that stayed.
``SOURCE``
    Expressions that are replaced in the source of a module, before it runs.
``AFTERWARDS``
    For each module, a function that changes it after it ran.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
import functools
import types
from typing import Any

_ATOMS = (str, int, float, bool, type(None))

# MXNet only looks these up. The financial functions left NumPy in 1.20 (NEP 32).
_FINANCIAL = ("mirr", "npv", "pmt", "ppmt", "pv", "rate")
_LOOKED_UP = (*_FINANCIAL, "product", "round_", "sometrue")


def _to_text(convert: Callable[[Any], str], obj: Any) -> str:
    """``convert(obj)`` with NumPy numbers written as NumPy 1 wrote them."""
    kind = type(obj)
    if kind in _ATOMS or (kind in (tuple, list) and all(type(x) in _ATOMS for x in obj)):
        return convert(obj)
    import numpy as np

    # NumPy 1 needs no option, and does not know this one.
    if np.__version__.startswith("1."):
        return convert(obj)
    with np.printoptions(legacy="1.25"):
        return convert(obj)


class _StrMeta(type):
    def __instancecheck__(cls, obj: Any) -> bool:
        return cls.__subclasscheck__(type(obj))

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, builtins.str) if cls is Str else type.__subclasscheck__(cls, kind)


class Str(builtins.str, metaclass=_StrMeta):
    """``str`` as MXNet's modules see it: the same checks, NumPy 1's spelling of numbers."""

    def __new__(cls, obj: Any = "", *args: Any, **kwargs: Any) -> Any:
        # A class of MXNet's that derives from str.
        if cls is not Str:
            return builtins.str.__new__(cls, obj, *args, **kwargs)
        # str(bytes, encoding)
        if args or kwargs:
            return builtins.str(obj, *args, **kwargs)
        return _to_text(builtins.str, obj)


def represent(obj: Any) -> str:
    """``repr(obj)`` with NumPy numbers written as NumPy 1 wrote them."""
    return _to_text(builtins.repr, obj)


def _view(module: types.ModuleType, names: Mapping[str, Any]) -> types.ModuleType:
    """A module as it is, except for some names."""
    view = types.ModuleType(module.__name__, module.__doc__)
    view.__dict__.update(module.__dict__)
    view.__dict__.update(names)
    view.__dict__["__getattr__"] = lambda name: getattr(module, name)
    return view


def numpy_view() -> types.ModuleType:
    """NumPy as a module of its own, with the names and the behavior that MXNet expects."""
    import numpy as np

    removed = {
        "PZERO": 0.0,
        "NZERO": -0.0,
        "PINF": np.inf,
        "NINF": -np.inf,
        "Inf": np.inf,
        "NAN": np.nan,
        "NaN": np.nan,
        "alltrue": _alltrue,
        "in1d": _in1d,
        "msort": lambda a: np.sort(a, axis=0),
        "trapz": getattr(np, "trapezoid", None),
        "compat": types.SimpleNamespace(basestring=str),
        **{name: _removed(name) for name in _LOOKED_UP},
    }
    changed = {
        # Removed in NumPy 1.24; in NumPy 2, `bool` is another name of `bool_`.
        "bool": bool,
        "int": int,
        **{name: _with_wraparound(getattr(np, name)) for name in ("array", "asarray", "full")},
    }
    # NumPy 2 has a public place for what MXNet takes from `numpy.core.numeric`.
    if hasattr(np.lib, "array_utils"):
        changed["core"] = types.SimpleNamespace(numeric=np.lib.array_utils)
    missing = {name: value for name, value in removed.items() if name not in np.__dict__}
    return _view(np, {**missing, **changed})


def _removed(name: str) -> Callable[..., Any]:
    """Stand-in for a function that NumPy removed; it raises when it is called."""
    hint = "; the package numpy-financial has it" if name in _FINANCIAL else ""

    def stand_in(*_: Any, **__: Any) -> Any:
        raise AttributeError(f"NumPy removed {name}{hint}.")

    return stand_in


def _with_wraparound(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes arrays of integers, and takes -1 for 255 in uint8, as C does."""

    @functools.wraps(make)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return make(*args, **options)
        except OverflowError:
            dtype = options.get("dtype")
            if dtype is None:
                raise
            return make(*args, **{**options, "dtype": "int64"}).astype(dtype)

    return wrapped


def _alltrue(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """``numpy.alltrue``, which gives a bool for MXNet's arrays too; ``numpy.all`` gives an array."""
    import numpy as np

    result = np.all(a, axis=axis, out=out, keepdims=keepdims)
    return result if result.ndim else np.bool_(result)


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """``numpy.in1d``: the flat result of ``numpy.isin``."""
    import numpy as np

    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


class _DoublePrecision:
    """Attribute that holds NumPy numbers as float64: as ``0.0 + numpy.float32(x)`` was."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __set__(self, instance: Any, value: Any) -> None:
        import numpy as np

        is_number = isinstance(value, np.floating)
        instance.__dict__[self.name] = np.float64(value) if is_number else value


def _sum_in_double_precision(metric: types.ModuleType) -> None:
    """Let all metrics add up their batches in float64."""
    for name in ("sum_metric", "global_sum_metric"):
        setattr(metric.EvalMetric, name, _DoublePrecision(name))


def _as_numpy(array: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    """NumPy array of an NDArray: always a copy."""
    if copy is False:
        raise ValueError(
            "NumPy cannot use the memory of an NDArray, but copy=False asks for that. "
            "Leave copy out, or use asnumpy()."
        )
    return array.asnumpy() if dtype is None else array.asnumpy().astype(dtype)


def _convert_to_numpy(ndarray: types.ModuleType) -> None:
    """Give NDArray what NumPy 2 asks for, because it no longer reads an NDArray as a sequence."""
    ndarray.NDArray.__array__ = _as_numpy


def _accept_named_tuples(multiarray: types.ModuleType) -> None:
    """Let MXNet rebuild results such as that of ``numpy.linalg.qr``, which are named tuples now."""

    def on_plain_tuples(convert: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(convert)
        def wrapped(obj: Any, *args: Any, **options: Any) -> Any:
            return convert(tuple(obj) if isinstance(obj, tuple) else obj, *args, **options)

        return wrapped

    for name in ("_as_mx_np_array", "_as_onp_array"):
        setattr(multiarray, name, on_plain_tuples(getattr(multiarray, name)))


def _without_scipy_csr(module: Any) -> None:
    """Look for ``scipy.sparse.csr.csr_matrix`` in ``scipy.sparse``: SciPy 2 drops the module csr."""
    if module.spsp is not None:
        module.spsp = _view(module.spsp, {"csr": module.spsp})


# ndarray.tostring was another name of ndarray.tobytes.
SOURCE = {"mxnet.recordio": (b".tostring()", b".tobytes()")}

AFTERWARDS: dict[str, Callable[[types.ModuleType], None]] = {
    "mxnet.metric": _sum_in_double_precision,
    "mxnet.ndarray.ndarray": _convert_to_numpy,
    "mxnet.ndarray.sparse": _without_scipy_csr,
    "mxnet.ndarray.utils": _without_scipy_csr,
    "mxnet.numpy.multiarray": _accept_named_tuples,
}
