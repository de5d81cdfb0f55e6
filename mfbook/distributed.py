"""Train a network on several worker processes by MXNet's parameter server."""

from __future__ import annotations

import json
import os
from pathlib import Path
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

from mfbook import training
from mfbook._validation import check_positive, check_sizes, shown
from mfbook.datasets import Split
from mfbook.exceptions import TrainingError
from mfbook.history import History, run_epochs
from mfbook.networks import Network
import mxnet as mx
from mxnet import autograd, gluon
import numpy as np
import pandas as pd

__all__ = ["fit", "work"]

MODES = ("dist_sync", "dist_async")
INPUTS = ["user_idx", "item_idx"]
PARAMETERS = ".*weight|.*bias"

# What each process runs. The end of the process that started it closes the pipe, and ends it too.
# As scheduler and as server it does not get beyond the import of MXNet, which runs their work.
START = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
import mfbook, mxnet
from mfbook import distributed
distributed.work(sys.argv[1])
"""


def fit(
    network: Network,
    split: Split,
    epochs: int = 10,
    *,
    workers: int = 2,
    mode: str = "dist_sync",
    batch_size: int = 64,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    seed: int = 0,
    time_limit: float = 600.0,
) -> History:
    """Train ``network`` on ``split.train`` with several workers and one parameter server.

    All are processes on this computer: a scheduler, the server, the workers. Each worker takes its
    share of every batch, sends the gradients to the server and gets the parameters back. With
    ``dist_sync`` the server waits for the gradients of all workers, adds them and makes one step:
    that of `training.fit` with the same arguments (up to rounding, and for a network without
    dropout). With ``dist_async`` it makes a step for each worker's gradients as they come. These
    belong to parameters that the other workers have changed since, so the learning rate must be
    lower, and no two runs are equal.

    Parameters
    ----------
    network : mfbook.networks.Network
        As for `training.fit`. Its tables get gradients that are whole tables.
    split : mfbook.datasets.Split
        Its evaluation set is only measured on.
    epochs, batch_size, learning_rate, momentum, weight_decay, seed
        As for `training.fit`. A batch is that of all workers together.
    workers : int
        Number of worker processes.
    mode : {"dist_sync", "dist_async"}
        Name of MXNet's key-value store.
    time_limit : float
        After so many seconds all processes are ended.

    Returns
    -------
    History
        Its seconds are those of the first worker, without the start of the processes.

    Raises
    ------
    TrainingError
        As for `training.fit`; if a process ends too early or the time limit is reached. The
        network is then as it was before, and no process is left.

    Notes
    -----
    Chapter 12 uses it.

    Examples
    --------
    >>> from mfbook import datasets, networks
    >>> split = datasets.load("synthetic")
    >>> network = networks.PlainNet(split.n_users, split.n_items, k=8)
    >>> history = fit(network, split, epochs=2, batch_size=2000)  # doctest: +SKIP
    """
    rates = {"learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    training.check_arguments(network, split, epochs, batch_size, seed, rates)
    check_sizes(workers=workers)
    check_positive(time_limit=time_limit)
    if not isinstance(mode, str) or mode not in MODES:
        raise TrainingError(f"mode is {shown(mode)}; it must be one of {', '.join(MODES)}.")
    if (len(split.train) % batch_size or batch_size) < workers:
        raise TrainingError(
            f"With batch_size {batch_size} the last batch has fewer ratings than there are "
            f"workers ({workers}). Change the batch size or use fewer workers."
        )
    training.prepare(network, split, [mx.cpu()], seed)
    # Numbers of NumPy cannot be written as JSON.
    job: dict[str, Any] = {name: float(rate) for name, rate in rates.items()}
    job |= {"epochs": int(epochs), "batch_size": int(batch_size), "seed": int(seed), "mode": mode}
    with tempfile.TemporaryDirectory(prefix="mfbook-") as name:
        _write_job(Path(name), network, split, job)
        _run_processes(Path(name), workers, time_limit)
        return _read_results(Path(name), network, split, epochs)


def work(folder: str) -> None:
    """Train as one of the workers: the whole life of a worker process.

    Parameters
    ----------
    folder : str
        With the network, the ratings and the hyperparameters, as `fit` writes them; the first
        worker writes the parameters and the seconds of each epoch there.

    Notes
    -----
    Chapter 12 reads it line by line. The environment variables ``DMLC_*`` say where the scheduler
    is and how many workers there are.

    Examples
    --------
    >>> work("a-folder-of-fit")  # doctest: +SKIP
    """
    job = json.loads(Path(folder, "job.json").read_text())
    train = pd.DataFrame(dict(np.load(Path(folder, "train.npz"))))
    network = gluon.SymbolBlock.imports(f"{folder}/network.json", INPUTS, f"{folder}/0.params")
    parameters = list(network.collect_params(PARAMETERS).values())
    weights, keys = [p.data() for p in parameters], list(range(len(parameters)))

    # The server holds the parameters and makes the steps.
    store = mx.kv.create(job["mode"])
    store.init(keys, weights)
    names = {key: p.name for key, p in enumerate(parameters)}
    store.set_optimizer(_optimizer(job, names))
    store._barrier()

    mx.random.seed(job["seed"] + store.rank)
    rng = np.random.default_rng(job["seed"])
    for epoch in range(1, job["epochs"] + 1):
        start = time.perf_counter()
        arrays = training.shuffled(train, rng, mx.cpu())
        _train_epoch(network, store, parameters, arrays, job["batch_size"])
        # All workers have sent all of their gradients; these are the parameters after the epoch.
        store._barrier()
        store.pull(keys, out=weights)
        mx.nd.waitall()
        if store.rank == 0:
            seconds = time.perf_counter() - start
            mx.nd.save(f"{folder}/{epoch}.params", {p.name: p.data() for p in parameters})
            Path(folder, f"{epoch}.seconds").write_text(str(seconds))


def _train_epoch(
    network: gluon.HybridBlock,
    store: mx.kv.KVStore,
    parameters: list[gluon.Parameter],
    arrays: list[mx.nd.NDArray],
    batch_size: int,
) -> None:
    """Send the gradients of this worker's share of each batch; get the parameters back."""
    half_square = gluon.loss.L2Loss()
    for step, start in enumerate(range(0, len(arrays[0]), batch_size)):
        size = min(batch_size, len(arrays[0]) - start)  # the last batch may be smaller
        first, last = (start + size * n // store.num_workers for n in (store.rank, store.rank + 1))
        user, item, rating = (array[first:last] for array in arrays)
        with autograd.record():
            # The workers' sums add up to the mean of the whole batch.
            loss = half_square(network(user, item), rating).sum() / size
        loss.backward()
        for key, parameter in enumerate(parameters):
            store.push(key, parameter.grad(), priority=-key)
            store.pull(key, out=parameter.data(), priority=-key)
        if step % training.STEPS_AHEAD == 0:
            loss.wait_to_read()


def _optimizer(job: dict[str, Any], names: dict[int, str]) -> mx.optimizer.Optimizer:
    """Return what makes the steps on the server; by their names it spares the biases the decay."""
    rates = {"learning_rate": job["learning_rate"], "momentum": job["momentum"]}
    return mx.optimizer.SGD(**rates, wd=job["weight_decay"], param_idx2name=names)


def _write_job(folder: Path, network: Network, split: Split, job: dict[str, Any]) -> None:
    """Write the network as a graph, its parameters, the ratings and the hyperparameters."""
    graph = network(*map(mx.sym.var, INPUTS)).tojson()
    # MXNet 1.9.1 crashes if row-sparse gradients are sent for tables that are not row-sparse.
    graph = graph.replace('"sparse_grad": "True"', '"sparse_grad": "False"')
    (folder / "network.json").write_text(graph)
    initial = {f"arg:{p.name}": p.data() for p in network.collect_params().values()}
    mx.nd.save(str(folder / "0.params"), initial)
    user, item, rating = (split.train[name].to_numpy() for name in [*INPUTS, "rating"])
    np.savez(folder / "train.npz", user_idx=user, item_idx=item, rating=rating)
    (folder / "job.json").write_text(json.dumps(job))


def _run_processes(folder: Path, workers: int, time_limit: float) -> None:
    """Run scheduler, server and workers to their end; leave none of them, whatever happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "DMLC_PS_ROOT_URI": "127.0.0.1",  # where the scheduler listens
        "DMLC_PS_ROOT_PORT": str(port),
        "DMLC_NODE_HOST": "127.0.0.1",  # where each of the others listens
        "DMLC_NUM_SERVER": "1",
        "DMLC_NUM_WORKER": str(workers),
        # The workers share the processor.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}
    roles = {"scheduler": "scheduler", "server": "server"}
    roles |= {f"worker {number}": "worker" for number in range(1, workers + 1)}
    try:
        for name, role in roles.items():
            with (folder / f"{name}.err").open("wb") as errors:
                processes[name] = subprocess.Popen(
                    [sys.executable, "-c", START, str(folder)],
                    env=os.environ | variables | {"DMLC_ROLE": role},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                )
        _wait(processes, folder, time_limit)
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def _wait(processes: dict[str, subprocess.Popen[bytes]], folder: Path, time_limit: float) -> None:
    """Return when all have ended well; raise `TrainingError` for one that has not, or too late."""
    deadline = time.monotonic() + time_limit
    while (codes := {name: p.poll() for name, p in processes.items()}) and None in codes.values():
        for name, code in codes.items():
            if code:
                lines = (folder / f"{name}.err").read_text(errors="replace").split("\n")
                said = f" ({lines[-2].strip()})" if len(lines) > 1 else ""
                raise TrainingError(
                    f"The {name} ended in mid-training with exit code {code}{said}; the others "
                    "cannot go on without it and are ended. The network is unchanged: call fit "
                    "again."
                )
        if time.monotonic() > deadline:
            raise TrainingError(
                f"The training was not finished within time_limit = {time_limit} s; its processes "
                "are ended and the network is unchanged. Pass a higher limit or fewer epochs."
            )
        time.sleep(0.05)


def _read_results(folder: Path, network: Network, split: Split, epochs: int) -> History:
    """Put the parameters of one epoch after another into the network, and measure each."""
    files = iter([str(folder / f"{epoch}.params") for epoch in range(1, epochs + 1)])

    def train_epoch() -> None:
        for name, values in mx.nd.load(next(files)).items():
            network.collect_params()[name].set_data(values)

    def predict_sets(*sets: pd.DataFrame) -> list[np.ndarray]:
        return [network.predict(ratings["user_idx"], ratings["item_idx"]) for ratings in sets]

    remedy = "Lower the learning rate, and begin again with a new network."
    history = run_epochs(split, epochs, train_epoch, predict_sets, remedy)
    taken = [float((folder / f"{n}.seconds").read_text()) for n in range(1, epochs + 1)]
    speed = [len(split.train) / seconds for seconds in taken]
    frame = history.frame.assign(seconds=taken, ratings_per_second=speed)
    return History(frame, history.evaluation_set)
