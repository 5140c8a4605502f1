"""Logs: what happened, in the order it was written, each entry exactly once.

The journal of events and the diagnostics are both kept in this way.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from podtui.core.errors import Busy, Unreadable
from podtui.core.model.events import Event
from podtui.core.paths import StorePaths, log_lock, log_segment
from podtui.core.store.lines import LONGEST_LINE, LineProblem, read_lines
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.system import System


class LogEntry(Protocol):
    """The type of the entries of a log."""

    @property
    def id(self) -> str: ...

    def cut(self, characters: int, /) -> LogEntry:
        """Return the entry with no text longer than ``characters``, and text that is UTF-8."""
        ...


E = TypeVar("E", bound=LogEntry)
SEGMENT_BYTES = 4 * 1024 * 1024
"""A segment longer than this is closed and the next one begun."""
LOCK_WAIT_S = 10.0
LONGEST_TEXT = 4096
"""Characters of one text of an entry; a longer one is cut, so that every line can be read back."""
_SEGMENT = re.compile(r"(0[0-9]{5}|[1-9][0-9]{5,})\.jsonl\Z")


class LogPosition(msgspec.Struct, frozen=True):
    """The position of a reader in a log."""

    segment: int = 1
    offset: int = 0


class LogRead(msgspec.Struct, Generic[E], frozen=True):
    """Entries read, what could not be read, and where to go on."""

    entries: tuple[E, ...]
    problems: tuple[LineProblem, ...]
    position: LogPosition


class Log(Generic[E]):
    """Appends and reads the entries of one log, in numbered segments in a directory."""

    def __init__(self, system: System, directory: Path, kind: type[E]) -> None:
        self._system = system
        self.directory = self._directory = directory
        self._lock = log_lock(directory)
        self._kind = kind

    def segments(self) -> list[int]:
        """Return the numbers of the segments, oldest first."""
        names = self._system.fs.names_in(self._directory)
        return sorted(int(match[1]) for name in names if (match := _SEGMENT.match(name)))

    def append(self, entry: E) -> None:
        """Write one entry; it is on the disk when this returns.

        Raises:
            Busy: the log was locked all the time.
            OSError: it is not written.
        """
        with self._locked():
            self._write(entry)

    def append_once(self, entries: Iterable[E]) -> tuple[E, ...]:
        """Write the entries whose ids the log does not have yet, and return those.

        However many observers see one thing, the lock and the id make it one entry. Raises as
        `append`.
        """
        wanted = list(entries)
        if not wanted:
            return ()
        with self._locked():
            new = [entry for entry in wanted if not self._has(entry.id)]
            for entry in new:
                self._write(entry)
        return tuple(new)

    def read(self, position: LogPosition | None = None) -> LogRead[E]:
        """Read every entry after ``position``, across segments.

        What cannot be read is among the problems; nothing is raised.
        """
        start = position or LogPosition()
        entries: list[E] = []
        problems: list[LineProblem] = []
        try:
            segments = self.segments()
        except OSError as error:
            problem = LineProblem(self._directory, 0, 0, os.strerror(error.errno or 0))
            return LogRead((), (problem,), start)
        expected = start.segment
        for number in segments:
            if number < start.segment:
                continue
            path = self._segment(number)
            if number > expected:
                gap = f"before it, segments {expected} to {number - 1} are missing"
                problems.append(LineProblem(path, 0, 0, gap))
            expected = number + 1
            offset = start.offset if number == start.segment else 0
            lines = read_lines(self._system.fs, path, self._kind, offset=offset)
            entries.extend(lines.entries)
            problems.extend(lines.problems)
            start = LogPosition(number, lines.next_offset)
        return LogRead(tuple(entries), tuple(problems), start)

    def end(self) -> LogPosition:
        """Return the position behind all there is now; the beginning when that is unreadable."""
        try:
            number = (self.segments() or [1])[-1]
            stamp = self._system.fs.stamp(self._segment(number))
        except OSError:
            return LogPosition()
        return LogPosition(number, stamp.size if stamp else 0)

    def _segment(self, number: int) -> Path:
        return log_segment(self._directory, number)

    def entries(self) -> tuple[E, ...]:
        """Return every entry that can be read; `read` and the doctor report the lines that cannot.

        Raises:
            Unreadable: the log as a whole cannot be had: that is not an empty one.
        """
        log = self.read()
        lost = next((each for each in log.problems if each.path == self.directory), None)
        if lost is not None:
            raise Unreadable(
                lost.sentence(), next_step="podtui doctor", kept="nothing in it was touched"
            )
        return log.entries

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock, clock = self._lock, self._system.clock
        with ExitStack() as held:
            try:
                held.enter_context(self._system.fs.locked(lock, clock=clock, timeout_s=LOCK_WAIT_S))
            except BlockingIOError:
                raise Busy(
                    f"the lock {lock} was not free within {LOCK_WAIT_S:.0f} s",
                    next_step="podtui doctor",
                    kept="nothing was written",
                ) from None
            yield

    def _write(self, entry: E) -> None:
        line = _line(entry)
        number = self._number_to_write()
        try:
            self._system.fs.append_line(self._segment(number), line)
        except UnsafeFile:
            # A bad segment costs itself only: what comes now goes into the next one.
            self._system.fs.append_line(self._segment(number + 1), line)
        except OSError as error:
            if error.errno == errno.EIO:
                # A sync that failed once may say nothing the next time: this segment is over.
                with suppress(OSError):
                    self._system.fs.create(self._segment(number + 1))
            raise

    def _number_to_write(self) -> int:
        number = (self.segments() or [1])[-1]
        stamp = self._system.fs.stamp(self._segment(number))
        return number + (stamp is not None and stamp.size >= SEGMENT_BYTES)

    def _has(self, entry_id: str) -> bool:
        """Whether a readable entry of this id is committed, newest segment first.

        The bytes alone prove nothing: they may be of a torn line, which does not count.
        """
        marker = b'"id":' + msgspec.json.encode(entry_id)
        for number in reversed(self.segments()):
            path = self._segment(number)
            try:
                may_have = self._system.fs.contains(path, marker)
            except UnsafeFile:
                continue
            if may_have:
                entries = read_lines(self._system.fs, path, self._kind).entries
                if any(entry.id == entry_id for entry in entries):
                    return True
        return False


def _line(entry: LogEntry) -> bytes:
    line = msgspec.json.encode(entry.cut(LONGEST_TEXT))
    assert len(line) < LONGEST_LINE, entry.id  # noqa: S101 - the texts are all that can be long
    return line


class Journal(Log[Event]):
    """Appends and reads events."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        super().__init__(system, paths.journal, Event)
