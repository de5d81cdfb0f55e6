"""MXNet must load, and behave on NumPy 2 as it did on NumPy 1."""

import ast
import operator
import os
from pathlib import Path
import pickle
import shutil
import subprocess
import sys
import types
import warnings

import mfbook
from mfbook.runtime import _numpy1, compat, gpu, requirements
import mxnet as mx
import numpy as np
import pytest
from test_install import write_build


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


@pytest.mark.skipif(not requirements.system_libraries(), reason="only Linux's MXNet needs any")
def test_mxnet_takes_a_copy_beside_it_before_that_of_the_system(tmp_path):
    """What `libraries.copy` relies on."""
    for library in Path(mx.__file__).parent.glob("lib*.so*"):
        (tmp_path / library.name).symlink_to(library)
    # This process has loaded MXNet, and with it these libraries.
    maps = Path("/proc/self/maps").read_text().splitlines()
    loaded = {Path(line.split()[-1]) for line in maps if ".so" in line}
    for name in (library.name for library in requirements.system_libraries()):
        (tmp_path / name).unlink(missing_ok=True)
        shutil.copy(next(path for path in loaded if path.name.startswith(name)), tmp_path / name)
    code = f"import ctypes; ctypes.CDLL({str(tmp_path / 'libmxnet.so')!r}); "
    done = run(code + "print(open('/proc/self/maps').read())")
    for library in requirements.system_libraries():
        assert str(tmp_path / library.name) in done.stdout, done.stderr
        assert f"lib/x86_64-linux-gnu/{library.name}" not in done.stdout


def import_in(folder, *, without="", cwd=None):
    """Import mfbook and mxnet with packages of a folder before all others; return the error."""
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {without!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "import mfbook\n"
        "import mxnet\n"
    )
    # The package under test may be a copy, which this variable names already.
    paths = filter(None, [str(folder), os.environ.get("PYTHONPATH")])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, env=environment
    )
    return done.stderr.strip()


@pytest.mark.parametrize("package", ["numpy", "requests"])
def test_a_missing_package_is_named_in_one_sentence(tmp_path, package):
    assert import_in(tmp_path, without=package) == (
        f"ImportError: MXNet needs the package {package}, which is not installed. "
        f"Run `{sys.executable} -m pip install {package}`, then run this again."
    )


@pytest.mark.parametrize("content", [None, b"", b"def f(", b"\0\0", b"\xff"])
def test_a_damaged_module_is_named_in_one_sentence(tmp_path, content):
    write_build(tmp_path)
    (tmp_path / "mxnet/__init__.py").write_text("from .base import x\n")
    (tmp_path / "mxnet/base.py").unlink()
    if content is not None:
        (tmp_path / "mxnet/base.py").write_bytes(content)
    error = import_in(tmp_path)
    assert error.startswith("ImportError: MXNet cannot be imported: mxnet/")
    assert error.endswith(
        "missing or damaged. Run `python -m mfbook install`, then run this again."
    )
    assert "\n" not in error


@pytest.mark.parametrize("content", [None, b"", b"libr"])
def test_a_library_cut_short_is_not_even_loaded(tmp_path, content):
    write_build(tmp_path)
    (tmp_path / "mxnet/__init__.py").write_text("import os\nos.abort()\n")
    (tmp_path / "mxnet/libmxnet.so").unlink()
    if content is not None:
        (tmp_path / "mxnet/libmxnet.so").write_bytes(content)
    assert import_in(tmp_path) == (
        "ImportError: MXNet's library is missing or damaged. "
        "Run `python -m mfbook install`, then run this again."
    )


def test_a_damaged_build_without_the_list_of_its_files(tmp_path):
    write_build(tmp_path).unlink()
    (tmp_path / "mxnet/base.py").unlink()
    assert import_in(tmp_path).startswith(f"ImportError: MXNet in {tmp_path}/mxnet is damaged, and")


def test_an_error_that_nobody_foresaw_keeps_its_traceback(tmp_path):
    """MXNet's sources, which pip did not install, with a mistake in them."""
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "mxnet/__init__.py").write_text("1 / 0\n")
    (tmp_path / "mxnet/base.py").touch()
    error = import_in(tmp_path)
    assert error.startswith("Traceback") and error.endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("name", "what"), [("mxnet.py", "file {}/mxnet.py"), ("mxnet/__init__.py", "folder {}/mxnet")]
)
def test_something_else_with_the_name_of_mxnet(tmp_path, name, what):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x = 1\n")
    assert import_in("", cwd=tmp_path) == (
        f"ImportError: Python imports the {what.format(tmp_path)} as MXNet, because of its name. "
        "Rename it, then run this again."
    )


def test_an_empty_folder_with_the_name_of_mxnet_changes_nothing(tmp_path):
    (tmp_path / "mxnet").mkdir()
    assert import_in("", cwd=tmp_path) == ""


def test_a_library_that_the_environment_names(tmp_path, monkeypatch):
    (tmp_path / "wrong.so").write_bytes(b"wrong")
    monkeypatch.setenv("MXNET_LIBRARY_PATH", str(tmp_path / "wrong.so"))
    error = import_in("")
    assert error.startswith("ImportError: The library in MXNET_LIBRARY_PATH could not be loaded")
    assert "\n" not in error


def test_model_is_imported_when_asked_for():
    code = "import mfbook, sys; print('mfbook.model' in sys.modules, mfbook.Model.__name__)"
    assert run(code).stdout == "False Model\n"
    assert mfbook.Model.__name__ == "Model"
    with pytest.raises(AttributeError, match="no attribute 'model_of_2016'"):
        _ = mfbook.model_of_2016


@pytest.fixture(scope="module")
def view():
    return _numpy1.numpy_view()


def attribute_chain(node):
    """Return the name before the first dot, and what follows, of an expression like ``a.b.c``."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, names[::-1]) if isinstance(node, ast.Name) else (None, names[::-1])


@pytest.fixture(scope="module")
def sources():
    """Return MXNet's Python modules, parsed, by their path."""
    paths = Path(mx.__file__).parent.rglob("*.py")
    with warnings.catch_warnings():
        # Python 3.12 warns about "\\d" in MXNet's own strings.
        warnings.simplefilter("ignore")
        return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@pytest.fixture(scope="module")
def numpy_names(sources):
    """Return all that MXNet looks up in NumPy, such as ``linalg.svd``, and where."""
    names = {}
    for path, tree in sources.items():
        imported = [n for n in ast.walk(tree) if isinstance(n, ast.Import)]
        aliases = {a.asname or a.name for n in imported for a in n.names if a.name == "numpy"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                root, chain = attribute_chain(node)
                if root in aliases:
                    names[".".join(chain)] = path
    # These two are looked up by name.
    dispatch = mx.numpy_dispatch_protocol
    lists = dispatch._NUMPY_ARRAY_FUNCTION_LIST + dispatch._NUMPY_ARRAY_UFUNC_LIST
    names.update(dict.fromkeys(lists, dispatch.__file__))
    return names


def test_every_numpy_name_that_mxnet_uses_resolves(view, numpy_names):
    """None of them is missing, and none will be gone with the next NumPy."""
    assert len(numpy_names) > 280
    assert {"linalg.svd", "PZERO", "alltrue", "core.numeric.normalize_axis_tuple"} <= set(
        numpy_names
    )
    problems = []
    for name, path in numpy_names.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                operator.attrgetter(name)(view)
            except (AttributeError, Warning) as problem:
                problems.append(f"{name} in {path}: {problem}")
    assert problems == []


def test_no_name_is_restored_that_mxnet_does_not_use(view, numpy_names):
    restored = {name for name in vars(view) if name not in vars(np) and not name.startswith("__")}
    assert restored <= set(numpy_names)


def test_no_removed_method_of_arrays_is_called(sources):
    """NumPy 2 removed these methods of ndarray; its class cannot be given them back."""
    removed = {"tostring", "itemset", "newbyteorder"}
    for path, tree in sources.items():
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & removed
        module = ".".join(path.relative_to(Path(mx.__file__).parent.parent).with_suffix("").parts)
        text = path.read_bytes().replace(*_numpy1.SOURCE.get(module, (b"", b"")))
        assert not [name for name in used if f".{name}(".encode() in text], path


def test_restored_names_mean_what_they_meant(view):
    for name in ("PINF", "Inf"):
        assert getattr(view, name) == np.inf
    assert -np.inf == view.NINF
    assert np.isnan([view.NaN, view.NAN]).all()
    assert np.signbit([view.PZERO, view.NZERO]).tolist() == [False, True]
    assert view.msort([[3, 1], [1, 2]]).tolist() == [[1, 1], [3, 2]]
    assert view.trapz([1, 3]) == 2
    assert view.compat.basestring is str
    assert (view.bool, view.int) == (bool, int)
    assert view.cos is np.cos
    for name in ("npv", "sometrue"):
        if not hasattr(np, name):
            with pytest.raises(AttributeError, match=f"NumPy removed {name}"):
                getattr(view, name)(0.1, [1])


def test_functions_that_only_mxnet_still_has():
    array = mx.np.array([[1, 2], [0, 4]])
    assert mx.np.alltrue(array) is np.bool_(False)
    assert mx.np.alltrue(array, axis=1).asnumpy().tolist() == [True, False]
    assert mx.np.in1d(array, mx.np.array([0, 1])).asnumpy().tolist() == [True, False, True, False]
    assert mx.np.trapz(mx.np.array([1, 3])).item() == 2
    assert mx.np.bool is bool


@pytest.mark.parametrize(
    ("dtype", "values", "kept"),
    [
        ("uint8", [-1, 300, 7], [255, 44, 7]),
        ("int8", [200], [-56]),
        ("int32", [2**31], [-(2**31)]),
    ],
)
def test_integers_wrap_around_as_in_c(dtype, values, kept):
    assert mx.nd.array(values, dtype=dtype).asnumpy().tolist() == kept
    assert mx.np.array(values, dtype=dtype).asnumpy().tolist() == kept
    array = mx.nd.zeros(len(values), dtype=dtype)
    array[:] = values
    assert array.asnumpy().tolist() == kept


def test_what_never_fitted_is_an_error(view):
    with pytest.raises(OverflowError):
        view.array([2**70], dtype="int64")
    with pytest.raises(OverflowError):
        view.array(2.0**70, dtype="int32")
    assert view.array([2**70]).dtype == object


def test_records_with_several_labels():
    header = mx.recordio.IRHeader(flag=0, label=[1, 2, 3], id=5, id2=0)
    unpacked, content = mx.recordio.unpack(mx.recordio.pack(header, b"image"))
    assert (unpacked.flag, unpacked.label.tolist(), content) == (3, [1, 2, 3], b"image")


def test_images_are_packed(monkeypatch):
    """OpenCV, which is not needed here, returns an array of bytes."""

    class OpenCV:
        IMWRITE_JPEG_QUALITY = 1

        @staticmethod
        def imencode(*_):
            return True, np.frombuffer(b"jpeg", dtype=np.uint8)

    monkeypatch.setattr(mx.recordio, "cv2", OpenCV)
    packed = mx.recordio.pack_img(mx.recordio.IRHeader(0, [1, 2], 5, 0), None)
    assert packed.endswith(b"jpeg")


def test_moveaxis_uses_nothing_private():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mx.nd.moveaxis(mx.nd.zeros((3, 4, 5)), [0, 1], [-1, -2]).shape == (5, 4, 3)


@pytest.mark.parametrize("array", [mx.nd.ones(2), mx.np.ones(2)], ids=["nd", "np"])
def test_a_view_of_the_memory_is_refused(array):
    assert np.array(array, copy=True).tolist() == [1, 1]
    if np.__version__ >= "2":
        with pytest.raises(ValueError, match="Leave copy out, or use asnumpy"):
            np.asarray(array, copy=False)


def test_results_of_numpy_that_are_named_tuples():
    array = mx.np.array([[3.0, 0.0], [0.0, 2.0]])
    q, r = mx.np.linalg.qr(array)
    assert np.allclose((q.asnumpy() @ r.asnumpy()), array.asnumpy())
    _, singular_values, _ = np.linalg.svd(array)
    assert singular_values.asnumpy().tolist() == [3, 2]


def test_metrics_add_up_in_double_precision():
    """In single precision the sum of 1,000 batches would lose digits."""
    rng = np.random.default_rng(0)
    errors = rng.uniform(0, 10, size=(1000, 4)).astype(np.float32)
    metric = mx.metric.MSE()
    for batch in errors:
        metric.update([mx.nd.zeros(4)], [mx.nd.array(batch)])
    exact = np.mean([(batch**2).mean() for batch in errors], dtype=np.float64)
    assert metric.get()[1] == exact
    assert metric.get_global()[1] == exact
    metric.reset()
    assert np.isnan(metric.get()[1])


def test_scipy_without_its_module_csr():
    """SciPy 2 drops ``scipy.sparse.csr``; MXNet asks it for ``csr_matrix``."""
    module = types.ModuleType("mxnet.ndarray.utils")
    module.spsp = types.ModuleType("scipy.sparse")
    module.spsp.csr_matrix = type("csr_matrix", (), {})
    before = module.spsp
    _numpy1._without_scipy_csr(module)
    assert module.spsp.csr.csr_matrix is module.spsp.csr_matrix is before.csr_matrix
    module.spsp = None
    _numpy1._without_scipy_csr(module)
    assert module.spsp is None


def test_text_for_mxnet_is_as_on_numpy_1():
    assert _numpy1.Str((np.int64(3), 2)) == "(3, 2)"
    assert _numpy1.represent([np.float32(0.5)]) == "[0.5]"
    assert _numpy1.Str(b"abc", "ascii") == "abc"
    assert isinstance("abc", _numpy1.Str)
    assert not isinstance(3, _numpy1.Str)


WORKER = """
import mfbook
import multiprocessing

def double(array):
    return (2 * array).asnumpy().tolist()

if __name__ == "__main__":
    import mxnet as mx
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(double, [mx.nd.ones(2)]))
"""


def test_other_processes_import_mfbook_first(tmp_path):
    """What the setup page says about processes that begin empty."""
    (tmp_path / "worker.py").write_text(WORKER)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "worker.py")],
        env={**os.environ, "PYTHONPATH": str(Path(mfbook.__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "[2.0, 2.0]\n", done.stderr
    with (tmp_path / "array.pickle").open("wb") as file:
        pickle.dump(mx.nd.ones(2), file)
    path = str(tmp_path / "array.pickle")
    code = f"import mfbook, pickle; print(pickle.load(open({path!r}, 'rb')).shape)"
    assert run(code).stdout == "(2,)\n"


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
