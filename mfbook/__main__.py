"""The commands of the package: ``python -m mfbook install | doctor | offline | grade``.

``install --check`` also runs from a checkout, before anything is installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
import importlib
import importlib.util
from pathlib import Path
import sys
from typing import Any

from mfbook.runtime import console


def main(arguments: Sequence[str] | None = None) -> int | str | None:
    """Run one command and return what `sys.exit` takes: a code, or a message for the reader.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the command line.

    Returns
    -------
    int, str or None
        None or 0 if all is well.

    Examples
    --------
    >>> from mfbook.__main__ import main
    >>> print(main(["install", "--check"]))
    None
    """
    return console.run(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int | str | None:
    options = _parser().parse_args(arguments)
    return options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mfbook",
        description="Commands of the course Matrix Factorization in MXNet.",
        epilog="`python -m mfbook COMMAND --help` says more about one of them.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    install = commands.add_parser(
        "install",
        help="install the MXNet build for this machine",
        description=(
            "Install the MXNet build for this machine. Without an option the GPU build is chosen "
            "if MXNet can use a GPU here, and the CPU build otherwise. Only MXNet and the "
            "libraries that it needs are ever changed, so no restart is needed."
        ),
    )
    choice = install.add_mutually_exclusive_group()
    choice.add_argument(
        "--check", action="store_true", help="install nothing; only say what is missing here"
    )
    choice.add_argument("--cpu", action="store_true", help="install the CPU build")
    choice.add_argument("--gpu", action="store_true", help="install the GPU build")
    install.set_defaults(run=_install)

    doctor = commands.add_parser(
        "doctor",
        help="say what is missing on this machine, and what to do about it",
        description=(
            "Check everything that the course needs, one line each; a line with ✘ is followed by "
            "its remedy. The exit code is 0 only if the course will run."
        ),
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)

    offline = commands.add_parser(
        "offline",
        help="gather the course in one folder, for machines without a network",
        description=(
            "Gather wheels, learners' notebooks, solutions and the built book in one folder, for "
            "machines without a network. Both options can be repeated; without them the folder suits "
            "machines like this one."
        ),
    )
    offline.add_argument("folder", metavar="FOLDER", type=Path, help="a new or empty folder")
    offline.add_argument(
        "--platform",
        action="append",
        default=[],
        help="linux-x86_64, linux-aarch64, macos-x86_64, macos-arm64 or windows-amd64",
    )
    offline.add_argument("--python", action="append", default=[], help="for example 3.12")
    offline.set_defaults(run=_offline)

    grade = commands.add_parser(
        "grade",
        help="grade the notebooks of a class into one table",
        description=(
            "Grade learners' notebooks into one table (CSV). FOLDER holds a folder for each learner, "
            "named after the learner, or one notebook each. The answers are those that the notebooks "
            "have stored; they are judged again, and no notebook is run."
        ),
    )
    grade.add_argument("folder", metavar="FOLDER", type=Path, help="what was handed in, unpacked")
    grade.add_argument(
        "--run",
        action="store_true",
        # `run` is what runs the command.
        dest="run_notebooks",
        help="run a copy of each notebook first, with your rights: only where nothing can be harmed",
    )
    grade.add_argument(
        "--table",
        metavar="FILE",
        type=Path,
        default=Path("grades.csv"),
        help="the table to write, which must not exist (default: grades.csv)",
    )
    grade.set_defaults(run=_grade)
    return parser


def _install(options: argparse.Namespace) -> str | None:
    from mfbook.runtime import install
    from mfbook.runtime.requirements import CPU_BUILD, GPU_BUILD

    problems = [install.why_unsupported(), install.why_no_venv() if options.check else None]
    if any(problems):
        return "\n".join(problem for problem in problems if problem)
    if options.check:
        return None
    if options.cpu or options.gpu:
        build = GPU_BUILD if options.gpu else CPU_BUILD
    else:
        build, reason = install.choose()
        print(f"{reason} Chosen: {build.name}")
    if importlib.util.find_spec("pip") is None:
        return "This Python has no pip. Run `python -m ensurepip`, then run this again."
    try:
        print(install.install(build))
    except install.InstallError as error:
        return str(error)
    return None


def _doctor(options: argparse.Namespace) -> int:
    from mfbook import doctor

    findings = doctor.examine()
    if options.json:
        print(doctor.to_json(findings))
    else:
        print(
            doctor.to_text(findings, doctor.MARKS if _shows(doctor.MARKS) else doctor.ASCII_MARKS)
        )
    return 0 if doctor.course_runs(findings) else 1


def _shows(marks: Sequence[str]) -> bool:
    """Whether the terminal can show these letters."""
    try:
        "".join(marks).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _offline(options: argparse.Namespace) -> str | None:
    return _with(
        "offline",
        lambda offline: offline.gather(
            options.folder, platforms=options.platform, pythons=options.python
        ),
    )


def _grade(options: argparse.Namespace) -> str | None:
    return _with(
        "grading",
        lambda grading: grading.grade(options.folder, options.table, run=options.run_notebooks),
    )


def _with(name: str, command: Callable[[Any], str]) -> str | None:
    """Print what a command makes with a module that needs packages, or return why it cannot."""
    from mfbook import doctor

    packages = doctor.check_packages()
    if not packages.ok:
        return f"Packages are {packages.detail}. {packages.remedy}"
    try:
        module = importlib.import_module(f"mfbook.{name}")
    except Exception as error:
        return f"A package that this needs is damaged ({error}). Run `python -m mfbook doctor`."
    try:
        print(command(module))
    except ValueError as error:
        return str(error)
    return None


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(main())
