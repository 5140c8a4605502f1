"""Where in a page the reader is: pure arithmetic of lines, wrapping and rows on screen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len

from podtui.core.output.lines import OutputLine
from podtui.core.text.safe import SafeText

WRAPS_REMEMBERED = 512


class Scroll(NamedTuple):
    """A row of a page: the number of a line in it, and which of its wrapped rows."""

    line: int
    row: int


class VisibleRow(NamedTuple):
    """A row on screen: its line, and which characters of it."""

    line: OutputLine
    start: int
    end: int


@lru_cache(maxsize=WRAPS_REMEMBERED)
def wrapped(text: SafeText, width: int) -> tuple[tuple[int, int], ...]:
    """Return the character ranges of a text's rows of at most ``width`` cells; at least one."""
    if width <= 0:
        return ((0, len(text)),)
    ranges: list[tuple[int, int]] = []
    start = 0
    while len(text) - start > width or cell_len(text[start:]) > width:
        end = _row_end(text, start, width)
        ranges.append((start, end))
        start = end
    ranges.append((start, len(text)))
    return tuple(ranges)


def _row_end(text: SafeText, start: int, width: int) -> int:
    """Return where a row ends: behind a blank if there is one in its second half."""
    end = start + width
    if not text[start:end].isascii():
        end = start + 1
        used = cell_len(text[start])
        while end < len(text) and (used := used + cell_len(text[end])) <= width:
            end += 1
    if end < len(text) and text[end] == " ":
        # The blank hangs over the edge unseen, so that the next row does not begin with it.
        return end + 1
    blank = text.rfind(" ", start + (end - start) // 2, end)
    return end if blank < 0 else blank + 1


def rows_of(line: OutputLine, width: int) -> tuple[tuple[int, int], ...]:
    """Return the rows of a line; 0 for ``width`` means it is not wrapped."""
    if width <= 0 or line.kind != "text":
        return ((0, len(line.text)),)
    return wrapped(line.text, width)


def visible(
    lines: Sequence[OutputLine], top: Scroll, height: int, width: int
) -> tuple[VisibleRow, ...]:
    """Return the rows on a screen of ``height`` rows whose first row is at ``top``."""
    rows: list[VisibleRow] = []
    index, skip = top
    while index < len(lines) and len(rows) < height:
        for start, end in rows_of(lines[index], width)[skip : skip + height - len(rows)]:
            rows.append(VisibleRow(lines[index], start, end))
        index, skip = index + 1, 0
    return tuple(rows)


def moved(lines: Sequence[OutputLine], place: Scroll, rows: int, width: int) -> Scroll:
    """Return the place ``rows`` further down (up when negative), at most at an end of the page."""
    index, row = place
    if not lines:
        return Scroll(0, 0)
    index = min(index, len(lines) - 1)
    while rows > 0:
        left = len(rows_of(lines[index], width)) - 1 - row
        if rows <= left:
            return Scroll(index, row + rows)
        if index == len(lines) - 1:
            return Scroll(index, row + left)
        rows -= left + 1
        index, row = index + 1, 0
    while rows < 0:
        if -rows <= row:
            return Scroll(index, row + rows)
        if index == 0:
            return Scroll(0, 0)
        rows += row + 1
        index -= 1
        row = len(rows_of(lines[index], width)) - 1
    return Scroll(index, row)


def last_top(lines: Sequence[OutputLine], height: int, width: int) -> Scroll:
    """Return the place from which the last row of the page is at the bottom of the screen."""
    if not lines:
        return Scroll(0, 0)
    bottom = Scroll(len(lines) - 1, len(rows_of(lines[-1], width)) - 1)
    return moved(lines, bottom, -(height - 1), width)


def find(lines: Sequence[OutputLine], key: tuple[int, int, int]) -> int:
    """Return the index of the line with a key, or of the one that would follow it."""
    return bisect_left(lines, key, key=lambda line: line.key)
