"""Notebooks are compared with their stored outputs: text exactly, decimals within a tolerance."""

import json
from pathlib import Path
import subprocess
import sys

from mfbook.course import headlines
import nbformat
import pytest

from tools import stored_outputs
from tools.stored_outputs import DEFAULT, TOLERANCES

ROOT = Path(__file__).parent.parent
EXACT, LOOSE = TOLERANCES["nbval-exact"], TOLERANCES["nbval-loose"]


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(**data):
    renamed = {kind.replace("_", "/", 1): value for kind, value in data.items()}
    return nbformat.v4.new_output("display_data", data=renamed)


def differ(stored, computed, tolerance=DEFAULT):
    """Return whether two outputs differ; each is given as text or as a list of outputs."""
    outputs = [[printed(x)] if isinstance(x, str) else x for x in (stored, computed)]
    return bool(stored_outputs.differences(*outputs, tolerance))


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("943 users", "943 users"),
        ("RMSE 0.9619", "RMSE 0.9620"),
        # 0.002 and 0.2 % of 3.7
        ("RMSE 3.7000", "RMSE 3.7093"),
        # one unit of the last decimal, because it was rounded
        ("1.9 times", "2.0 times"),
        ("-0.00 stars", "0.00 stars"),
        ("apart 0e+00", "apart 3e-07"),
        # a shorter number moves the columns of a table
        ("k   RMSE\n2  0.947\n", "k  RMSE\n2  0.95\n"),
        ("<Diagram at 0x7fb48c9df850>", "<Diagram at 0x55aa10>"),
        ("{'k': 2, 'noise': 0.3}", "{'k': 2, 'noise': 0.3}"),
    ],
)
def test_the_same_within_the_tolerance(stored, computed):
    assert not differ(stored, computed)


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("943 users", "944 users"),
        ("1,682 items", "1,683 items"),
        ("held 90%", "held 91%"),
        ("RMSE 0.9619", "RMSE 0.9659"),
        ("RMSE 0.9619", "RMSE 0.9579"),
        ("1.9 times", "2.1 times"),
        ("0.9619", "nan"),
        ("RMSE 0.9619", "RMSE -0.9619"),
        ("best: 5 epochs", "best: 5.5 epochs"),
        ("the MLP wins", "the biases win"),
        ("MXNet 1.9.1", "MXNet 1.9.2"),
        ("on u1.test", "on u2.test"),
        ("0.95", "0.95 0.95"),
        ("[5. 3. 4.]", "[5. 4. 4.]"),
    ],
)
def test_outside_the_tolerance_or_another_text(stored, computed):
    assert differ(stored, computed)
    assert differ(computed, stored)


def test_exact_cells_allow_nothing_and_loose_cells_more():
    assert differ("0.9343", "0.9344", EXACT)
    assert not differ("0.9343", "0.9343", EXACT)
    assert not differ("RMSE 0.962 of epoch 27", "RMSE 0.970 of epoch 29", LOOSE)
    assert differ("RMSE 0.962", "RMSE 0.975", LOOSE)
    assert differ("epoch 5", "epoch 8", LOOSE)
    assert differ("as meant", "as run", LOOSE)


def test_a_wrong_model_is_outside_every_tolerance():
    """Biases whose penalties are exchanged; a network whose training does nothing; clipped ones."""
    assert differ("0.9345", "0.9404", DEFAULT)
    assert differ("0.9619", "3.7191", LOOSE)
    assert differ("0.95323", "0.95297", EXACT)


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("done", []),
        ([], "done"),
        ([shown(image_png="iVBOR")], []),
        ([shown(image_png="iVBOR")], [shown(image_png="iVBOR"), shown(image_png="iVBOR")]),
        ([shown(image_png="iVBOR")], [shown(**{"image_svg+xml": "<svg/>"})]),
        ([shown(text_html="<p>1</p>")], [shown(text_plain="1")]),
        ("done", [printed("done"), printed("UserWarning: look", "stderr")]),
        ([printed("done", "stderr")], "done"),
    ],
)
def test_a_missing_or_an_unexpected_output(stored, computed):
    assert differ(stored, computed)


def test_pictures_are_compared_by_their_kind_only():
    assert not differ([shown(image_png="iVBOR")], [shown(image_png="other")])


def test_tables_are_compared_by_their_text():
    one = '<style>th {width: 3px}</style><table id="a"><td>RMSE</td><td>0.9619</td></table>'
    assert not differ([shown(text_html=one)], [shown(text_html=one.replace("0.9619", "0.9621"))])
    assert not differ([shown(text_html=one)], [shown(text_html=one.replace("3px", "4px"))])
    assert differ([shown(text_html=one)], [shown(text_html=one.replace("RMSE", "MAE"))])


def test_structured_outputs_are_compared_by_their_values():
    def bundle(rmse):
        data = headlines.Headlines(headlines.Headline("MLP", rmse))._repr_mimebundle_()
        return [nbformat.v4.new_output("display_data", data=data)]

    assert not differ(bundle(0.9619), bundle(0.9620))
    assert not differ(bundle(0.9619), bundle(0.9619), EXACT)
    assert differ(bundle(0.9619), bundle(0.9819))


def test_progress_bars_are_no_output_and_warnings_are():
    bar = "epochs:  10%|█ | 1/10 [00:01<00:09, 1.1s/it]\r             \r"
    assert not differ(
        "done", [printed(bar, "stderr"), printed("done"), printed("\x1b[A", "stderr")]
    )
    warning = [printed(bar + "\nUserWarning: look here\n", "stderr"), printed("done")]
    assert differ("done", warning)
    assert not differ(warning, warning)


def test_the_order_in_which_pieces_of_a_stream_arrive_does_not_matter():
    assert not differ("one\ntwo\n", [printed("one\n"), printed("", "stderr"), printed("two\n")])


def test_an_error_is_compared_by_name_and_message():
    def error(text):
        return [nbformat.v4.new_output("error", ename="ValueError", evalue=text, traceback=["x"])]

    assert not differ(error("k is 0"), error("k is 0"))
    assert differ(error("k is 0"), error("k is 1"))


def test_a_difference_is_told_with_both_numbers_and_the_line():
    (told,) = stored_outputs.differences(
        [printed("a\nRMSE 0.9619 of MLP\n")], [printed("a\nRMSE 0.9719 of MLP\n")]
    )
    assert told.startswith("stdout: 0.9619 is stored, 0.9719 came out; allowed is a difference")
    assert told.endswith("'RMSE 0.9719 of MLP'")


NOTEBOOK = """\
import nbformat
cells = [nbformat.v4.new_markdown_cell("# One")]
for number, (source, stored, tags) in enumerate([
    ("print(0.9612)", "0.9619", []),
    ("print(0.9699)", "0.9619", ["nbval-loose"]),
    ("print(time.perf_counter())", "3.5", ["nbval-ignore-output"]),
    ("print(0.9659)", "0.9619", []),
    ("print('MLP')", "biases", ["nbval-loose"]),
    ("pass", "0.9619", ["nbval-exact"]),
]):
    output = nbformat.v4.new_output("stream", name="stdout", text=stored + "\\n")
    cells.append(nbformat.v4.new_code_cell("import time\\n" + source, outputs=[output]))
    cells[-1].metadata["tags"], cells[-1].execution_count = tags, number + 1
nbformat.write(nbformat.v4.new_notebook(cells=cells), "notebooks/one.ipynb")
for name, stored in (("08_x", "free"), ("09_x", "None"), ("11_x", "free")):
    output = nbformat.v4.new_output("stream", name="stdout", text=stored + "\\n")
    source = "import sys\\nprint(sys.modules.get('mxnet', 'free'))"
    cell = nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cells[0], cell]), f"notebooks/{name}.ipynb")
"""


def test_pytest_compares_a_notebook_and_counts_its_cells(tmp_path, monkeypatch):
    """A notebook of which three cells agree or are ignored, and chapters with and without MXNet."""
    monkeypatch.delenv("MFBOOK_DATASET", raising=False)
    (tmp_path / "notebooks").mkdir()
    # As where MovieLens is at hand.
    conftest = (ROOT / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest.replace("datasets.folder()", "pass"))
    for folder in ("tools", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    subprocess.run([sys.executable, "-c", NOTEBOOK], cwd=tmp_path, check=True)
    # What runs after a notebook without MXNet has it again.
    (tmp_path / "test_after.py").write_text(
        "import subprocess, sys\n\n\ndef test_after():\n"
        "    command = [sys.executable, '-c', 'import sys; sys.exit(\"mxnet\" in sys.modules)']\n"
        "    assert subprocess.run(command).returncode == 0\n"
    )
    names = [*(f"notebooks/{x}.ipynb" for x in ("08_x", "11_x", "one", "09_x")), "test_after.py"]
    pytest_command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *names]
    done = subprocess.run(pytest_command, cwd=tmp_path, capture_output=True, text=True)
    assert "of 9 notebook cells with output, 8 are compared with it, and 1 are not" in done.stdout
    assert "3 failed, 7 passed" in done.stdout, done.stdout
    assert "0.9619 is stored, 0.9659 came out" in done.stdout
    assert "stdout: 1 stored, 0 came out" in done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_only_clocks_speeds_and_machines_are_not_compared(path):
    """A cell that is ignored reads a clock, a device, a profile or a race, or shows what it made."""
    measures = (
        *("perf_counter", "seconds", "ratings_per_second", "speed", "history"),
        # Its scripts are compared with their files.
        "course.demonstration(",
        *(
            "devices.available()",
            "dist_async",
            "n_train / sweep",
            "gpus",
            "profiled",
            "times",
            "milliseconds",
            "slow / fast",
            "train(",
        ),
    )
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if stored_outputs.IGNORED in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            assert any(word in source for word in measures), source


def test_a_broken_notebook_is_named_when_its_cells_are_counted(tmp_path):
    (tmp_path / "01_x.ipynb").write_text("<html>")
    with pytest.raises(ValueError, match=r"01_x\.ipynb is not JSON"):
        stored_outputs.counts([tmp_path / "01_x.ipynb"])
