"""Gather the wheels that the course needs, for other systems and Python versions than this one."""

from __future__ import annotations

from collections.abc import Sequence
import importlib.util
import os
from pathlib import Path
import platform
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

from mfbook.runtime import requirements

# Megabytes: the wheels that all share, and those of one system and Python version besides MXNet.
SHARED_MB, OWN_MB = 50, 80


class Platform(NamedTuple):
    """A system and processor: its names in `platform`, in uv, and in the names of wheels."""

    system: str
    machine: str
    uv: str
    tags: tuple[str, ...]

    @property
    def has_mxnet(self) -> bool:
        return (self.system, self.machine) in requirements.CPU_BUILD.platforms

    @property
    def libraries(self) -> tuple[requirements.SystemLibrary, ...]:
        """What `mfbook install` copies beside MXNet where the system does not have it."""
        return requirements.system_libraries(self.system, self.machine)


def _linux(machine: str) -> Platform:
    # glibc 2.28, which Debian 10, Ubuntu 20.04 and RHEL 8 have at least. pip knows that those of
    # manylinux2014 fit, but not those of the glibc versions between.
    tags = (
        *(f"manylinux_2_{n}_{machine}" for n in (28, 27, 26, 24, 17)),
        f"manylinux2014_{machine}",
    )
    return Platform("Linux", machine, f"{machine}-manylinux_2_28", tags)


PLATFORMS = {
    "linux-x86_64": _linux("x86_64"),
    "linux-aarch64": _linux("aarch64"),
    "macos-x86_64": Platform("Darwin", "x86_64", "x86_64-apple-darwin", ("macosx_13_0_x86_64",)),
    "macos-arm64": Platform("Darwin", "arm64", "aarch64-apple-darwin", ("macosx_13_0_arm64",)),
    "windows-amd64": Platform("Windows", "AMD64", "x86_64-pc-windows-msvc", ("win_amd64",)),
}


class Target(NamedTuple):
    """What kind of machine wheels are for: the name of its platform, and its Python ("3.12")."""

    platform: str
    python: str

    @property
    def name(self) -> str:
        return f"{self.platform}-{self.python}"


def targets(platforms: Sequence[str], pythons: Sequence[str]) -> list[Target]:
    """Every platform with every Python version; without any, this machine's.

    Raises
    ------
    ValueError
        If the course has no wheels for one of them.

    Examples
    --------
    >>> [target.name for target in targets(["macos-arm64"], ["3.12", "3.13"])]
    ['macos-arm64-3.12', 'macos-arm64-3.13']
    """
    here = (platform.system(), platform.machine())
    own = [name for name, p in PLATFORMS.items() if (p.system, p.machine) == here]
    for name in platforms or own or [f"{here[0]}-{here[1]}".lower()]:
        if name not in PLATFORMS:
            raise ValueError(
                f"There are no wheels for the platform {name}. Name one of these with --platform: "
                f"{', '.join(PLATFORMS)}."
            )
    oldest = requirements.OLDEST_PYTHON
    for version in pythons:
        if not re.fullmatch(r"3\.\d{1,2}", version) or int(version[2:]) < oldest[1]:
            raise ValueError(
                f"Python {version} cannot be served. Name 3.{oldest[1]} or a newer one, with two "
                "numbers, for example --python 3.12."
            )
    versions = pythons or ["{}.{}".format(*sys.version_info)]
    return [Target(p, v) for p in dict.fromkeys(platforms or own) for v in dict.fromkeys(versions)]


def megabytes(chosen: Sequence[Target]) -> int:
    """About how large the wheels for some machines are.

    Examples
    --------
    >>> megabytes([Target("linux-x86_64", "3.11")])
    188
    """
    total = SHARED_MB + OWN_MB * len(chosen)
    for kind in {PLATFORMS[target.platform] for target in chosen}:
        total += requirements.CPU_BUILD.megabytes if kind.has_mxnet else 0
        total += sum(library.megabytes for library in kind.libraries)
    return total


def gather_wheels(chosen: Sequence[Target], needed: Path, wheels: Path, lists: Path) -> None:
    """Fill the new folder ``wheels``, and ``lists`` with the requirements of each machine.

    uv resolves, because pip takes the conditions in metadata ("only on Windows") for this machine's
    when it downloads for another. Wheels that several machines use are there once.

    Raises
    ------
    ValueError
        If uv is missing, or it or pip failed and has said why.
    """
    if importlib.util.find_spec("uv") is None:
        raise ValueError(
            "The package uv is missing, which finds the wheels for each machine. Run "
            f"`{sys.executable} -m pip install uv`."
        )
    wheels.mkdir()
    lists.mkdir()
    # What uv and pip leave there if they are stopped is deleted as well.
    with tempfile.TemporaryDirectory(prefix="mfbook-") as work:
        environment = os.environ | {"TMPDIR": work, "UV_CACHE_DIR": work}
        for number, target in enumerate(chosen, start=1):
            print(f"Gathering wheels for {target.name} ({number} of {len(chosen)}).")
            target_list = lists / f"{target.name}.txt"
            try:
                _resolve(target, needed, target_list, environment)
                _download(target, target_list, wheels, environment)
            except subprocess.CalledProcessError as error:
                program = error.cmd[2]
                raise ValueError(
                    f"{program} could not gather the wheels for {target.name}; its message is above. "
                    "Nothing of it was left. Is there a network, and room on the disk?"
                ) from None


def _resolve(target: Target, needed: Path, pins: Path, environment: dict[str, str]) -> None:
    """Write the exact versions that a machine needs, MXNet's included, into the file ``pins``."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header"]
    command += ["--no-annotate", "--only-binary", ":all:", "--python-version", target.python]
    command += ["--python-platform", PLATFORMS[target.platform].uv, str(needed)]
    command += ["--output-file", str(pins)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    if PLATFORMS[target.platform].has_mxnet:
        with pins.open("a", encoding="utf-8") as file:
            file.write(f"{requirements.CPU_BUILD.requirement}\n")


def _download(target: Target, pins: Path, wheels: Path, environment: dict[str, str]) -> None:
    """Download the wheels that the file ``pins`` names, for a machine of another kind than this."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    # --no-deps: everything is in the list, and MXNet's metadata asks for numpy<2.
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp"]
    for tag in PLATFORMS[target.platform].tags:
        command += ["--platform", tag]
    command += ["--python-version", target.python, "--dest", str(wheels)]
    command += ["--requirement", str(pins)]
    command += [library.wheel for library in PLATFORMS[target.platform].libraries]
    subprocess.run(command, check=True, env=environment)
