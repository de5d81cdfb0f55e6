"""Write a file as a whole or not at all, or say in one sentence why it could not be written."""

import contextlib
import os
import sys


def reason(error):
    """Why the system refused to write, in a few words.

    Parameters
    ----------
    error : OSError
        Also one of those that `shutil.copytree` collects, each as (source, target, reason).
    """
    return error.strerror or str(error.args[0][0][-1])


def write(content, path):
    """Replace the file at ``path`` as a whole: a full disk leaves the old one.

    Exits with a sentence if it cannot be written.

    Parameters
    ----------
    content : str or bytes
        A str is written in UTF-8.
    path : pathlib.Path
    """
    # A name that no other process uses at the same time.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(content if isinstance(content, bytes) else content.encode())
        unfinished.replace(path)
    except OSError as error:
        sys.exit(f"{path} could not be written, and is as it was: {error.strerror}.")
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
