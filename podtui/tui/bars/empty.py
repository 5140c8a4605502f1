"""Shown in place of tree and output while the store is empty: what to press."""

from __future__ import annotations

from podtui.tui.commands.keymap import Keymap
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, own, safe, wrap_words

INDENT = 8
KEYS: tuple[tuple[str, str], ...] = (
    ("pod.spawn", "start a pod: a named command that goes on without this screen"),
    ("app.help", "all keys"),
    ("app.quit", "quit"),
)
COMMANDS: tuple[tuple[str, str], ...] = (
    ("podtui demo", "look at a tree of pods that play every status"),
    ("podtui spawn NAME -- COMMAND", "start one from any terminal"),
)


class EmptyStore(LineWidget):
    """Names the keys and commands that start a pod."""

    def __init__(
        self,
        store: str,
        keymap: Keymap,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._store = store
        self._keymap = keymap

    def line(self, y: int, /) -> Line:
        lines = self._words(self.size.width)
        return lines[y] if y < len(lines) else ()

    def _words(self, width: int) -> list[Line]:
        lines: list[Line] = [(), (own("  No pods yet.", "strong"),), ()]
        for command_id, words in KEYS:
            key = self._keymap.shown(command_id)
            lines += wrap_words((own(f"  {key:<{INDENT - 2}}", "key"), own(words)), width, INDENT)
        lines += [(), (own("  or in another terminal:", "muted"),)]
        for command, words in COMMANDS:
            spans: tuple[Span, ...] = (own(f"  {command}", "accent"),)
            lines += [(), *wrap_words(spans, width, INDENT)]
            lines += wrap_words((own(" " * INDENT), own(words)), width, INDENT)
        where = (own("  store ", "muted"), safe(self._store, "muted", 300))
        return [*lines, (), *wrap_words(where, width, INDENT)]
