"""Time one epoch of plain(64) at batch 64: the original tutorial's loop, and `training.fit`.

The loop is that of MXNet's matrix-factorization tutorial of 2016, as appendix A shows it, under
``FeedForward`` as in its first edition. Neither side evaluates on the test part. Run ``make bench``.
"""

import logging
import statistics
import time
import warnings

from mfbook import datasets, networks, training
import mxnet as mx

from notebooks import original

K, BATCH_SIZE, ROUNDS = 64, 64, 5


def original_seconds():
    """Train for one epoch with the original's loop; return its seconds."""
    old = original()
    max_user, max_item = old["max_id"](datasets.folder() / "u.data")
    old = original(max_user=max_user, max_item=max_item)
    batches = old["get_data"](BATCH_SIZE)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FeedForward was already deprecated in MXNet 1.9.1
        model = mx.model.FeedForward(
            old["plain_net"](K),
            ctx=mx.cpu(),
            num_epoch=1,
            learning_rate=0.05,
            momentum=0.9,
            wd=1e-4,
        )
        every = mx.callback.Speedometer(BATCH_SIZE, 20_000 // BATCH_SIZE)
        start = time.perf_counter()
        model.fit(X=batches, eval_metric=old["RMSE"], batch_end_callback=every)
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
    original_seconds(), fit_seconds(split)  # the first run loads code and fills caches
    rounds = [(original_seconds(), fit_seconds(split)) for _ in range(ROUNDS)]
    original_time, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    n = len(split.train)
    print(f"original's loop  {original_time:6.3f} s  {n / original_time:9,.0f} ratings/s")
    print(f"training.fit     {ours:6.3f} s  {n / ours:9,.0f} ratings/s")
    print(f"ratio            {original_time / ours:6.2f}")


if __name__ == "__main__":
    main()
