"""Pages and pictures: what the screen shows of an output, as values that a thread makes."""

from __future__ import annotations

from dataclasses import dataclass

from podtui.core.output.lines import Kind, LineReader, OutputLine, View
from podtui.core.output.positions import PositionedOutput
from podtui.core.output.source import lost_words, missing_bytes, missing_runs
from podtui.core.output.unread import Unread
from podtui.core.screen.picture import ScreenPicture
from podtui.core.text.safe import SafeText, safe_line


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in order, without a hole between them.

    Attributes:
        pod: whose output it is.
        from_start: whether nothing is before the first line.
        to_end: whether nothing was behind the last line when it was read.
        total: bytes of output when it was read.
        at_end: whether it was asked for by the end (follow), not by a position.
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


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a run's terminal.

    Attributes:
        pod: key of the pod.
        total: bytes of the pod's output that are in it, over all runs.
    """

    pod: str
    run: int
    picture: ScreenPicture
    total: int


@dataclass(frozen=True, slots=True)
class NoScreen:
    """Why there is no picture, as the end of a sentence."""

    pod: str
    why: str


def read_page(
    output: PositionedOutput,
    *,
    pod: str,
    view: View,
    ended: bool,
    place: int | None,
    reach: int,
    unread: Unread | None = None,
    full_screen: bool = False,
) -> Page:
    """Read the lines around a position, or those at the end for None.

    ``reach`` is how many lines are wanted to each side.

    Raises:
        PodtuiError: the disk refused.
    """
    around = _Around(output, LineReader(output, view, ended=ended), ended=ended)
    at = output.end if place is None else max(0, min(place, output.end))
    index = output.segment_at(at)
    if index is None:
        return Page(pod, view, at_end=place is None, unread=unread)
    start = output.line_start(output.segments[index], at)
    before, from_start = around.before(index, start, reach)
    after, to_end = around.after(index, start, reach)
    lines = _with_unread([*before, *after], unread, from_start=from_start)
    return Page(
        pod,
        view,
        tuple(lines),
        from_start,
        to_end,
        total=output.end,
        at_end=place is None,
        unread=unread,
        full_screen=full_screen,
    )


class _Around:
    """Reads lines to both sides of a position, over the boundaries of runs."""

    def __init__(self, output: PositionedOutput, reader: LineReader, *, ended: bool) -> None:
        self._output = output
        self._segments = output.segments
        self._reader = reader
        self._ended = ended

    def before(self, index: int, position: int, count: int) -> tuple[list[OutputLine], bool]:
        """Return lines before a position, and whether nothing is before them."""
        lines: list[OutputLine] = []
        while True:
            segment = self._segments[index]
            more, position = self._reader.backward(segment, position, count - len(lines))
            lines = more + lines
            if position > segment.start:
                return lines, False
            lines = self._beginning(index) + lines
            if index == 0 or len(lines) >= count:
                return lines, index == 0
            index -= 1
            lines = self._lost(index) + lines
            position = self._segments[index].data_end

    def after(self, index: int, position: int, count: int) -> tuple[list[OutputLine], bool]:
        """Return lines from a position on, and whether nothing is behind them."""
        lines, position = self._reader.forward(self._segments[index], position, count)
        while position >= self._segments[index].data_end:
            lines += self._lost(index)
            index += 1
            if index >= len(self._segments):
                return lines, True
            if len(lines) >= count:
                break
            segment = self._segments[index]
            more, position = self._reader.forward(segment, segment.start, count - len(lines))
            lines += [*self._beginning(index), *more]
        return lines, False

    def _beginning(self, index: int) -> list[OutputLine]:
        """Return the line that says which run begins, and which are missing before it."""
        segment = self._segments[index]
        expected = self._segments[index - 1].run + 1 if index else 1
        words = [missing_runs(expected, segment.run - 1)] if expected < segment.run else []
        if not index and not words:
            return []
        text = safe_line("; ".join([*words, self._output.heading(segment.run)]))
        kind: Kind = "gap" if words else "boundary"
        return [OutputLine(segment.start, 0, segment.start, text, kind)]

    def _lost(self, index: int) -> list[OutputLine]:
        """Return the line that says what of a run cannot be read."""
        segment = self._segments[index]
        may_come = segment.is_missing and not self._ended and index == len(self._segments) - 1
        if may_come or not (segment.problem or segment.printed > segment.size):
            return []
        words = missing_bytes(segment.printed - segment.size, lost_words(segment))
        return [OutputLine(segment.data_end, 1, segment.end, safe_line(words), "gap")]


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
