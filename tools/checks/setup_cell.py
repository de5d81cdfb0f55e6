"""Run the notebooks' setup cell, then all notebooks, with the Python that runs this script.

The cell's own commands are taken from a notebook, with this checkout in place of the repository's
address. NumPy, pandas and matplotlib must have the same versions before and after. Needs an
environment with those three and ipykernel, as Colab has them. Reads MFBOOK_DATA like the course.
"""

from collections.abc import Iterator
from importlib import metadata
import json
import os
from pathlib import Path
import subprocess
import sys
import time

ROOT = Path(__file__).resolve().parents[2]
UNTOUCHED = ("numpy", "pandas", "matplotlib", "ipykernel")


def versions() -> str:
    """Versions of the packages that the setup cell must not change, read by a fresh Python."""
    code = f"from importlib.metadata import version; print([version(n) for n in {UNTOUCHED}])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout


def commands() -> Iterator[list[str]]:
    """Commands of the setup cell, each a list of words."""
    first = sorted((ROOT / "notebooks").glob("*.ipynb"))[0]
    cells = json.loads(first.read_text(encoding="utf-8"))["cells"]
    cell = next(cell for cell in cells if cell["cell_type"] == "code")
    lines = "".join(cell["source"]).split("\n")
    for line in map(str.strip, lines):
        if line.startswith("%pip "):
            words = line.split()[1:]
            checkout = [str(ROOT) if word.startswith("git+") else word for word in words]
            yield [sys.executable, "-m", "pip", *checkout]
        elif line.startswith("!{sys.executable} "):
            yield [sys.executable, *line.split()[1:]]


def run_notebooks() -> None:
    """Run every notebook in a temporary copy; stop at the first that fails."""
    import nbclient
    import nbformat

    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        start = time.perf_counter()
        notebook = nbformat.read(path, as_version=4)
        nbclient.NotebookClient(notebook, timeout=1200).execute()
        print(f"  {path.name}: {time.perf_counter() - start:.0f} s", flush=True)


def main() -> None:
    """Set up as on Colab, compare versions, run the notebooks."""
    # Not in the checkout, because mfbook must come from the installation.
    os.chdir(Path(sys.prefix))
    before, start = versions(), time.perf_counter()
    for command in commands():
        print("$", " ".join(command[1:]), flush=True)
        subprocess.run(command, check=True)
    print(f"set up in {time.perf_counter() - start:.0f} s: Python {sys.version.split()[0]}")
    if versions() != before:
        sys.exit(f"the setup cell changed {UNTOUCHED}: {before} is now {versions()}")
    print(f"unchanged: {UNTOUCHED} {before.strip()}", flush=True)
    try:
        metadata.version("nbclient")
    except metadata.PackageNotFoundError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nbclient"], check=True)
    run_notebooks()
    print("all notebooks pass")


if __name__ == "__main__":
    main()
