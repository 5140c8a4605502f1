"""The least a screen made with Textual can be: what podtui's own screen is compared with.

``python peer_screens.py empty`` shows one word and does nothing; ``list NUMBER`` shows rows of
which one is marked, and `j` marks the next. Run as a script, so that it imports nothing else.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

SHOWN = "nothing to do"
MARK = "▌"


class Word(Widget):
    """One word."""

    def render(self) -> str:
        return SHOWN


class Empty(App[None]):
    """An app that does nothing."""

    def compose(self) -> ComposeResult:
        yield Word()


class MarkedRows(ScrollView, can_focus=True):
    """Rows of which one is marked."""

    BINDINGS: ClassVar[list[BindingType]] = [("j", "next", "next")]

    def __init__(self, count: int) -> None:
        super().__init__()
        self.virtual_size = Size(0, count)
        self._count = count
        self._marked = 0

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        mark = MARK if self.has_focus and index == self._marked else " "
        return Strip([Segment(f"{mark}pod-{index:03d}", self.rich_style)]).adjust_cell_length(
            self.size.width, self.rich_style
        )

    def action_next(self) -> None:
        """Mark the next row."""
        before, self._marked = self._marked, (self._marked + 1) % self._count
        for index in (before, self._marked):
            self.refresh_line(index)
        self.scroll_to(y=max(self._marked - self.size.height + 1, 0), animate=False, immediate=True)


class Rows(App[None]):
    """An app with a list and nothing else."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def compose(self) -> ComposeResult:
        yield MarkedRows(self._count)


if __name__ == "__main__":
    (Rows(int(sys.argv[2])) if sys.argv[1] == "list" else Empty()).run()
