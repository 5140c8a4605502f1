"""A list with one row selected: drawn line by line, so that its length costs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from podtui.tui.widgets.line_widget import RoledWidget
from podtui.tui.widgets.spans import Line, paint


class RowList(RoledWidget, ScrollView, inherit_bindings=False):
    """Moves a selection over rows; which rows, and how they look, its subclasses say."""

    @dataclass
    class Changed(Message):
        """Other rows are shown, or another one is selected."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowList.Changed)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._index = 0

    # what subclasses say

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        """Return one row as a line of ``width`` cells."""
        raise NotImplementedError

    def nothing(self) -> Line:
        """Return what stands where no row is."""
        raise NotImplementedError

    def chosen_again(self) -> None:
        """The selected row was clicked again."""

    @property
    def selected_state(self) -> str:
        """The state in which the colours of the selected row are looked up."""
        return "selected"

    # drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= self.row_count:
            return paint(self.nothing() if index == 0 else (), width, self.role_style)
        is_selected = index == self._index
        line = self.row_at(index, width, selected=is_selected)
        return paint(line, width, self._selected_style if is_selected else self.role_style)

    def _selected_style(self, role: str) -> Style:
        return self.role_style(role, self.selected_state)

    def take_rows(self) -> None:
        """Take note that the rows are others now, and repaint."""
        self.virtual_size = Size(0, self.row_count)
        # Textual leaves its bars to the widget here, as its own list widgets do.
        self._scroll_update(self.virtual_size)
        self.refresh()
        self.post_message(self.Changed())

    # moving

    def move_to(self, index: int) -> None:
        """Select a row, or the nearest there is."""
        if not self.row_count:
            return
        old, self._index = self._index, max(0, min(index, self.row_count - 1))
        self.reveal()
        for each in {old, self._index}:
            self.refresh(Region(0, each - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Changed())

    def reveal(self) -> None:
        """Scroll no further than needed to show the selected row."""
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self._index < top + height:
            y = self._index if self._index < top else self._index - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)

    def move(self, rows: int) -> None:
        """Move the selection down by ``rows``, up when negative."""
        self.move_to(self._index + rows)

    def page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self.move_to(self._index + direction * max(self.size.height - 1, 1))

    def on_resize(self) -> None:
        self.reveal()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index >= self.row_count:
            return
        is_again = index == self._index
        self.move_to(index)
        if is_again:
            self.chosen_again()
