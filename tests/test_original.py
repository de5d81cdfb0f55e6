"""The networks under Gluon and the original's Symbol graphs under `Module` train alike.

The Symbol functions are those that appendix A shows.
"""

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import networks
import mxnet as mx
from mxnet import autograd, gluon
import numpy as np
import pytest

from tools import original

K, HIDDEN, BATCH_SIZE, LEARNING_RATE, MOMENTUM, DECAY = 16, 8, 64, 0.05, 0.9, 1e-4
OPTIMIZER = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "wd": DECAY}
PAIRS = {  # the original's function, the network of mfbook, the arguments of each after the sizes
    "plain": ("plain_net", networks.PlainNet, (K,), (K,)),
    "MLP": ("get_one_layer_mlp", networks.OneLayerMLP, (HIDDEN, K), (HIDDEN, K)),
    "dropout": (
        "get_one_layer_dropout_mlp",
        networks.OneLayerDropoutMLP,
        (HIDDEN, K, 0.0),
        (HIDDEN, K, 0.0),
    ),
}


@pytest.fixture(params=PAIRS)
def pair(request, split):
    """Return a Symbol and a Gluon network with the same sizes, and values for both."""
    old, new, old_sizes, new_sizes = PAIRS[request.param]
    symbol = original.definitions(max_user=split.n_users, max_item=split.n_items)[old](*old_sizes)
    network = new(split.n_users, split.n_items, *new_sizes)
    mx.random.seed(0)
    network.initialize(mx.init.Uniform(0.4))
    return symbol, network


def batches(split):
    order = np.random.default_rng(0).permutation(len(split.train))
    columns = [split.train[c].to_numpy()[order] for c in ("user_idx", "item_idx", "rating")]
    # Module takes full batches only.
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        yield [mx.nd.array(column[start : start + BATCH_SIZE]) for column in columns]


def module_of(symbol, network):
    module = mx.mod.Module(symbol, ("user", "item"), ("score",))
    module.bind([("user", (BATCH_SIZE,)), ("item", (BATCH_SIZE,))], [("score", (BATCH_SIZE,))])
    names = [n for n in symbol.list_arguments() if n.endswith(("weight", "bias"))]
    values = [p.data().copy() for p in network.collect_params().values()]
    module.init_params(arg_params=dict(zip(names, values, strict=True)), aux_params={})
    module.init_optimizer(kvstore=None, optimizer="sgd", optimizer_params=OPTIMIZER)
    return module


def module_losses(split, module):
    for user, item, rating in batches(split):
        module.forward_backward(mx.io.DataBatch([user, item], [rating]))
        error = module.get_outputs()[0].reshape(-1) - rating
        module.update()
        yield float((error**2).mean().asscalar()) / 2


def gluon_losses(split, network):
    network.hybridize()
    loss = gluon.loss.L2Loss()
    for parameter in network.collect_params(".*bias").values():
        # As Module does by itself.
        parameter.wd_mult = 0.0
    # The tables of Module have no row-sparse gradients.
    options = OPTIMIZER | {"lazy_update": False}
    trainer = gluon.Trainer(network.collect_params(), "sgd", options, kvstore=None)
    for user, item, rating in batches(split):
        with autograd.record():
            error = loss(network(user, item), rating)
        error.backward()
        trainer.step(BATCH_SIZE)
        yield float(error.mean().asscalar())


def test_losses_agree_over_an_epoch(split, pair):
    symbol, network = pair
    module = list(module_losses(split, module_of(symbol, network)))
    ours = list(gluon_losses(split, network))
    assert len(ours) == 1250
    assert np.mean(ours[-100:]) < 0.7 * ours[0]  # it does learn
    assert ours == pytest.approx(module, abs=1e-4)


def test_dropout_is_off_in_prediction_on_both_sides(split):
    symbol = original.definitions(max_user=split.n_users, max_item=split.n_items)[
        "get_one_layer_dropout_mlp"
    ](HIDDEN, K)
    network = networks.OneLayerDropoutMLP(split.n_users, split.n_items, HIDDEN, K, 0.5)
    network.initialize(mx.init.Uniform(0.4))
    module = module_of(symbol, network)
    user, item, rating = next(batches(split))
    module.forward(mx.io.DataBatch([user, item], [rating]), is_train=False)
    old = module.get_outputs()[0].asnumpy().ravel()
    assert old == pytest.approx(
        network.predict(*(x.asnumpy().astype(int) for x in (user, item))), abs=1e-4
    )
    module.forward(mx.io.DataBatch([user, item], [rating]), is_train=True)
    assert np.abs(module.get_outputs()[0].asnumpy().ravel() - old).max() > 0.01


def test_the_originals_iterator_skips_a_line_that_is_not_four_fields(tmp_path):
    file = tmp_path / "u1.base"
    file.write_text("1\t1\t5\t9\n1\t2\t4\n2\t1\t3\t9\n")
    iterator = original.definitions()["DataIter"](file, batch_size=1)
    assert iterator.data == [(1, 1, 5.0), (2, 1, 3.0)]


def test_the_originals_training_shuffles_before_its_first_epoch(tmp_path, monkeypatch):
    """As `FeedForward` did; `Module` without it begins in the order of the file."""
    rows = [f"{user}\t{item}\t4\t9" for user in range(1, 5) for item in range(1, 5)]
    for name in ("u1.base", "u1.test"):
        (tmp_path / name).write_text("\n".join(rows))
    monkeypatch.setattr("mfbook.datasets.folder", lambda: tmp_path)
    names = original.definitions(max_user=5, max_item=5, ctx=mx.cpu())
    seen = []
    fit = mx.mod.Module.fit
    monkeypatch.setattr(
        mx.mod.Module,
        "fit",
        lambda module, data, **rest: (seen.append(list(data.data)), fit(module, data, **rest)),
    )
    names["train"](names["plain_net"](2), batch_size=4, num_epoch=1, learning_rate=0.05)
    in_file = [tuple(map(float, row.split("\t")[:3])) for row in rows]
    assert seen[0] != in_file and sorted(seen[0]) == in_file
