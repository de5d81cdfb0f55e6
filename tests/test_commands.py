"""Commands that are interrupted, or find a damaged file, end with a sentence and lose nothing."""

import errno
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from mfbook import datasets, spark
from mfbook.course import cluster
import psutil
import pytest
import yaml

from tools import result_tables, results, writing

ROOT = Path(__file__).parent.parent


def start(*arguments, path=()):
    """Start Python in a session of its own, in which Ctrl-C is not ignored."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*map(str, path), str(ROOT)])}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize(
    ("command", "imported"),
    [
        ("tools.notebooks", "yaml"),
        ("tools.slides", "tqdm"),
        ("tools.handout", "yaml"),
        ("tools.mutants", "yaml"),
        ("tools.results", "pandas"),
        ("tools.answers", "numpy"),
        ("tools.stamp", "yaml"),
        ("tools.ranking_results", "pandas"),
        ("tools.serving_results", "pandas"),
        ("tools.temporal_results", "pandas"),
        ("tools.calibration_results", "numpy"),
        ("mfbook.course.cluster", "numpy"),
    ],
)
def test_ctrl_c_during_the_imports_ends_a_command_without_a_word(tmp_path, command, imported):
    interrupting = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / f"{imported}.py").write_text(interrupting)
    process = start("-m", command, "--help", path=[tmp_path])
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == -signal.SIGINT


POOL = """
import multiprocessing, os, sys, time
from mfbook.runtime import console
from tools import workers

def work():
    with workers.pool() as pool:
        pool.submit(os.getpid).result()
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        pool.submit(time.sleep, 60).result()

console.end_on_signals()
sys.exit(console.run(work))
"""


@pytest.mark.parametrize(
    ("whom", "number", "said"),
    [
        ("all", signal.SIGINT, "Stopped.\n"),
        ("parent", signal.SIGTERM, "Stopped.\n"),
        ("parent", signal.SIGKILL, None),
        ("worker", signal.SIGKILL, "One of the processes was killed, so nothing is stored."),
    ],
)
def test_workers_end_with_their_parent_and_it_with_them(whom, number, said):
    process = start("-c", POOL)
    children = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
    if whom == "all":
        os.killpg(process.pid, number)
    else:
        (process if whom == "parent" else children[0]).send_signal(number)
    _, error = process.communicate(timeout=30)
    assert said is None or error.startswith(said)
    assert "Traceback" not in error
    assert psutil.wait_procs(children, timeout=20)[1] == []


SLOW = """
import sys
from pathlib import Path
from mfbook.runtime import console
from tools import mutants
mutants.ROOT, mutants.DATA = Path(sys.argv[1]), Path(sys.argv[1], "mutants.yaml")
sys.argv[1:] = []
console.end_on_signals()
sys.exit(console.run(mutants._main))
"""


def test_an_interrupted_search_for_survivors_ends_its_tests(tmp_path):
    (tmp_path / "mfbook").mkdir()
    (tmp_path / "mfbook/__init__.py").write_text("def wait():\n    return 1\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_wait.py").write_text(
        "import mfbook\n\n\ndef test_wait():\n    assert mfbook.wait() == 1\n"
    )
    slow = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    change = {"name": "slow", "file": "mfbook/__init__.py", "from": "return 1", "to": slow}
    (tmp_path / "mutants.yaml").write_text(
        yaml.safe_dump([change | {"tests": ["tests/test_wait.py"]}])
    )
    process = start("-c", SLOW, str(tmp_path))
    end = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.1)
    tests = psutil.Process(int((tmp_path / "pid").read_text()))
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert error == "Stopped.\n"
    assert not tests.is_running() or tests.status() == psutil.STATUS_ZOMBIE


def test_a_stored_table_that_is_damaged_is_found_before_an_hour_of_fitting(monkeypatch):
    def damaged():
        raise datasets.DataError("trials.csv ends too early.")

    monkeypatch.setattr(results.movielens, "require", lambda what: None)
    monkeypatch.setattr(results.experiments, "trials", damaged)
    with pytest.raises(SystemExit, match=r"trials\.csv ends too early"):
        results.main(["--family", "baseline"])


def test_a_table_is_written_as_a_whole_with_six_digits(monkeypatch, tmp_path):
    monkeypatch.setattr(result_tables, "FOLDER", tmp_path)
    monkeypatch.setattr(results.movielens, "require", lambda what: None)
    run = {"dataset": "ml-100k", "fold": 1, "model": "biases", "hyperparameters": {"k": 1}}
    run |= {"epochs": 0, "validation": None}
    tried = results.pd.DataFrame([run, run | {"validation": 0.123456789}], dtype=object)
    made = tried.assign(seed=0, test=1.0, test_unclipped=1.0, seconds=0.0)
    monkeypatch.setattr(results, "fitted", lambda family: (tried, made, None))
    results.main([])
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[2] == 'ml-100k,1,biases,"{""k"": 1}",0,0,0.123457,1,1,0'


@pytest.mark.parametrize("content", ["new", b"new"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, content):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "table.csv"
    writing.write(content, path)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        SystemExit, match=r"table\.csv could not be written, and is as it was: No sp"
    ):
        writing.write("newer", path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (spark.SparkError("There is no Java."), "There is no Java."),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device. Set TMPDIR"),
    ],
)
def test_a_cluster_that_cannot_start_says_why(monkeypatch, error, message):
    def fail():
        raise error

    monkeypatch.setattr(cluster, "standalone", fail)
    monkeypatch.setattr(sys, "argv", ["cluster"])
    assert message in cluster._main()


def test_of_many_reasons_the_first_is_told():
    errors = [("a", "b", "[Errno 28] No space left on device: 'b'"), ("c", "d", "another")]
    assert writing.reason(shutil.Error(errors)) == errors[0][2]
    assert writing.reason(OSError(errno.ENOSPC, "No space left")) == "No space left"


def test_two_processes_write_at_the_same_time(tmp_path, monkeypatch):
    path, write = tmp_path / "page.md", Path.write_bytes

    def interleaved(self, content):
        write(self, content)
        if content == b"first":
            monkeypatch.setattr(os, "getpid", lambda: -1)
            writing.write("second", path)

    monkeypatch.setattr(Path, "write_bytes", interleaved)
    writing.write("first", path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["first"]
