"""The setup cell, the first code cell of every notebook: its text and its metadata.

The cell must run where nothing of the course is installed, and where IPython is missing. If it
finds no package of the course, it raises an error, so that the notebook stops there.
"""

import mfbook

__all__ = ["METADATA", "START", "source"]

START = "# @title Setup"
TEXT = """\
# @title Setup: installs what is missing, and says what it did
class SetupError(Exception):
    def _render_traceback_(self):
        return [f"Setup stopped. {self}"]


def set_up(version, address):
    from importlib import invalidate_caches, metadata
    from importlib.util import find_spec
    from pathlib import Path
    import site
    import subprocess
    import sys
    import time

    began = time.perf_counter()
    if getattr(find_spec("mfbook"), "origin", None) is None:
        needed = f"mfbook-{version}-py3-none-any.whl"
        folders = (".", "/content", "/content/drive/MyDrive")
        wheels = [w for f in folders for w in Path(f).glob("mfbook*.whl")]
        wheels += Path("/kaggle/input").rglob("mfbook*.whl")
        wheel = next((str(w) for w in wheels if w.name == needed), address)
        if not wheel:
            found = f", but found {wheels[0].name}" if wheels else ""
            raise SetupError(
                f"This notebook needs {needed}{found}. Put that file, which is "
                "in kit.zip, beside the notebook (on Colab: upload it in the "
                "Files pane; on Kaggle: add it as input). Then run this cell."
            )
        kept = ("numpy", "pandas", "matplotlib", "ipykernel")
        pins = [f"{x}=={metadata.version(x)}" for x in kept if find_spec(x)]
        pip = [sys.executable, "-m", "pip", "install", wheel, *pins]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.partition("ERROR: ")[2] or done.stderr
            reason = said.strip().partition("\\n")[0].rstrip(".")
            raise SetupError(
                f"pip could not install {wheel}: {reason}. Is there a network? "
                "Mend what it says, then run this cell again."
            )
        invalidate_caches()
        if site.ENABLE_USER_SITE:
            site.addsitedir(site.getusersitepackages())
    from mfbook.course import start

    start.ready(version, began)


set_up(
    version="VERSION",
    address="ADDRESS",
)"""
METADATA = {
    "cellView": "form",
    "slideshow": {"slide_type": "skip"},
    # Its output holds a clock and says what this machine has.
    "tags": ["hide-cell", "nbval-ignore-output"],
}


def source(address=""):
    """Text of the setup cell.

    Parameters
    ----------
    address : str
        Address of the wheel of this version, from which the cell installs the course where no
        wheel lies beside the notebook; empty if there is none.

    Returns
    -------
    str

    Examples
    --------
    >>> print(source("https://example.org/mfbook.whl").splitlines()[-2])
        address="https://example.org/mfbook.whl",
    """
    return TEXT.replace("VERSION", mfbook.__version__).replace("ADDRESS", address)
