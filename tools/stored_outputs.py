"""Compare what a notebook's cell prints with what is stored in it; `conftest.py` uses it.

Text and whole numbers must be equal; decimals may differ within a `Tolerance`, because training
adds up floats in an order that depends on the CPU. Pictures must be there, whatever they show.
Progress bars and addresses in memory are no output.

On x86-64 the tolerances are wide: the networks of chapters 3 to 7, trained again from parameters
that differ in their last bit, end with the same RMSE to 0.00001, and so do ALS and Gibbs sampling.
A tag of the cell chooses the tolerance:

========================  =====================================================================
tag                       a decimal may differ by
========================  =====================================================================
none                      0.002 and 0.2 %, or one unit of the last decimal shown
``nbval-exact``           nothing: what no training made, for example tables of kept results
``nbval-loose``           0.005 and 0.5 %, or two units; a whole number by 2 and 5 %: whole numbers
                          that training decides, such as a best epoch or a rounded share
``nbval-ignore-output``   anything: a clock, a speed, the machine
========================  =====================================================================
"""

from collections import defaultdict
import html
import json
import re
from typing import NamedTuple

from tools import reading

IGNORED = "nbval-ignore-output"
# Not part of a word, of a version such as 1.9.1, or of a path.
NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w|\.\d)"
)
ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")
INVISIBLE = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL)
RANDOM_IDS = "application/vnd.jupyter.widget-view+json"


class Tolerance(NamedTuple):
    """How far a number may be from the stored one.

    Attributes
    ----------
    absolute, relative : float
        A decimal may differ by ``absolute + relative * |stored|``,
    units : float
        or by this many units of the last decimal that is shown, whichever is more.
    whole, whole_relative : float
        A whole number may differ by ``whole + whole_relative * |stored|``.
    """

    absolute: float
    relative: float
    units: float
    whole: float = 0.0
    whole_relative: float = 0.0

    def limit(self, stored, computed):
        """Return the largest difference allowed between two numbers, both given as text."""
        size = abs(_value(stored))
        if not (_is_decimal(stored) or _is_decimal(computed)):
            return self.whole + self.whole_relative * size
        unit = max(_last_unit(stored), _last_unit(computed))
        return max(self.absolute + self.relative * size, self.units * unit)


DEFAULT = Tolerance(absolute=0.002, relative=0.002, units=1)
TOLERANCES = {
    # 1e-9: a float with all its digits, as in the JSON of a headline.
    "nbval-exact": Tolerance(absolute=0.0, relative=1e-9, units=0),
    "nbval-loose": Tolerance(0.005, 0.005, units=2, whole=2, whole_relative=0.05),
}


def tolerance_of(cell):
    """Tolerance that the tags of a cell choose; None if its output is not compared at all.

    Examples
    --------
    >>> tolerance_of({"metadata": {"tags": ["hide-cell"]}}) == DEFAULT
    True
    """
    tags = cell["metadata"].get("tags", [])
    if IGNORED in tags:
        return None
    return next((TOLERANCES[tag] for tag in tags if tag in TOLERANCES), DEFAULT)


def differences(stored, computed, tolerance=DEFAULT):
    """Sentences that say how the outputs of a cell differ; none if they agree.

    Parameters
    ----------
    stored, computed : list of dict
        Outputs in the notebook format.
    tolerance : Tolerance

    Returns
    -------
    list of str

    Examples
    --------
    >>> stored, computed = (
    ...     [{"output_type": "stream", "name": "stdout", "text": f"RMSE {x}"}]
    ...     for x in ("0.9619", "0.9719")
    ... )
    >>> differences(stored, computed)
    ["stdout: 0.9619 is stored, 0.9719 came out; allowed is a difference of 0.0039. Line: 'RMSE 0.9719'"]
    """
    stored, computed = _by_kind(stored), _by_kind(computed)
    found = []
    for kind in sorted(stored.keys() | computed.keys()):
        before, after = stored.get(kind, []), computed.get(kind, [])
        if len(before) != len(after):
            found.append(
                f"{kind}: {len(before)} stored, {len(after)} came out"
                + "".join(f"\nstored: {text}" for text in before)
                + "".join(f"\ncame out: {text}" for text in after)
            )
            continue
        for one, other in zip(before, after, strict=True):
            found += [f"{kind}: {problem}" for problem in _in_text(one, other, tolerance)]
    return found


def counts(notebooks):
    """Count the cells with output: those that are compared, and those that are not.

    Parameters
    ----------
    notebooks : iterable of Path

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If one of them is no notebook.
    """
    compared = ignored = 0
    for path in notebooks:
        for cell in reading.read(path).cells:
            if cell["cell_type"] == "code" and cell["outputs"]:
                is_compared = tolerance_of(cell) is not None
                compared, ignored = compared + is_compared, ignored + (not is_compared)
    return compared, ignored


def _by_kind(outputs):
    """Return a dict: for each kind of output (stdout, text/html, …) its texts in order."""
    # Only here, because it imports much, and every start of pytest imports this module.
    from tools.notebooks import PROGRESS_BAR

    found = defaultdict(list)
    for output in outputs:
        if output["output_type"] == "stream":
            found[output["name"]].append(PROGRESS_BAR.sub("", _joined(output["text"])))
        elif output["output_type"] == "error":
            found["error"].append(f"{output['ename']}: {output['evalue']}")
        for kind, value in output.get("data", {}).items():
            if kind != RANDOM_IDS:
                found[kind].append(_as_text(kind, value))
    for stream in ("stdout", "stderr"):
        text = "".join(found.pop(stream, []))
        if text.strip():
            found[stream] = [text]
    return found


def _joined(text):
    return text if isinstance(text, str) else "".join(text)


def _as_text(kind, value):
    """Return what is compared of an output of one kind."""
    if kind.startswith("image/"):
        return "a picture"
    if kind == "text/html":
        return html.unescape(INVISIBLE.sub(" ", _joined(value)))
    if isinstance(value, str) or kind.startswith("text/"):
        return _joined(value)
    return json.dumps(value, sort_keys=True)


def _in_text(stored, computed, tolerance):
    """Yield what differs between two texts, but for white space and addresses."""
    stored, computed = (ADDRESS.sub("0x", text) for text in (stored, computed))
    words, words_now = (NUMBER.sub(" \0 ", text).split() for text in (stored, computed))
    if words != words_now:
        yield f"the text differs.\nstored: {stored}\ncame out: {computed}"
        return
    for one, other in zip(NUMBER.finditer(stored), NUMBER.finditer(computed), strict=True):
        limit = tolerance.limit(one[0], other[0])
        # Allow for the rounding of the two numbers to floats.
        if abs(_value(one[0]) - _value(other[0])) > limit * (1 + 1e-6):
            line = computed[: other.end()].rpartition("\n")[2][-80:]
            line += computed[other.end() :].partition("\n")[0][:40]
            yield (
                f"{one[0]} is stored, {other[0]} came out; allowed is a difference of "
                f"{limit:.2g}. Line: {line.strip()!r}"
            )


def _value(number):
    return float(number.replace(",", ""))


def _is_decimal(number):
    return any(sign in number for sign in ".eE")


def _last_unit(number):
    """Return what one more in the last decimal of a number is worth; 0 if it has no decimals."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals) if decimals or exponent else 0.0
