"""Say what this machine has, what it lacks, and how to mend it: ``python -m mfbook.doctor``.

Each line is a finding, ✔ or ✘, and each ✘ comes with its remedy. The exit code is 0 only if the
course will run. Like `mfbook.install`, this runs before MXNet, NumPy or pandas are there.
"""

import argparse
from dataclasses import asdict, dataclass
from importlib import metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.request

from mfbook import gpu, install

DISK_MB = 300
TRY_MXNET = (
    "import mfbook, mxnet as mx, numpy as np; "
    "assert mx.nd.ones((np.int64(3), 2)).sum().asscalar() == 6; print(mx.__version__)"
)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes
    ----------
    what : str
        What was looked at.
    ok : bool
        Whether it is as the course needs it.
    detail : str
        What was found.
    remedy : str
        What to do; empty where nothing needs doing.
    needed : bool
        Whether the course cannot run without it.
    """

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def python():
    """Judge this Python."""
    version = platform.python_version()
    ok = sys.version_info >= (3, 10)
    return Finding("Python", ok, version, "" if ok else "Use Python 3.10 or newer.")


def system():
    """Judge the operating system and processor."""
    machine = platform.system(), platform.machine()
    ok = machine in install.SUPPORTED
    remedy = "" if ok else "Use Linux (on Windows: WSL), a Linux container, or Google Colab."
    return Finding("platform", ok, " on ".join(machine), remedy)


def libraries():
    """Look for the system libraries that MXNet needs."""
    missing = install.missing_libraries()
    if missing is None:
        return Finding("system libraries", True, ", ".join(install.LIBRARIES))
    detail, _, remedy = missing.partition(". ")
    return Finding("system libraries", False, detail, remedy)


def packages():
    """Look for the Python packages that the course needs."""
    versions, missing = {}, []
    for name in ("numpy", "pandas", "matplotlib", "pooch", "tqdm", "requests", "graphviz"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = f"Run `{sys.executable} -m pip install {' '.join(missing)}`."
        return Finding("packages", False, f"missing: {', '.join(missing)}", remedy)
    return Finding("packages", True, ", ".join(f"{n} {v}" for n, v in versions.items()))


def mxnet():
    """Look for MXNet, and let another Python load it and compute."""
    builds = install.builds()
    found = ", ".join(f"{name} {version}" for name, version in builds.items())
    again = "Run `python -m mfbook.install`."
    if not builds:
        return Finding("MXNet", False, "not installed", again)
    if len(builds) > 1:
        return Finding("MXNet", False, f"{found}: these builds break each other", again)
    done = subprocess.run([sys.executable, "-c", TRY_MXNET], capture_output=True, text=True)
    if done.returncode == 0:
        return Finding("MXNet", True, f"{found}, loads and computes")
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    if "numpy" in last or "np." in last:
        detail = f"{found} meets NumPy {metadata.version('numpy')} without the layer: {last}"
        return Finding("MXNet", False, detail, "Import mfbook before mxnet.")
    return Finding("MXNet", False, f"{found} does not load: {last}", again)


def graphics():
    """Say whether MXNet will use a GPU, and why not."""
    problem = gpu.obstacle()
    if problem is None and install.GPU not in install.builds():
        problem = "There is a GPU, and no GPU build: `python -m mfbook.install --gpu`."
    if problem:
        return Finding("GPU", True, f"not used. {problem}", needed=False)
    return Finding("GPU", True, "will be used", needed=False)


def data():
    """Look for MovieLens: here, in the cache, or on its server."""
    from mfbook import download

    try:
        name = download.dataset_name()
        if name == "synthetic":
            return Finding("data", True, "the synthetic twin, as MFBOOK_DATASET asks")
        if not os.environ.get("MFBOOK_DATA") and not (download.cache() / name).is_dir():
            return _server(download.URL)
        place = download.folder(name)
    except download.DataError as error:
        return Finding("data", False, str(error), "See the line above.")
    wrong = download.damaged(place)
    if wrong:
        remedy = f"Delete {place} and fetch ml-100k.zip again."
        return Finding("data", False, f"{wrong} is missing or damaged", remedy)
    return Finding("data", True, f"ml-100k in {place}")


def _server(url):
    """Ask whether MovieLens could be downloaded."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
    except OSError as error:
        remedy = (
            f"Fetch {url} elsewhere, put it into a folder, and set MFBOOK_DATA to that folder; "
            "or set MFBOOK_DATASET=synthetic."
        )
        return Finding("data", False, f"not here, and GroupLens does not answer: {error}", remedy)
    return Finding("data", True, "not here yet; GroupLens answers")


def cache():
    """Try to write into the cache."""
    from mfbook import download

    place = download.cache()
    probe = place / "probe"
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        remedy = "Set MFBOOK_CACHE to a folder that you may write."
        return Finding("cache", False, f"{place} cannot be written: {error.strerror}", remedy)
    return Finding("cache", True, str(place))


def disk():
    """Look at the free space where the cache is."""
    from mfbook import download

    place = download.cache()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free // 10**6
    ok = free >= DISK_MB
    remedy = "" if ok else f"Free {DISK_MB} MB there, or set MFBOOK_CACHE to another disk."
    return Finding("disk", ok, f"{free:,} MB free at {place}", remedy)


CHECKS = (python, system, libraries, packages, mxnet, graphics, data, cache, disk)
NEED_PACKAGES = (data, cache, disk)


def examine():
    """Return all findings, as far as they can be made (list of Finding)."""
    findings = []
    for check in CHECKS:
        broken = [f for f in findings if f.what == "packages" and not f.ok]
        if check in NEED_PACKAGES and broken:
            findings.append(Finding(check.__name__, False, "not looked at", broken[0].remedy))
        else:
            findings.append(check())
    return findings


def main(arguments=None):
    """Print the report; exit with 0 only if the course will run."""
    parser = argparse.ArgumentParser(prog="python -m mfbook.doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options = parser.parse_args(arguments)
    findings = examine()
    runs = all(finding.ok for finding in findings if finding.needed)
    if options.json:
        print(json.dumps({"runs": runs, "findings": [asdict(f) for f in findings]}, indent=1))
    else:
        for finding in findings:
            print("✔" if finding.ok else "✘", f"{finding.what}: {finding.detail}")
            if finding.remedy:
                print("  →", finding.remedy)
        print("The course will run." if runs else "The course will not run yet.")
    sys.exit(0 if runs else 1)


if __name__ == "__main__":
    main()
