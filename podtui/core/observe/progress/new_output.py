"""Finds where the output of one run last had new content.

The first judgement reads the end of the output; each later one reads what has come since. Both
read a bounded part only, and the output of a run that prints nothing is not read.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from podtui.core.system.fs import Fs
from podtui.core.text.similarity import REMEMBERED, NewContent, Novelty

FIRST_BYTES = 32 * 1024
"""Read by the first judgement; more only when nothing in it seems to be new."""
MOST_FIRST_BYTES = 256 * 1024
NEXT_BYTES = 32 * 1024
"""Read by a later judgement; when more has come, the newest part of it."""
PROGRESSING_SHARE = 0.75
"""New lines after this share of the first read are progress; earlier ones may be the first turn of
a long loop."""

_LINE_BREAK = re.compile(rb"[\r\n]")


class Before(msgspec.Struct, frozen=True):
    """What an earlier observer recorded: nothing is new between the offsets ``end`` and ``to``."""

    end: int
    to: int


class NewOutput:
    """Judges the output of one run.

    Attributes:
        size: length of the output when it was last judged.
        end: offset after the last line that was new; 0 when no line was.
        is_sure: whether enough output before that line was judged to know that it was new.
    """

    def __init__(self) -> None:
        self.size = 0
        self.end = 0
        self.is_sure = True
        self._taken = 0
        self._lines = 0
        self._knows_all = True
        self._novelty = Novelty()

    @property
    def judged_to(self) -> int:
        """The offset up to which every line was judged."""
        return self._taken

    def judge(
        self, fs: Fs, path: Path, size: int, *, is_pausing: bool, before: Before | None = None
    ) -> int:
        """Judge the output that has come; returns how many bytes were read.

        ``size`` is the present length of the output. While the program ``is_pausing``, an
        unfinished last line is judged too. Only the first judgement uses ``before``.

        Raises:
            UnsafeFile, OSError: the output is unreadable.
        """
        is_known = 0 < self.size <= size
        if self._taken == size and is_known:
            return 0
        if size == self.size and not is_pausing:
            return 0
        descriptor = fs.open_plain(path)
        try:
            if is_known:
                return self._go_on(fs, descriptor, size, is_pausing=is_pausing)
            return self._begin(fs, descriptor, size, is_pausing=is_pausing, before=before)
        finally:
            fs.close(descriptor)

    def _begin(
        self, fs: Fs, descriptor: int, size: int, *, is_pausing: bool, before: Before | None
    ) -> int:
        read = start = 0
        # The first frames of a loop look new. A longer read shows whether they were there before.
        for length in (FIRST_BYTES, MOST_FIRST_BYTES) if before is None else (MOST_FIRST_BYTES,):
            start = max(0, size - length)
            self._novelty, self._lines, self._knows_all = Novelty(), 0, start == 0
            self.end, self.is_sure, self._taken = start, self._knows_all, 0
            found = self._take(fs, descriptor, start, size, is_pausing=is_pausing)
            read += size - start
            if start == 0 or _is_progressing(found):
                break
        # An output that is shorter than `before.to` was begun again since: `before` is not valid.
        if before and not self.is_sure and max(start, self.end) <= before.to <= size:
            self.end, self.is_sure = before.end, True
        return read

    def _go_on(self, fs: Fs, descriptor: int, size: int, *, is_pausing: bool) -> int:
        start = max(self._taken, size - NEXT_BYTES)
        self._take(fs, descriptor, start, size, is_pausing=is_pausing)
        return size - start

    def _take(
        self, fs: Fs, descriptor: int, start: int, size: int, *, is_pausing: bool
    ) -> NewContent:
        data = fs.read_at(descriptor, size - start, start)
        if start > self._taken:
            # Part of a line would look new: begin at the next line.
            cut = _LINE_BREAK.search(data)
            skipped = cut.start() if cut else 0
            start, data = start + skipped, data[skipped:]
        found = self._novelty.feed(data, is_all=is_pausing)
        if found.newest_end is not None:
            self.end = start + found.newest_end
            self.is_sure = self._knows_all or self._lines + found.lines_before >= REMEMBERED
        self._lines += found.lines
        self._taken = start + found.taken
        self.size = size
        return found


def is_in_sight(size: int) -> bool:
    """Whether the first judgement reads all of an output of this length."""
    return size <= FIRST_BYTES


def _is_progressing(found: NewContent) -> bool:
    return found.newest_end is not None and found.lines_before >= PROGRESSING_SHARE * (
        found.lines - 1
    )
