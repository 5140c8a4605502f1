"""Lists with one row selected: drawn line by line, so that their length costs nothing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from podtui.tui.widgets.line_widget import RoledWidget
from podtui.tui.widgets.spans import Line, paint

Row = TypeVar("Row")


class RowList(RoledWidget, ScrollView, inherit_bindings=False):
    """Moves a selection over rows; subclasses have the rows and draw them."""

    index: int = 0
    """The selected row."""

    @dataclass
    class Changed(Message):
        """Other rows are shown, or another one is selected."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowList.Changed)

    # what subclasses have

    @property
    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        """Return one row as a line of ``width`` cells."""

    @abstractmethod
    def nothing(self) -> Line:
        """Return the line that is shown when there is no row."""

    def choose_again(self) -> None:
        """Answer a click on the row that is selected already."""

    @property
    def selected_ground(self) -> str:
        """The role of the selected row's background."""
        return "selected-blurred" if self.can_focus and not self.has_focus else "selected"

    # drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= self.row_count:
            return paint(self.nothing() if index == 0 else (), width, self.role_style)
        is_selected = index == self.index
        line = self.row_at(index, width, selected=is_selected)
        return paint(line, width, self.style_for(index))

    def style_for(self, index: int) -> Callable[[str], Style]:
        """Return the function that gives the style of each role in a row."""
        if index != self.index:
            return self.role_style
        return lambda role: self.role_style(role, self.selected_ground)

    def take_rows(self) -> None:
        """Take over that the rows have changed, and repaint."""
        self.virtual_size = Size(0, self.row_count)
        # Textual leaves its bars to the widget here, as its own list widgets do.
        self._scroll_update(self.virtual_size)
        self.refresh()
        self.post_message(self.Changed())

    def refresh_row(self, index: int) -> None:
        """Repaint one row."""
        self.refresh(Region(0, index - self.scroll_offset.y, self.size.width, 1))

    # moving

    def move_to(self, index: int) -> None:
        """Select a row, or the nearest there is."""
        if not self.row_count:
            return
        old, self.index = self.index, max(0, min(index, self.row_count - 1))
        self.reveal()
        for each in {old, self.index}:
            self.refresh_row(each)
        self.post_message(self.Changed())

    def reveal(self) -> None:
        """Scroll no further than needed to show the selected row."""
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self.index < top + height:
            y = self.index if self.index < top else self.index - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)

    def action_move(self, rows: int) -> None:
        """Move the selection down by ``rows``, up when negative."""
        self.move_to(self.index + rows)

    def action_page(self, direction: int) -> None:
        """Move the selection by a screen; up when ``direction`` is negative."""
        self.move_to(self.index + direction * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Select the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Select the last row."""
        self.move_to(self.row_count - 1)

    def on_resize(self) -> None:
        self.reveal()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index >= self.row_count:
            return
        is_again = index == self.index
        self.move_to(index)
        if is_again:
            self.choose_again()


class FilteredList(RowList, Generic[Row], inherit_bindings=False):
    """Shows the rows that have all words of a filter; the selection is kept by key.

    Attributes:
        wanted: the words of the filter.
    """

    rows: Sequence[Row] = ()
    wanted = ""

    @abstractmethod
    def build_rows(self) -> Sequence[Row]:
        """Return the rows that the filter leaves."""

    @abstractmethod
    def key_of(self, row: Row) -> str:
        """Return a key that stays the same while the row is in the list."""

    @property
    def index_when_gone(self) -> int:
        """The row to select when the selected one is not shown any more: the nearest."""
        return self.index

    @property
    def row_count(self) -> int:
        return len(self.rows)

    @property
    def selected(self) -> Row | None:
        return self.rows[self.index] if self.index < len(self.rows) else None

    def filter(self, wanted: str) -> None:
        """Show only rows that have all these words."""
        self.wanted = wanted
        self.rebuild()
        self.reveal()

    def rebuild(self) -> None:
        """Build the rows again; the selected row and the one at the top stay where they are."""
        top = self.scroll_offset.y
        selected = self.selected
        key = None if selected is None else self.key_of(selected)
        top_key = self.key_of(self.rows[top]) if 0 < top < len(self.rows) else None
        self.rows = self.build_rows()
        indexes = {self.key_of(row): index for index, row in enumerate(self.rows)}
        index = 0 if key is None else indexes.get(key, self.index_when_gone)
        self.index = min(index, max(len(self.rows) - 1, 0))
        self.take_rows()
        if top_key is not None and indexes.get(top_key, top) != top:
            self.scroll_to(y=indexes[top_key], animate=False, immediate=True)
