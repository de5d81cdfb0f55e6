"""`PlainNet` under Gluon and the original's Symbol graph under `Module` are the same training."""

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import networks
import mxnet as mx
from mxnet import autograd, gluon
import numpy as np
from original_loop import plain_net
import pytest

K, BATCH_SIZE, LEARNING_RATE, MOMENTUM, DECAY = 16, 64, 0.05, 0.9, 1e-4


def batches(split):
    order = np.random.default_rng(0).permutation(len(split.train))
    columns = [split.train[c].to_numpy()[order] for c in ("user_idx", "item_idx", "rating")]
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):  # Module takes full ones
        yield [mx.nd.array(column[start : start + BATCH_SIZE]) for column in columns]


def module_losses(split, p, q):
    symbol = plain_net(split.n_users, split.n_items, K)
    module = mx.mod.Module(symbol, ("user", "item"), ("score",))
    module.bind([("user", (BATCH_SIZE,)), ("item", (BATCH_SIZE,))], [("score", (BATCH_SIZE,))])
    module.init_params(arg_params={"p_weight": p, "q_weight": q}, aux_params={})
    settings = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "wd": DECAY}
    module.init_optimizer(kvstore=None, optimizer="sgd", optimizer_params=settings)
    for user, item, rating in batches(split):
        module.forward_backward(mx.io.DataBatch([user, item], [rating]))
        error = module.get_outputs()[0].reshape(-1) - rating
        module.update()
        yield float((error**2).mean().asscalar()) / 2


def gluon_losses(split, p, q):
    network = networks.PlainNet(split.n_users, split.n_items, K)
    network.initialize()
    network.user.weight.set_data(p)
    network.item.weight.set_data(q)
    network.hybridize()
    loss = gluon.loss.L2Loss()
    settings = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "wd": DECAY}
    trainer = gluon.Trainer(network.collect_params(), "sgd", settings, kvstore=None)
    for user, item, rating in batches(split):
        with autograd.record():
            error = loss(network(user, item), rating)
        error.backward()
        trainer.step(BATCH_SIZE)
        yield float(error.mean().asscalar())


def test_losses_agree_over_an_epoch(split):
    mx.random.seed(0)
    p = mx.nd.random.uniform(0.1, 0.5, (split.n_users, K))
    q = mx.nd.random.uniform(0.1, 0.5, (split.n_items, K))
    module = list(module_losses(split, p, q))
    ours = list(gluon_losses(split, p, q))
    assert len(ours) == 1250
    assert ours[-1] < 0.5 * ours[0]
    assert ours == pytest.approx(module, abs=1e-4)
