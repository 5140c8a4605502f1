"""A page: the lines around the reader's place, as values that a thread makes and the pane shows."""

from __future__ import annotations

from dataclasses import dataclass

from podtui.core.output.lines import LineReader, OutputLine, View
from podtui.core.output.read_marks import Unread
from podtui.core.output.source import OutputSource
from podtui.core.text.safe import SafeText, safe_line


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in order, without a hole between them.

    Attributes:
        pod: whose output it is.
        from_start: whether nothing is before the first line.
        to_end: whether nothing was behind the last line when it was read.
        total: bytes of output when it was read.
        at_end: whether it was asked for by the end (follow), not by a place.
        full_screen: whether the program paints the whole terminal, as far as its output says.
    """

    pod: str
    view: View
    lines: tuple[OutputLine, ...] = ()
    from_start: bool = True
    to_end: bool = True
    total: int = 0
    at_end: bool = True
    unread: Unread | None = None
    problem: str = ""
    full_screen: bool = False


def read_page(
    source: OutputSource,
    *,
    pod: str,
    view: View,
    ended: bool,
    place: int | None,
    reach: int,
    unread: Unread | None = None,
    full_screen: bool = False,
) -> Page:
    """Read the lines around a place: a position on disk, or None for the end.

    ``reach`` is how many lines are wanted to each side.

    Raises:
        OSError: the disk refused.
    """
    reader = LineReader(source, view, ended=ended)
    at = source.end if place is None else max(0, min(place, source.end))
    index = source.segment_at(at)
    if index is None:
        return Page(pod, view, at_end=place is None, unread=unread)
    start = source.line_start(source.segments[index], at)
    before, from_start = _before(source, reader, index, start, reach)
    after, to_end = _after(source, reader, index, start, reach)
    lines = _with_unread([*before, *after], unread, from_start=from_start)
    return Page(
        pod,
        view,
        tuple(lines),
        from_start,
        to_end,
        total=source.end,
        at_end=place is None,
        unread=unread,
        full_screen=full_screen,
    )


def _before(
    source: OutputSource, reader: LineReader, index: int, position: int, count: int
) -> tuple[list[OutputLine], bool]:
    """Return lines before a place, headings of runs included, and whether nothing is there."""
    lines: list[OutputLine] = []
    while True:
        segment = source.segments[index]
        more, position = reader.backward(segment, position, count - len(lines))
        lines = more + lines
        if position > segment.start:
            return lines, False
        lines = _headings(source, index) + lines
        if index == 0 or len(lines) >= count:
            return lines, index == 0
        index -= 1
        position = source.segments[index].end


def _after(
    source: OutputSource, reader: LineReader, index: int, position: int, count: int
) -> tuple[list[OutputLine], bool]:
    """Return lines from a place on, and whether nothing is behind them."""
    lines, position = reader.forward(source.segments[index], position, count)
    while position >= source.segments[index].end:
        index += 1
        if index >= len(source.segments):
            return lines, True
        if len(lines) >= count:
            break
        segment = source.segments[index]
        more, position = reader.forward(segment, segment.start, count - len(lines))
        lines += [*_headings(source, index), *more]
    return lines, False


def _headings(source: OutputSource, index: int) -> list[OutputLine]:
    segment = source.segments[index]
    lines: list[OutputLine] = []
    if index:
        words = source.heading(segment.run)
        lines.append(OutputLine(segment.start, 0, segment.start, words, "boundary"))
    if segment.problem:
        text = safe_line(f"run {segment.run}: {segment.problem}")
        lines.append(OutputLine(segment.start, 0, segment.start, text, "gap"))
    return lines


def _with_unread(
    lines: list[OutputLine], unread: Unread | None, *, from_start: bool
) -> list[OutputLine]:
    if unread is None or not lines or (unread.position < lines[0].start and not from_start):
        return lines
    position = unread.position
    for place, line in enumerate(lines):
        if line.start >= position and line.end > position:
            mark = OutputLine(position, 0, position, SafeText(unread.words), "unread")
            return [*lines[:place], mark, *lines[place:]]
    return lines
