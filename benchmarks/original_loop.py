"""Time one epoch of plain(64) at batch 64: the original tutorial's loop, and `training.fit`.

The loop is that of MXNet's matrix-factorization tutorial of 2016 (its ``DataIter``,
``FeedForward`` and ``RMSE``), rewritten for Python 3 with the same steps. Neither side evaluates
on the test part. Run ``make bench``.
"""

import logging
import math
import random
import statistics
import time
import warnings

from mfbook import datasets, networks, training
import mxnet as mx

K, BATCH_SIZE, ROUNDS = 64, 64, 5


class Batch:
    """Named arrays, as ``FeedForward`` asks for them."""

    def __init__(self, user, item, score):
        self.data, self.label = [mx.nd.array(user), mx.nd.array(item)], [mx.nd.array(score)]
        self.provide_data = [("user", (len(user),)), ("item", (len(item),))]
        self.provide_label = [("score", (len(score),))]


class DataIter(mx.io.DataIter):
    """Batches filled rating by rating from a list; a last partial batch is dropped."""

    def __init__(self, ratings, batch_size):
        super().__init__(batch_size)
        self.rows = ratings
        self.provide_data = [("user", (batch_size,)), ("item", (batch_size,))]
        self.provide_label = [("score", (batch_size,))]

    def __iter__(self):
        for number in range(len(self.rows) // self.batch_size):
            user, item, score = [], [], []
            for offset in range(self.batch_size):
                row = self.rows[number * self.batch_size + offset]
                user.append(row[0])
                item.append(row[1])
                score.append(row[2])
            yield Batch(user, item, score)

    def reset(self):
        """Shuffle the ratings, as before every epoch."""
        random.shuffle(self.rows)


def batch_rmse(label, pred):
    """Return the RMSE of one batch, number by number."""
    total, pred = 0.0, pred.flatten()
    for i in range(len(label)):
        total += (label[i] - pred[i]) ** 2
    return math.sqrt(total / len(label))


def plain_net(n_users, n_items, k):
    """Return the original's first network as a Symbol."""
    user = mx.sym.Embedding(mx.sym.Variable("user"), input_dim=n_users, output_dim=k, name="p")
    item = mx.sym.Embedding(mx.sym.Variable("item"), input_dim=n_items, output_dim=k, name="q")
    pred = mx.sym.Flatten(mx.sym.sum_axis(user * item, axis=1))
    return mx.sym.LinearRegressionOutput(pred, label=mx.sym.Variable("score"), name="score")


def original_seconds(split):
    """Train for one epoch with the original's loop; return its seconds."""
    columns = split.train[["user_idx", "item_idx", "rating"]].astype(float)
    batches = DataIter(columns.values.tolist(), BATCH_SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FeedForward was already deprecated in MXNet 1.9.1
        model = mx.model.FeedForward(
            plain_net(split.n_users, split.n_items, K),
            ctx=mx.cpu(),
            num_epoch=1,
            learning_rate=0.05,
            momentum=0.9,
            wd=1e-4,
        )
        every = mx.callback.Speedometer(BATCH_SIZE, 20_000 // BATCH_SIZE)
        start = time.perf_counter()
        model.fit(X=batches, eval_metric=batch_rmse, batch_end_callback=every)
        mx.nd.waitall()
    return time.perf_counter() - start


def fit_seconds(split):
    """Train for one epoch with `training.fit`; return its seconds."""
    network = networks.PlainNet(split.n_users, split.n_items, K)
    return training.fit(network, split, epochs=1, batch_size=BATCH_SIZE).seconds


def main():
    """Measure both sides in turn and print the medians and their ratio."""
    logging.disable(logging.INFO)
    split = datasets.load()
    print(split.name)
    for seconds in (original_seconds, fit_seconds):
        seconds(split)  # the first run loads code and fills caches
    rounds = [(original_seconds(split), fit_seconds(split)) for _ in range(ROUNDS)]
    original, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    n = len(split.train)
    print(f"original's loop  {original:6.3f} s  {n / original:9,.0f} ratings/s")
    print(f"training.fit     {ours:6.3f} s  {n / ours:9,.0f} ratings/s")
    print(f"ratio            {original / ours:6.2f}")


if __name__ == "__main__":
    main()
