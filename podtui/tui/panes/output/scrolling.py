"""Where in an output the reader is: which page is shown, from which row on, and what moves it.

Knows no widget and no thread: keys and pages go in, rows and the next page to read come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from podtui.core.output.lines import OutputLine
from podtui.core.output.page import Page
from podtui.core.output.search import Key
from podtui.tui.panes.output import viewport
from podtui.tui.panes.output.viewport import Scroll, VisibleRow

TEXT_START: Key = (0, 3, -1)


class Following(Enum):
    """Whether new output moves the screen."""

    FOLLOWING = "following"
    SCROLLED = "scrolled up"
    PAUSED = "paused"


class Scrolling:
    """The reader's place in the output of one pod.

    Attributes:
        page: what was read last around the place, None until it has come.
        following: whether new output moves the screen.
        wraps: whether long lines are wrapped.
        left: columns left out at the left of lines that are not wrapped.
        width: columns that text has on screen.
        height: rows on screen.
    """

    def __init__(self) -> None:
        self.page: Page | None = None
        self.following = Following.FOLLOWING
        self.wraps = True
        self.left = 0
        self.width, self.height = 1, 0
        self._top = Scroll(0, 0)
        self._go_to: tuple[Key, int] | None = None
        self._total_when_left = 0
        self._rows: tuple[VisibleRow, ...] | None = None

    def begin(self) -> None:
        """Begin at the newest line of another pod."""
        self.page, self._go_to = None, None
        self.following = Following.FOLLOWING
        self.left, self._top, self._rows = 0, Scroll(0, 0), None

    def resize(self, width: int, height: int) -> None:
        """Take another size of the screen; ``width`` is what text has of it."""
        self.width, self.height = width, height
        self._move_to(self._bottom if self.at_newest else Scroll(self._top.line, 0))

    # what is shown

    @property
    def lines(self) -> Sequence[OutputLine]:
        return self.page.lines if self.page else ()

    @property
    def visible(self) -> tuple[VisibleRow, ...]:
        """The rows on screen."""
        if self._rows is None:
            self._rows = viewport.visible(self.lines, self._top, self.height, self._wrap_width)
        return self._rows

    @property
    def thumb(self) -> tuple[int, int]:
        """Rows of the mark at the right edge that shows where in the whole output this is."""
        page, rows, height = self.page, self.visible, self.height
        if page is None or not rows or not page.total or height < 1:
            return (0, 0)
        first, last = rows[0].line.start, rows[-1].line.end
        if first <= 0 and last >= page.total:
            return (0, 0)
        size = max(round(height * (last - first) / page.total), 1)
        top = round(height * first / page.total)
        top = height - size if self.is_at_bottom else min(top, height - size)
        return (top, top + size)

    @property
    def percent(self) -> int:
        """How much of the output is above the last row on screen."""
        rows, total = self.visible, self.page.total if self.page else 0
        return min(rows[-1].line.end * 100 // total, 100) if rows and total else 0

    @property
    def at_newest(self) -> bool:
        """Whether the newest line is followed."""
        return self.following is Following.FOLLOWING

    @property
    def is_at_bottom(self) -> bool:
        """Whether the newest line is on screen, followed or not."""
        return self.page is None or (self.page.to_end and self._top >= self._bottom)

    @property
    def has_newer_below(self) -> bool:
        """Whether output has come since the newest line was left."""
        total = self.page.total if self.page else 0
        return total > self._total_when_left and not self.is_at_bottom

    @property
    def top_key(self) -> Key:
        """The line at the top of the screen."""
        lines = self.lines
        return lines[min(self._top.line, len(lines) - 1)].key if lines else TEXT_START

    # pages

    @property
    def place(self) -> int | None:
        """The position around which to read, None for the end."""
        if self.at_newest:
            return None
        return self._go_to[0][0] if self._go_to else self.top_key[0]

    @property
    def is_near_edge(self) -> bool:
        """Whether another page should be read before the edge of this one is reached."""
        page = self.page
        if page is None or self.at_newest:
            return page is not None
        near_start = self._top.line < self.height and not page.from_start
        left = len(page.lines) - self._top.line
        return near_start or (left < 2 * self.height and not page.to_end) or page.at_end

    def take(self, page: Page) -> bool:
        """Show a page; returns False for one that was read for a place that was left since."""
        key, row = self.top_key, self._top.row
        if self.at_newest:
            if not page.at_end:
                return False
        elif self.lines and not self._go_to and not _covers(page, key):
            return False
        had_lines, self.page = bool(self.lines), page
        if self.at_newest:
            self._move_to(self._bottom)
        elif self._go_to is not None:
            self._arrive()
        elif had_lines:
            line = min(viewport.find(page.lines, key), max(len(page.lines) - 1, 0))
            self._move_to(Scroll(line, row))
        self._rows = None
        return True

    def drop_page(self) -> None:
        """Wait for a page of the same place in another view."""
        key = self.top_key
        self._go_to = None if self.at_newest else ((key[0], key[1], 0), 0)
        self.page, self._rows = None, None

    # moving

    def scroll(self, rows: int) -> None:
        """Scroll down by ``rows``, up when negative."""
        moved = viewport.moved(self.lines, self._top, rows, self._wrap_width)
        self._move_to(min(moved, self._bottom))
        self._go_to = None
        if rows < 0 and not self.is_at_bottom:
            self.leave_newest()
        elif rows > 0 and self.is_at_bottom and self.following is Following.SCROLLED:
            self.following = Following.FOLLOWING

    def to_start(self) -> None:
        """Go to the first line ever written."""
        self.leave_newest()
        self._go_to = None
        if self.page is not None and not self.page.from_start:
            self.page = None
        self._move_to(Scroll(0, 0))

    def to_end(self) -> None:
        """Go to the newest output and follow it."""
        self.following = Following.FOLLOWING
        self._go_to = None
        if self.page is not None and self.page.to_end:
            self._move_to(self._bottom)

    def go_to(self, key: Key) -> None:
        """Go to a line, now if the page has it, else when the page with it comes."""
        self.leave_newest()
        self._go_to = (key, self.height // 3)
        self._arrive()

    def hold(self) -> None:
        """Stop following and stay here, although the newest line is on screen."""
        self._stop_following(Following.PAUSED)

    def leave_newest(self) -> None:
        """Stop following because the reader has moved."""
        if self.at_newest:
            self._stop_following(Following.SCROLLED)

    def _stop_following(self, following: Following) -> None:
        self.following = following
        self._total_when_left = self.page.total if self.page else 0

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.wraps, self.left = not self.wraps, 0
        self._move_to(self._bottom if self.at_newest else Scroll(self._top.line, 0))

    def _arrive(self) -> None:
        """Put the line that was asked for on screen, if this page has it."""
        if self._go_to is None:
            return
        (key, rows_above), lines = self._go_to, self.lines
        index = viewport.find(lines, key)
        if index >= len(lines) or lines[index].start != key[0]:
            return
        self._go_to = None
        top = viewport.moved(lines, Scroll(index, 0), -rows_above, self._wrap_width)
        self._move_to(min(top, self._bottom))

    def _move_to(self, top: Scroll) -> None:
        self._top, self._rows = top, None

    @property
    def _wrap_width(self) -> int:
        return self.width if self.wraps else 0

    @property
    def _bottom(self) -> Scroll:
        """The top row from which the newest line of the page is the last on screen."""
        return viewport.last_top(self.lines, self.height, self._wrap_width)


def _covers(page: Page, key: Key) -> bool:
    lines = page.lines
    if not lines:
        return False
    return (page.from_start or lines[0].key <= key) and (page.to_end or key <= lines[-1].key)
