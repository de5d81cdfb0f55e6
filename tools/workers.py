"""A pool of processes that end with the one that started them, however that one ends."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
import contextlib
import multiprocessing
import os
import signal
import sys
import threading


@contextlib.contextmanager
def pool():
    """Pool with a process for each core; if this process is interrupted, they end at once.

    Exits with a sentence if one of them was killed.

    Yields
    ------
    concurrent.futures.ProcessPoolExecutor
        Use its ``submit``: interrupted, its ``map`` would cancel what is not done, which a pool
        that has lost its processes takes for an error.
    """
    # MXNet does not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(os.cpu_count(), spawn, _end_with_parent) as workers:
            try:
                _start(workers)
                yield workers
            except BaseException:
                for worker in multiprocessing.active_children():
                    worker.terminate()
                raise
    except BrokenProcessPool:
        sys.exit(
            "One of the processes was killed, so nothing is stored. Is there enough memory? Then "
            "run this again."
        )


def _start(workers):
    """Start the processes of a pool, and let them ignore a Ctrl-C, which is for this process."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(os.cpu_count()):
            workers.submit(int)
    finally:
        signal.signal(signal.SIGINT, handler)


def _end_with_parent():
    """Let this worker end when its parent has ended, even if that was killed."""

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
