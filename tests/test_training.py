"""`fit` trains every rating, reports honestly, repeats itself, and refuses what cannot work."""

from dataclasses import replace
from fractions import Fraction
import math
import subprocess
import sys
import textwrap

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import datasets, devices, networks, training
from mfbook.exceptions import DivergenceError, TrainingError
from mfbook.history import History, run_epochs
from mfbook.metrics import rmse
from mfbook.training import RMSE, NetworkModel, fit
import mxnet as mx
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def small():
    """600 ratings of a rank-2 truth: 30 users, 40 items."""
    rng = np.random.default_rng(0)
    cells = rng.permutation(30 * 40)[:600]
    user, item = cells // 40, cells % 40
    truth = np.sum(rng.normal(0, 1, (30, 2))[user] * rng.normal(0, 1, (40, 2))[item], axis=1)
    rating = np.clip(np.round(3 + truth), 1, 5).astype(np.float32)
    table = pd.DataFrame({"user_id": user, "item_id": item, "rating": rating})
    return datasets.random_split(table, fraction=1 / 6)


def plain(split, k=4):
    return networks.PlainNet(split.n_users, split.n_items, k)


def test_history_reports_the_pooled_errors(small):
    network = plain(small)
    history = fit(network, small, epochs=3, batch_size=32)
    assert list(history.frame) == [
        "epoch",
        "train_rmse",
        "test_rmse",
        "seconds",
        "ratings_per_second",
    ]
    assert history.frame["epoch"].tolist() == [1, 2, 3]
    for ratings, column in ((small.train, "train_rmse"), (small.test, "test_rmse")):
        value = rmse(ratings["rating"], network.predict(ratings["user_idx"], ratings["item_idx"]))
        assert history.frame[column].iloc[-1] == pytest.approx(value)
    assert history.rmse == history.frame["test_rmse"].iloc[-1] == history.curve[3]
    assert history.evaluation_set == "test"
    assert history.seconds == pytest.approx(history.frame["seconds"].sum())
    speed = len(small.train) / history.frame["seconds"]
    assert history.frame["ratings_per_second"].tolist() == pytest.approx(speed.tolist())
    assert "<table" in history._repr_html_()


def test_the_error_of_a_history_is_that_of_its_last_epoch():
    frame = pd.DataFrame({"epoch": [1, 2, 3], "train_rmse": 0.5, "test_rmse": [1.0, 0.8, 0.9]})
    history = History(frame.assign(seconds=[1.0, 2.0, 3.0]), "test")
    assert history.rmse == 0.9
    assert history.curve.to_dict() == {1: 1.0, 2: 0.8, 3: 0.9}
    assert history.seconds == 6.0


def test_a_history_measures_predictions_as_they_are(small):
    nine = [np.full(len(ratings), 9.0) for ratings in (small.train, small.test)]
    history = run_epochs(small, 1, lambda: None, lambda *sets: nine)
    assert history.frame["train_rmse"][0] == pytest.approx(rmse(small.train["rating"], nine[0]))
    assert history.rmse == pytest.approx(rmse(small.test["rating"], nine[1]))


def test_the_seed_draws_the_initial_parameters(small):
    def initial(seed):
        network = plain(small)
        fit(network, small, epochs=1, learning_rate=1e-12, weight_decay=0.0, seed=seed)
        return weights(network)[0]

    first = initial(1)
    assert 0.009 < np.abs(first).max() <= 0.01
    assert initial(1) == pytest.approx(first, abs=1e-7)
    assert np.abs(initial(2) - first).max() > 0.001


def in_order_of(split, seed, network):
    """Train from known parameters; return the trained ones."""
    mx.random.seed(7)
    network.initialize(mx.init.Uniform(0.5))
    fit(network, split, epochs=1, batch_size=50, seed=seed)
    return weights(network)[0]


def test_the_seed_draws_the_order_of_the_ratings(small):
    first = in_order_of(small, 1, plain(small))
    assert (in_order_of(small, 1, plain(small)) == first).all()
    assert (in_order_of(small, 2, plain(small)) != first).any()


def test_each_epoch_has_its_own_order(small, monkeypatch):
    orders = []

    def recorded(*arguments):
        arrays = shuffled(*arguments)
        orders.append([array.asnumpy().tolist() for array in arrays])
        return arrays

    shuffled = training.shuffled
    monkeypatch.setattr(training, "shuffled", recorded)
    fit(plain(small), small, epochs=3, batch_size=100)
    assert len(orders) == 3
    for first, second in ((0, 1), (1, 2), (0, 2)):
        assert orders[first] != orders[second]


def test_the_seed_draws_the_dropout(small, monkeypatch):
    shuffled = training.shuffled
    monkeypatch.setattr(
        training,
        "shuffled",
        lambda ratings, rng, device: shuffled(ratings, np.random.default_rng(0), device),
    )

    def run(seed):
        network = networks.OneLayerDropoutMLP(small.n_users, small.n_items, 8, 4, dropout=0.5)
        return in_order_of(small, seed, network)

    first = run(1)
    assert (run(1) == first).all()
    assert (run(2) != first).any()


def test_training_drops_and_predicting_does_not(small):
    def run(dropout):
        network = networks.OneLayerDropoutMLP(small.n_users, small.n_items, 8, 4, dropout)
        return in_order_of(small, 1, network), network.predict([0, 1], [2, 3])

    (without, _), (with_dropout, prediction) = run(0.0), run(0.5)
    assert (without != with_dropout).any()
    assert (run(0.5)[1] == prediction).all()


def test_indices_stay_whole_numbers(small):
    large = small.train.assign(user_idx=np.int32(2**24 + 1))
    user, item, rating = training.shuffled(large, np.random.default_rng(0), mx.cpu())
    assert (user.dtype, item.dtype, rating.dtype) == (np.int32, np.int32, np.float32)
    assert set(user.asnumpy()) == {2**24 + 1}


def test_learns(small):
    history = fit(plain(small), small, epochs=40, batch_size=16)
    assert history.frame["train_rmse"].iloc[-1] < 0.7 * small.train["rating"].std()


@pytest.mark.parametrize("kind", [networks.OneLayerMLP, networks.OneLayerDropoutMLP])
def test_trains_the_other_networks(small, kind):
    network = kind(small.n_users, small.n_items, hidden=8, k=8)
    history = fit(network, small, epochs=20, batch_size=16)
    of_zero = rmse(small.train["rating"], np.zeros(len(small.train)))
    assert history.frame["train_rmse"].iloc[-1] < 0.5 * of_zero


def test_same_seed_same_errors(small):
    def run(seed):
        network = networks.OneLayerDropoutMLP(small.n_users, small.n_items, hidden=8, k=4)
        return fit(network, small, epochs=3, batch_size=32, seed=seed).curve.tolist()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_second_fit_goes_on_from_the_first(small):
    network = plain(small)
    first = fit(network, small, epochs=5, batch_size=16)
    second = fit(network, small, epochs=1, batch_size=16)
    assert second.frame["train_rmse"][0] < first.frame["train_rmse"][0]


def one_step(split, batch_size, **rates):
    """Train one epoch from known tables; return the tables before and after."""
    network = plain(split, k=2)
    mx.random.seed(7)
    network.initialize(mx.init.Uniform(0.5))
    before = [p.data().asnumpy() for p in network.collect_params().values()]
    fit(network, split, epochs=1, batch_size=batch_size, **rates)
    return before, [p.data().asnumpy() for p in network.collect_params().values()]


def step_by_hand(tables, rows, learning_rate, weight_decay, batch_size):
    p, q = tables
    user, item = rows["user_idx"].to_numpy(), rows["item_idx"].to_numpy()
    error = np.sum(p[user] * q[item], axis=1) - rows["rating"].to_numpy()  # (batch,)
    grad_p, grad_q = np.zeros_like(p), np.zeros_like(q)
    np.add.at(grad_p, user, error[:, None] * q[item] / batch_size)
    np.add.at(grad_q, item, error[:, None] * p[user] / batch_size)
    return (
        p - learning_rate * (grad_p + weight_decay * p),
        q - learning_rate * (grad_q + weight_decay * q),
    )


def test_one_batch_is_the_step_of_the_equations(small):
    before, after = one_step(small, len(small.train), learning_rate=0.3, weight_decay=0.01)
    for ours, expected in zip(
        after, step_by_hand(before, small.train, 0.3, 0.01, len(small.train)), strict=True
    ):
        assert ours == pytest.approx(expected, abs=1e-6)


def test_the_last_partial_batch_is_trained_and_counted(small):
    """With 500 ratings in batches of 499 the last batch holds one; it must move its rows."""
    rates = {"learning_rate": 0.3, "momentum": 0.0, "weight_decay": 0.0}
    before, after = one_step(small, len(small.train) - 1, **rates)
    order = np.random.default_rng(0).permutation(len(small.train))
    expected = before
    for rows in (order[:-1], order[-1:]):
        expected = step_by_hand(expected, small.train.iloc[rows], 0.3, 0.0, len(rows))
    for ours, hand in zip(after, expected, strict=True):
        assert ours == pytest.approx(hand, abs=1e-5)


def test_batches_cover_every_rating_once(small):
    user, item, rating = training.shuffled(small.train, np.random.default_rng(0), mx.cpu())
    seen = sorted(zip(user.asnumpy(), item.asnumpy(), rating.asnumpy(), strict=True))
    columns = (small.train[c] for c in ("user_idx", "item_idx", "rating"))
    assert seen == sorted(zip(*columns, strict=True))


def test_decay_spares_biases(small):
    network = networks.OneLayerMLP(small.n_users, small.n_items, hidden=4, k=4)
    network.initialize(mx.init.Uniform(0.1))
    biases = network.collect_params(".*bias")
    for parameter in biases.values():
        parameter.set_data(mx.nd.ones(parameter.shape) * 100)
    weights = {n: p for n, p in network.collect_params().items() if n.endswith("weight")}
    for parameter in weights.values():
        parameter.set_data(mx.nd.zeros(parameter.shape))
    zero = small.train.assign(rating=np.float32(4 * 100 * 100))  # what the network predicts now
    split = datasets.make_split(zero, small.test)
    fit(network, split, epochs=1, batch_size=len(zero), learning_rate=1.0, weight_decay=0.5)
    for parameter in biases.values():
        assert parameter.data().asnumpy() == pytest.approx(100, abs=1e-3)


def test_devices_end_with_the_cpu():
    assert devices.available()[-1] == mx.cpu()


def test_a_gpu_that_cannot_compute_is_no_device(monkeypatch):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 1)
    assert devices.available() == [mx.cpu()]


def test_unusable_device(small):
    with pytest.raises(TrainingError, match=r"cannot compute on gpu\(7\) here.*cpu\(0\)"):
        fit(plain(small), small, device=mx.gpu(7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"batch_size": 501}, "batch_size is 501, but the training set has 500 ratings"),
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"learning_rate": 0}, "learning_rate is 0; it must be greater than 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; it must be a number, 0 or more"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it must be a number"),
        ({"learning_rate": "0.1"}, "learning_rate is '0.1'; it must be a number"),
        ({"momentum": -1}, "momentum is -1; it must be a number, 0 or more"),
        ({"momentum": 1.5}, "momentum is 1.5; it must be below 1"),
        ({"weight_decay": None}, "weight_decay is None; it must be a number"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"seed": 2**31}, "seed is 2147483648; it must be 2147483647 or less"),
        ({"learning_rate": True}, "learning_rate is True; it must be a number"),
        (
            {"learning_rate": 1e39},
            r"learning_rate is 1e\+39; it must be a number of single precision",
        ),
        ({"learning_rate": 1e-45}, "learning_rate is 1e-45; it must be 0 or at least 1.2e-38"),
        ({"weight_decay": 1e-320}, "weight_decay is 1e-320; it must be 0 or at least 1.2e-38"),
        ({"lazy": "yes"}, "lazy is 'yes'; it must be True, False or None"),
        ({"lazy": 1}, "lazy is 1; it must be True, False or None"),
        ({"device": "cpu"}, "device is 'cpu'; pass one of"),
        ({"batch_size": True}, "batch_size is True; it must be a whole number"),
        ({"epochs": 2.5}, "epochs is 2.5; it must be a whole number"),
        ({"batch_size": 6.4}, "batch_size is 6.4; it must be a whole number"),
    ],
)
def test_impossible_arguments(small, arguments, message):
    with pytest.raises(TrainingError, match=message):
        fit(plain(small), small, **arguments)


def test_tables_smaller_than_the_ids(small):
    with pytest.raises(ValueError, match="this table has 29 rows"):
        fit(networks.PlainNet(small.n_users - 1, small.n_items, 4), small)
    with pytest.raises(ValueError, match="this table has 10 rows"):
        fit(networks.PlainNet(small.n_users, 10, 4), small)


def test_a_table_is_no_split(small):
    with pytest.raises(TrainingError, match="split is a DataFrame; fit needs a Split"):
        fit(plain(small), small.train)


@pytest.mark.parametrize("network", [None, "PlainNet", mx.gluon.nn.Dense(1)])
def test_something_else_is_no_network(small, network):
    with pytest.raises(TrainingError, match=r"network is a \w+; fit needs a Network"):
        fit(network, small)


class Column(networks.PlainNet):
    """Returns (batch, 1)."""

    def hybrid_forward(self, F, user_idx, item_idx):
        return F.sum(self.user(user_idx) * self.item(item_idx), axis=1, keepdims=True)


class Constant(networks.Network):
    """A network without parameters."""

    def hybrid_forward(self, F, user_idx, item_idx):
        return F.cast(user_idx * 0 + 4, "float32")


def test_a_network_of_another_shape_is_refused_before_it_is_trained(small):
    network = Column(small.n_users, small.n_items, 4)
    network.initialize(mx.init.Uniform(0.5))
    before = weights(network)
    message = r"hybrid_forward of this Column returned the shape \(5, 1\) .* the shape \(5,\)"
    with pytest.raises(ValueError, match=message):
        fit(network, small, epochs=1)
    assert all((a == b).all() for a, b in zip(weights(network), before, strict=True))


def test_a_network_without_parameters_is_not_trained(small):
    with pytest.raises(ValueError, match="This Constant has no parameters: there is nothing to t"):
        fit(Constant(small.n_users, small.n_items), small)


def test_divergence_names_the_epoch_and_the_learning_rate(small):
    with pytest.raises(
        DivergenceError,
        match=r"In epoch \d+ .* Lower the learning rate \(it is 30.*begin again with a new network",
    ):
        fit(plain(small), small, epochs=20, batch_size=16, learning_rate=30.0)


def test_a_network_that_has_diverged_must_begin_again(small):
    network = plain(small)
    with pytest.raises(DivergenceError):
        fit(network, small, epochs=20, batch_size=16, learning_rate=30.0)
    with pytest.raises(
        TrainingError, match=r"values that are not finite.*network\.initialize\(force_reinit=True\)"
    ) as caught:
        fit(network, small, epochs=1, learning_rate=0.01)
    assert not isinstance(caught.value, DivergenceError)
    network.initialize(force_reinit=True)
    assert np.isfinite(fit(network, small, epochs=1, learning_rate=0.01).rmse)


def weights(network):
    return [p.data().asnumpy() for p in network.collect_params().values()]


def trained(split, kind, **options):
    network = kind(split.n_users, split.n_items, 8, 4)
    fit(network, split, epochs=2, batch_size=33, weight_decay=0.01, **options)
    return network


def test_two_devices_give_the_step_of_one(small):
    """Batches of 33 split unevenly, and the last one has 5 ratings: the sums must still agree."""
    one = trained(small, networks.OneLayerMLP)
    two = trained(small, networks.OneLayerMLP, device=[mx.cpu(0), mx.cpu(1)])
    assert two.collect_params().list_ctx() == [mx.cpu(0), mx.cpu(1)]
    for ours, expected in zip(weights(two), weights(one), strict=True):
        assert ours == pytest.approx(expected, abs=1e-5)
    for parameter in two.collect_params().values():
        first, second = (values.asnumpy() for values in parameter.list_data())
        assert (first == second).all()


def test_a_network_moves_between_one_device_and_two(small):
    network = plain(small)
    fit(network, small, epochs=1, device=[mx.cpu(0), mx.cpu(1)])
    before = weights(network)
    fit(network, small, epochs=1, device=mx.cpu(), learning_rate=1e-12)
    assert network.collect_params().list_ctx() == [mx.cpu()]
    for ours, expected in zip(weights(network), before, strict=True):
        assert ours == pytest.approx(expected, abs=1e-6)


class Dense(networks.PlainNet):
    """`PlainNet` whose gradients are whole tables."""

    def __init__(self, n_users, n_items, k):
        super().__init__(n_users, n_items, k)
        with self.name_scope():
            self.user, self.item = (mx.gluon.nn.Embedding(n, k) for n in (n_users, n_items))


def test_gradients_of_touched_rows_give_the_step_of_whole_tables(small):
    results = []
    for kind in (networks.PlainNet, Dense):
        network = kind(small.n_users, small.n_items, k=4)
        fit(network, small, epochs=2, batch_size=33, weight_decay=0.01)
        results.append(weights(network))
    for ours, expected in zip(*results, strict=True):
        assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("lazy", [False, True])
def test_lazy_does_not_change_untouched_rows(small, lazy):
    half = small.n_items // 2
    rows = small.train["item_idx"] < half
    split = datasets.Split(small.train[rows], small.test, small.users, small.items)
    network = plain(split)
    network.initialize(mx.init.Uniform(0.5))
    before = weights(network)[1][half:]
    fit(network, split, epochs=1, weight_decay=0.1, lazy=lazy)
    assert (weights(network)[1][half:] == before).all() == lazy


def of_size(n_users, n_items, k):
    network = networks.PlainNet(n_users, n_items, k)
    network.initialize()
    return network


@pytest.mark.parametrize(
    ("sizes", "batch_size", "is_lazy"),
    [
        # MovieLens 100K with the widest vectors of the course, and MovieLens 25M.
        ((943, 1682, 512), 64, False),
        ((162_500, 59_000, 64), 1024, True),
        ((162_500, 59_000, 64), 65_536, True),
        # Just above and just below each bound of the rule.
        ((40_000, 22_501, 64), 31_250, True),
        ((40_000, 22_501, 64), 31_251, False),
        ((40_000, 22_500, 64), 64, False),
    ],
)
def test_updates_are_lazy_where_tables_are_large_against_a_batch(sizes, batch_size, is_lazy):
    assert training._is_lazy_faster(of_size(*sizes), batch_size) == is_lazy


@pytest.mark.parametrize("bound", [0, 10**9])
def test_fit_is_lazy_by_its_rule_unless_told_otherwise(small, monkeypatch, bound):
    monkeypatch.setattr(training, "LAZY_NUMBERS", bound)

    def run(**options):
        network = plain(small)
        fit(network, small, epochs=2, batch_size=16, weight_decay=0.1, **options)
        return weights(network)[1].tolist()

    by_rule, lazy, dense = run(), run(lazy=True), run(lazy=False)
    assert lazy != dense
    assert by_rule == (dense if bound else lazy)


def test_memory_does_not_grow_with_ratings_times_factors():
    """2 million ratings times 64 factors in single precision would be 512 MB."""
    code = """
        import resource
        import mfbook
        from mfbook import datasets, networks, training
        import numpy as np, pandas as pd

        rng, n = np.random.default_rng(0), 2_000_000
        columns = {"user_idx": rng.integers(0, 5000, n), "item_idx": rng.integers(0, 3000, n)}
        columns = {name: idx.astype(np.int32) for name, idx in columns.items()}
        train = pd.DataFrame(columns | {"rating": rng.integers(1, 6, n).astype(np.float32)})
        users, items = (pd.DataFrame({"id": np.arange(size)}) for size in (5000, 3000))
        split = datasets.Split(train, train.head(10), users, items)
        network = networks.PlainNet(5000, 3000, k=64)
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = peak()
        training.fit(network, split, epochs=1, batch_size=8192, learning_rate=0.4)
        network.predict(train["user_idx"], train["item_idx"])
        print(peak() - before)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 256


def test_lazy_says_nothing_on_stderr(small, capfd):
    fit(plain(small), small, epochs=1, lazy=True)
    assert "lazy" not in capfd.readouterr().err


class WholeTables(networks.OneLayerMLP):
    """`OneLayerMLP` with gradients as large as its tables."""

    def tower(self, n_rows, hidden, k):
        layers = mx.gluon.nn.HybridSequential()
        layers.add(
            mx.gluon.nn.Embedding(n_rows, k),
            mx.gluon.nn.Activation("relu"),
            mx.gluon.nn.Dense(hidden, in_units=k),
        )
        return layers


def test_lazy_updates_of_the_large_network_are_at_least_twice_as_fast(split):
    """Whole tables against touched rows, 200 batches in turn; other work can only slow a round."""
    few = replace(split, train=split.train.head(64 * 200), evaluation=split.test.head(64))
    ways = {
        lazy: kind(split.n_users, split.n_items, hidden=256, k=512)
        for kind, lazy in ((WholeTables, False), (networks.OneLayerMLP, True))
    }
    rounds = []
    while len(rounds) < 3 or (not twice_as_fast(rounds) and len(rounds) < 12):
        rounds.append([fit(n, few, 1, learning_rate=0.02, lazy=z).seconds for z, n in ways.items()])
    assert twice_as_fast(rounds), rounds


def twice_as_fast(rounds):
    whole, lazy = np.min(rounds, axis=0)
    return whole > 2 * lazy


def test_a_batch_too_small_for_its_devices(small):
    with pytest.raises(
        TrainingError, match=r"smallest batch has 1 rating.* fewer than the 2 devices"
    ):
        fit(plain(small), small, batch_size=499, device=[mx.cpu(0), mx.cpu(1)])


@pytest.mark.parametrize("device", [[], [mx.cpu(), mx.cpu()]])
def test_each_device_once(small, device):
    with pytest.raises(TrainingError, match="each only once"):
        fit(plain(small), small, device=device)


def test_a_history_says_of_which_set_it_is(small):
    inner = small.validation_split()
    history = fit(plain(small), inner, epochs=1)
    assert history.evaluation_set == "validation"
    assert "validation_rmse" in history.frame
    assert "test_rmse" not in history.frame


def test_a_network_model_is_the_network_that_fit_trains(small):
    options = {"epochs": 2, "batch_size": 32, "learning_rate": 0.1, "weight_decay": 0.01}
    model = NetworkModel(lambda split, seed: plain(split), **options).fit(small, seed=3)
    network = plain(small)
    history = fit(network, small, **options, seed=3)
    assert model.history.curve.tolist() == history.curve.tolist()
    assert model.predict([0, 1], [2, 3]).tolist() == network.predict([0, 1], [2, 3]).tolist()


def test_a_network_model_passes_its_hyperparameters_on(small, monkeypatch):
    taken = {}

    def fit_nothing(network, split, epochs, **options):
        taken.update(options, network=network, split=split, epochs=epochs)

    monkeypatch.setattr(training, "fit", fit_nothing)
    options = {"epochs": 7, "batch_size": 33, "learning_rate": 0.3, "weight_decay": 0.2}
    NetworkModel(lambda split, seed: (split, seed), **options).fit(small, seed=5)
    assert taken == options | {"network": (small, 5), "split": small, "seed": 5}


def test_a_network_model_predicts_what_its_network_does(small):
    model = NetworkModel(lambda split, seed: plain(split))
    model.network = plain(small, k=1)
    model.network.initialize(mx.init.Constant(3))
    assert model.predict([0, 1], [2, 3]).tolist() == [9, 9]


def test_a_failed_fit_leaves_the_earlier_model(small):
    model = NetworkModel(lambda split, seed: plain(split), epochs=1, learning_rate=0.1)
    model.fit(small)
    network, history = model.network, model.history
    model.learning_rate, model.epochs = 30.0, 20
    with pytest.raises(DivergenceError):
        model.fit(small)
    assert model.network is network
    assert model.history is history


@pytest.mark.parametrize("build", [None, "PlainNet", 7])
def test_a_network_model_needs_a_function(build):
    with pytest.raises(ValueError, match=r"build is .*; it must be a function: build\(split, seed"):
        NetworkModel(build)


def test_a_network_of_double_precision_is_not_trained(small):
    network = plain(small)
    network.cast("float64")
    with pytest.raises(TrainingError, match=r"user\.weight .* type float64; .*cast\(\"float32\"\)"):
        fit(network, small, epochs=1)
    network.cast("float32")
    fit(network, small, epochs=1)


def test_a_network_model_before_fit():
    with pytest.raises(ValueError, match="Call fit first"):
        NetworkModel(lambda split, seed: plain(split)).predict([0], [0])


def test_pooled_over_uneven_batches():
    rng = np.random.default_rng(0)
    label = rng.integers(1, 6, 100).astype(np.float32)
    prediction = label + rng.normal(0, np.linspace(0.1, 2, 100)).astype(np.float32)
    metric, batch_values = RMSE(), []
    for rows in (slice(0, 64), slice(64, 96), slice(96, 99), slice(99, 100)):
        metric.update([mx.nd.array(label[rows])], [mx.nd.array(prediction[rows])])
        batch_values.append(rmse(label[rows], prediction[rows]))
    name, value = metric.get()
    assert name == "rmse"
    assert value == pytest.approx(rmse(label, prediction), rel=1e-6)
    assert abs(value - np.mean(batch_values)) > 0.1


def test_several_outputs_and_column_predictions():
    metric = RMSE()
    metric.update(
        [mx.nd.array([1, 2]), mx.nd.array([3])], [mx.nd.array([[2], [4]]), mx.nd.array([3])]
    )
    assert metric.get()[1] == pytest.approx(math.sqrt(5 / 3))


def test_reset_and_empty():
    metric = RMSE()
    assert math.isnan(metric.get()[1])
    metric.update([mx.nd.array([1])], [mx.nd.array([3])])
    metric.reset()
    assert math.isnan(metric.get()[1])


def test_works_in_a_module():
    metric = mx.metric.create(["mae", RMSE()])
    metric.update([mx.nd.array([1, 2])], [mx.nd.array([1, 4])])
    assert dict(metric.get_name_value())["rmse"] == pytest.approx(math.sqrt(2))


def test_update_refuses_unequal_lengths():
    with pytest.raises(ValueError, match="3 labels and 2 predictions"):
        RMSE().update([mx.nd.array([1, 2, 3])], [mx.nd.array([1, 2])])


def test_momentum_keeps_a_share_of_the_last_step(small):
    network = plain(small, k=2)
    mx.random.seed(7)
    network.initialize(mx.init.Uniform(0.5))
    tables = weights(network)
    velocities = [np.zeros_like(table) for table in tables]
    n = len(small.train)
    for _ in range(2):
        stepped = step_by_hand(tables, small.train, 0.3, 0.0, n)
        for i, table in enumerate(tables):
            velocities[i] = 0.5 * velocities[i] + (stepped[i] - table)
        tables = [table + v for table, v in zip(tables, velocities, strict=True)]
    rates = {"learning_rate": 0.3, "momentum": 0.5, "weight_decay": 0.0}
    fit(network, small, epochs=2, batch_size=n, **rates)
    for ours, expected in zip(weights(network), tables, strict=True):
        assert ours == pytest.approx(expected, abs=1e-5)


def test_arrays_of_another_type_are_named(small):
    arrays = [mx.nd.array([1, 2])]
    for labels, message in (
        (None, "labels is None"),
        ([np.ones(2)], "labels is"),
        ([*arrays, *arrays], "2 arrays of labels and 1 of predictions"),
    ):
        with pytest.raises(ValueError, match=message):
            RMSE().update(labels, arrays)
    for wrong, message in (
        ((None, np.random.default_rng(0), mx.cpu()), "ratings: the table is of the type NoneType"),
        ((small.train, 0, mx.cpu()), "rng is 0"),
        ((small.train, np.random.default_rng(0), "cpu"), "device is 'cpu'"),
    ):
        with pytest.raises(ValueError, match=message):
            training.shuffled(*wrong)


def test_network_model_checks_what_it_is_fitted_to(small):
    model = NetworkModel(lambda split, seed: networks.PlainNet(split.n_users, split.n_items, k=2))
    with pytest.raises(ValueError, match="split is a NoneType; pass a Split"):
        model.fit(None)
    with pytest.raises(ValueError, match="seed is 'x'"):
        model.fit(small, seed="x")


def test_numbers_of_any_kind_train_a_network(small):
    def trained(**hyperparameters):
        network = networks.PlainNet(small.n_users, small.n_items, k=2)
        return fit(network, small, 1, batch_size=1, **hyperparameters).rmse

    assert trained(seed=np.int8(1), momentum=Fraction(1, 2)) == trained(seed=1, momentum=0.5)


def test_network_that_returns_indices(small):
    class Indices(networks.PlainNet):
        def hybrid_forward(self, F, user_idx, item_idx):
            return user_idx

    network = Indices(small.n_users, small.n_items, k=2)
    with pytest.raises(TrainingError, match="returned numbers of the type int32"):
        fit(network, small, 1, batch_size=1)
