"""Check this machine for everything that the course needs: behind ``python -m mfbook doctor``.

Each check gives a finding, good or bad, and a bad one comes with its remedy. Like the installer,
this module can be imported before MXNet, NumPy or pandas are there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
import http.client
from importlib import metadata
import json
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tempfile
import traceback
import urllib.error
import urllib.request

from mfbook.runtime import gpu, install, libraries, requirements

__all__ = [
    "Finding",
    "check_cache",
    "check_data",
    "check_disk",
    "check_gpu",
    "check_libraries",
    "check_mxnet",
    "check_packages",
    "check_platform",
    "check_python",
    "course_runs",
    "examine",
    "to_json",
    "to_text",
]

# What MovieLens takes (zip and files), and the twin.
DATA_MB = 50
# The first computation on a GPU can take minutes.
SECONDS = 600
SEE_ABOVE = "See the line above."
MARKS = ("✔", "✘", "→")
# For terminals that cannot show the others.
ASCII_MARKS = ("ok", "NO", "->")
PACKAGES = ("numpy", "pandas", "matplotlib", "pooch", "tqdm", "requests", "graphviz", "packaging")
TRY_MXNET = (
    "import mfbook, mxnet as mx, numpy as np; "
    "assert mx.nd.ones((np.int64(3), 2)).sum().asscalar() == 6; print(mx.__version__)"
)


@dataclass(frozen=True)
class Finding:
    """Result of one check: one line of the doctor's report.

    Attributes
    ----------
    subject : str
        What was checked.
    ok : bool
        Whether it is as the course needs it.
    detail : str
        What was found.
    remedy : str
        What to do; empty where nothing needs doing.
    required : bool
        Whether the course cannot run without it.

    Examples
    --------
    >>> from mfbook import doctor
    >>> finding = doctor.Finding("disk", False, "12 MB free", "Free 50 MB.")
    >>> print(doctor.to_text([finding]))
    ✘ disk: 12 MB free
      → Free 50 MB.
    The course will not run yet.
    """

    subject: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True


def check_python() -> Finding:
    """Check the version of Python.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_python().ok
    True
    """
    ok = sys.version_info >= requirements.OLDEST_PYTHON
    oldest = ".".join(map(str, requirements.OLDEST_PYTHON))
    remedy = "" if ok else f"Use Python {oldest} or newer."
    return Finding("Python", ok, platform.python_version(), remedy)


def check_platform() -> Finding:
    """Check the operating system and the processor.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_platform().ok
    True
    """
    machine = (platform.system(), platform.machine())
    ok = machine in requirements.CPU_BUILD.platforms
    remedy = "" if ok else install.why_no_build(*machine)
    return Finding("platform", ok, " on ".join(machine), remedy)


def check_libraries() -> Finding:
    """Check the system libraries that MXNet needs.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_libraries().ok
    True
    """
    missing = libraries.missing()
    if missing:
        detail = f"missing: {', '.join(library.name for library in missing)}"
        return Finding("system libraries", False, detail, requirements.how_to_install(missing))
    present = ", ".join(library.name for library in requirements.system_libraries())
    return Finding("system libraries", True, present or "none needed")


def check_packages() -> Finding:
    """Check the Python packages that the course needs.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_packages().ok
    True
    """
    versions, missing = {}, []
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = f"Run `{sys.executable} -m pip install {' '.join(missing)}`."
        return Finding("packages", False, f"missing: {', '.join(missing)}", remedy)
    return Finding("packages", True, ", ".join(f"{n} {v}" for n, v in versions.items()))


def check_mxnet() -> Finding:
    """Check that one build of MXNet is installed, loads and computes (in a process of its own).

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_mxnet().ok
    True
    """
    builds = install.builds()
    found = ", ".join(f"{name} {version}" for name, version in builds.items())
    remedy = "Run `python -m mfbook install`."
    if not builds:
        if (platform.system(), platform.machine()) not in requirements.CPU_BUILD.platforms:
            return Finding(
                "MXNet", False, "has no build for this machine", "See the platform above."
            )
        return Finding("MXNet", False, "not installed", remedy)
    if len(builds) > 1:
        return Finding("MXNet", False, f"{found}: these builds break each other", remedy)
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRY_MXNET],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Finding("MXNet", False, f"{found} computes nothing within {SECONDS} s", remedy)
    if done.returncode == 0:
        return Finding("MXNet", True, f"{found}, loads and computes")
    ended = f"its process ended with code {done.returncode}"
    last = (done.stderr.strip().splitlines() or [ended])[-1]
    if "No module named" in last or "needs the package" in last:
        return Finding("MXNet", False, f"{found} does not load: {last}", "See the packages above.")
    if "numpy" in last or "np." in last:
        detail = (
            f"{found} was imported on NumPy {metadata.version('numpy')} without the compatibility "
            f"layer: {last}"
        )
        return Finding("MXNet", False, detail, "Import mfbook before mxnet.")
    # The sentence of a failed import has a remedy of its own.
    remedy = SEE_ABOVE if "then run this again" in last else remedy
    return Finding("MXNet", False, f"{found} does not load: {last}", remedy)


def check_gpu() -> Finding:
    """Check whether MXNet will use a GPU, and say why not; the course needs none.

    Notes
    -----
    Chapter 6 explains devices.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_gpu().required
    False
    """
    reason = gpu.driver_problem()
    if reason is None and requirements.GPU_BUILD.name not in install.builds():
        reason = (
            "There is a GPU, but MXNet's CPU build is installed. "
            "For the GPU: `python -m mfbook install --gpu`."
        )
    if reason:
        return Finding("GPU", True, f"not used. {reason}", required=False)
    return Finding("GPU", True, "will be used", required=False)


def check_data() -> Finding:
    """Check that MovieLens is on this machine and undamaged, or that its server answers.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_data().subject
    'data'
    """
    from mfbook.datasets import download
    from mfbook.exceptions import DataError

    try:
        name = download.dataset_name()
        if name == "synthetic":
            _check_twin(download.folder(name))
            return Finding("data", True, "the synthetic twin, as MFBOOK_DATASET asks")
        if not os.environ.get("MFBOOK_DATA") and not (download.cache() / name).is_dir():
            return _ask_server(download.URL)
        folder = download.folder(name)
        download.files(folder, download.FILES)
    except DataError as error:
        return Finding("data", False, str(error), SEE_ABOVE)
    return Finding("data", True, f"ml-100k in {folder}")


def _check_twin(folder: Path) -> None:
    """Raise `DataError` if a file of the synthetic twin is not as long as it is made, or damaged."""
    from mfbook.datasets import read_ratings
    from mfbook.exceptions import DataError

    lines = {"u.data": 100_000, "u.item": 1_682}
    for fold in range(1, 6):
        lines |= {f"u{fold}.base": 80_000, f"u{fold}.test": 20_000}
    remedy = f"Delete the folder {folder}; then it is made again."
    for name, wanted in lines.items():
        try:
            found = (folder / name).read_bytes().count(b"\n")
            if wanted == found and name != "u.item":
                read_ratings(folder / name)
        except OSError as error:
            raise DataError(f"{folder / name} cannot be read: {error.strerror}. {remedy}") from None
        except DataError as error:
            raise DataError(f"{error} {remedy}") from None
        if wanted != found:
            raise DataError(
                f"{folder / name} is damaged: it has {found:,} lines instead of {wanted:,}. {remedy}"
            )


def _ask_server(url: str) -> Finding:
    """Check whether MovieLens could be downloaded."""
    remedy = (
        f"Fetch {url} by other means, put it into a folder, and set MFBOOK_DATA to that folder; or "
        "set MFBOOK_DATASET=synthetic."
    )
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
    except urllib.error.HTTPError as error:
        answer = f"not here, and GroupLens answers: {error.code} {error.reason}"
        return Finding("data", False, answer, remedy)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Finding("data", False, f"not here, and GroupLens does not answer: {error}", remedy)
    return Finding("data", True, "not here yet; GroupLens answers")


def check_cache() -> Finding:
    """Check that the cache can be written, or that all data of the course are in it already.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.check_cache().subject
    'cache'
    """
    from mfbook.datasets import download
    from mfbook.exceptions import DataError

    try:
        folder = download.cache()
        folder.mkdir(parents=True, exist_ok=True)
        # A file without a name, or with one that no other file has.
        tempfile.TemporaryFile(dir=folder).close()
    except DataError as error:
        return Finding("cache", False, str(error), SEE_ABOVE)
    except OSError as error:
        detail = f"{folder} cannot be written: {error.strerror}"
        if _has_all_data():
            detail += ". The course needs nothing more in it"
            return Finding("cache", True, detail)
        return Finding("cache", False, detail, "Set MFBOOK_CACHE to a folder that you may write.")
    return Finding("cache", True, str(folder))


def _has_all_data() -> bool:
    """Whether the data are on this machine already, so that nothing will be put into the cache."""
    from mfbook.datasets import download
    from mfbook.exceptions import DataError

    try:
        name = download.dataset_name()
        local = download.environment_folder("MFBOOK_DATA")
        # A zip in MFBOOK_DATA is unpacked into the cache.
        if name == "ml-100k" and local and (local / name).is_dir():
            return True
        return (download.cache() / name).is_dir()
    except (DataError, OSError):
        return False


def check_disk() -> Finding:
    """Check the free space for the data, and for MXNet where it is still to be installed.

    Examples
    --------
    >>> from mfbook import doctor
    >>> "MB free" in doctor.check_disk().detail
    True
    """
    from mfbook.datasets import download
    from mfbook.exceptions import DataError

    try:
        cache, free = _free_mb(download.cache())
        packages, free_for_mxnet = _free_mb(Path(sys.prefix))
    except (DataError, OSError) as error:
        return Finding("disk", False, f"not checked: {error}", "See the line about the cache.")
    detail = f"{free:,} MB free at {cache}"
    if free < DATA_MB and not _has_all_data():
        remedy = f"Free {DATA_MB} MB there for the data, or set MFBOOK_CACHE to another disk."
        return Finding("disk", False, detail, remedy)
    needed = _mxnet_mb()
    if free_for_mxnet < needed:
        detail = f"{free_for_mxnet:,} MB free at {packages}"
        remedy = f"Free {needed:,} MB there for MXNet, or make the environment on another disk."
        return Finding("disk", False, detail, remedy)
    return Finding("disk", True, detail)


def _mxnet_mb() -> int:
    """Space that MXNet takes while it is installed, in MB; 0 if that is done, or not possible."""
    if install.builds() or install.why_unsupported():
        return 0
    build, _ = install.choose()
    cuda = requirements.CUDA_WHEELS if build == requirements.GPU_BUILD else ()
    return build.installed_megabytes + sum(item.megabytes for item in (build, *cuda))


def _free_mb(folder: Path) -> tuple[Path, int]:
    """Folder, or the first of its parents that exists, and the free space there in MB."""
    # Of a relative path, the last parent is "." for ever.
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder, shutil.disk_usage(folder).free // 10**6


CHECKS = {
    "Python": check_python,
    "platform": check_platform,
    "system libraries": check_libraries,
    "packages": check_packages,
    "MXNet": check_mxnet,
    "GPU": check_gpu,
    "data": check_data,
    "cache": check_cache,
    "disk": check_disk,
}
# These checks import `mfbook.datasets`, which needs the packages.
NEED_PACKAGES = ("data", "cache", "disk")
# What these find is needed for MXNet only.
ONLY_FOR_MXNET = ("platform", "system libraries", "MXNet")


def examine() -> list[Finding]:
    """Run all checks, as far as they can be run.

    Returns
    -------
    list of Finding
        One of each check. Checks that need a missing package say so.

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.examine()[0].subject
    'Python'
    """
    findings: dict[str, Finding] = {}
    for subject, check in CHECKS.items():
        if subject in NEED_PACKAGES and not findings["packages"].ok:
            remedy = findings["packages"].remedy
            findings[subject] = Finding(subject, False, "not checked", remedy)
        else:
            findings[subject] = _run(subject, check)
    return list(findings.values())


def _run(subject: str, check: Callable[[], Finding]) -> Finding:
    """Run a check; whatever stops it, such as a damaged package, is a finding too."""
    try:
        return check()
    except Exception as error:
        reason = (str(error).strip().splitlines() or ["no message"])[0]
        file = traceback.extract_tb(error.__traceback__)[-1].filename
        detail = f"not checked: {type(error).__name__}: {reason} ({file})"
        remedy = f"Mend or rename what is named here, or run `{sys.executable} -m pip install "
        remedy += f"--force-reinstall {' '.join(PACKAGES)}` if a package is damaged."
        return Finding(subject, False, detail, remedy)


def course_runs(findings: Sequence[Finding]) -> bool:
    """Whether the course will run: everything that it cannot do without is there.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    bool

    Examples
    --------
    >>> from mfbook import doctor
    >>> doctor.course_runs([doctor.Finding("disk", False, "12 MB free")])
    False
    """
    return all(finding.ok for finding in findings if finding.required)


def to_text(findings: Sequence[Finding], marks: Sequence[str] = MARKS) -> str:
    """Report of findings for the reader, a line each, with a last line that sums them up.

    Where only MXNet is missing, the last line says which chapters run without it.

    Parameters
    ----------
    findings : sequence of Finding
    marks : sequence of str
        What stands before a good finding, before a bad one, and before a remedy.

    Returns
    -------
    str

    Examples
    --------
    >>> from mfbook import doctor
    >>> print(doctor.to_text([doctor.Finding("Python", True, "3.11.7")]))
    ✔ Python: 3.11.7
    The course will run.
    """
    good, bad, remedy = marks
    lines = []
    for finding in findings:
        lines.append(f"{good if finding.ok else bad} {finding.subject}: {finding.detail}")
        if finding.remedy:
            lines.append(f"  {remedy} {finding.remedy}")
    lines.append(_verdict(findings))
    return "\n".join(lines)


def _verdict(findings: Sequence[Finding]) -> str:
    """Sentence that sums up findings: what will run."""
    if course_runs(findings):
        return "The course will run."
    others = [finding for finding in findings if finding.subject not in ONLY_FOR_MXNET]
    if not course_runs(others):
        return "The course will not run yet."
    chapters = requirements.chapters_without_mxnet()
    return f"Chapters {chapters} will run here. The others need MXNet."


def to_json(findings: Sequence[Finding]) -> str:
    """Report of findings for a program: an object with ``runs`` and ``findings``, as JSON.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    str

    Examples
    --------
    >>> import json
    >>> from mfbook import doctor
    >>> json.loads(doctor.to_json([doctor.Finding("Python", True, "3.11.7")]))["runs"]
    True
    """
    report = {
        "runs": course_runs(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(report, indent=1)
