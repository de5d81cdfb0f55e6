"""Start and stop a Spark session, and say in a sentence what Spark says in a stack trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING
import warnings

if TYPE_CHECKING:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
# How long to try to reach the master's port, in seconds.
CONNECT_LIMIT = 5
LOOPBACK = re.compile(r"local(\[.*\])?$|spark://(127\.0\.0\.1|localhost):")
OUT_OF_MEMORY = (
    "Spark ran out of memory. Start the session with more for the driver, for example "
    'spark.session(memory="4g"), or give the executors more (spark.executor.memory).'
)
# What is found in Spark's messages, and what to say then.
CAUSES = (
    (
        r"Invalid maximum heap size|could not reserve enough space|insufficient memory",
        "This machine cannot give the driver so much memory. Pass less: "
        'spark.session(memory="1g").',
    ),
    (r"OutOfMemoryError|GC overhead|maxResultSize|Java heap space", OUT_OF_MEMORY),
    (
        r"Could not parse Master URL",
        "Spark does not know such a master. Pass local[2], spark://host:7077, yarn or k8s://host.",
    ),
    (
        r"All masters are unresponsive|Master removed our application|Connection refused to master",
        "The master does not answer as a Spark master of the same version does. Start it again, or "
        "pass another master.",
    ),
    (
        r"SparkContext was shut down|stopped SparkContext|SparkContext has been shutdown"
        r"|Answer from Java side is empty|Error while sending or receiving|Connection refused",
        "The Spark session has ended. Call spark.stop(), start a new session and fit again; if it "
        "ends again, give it more memory.",
    ),
)


class SparkError(RuntimeError):
    """Raised when Spark cannot start, or stops; the message says why and what to do.

    Notes
    -----
    Chapter 12 runs Spark.

    Examples
    --------
    >>> from mfbook import spark
    >>> issubclass(spark.SparkError, RuntimeError)
    True
    """


def check_java() -> None:
    """Raise `SparkError` unless there is a Java that Spark can run on.

    Raises
    ------
    SparkError
        If there is no Java, or only one older than 17.

    Notes
    -----
    Chapter 12 needs Java.

    Examples
    --------
    >>> from mfbook import spark
    >>> try:
    ...     spark.check_java()
    ... except spark.SparkError as error:
    ...     print(error)
    """
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home, "bin", "java")) if home else "java"
    remedy = "Install one (Debian: default-jre-headless), or set JAVA_HOME to its folder."
    found = shutil.which(command)
    where = f"JAVA_HOME is {home}, but there is no" if home else "There is no"
    if found is None:
        raise SparkError(f"{where} Java, which Spark runs on. {remedy}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', said.stderr)
    if version is None:
        raise SparkError(f"{found} does not say its version, as Java does. {remedy}")
    if int(version[1]) < OLDEST_JAVA:
        raise SparkError(
            f"{found} is Java {version[1]}; Spark needs {OLDEST_JAVA} or newer. {remedy}"
        )


def check_pyspark() -> None:
    """Raise `SparkError` unless pyspark is installed."""
    try:
        # pyspark 4.3 says so again whenever it loads a module; this book's use of it is tested.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
        import pyspark.ml.recommendation  # noqa: F401
    except ImportError as error:
        raise SparkError(
            f'pyspark cannot be imported ({error}). Install it: pip install "mfbook[spark]".'
        ) from None


def session(
    master: str = "local[*]", *, memory: str = "1g", time_limit: float = 60
) -> SparkSession:
    """Spark session on this machine or on a cluster, without warnings and web page.

    Any other session will do as well: on a cluster with settings of its own, make one with
    ``SparkSession.builder`` and pass it to `ALS`.

    Parameters
    ----------
    master : str
        ``"local[2]"`` (two threads of this process), ``"spark://host:port"``, ``"yarn"`` or
        ``"k8s://…"``.
    memory : str
        Of the driver: the Java process beside this Python, for example ``"4g"``.
    time_limit : float
        How long to wait for the first worker of a cluster, in seconds.

    Returns
    -------
    pyspark.sql.SparkSession
        The running one, if it has the same master.

    Raises
    ------
    SparkError
        If pyspark, Java, the master or its workers are missing, the memory is too small, or a
        session with another master is running.
    ValueError
        If ``memory`` is not a size, or less than 512 MB.

    Notes
    -----
    Chapter 12 runs it on a cluster.

    Examples
    --------
    >>> from mfbook import spark
    >>> session = spark.session("local[2]")  # doctest: +SKIP
    """
    if not isinstance(memory, str) or not re.fullmatch(r"[1-9]\d*[mg]", memory):
        raise ValueError(f'memory is {memory!r}; it must be a size such as "800m" or "4g".')
    if int(memory[:-1]) < 512 and memory[-1] == "m":
        raise ValueError(f'memory is {memory!r}; Spark needs at least "512m". Pass more.')
    check_pyspark()
    check_java()
    _check_master(master)
    if LOOPBACK.match(master):
        # The workers are on this machine: they run this Python, whatever "python3" is.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    active = SparkContext._active_spark_context
    if active is not None and active._jsc is not None:
        if active.master != master:
            raise SparkError(
                f"A session on {active.master} is running, so none can start on {master}. "
                "End it first with spark.stop()."
            )
        return SparkSession(active)
    stop()
    context = _start(_configuration(master, memory))
    try:
        _wait_for_workers(context, time_limit)
    except BaseException:
        stop()
        raise
    return SparkSession(context)


def stop() -> None:
    """End the Spark session, if there is one, and its Java process.

    Notes
    -----
    Chapter 12 ends with it. The Java process also ends when this Python does.

    Examples
    --------
    >>> from mfbook import spark
    >>> spark.stop()
    """
    check_pyspark()
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    # What has ended already cannot be reached any more, which is what is wanted.
    if SparkContext._active_spark_context is not None:
        with _nothing_if_ended():
            SparkContext._active_spark_context.stop()
    gateway = SparkContext._gateway
    if gateway is not None:
        with _nothing_if_ended():
            gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=30)
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = None
    SparkSession._activeSession = None


@contextmanager
def _nothing_if_ended() -> Iterator[None]:
    from py4j.protocol import Py4JError

    with suppress(Py4JError, OSError):
        yield


def _check_master(master: str) -> None:
    """Raise `SparkError` if nothing listens where a standalone master should."""
    if not isinstance(master, str):
        raise ValueError(f"master is {master!r}; it must be a text such as spark://host:7077.")
    if not master.startswith("spark://"):
        return
    # Spark itself would try three times, 20 seconds each.
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"master is {master!r}; it must have the form spark://host:port.")
        try:
            socket.create_connection((host, int(port)), CONNECT_LIMIT).close()
            return
        except (OSError, OverflowError):
            continue
    raise SparkError(
        f"There is no master at {master}: nothing listens there. Start it, or pass the address "
        "that its log shows."
    )


def _configuration(master: str, memory: str) -> SparkConf:
    from pyspark import SparkConf

    # MLlib's sweeps refer to each other, too deeply for the stack that Java gives by default.
    stack = "-Xss4m"
    settings = {
        "spark.app.name": "mfbook",
        "spark.driver.extraJavaOptions": stack,
        "spark.executor.extraJavaOptions": stack,
        "spark.driver.memory": memory,
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if LOOPBACK.match(master):
        # Nothing outside this machine can then reach the driver.
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        settings |= {"spark.sql.shuffle.partitions": "8"}
    return SparkConf().setMaster(master).setAll(list(settings.items()))


def _start(configuration: SparkConf) -> SparkContext:
    """Start Java, and Spark in it; what Java says before Spark can be silenced goes to a file."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    with tempfile.TemporaryFile() as log:
        try:
            gateway = launch_gateway(configuration, {"stderr": log, "stdout": log})
            return SparkContext(conf=configuration, gateway=gateway)
        except (Py4JError, PySparkException, OSError) as error:
            log.seek(0)
            said = log.read().decode(errors="replace")
            stop()
            raise SparkError(explanation(f"{error}\n{said}")) from None
        except BaseException:
            stop()
            raise


def _wait_for_workers(context: SparkContext, time_limit: float) -> None:
    """Raise `SparkError` if a cluster gives this session no executor in time."""
    if context.master.startswith("local"):
        return
    end = time.monotonic() + time_limit
    # The driver counts as one.
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end:
            raise SparkError(
                f"The master {context.master} has given this session no executor within "
                f"{time_limit:g} s. Start workers with a free core and 1 GB, or end other sessions."
            )
        time.sleep(0.1)


def explanation(message: str) -> str:
    r"""Sentence for what Spark or Java says in many lines.

    Examples
    --------
    >>> explanation("Could not parse Master URL: 'mars'")
    'Spark does not know such a master. Pass local[2], spark://host:7077, yarn or k8s://host.'
    >>> explanation("An error occurred while calling o1.fit.\n: java.io.IOException: disk full")
    'Spark stopped: disk full.'
    """
    for pattern, sentence in CAUSES:
        if re.search(pattern, message, re.IGNORECASE):
            return sentence
    # A Java exception is a name with dots, a colon and its message; the last one is the cause.
    exceptions = re.findall(r"^(?:: |Caused by: )[\w.$]+: (.*)$", message, re.MULTILINE)
    reason = exceptions[-1] if exceptions else message.strip().partition("\n")[0]
    return f"Spark stopped: {reason.rstrip('.')}."


@contextmanager
def explained() -> Iterator[None]:
    """Raise `SparkError` with one sentence for whatever Spark raises inside."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException, ConnectionError) as error:
        raise SparkError(explanation(str(error))) from None
