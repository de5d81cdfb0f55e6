"""Record the right answers to the exercises, for learners' notebooks and for grading.

``python -m tools.answers`` takes them from the stored outputs of the check cells in notebooks/, or in
another FOLDER, and writes them into mfbook/course/recorded.json, under the data set on which the
notebooks were run. Of each chapter that it reads it replaces all answers for that data set; the
others stay.

``python -m tools.answers --twin`` first runs copies of the notebooks on the synthetic twin (about
20 minutes) and records those answers.
"""

from mfbook.runtime import console

if __name__ == "__main__":
    # The imports below take seconds.
    console.end_at_once()

import argparse
import json
import os
from pathlib import Path
import shutil
import sys
import tempfile

from mfbook.course import _judging, _recorded
from mfbook.course.answers import MIME
from tqdm import tqdm

from tools import notebooks, reading
from tools.writing import write

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "mfbook" / "course" / "recorded.json"


def collect(paths):
    """Answers that the check cells of notebooks have stored.

    Parameters
    ----------
    paths : iterable of pathlib.Path

    Returns
    -------
    dict
        As in recorded.json: data set → exercise → ``expected``, ``tolerance``, ``mistakes``.

    Raises
    ------
    ValueError
        If a notebook cannot be read, if a check was not run, or if two have the same number.
    """
    found = {}
    for path in paths:
        for cell in reading.read(path).cells:
            if cell.cell_type != "code":
                continue
            results = [o.data[MIME] for o in cell.outputs if MIME in o.get("data", {})]
            results = [result for result in results if "recorded" in result]
            shown = [result["exercise"] for result in results]
            if shown != (asked := _recorded.CALL.findall(cell.source)):
                raise ValueError(
                    f"{path.name}: the cell that checks {', '.join(asked) or 'nothing'} shows "
                    f"{', '.join(shown) or 'no result'}. Run the notebook, then this again."
                )
            for result in results:
                of_dataset = found.setdefault(result["dataset"], {})
                if result["exercise"] in of_dataset:
                    raise ValueError(f"{path.name} checks exercise {result['exercise']} again.")
                of_dataset[result["exercise"]] = _rounded(result["recorded"])
    return found


def unrecognizable(recorded):
    """Sentences about the mistakes that count as right, because they are within the tolerance."""
    sentences = []
    for dataset, exercises in recorded.items():
        for exercise, entry in exercises.items():
            key = _recorded.key_from_json(entry)
            sentences += [
                f"Exercise {exercise} on {dataset}: an answer that deserves {text!r} counts as right. "
                "Choose a smaller tolerance, or leave that mistake out."
                for value, text in key.mistakes
                if _judging.judge(value, key).state == "right"
            ]
    return sentences


def _rounded(entry):
    """Entry with nine digits, which no tolerance but 0 notices."""
    if not entry["tolerance"]:
        return entry
    mistakes = [[_nine_digits(value), text] for value, text in entry["mistakes"]]
    return entry | {"expected": _nine_digits(entry["expected"]), "mistakes": mistakes}


def _nine_digits(array):
    values = [float(f"{x:.9g}") if isinstance(x, float) else x for x in array["values"]]
    return array | {"values": values}


def merged(old, new):
    """Recorded answers ``old`` with those of the chapters in ``new`` replaced, in order."""
    result = {dataset: dict(old.get(dataset, {})) for dataset in sorted({*old, *new})}
    for dataset, exercises in new.items():
        chapters = {_recorded.chapter_of(exercise) for exercise in exercises}
        kept = {e: x for e, x in result[dataset].items() if _recorded.chapter_of(e) not in chapters}
        both = kept | exercises
        result[dataset] = {exercise: both[exercise] for exercise in _recorded.in_order(both)}
    return result


def as_text(recorded):
    """Text of recorded.json, with one line for each exercise."""
    lines = []
    for dataset, exercises in recorded.items():
        entries = [f'\n  "{e}": {json.dumps(x, ensure_ascii=False)}' for e, x in exercises.items()]
        lines.append(f' "{dataset}": {{{",".join(entries)}\n }}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _on_the_twin(paths):
    """Answers of copies of the notebooks that are run on the synthetic twin."""
    os.environ["MFBOOK_DATASET"] = "synthetic"
    with tempfile.TemporaryDirectory() as folder:
        copies = [Path(shutil.copy(path, folder)) for path in paths]
        for copy in tqdm(copies, desc="notebooks"):
            notebook = reading.read(copy)
            notebooks.run(notebook, copy)
            write(notebooks.as_text(notebook), copy)
        return collect(copies)


def main(arguments=None):
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.answers", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "notebooks")
    parser.add_argument(
        "--twin", action="store_true", help="run copies on the synthetic twin first"
    )
    options = parser.parse_args(arguments)
    paths = sorted(options.folder.glob("*.ipynb"))
    if not paths:
        sys.exit(f"There is no notebook in {options.folder}.")
    try:
        found = _on_the_twin(paths) if options.twin else collect(paths)
        old = json.loads(RECORDED.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(str(error))
    if not found:
        sys.exit(f"No notebook in {options.folder} checks an answer.")
    write(as_text(merged(old, found)), RECORDED)
    print(", ".join(f"{dataset}: {len(found[dataset])} answers" for dataset in sorted(found)))
    for sentence in unrecognizable(found):
        print(sentence)


if __name__ == "__main__":
    console.end_on_signals()
    sys.exit(console.run(main))
