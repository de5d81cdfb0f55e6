"""Install the MXNet build for this machine: ``python -m mfbook.install``.

Only the standard library is used, and only syntax that an old Python can read: with ``--check``
the file also runs by its path, before anything is installed, to say what this machine lacks.
"""

import argparse
import ctypes
import importlib.util
import platform
import subprocess
import sys

MXNET = "mxnet==1.9.1"
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
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return (
            "This Python cannot make virtual environments. On Debian or Ubuntu: "
            "`apt-get install python3-venv`."
        )
    return missing_libraries()


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


def installed():
    """Return the version of the installed MXNet, or None."""
    from importlib import metadata

    try:
        return metadata.version("mxnet")
    except metadata.PackageNotFoundError:
        return None


def install():
    """Install MXNet beside the packages that are there, without changing any of them.

    Returns
    -------
    str
        One sentence on what was done.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails; pip has then said why.
    """
    before = installed()
    if before == MXNET.partition("==")[2]:
        return "MXNet {} is already installed.".format(before)
    # --no-deps: MXNet's metadata asks for numpy<2, which would downgrade or compile NumPy.
    subprocess.run([sys.executable, "-m", "pip", "install", "--no-deps", MXNET], check=True)
    return "Installed {}; NumPy was left as it is.".format(MXNET)


def main(arguments=None):
    """Check this machine and, unless ``--check`` is given, install MXNet on it."""
    parser = argparse.ArgumentParser(prog="python -m mfbook.install", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is lacking")
    options = parser.parse_args(arguments)
    problem = obstacle()
    if problem:
        sys.exit(problem)
    if not options.check:
        print(install())


if __name__ == "__main__":
    main()
