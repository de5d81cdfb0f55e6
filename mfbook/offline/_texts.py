"""What stands in the folder for machines without a network: its README and its start files."""

from __future__ import annotations

from collections.abc import Sequence

from mfbook.datasets import download
from mfbook.offline._start import INSTALLED_MB
from mfbook.offline._wheels import PLATFORMS, Target
from mfbook.runtime import requirements

START_SH = """\
#!/usr/bin/env bash
# start.py does the work.
exec python3 "$(dirname -- "$0")/start.py" "$@"
"""
START_BAT = """\
@echo off
rem start.py does the work.
setlocal
set PYTHON=py -3
where py >nul 2>nul || set PYTHON=python
%PYTHON% "%~dp0start.py" %*
if errorlevel 1 pause
"""
README = """\
# Matrix Factorization in MXNet, without a network

This folder holds the course for machines without a network. Everything that the notebooks need is in it, and nothing is downloaded.

## Start

1. Copy the whole folder to a disk of your machine, for example to `Documents`; on Windows choose a short path such as `C:\\course`. Do not run it from a stick. {installed} MB must be free beside it.
2. Linux and macOS: open a terminal in the folder and run `bash start.sh`. Windows: double-click `start.bat`, or run it in a terminal. (We have not run `start.bat`, nor the course, on Windows. If it fails, run `py -3 start.py`.)
3. The first time this takes a minute or two: it makes `.venv` and fills it from `wheels`. Then it says what is missing on the machine, if anything, and opens JupyterLab in the browser. If you move the folder later, it installs again.

## Read

Open [book/index.html](book/index.html) in a browser, as a file. Formulas and search need neither a network nor a server; but results of a search are titles only.

The book is written for readers with a network, so some of its sentences are not for this folder:

- There is no network here, so links to Colab, Kaggle, Binder and other sites lead nowhere.
- `make` works only in a checkout of the course, which this folder is not. Instead of `make env` and `make lab` run the start file.
- Its numbers are from MovieLens 100K. Yours differ as long as you work on the twin (see *Data*).

## What is here

| what | is |
|---|---|
| `notebooks` | the chapters, to work in: exercises without solutions |
| `solutions` | the solutions, one notebook for each chapter, to read or to copy into the chapter. Whoever hands the folder out may keep them back: nothing else needs them |
| `book` | the book, with every output |
| `start.sh`, `start.bat`, `start.py` | what installs and opens the course |
| `wheels`, `requirements` | the packages, and which of them each kind of machine needs |

## Machines

{machines}
Other machines have nothing here to install. Linux needs glibc 2.28 or newer (Debian 10, Ubuntu 20.04, RHEL 8), macOS version 13 or newer. On Debian and Ubuntu, Python needs the package `python3-venv`. Chapter 12 also needs PySpark and Java, which are not in this folder.

## Data

MovieLens 100K is not in this folder, because its license forbids passing it on. The start file looks for it in your cache, where an earlier run of the course may have put it, and in the folder that the environment variable `MFBOOK_DATA` names. If it is in neither, the start file sets `MFBOOK_DATASET=synthetic`: everything then works on an invented twin of the data, and says so.

To use MovieLens, fetch {url} where there is a network, put the file into a folder, and set `MFBOOK_DATA` to that folder.
"""


def readme(chosen: Sequence[Target]) -> str:
    """README of the folder, in Markdown.

    Examples
    --------
    >>> from mfbook.offline._wheels import Target
    >>> [line] = [x for x in readme([Target("macos-arm64", "3.12")]).splitlines() if "arm64" in x]
    >>> print(line)
    | `macos-arm64` | 3.12 | 1, 2, 8, 9, 10 and 11 (MXNet has no build that runs there) |
    """
    rows = ["| platform | Python | chapters that run |", "|---|---|---|"]
    for name in dict.fromkeys(target.platform for target in chosen):
        versions = ", ".join(target.python for target in chosen if target.platform == name)
        runs = "1 to 11, appendices A and B"
        if not PLATFORMS[name].has_mxnet:
            some = requirements.chapters_without_mxnet()
            runs = f"{some} (MXNet has no build that runs there)"
        rows.append(f"| `{name}` | {versions} | {runs} |")
    return README.format(
        installed=INSTALLED_MB,
        machines="\n".join(rows) + "\n",
        url=download.URL,
    )
