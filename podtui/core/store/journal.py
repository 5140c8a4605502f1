"""The journal: every event, in the order it was written, each exactly once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from podtui.core.errors import Busy
from podtui.core.model.events import Event
from podtui.core.paths import StorePaths
from podtui.core.store.lines import LineProblem, read_lines
from podtui.core.system.host import System

SEGMENT_BYTES = 4 * 1024 * 1024
"""A segment longer than this is closed and the next one begun."""
LOCK_WAIT_S = 10.0
_SEGMENT = re.compile(r"(\d{6,})\.jsonl\Z")


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Where a reader of the journal has come to."""

    segment: int = 1
    offset: int = 0


@dataclass(frozen=True, slots=True)
class JournalRead:
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
        """Write one event; it is on the disk when this returns."""
        with self._locked():
            self._write(event)

    def append_once(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Write the events whose ids the journal does not have yet, and return those.

        However many observers see one thing, the lock and the id make it one event.
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
        """Read every event after ``position``, across segments."""
        start = position or JournalPosition()
        events: list[Event] = []
        problems: list[LineProblem] = []
        for number in self.segments():
            if number < start.segment:
                continue
            offset = start.offset if number == start.segment else 0
            path = self._paths.journal_segment(number)
            lines = read_lines(self._system.fs, path, Event, offset=offset)
            events.extend(lines.entries)
            problems.extend(lines.problems)
            start = JournalPosition(number, lines.next_offset)
        return JournalRead(tuple(events), tuple(problems), start)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock, clock = self._paths.journal_lock, self._system.clock
        try:
            with self._system.fs.locked(lock, clock=clock, timeout_s=LOCK_WAIT_S):
                yield
        except BlockingIOError:
            raise Busy(
                f"the journal's lock {lock} was not free within {LOCK_WAIT_S:.0f} s",
                next_step="podtui doctor",
                kept="nothing was written",
            ) from None

    def _write(self, event: Event) -> None:
        number = (self.segments() or [1])[-1]
        stamp = self._system.fs.stamp(self._paths.journal_segment(number))
        if stamp is not None and stamp.size >= SEGMENT_BYTES:
            number += 1
            stamp = None
        self._system.fs.append_line(self._paths.journal_segment(number), msgspec.json.encode(event))
        if stamp is None:
            self._system.fs.sync_directory(self._paths.journal)

    def _has(self, event_id: str) -> bool:
        """Whether an event of this id is written, newest segment first."""
        marker = b'"id":' + msgspec.json.encode(event_id)
        for number in reversed(self.segments()):
            if self._system.fs.contains(self._paths.journal_segment(number), marker):
                return True
        return False
