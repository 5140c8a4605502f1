"""Files that only grow by one line at a time: the journal and the ledgers.

A newline is the commit mark. What follows the last newline was never committed (or is being
written this moment) and does not count; a line that cannot be read in the middle is skipped, told
with its position, and kept.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from podtui.core.system.fs import Fs, UnsafeFile

T = TypeVar("T")
WINDOW = 1024 * 1024
LONGEST_LINE = 256 * 1024


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that was skipped, or an end that was torn."""

    path: Path
    line: int
    offset: int
    reason: str
    torn: bool = False

    def sentence(self) -> str:
        """Return what is wrong, naming file, line and byte."""
        what = "ends in a torn line" if self.torn else "has a line that cannot be read"
        return f"{self.path} {what}: line {self.line}, byte {self.offset}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Lines(Generic[T]):
    """What a growing file holds, and where reading it may go on."""

    entries: tuple[T, ...]
    problems: tuple[LineProblem, ...]
    next_offset: int


def read_lines(fs: Fs, path: Path, kind: type[T], *, offset: int = 0) -> Lines[T]:
    """Read the committed lines of a file from ``offset`` (the start of a line).

    A file that is not there holds nothing.
    """
    try:
        descriptor = fs.open_plain(path)
    except FileNotFoundError:
        return Lines((), (), 0)
    except UnsafeFile as error:
        return Lines((), (LineProblem(path, 0, 0, f"it is {error.reason}"),), offset)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "error")
        reason = f"{name}: {os.strerror(error.errno or 0)}"
        return Lines((), (LineProblem(path, 0, 0, reason),), offset)
    try:
        return _read(fs, descriptor, path, kind, offset)
    finally:
        fs.close(descriptor)


def _read(fs: Fs, descriptor: int, path: Path, kind: type[T], offset: int) -> Lines[T]:
    decoder = msgspec.json.Decoder(kind)
    entries: list[T] = []
    problems: list[LineProblem] = []
    pending = b""
    position, number = offset, 0
    while window := fs.read_at(descriptor, WINDOW, position + len(pending)):
        *lines, pending = (pending + window).split(b"\n")
        for line in lines:
            number += 1
            if line:
                try:
                    entries.append(decoder.decode(line))
                except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                    problems.append(LineProblem(path, number, position, str(error)))
            position += len(line) + 1
        if len(pending) > LONGEST_LINE:
            # One endless line must not be read into memory; it is one bad line.
            problems.append(LineProblem(path, number + 1, position, "the line is too long"))
            position += len(pending)
            pending = b""
    if pending:
        reason = f"{len(pending)} bytes without a newline"
        problems.append(LineProblem(path, number + 1, position, reason, torn=True))
    return Lines(tuple(entries), tuple(problems), position)
