"""What is missing on a machine is said in one sentence, before anything is downloaded."""

import ast
import base64
import collections
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import sys
from types import SimpleNamespace
import zipfile

from mfbook.__main__ import main
from mfbook.runtime import gpu, install, integrity, libraries, requirements
from mfbook.runtime.requirements import CPU_BUILD, GPU_BUILD
import pytest

ROOT = Path(__file__).parent.parent
OLD_PYTHON_FILES = [
    ROOT / "mfbook/__init__.py",
    ROOT / "mfbook/__main__.py",
    *sorted((ROOT / "mfbook/runtime").glob("*.py")),
]


def test_check_runs_on_a_bare_python():
    """``-S`` leaves out all installed packages."""
    command = [sys.executable, "-S", "-m", "mfbook", "install", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", OLD_PYTHON_FILES, ids=lambda path: path.name)
def test_old_python_can_read_what_the_check_imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        names = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        for name in names:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("mfbook.runtime")


def test_java_is_everywhere_where_chapter_11_runs():
    # Ubuntu's default Java, where Binder runs, may be older than Spark needs.
    assert (ROOT / ".binder/apt.txt").read_text().split() == ["openjdk-17-jre-headless"]
    for name in (
        ".ci/run",
        "Dockerfile",
        "README.md",
        "book/setup.md",
        ".github/workflows/test.yml",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "default-jre-headless" in text or "actions/setup-java" in text, name


def test_oldest_python_is_the_same_everywhere():
    oldest = ".".join(map(str, requirements.OLDEST_PYTHON))
    assert f'requires-python = ">={oldest}"' in (ROOT / "pyproject.toml").read_text()


def test_old_python(monkeypatch):
    version = collections.namedtuple("Version", "major minor")(3, 9)
    monkeypatch.setattr(install.sys, "version_info", version)
    assert install.why_unsupported().startswith(
        "This is Python 3.9; the course needs 3.10 or newer."
    )
    assert "make PYTHON=" in install.why_unsupported()


@pytest.mark.parametrize(
    ("system", "machine", "elsewhere"),
    [
        ("Windows", "AMD64", "WSL (Linux inside Windows) or Google Colab"),
        ("Darwin", "arm64", "a container for linux/amd64"),
        # There is a wheel, but without the libraries of Arm that it needs.
        ("Linux", "aarch64", "an x86-64 processor"),
        ("FreeBSD", "amd64", "Google Colab"),
    ],
)
def test_unsupported_platform(monkeypatch, system, machine, elsewhere):
    monkeypatch.setattr(install.platform, "system", lambda: system)
    monkeypatch.setattr(install.platform, "machine", lambda: machine)
    message = main(["install"])
    assert message.startswith(f"MXNet 1.9.1 has no build that runs on {system} on {machine}. ")
    assert "Chapters 1, 2, 8, 9, 10 and 11 run without it. For the others, use " in message
    assert elsewhere in message
    assert libraries.missing() == []


ON_LINUX = ("Linux", "x86_64")


@pytest.fixture
def bare_machine(monkeypatch):
    """A Linux machine that has none of the system libraries."""
    loads = libraries._loads
    monkeypatch.setattr(libraries, "_loads", lambda name: "/" in name and loads(name))
    monkeypatch.setattr(libraries, "_mxnet_folder", lambda: None)
    monkeypatch.setattr(requirements.platform, "system", lambda: "Linux")
    monkeypatch.setattr(requirements.platform, "machine", lambda: "x86_64")


def test_missing_libraries(monkeypatch, bare_machine):
    """The installer brings them, so nothing stands in its way; the message names all ways."""
    assert [library.name for library in libraries.missing()] == [
        "libgomp.so.1",
        "libquadmath.so.0",
    ]
    assert main(["install", "--check"]) is None
    remedy = requirements.how_to_install(libraries.missing())
    assert "`python -m mfbook install`" in remedy
    assert "`apt-get install libgomp1 libquadmath0`" in remedy
    monkeypatch.setattr(requirements.platform, "system", lambda: "Darwin")
    assert libraries.missing() == []


def test_conda_is_named_in_a_conda_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "conda" not in requirements.how_to_install(requirements.SYSTEM_LIBRARIES)
    (tmp_path / "conda-meta").mkdir()
    remedy = requirements.how_to_install(requirements.SYSTEM_LIBRARIES)
    assert "`conda install --channel conda-forge libgcc`" in remedy


def test_no_venv_module(monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    assert "apt-get install python3-venv" in install.why_no_venv()


def test_the_check_says_everything_at_once(monkeypatch):
    monkeypatch.setattr(install, "why_unsupported", lambda: "No library.")
    monkeypatch.setattr(install, "why_no_venv", lambda: "No venv.")
    assert main(["install", "--check"]) == "No library.\nNo venv."
    # Installing needs no venv.
    assert main(["install", "--cpu"]) == "No library."


def test_make_stops_before_any_download(tmp_path):
    """Run `make book` in a copy, with a Python that reports an unsupported machine."""
    for name in ("Makefile", "pyproject.toml", *(p.name for p in ROOT.glob("requirements*.txt"))):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for path in OLD_PYTHON_FILES:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    table = tmp_path / "mfbook/runtime/requirements.py"
    table.write_text(table.read_text().replace("OLDEST_PYTHON = (3, 10)", "OLDEST_PYTHON = (4, 0)"))
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "book"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    )
    assert done.returncode != 0
    assert "the course needs 4.0 or newer" in done.stderr.splitlines()[0]
    assert not (tmp_path / ".venv").exists()


WHEELS = [wheel.requirement for wheel in requirements.CUDA_WHEELS]
EVERYTHING = ["mxnet-cu112==1.9.1", *WHEELS]


@pytest.fixture
def machine(monkeypatch):
    """A machine whose packages the test sets; calls of pip are recorded and not run."""
    fake = SimpleNamespace(builds={}, wheels=[], complete=True, damaged=[], calls=[], fails_at=None)
    fake.libraries, fake.copied = [], []
    monkeypatch.setattr(install, "builds", lambda: fake.builds)
    monkeypatch.setattr(install, "_is_complete", lambda name: fake.complete)
    # None of the packages that a test sets is there.
    monkeypatch.setattr(install.integrity, "damaged_files", lambda name: fake.damaged)
    monkeypatch.setattr(gpu, "has", lambda wheel: wheel.requirement in fake.wheels)
    monkeypatch.setattr(libraries, "missing", lambda: fake.libraries)
    monkeypatch.setattr(libraries, "copy", lambda *what: fake.copied.append(what))

    def run(command, check):
        fake.calls.append(command[5:])
        if fake.fails_at == command[5]:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(install.subprocess, "run", run)
    return fake


def assert_replaced(calls, removed, added):
    """Assert that pip downloaded, then uninstalled, then installed what it had downloaded."""
    folder = calls[0][3]
    assert calls == [
        ["download", "--no-deps", "--dest", folder, *added],
        *([["uninstall", "--yes", *removed]] if removed else []),
        ["install", "--no-deps", "--no-index", "--find-links", folder, *added],
    ]
    assert not Path(folder).exists()


def test_install_changes_no_other_package(machine, capsys):
    assert "NumPy was left as it is" in install.install(CPU_BUILD)
    assert_replaced(machine.calls, [], ["mxnet==1.9.1"])
    assert "Downloading about 49 MB: mxnet==1.9.1" in capsys.readouterr().out


def test_missing_libraries_come_with_the_build(machine, capsys):
    machine.libraries = list(requirements.SYSTEM_LIBRARIES)
    said = install.install(CPU_BUILD)
    assert "put copies of libgomp.so.1 and libquadmath.so.0 beside MXNet" in said
    folder = machine.calls[0][3]
    wheels = [library.wheel for library in machine.libraries]
    # The wheels are downloaded before anything is changed, and are not installed.
    assert machine.calls == [
        ["download", "--no-deps", "--dest", folder, "mxnet==1.9.1", *wheels],
        ["install", "--no-deps", "--no-index", "--find-links", folder, "mxnet==1.9.1"],
    ]
    assert machine.copied == [(machine.libraries, folder)]
    assert f"Downloading about {49 + 1 + 8} MB" in capsys.readouterr().out


def test_missing_libraries_are_put_beside_a_build_that_is_there(machine):
    machine.builds, machine.libraries = {"mxnet": "1.9.1"}, [requirements.SYSTEM_LIBRARIES[1]]
    assert install.install(CPU_BUILD) == (
        "Put copies of libquadmath.so.0 beside MXNet; NumPy was left as it is."
    )
    assert [call[0] for call in machine.calls] == ["download"]
    assert len(machine.copied) == 1


def test_copies_that_cannot_be_put_there_get_one_sentence(machine, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "mxnet/libgomp.so.1.part")

    machine.libraries = list(requirements.SYSTEM_LIBRARIES)
    monkeypatch.setattr(libraries, "copy", refuse)
    message = main(["install", "--cpu"])
    assert message.startswith(
        "Copies of libgomp.so.1 and libquadmath.so.0 could not be put beside MXNet: [Errno 13]"
    )
    assert "virtual environment" in message


def write_wheel(folder, library, files):
    """Write a wheel that holds files, under the name of the one that holds a library."""
    name, _, version = library.wheel.partition("==")
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)


GOMP, QUADMATH = requirements.SYSTEM_LIBRARIES


@pytest.fixture
def wheels(site, tmp_path):
    """The wheels that hold the libraries, beside the small MXNet of `site`."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, GOMP, {"x.libs/libgomp-a34b.so.1.0.0": "gomp", "x/libgomp.py": "no"})
    files = {"x/lib/libgfortran-0400.so.5.0.0": "no", "x/lib/libquadmath-9697.so.0.0.0": "quad"}
    write_wheel(folder, QUADMATH, files)
    return folder


def test_copies_are_put_beside_mxnet(site, wheels):
    before = set((site / "mxnet").iterdir())
    libraries.copy([GOMP, QUADMATH], str(wheels))
    assert (site / "mxnet/libgomp.so.1").read_text() == "gomp"
    assert (site / "mxnet/libquadmath.so.0").read_text() == "quad"
    assert len(set((site / "mxnet").iterdir()) - before) == 2
    # They are no damage to the build.
    assert integrity.damaged_files("mxnet") == []


def test_a_copy_that_cannot_be_written_leaves_nothing(site, wheels):
    (site / "mxnet/libgomp.so.1").mkdir()
    before = set((site / "mxnet").iterdir())
    with pytest.raises(OSError):
        libraries.copy([GOMP], str(wheels))
    assert set((site / "mxnet").iterdir()) == before


@pytest.mark.parametrize("files", [None, {}, {"x/libgomp.py": "no"}])
def test_a_wheel_without_the_library_is_named(site, tmp_path, files):
    if files is not None:
        write_wheel(tmp_path, GOMP, files)
    with pytest.raises(OSError, match=r"wheel of treelite==4\.4\.1 with libgomp\.so\.1 is not in"):
        libraries.copy([GOMP], str(tmp_path))


def test_copies_beside_mxnet_count_if_they_load(site, bare_machine, monkeypatch):
    monkeypatch.setattr(libraries, "_mxnet_folder", lambda: site / "mxnet")
    assert libraries.missing() == [GOMP, QUADMATH]
    # A damaged copy does not load.
    (site / "mxnet" / GOMP.name).write_bytes(b"cut short")
    assert libraries.missing() == [GOMP, QUADMATH]
    loading = str(site / "mxnet" / QUADMATH.name)
    monkeypatch.setattr(libraries, "_loads", lambda name: name == loading)
    assert libraries.missing() == [GOMP]


def test_gpu_build_comes_with_its_libraries(machine, capsys):
    machine.wheels = WHEELS[:2]
    install.install(GPU_BUILD)
    assert_replaced(machine.calls, [], ["mxnet-cu112==1.9.1", *WHEELS[2:]])
    assert "Downloading about 1,930 MB" in capsys.readouterr().out


@pytest.mark.parametrize("build", [CPU_BUILD, GPU_BUILD], ids=["CPU", "GPU"])
def test_second_install_does_nothing(machine, build):
    machine.builds, machine.wheels = {build.name: "1.9.1"}, WHEELS
    assert install.install(build) == f"{build.name} 1.9.1 is already installed; nothing to do."
    assert machine.calls == []


@pytest.mark.parametrize(
    ("builds", "complete", "wanted", "added"),
    [
        ({"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"}, True, CPU_BUILD, ["mxnet==1.9.1"]),
        ({"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"}, True, GPU_BUILD, EVERYTHING),
        ({"mxnet-cu112": "1.9.1"}, True, CPU_BUILD, ["mxnet==1.9.1"]),
        ({"mxnet": "1.6.0"}, True, CPU_BUILD, ["mxnet==1.9.1"]),
        ({"mxnet": "1.9.1"}, False, CPU_BUILD, ["mxnet==1.9.1"]),
    ],
    ids=["both, to CPU", "both, to GPU", "GPU to CPU", "old version", "folder incomplete"],
)
def test_what_is_wrong_is_replaced(machine, capsys, builds, complete, wanted, added):
    machine.builds, machine.complete = builds, complete
    install.install(wanted)
    assert_replaced(machine.calls, sorted(builds), added)
    said = capsys.readouterr().out
    assert all(f"{name} {version}" in said for name, version in builds.items())
    assert ("break each other" in said) == (len(builds) > 1)


def test_the_machine_decides(monkeypatch):
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(gpu, "driver_problem", lambda: "There is no driver.")
    assert install.choose() == (CPU_BUILD, "There is no driver.")
    monkeypatch.setattr(gpu, "driver_problem", lambda: None)
    assert install.choose()[0] == GPU_BUILD
    monkeypatch.setattr(install.platform, "machine", lambda: "aarch64")
    assert install.choose()[0] == CPU_BUILD


def test_the_installed_build_is_found():
    assert install.builds() == {"mxnet": "1.9.1"}
    assert install._is_complete("mxnet")
    assert install.pending_changes(CPU_BUILD) == ([], [])


@pytest.mark.parametrize(
    ("fails_at", "phrases"),
    [
        ("download", ("could not download mxnet-cu112==1.9.1", "Nothing was changed", "a network")),
        ("uninstall", ("could not uninstall mxnet;", "virtual environment")),
        ("install", ("could not install mxnet-cu112==1.9.1", "python -m mfbook install")),
    ],
)
def test_a_failing_pip_gets_one_sentence(machine, fails_at, phrases):
    machine.builds, machine.wheels, machine.fails_at = {"mxnet": "1.9.1"}, WHEELS, fails_at
    message = main(["install", "--gpu"])
    assert all(phrase in message for phrase in phrases)
    # Nothing happens after the failure: without a download, nothing is uninstalled.
    assert machine.calls[-1][0] == fails_at


@pytest.mark.parametrize(
    ("step", "message"), [("download", "Stopped."), ("install", "Stopped while MXNet was replaced")]
)
def test_stopped_halfway(machine, monkeypatch, step, message):
    def run(command, check):
        if command[5] == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(install.subprocess, "run", run)
    assert main(["install", "--cpu"]).startswith(message)


def test_no_room_for_the_download_gets_one_sentence(machine, monkeypatch):
    def fail():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(install.tempfile, "TemporaryDirectory", fail)
    message = main(["install", "--cpu"])
    assert "No usable temporary directory found. Set TMPDIR to a folder" in message
    assert machine.calls == []


def test_without_a_network_the_working_build_stays(monkeypatch, tmp_path):
    """The real pip, which may ask no index, is to replace the CPU build."""
    run = subprocess.run

    def only_download(command, check):
        assert command[5] == "download"
        return run(command, check=check)

    monkeypatch.setattr(install.subprocess, "run", only_download)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(gpu, "has", lambda wheel: True)
    assert "Nothing was changed" in main(["install", "--gpu"])
    assert install.builds() == {"mxnet": "1.9.1"}


def write_build(folder, record=True):
    """Write a small MXNet 1.9.1 into a folder, as pip leaves it; return the path of RECORD."""
    content = {"mxnet/__init__.py": b"from . import base\n", "mxnet/base.py": b"x = 1\n"}
    content |= {"mxnet/libinfo.py": b"", "mxnet/libmxnet.so": b"library"}
    about = folder / "mxnet-1.9.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mxnet\nVersion: 1.9.1\n")
    rows = []
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        rows.append(f"{name},sha256={digest},{len(data)}\n")
    if record:
        (about / "RECORD").write_text("".join(rows) + "mxnet/__pycache__/base.cpython-311.pyc,,\n")
    return about / "RECORD"


@pytest.fixture
def site(monkeypatch, tmp_path):
    """A folder of packages with a small MXNet, which stands before the real one."""
    folder = tmp_path / "site"
    write_build(folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_build_as_it_was_installed_is_complete(site):
    assert integrity.damaged_files("mxnet") == []
    assert install.pending_changes(CPU_BUILD) == ([], [])


@pytest.mark.parametrize("content", [None, b"", b"x = 2\n"], ids=["missing", "empty", "changed"])
@pytest.mark.parametrize("name", ["mxnet/base.py", "mxnet/libmxnet.so"])
def test_a_damaged_file_is_named_and_replaced(site, monkeypatch, capsys, name, content):
    (site / name).unlink()
    if content is not None:
        (site / name).write_bytes(content)
    calls = []
    monkeypatch.setattr(install.subprocess, "run", lambda command, **_: calls.append(command[5:]))
    install.install(CPU_BUILD)
    assert (
        f"Of mxnet 1.9.1, {name} is missing or damaged. It is replaced." in capsys.readouterr().out
    )
    assert_replaced(calls, ["mxnet"], ["mxnet==1.9.1"])


@pytest.mark.parametrize(
    "record", [None, "", "mxnet/base.py\n", '"', "mxnet/__init__.py,sha256=x,many"]
)
def test_a_build_that_pip_cannot_uninstall(site, monkeypatch, record):
    """Pip's list of files is missing or damaged, and the build does not load."""
    path = site / "mxnet-1.9.1.dist-info/RECORD"
    path.unlink() if record is None else path.write_text(record)
    calls = []

    def run(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, returncode=1)

    monkeypatch.setattr(install.subprocess, "run", run)
    message = main(["install", "--cpu"])
    assert message.startswith("mxnet 1.9.1 cannot be uninstalled")
    assert f"Delete {site}/mxnet and {site}/mxnet-1.9.1.dist-info; then run" in message
    assert not any("uninstall" in command or "download" in command for command in calls)


def test_a_build_without_a_list_that_loads_is_complete(site, monkeypatch):
    (site / "mxnet-1.9.1.dist-info/RECORD").unlink()
    done = subprocess.CompletedProcess([], returncode=0)
    monkeypatch.setattr(install.subprocess, "run", lambda command, **_: done)
    assert install.pending_changes(CPU_BUILD) == ([], [])


def test_without_an_option_the_machine_decides(machine, monkeypatch, capsys):
    monkeypatch.setattr(install, "choose", lambda: (CPU_BUILD, "There is no driver."))
    assert main(["install"]) is None
    assert_replaced(machine.calls, [], ["mxnet==1.9.1"])
    assert "There is no driver. Chosen: mxnet\n" in capsys.readouterr().out


def test_no_pip(monkeypatch):
    monkeypatch.setattr(install, "why_unsupported", lambda: None)
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    assert main(["install", "--cpu"]).startswith("This Python has no pip.")


@pytest.mark.parametrize("arguments", [[], ["instal"], ["install", "--cpu", "--gpu"], ["offline"]])
def test_wrong_commands_show_the_usage(arguments, capsys):
    assert main(arguments) == 2
    assert "usage: python -m mfbook" in capsys.readouterr().err


def test_a_stopped_command_shows_no_traceback(monkeypatch):
    def stop(build):
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "install", stop)
    assert main(["install", "--cpu"]) == "Stopped."


def test_a_reader_that_has_read_enough():
    """`head` closes the pipe before the command writes into it."""
    code = (
        "import sys; from mfbook import __main__; from mfbook.runtime import install; "
        "install.install = lambda build: 'said ' * 100_000; "
        "sys.exit(__main__.main(['install', '--cpu']))"
    )
    command = f'{sys.executable} -c "{code}" | head -c 4'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("said", "")


def test_a_package_that_only_uses_mxnet_is_no_build():
    names = ("mxnet", "mxnet-cu112", "mxnet-cu101mkl", "mxnet-mkl", "mxnet-model-server", "mxnetx")
    found = [name for name in names if install.BUILD_NAME.fullmatch(name)]
    assert found == ["mxnet", "mxnet-cu112", "mxnet-cu101mkl", "mxnet-mkl"]
