"""The last line: the keys and what they do; each can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from podtui.tui.commands.commands import Command
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, own, width_of

GAP = "  "
ALWAYS = frozenset({"app.help", "app.quit"})


def shown_commands(
    commands: Sequence[Command], width: int, hidden: frozenset[str]
) -> list[Command]:
    """Return the commands that fit a line by weight; help and quit always."""
    wanted = [command for command in commands if command.footer and command.id not in hidden]
    wanted.sort(key=lambda command: command.weight or command.footer)
    always = [command for command in wanted if command.id in ALWAYS]
    left = width - 1 - sum(_width(command) for command in always)
    chosen: list[Command] = []
    for command in wanted:
        if command in always:
            continue
        left -= _width(command)
        if left < 0:
            break
        chosen.append(command)
    return [*sorted(chosen, key=lambda command: command.footer), *always]


def _width(command: Command) -> int:
    return width_of((*_spans(command), own(GAP)))


def _spans(command: Command) -> tuple[Span, ...]:
    return (own(command.shown_keys, "key"), own(f" {command.word}", "muted"))


class KeyBar(LineWidget):
    """One line of keys, made from the table of commands."""

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._commands = commands
        self._hidden: frozenset[str] = frozenset()

    def hide(self, commands: frozenset[str]) -> None:
        """Leave out commands that do nothing now."""
        if commands != self._hidden:
            self._hidden = commands
            self.refresh()

    def line(self, _y: int, /) -> Line:
        spans: list[Span] = [own(" ")]
        for command in shown_commands(self._commands, self.size.width, self._hidden):
            spans += [*_spans(command), own(GAP)]
        return tuple(spans)

    def on_click(self, event: events.Click) -> None:
        at = 1
        for command in shown_commands(self._commands, self.size.width, self._hidden):
            width = _width(command)
            if at <= event.x < at + width - len(GAP):
                self.post_message(self.Pressed(command))
                return
            at += width
