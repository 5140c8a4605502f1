"""The journal: every event, in the order it was written, each exactly once."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import msgspec

from podtui.core.errors import Busy
from podtui.core.model.events import Event
from podtui.core.paths import StorePaths
from podtui.core.store.lines import LONGEST_LINE, LineProblem, read_lines
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.host import System

SEGMENT_BYTES = 4 * 1024 * 1024
"""A segment longer than this is closed and the next one begun."""
LOCK_WAIT_S = 10.0
LONGEST_TEXT = 4096
"""Characters of one text of an event; a longer one is cut, so that every line can be read back."""
_SEGMENT = re.compile(r"(0[0-9]{5}|[1-9][0-9]{5,})\.jsonl\Z")
_TEXT_FIELDS = ("summary", "actor", "pod")


class JournalPosition(msgspec.Struct, frozen=True):
    """Where a reader of the journal has come to."""

    segment: int = 1
    offset: int = 0


class JournalRead(msgspec.Struct, frozen=True):
    """Events read, what could not be read, and where to go on."""

    events: tuple[Event, ...]
    problems: tuple[LineProblem, ...]
    position: JournalPosition


class Journal:
    """Appends and reads events."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        self._paths = paths
        self._system = system

    def segments(self) -> list[int]:
        """Return the numbers of the segments, oldest first."""
        names = self._system.fs.names_in(self._paths.journal)
        return sorted(int(match[1]) for name in names if (match := _SEGMENT.match(name)))

    def append(self, event: Event) -> None:
        """Write one event; it is on the disk when this returns.

        Raises:
            Busy: the journal was locked all the time.
            OSError: it is not written.
        """
        with self._locked():
            self._write(event)

    def append_once(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Write the events whose ids the journal does not have yet, and return those.

        However many observers see one thing, the lock and the id make it one event. Raises as
        `append`.
        """
        wanted = list(events)
        if not wanted:
            return ()
        with self._locked():
            new = [event for event in wanted if not self._has(event.id)]
            for event in new:
                self._write(event)
        return tuple(new)

    def read(self, position: JournalPosition | None = None) -> JournalRead:
        """Read every event after ``position``, across segments.

        What cannot be read is among the problems; nothing is raised.
        """
        start = position or JournalPosition()
        events: list[Event] = []
        problems: list[LineProblem] = []
        try:
            segments = self.segments()
        except OSError as error:
            problem = LineProblem(self._paths.journal, 0, 0, os.strerror(error.errno or 0))
            return JournalRead((), (problem,), start)
        expected = start.segment
        for number in segments:
            if number < start.segment:
                continue
            path = self._paths.journal_segment(number)
            if number > expected:
                gap = f"before it, segments {expected} to {number - 1} are missing"
                problems.append(LineProblem(path, 0, 0, gap))
            expected = number + 1
            offset = start.offset if number == start.segment else 0
            lines = read_lines(self._system.fs, path, Event, offset=offset)
            events.extend(lines.entries)
            problems.extend(lines.problems)
            start = JournalPosition(number, lines.next_offset)
        return JournalRead(tuple(events), tuple(problems), start)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock, clock = self._paths.journal_lock, self._system.clock
        with ExitStack() as held:
            try:
                held.enter_context(self._system.fs.locked(lock, clock=clock, timeout_s=LOCK_WAIT_S))
            except BlockingIOError:
                raise Busy(
                    f"the journal's lock {lock} was not free within {LOCK_WAIT_S:.0f} s",
                    next_step="podtui doctor",
                    kept="nothing was written",
                ) from None
            yield

    def _write(self, event: Event) -> None:
        line = _line(event)
        number = self._number_to_write()
        try:
            self._system.fs.append_line(self._paths.journal_segment(number), line)
        except UnsafeFile:
            # A bad segment costs itself only: what comes now goes into the next one.
            self._system.fs.append_line(self._paths.journal_segment(number + 1), line)
        except OSError as error:
            if error.errno == errno.EIO:
                # A sync that failed once may say nothing the next time: this segment is over.
                with suppress(OSError):
                    self._system.fs.create(self._paths.journal_segment(number + 1))
            raise

    def _number_to_write(self) -> int:
        number = (self.segments() or [1])[-1]
        stamp = self._system.fs.stamp(self._paths.journal_segment(number))
        return number + (stamp is not None and stamp.size >= SEGMENT_BYTES)

    def _has(self, event_id: str) -> bool:
        """Whether a readable event of this id is committed, newest segment first.

        The bytes alone do not tell: they may be of a torn line, which counts for nothing.
        """
        marker = b'"id":' + msgspec.json.encode(event_id)
        for number in reversed(self.segments()):
            path = self._paths.journal_segment(number)
            try:
                may_have = self._system.fs.contains(path, marker)
            except UnsafeFile:
                continue
            if may_have:
                entries = read_lines(self._system.fs, path, Event).entries
                if any(event.id == event_id for event in entries):
                    return True
        return False


def _line(event: Event) -> bytes:
    texts = {
        name: text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
        for name in _TEXT_FIELDS
        if (text := getattr(event, name)) is not None
    }
    line = msgspec.json.encode(msgspec.structs.replace(event, **texts))
    assert len(line) < LONGEST_LINE, event.id  # noqa: S101 - the texts are all that can be long
    return line
