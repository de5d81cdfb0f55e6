"""The list of deliberate changes, tools/mutants.yaml, and how one of them is made in a file."""

from pathlib import Path, PurePosixPath

import yaml

DATA = Path(__file__).resolve().parent / "mutants.yaml"
# What the tests need of the checkout.
COPIED = (
    "mfbook",
    "tests",
    "tools",
    "benchmarks",
    "notebooks",
    "book",
    "conftest.py",
    "pyproject.toml",
    "_config.yml",
)
TEXTS = ("name", "file", "from", "to")
REMEDY = (
    f"Each needs {', '.join(TEXTS)} and a list of tests; see the docstring of tools/mutants.py."
)


def read(path=DATA):
    """Changes, one dict each: name, file, from, to, tests and, for some, survives.

    Raises `ValueError` if ``path`` is no such list.
    """
    try:
        mutants = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not isinstance(mutants, list):
        raise ValueError(f"{path} is no list of changes. {REMEDY}")
    for number, mutant in enumerate(mutants, start=1):
        if not _is_change(mutant):
            raise ValueError(f"{path}: change {number} is not complete: {mutant!r}. {REMEDY}")
    return mutants


def _is_change(mutant):
    if not isinstance(mutant, dict) or not all(isinstance(mutant.get(key), str) for key in TEXTS):
        return False
    tests = mutant.get("tests")
    # Without a test, pytest would run them all.
    are_tests = isinstance(tests, list) and tests and all(isinstance(test, str) for test in tests)
    path = PurePosixPath(mutant["file"])
    return (
        bool(are_tests)
        and path.parts[:1] in [(name,) for name in COPIED]
        and ".." not in path.parts
    )


def mutated(text, mutant):
    """Return the text of a file with the change in it; raise `ValueError` if it does not fit."""
    count = text.count(mutant["from"])
    if count != 1:
        raise ValueError(
            f"{mutant['name']}: its text occurs {count} times in {mutant['file']}, not once: "
            f"{mutant['from']!r}. Bring tools/mutants.yaml up to date."
        )
    return text.replace(mutant["from"], mutant["to"])
