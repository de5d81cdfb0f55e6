"""Imports run downward, without a cycle, and MXNet is imported only where it computes."""

import ast
from pathlib import Path
import subprocess
import sys

import mfbook
import pytest

PACKAGE = Path(mfbook.__file__).parent
# The floors of the house, the lowest first. A module may import from lower floors, and from its
# own room (`datasets`, `runtime`, `experiments`, `course`) as long as there is no cycle.
FLOORS = (
    ("exceptions", "model", "runtime"),
    ("_validation",),
    ("datasets",),
    ("calibration", "ordinal", "sessions"),
    ("metrics",),
    ("history",),
    ("baselines", "devices", "features", "least_squares", "networks", "plots", "recommend"),
    ("training", "als", "ranking"),
    ("distributed", "gibbs", "spark"),
    ("experiments", "course"),
    ("doctor", "grading", "offline"),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
COMPUTES_IN_MXNET = {"devices", "distributed", "networks", "training"}
SOLVERS = {"als", "gibbs", "least_squares"}
FREE_OF_MXNET = sorted(set(FLOOR) - COMPUTES_IN_MXNET - {"__main__"})


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(path):
    """Yield the dotted names that a module imports, those inside functions too."""
    pending = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if is_type_checking(node):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending.extend(ast.iter_child_nodes(node))


def own_imports(name):
    """Return the modules of mfbook that a module imports."""
    found = set()
    for imported in imports(MODULES[name]):
        package, _, rest = imported.partition(".")
        if package != "mfbook" or not rest:
            continue
        while rest not in MODULES:  # a function or a class of that module
            rest = rest.rpartition(".")[0]
        found.add(rest)
    return found - {name, ""}


def room(name):
    return name.partition(".")[0]


NAMES = sorted(set(MODULES) - {""})


def test_every_module_has_a_floor():
    assert {room(name) for name in NAMES} == set(FLOOR)


@pytest.mark.parametrize("name", NAMES)
def test_imports_run_downward(name):
    for imported in own_imports(name):
        same_room = room(imported) == room(name)
        below = FLOOR[room(imported)] < FLOOR[room(name)]
        assert same_room or below, f"{name} imports {imported}, which is not below it"


def test_there_is_no_cycle():
    left = {name: own_imports(name) for name in NAMES}
    while left:
        free = [name for name, needs in left.items() if not needs & set(left)]
        assert free, f"these import each other: {sorted(left)}"
        for name in free:
            del left[name]


@pytest.mark.parametrize("name", [name for name in NAMES if room(name) not in COMPUTES_IN_MXNET])
def test_only_what_computes_in_mxnet_imports_it(name):
    if name == "experiments.specs":  # it seeds and initializes the networks that it builds
        return
    assert not [i for i in imports(MODULES[name]) if i.partition(".")[0] == "mxnet"]


def test_the_others_run_without_mxnet():
    assert set(FREE_OF_MXNET) >= SOLVERS
    modules = ", ".join(f"mfbook.{name}" for name in FREE_OF_MXNET)
    # With None in its place, an import of MXNet fails as if it were not installed.
    code = f"import sys; sys.modules['mxnet'] = None; import {modules}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_solvers_fit_without_mxnet():
    code = (
        "import sys; sys.modules['mxnet'] = None; from mfbook import als, datasets, gibbs; "
        "split = datasets.load('synthetic'); "
        "als.ALS(k=2, reg=9, reg_bias=5, epochs=1).fit(split).fold_in([1], [5]); "
        "gibbs.Gibbs(k=2, epochs=2, burn_in=1).fit(split).predict([1], [1])"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_only_spark_and_its_cluster_import_pyspark(name):
    if room(name) == "spark" or name == "course.cluster":
        return
    assert not [i for i in imports(MODULES[name]) if i.partition(".")[0] == "pyspark"]


def test_spark_is_imported_when_it_starts():
    code = "import mfbook.course.cluster, mfbook.spark, sys; assert 'pyspark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_itself_imports_next_to_nothing():
    code = (
        "import mfbook, sys; "
        "assert not {'numpy', 'pandas', 'mxnet'} & set(sys.modules), 'a heavy import'; "
        "print(mfbook.Model.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Model"
