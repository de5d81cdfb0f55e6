"""Start notebooks as on Colab, with the Python that runs this script and nothing of the course.

Each notebook runs in an empty folder, with the wheel beside it, ``google.colab`` in ``sys.modules``
and a git that fails. Before that, the first one runs without the wheel: it must stop at its setup
cell, with one sentence. NumPy, pandas, matplotlib and ipykernel must keep their versions.

Needs an environment with those four, as Colab has them, and without mfbook. Wheel and notebooks
come from kit.zip (``--kit``) or from this checkout. MFBOOK_DATA and MFBOOK_DATASET are read as in
the course; nothing else of this machine is used, not even its cache.
"""

import argparse
from datetime import datetime
import importlib.util
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = Path(__file__).resolve().parents[2]
UNTOUCHED = ("numpy", "pandas", "matplotlib", "ipykernel")
COLAB = "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')"
NO_GIT = "#!/bin/sh\necho 'git: not found' >&2\nexit 127\n"


def versions():
    """Versions of the packages that the setup cell must not change, read by a fresh Python."""
    code = f"from importlib.metadata import version; print([version(n) for n in {UNTOUCHED}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"One of {', '.join(UNTOUCHED)} is missing in this Python. Install all of them.")
    return done.stdout.strip()


def as_on_colab(work):
    """Let kernels that start from now on find google.colab, no git, and an empty cache."""
    startup = work / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text(COLAB)
    git = work / "bin" / "git"
    git.parent.mkdir()
    git.write_text(NO_GIT)
    git.chmod(0o755)
    os.environ["IPYTHONDIR"] = str(work / "ipython")
    os.environ["PATH"] = f"{git.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["MFBOOK_CACHE"] = str(work / "cache")


def sources(work, kit):
    """Wheel and notebooks: those of a kit, or those of this checkout."""
    if kit:
        zipfile.ZipFile(kit).extractall(work / "kit")
        (wheel,) = (work / "kit").rglob("mfbook-*.whl")
        notebooks = wheel.parent.glob("*.ipynb")
    else:
        notebooks = (ROOT / "notebooks").glob("*.ipynb")
        # A copy, because building leaves files behind.
        copy = shutil.copytree(ROOT / "mfbook", work / "source" / "mfbook").parent
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", str(copy)]
        subprocess.run([*command, "--wheel-dir", str(work / "wheel")], check=True)
        (wheel,) = (work / "wheel").iterdir()
    return wheel, sorted(notebooks)


def run(path, beside):
    """Run a copy of a notebook in a new folder beside files; return the copy and its error."""
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        for file in beside:
            shutil.copy(file, folder)
        client = nbclient.NotebookClient(notebook, timeout=1200, kernel_name="python3")
        try:
            client.execute(cwd=folder)
        except nbclient.exceptions.CellExecutionError as error:
            return notebook, error
    return notebook, None


def setup_of(notebook):
    """The setup cell, the seconds that it ran, and all code cells after it."""
    setup, *others = [cell for cell in notebook.cells if cell.cell_type == "code"]
    times = setup.metadata["execution"]
    begun, ended = (times[key] for key in ("iopub.execute_input", "shell.execute_reply"))
    moments = [datetime.fromisoformat(time.replace("Z", "+00:00")) for time in (begun, ended)]
    return setup, (moments[1] - moments[0]).total_seconds(), others


def check_refusal(path):
    """Exit unless the notebook stops at its setup cell, with one sentence, without the wheel."""
    notebook, error = run(path, [])
    setup, seconds, others = setup_of(notebook)
    if error is None or error.ename != "SetupError":
        sys.exit(f"{path.name} did not stop at its setup cell without a wheel: {error}")
    if any(cell.execution_count for cell in others):
        sys.exit(f"{path.name} went on after its setup cell had failed.")
    shown = "\n".join(setup.outputs[-1]["traceback"])
    if "\n" in shown:
        sys.exit(f"Without a wheel, the setup cell shows more than a sentence:\n{shown}")
    print(f"without the wheel, {path.name} stops after {seconds:.1f} s: {shown}", flush=True)


def check_notebook(path, wheel):
    """Run a notebook beside the wheel and print what its setup cell said; exit if it fails."""
    notebook, error = run(path, [wheel])
    setup, seconds, others = setup_of(notebook)
    said = "".join(out.get("text", "") for out in setup.outputs if out.get("name") == "stdout")
    print(f"{path.name}: data after {seconds:.1f} s\n  {said.strip()}", flush=True)
    if error:
        sys.exit(f"{path.name} fails: {error.ename}: {error.evalue}\n{error.traceback}")
    ran = sum(cell.execution_count is not None for cell in others)
    print(f"  ran to its end, {ran} cells", flush=True)


def main():
    """Check the refusal, run the notebooks, compare the versions."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kit", type=Path, help="kit.zip, whose wheel and notebooks are taken")
    parser.add_argument("names", nargs="*", help="only notebooks whose name contains one of these")
    options = parser.parse_args()
    if importlib.util.find_spec("mfbook"):
        sys.exit("mfbook is installed in this Python already. Use a fresh environment.")
    before = versions()
    if importlib.util.find_spec("nbclient") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nbclient"], check=True)
    with tempfile.TemporaryDirectory(prefix="setup-cell-") as folder:
        as_on_colab(Path(folder))
        wheel, found = sources(Path(folder), options.kit)
        chosen = [p for p in found if not options.names or any(n in p.name for n in options.names)]
        if not chosen:
            sys.exit(f"No notebook's name contains {' or '.join(options.names)}.")
        print(f"Python {sys.version.split()[0]}; {wheel.name}; {len(chosen)} notebooks", flush=True)
        check_refusal(chosen[0])
        for path in chosen:
            check_notebook(path, wheel)
    if versions() != before:
        sys.exit(f"The setup cell changed {UNTOUCHED}: {before} is now {versions()}.")
    print(f"unchanged: {UNTOUCHED} {before}")


if __name__ == "__main__":
    main()
