"""Write the data and the pictures of the demonstrations: `python -m tools.demos`.

It also renews the demonstrations in the stored outputs of the notebooks. Three of them need MovieLens
100K, and the list a minute for its intervals, whose coverage is printed.
"""

from pathlib import Path

from mfbook import course, datasets
from mfbook.course import demonstrations
import nbformat

from tools import demo_batches, demo_cloud, demo_ladder, demo_list, demo_map, demo_start

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WRITERS = (demo_batches, demo_cloud, demo_ladder, demo_list, demo_map, demo_start)


def store(notebook):
    """Renew the stored outputs of a notebook's demonstrations; return whether any has changed.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    """
    changed = False
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("course.demonstration("):
            shown = eval(cell.source, {"course": course})._repr_mimebundle_()
            if [output.get("data") for output in cell.outputs] != [shown]:
                kind = "execute_result"
                number = cell.execution_count or 1
                output = nbformat.v4.new_output(kind, shown, execution_count=number)
                cell.outputs, cell.execution_count, changed = [output], number, True
    return changed


if __name__ == "__main__":
    for writer in WRITERS:
        writer.write(demonstrations.FOLDER)
    print("Shares of held-out ratings in the intervals, of people not calibrated on:")
    print(demo_list.coverage(datasets.load("ml-100k")).round(3).to_string())
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        stored = nbformat.read(path, as_version=4)
        if store(stored):
            nbformat.write(stored, path)
