"""Two workers train as one process does; whatever happens, no process is left and nothing hangs."""

from dataclasses import replace
import os
from pathlib import Path
import signal
import subprocess
import sys
import textwrap
import threading
import time

import mfbook  # noqa: F401  (lets MXNet load)
from mfbook import distributed, networks, training
from mfbook.exceptions import TrainingError
import numpy as np
import pytest


@pytest.fixture(scope="module")
def short(split):
    """Some ratings; the last of their batches of 64 has 11, an odd number."""
    return replace(split, train=split.train.head(64 * 100 + 11), evaluation=split.test.head(500))


def mlp(split):
    return networks.OneLayerMLP(split.n_users, split.n_items, hidden=64, k=64)


def weights(network):
    return [p.data().asnumpy() for p in network.collect_params().values()]


@pytest.fixture
def started(monkeypatch):
    """The processes that `distributed` starts."""
    processes = []

    class Recorded(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(distributed.subprocess, "Popen", Recorded)
    return processes


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_workers_give_the_parameters_of_one_process(short, started):
    one, two = mlp(short), mlp(short)
    options = {"epochs": 1, "weight_decay": 0.01, "seed": 3}
    history = training.fit(one, short, **options)
    of_two = distributed.fit(two, short, **options, workers=2, time_limit=60)
    for ours, expected in zip(weights(two), weights(one), strict=True):
        assert ours == pytest.approx(expected, abs=1e-4)
    assert of_two.rmse == pytest.approx(history.rmse, abs=1e-4)
    assert list(of_two.frame) == list(history.frame)
    assert len(started) == 4
    assert not [process for process in started if process.poll() is None]


def test_workers_that_do_not_wait_for_each_other_learn_too(short):
    rates = {"learning_rate": 0.02, "weight_decay": 0.0}
    history = distributed.fit(mlp(short), short, 2, mode="dist_async", time_limit=60, **rates)
    errors = history.frame["train_rmse"]
    assert len(history.frame) == 2
    of_zero = np.sqrt(np.mean(short.train["rating"] ** 2))
    # Late gradients make the curve uneven, and no two runs the same.
    assert errors.min() < of_zero / 2
    speed = len(short.train) / history.frame["seconds"]
    assert history.frame["ratings_per_second"].tolist() == pytest.approx(speed.tolist())


def test_a_killed_worker_ends_the_training_with_one_sentence(short, started):
    network = mlp(short)
    network.initialize()
    before = weights(network)

    def kill_the_last():
        while len(started) < 4:
            time.sleep(0.05)
        # The first epoch's file is written when both train.
        folder = Path(started[0].args[-1])
        while not (folder / "1.params").exists() and folder.exists():
            time.sleep(0.05)
        started[3].kill()

    killer = threading.Thread(target=kill_the_last)
    killer.start()
    with pytest.raises(TrainingError, match=r"The worker 2 ended .* exit code -9.* call fit again"):
        distributed.fit(network, short, epochs=1000, time_limit=60)
    killer.join()
    assert not [process for process in started if process.poll() is None]
    assert all((a == b).all() for a, b in zip(weights(network), before, strict=True))


def test_a_time_limit_ends_all_processes(short, started):
    begin = time.monotonic()
    with pytest.raises(TrainingError, match=r"not finished within time_limit = 0\.5 s"):
        distributed.fit(mlp(short), short, epochs=1, time_limit=0.5)
    assert time.monotonic() - begin < 20
    assert len(started) == 4
    assert not [process for process in started if process.poll() is None]


def test_an_interrupted_training_leaves_no_process(short, started, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(distributed, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        distributed.fit(mlp(short), short, epochs=1)
    assert len(started) == 4
    assert not [process for process in started if process.poll() is None]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the processes in /proc")
@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_the_processes_end_with_the_one_that_started_them(with_signal):
    code = """
        import mfbook
        from mfbook import datasets, distributed, networks
        import subprocess

        class Told(subprocess.Popen):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                print(self.pid, flush=True)

        distributed.subprocess.Popen = Told
        split = datasets.load("synthetic")
        network = networks.PlainNet(split.n_users, split.n_items, k=2)
        distributed.fit(network, split, epochs=1000, time_limit=60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        children = [int(parent.stdout.readline()) for _ in range(4)]
        assert all(is_alive(pid) for pid in children)
        parent.send_signal(with_signal)
    deadline = time.monotonic() + 20
    while any(map(is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [pid for pid in children if is_alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers is 0; it must be a whole number, 1 or more"),
        ({"workers": 12}, r"the last batch has fewer ratings than there are workers \(12\)"),
        ({"mode": "sync"}, "mode is 'sync'; it must be one of dist_sync, dist_async"),
        ({"time_limit": 0}, "time_limit is 0; it must be greater than 0"),
        ({"time_limit": None}, "time_limit is None; it must be greater than 0"),
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"learning_rate": -1}, "learning_rate is -1; it must be a number, 0 or more"),
    ],
)
def test_impossible_arguments(short, started, arguments, message):
    with pytest.raises(ValueError, match=message):
        distributed.fit(mlp(short), short, **arguments)
    assert not started
