"""The output of one pod: a window over what there is, moved by keys and wheel.

The widget keeps one page of lines around the reader's place; a thread reads the next page before
its edge is reached. Nothing here waits for a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from podtui.core.model.snapshot import PodView
from podtui.core.output.follower import Asked, Away, Seen, Want, is_over
from podtui.core.output.lines import OutputLine, View
from podtui.core.output.page import Page
from podtui.core.output.search import Key, Pattern
from podtui.tui.commands.commands import bindings_of
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.panes.output.drawing import empty_line, row_line, state_words, with_thumb
from podtui.tui.panes.output.scrolling import Scrolling
from podtui.tui.panes.output.views import ViewChoice
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line

WHEEL_ROWS = 3
SCREENS_AROUND = 3
LEAST_REACH = 60
MARGIN, THUMB_ROOM = 1, 2


class OutputPane(LineWidget, can_focus=True):
    """Shows and searches the output of the selected pod.

    Args:
        ask: passes what to read, and what was seen, to the reader thread.
        view_key: the key that changes the view.

    Attributes:
        pages: what the reader thread has read.
        scrolling: the reader's place in the output.
        pattern: what is searched for, None for nothing.
        match: the line that the search has found last.
    """

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
        self.scrolling = Scrolling()
        self.pattern: Pattern | None = None
        self.match: Key | None = None
        self._asked: Want | None = None
        self._sees_newest = False
        self._is_first_page = True

    def on_mount(self) -> None:
        # Output that comes while the operator is in another window was not seen.
        self.watch(self.app, "app_focus", self._note_seen, init=False)

    # what is shown

    @property
    def view(self) -> View:
        """The view of this pod; "screen" is drawn by another widget in this one's place."""
        return self.views.of(_key(self.pod))

    def show(self, pod: PodView | None) -> None:
        """Show another pod's output, or update the one that is shown."""
        other = _key(pod) != _key(self.pod)
        self.pod = pod
        if other:
            self.scrolling.begin()
            self.match = self.pattern = self._asked = None
            self._is_first_page, self._sees_newest = True, False
            self._redraw()
        asked = self._asked
        if pod is not None and (
            asked is None or (asked.run, asked.ended) != (pod.run, is_over(pod))
        ):
            self._read()

    def _read(self) -> None:
        """Ask for the page around the reader's place, unless that was asked for last."""
        if self.pod is None:
            return
        reach = max(self.size.height * SCREENS_AROUND, LEAST_REACH)
        want = Want.of(self.pod, self.view, self.scrolling.place, reach)
        if want != self._asked:
            self._asked = want
            self._ask(want)

    def on_output_pane_page_read(self, message: PageRead) -> None:
        message.stop()
        page = self.pages.take()
        if page is None or self.pod is None or page.pod != _key(self.pod) or page.view != self.view:
            return
        first, self._is_first_page = self._is_first_page, False
        if first and page.full_screen and self.views.open_screen(page.pod):
            # Never later than with the first page: not under a reader's eyes.
            self._change_view()
        elif self.scrolling.take(page):
            self._redraw()

    def _redraw(self) -> None:
        self.refresh()
        self.post_message(self.Changed(self))
        self._note_seen()

    def _note_seen(self) -> None:
        """Report what was seen, and when the newest output leaves the screen."""
        page = self.scrolling.page
        if page is None or self.pod is None:
            return
        key = self.pod.key
        sees_newest = page.to_end and self.app.app_focus and self.scrolling.is_at_bottom
        if sees_newest:
            self._ask(Seen(key, page.total))
        elif self._sees_newest:
            self._ask(Away(key))
        self._sees_newest = sees_newest

    # drawing

    def line(self, y: int, /) -> Line:
        place = self.scrolling
        if y >= len(place.visible):
            return empty_line(place.page) if y == 0 and self.pod is not None else ()
        row = place.visible[y]
        left = None if place.wraps else place.left
        is_match = row.line.key == self.match
        spans = row_line(row, place.width, left, self.pattern, is_match=is_match)
        first, last = place.thumb
        return with_thumb(spans, self.size.width) if first <= y < last else spans

    def state_line(self) -> Line:
        """Return what the title says on its right: follow state, place, size."""
        page = self.scrolling.page
        if self.pod is None or page is None:
            return ()
        # A full-screen program paints, it does not write: as text it is read poorly.
        paints = page.full_screen and self.view == "text"
        hint = f"{self._view_key}: screen view · " if paints else ""
        return state_words(self.scrolling, is_over=is_over(self.pod), hint=hint)

    # moving

    def action_scroll_rows(self, rows: int) -> None:
        """Scroll down by ``rows``, up when negative."""
        if self.scrolling.page is None:
            return
        self.scrolling.scroll(rows)
        if self.scrolling.is_near_edge:
            self._read()
        self._redraw()

    def action_page(self, direction: int) -> None:
        """Scroll by a screen, one row less, so that the eye finds its place."""
        self.action_scroll_rows(direction * max(self.size.height - 1, 1))

    def action_to_start(self) -> None:
        """Go to the first line ever written."""
        self.scrolling.to_start()
        self._read()
        self._redraw()

    def action_to_end(self) -> None:
        """Go to the newest output and follow it."""
        self.scrolling.to_end()
        self._read()
        self._redraw()

    def toggle_follow(self) -> None:
        """Follow the newest output, or hold the screen where it is."""
        if self.scrolling.at_newest:
            self.scrolling.hold()
            self._read()
            self._redraw()
        else:
            self.action_to_end()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.scrolling.toggle_wrap()
        self._redraw()

    def next_view(self) -> None:
        """Show the same output in the next view."""
        if self.pod is not None:
            self.views.choose_next(self.pod.key)
            self._change_view()

    def show_as_text(self) -> None:
        """Leave the screen view of this pod: it cannot be drawn, or a search needs lines."""
        if self.pod is not None and self.view == "screen":
            self.views.show_as_text(self.pod.key)
            self._change_view()

    def _change_view(self) -> None:
        self.scrolling.drop_page()
        self._read()
        self._redraw()

    def to_unread(self) -> bool:
        """Go to the first line that was not seen; returns whether there is one."""
        page = self.scrolling.page
        if page is None or page.unread is None:
            return False
        self.scrolling.go_to((page.unread.position, 2, 0))
        self._read()
        self._redraw()
        return True

    def action_scroll_columns(self, columns: int) -> None:
        """Scroll sideways when lines are not wrapped."""
        if not self.scrolling.wraps:
            self.scrolling.left = max(self.scrolling.left + columns, 0)
            self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_rows(-WHEEL_ROWS)

    def on_resize(self) -> None:
        width = max(self.size.width - MARGIN - THUMB_ROOM, 1)
        self.scrolling.resize(width, self.size.height)
        self._read()
        self._redraw()

    # searching

    def search(self, words: str) -> None:
        """Search for words from the top of the screen on; "" ends the search."""
        self.pattern = Pattern(words) if words else None
        self.match = None
        if self.pattern is not None:
            start, order, part = self.scrolling.top_key
            self.post_message(self.SearchAsked(self, self.pattern, (start, order, part - 1), True))
        self._redraw()

    def found(self, line: OutputLine) -> None:
        """Go to the line a search has found."""
        self.match = line.key
        if any(row.line.key == line.key for row in self.scrolling.visible):
            # It is on screen already: the eye should not have to find everything again.
            self.scrolling.leave_newest()
        else:
            self.scrolling.go_to(line.key)
            self._read()
        self._redraw()

    def action_next_match(self, forward: bool) -> None:
        """Go to the next match, or to the one before."""
        if self.pattern is not None:
            beside = self.match or self.scrolling.top_key
            self.post_message(self.SearchAsked(self, self.pattern, beside, forward))

    def action_clear_search(self) -> None:
        """End the search and take the highlight away."""
        self.search("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        if action in {"next_match", "clear_search"}:
            return self.pattern is not None
        return True


def _key(pod: PodView | None) -> str | None:
    return None if pod is None else pod.key
