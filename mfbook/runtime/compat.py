"""Let MXNet 1.9.1 load and compute on today's NumPy and Python.

MXNet's own modules, and no others, are executed with three builtins of their own:

``__import__``
    gives them a view of NumPy that has the names and the behavior of NumPy 1, and a stand-in for
    ``distutils``, which Python 3.12 removed. NumPy itself is not changed.
``str`` and ``repr``
    print NumPy numbers as NumPy 1 did.

What NumPy 2 changed, and what is done about it, is in ``mfbook.runtime._numpy1``.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from typing import Any
import warnings

from mfbook.runtime import _numpy1, requirements

__all__ = ["MXNetImportError", "install_hook"]


def _mxnet_builtins() -> dict[str, Any]:
    """Builtins that MXNet's modules run with."""
    view = _numpy1.numpy_view()

    def import_for_mxnet(
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if level == 0 and name == "distutils.version":
            from packaging.version import Version

            return types.SimpleNamespace(LooseVersion=Version, StrictVersion=Version)
        module = builtins.__import__(name, globals, locals, fromlist, level)
        return view if module is sys.modules["numpy"] else module

    return {
        **vars(builtins),
        "str": _numpy1.Str,
        "repr": _numpy1.represent,
        "__import__": import_for_mxnet,
    }


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs one of MXNet's modules with ``_mxnet_builtins()``."""

    mxnet_builtins: dict[str, Any] | None = None

    def source_to_code(  # type: ignore[override]
        self, data: Any, path: Any, **kwargs: Any
    ) -> types.CodeType:
        # Python 3.12 warns about "\d" in MXNet's own strings.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return super().source_to_code(data, path, **kwargs)

    def get_code(self, fullname: str) -> types.CodeType | None:
        if fullname not in _numpy1.SOURCE:
            return super().get_code(fullname)
        # Without Python's cache, which holds the module as it is on the disk.
        source = self.get_data(self.path).replace(*_numpy1.SOURCE[fullname])
        return self.source_to_code(source, self.path)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__name__ != "mxnet":
            self._execute(module)
            return
        from mfbook.runtime import _failures

        _load_cuda()
        problem = _failures.library_problem(self.path)
        if problem:
            raise MXNetImportError(problem, name="mxnet")
        try:
            self._execute(module)
        except Exception as error:
            _drop_modules()
            problem = _failures.reason(error, self.path)
            # One that nobody foresaw keeps its traceback.
            if problem is None:
                raise
            raise MXNetImportError(problem, name="mxnet") from None

    def _execute(self, module: types.ModuleType) -> None:
        if _Loader.mxnet_builtins is None:
            _Loader.mxnet_builtins = _mxnet_builtins()
        module.__dict__["__builtins__"] = _Loader.mxnet_builtins
        super().exec_module(module)
        change = _numpy1.AFTERWARDS.get(module.__name__)
        if change:
            change(module)


class MXNetImportError(ImportError):
    """Raised by ``import mxnet`` where MXNet cannot be loaded; the message says why and what to do.

    Python and Jupyter show only the message of it, without a traceback.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    name : str
        The module that cannot be imported.

    Examples
    --------
    >>> from mfbook.runtime.compat import MXNetImportError
    >>> try:
    ...     raise MXNetImportError("MXNet is not installed.", name="mxnet")
    ... except ImportError as error:
    ...     print(error, error.name)
    MXNet is not installed. mxnet
    """

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message, name=name)
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = _show_sentence

    # IPython shows what this returns, instead of a traceback.
    def _render_traceback_(self) -> list[str]:
        return [f"ImportError: {self}"]


def _show_sentence(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    """Show an error as Python does, but only the message of an `MXNetImportError`."""
    if kind is MXNetImportError:
        print(f"ImportError: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _load_cuda() -> None:
    """Load the CUDA libraries if the GPU build is installed, or say which one is missing."""
    from importlib import metadata

    try:
        metadata.version(requirements.GPU_BUILD.name)
    except metadata.PackageNotFoundError:
        return
    from mfbook.runtime import gpu

    problem = gpu.preload()
    if problem:
        raise MXNetImportError(problem, name="mxnet")


class _Refusing(importlib.abc.Loader):
    """Loader for `mxnet` where it cannot be imported: the import says why, and what to do."""

    def __init__(self, message: str) -> None:
        self.message = message

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        raise MXNetImportError(self.message, name="mxnet")

    # Never called, because `create_module` raises; but a loader must have it.
    def exec_module(self, module: types.ModuleType) -> None:
        raise AssertionError


class _Finder(importlib.abc.MetaPathFinder):
    """Finds ``mxnet`` and its submodules where Python would, and loads them with `_Loader`."""

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] != "mxnet":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if name == "mxnet":
            from mfbook.runtime import _failures

            problem = _failures.spec_problem(spec)
            if problem:
                return importlib.machinery.ModuleSpec(name, _Refusing(problem))
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def _drop_modules() -> None:
    """Forget modules of MXNet that a failed import left half loaded."""
    for name in [name for name in sys.modules if name.startswith("mxnet.")]:
        del sys.modules[name]


def install_hook() -> None:
    """Arrange that ``import mxnet`` works from now on; a second call does nothing.

    ``import mfbook`` calls it. Modules of MXNet that an earlier, failed ``import mxnet`` left
    half loaded are dropped, so that no restart is needed.

    Examples
    --------
    >>> from mfbook.runtime import compat
    >>> compat.install_hook()
    >>> import mxnet as mx
    >>> import numpy as np
    >>> mx.nd.ones((np.int64(3), 2)).shape
    (3, 2)
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "mxnet" not in sys.modules:
        _drop_modules()
    sys.meta_path.insert(0, _Finder())
