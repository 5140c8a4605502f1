"""A line of input that shows only safe text and keeps all lines of a pasted text."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from podtui.core.text.safe import safe_text

LINE_BREAK = "⏎"
"""Shown for a line break, since the input has one line."""


class SafeInput(Input, inherit_bindings=True):
    """An input for words of the operator."""

    def _on_paste(self, event: events.Paste) -> None:
        """Insert the whole pasted text; Textual's own handler drops all but the first line."""
        event.stop()
        event.prevent_default()
        lines = safe_text(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        shown = lines.rstrip("\n").replace("\t", " ").replace("\n", LINE_BREAK)
        self.replace(shown, *self.selection) if not self.selection.is_empty else (
            self.insert_text_at_cursor(shown)
        )

    @property
    def typed(self) -> str:
        """The typed text, with its line breaks."""
        return self.value.replace(LINE_BREAK, "\n")
