"""Install the MXNet build for this machine: ``python -m mfbook.install [--cpu | --gpu]``.

Without an option the GPU build is chosen where it could use a GPU, and the CPU build elsewhere.
Nothing but MXNet and NVIDIA's libraries is ever changed, so no restart is needed.

Only the standard library is used, and only syntax that an old Python can read: with ``--check``
the file also runs by its path, before anything is installed, to say what this machine lacks.
"""

import argparse
import ctypes
import importlib.util
from pathlib import Path
import platform
import subprocess
import sys

VERSION = "1.9.1"
CPU, GPU = "mxnet", "mxnet-cu112"
MEGABYTES = {CPU: 49, GPU: 500}
SUPPORTED = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "x86_64")}
LIBRARIES = {"libgomp.so.1": "libgomp1", "libquadmath.so.0": "libquadmath0"}


def obstacle():
    """Return why MXNet 1.9.1 cannot run here, with the remedy, or None if it can.

    Returns
    -------
    str or None
        One or two sentences for a person.
    """
    if sys.version_info < (3, 10):  # noqa: UP036  (an old Python may run this file)
        return (
            "This is Python {}.{}; the course needs 3.10 or newer. "
            "Name a newer one, for example `make PYTHON=python3.12 book`."
        ).format(*sys.version_info)
    machine = (platform.system(), platform.machine())
    if machine not in SUPPORTED:
        return (
            "MXNet 1.9.1 has no build for {} on {}. Use Linux (on Windows: WSL), "
            "a Linux container, or Google Colab."
        ).format(*machine)
    return missing_libraries()


def missing_venv():
    """Return one sentence if this Python cannot make virtual environments, or None."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return (
            "This Python cannot make virtual environments. On Debian or Ubuntu: "
            "`apt-get install python3-venv`."
        )
    return None


def missing_libraries():
    """Return one sentence that names the system libraries MXNet lacks here, or None."""
    if platform.system() != "Linux":
        return None
    missing = [name for name in LIBRARIES if not _loads(name)]
    if platform.machine() != "x86_64" and "libquadmath.so.0" in missing:
        missing.remove("libquadmath.so.0")  # that library exists on x86 alone
    if not missing:
        return None
    packages = " ".join(LIBRARIES[name] for name in missing)
    return "MXNet needs {}, which this machine lacks. On Debian or Ubuntu: `apt-get install {}`.".format(
        " and ".join(missing), packages
    )


def _loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def builds():
    """Return the builds of MXNet that are installed: a dict of name to version."""
    from importlib import metadata

    found = {}
    for distribution in metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if name == CPU or name.startswith("mxnet-"):
            found[name] = distribution.version
    return found


def choose():
    """Return the build that suits this machine, and one sentence that says why."""
    from mfbook import gpu

    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return CPU, "There is a GPU build for Linux on x86-64 alone."
    why_not = gpu.obstacle()
    return (CPU, why_not) if why_not else (GPU, "This machine has a GPU that MXNet can use.")


def lacking(build):
    """Return what is to be removed and what is to be added to have ``build``, and it alone.

    All builds share one folder. So where another one is, or was, beside it, or the folder is not
    whole, everything goes and ``build`` is installed anew.

    Returns
    -------
    tuple of (list of str, list of str)
        Names to uninstall; requirements to install.
    """
    from mfbook import gpu

    present = builds()
    right = present == {build: VERSION} and _whole()
    add = [] if right else [build + "==" + VERSION]
    if build == GPU:
        add += [wheel for wheel in gpu.WHEELS if not gpu.has(wheel)]
    return ([] if right else sorted(present)), add


def _whole():
    """Return whether MXNet's folder still has its library."""
    importlib.invalidate_caches()
    package = importlib.util.find_spec("mxnet")
    origin = package.origin if package else None  # None for the stand-in of `compat` as well
    return origin is not None and any(Path(origin).parent.glob("libmxnet.*"))


def install(build):
    """Install a build beside the packages that are there, without changing any of them.

    Parameters
    ----------
    build : str
        ``"mxnet"`` for the CPU or ``"mxnet-cu112"`` for GPUs.

    Returns
    -------
    str
        One sentence on what was done.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails; pip has then said why.
    """
    from mfbook import gpu

    before = builds()
    remove, add = lacking(build)
    if not remove and not add:
        return "{} {} is already installed; nothing to do.".format(build, VERSION)
    if before:
        print("Found: " + ", ".join("{} {}".format(*item) for item in sorted(before.items())))
    if len(before) > 1:
        print("Several builds share one folder and break each other: all are replaced by one.")
    megabytes = {r: MEGABYTES.get(r.partition("==")[0]) or gpu.WHEELS[r][0] for r in add}
    print("Downloading about {:,} MB: {}".format(sum(megabytes.values()), ", ".join(add)))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    if remove:
        subprocess.run([*pip, "uninstall", "--yes", *remove], check=True)
    # --no-deps: MXNet's metadata asks for numpy<2, which would downgrade or compile NumPy.
    subprocess.run([*pip, "install", "--no-deps", *add], check=True)
    return "Installed {}; NumPy was left as it is.".format(", ".join(add))


def main(arguments=None):
    """Check this machine and, unless ``--check`` is given, install MXNet on it."""
    parser = argparse.ArgumentParser(prog="python -m mfbook.install", description=__doc__)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="only say what is lacking")
    group.add_argument("--cpu", action="store_true", help="install the CPU build")
    group.add_argument("--gpu", action="store_true", help="install the GPU build")
    options = parser.parse_args(arguments)
    problems = [obstacle(), missing_venv() if options.check else None]
    if any(problems):
        sys.exit("\n".join(problem for problem in problems if problem))
    if options.check:
        return
    if options.cpu or options.gpu:
        build = GPU if options.gpu else CPU
    else:
        build, why = choose()
        print(why + " Chosen: " + build)
    if importlib.util.find_spec("pip") is None:
        sys.exit("This Python has no pip. Run `python -m ensurepip`, then this again.")
    try:
        print(install(build))
    except subprocess.CalledProcessError:
        sys.exit("pip could not install MXNet; its message is above. Is there a network?")


if __name__ == "__main__":
    main()
