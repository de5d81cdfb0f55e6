"""Read a notebook of the course, or say in one sentence why it is none."""

import json

import nbformat

REMEDY = "Mend the file, or take it from the last commit."


def read(path):
    """Notebook at ``path``, in the format that nbformat calls 4.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    ValueError
        If it cannot be read, is no notebook, or does not begin with a title.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
        content = json.loads(text)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}. {REMEDY}") from None
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON in UTF-8 ({error})" if raw.strip() else "is empty"
        raise ValueError(f"{path.name} {problem}. {REMEDY}") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ValueError(f"{path.name} is no notebook: it has no list of cells. {REMEDY}")
    if content.get("nbformat") != nbformat.current_nbformat:
        raise ValueError(
            f"{path.name} has the notebook format {content.get('nbformat')!r} instead of "
            f"{nbformat.current_nbformat}. Open it in JupyterLab and save it."
        )
    return _checked(path, text)


def _checked(path, text):
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        # nbformat raises errors of many kinds for what it does not expect.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path.name} is no valid notebook: {reason}. {REMEDY}") from None
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        raise ValueError(
            f'{path.name} does not begin with a title. Let its first cell be Markdown, "# Title".'
        )
    return notebook
