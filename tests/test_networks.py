"""The three networks compute what their equations say, for indices inside their tables."""

from copy import deepcopy
import math
import os
from pathlib import Path
import pickle
import socket
import threading

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import networks
import mxnet as mx
import numpy as np
import pytest

USER, ITEM = np.array([0, 3, 1, 4]), np.array([2, 5, 0, 5])


def ready(network, seed=0):
    mx.random.seed(seed)
    network.initialize(mx.init.Uniform(1))
    return network


def test_plain_net_is_an_inner_product():
    network = ready(networks.PlainNet(5, 6, k=3))
    p, q = (p.data().asnumpy() for p in network.collect_params().values())
    assert (p.shape, q.shape) == ((5, 3), (6, 3))
    expected = [p[u] @ q[i] for u, i in zip(USER, ITEM, strict=True)]
    assert network.predict(USER, ITEM) == pytest.approx(np.array(expected), abs=1e-6)


def towers(network):
    """Compute a one-layer MLP's towers for all indices in NumPy: two matrices."""
    values = [p.data().asnumpy() for p in network.collect_params().values()]
    for table, weight, bias in (values[:3], values[3:]):
        yield np.maximum(table, 0) @ weight.T + bias


@pytest.mark.parametrize("kind", [networks.OneLayerMLP, networks.OneLayerDropoutMLP])
def test_mlp_is_an_inner_product_of_towers(kind):
    network = ready(kind(5, 6, hidden=7, k=3))
    for name, parameter in network.collect_params().items():
        if name.endswith("bias"):
            parameter.set_data(mx.nd.random.uniform(shape=parameter.shape))
    user, item = towers(network)  # (5, 7), (6, 7)
    expected = np.sum(user[USER] * item[ITEM], axis=1)
    assert network.predict(USER, ITEM) == pytest.approx(expected, abs=1e-5)


def test_dropout_acts_only_in_training():
    network = ready(networks.OneLayerDropoutMLP(5, 6, hidden=64, k=8, dropout=0.5))
    user, item = mx.nd.array(USER), mx.nd.array(ITEM)
    assert (network(user, item) == network(user, item)).asnumpy().all()
    with mx.autograd.train_mode():
        assert (network(user, item) != network(user, item)).asnumpy().any()


@pytest.mark.parametrize("dropout", [0.2, 0.5, 0.9])
def test_dropout_drops_its_share_of_the_outputs_of_each_tower(dropout):
    """What is dropped is exactly 0; what is kept is scaled up by one over the share kept."""
    network = ready(networks.OneLayerDropoutMLP(5, 6, hidden=4000, k=8, dropout=dropout))
    user = mx.nd.arange(5)
    whole = network.user(user).asnumpy()
    with mx.autograd.train_mode():
        dropped = network.user(user).asnumpy()
    kept = dropped != 0
    assert 1 - kept.mean() == pytest.approx(dropout, abs=0.02)
    assert dropped[kept] == pytest.approx(whole[kept] / (1 - dropout), rel=1e-4)


def test_predictions_are_not_clipped():
    network = networks.PlainNet(2, 2, k=1)
    network.initialize(mx.init.Constant(3))
    assert network.predict([0, 1], [1, 0]).tolist() == [9, 9]
    network.item.weight.set_data(mx.nd.array([[-1], [-1]]))
    assert network.predict([0, 1], [1, 0]).tolist() == [-3, -3]


def test_large_indices_stay_exact():
    """Half precision has no odd number above 2,048, single precision none above 2**24."""
    network = networks.PlainNet(6000, 2, k=1)
    network.initialize(mx.init.One())
    network.user.weight.set_data(mx.nd.arange(6000).reshape((-1, 1)))
    users = np.array([2047, 2049, 4097, 5999])
    assert network.predict(users, np.zeros(4, int)).tolist() == users.tolist()
    taken = []
    network.hybrid_forward = lambda F, u, i: (
        taken.append((u.dtype, i.dtype)) or F.cast(u, "float32")
    )
    network.predict(users, np.zeros(4, int))
    assert taken == [(np.int32, np.int32)]


def test_predict_joins_its_batches(monkeypatch):
    network = ready(networks.PlainNet(5, 6, k=3))
    whole = network.predict(USER, ITEM)
    monkeypatch.setattr(networks, "PREDICT_BATCH", 3)
    assert network.predict(USER, ITEM).tolist() == whole.tolist()
    assert network.predict([], []).shape == (0,)


@pytest.mark.parametrize(
    ("user", "item", "message"),
    [
        ([0, 5], [0, 0], r"user_idx\[1\] is 5, but this table has 5 rows"),
        ([0], [6], r"item_idx\[0\] is 6, but this table has 6 rows"),
        ([-1], [0], r"user_idx\[0\] is -1"),
        ([0, 1], [0], "two vectors of the same length"),
        ([[0, 1]], [[0, 1]], "two vectors of the same length"),
        ([0.7], [0], "user_idx has the type float64; indices must be whole numbers"),
        (["0"], ["0"], "user_idx has the type <U1"),
    ],
)
def test_predict_refuses_what_mxnet_would_clamp(user, item, message):
    with pytest.raises(ValueError, match=message):
        ready(networks.PlainNet(5, 6, k=3)).predict(user, item)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: networks.PlainNet(0, 5, k=3), "n_users is 0; it must be a whole number"),
        (lambda: networks.PlainNet(5, 6, k="3"), "k is '3'; it must be a whole number"),
        (lambda: networks.PlainNet(5, 6, k=2.0), "k is 2.0; it must be a whole number"),
        (lambda: networks.PlainNet(5, 6, k=None), "k is None; it must be a whole number"),
        (lambda: networks.PlainNet(5, 6, k=-4), "k is -4; it must be a whole number, 1 or more"),
        (lambda: networks.OneLayerMLP(5, 6, hidden=2.5, k=3), "hidden is 2.5"),
        (lambda: networks.OneLayerDropoutMLP(5, 6, hidden=4, k=3, dropout=1), "dropout is 1"),
    ],
)
def test_impossible_sizes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: networks.PlainNet(2**16, 2, k=2**15), "65,536 x 32,768 = 2,147,483,648"),
        (lambda: networks.PlainNet(2, 2, k=2**40), "2 x 1,099,511,627,776 = 2,199,023,255,552"),
        (lambda: networks.OneLayerMLP(3, 2, hidden=2**16, k=2**15), "65,536 x 32,768"),
    ],
)
def test_tables_that_mxnet_cannot_hold(make, shape):
    with pytest.raises(ValueError, match=rf"needs an array of {shape}.* Use fewer factors\."):
        make().initialize()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 4, 0.1), "mean is -1; it must be greater than 0"),
        ((None, 4, 0.1), "mean is None; it must be greater than 0"),
        ((3.5, 0, 0.1), "k is 0; it must be a whole number, 1 or more"),
        ((3.5, 4, -0.1), "noise is -0.1; it must be a finite number, 0 or more"),
        ((3.5, 4, "0.1"), "noise is '0.1'; it must be a finite number"),
        ((3.5, 4, math.inf), "noise is inf; it must be a finite number"),
    ],
)
def test_impossible_initial_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        networks.AroundMean(*arguments)


def test_predict_before_training():
    with pytest.raises(ValueError, match=r"are not initialized. Train it"):
        networks.PlainNet(5, 6, k=3).predict(USER, ITEM)


def test_first_predictions_are_near_the_mean():
    network = networks.PlainNet(5, 6, k=64)
    network.initialize(networks.AroundMean(mean=3.5, k=64, noise=0.05))
    table = network.user.weight.data().asnumpy()
    assert table.min() < 0.2 < 0.27 < table.max()
    center = math.sqrt(3.5 / 64)
    assert np.abs(table - center).max() <= 0.05 + 1e-6
    assert network.predict(USER, ITEM) == pytest.approx(3.5, abs=0.5)


KINDS = {
    "plain": lambda k=3: networks.PlainNet(5, 6, k),
    "MLP": lambda k=3: networks.OneLayerMLP(5, 6, 4, k),
    "dropout": lambda k=3: networks.OneLayerDropoutMLP(5, 6, 4, k),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_save_and_load_give_the_same_network(make, tmp_path):
    network = ready(make())
    network.save(tmp_path / "model.params")
    fresh, used = make(), ready(make(), seed=1)
    for other in (fresh, used):
        other.load(tmp_path / "model.params")
        assert other.predict(USER, ITEM).tolist() == network.predict(USER, ITEM).tolist()


def test_load_refuses_another_network(tmp_path):
    file = tmp_path / "model.params"
    ready(KINDS["plain"]()).save(file)
    other = ready(KINDS["plain"](k=4))
    before = other.predict(USER, ITEM).tolist()
    with pytest.raises(ValueError, match=r"another network: .*\(5, 3\).* needs .*\(5, 4\)"):
        other.load(file)
    with pytest.raises(ValueError, match=r"OneLayerMLP needs .* same class and sizes"):
        KINDS["MLP"]().load(file)
    assert other.predict(USER, ITEM).tolist() == before


def test_load_refuses_what_is_no_network(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*gone.params"):
        KINDS["plain"]().load(tmp_path / "gone.params")
    for content in (b"", b"user,item\n1,2\n"):
        (tmp_path / "junk.params").write_bytes(content)
        with pytest.raises(ValueError, match="holds no parameters of a network"):
            KINDS["plain"]().load(tmp_path / "junk.params")
    ready(KINDS["MLP"]()).save(tmp_path / "half.params")
    whole = (tmp_path / "half.params").read_bytes()
    (tmp_path / "half.params").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="holds no parameters of a network"):
        KINDS["MLP"]().load(tmp_path / "half.params")
    (tmp_path / "half.params").write_bytes(whole + b"\x00")
    with pytest.raises(ValueError, match="holds no parameters of a network"):
        KINDS["MLP"]().load(tmp_path / "half.params")
    mx.nd.save(str(tmp_path / "list.params"), [mx.nd.ones(2)])
    with pytest.raises(ValueError, match="another network"):
        KINDS["plain"]().load(tmp_path / "list.params")


def test_save_says_why_it_cannot(tmp_path):
    with pytest.raises(ValueError, match="nothing to save"):
        KINDS["plain"]().save(tmp_path / "model.params")
    with pytest.raises(ValueError, match="cannot be written"):
        ready(KINDS["plain"]()).save(tmp_path / "nowhere" / "model.params")
    with pytest.raises(ValueError, match="is a folder"):
        ready(KINDS["plain"]()).save(tmp_path)


@pytest.mark.parametrize("position", range(56))
def test_a_damaged_file_is_refused_and_not_believed(tmp_path, position):
    """MXNet waits for ever on a file that claims to hold 2**60 arrays."""
    file = tmp_path / "model.params"
    network = ready(KINDS["plain"]())
    network.save(file)
    raw = bytearray(file.read_bytes())
    raw[position] ^= 0xFF
    file.write_bytes(raw)
    reserved = range(8, 16)
    if position in reserved:
        network.load(file)
    else:
        with pytest.raises(ValueError, match=r"holds no parameters|another network|needs float32"):
            network.load(file)


def test_load_refuses_what_is_not_finite(tmp_path):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    arrays = network.arrays()
    for value in (np.nan, np.inf):
        arrays["item.weight"][2, 1] = value
        mx.nd.save(str(file), arrays)
        with pytest.raises(ValueError, match=r"parameter item\.weight with values that are not fi"):
            KINDS["plain"]().load(file)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32"])
def test_load_refuses_another_type_of_numbers(tmp_path, dtype):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    mx.nd.save(str(file), {name: a.astype(dtype) for name, a in network.arrays().items()})
    with pytest.raises(ValueError, match=rf"parameter user\.weight as {dtype}.* needs float32"):
        network.load(file)


def test_save_refuses_a_network_that_has_diverged(tmp_path):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    network.save(file)
    good = file.read_bytes()
    network.user.weight.set_data(mx.nd.full((5, 3), np.nan))
    with pytest.raises(ValueError, match=r"user\.weight .* are not finite: .* nothing to save"):
        network.save(file)
    assert file.read_bytes() == good


def fails_at_once(self, path):
    raise mx.MXNetError("[14:00:00] local_filesys.cc: No space left on device")


def writes_nothing(self, path):
    Path(path).write_bytes(b"")


def writes_half(self, path):
    whole = mx.gluon.Block.save_parameters
    whole(self, path)
    raw = Path(path).read_bytes()
    Path(path).write_bytes(raw[: len(raw) // 2])


def writes_another(self, path):
    mx.nd.save(path, {name: a + 1 for name, a in self.arrays().items()})


@pytest.mark.parametrize("write", [fails_at_once, writes_nothing, writes_half, writes_another])
def test_a_failed_save_leaves_the_good_file_alone(tmp_path, monkeypatch, write):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    network.save(file)
    good = file.read_bytes()
    monkeypatch.setattr(networks.Network, "save_parameters", write)
    with pytest.raises(ValueError, match=r"cannot be written; what was there is unchanged\."):
        network.save(file)
    assert file.read_bytes() == good
    assert [path.name for path in tmp_path.iterdir()] == ["model.params"]


def test_save_writes_through_a_link(tmp_path):
    (tmp_path / "link.params").symlink_to(tmp_path / "model.params")
    ready(KINDS["plain"]()).save(tmp_path / "link.params")
    assert (tmp_path / "link.params").is_symlink()
    KINDS["plain"]().load(tmp_path / "model.params")


class Bare(networks.Network):
    """A network that computes without parameters."""

    def hybrid_forward(self, F, user_idx, item_idx):
        return F.cast(user_idx * 0 + 4, "float32")


@pytest.mark.parametrize(
    "use",
    [
        lambda network, file: network.device(),
        lambda network, file: network.predict(USER, ITEM),
        lambda network, file: network.save(file),
        lambda network, file: network.load(file),
    ],
    ids=["device", "predict", "save", "load"],
)
def test_a_network_without_parameters_is_told_so(tmp_path, use):
    network = Bare(5, 6)
    network.initialize()
    with pytest.raises(
        ValueError, match=r"This Bare has no parameters: .* Make a layer in its __i"
    ):
        use(network, tmp_path / "model.params")


@pytest.mark.parametrize(
    ("forward", "found"),
    [
        (lambda F, p, q: F.sum(p * q, axis=1, keepdims=True), r"the shape \(4, 1\)"),
        (lambda F, p, q: p * q, r"the shape \(4, 3\)"),
        (lambda F, p, q: F.sum(p * q, axis=0), r"the shape \(3,\)"),
        (lambda F, p, q: F.sum(p * q), r"the shape \(1,\)"),
        (lambda F, p, q: [F.sum(p * q, axis=1)] * 2, "a list"),
    ],
    ids=["column", "not summed", "other axis", "one number", "list"],
)
def test_predict_wants_one_number_for_each_pair(forward, found):
    network = ready(networks.PlainNet(5, 6, k=3))
    network.hybrid_forward = lambda F, u, i: forward(F, network.user(u), network.item(i))
    message = rf"hybrid_forward of this PlainNet returned {found} for 4 pairs; .* shape \(4,\)\."
    with pytest.raises(ValueError, match=message):
        network.predict(USER, ITEM)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes and sockets")
def test_save_keeps_what_is_no_regular_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    network = ready(KINDS["plain"]())
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        before = {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}
        for name, kind in (("pipe", "a pipe"), ("link", "a pipe"), ("socket", "a socket")):
            with pytest.raises(ValueError, match=rf"^{name} is {kind}, .* Pass another path\."):
                network.save(name)
    assert {path.name: path.lstat().st_ino for path in tmp_path.iterdir()} == before
    with pytest.raises(FileNotFoundError, match="There is no file pipe"):
        network.load("pipe")


def test_savings_at_the_same_time_do_not_mix(tmp_path, monkeypatch):
    """Both write before one of them takes the place of its file."""
    both, failures = threading.Barrier(2, timeout=20), []
    whole = mx.gluon.Block.save_parameters

    def write(network, path):
        whole(network, path)
        both.wait()

    def save(network, file):
        try:
            network.save(file)
        except Exception as error:
            failures.append(error)

    monkeypatch.setattr(networks.Network, "save_parameters", write)
    made = {tmp_path / f"{seed}.params": ready(KINDS["plain"](), seed) for seed in (1, 2)}
    threads = [threading.Thread(target=save, args=(made[file], file)) for file in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(tmp_path.iterdir()) == sorted(made)
    for file, network in made.items():
        read = KINDS["plain"]()
        read.load(file)
        assert read.predict(USER, ITEM).tolist() == network.predict(USER, ITEM).tolist()


def test_save_overwrites_no_file_of_the_user(tmp_path):
    kept = tmp_path / f".mfbook-{os.getpid()}.params.part"
    kept.write_text("mine")
    ready(KINDS["plain"]()).save(tmp_path / "model.params")
    assert kept.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no modes")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_save_keeps_the_mode_of_the_file(tmp_path, mode):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    file.write_bytes(b"")
    file.chmod(mode)
    network.save(file)
    assert file.stat().st_mode & 0o7777 == mode
    KINDS["plain"]().load(file)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no modes")
def test_a_new_file_has_the_mode_of_new_files(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    ready(KINDS["plain"]()).save(tmp_path / "model.params")
    assert (tmp_path / "model.params").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_save_keeps_a_read_only_file(tmp_path):
    """Although its folder would allow the exchange, and although root may write to it."""
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    network.save(file)
    good = file.read_bytes()
    file.chmod(0o444)
    with pytest.raises(ValueError, match=r"model\.params is read-only; .* Make it writable, or"):
        ready(KINDS["plain"](), seed=1).save(file)
    assert file.read_bytes() == good
    file.chmod(0o644)


def test_load_fills_all_devices_that_hold_the_network(tmp_path):
    devices = [mx.cpu(0), mx.cpu(1)]
    ready(KINDS["plain"]()).save(tmp_path / "model.params")
    network = KINDS["plain"]()
    network.initialize(ctx=devices)
    network.load(tmp_path / "model.params")
    for name, values in ready(KINDS["plain"]()).arrays().items():
        parameter = network._collect_params_with_prefix()[name]
        assert parameter.list_ctx() == devices
        for copy in parameter.list_data():
            assert copy.asnumpy().tolist() == values.asnumpy().tolist()


def test_paths_of_every_kind(tmp_path):
    network = ready(KINDS["plain"]())
    network.save(tmp_path / "model.params")
    (entry,) = os.scandir(tmp_path)
    before = (tmp_path / "model.params").stat().st_ino
    for path in (entry, entry.path, os.fsencode(entry.path)):
        other = ready(KINDS["plain"](), seed=1)
        other.load(path)
        assert other.predict(USER, ITEM).tolist() == network.predict(USER, ITEM).tolist()
        other.save(path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.params"]
    assert (tmp_path / "model.params").stat().st_ino != before


@pytest.mark.parametrize("use", ["save", "load"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "path is empty"),
        ("new" + os.sep, "is a folder. Pass the path of a file in it"),
        ("new" + os.sep + ".", "is a folder"),
        (".", "is a folder"),
        ("a\0b", r"The path 'a\\x00b' has a NUL character"),
        (3, "path is 3; it must be a text or a Path"),
        (None, "path is None; it must be a text or a Path"),
        ("x" * 300, r"x cannot be (read \(File name too long\)|written; what was there)"),
    ],
    ids=["empty", "separator", "dot in a folder", "dot", "NUL", "number", "None", "long"],
)
def test_paths_that_no_file_has(tmp_path, monkeypatch, use, path, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        getattr(ready(KINDS["plain"]()), use)(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_touched(tmp_path, monkeypatch):
    file, network = tmp_path / "model.params", ready(KINDS["plain"]())
    network.save(file)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"params cannot be read \(Permission denied\)\. May you"):
        network.load(file)
    for refused in ("replace", "chmod"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, refused, refuse)
            with pytest.raises(ValueError, match=r"params cannot be written; .* may you write"):
                network.save(file)
        assert [path.name for path in tmp_path.iterdir()] == ["model.params"]


@pytest.mark.parametrize("dropout", [None, "0.5", np.array([0.1, 0.2])])
def test_dropout_that_is_no_number(dropout):
    with pytest.raises(ValueError, match=r"dropout is .*; it must be at least 0 and below 1"):
        networks.OneLayerDropoutMLP(2, 2, hidden=2, k=2, dropout=dropout)


@pytest.mark.parametrize("init", [None, 0.01, "unknown", {}])
def test_initializer_that_is_none(init):
    with pytest.raises(ValueError, match=r"The initializer is .*; pass one of mxnet.init"):
        networks.PlainNet(2, 2, k=2).initialize(init)


def test_device_that_is_none():
    with pytest.raises(ValueError, match="ctx is 'cpu'; pass a device"):
        networks.PlainNet(2, 2, k=2).initialize(ctx="cpu")


def test_a_network_that_has_computed_says_how_to_copy_it():
    network = networks.PlainNet(2, 2, k=2)
    network.hybridize()
    network.initialize()
    deepcopy(network)
    network.predict([0], [0])
    for make in (deepcopy, pickle.dumps):
        with pytest.raises(ValueError, match="let it load what save wrote"):
            make(network)


def test_shapes_in_hybrid_forward_that_do_not_fit():
    class Wrong(networks.PlainNet):
        def hybrid_forward(self, F, user_idx, item_idx):
            return F.dot(self.user(user_idx), self.item(item_idx))

    network = Wrong(3, 3, k=2)
    network.initialize()
    with pytest.raises(ValueError, match="hybrid_forward of this Wrong cannot compute with two"):
        network.predict([0, 1, 2], [0, 1, 2])
