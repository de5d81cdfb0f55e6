"""Let MXNet 1.9.1 load and compute on today's NumPy and Python.

MXNet's own modules, and no others, are executed with three builtins of their own:

``__import__``
    gives them a view of NumPy that still has the names NumPy 2 removed, and a stand-in for
    ``distutils``, which Python 3.12 removed. NumPy itself is not changed.
``str`` and ``repr``
    print NumPy numbers as NumPy 1 did. MXNet hands shapes, axes and attributes to its C++ core
    as text; since NumPy 2 that text would read ``(np.int64(3), 2)``, which the core rejects.
"""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
import warnings

GPU_BUILD = "mxnet-cu112"
INSTALL_HINT = "Run `python -m mfbook.install`, then run this again."

# The financial functions left NumPy in 1.20 (NEP 32); MXNet only looks their names up.
_FINANCIAL = ("mirr", "npv", "pmt", "ppmt", "pv", "rate")

_ATOMS = (str, int, float, bool, type(None))


def _text(convert, obj):
    """Return ``convert(obj)`` with NumPy numbers written as NumPy 1 wrote them."""
    kind = type(obj)
    if kind in _ATOMS or (kind in (tuple, list) and all(type(x) in _ATOMS for x in obj)):
        return convert(obj)
    import numpy as np

    with np.printoptions(legacy="1.25"):
        return convert(obj)


class _StrMeta(type):
    def __instancecheck__(cls, obj):
        return cls.__subclasscheck__(type(obj))

    def __subclasscheck__(cls, kind):
        return issubclass(kind, builtins.str) if cls is _Str else type.__subclasscheck__(cls, kind)


class _Str(builtins.str, metaclass=_StrMeta):
    """``str`` as MXNet's modules see it: the same checks, NumPy 1's spelling of numbers."""

    def __new__(cls, obj="", *args, **kwargs):
        if cls is not _Str:  # a class of MXNet's that derives from str
            return builtins.str.__new__(cls, obj, *args, **kwargs)
        if args or kwargs:  # str(bytes, encoding)
            return builtins.str(obj, *args, **kwargs)
        return _text(builtins.str, obj)


def _repr(obj):
    return _text(builtins.repr, obj)


def _removed(name):
    def stand_in(*_, **__):
        raise AttributeError(f"NumPy removed {name}; the package numpy-financial has it.")

    return stand_in


def _numpy_view():
    """Return a module that has everything NumPy has and what MXNet 1.9.1 misses in it."""
    import numpy as np

    view = types.ModuleType("numpy", "NumPy, with the names that MXNet 1.9.1 still expects.")
    view.__dict__.update(np.__dict__)
    view.__getattr__ = lambda name: getattr(np, name)
    removed = {
        "PZERO": 0.0,
        "NZERO": -0.0,
        "PINF": np.inf,
        "NINF": -np.inf,
        "Inf": np.inf,
        "NAN": np.nan,
        "NaN": np.nan,
        "bool": bool,
        "int": int,
        "alltrue": np.all,
        "sometrue": np.any,
        "product": np.prod,
        "round_": np.round,
        "in1d": np.isin,
        "msort": lambda a: np.sort(a, axis=0),
        "trapz": getattr(np, "trapezoid", None),
        "compat": types.SimpleNamespace(basestring=str),
        **{name: _removed(name) for name in _FINANCIAL},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 1.2x warns when a retiring name is looked up
        view.__dict__.update({name: v for name, v in removed.items() if not hasattr(np, name)})
    return view


def _mxnet_builtins():
    """Return the builtins that MXNet's modules run with."""
    view = _numpy_view()

    def import_for_mxnet(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0 and name == "distutils.version":
            from packaging.version import Version

            return types.SimpleNamespace(LooseVersion=Version, StrictVersion=Version)
        module = builtins.__import__(name, globals, locals, fromlist, level)
        return view if module is sys.modules["numpy"] else module

    return {**vars(builtins), "str": _Str, "repr": _repr, "__import__": import_for_mxnet}


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs one of MXNet's modules with ``_mxnet_builtins()``."""

    mxnet_builtins = None

    def source_to_code(self, data, path, **kwargs):
        with warnings.catch_warnings():  # Python 3.12 warns about "\d" in MXNet's own strings
            warnings.simplefilter("ignore")
            return super().source_to_code(data, path, **kwargs)

    def exec_module(self, module):
        if _Loader.mxnet_builtins is None:
            _Loader.mxnet_builtins = _mxnet_builtins()
        module.__dict__["__builtins__"] = _Loader.mxnet_builtins
        if module.__name__ == "mxnet":
            _load_cuda()
        try:
            super().exec_module(module)
        except OSError as err:
            raise MXNetImportError(_system_library_message(err), name="mxnet") from None
        if module.__name__ == "mxnet.ndarray.ndarray":
            module.NDArray.__array__ = _as_numpy


def _as_numpy(array, dtype=None, copy=None):
    """Convert an NDArray for NumPy 2, which no longer reads it element by element."""
    return array.asnumpy() if dtype is None else array.asnumpy().astype(dtype)


class MXNetImportError(ImportError):
    """MXNet cannot be loaded here; the message says why, and what to do."""

    def __init__(self, message, *, name):
        super().__init__(message, name=name)
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = _show_sentence

    def _render_traceback_(self):  # what IPython shows: the sentence, and no traceback
        return [f"ImportError: {self}"]


def _show_sentence(kind, error, trace):
    """Show what Python shows, but of an `MXNetImportError` the sentence alone."""
    if kind is MXNetImportError:
        print(f"ImportError: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _load_cuda():
    """Load what the GPU build needs beside its own library, or say what is missing."""
    from importlib import metadata

    try:
        metadata.version(GPU_BUILD)
    except metadata.PackageNotFoundError:
        return
    from mfbook import gpu

    problem = gpu.preload()
    if problem:
        raise MXNetImportError(problem, name="mxnet")


class _Absent(importlib.abc.Loader):
    """Stands where MXNet is not installed, so that the import says what to do."""

    def create_module(self, spec):
        raise MXNetImportError(f"MXNet is not installed. {INSTALL_HINT}", name="mxnet")

    def exec_module(self, module):  # create_module has already raised
        raise AssertionError


class _Finder(importlib.abc.MetaPathFinder):
    """Finds ``mxnet`` and its submodules where Python would, and loads them with `_Loader`."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "mxnet":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None and name == "mxnet":
            return importlib.machinery.ModuleSpec(name, _Absent())
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def _system_library_message(err):
    library = builtins.str(err).partition(":")[0]
    if library == "libcuda.so.1":
        return (
            "MXNet's GPU build needs NVIDIA's driver (libcuda.so.1), which this machine lacks. "
            "Run `python -m mfbook.install --cpu`, then this again."
        )
    packages = {"libgomp.so.1": "libgomp1", "libquadmath.so.0": "libquadmath0"}
    if library not in packages:
        return f"MXNet's library could not be loaded: {err}. {INSTALL_HINT}"
    return (
        f"MXNet needs the system library {library}, which this machine lacks. "
        f"On Debian or Ubuntu: `apt-get install {packages[library]}`."
    )


def install_hook():
    """Arrange that ``import mxnet`` works from now on; a second call does nothing.

    What an earlier, failed ``import mxnet`` left half loaded is dropped, so that no restart
    is needed.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "mxnet" not in sys.modules:
        for name in [name for name in sys.modules if name.startswith("mxnet.")]:
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder())
