"""Files that only grow by one line at a time: the journal and the ledgers.

A newline is the commit mark. What follows the last newline was never committed (or is being
written this moment) and does not count; a line that cannot be read in the middle is skipped,
reported with its position, and kept.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from podtui.core.system.fs import Fs, UnsafeFile

T = TypeVar("T")
WINDOW = 1024 * 1024
LONGEST_LINE = 256 * 1024
"""Bytes a line may have; a longer one is one bad line and never in memory as a whole."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes read of one file; no ledger comes near it, and a file of zeros may have a terabyte."""


class LineProblem(msgspec.Struct, frozen=True):
    """A line that was skipped, or an end that was torn.

    Attributes:
        line: counted from where reading began, 1 for the first; 0 for the file as a whole.
    """

    path: Path
    line: int
    offset: int
    reason: str
    torn: bool = False

    def sentence(self) -> str:
        """Return what is wrong, naming file, line and byte."""
        if not self.line:
            return f"{self.path} cannot be read: {self.reason}"
        what = "ends in a torn line" if self.torn else "has a line that cannot be read"
        return f"{self.path} {what}: line {self.line}, byte {self.offset}: {self.reason}"


class Lines(msgspec.Struct, Generic[T], frozen=True):
    """The entries of a growing file, and the offset from which to read on."""

    entries: tuple[T, ...]
    problems: tuple[LineProblem, ...]
    next_offset: int


def read_lines(fs: Fs, path: Path, kind: type[T], *, offset: int = 0) -> Lines[T]:
    """Read the committed lines of a file from ``offset`` (the start of a line).

    A file that is not there holds nothing. What cannot be read is among the problems; nothing is
    raised.
    """
    reader = _LineReader(path, kind, offset)
    try:
        descriptor = fs.open_plain(path)
        try:
            reader.read(fs, descriptor)
        finally:
            fs.close(descriptor)
    except FileNotFoundError:
        return Lines((), (), 0)
    except UnsafeFile as error:
        reader.note_file(f"it is {error.reason}")
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "error")
        reader.note_file(f"{name}: {os.strerror(error.errno or 0)}")
    return Lines(tuple(reader.entries), tuple(reader.problems), reader.position)


class _LineReader(Generic[T]):
    """Goes through a file window by window.

    Attributes:
        position: start of the first line that is not committed yet.
    """

    def __init__(self, path: Path, kind: type[T], offset: int) -> None:
        self.entries: list[T] = []
        self.problems: list[LineProblem] = []
        self.position = offset
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)
        self._number = 0

    def note_file(self, reason: str) -> None:
        self.problems.append(LineProblem(self._path, 0, self.position, reason))

    def read(self, fs: Fs, descriptor: int) -> None:
        begin = self.position
        pending = b""
        pending_bytes = 0
        for window in _windows(fs, descriptor, begin):
            *lines, rest = window.split(b"\n")
            for line in lines:
                self._take(pending + line, pending_bytes + len(line))
                pending, pending_bytes = b"", 0
            pending_bytes += len(rest)
            # An endless line is not kept, only its length.
            pending = pending + rest if pending_bytes <= LONGEST_LINE else b""
        if self.position + pending_bytes - begin >= MOST_BYTES:
            self.note_file(f"only its first {MOST_BYTES // 1024 // 1024} MiB are read")
        elif pending_bytes:
            self._note(f"{pending_bytes} bytes without a newline", torn=True)

    def _take(self, line: bytes, length: int) -> None:
        self._number += 1
        if length > LONGEST_LINE:
            self._note(f"it has {length} bytes, and a line has at most {LONGEST_LINE}")
        elif line:
            try:
                self.entries.append(self._decoder.decode(line))
            except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
                self._note(str(error) or type(error).__name__)
        self.position += length + 1

    def _note(self, reason: str, *, torn: bool = False) -> None:
        number = self._number + torn
        self.problems.append(LineProblem(self._path, number, self.position, reason, torn=torn))


def _windows(fs: Fs, descriptor: int, begin: int) -> Iterator[bytes]:
    position = begin
    while position - begin < MOST_BYTES:
        window = fs.read_at(descriptor, WINDOW, position)
        if not window:
            return
        yield window
        position += len(window)
