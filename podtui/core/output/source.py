"""A pod's output as it is on disk: its runs one after the other, read in pieces by position.

A position is one growing number over all runs. Nothing is kept in memory but where runs begin.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from podtui.core.output.files import run_numbers, run_words
from podtui.core.paths import PodPaths
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.core.system.system import System
from podtui.core.text.safe import SafeText

CHUNK = 64 * 1024
FARTHEST_LOOK = 16 * 1024 * 1024
"""Bytes that are looked through for the beginning of a line; a longer line is cut there."""


class Segment(NamedTuple):
    """The output of one run: ``problem`` says why it cannot be read, "" when it can."""

    run: int
    start: int
    size: int
    problem: str = ""

    @property
    def end(self) -> int:
        return self.start + self.size


class OutputSource:
    """Reads the output of one pod; used by one thread only."""

    def __init__(self, system: System, paths: PodPaths) -> None:
        self._system = system
        self._fs: Fs = system.fs
        self._paths = paths
        self._open: dict[int, int] = {}
        self.segments: tuple[Segment, ...] = ()
        self._known_line_start: tuple[int, int] = (-1, 0)
        self._headings: dict[int, SafeText] = {}

    @property
    def end(self) -> int:
        """The position behind the newest byte."""
        return self.segments[-1].end if self.segments else 0

    def refresh(self) -> bool:
        """Look at the files again; returns whether anything is different from the last look.

        Raises:
            PodtuiError: the pod is gone, or the disk refused.
        """
        found: list[Segment] = []
        start = 0
        for run in run_numbers(self._fs, self._paths):
            segment = self._look(run, start)
            found.append(segment)
            start = segment.end
        before, self.segments = self.segments, tuple(found)
        return before != self.segments

    def _look(self, run: int, start: int) -> Segment:
        path = self._paths.run(run).output
        try:
            if run not in self._open:
                self._open[run] = self._fs.open_plain(path)
            return Segment(run, start, self._fs.size_of(self._open[run]))
        except FileNotFoundError:
            return Segment(run, start, 0, "there is no output file")
        except UnsafeFile as error:
            return Segment(run, start, 0, f"the output file is {error.reason}")
        except OSError as error:
            return Segment(run, start, 0, f"the output file cannot be read: {error.strerror}")

    def segment_at(self, position: int) -> int | None:
        """Return the index of the segment that holds a position; its end belongs to the last."""
        for index in range(len(self.segments) - 1, -1, -1):
            if self.segments[index].start <= position:
                return index
        return None

    def position_of(self, run: int, offset: int) -> int:
        """Return the position of a place in a run, or the nearest one there is."""
        position = 0
        for segment in self.segments:
            if segment.run < run:
                position = segment.end
            elif segment.run == run:
                return min(segment.start + offset, segment.end)
        return position

    def place_of(self, position: int) -> tuple[int, int]:
        """Return the run and the offset in it of a position; a run's end is still in that run."""
        for segment in self.segments:
            if position <= segment.end and (segment.size or segment is self.segments[-1]):
                return segment.run, position - segment.start
        last = self.segments[-1]
        return last.run, last.size

    def heading(self, run: int) -> SafeText:
        """Return a run in words: "run 2, restored 12:03"."""
        if run not in self._headings:
            now = self._system.clock.now()
            self._headings[run] = run_words(self._fs, self._paths, run, now)
        return self._headings[run]

    def read(self, segment: Segment, position: int, length: int) -> bytes:
        """Return up to ``length`` bytes at a position of a segment.

        Raises:
            OSError: the disk refused.
        """
        descriptor = self._open.get(segment.run)
        length = min(length, segment.end - position)
        if descriptor is None or length <= 0:
            return b""
        return self._fs.read_at(descriptor, length, position - segment.start)

    def line_start(self, segment: Segment, position: int) -> int:
        """Return where the line that holds ``position`` begins."""
        run, known = self._known_line_start
        floor = max(segment.start, position - FARTHEST_LOOK)
        # A line that grows without an end is looked through once, not once per look.
        if run == segment.run and known <= position:
            floor = max(floor, known)
        end = position
        while end > floor:
            begin = max(floor, end - CHUNK)
            newline = self.read(segment, begin, end - begin).rfind(b"\n")
            if newline >= 0:
                floor = begin + newline + 1
                break
            end = begin
        if position == segment.end:
            self._known_line_start = (segment.run, floor)
        return floor

    def line_end(self, segment: Segment, position: int) -> int:
        """Return where the line that holds ``position`` ends, its line break included."""
        ceiling = min(segment.end, position + FARTHEST_LOOK)
        while position < ceiling:
            part = self.read(segment, position, min(CHUNK, ceiling - position))
            newline = part.find(b"\n")
            if newline >= 0:
                return position + newline + 1
            if not part:
                break
            position += len(part)
        return max(position, min(ceiling, segment.end))

    def count_lines(self, position: int) -> int:
        """Return the line breaks from a position to the end."""
        count = 0
        for segment in self.segments:
            at = max(segment.start, position)
            while at < segment.end:
                part = self.read(segment, at, CHUNK)
                if not part:
                    break
                count += part.count(b"\n")
                at += len(part)
        return count

    def close(self) -> None:
        """Close the files."""
        for descriptor in self._open.values():
            self._fs.close(descriptor)
        self._open.clear()


NEAR_BYTES = 512 * 1024
"""The end of an output that is looked through when a pod is opened."""
HEAD_BYTES = 64 * 1024
"""Its beginning, where a program that paints for hours has taken the other screen."""
LONGEST_SWITCH = 48
_SWITCH = re.compile(rb"\x1b\[\?(?:[0-9;]{0,20};)?(?:1049|1047|47)(?:;[0-9;]{0,20})?([hl])")


class FullScreenWatch:
    """Follows when the newest run's program takes and leaves the terminal's other screen.

    A guess that decides only which view is offered: what is between the beginning and the end of
    a long output is not looked at.
    """

    def __init__(self) -> None:
        self._run = 0
        self._looked_to = 0
        self._is_taken = False

    def look(self, source: OutputSource) -> bool:
        """Take in what has come; returns whether the other screen is taken now."""
        if not source.segments:
            return False
        segment = source.segments[-1]
        if segment.run != self._run:
            self._run, self._looked_to, self._is_taken = segment.run, segment.start, False
        if segment.end - self._looked_to > NEAR_BYTES:
            self._take(source.read(segment, segment.start, HEAD_BYTES))
            self._looked_to = segment.end - NEAR_BYTES
        if segment.end > self._looked_to:
            self._take(self._unseen(source, segment))
        self._looked_to = segment.end
        return self._is_taken

    def _unseen(self, source: OutputSource, segment: Segment) -> bytes:
        # A little of what was looked at already: a sequence may have come in two pieces.
        start = max(self._looked_to - LONGEST_SWITCH, segment.start)
        return source.read(segment, start, segment.end - start)

    def _take(self, data: bytes) -> None:
        for switch in _SWITCH.finditer(data):
            self._is_taken = switch[1] == b"h"
