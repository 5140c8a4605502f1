"""A pod's output as one row of bytes over all its runs, addressed by position."""

from __future__ import annotations

from podtui.core.output.source import PodOutput, Position, Segment

CHUNK = 64 * 1024
FARTHEST_LOOK = 16 * 1024 * 1024
"""Bytes that are searched for the beginning of a line; a longer line is cut there."""


class PositionedOutput:
    """Finds bytes and lines in an output; remembers where its runs begin, and nothing else."""

    def __init__(self, output: PodOutput) -> None:
        self._output = output
        self.segments: tuple[Segment, ...] = ()
        self.heading = output.heading
        self._known_line_start: tuple[int, int] = (-1, 0)

    @property
    def end(self) -> int:
        """The position behind the newest byte."""
        return self.segments[-1].end if self.segments else 0

    def refresh(self, *, over: bool = False) -> bool:
        """Read again how much there is; returns whether that differs from the last time.

        Raises:
            PodtuiError: as `PodOutput.segments`.
        """
        before, self.segments = self.segments, self._output.segments(over=over)
        return before != self.segments

    def segment_at(self, position: int) -> int | None:
        """Return the index of the segment that holds a position; its end belongs to the last."""
        for index in range(len(self.segments) - 1, -1, -1):
            if self.segments[index].start <= position:
                return index
        return None

    def position_of(self, place: Position) -> int:
        """Return the position of a place in a run, or the nearest one there is."""
        position = 0
        for segment in self.segments:
            if segment.run < place.run:
                position = segment.end
            elif segment.run == place.run:
                return min(segment.start + place.offset, segment.end)
        return position

    def place_of(self, position: int) -> Position:
        """Return the place in a run of a position; the end of a run is still in that run."""
        for segment in self.segments:
            if position <= segment.end and (segment.printed or segment is self.segments[-1]):
                return Position(segment.run, position - segment.start)
        last = self.segments[-1]
        return Position(last.run, last.printed)

    def read(self, segment: Segment, position: int, length: int) -> bytes:
        """Return up to ``length`` bytes at a position of a segment.

        Raises:
            PodtuiError: as `PodOutput.read`.
        """
        length = min(length, segment.data_end - position)
        if length <= 0:
            return b""
        return self._output.read(segment.run, position - segment.start, length)

    def line_start(self, segment: Segment, position: int) -> int:
        """Return where the line that holds ``position`` begins."""
        position = min(position, segment.data_end)
        run, known = self._known_line_start
        floor = max(segment.start, position - FARTHEST_LOOK)
        # A line that grows without an end is searched once, not with every page.
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
        if position == segment.data_end:
            self._known_line_start = (segment.run, floor)
        return floor

    def line_end(self, segment: Segment, position: int) -> int:
        """Return where the line that holds ``position`` ends, its line break included."""
        ceiling = min(segment.data_end, position + FARTHEST_LOOK)
        while position < ceiling:
            part = self.read(segment, position, min(CHUNK, ceiling - position))
            newline = part.find(b"\n")
            if newline >= 0:
                return position + newline + 1
            if not part:
                break
            position += len(part)
        return max(position, ceiling)

    def count_lines(self, position: int) -> int:
        """Return the line breaks from a position to the end."""
        count = 0
        for segment in self.segments:
            at = max(segment.start, position)
            while part := self.read(segment, at, CHUNK):
                count += part.count(b"\n")
                at += len(part)
        return count
