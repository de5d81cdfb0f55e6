"""Run copies of notebooks that somebody else wrote, where the instructor asks for it."""

from __future__ import annotations

import tempfile
import time
from typing import Any

# In seconds: the longest chapter takes a few minutes, and a learner's experiment may take longer.
LONGEST = 1800


def check_installed() -> None:
    """Raise `ValueError` if the packages that run notebooks are missing."""
    try:
        import ipykernel  # noqa: F401
        import nbclient  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"To run notebooks, {error.name} is needed. Run `pip install nbclient ipykernel`, or grade "
            "without --run."
        ) from None


def run(cells: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Return the cells of a notebook after a run of a copy, and why the run ended early if it did.

    An error in a cell does not end the run: what a learner tried out is no reason to lose the rest.
    """
    import nbclient

    notebook = _copy(cells)
    end = time.monotonic() + LONGEST
    client = nbclient.NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        # All cells together; a limit of 0 or less would be none.
        timeout_func=lambda cell: max(0.001, end - time.monotonic()),
    )
    problem = ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            client.execute(cwd=folder)
        except nbclient.exceptions.CellTimeoutError:
            problem = f"was stopped after {LONGEST:,} seconds"
        except Exception as error:
            # At the end of its kernel, nbclient can fail in many ways.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            problem = f"could not be run to its end: {reason}"
    return notebook.cells, problem


def _copy(cells: list[dict[str, Any]]) -> Any:
    """Return a new notebook with the sources of the cells, and with nothing else of them."""
    from nbformat import v4

    return v4.new_notebook(
        cells=[
            (v4.new_code_cell if cell.get("cell_type") == "code" else v4.new_markdown_cell)(
                "".join(cell["source"])
            )
            for cell in cells
        ]
    )
