"""The base of dialogs with a long text: it scrolls, and the keys below stay in sight."""

from __future__ import annotations

from typing import TypeVar

from textual.containers import VerticalScroll
from textual.screen import ModalScreen

Answer = TypeVar("Answer")

TIGHT_ROWS = 28
"""On screens of fewer rows a dialog has no blank lines around its text."""
AROUND, AROUND_TIGHT = 8, 4
"""Rows of a dialog besides its text: border, blank lines, title, keys."""
LEAST_ROWS = 3


class TextDialog(ModalScreen[Answer], inherit_bindings=False):
    """A dialog whose text is in a container with the class ``dialog-room``."""

    def on_mount(self) -> None:
        # Before the first paint: a later layout would be seen as a jump.
        self.fit()

    def on_resize(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Limit the rows of the text to those the screen has."""
        rows = self.app.size.height
        is_tight = rows < TIGHT_ROWS
        self.set_class(is_tight, "-tight")
        around = AROUND_TIGHT if is_tight else AROUND
        most = rows if is_tight else rows * 9 // 10
        for room in self.query(".dialog-room").results(VerticalScroll):
            room.styles.max_height = max(most - around - self.more_rows(), LEAST_ROWS)

    def more_rows(self) -> int:
        """Return rows of the dialog besides its text and the usual title and keys."""
        return 0

    def action_scroll_text(self, rows: int) -> None:
        """Move the text by lines."""
        for room in self.query(".dialog-room").results(VerticalScroll):
            room.scroll_relative(y=rows, animate=False)
