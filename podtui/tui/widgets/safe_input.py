"""A line of input that shows only safe text and never cuts what is pasted into it."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from podtui.core.text.safe import safe_text

LINE_BREAK = "⏎"
"""Stands for a line break in the one line there is to type in."""


class SafeInput(Input, inherit_bindings=True):
    """An input for words of the operator."""

    def _on_paste(self, event: events.Paste) -> None:
        """Take all that is pasted: Textual's own takes the first line and drops the rest."""
        event.stop()
        event.prevent_default()
        lines = safe_text(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        shown = lines.rstrip("\n").replace("\t", " ").replace("\n", LINE_BREAK)
        self.replace(shown, *self.selection) if not self.selection.is_empty else (
            self.insert_text_at_cursor(shown)
        )

    @property
    def typed(self) -> str:
        """What was typed, with its line breaks."""
        return self.value.replace(LINE_BREAK, "\n")
