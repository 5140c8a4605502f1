"""What came while nobody looked: one line in the output says how much it is."""

from __future__ import annotations

from dataclasses import dataclass

from podtui.core.output.cursors import Position, move_cursor, read_cursor
from podtui.core.output.source import OutputSource
from podtui.core.paths import PodPaths
from podtui.core.system.system import System
from podtui.core.text.durations import size_words

COUNTED_BYTES = 64 * 1024 * 1024
"""Unread output that is counted in lines; more of it is told in bytes."""


@dataclass(frozen=True, slots=True)
class Unread:
    """How far the operator had seen the output, and how much came since, in words."""

    position: int
    words: str


class UnreadCount:
    """Counts what comes after a position; each byte is looked at once.

    Attributes:
        is_unchanged: the operator has seen it; what comes from now on does not belong to it.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        self.is_unchanged = False
        self._counted_to = position
        self._lines: int | None = 0

    def count(self, source: OutputSource) -> None:
        """Take in what has come."""
        if self._lines is not None and source.end - self.position > COUNTED_BYTES:
            self._lines = None
        if self._lines is not None:
            self._lines += source.count_lines(self._counted_to)
        self._counted_to = max(source.end, self._counted_to)

    @property
    def unread(self) -> Unread | None:
        """What the line in the output says; None when nothing came."""
        amount = self._counted_to - self.position
        if not amount:
            return None
        words = {None: f"{size_words(amount)} new", 0: "part of a line new", 1: "1 new line"}
        told = words.get(self._lines, f"{self._lines} new lines")
        return Unread(self.position, f"{told} since you last looked")


READER = "tui"


class ReaderMark:
    """The screen's own cursor in the output of one pod.

    Args:
        writes: False when the store may only be read.
    """

    def __init__(self, system: System, paths: PodPaths, *, writes: bool) -> None:
        self._system = system
        self._paths = paths
        self._writes = writes
        self._written: Position | None = None

    def read(self, source: OutputSource) -> int | None:
        """Return the position seen last, None when this pod was never looked at.

        Raises:
            Unreadable: the cursor's record does not say.
        """
        place = read_cursor(self._system.fs, self._paths, READER)
        if place is None:
            return None
        self._written = place
        return source.position_of(place.run, place.offset)

    def write(self, source: OutputSource, position: int) -> None:
        """Remember a position on disk, unless it is there already.

        Raises:
            PodtuiError: it could not be remembered.
        """
        if not self._writes or position <= 0:
            return
        place = Position(*source.place_of(position))
        if self._written is None or place > self._written:
            self._written = move_cursor(self._system, self._paths, READER, place)
