"""One epoch of plain(64) at batch size 64 with the loop of MXNet's tutorial of 2016.

It is the code of appendix A under ``FeedForward``, as in the tutorial's first edition, without
evaluation.
"""

import time
import warnings

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import datasets
import mxnet as mx

from tools import original

K, BATCH_SIZE = 64, 64


def original_seconds():
    """Train for one epoch with the original's loop; return its seconds."""
    code = original.definitions()
    max_user, max_item = code["max_id"](datasets.folder() / "u.data")
    code = original.definitions(max_user=max_user, max_item=max_item)
    batches = code["get_data"](BATCH_SIZE)[0]
    with warnings.catch_warnings():
        # FeedForward was already deprecated in MXNet 1.9.1.
        warnings.simplefilter("ignore")
        model = mx.model.FeedForward(
            code["plain_net"](K),
            ctx=mx.cpu(),
            num_epoch=1,
            learning_rate=0.05,
            momentum=0.9,
            wd=1e-4,
        )
        speedometer = mx.callback.Speedometer(BATCH_SIZE, 20_000 // BATCH_SIZE)
        start = time.perf_counter()
        model.fit(X=batches, eval_metric=code["RMSE"], batch_end_callback=speedometer)
        mx.nd.waitall()
    return time.perf_counter() - start
