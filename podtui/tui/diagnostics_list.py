"""The list of diagnostics: a line-API widget; ten thousand of them cost what is on screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from podtui.core.model.told import DiagnosticsPicture, Entry
from podtui.tui.diagnostics_rows import Row, build_rows, haystack, row_line
from podtui.tui.lines import RoledWidget
from podtui.tui.spans import Line, own, paint


class DiagnosticsList(RoledWidget, ScrollView, can_focus=True, inherit_bindings=False):
    """Newest first, one row selected, kept by what it shows through every change.

    Args:
        local_time: says which day it is.
    """

    @dataclass
    class Changed(Message):
        """Other rows are shown, or another one is selected."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, DiagnosticsList.Changed)

    def __init__(
        self,
        local_time: Callable[[], datetime],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._local_time = local_time
        self._picture = DiagnosticsPicture()
        self._rows: list[Row] = []
        self._unfolded: set[str] = set()
        self._wanted = ""
        self._haystacks: dict[tuple[str, int], str] = {}
        self._index = 0
        self._drawn: set[str] = set()
        self.found = 0

    # what is shown

    @property
    def picture(self) -> DiagnosticsPicture:
        return self._picture

    @property
    def wanted(self) -> str:
        """The words of the filter."""
        return self._wanted

    @property
    def selected(self) -> Row | None:
        return self._rows[self._index] if self._index < len(self._rows) else None

    def show(self, picture: DiagnosticsPicture) -> None:
        """Take a new picture; rows on screen stay where they are."""
        self._picture = picture
        self._rebuild()

    def filter(self, wanted: str) -> None:
        """Show only entries that have all these words."""
        self._wanted = wanted
        self._rebuild()
        self._reveal()

    def begin(self) -> None:
        """Begin at the newest, with nothing unfolded or filtered, as if it had just been made."""
        self._unfolded.clear()
        self._drawn.clear()
        self._wanted = ""
        self._index = 0
        self._rebuild(keeps=False)
        self.scroll_to(y=0, animate=False, immediate=True)

    def take_drawn(self) -> frozenset[str]:
        """Return the ids of the unread diagnostics that were on screen since the last time."""
        drawn, self._drawn = self._drawn, set()
        return frozenset(drawn & self._picture.unread)

    def _entries(self) -> tuple[Entry, ...]:
        words = self._wanted.lower().split()
        if not words:
            return self._picture.entries
        return tuple(
            entry
            for entry in self._picture.entries
            if all(word in self._text_of(entry) for word in words)
        )

    def _text_of(self, entry: Entry) -> str:
        """Return what a filter looks in, made once for each entry that was ever looked for."""
        key = (entry.id, len(entry.members))
        text = self._haystacks.get(key)
        if text is None:
            text = self._haystacks[key] = haystack(entry)
        return text

    def _rebuild(self, *, keeps: bool = True) -> None:
        key = self._rows[self._index].key if keeps and self._index < len(self._rows) else None
        top = self.scroll_offset.y
        top_key = self._rows[top].key if keeps and 0 < top < len(self._rows) else None
        entries = self._entries()
        self.found = len(entries)
        self._rows = build_rows(self._picture, entries, self._unfolded, self._width)
        places = {row.key: place for place, row in enumerate(self._rows)}
        last = max(len(self._rows) - 1, 0)
        self._index = min(places.get(key, self._index) if key else 0, last)
        self.virtual_size = Size(0, len(self._rows))
        # Textual leaves its bars to the widget here, as its own list widgets do.
        self._scroll_update(self.virtual_size)
        if top_key is not None and places.get(top_key, top) != top:
            self.scroll_to(y=places[top_key], animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Changed())

    @property
    def _width(self) -> int:
        return max(self.scrollable_content_region.width, 1)

    # drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= len(self._rows):
            return paint(self._nothing() if index == 0 else (), width, self.role_style)
        row = self._rows[index]
        if row.detail is None:
            self._drawn.update(each.id for each in row.meant)
        is_selected = index == self._index
        line = row_line(row, self._picture, width, today=self._local_time(), selected=is_selected)
        return paint(line, width, self._selected_style if is_selected else self.role_style)

    def _nothing(self) -> Line:
        if self._wanted:
            return (own(f" no diagnostic has {self._wanted!r}", "muted"),)
        return (
            own(" nothing was told yet: no pod was lost, and nothing was done to one", "muted"),
        )

    def _selected_style(self, role: str) -> Style:
        return self.role_style(role, "selected" if self.has_focus else "selected-blurred")

    def on_resize(self) -> None:
        self._rebuild()
        self._reveal()

    # moving

    def _move_to(self, index: int) -> None:
        if not self._rows:
            return
        old, self._index = self._index, max(0, min(index, len(self._rows) - 1))
        self._reveal()
        for each in {old, self._index}:
            self.refresh(Region(0, each - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Changed())

    def _reveal(self) -> None:
        """Scroll no further than needed to show the selected row."""
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self._index < top + height:
            y = self._index if self._index < top else self._index - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)

    def move(self, rows: int) -> None:
        """Move the selection down by ``rows``, up when negative."""
        self._move_to(self._index + rows)

    def page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self._move_to(self._index + direction * max(self.size.height - 1, 1))

    def go_to_end(self, last: bool) -> None:
        """Select the oldest, else the newest."""
        self._move_to(len(self._rows) if last else 0)

    def toggle(self) -> None:
        """Unfold what is selected, or fold it."""
        row = self.selected
        if row is None:
            return
        key = row.key.partition("#")[0]
        (self._unfolded.discard if key in self._unfolded else self._unfolded.add)(key)
        self._index = next(i for i, each in enumerate(self._rows) if each.key == key)
        self._rebuild()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < len(self._rows):
            is_again = index == self._index
            self._move_to(index)
            if is_again:
                self.toggle()
