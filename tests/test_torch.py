"""Parameters for other libraries, and appendix C: PyTorch computes what MXNet computes."""

import ast
import importlib.util
import inspect
from pathlib import Path
import sys
import textwrap

from mfbook import als, datasets, history, networks, ranking, training
import mxnet as mx
from mxnet import autograd, gluon
import nbformat
import numpy as np
import pytest
from syntax import methods

PATH = Path(__file__).parent.parent / "notebooks" / "C_the_same_in_pytorch.ipynb"
CELLS = nbformat.read(PATH, as_version=4).cells
CODE = [cell.source for cell in CELLS if cell.cell_type == "code"]
KINDS = ("PlainNet", "OneLayerMLP", "OneLayerDropoutMLP")
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason='PyTorch is missing: pip install "mfbook[torch]"',
)


def sizes(kind, width):
    return {"k": width} if kind == "PlainNet" else {"hidden": width, "k": width}


def random_network(kind, width=8, spread=0.3, shape=(943, 1682)):
    """A Gluon network whose parameters, biases included, are random."""
    network = getattr(networks, kind)(*shape, **sizes(kind, width))
    mx.random.seed(1)
    network.initialize()
    for parameter in network.collect_params().values():
        parameter.set_data(mx.nd.random.uniform(-spread, spread, parameter.shape))
    return network


# The file of parameters


@pytest.mark.parametrize("kind", KINDS)
def test_plain_arrays_under_the_names_of_the_layers(kind, tmp_path):
    network = random_network(kind, shape=(5, 6))
    # A name without .npz stays as it is.
    network.save_numpy(tmp_path / "model")
    with np.load(tmp_path / "model", allow_pickle=False) as found:
        arrays = dict(found)
    layers = [".weight"] if kind == "PlainNet" else [".0.weight", ".2.weight", ".2.bias"]
    assert sorted(arrays) == sorted(side + layer for side in ("user", "item") for layer in layers)
    for name, values in network.arrays().items():
        assert np.array_equal(arrays[name], values.asnumpy())
        assert arrays[name].dtype == np.float32


def test_what_cannot_be_saved(tmp_path):
    file = tmp_path / "model.npz"
    with pytest.raises(ValueError, match="nothing to save"):
        networks.PlainNet(5, 6, k=3).save_numpy(file)
    network = random_network("PlainNet", shape=(5, 6))
    for path, message in (
        (tmp_path / "gone" / "model.npz", "cannot be written; what was there is unchanged"),
        (tmp_path, "is a folder"),
        ("", "path is empty"),
        (5, "path is 5; it must be a text or a Path"),
    ):
        with pytest.raises(ValueError, match=message):
            network.save_numpy(path)
    network.user.weight.set_data(mx.nd.full((5, 8), float("nan")))
    with pytest.raises(ValueError, match=r"user\.weight .* not finite: there is nothing to save"):
        network.save_numpy(file)
    assert list(tmp_path.iterdir()) == []


def half_a_file(file, **arrays):
    file.write(b"PK\x03\x04 and then the disk was full")


def other_arrays(file, _savez=np.savez, **arrays):
    _savez(file, **{name: values + 1 for name, values in arrays.items()})


@pytest.mark.parametrize("write", [half_a_file, other_arrays])
def test_a_failed_write_leaves_the_good_file(write, tmp_path, monkeypatch):
    network, file = random_network("PlainNet", shape=(5, 6)), tmp_path / "model.npz"
    network.save_numpy(file)
    before = file.read_bytes()
    monkeypatch.setattr(np, "savez", write)
    with pytest.raises(ValueError, match="cannot be written; what was there is unchanged"):
        network.save_numpy(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_export_of_gluon_is_what_it_was(tmp_path):
    network = random_network("PlainNet", shape=(5, 6))
    network.hybridize()
    network.predict([0], [0])
    network.export(str(tmp_path / "exported"))
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["exported-0000.params", "exported-symbol.json"]


# The notebook


def gluon_beside(number):
    """Return the Gluon code before a cell with PyTorch code: of a cell, or of a block of text."""
    before = CELLS[number - 1]
    if "tab-gluon" in before.metadata.get("tags", []):
        return before.source
    assert before.source.endswith("\n```"), before.source
    return before.source.removesuffix("\n```").rpartition("```python\n")[2]


TABS = [i for i, cell in enumerate(CELLS) if "tab-pytorch" in cell.metadata.get("tags", [])]
PAIRS = {CELLS[i].source: gluon_beside(i) for i in TABS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_gluon_beside_a_network_is_that_of_the_package(kind):
    (shown,) = (gluon for pytorch, gluon in PAIRS.items() if f"class {kind}(" in pytorch)
    package = textwrap.dedent(inspect.getsource(getattr(networks, kind)))
    shown, package = (ast.parse(source).body[0] for source in (shown, package))
    assert shown.name == package.name
    assert methods(shown) == methods(package)


def test_each_function_in_pytorch_stands_beside_its_own_in_gluon():
    names = [
        [ast.parse(source).body[0].name for source in pair]
        for pair in PAIRS.items()
        if "class " not in pair[0]
    ]
    assert len(names) == 4
    for pytorch, gluon_name in names:
        assert pytorch.removeprefix("torch_") == gluon_name.removeprefix("gluon_")
    tagged = [c for c in CELLS if "tab-gluon" in c.metadata.get("tags", [])]
    assert len(tagged) == len(names)


@pytest.mark.parametrize("module", ["torch", "mxnet"])
def test_the_first_cell_says_what_is_missing(module, monkeypatch, capsys):
    (source,) = (source for source in CODE if "import torch" in source)
    monkeypatch.setitem(sys.modules, module, None)
    names = {}
    if module == "torch":
        with pytest.raises(ImportError, match=r'needs PyTorch; .* pip install "mfbook\[torch\]"'):
            exec(source, names)
    else:
        pytest.importorskip("torch", reason="PyTorch is missing")
        exec(source, names)
        assert names["mx"] is None
        assert "mxnet" in capsys.readouterr().out


@pytest.fixture(scope="module")
def shown():
    """The constants, functions and classes of the notebook, without its runs."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    names = {
        **{"torch": torch, "nn": torch.nn, "np": np, "mx": mx, "gluon": gluon},
        **{"autograd": autograd, "history": history, "ranking": ranking, "SEED": 0},
        **{"LEARNING_RATE": 0.05, "MOMENTUM": 0.9, "WEIGHT_DECAY": 1e-4},
        "DEVICE": torch.device("cpu"),
    }
    for source in CODE:
        if not source.startswith(("# @title", "%", "!")):
            kept = ast.parse(source)
            kept.body = [n for n in kept.body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
            exec(compile(kept, PATH.name, "exec"), names)
    return names


@pytest.fixture(scope="module")
def split():
    return datasets.load("synthetic")


def ported(shown, network, folder):
    """Return the PyTorch network of the notebook with the parameters of a Gluon network."""
    network.save_numpy(folder / "model.npz")
    kind = type(network).__name__
    width = network.arrays()["user.weight" if kind == "PlainNet" else "user.0.weight"].shape[1]
    other = shown[kind](network.n_users, network.n_items, **sizes(kind, width))
    with np.load(folder / "model.npz") as arrays:
        return shown["put"](other, arrays)


def pairs(split):
    return split.evaluation["user_idx"], split.evaluation["item_idx"]


@needs_torch
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_parameters_predict_the_same(kind, shown, split, tmp_path):
    network = random_network(kind, width=64)
    other = ported(shown, network, tmp_path)
    expected, found = network.predict(*pairs(split)), shown["predict"](other, *pairs(split))
    assert np.std(expected) > 0.1
    assert np.abs(found - expected).max() < 1e-5


@needs_torch
@pytest.mark.parametrize("kind", KINDS[:2])
def test_the_same_batches_give_the_same_losses(kind, shown, split, tmp_path):
    """Over an epoch, with momentum, and decay of everything but the biases."""
    network, losses = random_network(kind, width=16), []
    other = ported(shown, network, tmp_path)
    for library, model in (("gluon", network), ("torch", other)):
        batches = shown["batches"](split.train, np.random.default_rng(0))
        sgd, loss = shown[f"{library}_sgd"](model), shown[f"{library}_half_square"]
        losses.append(list(shown[f"{library}_losses"](model, sgd, loss, batches)))
    assert len(losses[0]) == 1250
    # The mean of some batches: a single one can be hard by chance.
    assert np.mean(losses[0][-50:]) < 0.7 * losses[0][0]
    assert np.abs(np.subtract(*losses)).max() < 1e-4


@needs_torch
def test_the_same_triples_give_the_same_pairwise_losses(shown, split, tmp_path):
    network, losses = random_network("PlainNet", width=16), []
    other = ported(shown, network, tmp_path)
    known = np.zeros((split.n_users, split.n_items), bool)
    known[split.train["user_idx"], split.train["item_idx"]] = True
    shown["known"] = known
    for library, model in (("gluon", network), ("torch", other)):
        triples = list(shown["triples"](split, np.random.default_rng(0)))
        sgd, loss = shown[f"{library}_sgd"](model, 4.0, 3e-5), shown[f"{library}_pairwise"]
        losses.append(list(shown[f"{library}_losses"](model, sgd, loss, triples)))
    user, liked, other_item = (np.concatenate(column) for column in zip(*triples, strict=True))
    assert known[user, liked].all()
    assert not known[user, other_item].any()
    assert losses[0][0] == pytest.approx(np.log(2), abs=0.05)
    assert losses[0][-1] < 0.63
    assert np.abs(np.subtract(*losses)).max() < 1e-4


@needs_torch
@pytest.mark.parametrize("kind", KINDS[:2])
def test_the_same_curve_as_training_fit(kind, shown, split, tmp_path):
    network = random_network(kind, width=16)
    other = ported(shown, network, tmp_path)
    curve = training.fit(network, split, epochs=2, seed=0).curve
    found = shown["fit"](other, split, epochs=2).curve
    assert np.abs(found - curve).max() < 1e-4
    assert abs(curve.iloc[0] - curve.iloc[1]) > 0.01


@needs_torch
def test_dropout_acts_only_in_training(shown, split, tmp_path):
    other = ported(shown, random_network("OneLayerDropoutMLP"), tmp_path)
    first = shown["predict"](other, *pairs(split))
    batches = shown["batches"](split.train.head(64), np.random.default_rng(0))
    still = shown["torch_sgd"](other, rate=0.0)
    list(shown["torch_losses"](other, still, shown["torch_half_square"], batches))
    assert other.training
    assert np.array_equal(first, shown["predict"](other, *pairs(split)))
    assert not other.training


@needs_torch
def test_the_vectors_of_the_solver_predict_the_same(shown, split):
    solver = als.ALS(k=5, reg=9, reg_bias=5, epochs=3).fit(split)
    (source,) = (source for source in CODE if "solver = als.ALS" in source)
    tree = ast.parse(source)
    (arrays,) = (n for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "arrays")
    arrays = eval(ast.unparse(arrays.value), {"solver": solver})
    solved = shown["put"](shown["BiasedNet"](split.n_users, split.n_items, k=5), arrays)
    gap = np.abs(shown["predict"](solved, *pairs(split)) - solver.predict(*pairs(split)))
    assert gap.max() < 1e-5
    assert "mean" not in dict(solved.named_parameters())
