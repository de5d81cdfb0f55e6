"""MXNet must load, and behave on NumPy 2 as it did on NumPy 1."""

import subprocess
import sys

import mfbook
from mfbook.runtime import compat, gpu
import mxnet as mx
import numpy as np
import pytest


def run(code, *options):
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True)


def test_importing_mfbook_is_cheap():
    code = (
        "import sys, time; start = time.perf_counter(); import mfbook; "
        "print(time.perf_counter() - start, sorted({'mxnet', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    seconds, modules = run(code).stdout.split(" ", 1)
    assert float(seconds) < 0.3
    assert modules.strip() == "[]"


def test_mxnet_imports_without_a_warning():
    done = run("import mfbook, mxnet; print(mxnet.__version__)", "-W", "error")
    assert (done.stdout, done.stderr) == ("1.9.1\n", "")


def test_mxnet_imports_after_a_failed_attempt():
    code = "try:\n import mxnet\nexcept Exception: pass\nimport mfbook, mxnet as mx; print(mx.nd.ones(2).sum())"
    assert "[2.]" in run(code).stdout


THREE, TWO, ONE = np.int64(3), np.int32(2), np.int64(1)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: mx.nd.ones((THREE, 2)), (3, 2)),
        (lambda: mx.nd.zeros(THREE), (3,)),
        (lambda: mx.nd.full((TWO, THREE), np.float32(0.5)), (2, 3)),
        (lambda: mx.nd.ones((2, 3)).sum(axis=ONE), (2,)),
        (lambda: mx.nd.ones((2, 3)).sum(axis=(np.int64(0), ONE)), (1,)),
        (lambda: mx.nd.ones((4, 3))[ONE:THREE], (2, 3)),
        (lambda: mx.nd.ones((4, 3))[ONE], (3,)),
        (lambda: mx.nd.slice(mx.nd.ones((4, 3)), begin=(ONE, None), end=(THREE, TWO)), (2, 2)),
        (lambda: mx.nd.slice_axis(mx.nd.ones((4, 3)), axis=ONE, begin=ONE, end=TWO), (4, 1)),
        (lambda: mx.nd.ones((1, 3)).broadcast_to((TWO, THREE)), (2, 3)),
        (lambda: mx.nd.ones((2, 3)).reshape((THREE, TWO)), (3, 2)),
        (lambda: mx.nd.ones((2, 3)).expand_dims(axis=ONE), (2, 1, 3)),
        (lambda: mx.nd.random_uniform(shape=(THREE, 2)), (3, 2)),
        (lambda: mx.nd.random.normal(np.float64(0), np.float64(1), shape=(THREE,)), (3,)),
        (lambda: mx.nd.one_hot(mx.nd.array([0, 1]), THREE), (2, 3)),
        (lambda: mx.nd.Embedding(mx.nd.array([0]), mx.nd.ones((3, 2)), THREE, TWO), (1, 2)),
        (lambda: mx.nd.clip(mx.nd.ones(3), np.float64(0), np.float32(0.5)), (3,)),
        (lambda: mx.np.ones((THREE, 2)), (3, 2)),
    ],
)
def test_numpy_numbers_reach_the_core(make, shape):
    assert make().shape == shape


def test_numpy_numbers_in_symbols():
    data = mx.sym.Variable("data", shape=(TWO, THREE), lr_mult=np.float64(0.5))
    dense = mx.sym.FullyConnected(data, num_hidden=np.int64(4), name="dense")
    pooled = mx.sym.sum(dense, axis=ONE)
    assert pooled.infer_shape()[1] == [(2,)]
    assert data.attr("__lr_mult__") == "0.5"
    assert mx.sym.load_json(pooled.tojson()).infer_shape(data=(TWO, THREE))[1] == [(2,)]


def test_numpy_numbers_in_layers():
    dense = mx.gluon.nn.Dense(np.int64(4), in_units=np.int64(3))
    dense.initialize()
    dense.hybridize()
    assert dense(mx.nd.ones((2, 3))).shape == (2, 4)


def test_numpy_functions_take_mxnet_arrays():
    array = mx.nd.array([[1, 4], [9, 16]])
    assert np.asarray(array).tolist() == [[1, 4], [9, 16]]
    assert np.asarray(array, dtype="int64").dtype == np.int64
    assert np.sqrt(array).tolist() == [[1, 2], [3, 4]]
    assert np.all(mx.nd.array([50000001], dtype="int32") == 50000001)
    assert isinstance(np.float32(2) * array, mx.nd.NDArray)  # MXNet's arithmetic stays MXNet's


def test_numpy_prints_as_before():
    assert repr(np.int64(3)) == run("import numpy as np; print(repr(np.int64(3)))").stdout.strip()
    assert (
        str((np.float32(0.5),))
        == run("import numpy as np; print((np.float32(.5),))").stdout.strip()
    )
    assert not hasattr(np, "PZERO") or np.__version__ < "2"


def test_a_second_hook_changes_nothing():
    before = list(sys.meta_path)
    compat.install_hook()
    assert sys.meta_path == before
    assert mfbook.__version__


def test_import_without_mxnet_says_one_sentence():
    done = run(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda n, *a: None if n.startswith('mxnet') else find(n, *a)\n"
        "import mfbook\n"
        "import mxnet"
    )
    assert done.stderr.strip() == (
        "ImportError: MXNet is not installed. Run `python -m mfbook install`, then run this again."
    )
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("library", "remedy"),
    [
        ("libgomp.so.1", "`apt-get install libgomp1`"),
        ("libquadmath.so.0", "`apt-get install libquadmath0`"),
        ("libcuda.so.1", "`python -m mfbook install --cpu`"),
        ("libother.so.1", "`python -m mfbook install`"),
    ],
)
def test_missing_system_library_is_named(library, remedy):
    done = run(
        "import ctypes\n"
        "def missing(*_):\n"
        f"    raise OSError('{library}: cannot open shared object file: No such file or directory')\n"
        "ctypes.CDLL = missing\n"
        "import mfbook\n"
        "import mxnet"
    )
    last = done.stderr.strip().splitlines()[-1]
    assert library in last
    assert remedy in last


def test_model_is_imported_when_asked_for():
    code = "import mfbook, sys; print('mfbook.model' in sys.modules, mfbook.Model.__name__)"
    assert run(code).stdout == "False Model\n"
    assert mfbook.Model.__name__ == "Model"
    with pytest.raises(AttributeError, match="no attribute 'model_of_2016'"):
        _ = mfbook.model_of_2016


@pytest.fixture(scope="module")
def view():
    return compat._numpy_view()


def test_mxnet_sees_the_names_that_numpy_removed(view):
    assert (np.inf, 0.0) == (view.PINF, view.NZERO)
    assert view.product([2, 3]) == 6
    assert view.msort([3, 1]).tolist() == [1, 3]
    assert view.array is np.array
    if not hasattr(np, "npv"):
        with pytest.raises(AttributeError, match="NumPy removed npv"):
            view.npv(0.1, [1])


def test_text_for_mxnet_is_as_on_numpy_1():
    assert compat._Str((np.int64(3), 2)) == "(3, 2)"
    assert compat._repr([np.float32(0.5)]) == "[0.5]"
    assert compat._Str(b"abc", "ascii") == "abc"
    assert isinstance("abc", compat._Str)
    assert not isinstance(3, compat._Str)


@pytest.mark.parametrize("error", [compat.MXNetImportError("No MXNet.", name="mxnet"), KeyError(1)])
def test_only_our_error_is_shown_without_a_traceback(error, capsys):
    compat._show_sentence(type(error), error, None)
    said = capsys.readouterr().err
    assert (said == "ImportError: No MXNet.\n") == isinstance(error, compat.MXNetImportError)
    assert said


def test_jupyter_shows_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    error = compat.MXNetImportError("No MXNet.", name="mxnet")
    assert error._render_traceback_() == ["ImportError: No MXNet."]
    assert sys.excepthook is compat._show_sentence


def test_gpu_build_loads_its_libraries_or_says_which_is_missing(monkeypatch):
    from importlib import metadata

    monkeypatch.setattr(metadata, "version", lambda name: "1.9.1")
    monkeypatch.setattr(gpu, "preload", lambda: None)
    compat._load_cuda()
    monkeypatch.setattr(gpu, "preload", lambda: "libcudnn.so.8 is missing.")
    with pytest.raises(compat.MXNetImportError, match=r"libcudnn\.so\.8 is missing"):
        compat._load_cuda()
