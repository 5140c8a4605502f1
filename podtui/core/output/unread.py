"""Counts output that came while the operator was away, for the line that says how much it is."""

from __future__ import annotations

from dataclasses import dataclass

from podtui.core.output.positions import PositionedOutput
from podtui.core.text.durations import size_words

COUNTED_BYTES = 64 * 1024 * 1024
"""Unread output that is counted in lines; more than this is counted in bytes."""


@dataclass(frozen=True, slots=True)
class Unread:
    """How far the operator had seen the output, and how much came since, in words."""

    position: int
    words: str


class UnreadCount:
    """Counts what comes after a position; each byte is read once.

    Attributes:
        is_unchanged: the operator has seen it; what comes from now on does not belong to it.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        self.is_unchanged = False
        self._counted_to = position
        self._lines: int | None = 0

    def count(self, output: PositionedOutput) -> None:
        """Take in what has come."""
        if self._lines is not None and output.end - self.position > COUNTED_BYTES:
            self._lines = None
        if self._lines is not None:
            self._lines += output.count_lines(self._counted_to)
        self._counted_to = max(output.end, self._counted_to)

    @property
    def unread(self) -> Unread | None:
        """What the line in the output says; None when nothing came."""
        amount = self._counted_to - self.position
        if not amount:
            return None
        words = {None: f"{size_words(amount)} new", 0: "part of a line new", 1: "1 new line"}
        counted = words.get(self._lines, f"{self._lines} new lines")
        return Unread(self.position, f"{counted} since you last looked")
