"""A Spark cluster on this machine: a master and two workers, each a process of its own.

On a real cluster each of these processes runs on another machine. In a terminal, ``python -m
mfbook.course.cluster`` starts one, prints its address and ends it at Ctrl-C.
"""

from __future__ import annotations

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import tempfile
import time

from mfbook._validation import check_sizes
from mfbook.spark import SparkError, check_java
from mfbook.spark._session import check_pyspark

# The shell passes its input on to no one: when this Python ends, however it ends, the input ends,
# and the shell ends Spark's process.
ENDS_WITH_THIS_PYTHON = """
exec 3<&0
"$@" < /dev/null &
java=$!
{ read -r line <&3; kill $java 2> /dev/null; } &
wait $java
"""
# How long a process may take to start or to end, in seconds.
START_LIMIT, STOP_LIMIT = 60, 10


class Cluster:
    """A master and its workers, as processes of this machine; `standalone` starts and ends them.

    Parameters
    ----------
    folder : pathlib.Path
        Where the logs and the workers' files go.

    Attributes
    ----------
    url : str
        The address of the master, ``spark://127.0.0.1:…``: the argument of `mfbook.spark.session`.

    Notes
    -----
    Chapter 12 starts one with `standalone`.

    Examples
    --------
    >>> from mfbook.course import cluster
    >>> with cluster.standalone(workers=2) as spark_cluster:  # doctest: +SKIP
    ...     print(spark_cluster.url)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        """The processes of the workers."""
        return self._processes[1:]

    def start(self, workers: int) -> None:
        """Start the master, and when it listens, the workers.

        Parameters
        ----------
        workers : int
            How many.

        Raises
        ------
        SparkError
            If one of them does not start.
        """
        address = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        log = self._launch("master", "master.Master", *address)
        self.url = self._wait_for(log, r"Starting Spark master at (spark://[\d.:]+)")
        size = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.folder)]
        logs = [
            self._launch(f"worker{n}", "worker.Worker", self.url, *address, *size)
            for n in range(1, workers + 1)
        ]
        for log in logs:
            self._wait_for(log, r"Successfully registered with master (\S+)")

    def _launch(self, name: str, java_class: str, *arguments: str) -> Path:
        from pyspark.find_spark_home import _find_spark_home

        command = [f"{_find_spark_home()}/bin/spark-class", f"org.apache.spark.deploy.{java_class}"]
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-c", ENDS_WITH_THIS_PYTHON, "sh", *command, *arguments],
                env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C does not reach it, and a worker's executors are in it.
                start_new_session=True,
            )
        self._processes.append(process)
        return log

    def _wait_for(self, log: Path, pattern: str) -> str:
        """Return what the pattern finds in a log, as soon as it is there."""
        process = self._processes[-1]
        end = time.monotonic() + START_LIMIT
        while not (found := re.search(pattern, log.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > end:
                lines = log.read_text(errors="replace").splitlines()
                last = next((line for line in reversed(lines) if line.strip()), "nothing")
                raise SparkError(
                    f"Spark's {log.stem} did not start within {START_LIMIT} s. Its log ends: {last}"
                )
            time.sleep(0.05)
        return found[1]

    def kill_worker(self, number: int) -> None:
        """End a worker and its executors at once, as if its machine had lost power.

        Parameters
        ----------
        number : int
            From 0.
        """
        _kill(self.workers[number])

    def stop(self) -> None:
        """End all processes."""
        for process in reversed(self._processes):
            assert process.stdin is not None
            process.stdin.close()
        end = time.monotonic() + STOP_LIMIT
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0, end - time.monotonic()))
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End all that is left of a process's group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def standalone(*, workers: int = 2) -> Iterator[Cluster]:
    """Run a Spark cluster inside a ``with``: a master and workers of one core and 1 GB each.

    They listen on 127.0.0.1 only, on free ports, and keep logs in a temporary folder. They end
    with the ``with``, and with this Python.

    Parameters
    ----------
    workers : int
        Number of workers.

    Yields
    ------
    Cluster

    Raises
    ------
    SparkError
        If pyspark or Java is missing, or a process does not start.

    Notes
    -----
    Chapter 12 starts one.

    Examples
    --------
    >>> from mfbook.course import cluster
    >>> with cluster.standalone(workers=2) as spark_cluster:  # doctest: +SKIP
    ...     print(spark_cluster.url)
    """
    check_sizes(workers=workers)
    check_pyspark()
    check_java()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start(workers)
            yield cluster
        finally:
            cluster.stop()


def _main() -> str | None:
    """Run a cluster until Ctrl-C, or until this process is told to end."""
    parser = argparse.ArgumentParser(
        prog="python -m mfbook.course.cluster",
        description="Run a Spark cluster on this machine until Ctrl-C: a master and two workers.",
    )
    parser.parse_args()
    try:
        with standalone() as cluster:
            print(f"The master listens at {cluster.url}. Ctrl-C ends it.")
            while True:
                signal.pause()
    except KeyboardInterrupt:
        # The way in which it is meant to end.
        return None
    except SparkError as error:
        return str(error)
    except OSError as error:
        return (
            f"The cluster's logs could not be written: {error}. Set TMPDIR to a folder that you may "
            "write, on a disk with enough space."
        )


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(_main))
