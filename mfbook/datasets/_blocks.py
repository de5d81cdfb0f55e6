"""Read a file in blocks of whole lines, whatever its compression, encoding and line ends are."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
import contextlib
import gzip
import importlib
import io
from pathlib import Path
import re
import sys
from typing import IO, cast
import zlib

from mfbook.exceptions import DataError
from tqdm import tqdm

BLOCK = 2**22
# Smaller files are read at once.
SHOW_PROGRESS = 2**26
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# UTF-32 comes first: its mark begins like that of UTF-16.
MARKED_ENCODINGS = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
UNPACK = "Unpack it, and pass the path of the file of ratings in it."
EXPORT = "Save the ratings as text, one rating per line, and pass the path of that file."
# How files begin that hold no text (a pattern): what they are, and what to do.
OTHER_KINDS = {
    b"PK\x03\x04": ("compressed (a ZIP archive or an Excel workbook)", UNPACK),
    b"BZh[1-9]1AY": ("compressed with bzip2", UNPACK),
    b"\xfd7zXZ\x00": ("compressed with xz", UNPACK),
    b"7z\xbc\xaf": ("compressed (a 7z archive)", UNPACK),
    b"Rar!\x1a": ("compressed (a RAR archive)", UNPACK),
    b"%PDF-": ("a PDF document", EXPORT),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word document", EXPORT),
    b"SQLite format 3\x00": ("an SQLite database", EXPORT),
    b"\x89HDF": ("an HDF5 file", EXPORT),
    b"\x93NUMPY": ("a NumPy array", EXPORT),
    b"\x80[\x02-\x05]": ("a Python pickle", EXPORT),
}
HTML = (b"<!doctype html", b"<html", b"<?xml")


def first_bytes(path: Path) -> bytes:
    """Return the first 512 bytes of a file; raise an error that names what is wrong with it."""
    # A name that is too long is refused here, and a folder that may not be entered.
    with readable(path):
        is_folder, is_file = path.is_dir(), path.is_file()
    if is_folder:
        raise DataError(f"{path} is a folder. Pass the path of the file of ratings in it.")
    if not is_file:
        raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
    with readable(path), path.open("rb") as file:
        return file.read(512)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of the disk, and damage of compressed files, into `DataError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is damaged or incomplete: it cannot be unpacked to its end ({error}). "
            "Download or copy it again."
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}. Make it readable, or copy it to "
            "another disk."
        ) from None


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield blocks of whole lines with newlines between them, without one at the end.

    Empty lines at the end of the file are left out. A block that follows empty lines begins with
    them.
    """
    start = first_bytes(path)
    _refuse_other_kinds(path, start)
    with readable(path), path.open("rb") as file, _progress(path) as bar:
        left = b""
        for part in _parts(path, file, start):
            bar.update(file.tell() - bar.n)
            text = left + part
            end = text.rfind(b"\n")
            body = text[: max(end, 0)].rstrip(b"\n")
            if body:
                yield body
                # The newline after the body is not part of any line.
                left = text[len(body) + 1 :]
            else:
                left = text
        if left.rstrip(b"\n"):
            yield left.rstrip(b"\n")


def _progress(path: Path) -> tqdm:
    size = path.stat().st_size
    return tqdm(
        desc=f"Reading {path.name}",
        total=size,
        unit="B",
        unit_scale=True,
        leave=False,
        # Without a terminal at all, as in a service, there is nothing to draw into.
        disable=size < SHOW_PROGRESS or sys.stderr is None,
    )


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    kind = next((OTHER_KINDS[magic] for magic in OTHER_KINDS if re.match(magic, start)), None)
    if start[257:262] == b"ustar":
        kind = ("a TAR archive", UNPACK)
    if start.lstrip().lower().startswith(HTML):
        kind = ("a web page (HTML or XML), not a file of ratings", "Download the file itself.")
    if kind:
        raise DataError(f"{path} is {kind[0]}. {kind[1]}")


def _parts(path: Path, file: IO[bytes], start: bytes) -> Iterator[bytes]:
    """Yield the content in parts, as UTF-8 or Latin-1, with a newline after every line."""
    stream: IO[bytes] = file
    if start.startswith(GZIP):
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=file))
    elif start.startswith(ZSTD):
        stream = _open_zstd(path, file)
    first = True
    while part := stream.read(BLOCK):
        # A carriage return at the end may have its newline in the next part.
        while part.endswith(b"\r") and (more := stream.read(1)):
            part += more
        if first:
            part, first = _without_mark(path, part, stream), False
        if b"\r" in part:
            part = part.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield part


def _without_mark(path: Path, part: bytes, stream: IO[bytes]) -> bytes:
    """Return the beginning of a text without its byte order mark; all of a UTF-16 text as UTF-8."""
    for encoding, marks in MARKED_ENCODINGS.items():
        if part.startswith(marks):
            try:
                return (part + stream.read()).decode(encoding).encode()
            except UnicodeDecodeError:
                raise DataError(
                    f"{path} begins as a text in {encoding.upper()}, but is damaged or incomplete. "
                    "Save it again as UTF-8."
                ) from None
    return part.removeprefix(codecs.BOM_UTF8)


def _open_zstd(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the unpacked content of a file; Python 3.14 can do it, others need a package."""
    for name in ("compression.zstd", "zstandard"):
        with contextlib.suppress(ModuleNotFoundError):
            module = importlib.import_module(name)
            break
    else:
        raise DataError(
            f"{path} is compressed with zstd, which Python reads from 3.14 on. Install the package "
            "zstandard (pip install mfbook[zstd]), or unpack the file."
        )
    if name == "compression.zstd":
        return module.open(file)
    return io.BufferedReader(_ZstdReader(module, file), BLOCK)


class _ZstdReader(io.RawIOBase):
    """The unpacked content; unlike zstandard's own reader, it notices that the end is missing."""

    def __init__(self, zstandard: object, file: IO[bytes]) -> None:
        self._new = zstandard.ZstdDecompressor().decompressobj  # type: ignore[attr-defined]
        self._frame, self._file, self._content = self._new(), file, b""
        self._begun = False
        self._error = zstandard.ZstdError  # type: ignore[attr-defined]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._content:
            packed = self._file.read(2**17)
            if not packed:
                if self._begun:
                    raise EOFError("the end of the file is missing")
                return 0
            self._unpack(packed)
        taken = self._content[: len(buffer)]
        self._content = self._content[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _unpack(self, packed: bytes) -> None:
        while packed:
            self._begun = True
            try:
                self._content += self._frame.decompress(packed)
            except self._error as error:
                raise EOFError(str(error)) from None
            packed = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = self._new(), False
