"""One epoch of plain(64) at batch 64 with the loop of MXNet's tutorial of 2016.

As appendix A shows it, under ``FeedForward`` as in its first edition, without evaluation.
"""

import time
import warnings

from mfbook import datasets
import mxnet as mx

from notebooks import original

K, BATCH_SIZE = 64, 64


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
