"""What every command does about its output, Ctrl-C and signals, so that none shows a traceback."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["end_at_once", "end_on_signals", "run"]


def run(command: Callable[[], Any]) -> Any:
    """Run a command; return what `sys.exit` takes: a code, or a message for the reader.

    A command finishes its work even if nobody can read what it prints.

    Parameters
    ----------
    command : callable
        It returns, or raises `SystemExit` with, what `sys.exit` takes.

    Returns
    -------
    int, str or None
        None or 0 if all is well.

    Examples
    --------
    >>> from mfbook.runtime import console
    >>> console.run(lambda: print("all is well"))
    all is well
    """
    # Python's stdout if it is closed; a file that is opened next would take its place.
    if sys.stdout is None:
        return 1
    # A path may have letters that the terminal cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    output = _Output(sys.stdout)
    with contextlib.redirect_stdout(output):
        try:
            message = command()
        except KeyboardInterrupt:
            return "Stopped."
        except SystemExit as stop:
            # After --help, or a wrong argument.
            message = stop.code
    return message if isinstance(message, str) else output.problem() or message


class _Output:
    """Standard output that is lost in silence from the first failed write on.

    So a command finishes its work where its reader, such as `head`, has read enough, and where the
    disk that takes its output is full.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                self.stream.write(text)
                self.stream.flush()
            except OSError as error:
                self.error = error
                # Python writes what is left when it ends, and must not fail again.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def problem(self) -> str | None:
        """Why the output is incomplete, unless its reader has read enough."""
        if self.error is None or isinstance(self.error, BrokenPipeError):
            return None
        return (
            f"The command ran, but its output could not be written: {self.error.strerror}. "
            "Free some space, or send the output elsewhere."
        )


def end_at_once() -> None:
    """Let Ctrl-C end this process at once, while it only imports and has nothing to clear away.

    An exception in the middle of an import would be a traceback, or another error than Ctrl-C.

    Examples
    --------
    >>> import signal
    >>> from mfbook.runtime import console
    >>> before = signal.getsignal(signal.SIGINT)
    >>> console.end_at_once()
    >>> _ = signal.signal(signal.SIGINT, before)
    """
    # In the background of a script, Ctrl-C is ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_on_signals() -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP end this process so that it clears away.

    Examples
    --------
    >>> import signal
    >>> from mfbook.runtime import console
    >>> before = signal.getsignal(signal.SIGTERM)
    >>> console.end_on_signals()
    >>> _ = signal.signal(signal.SIGTERM, before)
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        # Windows has no SIGHUP; `nohup` ignores it.
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, frame: object) -> None:
    # Asked twice, it must still clear away all of it.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
