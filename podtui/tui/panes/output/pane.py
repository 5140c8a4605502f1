"""The output of one pod: a window over what is on disk, moved by keys and wheel.

The widget keeps one page of lines around the reader's place; a thread reads the next page before
its edge is reached. Nothing here touches the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.message import Message

from podtui.core.model.snapshot import PodView
from podtui.core.output.follower import Asked, Away, Seen, Want, is_over
from podtui.core.output.lines import OutputLine, View
from podtui.core.output.page import Page
from podtui.core.output.search import Key, Pattern
from podtui.core.text.durations import size_words
from podtui.tui.commands.commands import bindings_of
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.panes.output import viewport
from podtui.tui.panes.output.drawing import rule_line, text_line
from podtui.tui.panes.output.viewport import Scroll, VisibleRow
from podtui.tui.panes.output.views import ViewChoice
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, own, safe

WHEEL_ROWS = 3
SCREENS_AROUND = 3
LEAST_REACH = 60
MARGIN, THUMB_ROOM = 1, 2
TEXT_START: Key = (0, 3, -1)
THUMB = "▐"


class Following(Enum):
    """Whether new output moves the screen."""

    FOLLOWING = "following"
    SCROLLED = "scrolled up"
    PAUSED = "paused"


class OutputPane(LineWidget, can_focus=True):
    """Shows and searches the output of the selected pod."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("output")
    BINDING_GROUP_TITLE = "Output"

    class PageRead(Message):
        """The reader thread has a new page, waiting in the pane's mailbox."""

    @dataclass
    class SearchAsked(Message):
        """A search over the whole output is to be made off the event loop."""

        pane: OutputPane
        pattern: Pattern
        beside: Key
        forward: bool

    @dataclass
    class Changed(Message):
        """What the title says has changed."""

        pane: OutputPane

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, OutputPane.Changed)

    def __init__(
        self,
        ask: Callable[[Asked], None],
        *,
        view_key: str = "v",
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._ask = ask
        self._view_key = view_key
        self.pages: Mailbox[Page] = Mailbox(lambda: post(self, self.PageRead()))
        self.pod: PodView | None = None
        self.views = ViewChoice()
        self.wraps = True
        self.following = Following.FOLLOWING
        self.pattern: Pattern | None = None
        self.match: Key | None = None
        self._page: Page | None = None
        self._top = Scroll(0, 0)
        self._left = 0
        self._rows: tuple[VisibleRow, ...] | None = None
        self._asked: Want | None = None
        self._go_to: tuple[Key, int] | None = None
        self._total_when_left = 0
        self._looks = False
        self._is_first_page = True

    def on_mount(self) -> None:
        # Output that comes while the operator is in another window was not looked at.
        self.watch(self.app, "app_focus", self._tell_seen, init=False)

    # what is shown

    @property
    def view(self) -> View:
        """The view of this pod; "screen" is drawn by another widget in this one's place."""
        return self.views.of(_key(self.pod))

    def show(self, pod: PodView | None) -> None:
        """Show another pod's output, or take news of the one that is shown."""
        other = _key(pod) != _key(self.pod)
        self.pod = pod
        if other:
            self._page, self._asked, self._left = None, None, 0
            self._top, self.match, self._go_to = Scroll(0, 0), None, None
            self.pattern = None
            self.following = Following.FOLLOWING
            self._is_first_page, self._looks = True, False
            self._redraw()
        if pod is not None and (other or self._asked is None or self._is_news(pod)):
            self._want(None if self._at_newest else self._top_key[0])

    def _is_news(self, pod: PodView) -> bool:
        asked = self._asked
        return asked is None or (asked.run, asked.ended) != (pod.run, is_over(pod))

    @property
    def _at_newest(self) -> bool:
        return self.following is Following.FOLLOWING

    @property
    def _lines(self) -> Sequence[OutputLine]:
        return self._page.lines if self._page else ()

    @property
    def _wrap_width(self) -> int:
        return self._text_width if self.wraps else 0

    @property
    def _text_width(self) -> int:
        return max(self.size.width - MARGIN - THUMB_ROOM, 1)

    @property
    def _top_key(self) -> Key:
        lines = self._lines
        if not lines:
            return TEXT_START
        return lines[min(self._top.line, len(lines) - 1)].key

    def _want(self, place: int | None) -> None:
        if self.pod is None:
            return
        reach = max(self.size.height * SCREENS_AROUND, LEAST_REACH)
        want = Want.of(self.pod, self.view, place, reach)
        if want != self._asked:
            self._asked = want
            self._ask(want)

    def on_output_pane_page_read(self, message: PageRead) -> None:
        message.stop()
        page = self.pages.take()
        if page is None or self.pod is None or page.pod != _key(self.pod) or page.view != self.view:
            return
        if self._opens_screen(page) or (self._at_newest and not page.at_end):
            return
        key, row = self._top_key, self._top.row
        if not self._at_newest and self._lines and not self._go_to and not _covers(page, key):
            # Read for a place that was left since; the answer for the present one follows.
            return
        had_lines, self._page = bool(self._lines), page
        if self._at_newest:
            self._top = viewport.last_top(page.lines, self.size.height, self._wrap_width)
        elif self._go_to is not None:
            self._arrive()
        elif had_lines:
            self._top = Scroll(
                min(viewport.find(page.lines, key), max(len(page.lines) - 1, 0)), row
            )
        self._redraw()

    def _opens_screen(self, page: Page) -> bool:
        """Show a full-screen program in the screen view, but never under a reader's eyes."""
        first, self._is_first_page = self._is_first_page, False
        opens = first and page.full_screen and self.views.open_screen(page.pod)
        if opens:
            self._change_view()
        return opens

    def _arrive(self) -> None:
        """Put the line that was asked for on screen, if this page has it."""
        if self._go_to is None:
            return
        (key, rows_above), lines = self._go_to, self._lines
        index = viewport.find(lines, key)
        if index >= len(lines) or lines[index].start != key[0]:
            return
        self._go_to = None
        top = viewport.moved(lines, Scroll(index, 0), -rows_above, self._wrap_width)
        self._top = min(top, viewport.last_top(lines, self.size.height, self._wrap_width))

    def _redraw(self) -> None:
        self._rows = None
        self.refresh()
        self.post_message(self.Changed(self))
        self._tell_seen()

    def _tell_seen(self) -> None:
        page = self._page
        if page is None or self.pod is None:
            return
        key = self.pod.key
        looks = page.to_end and self.app.app_focus and self._is_at_bottom
        if looks:
            self._ask(Seen(key, page.total))
        elif self._looks:
            self._ask(Away(key))
        self._looks = looks

    # drawing

    @property
    def _visible(self) -> tuple[VisibleRow, ...]:
        if self._rows is None:
            height, width = self.size.height, self._wrap_width
            self._rows = viewport.visible(self._lines, self._top, height, width)
        return self._rows

    def line(self, y: int, /) -> Line:
        rows = self._visible
        if y >= len(rows):
            return self._empty_line(y)
        return self._with_thumb(self._row_line(rows[y]), y)

    def _empty_line(self, y: int) -> Line:
        if y != 0 or self.pod is None:
            return ()
        if self._page is None:
            return (own(" reading …", "muted"),)
        if self._page.problem:
            return (own(" "), safe(self._page.problem, "unknown"))
        return (own(" no output yet", "muted"),)

    def _row_line(self, row: VisibleRow) -> Line:
        width = self._text_width
        if row.line.kind != "text":
            return rule_line(row.line, width)
        left = None if self.wraps else self._left
        return text_line(row, width, left, self.pattern, is_match=row.line.key == self.match)

    def _with_thumb(self, spans: Line, y: int) -> Line:
        first, last = self._thumb
        if not first <= y < last:
            return spans
        used = sum(cell_len(span.text) for span in spans)
        blank = max(self.size.width - 1 - used, 0)
        return (*spans, own(" " * blank), own(THUMB, "rule"))

    @property
    def _thumb(self) -> tuple[int, int]:
        """Rows of the mark at the right edge that shows where in the whole output this is."""
        page, rows, height = self._page, self._visible, self.size.height
        if page is None or not rows or not page.total or height < 1:
            return (0, 0)
        first, last = rows[0].line.start, rows[-1].line.end
        if first <= 0 and last >= page.total:
            return (0, 0)
        size = max(round(height * (last - first) / page.total), 1)
        top = round(height * first / page.total)
        top = height - size if self._is_at_bottom else min(top, height - size)
        return (top, top + size)

    # moving

    @property
    def _is_at_bottom(self) -> bool:
        page = self._page
        if page is None:
            return True
        bottom = viewport.last_top(page.lines, self.size.height, self._wrap_width)
        return page.to_end and self._top >= bottom

    def action_scroll_rows(self, rows: int) -> None:
        """Scroll down by ``rows``, up when negative."""
        if self._page is None:
            return
        lines, width = self._lines, self._wrap_width
        bottom = viewport.last_top(lines, self.size.height, width)
        self._top = min(viewport.moved(lines, self._top, rows, width), bottom)
        if rows < 0 and not self._is_at_bottom:
            self._leave_newest()
        elif rows > 0 and self._is_at_bottom and self.following is Following.SCROLLED:
            self.following = Following.FOLLOWING
        self._go_to = None
        self._read_ahead()
        self._redraw()

    def _read_ahead(self) -> None:
        """Ask for another page when an edge of this one is nearer than a screen."""
        page = self._page
        if page is None:
            return
        if self._at_newest:
            self._want(None)
            return
        near_start = self._top.line < self.size.height and not page.from_start
        left = len(page.lines) - self._top.line
        near_end = left < 2 * self.size.height and not page.to_end
        if near_start or near_end or page.at_end:
            self._want(self._top_key[0])

    def action_page(self, direction: int) -> None:
        """Scroll by a screen, one row less, so that the eye finds its place."""
        self.action_scroll_rows(direction * max(self.size.height - 1, 1))

    def action_to_start(self) -> None:
        """Go to the first line ever written."""
        self._leave_newest()
        self._top, self._go_to = Scroll(0, 0), None
        if self._page is not None and not self._page.from_start:
            self._page = None
        self._want(0)
        self._redraw()

    def action_to_end(self) -> None:
        """Go to the newest output and follow it."""
        self.following = Following.FOLLOWING
        self._go_to = None
        self._want(None)
        if self._page is not None and self._page.to_end:
            self._top = viewport.last_top(self._lines, self.size.height, self._wrap_width)
        self._redraw()

    def go_to(self, key: Key) -> None:
        """Go to a line."""
        self._leave_newest()
        self._go_to = (key, self.size.height // 3)
        self._arrive()
        self._want(key[0])
        self._redraw()

    def _leave_newest(self) -> None:
        if self._at_newest:
            self._stop_following(Following.SCROLLED)

    def _stop_following(self, following: Following) -> None:
        self.following = following
        self._total_when_left = self._page.total if self._page else 0

    def toggle_follow(self) -> None:
        """Follow the newest output, or hold the screen where it is."""
        if self._at_newest:
            self._stop_following(Following.PAUSED)
            self._want(self._top_key[0])
            self._redraw()
        else:
            self.action_to_end()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.wraps = not self.wraps
        self._left = 0
        self._top = Scroll(self._top.line, 0)
        if self._at_newest:
            self._top = viewport.last_top(self._lines, self.size.height, self._wrap_width)
        self._redraw()

    def next_view(self) -> None:
        """Show the same output in the next view."""
        if self.pod is not None:
            self.views.choose_next(self.pod.key)
            self._change_view()

    def show_as_text(self) -> None:
        """Leave the screen view of this pod: it cannot be drawn, or lines are looked for."""
        if self.pod is not None and self.view == "screen":
            self.views.show_as_text(self.pod.key)
            self._change_view()

    def _change_view(self) -> None:
        key = self._top_key
        self._go_to = None if self._at_newest else ((key[0], key[1], 0), 0)
        self._page = None
        self._want(None if self._at_newest else key[0])
        self._redraw()

    def to_unread(self) -> bool:
        """Go to the first line that was not seen; returns whether there is one."""
        unread = self._page.unread if self._page else None
        if unread is None:
            return False
        self.go_to((unread.position, 2, 0))
        return True

    def action_scroll_columns(self, columns: int) -> None:
        """Scroll sideways when lines are not wrapped."""
        if not self.wraps:
            self._left = max(self._left + columns, 0)
            self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_rows(-WHEEL_ROWS)

    def on_resize(self) -> None:
        if self._at_newest:
            self._top = viewport.last_top(self._lines, self.size.height, self._wrap_width)
        else:
            self._top = Scroll(self._top.line, 0)
        if self.pod is not None:
            self._want(None if self._at_newest else self._top_key[0])
        self._redraw()

    # searching

    def search(self, words: str) -> None:
        """Search for words from the top of the screen on; "" ends the search."""
        self.pattern = Pattern(words) if words else None
        self.match = None
        if self.pattern is not None:
            start, order, part = self._top_key
            self.post_message(self.SearchAsked(self, self.pattern, (start, order, part - 1), True))
        self._redraw()

    def found(self, line: OutputLine) -> None:
        """Go to the line a search has found."""
        self.match = line.key
        if any(row.line.key == line.key for row in self._visible):
            # It is on screen already: the eye should not have to find everything again.
            self._leave_newest()
            self._redraw()
        else:
            self.go_to(line.key)

    def action_next_match(self) -> None:
        """Go to the next match."""
        self._search_on(forward=True)

    def action_previous_match(self) -> None:
        """Go to the match before."""
        self._search_on(forward=False)

    def _search_on(self, *, forward: bool) -> None:
        if self.pattern is not None:
            beside = self.match or self._top_key
            self.post_message(self.SearchAsked(self, self.pattern, beside, forward))

    def action_clear_search(self) -> None:
        """End the search and take the highlight away."""
        self.search("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        if action in {"next_match", "previous_match", "clear_search"}:
            return self.pattern is not None
        return True

    # words for the title

    def state_line(self) -> Line:
        """Return what the title says on its right: follow state, place, size."""
        page = self._page
        if self.pod is None or page is None:
            return ()
        if self._at_newest:
            words = [] if is_over(self.pod) else [self.following.value]
            # A full-screen program paints, it does not write: as text it is read poorly.
            paints = page.full_screen and self.view == "text"
            hint = (own(f"{self._view_key}: screen view · ", "accent"),) if paints else ()
            words += [] if hint and words else [size_words(page.total)]
            return (*hint, own(" · ".join(words), "muted"))
        rows = self._visible
        where = rows[-1].line.end * 100 // page.total if rows and page.total else 0
        newer = page.total > self._total_when_left and not self._is_at_bottom
        below = (own(" · new output below", "accent"),) if newer else ()
        word = "held" if self._is_held else self.following.value
        return (own(word, "accent"), *below, own(f" · {min(where, 100)} %", "muted"))

    @property
    def _is_held(self) -> bool:
        """Whether new output is held off although the newest line is on screen."""
        return self.following is Following.SCROLLED and self._is_at_bottom


def _key(pod: PodView | None) -> str | None:
    return None if pod is None else pod.key


def _covers(page: Page, key: Key) -> bool:
    lines = page.lines
    if not lines:
        return False
    return (page.from_start or lines[0].key <= key) and (page.to_end or key <= lines[-1].key)
