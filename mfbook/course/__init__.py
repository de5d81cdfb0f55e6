"""What the course's pages need besides the methods: exercises, headline results, diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfbook.course.answers import progress
    from mfbook.course.demonstrations import demonstration

__all__ = ["demonstration", "progress"]


def __getattr__(name: str) -> object:
    """Import a function when it is first asked for: the setup cell needs this package before NumPy."""
    if name == "demonstration":
        from mfbook.course.demonstrations import demonstration

        return demonstration
    if name == "progress":
        from mfbook.course.answers import progress

        return progress
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
