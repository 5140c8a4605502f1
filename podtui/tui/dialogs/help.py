"""The help: all keys, and the meaning of the shapes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from podtui.core.model.appearance import APPEARANCE
from podtui.core.model.verdicts import Status
from podtui.tui.commands.commands import GROUPS, Command, KeyContext
from podtui.tui.dialogs.words import Words
from podtui.tui.widgets.spans import Line, own, wrap_words

KEYS_WIDTH = 13
WORD_WIDTH = 15
PLACES: tuple[KeyContext, ...] = (
    "screen",
    "tree",
    "output",
    "terminal",
    "diagnostics",
    "trash",
    "app",
)
MEANINGS: dict[Status, str] = {
    Status.STARTING: "its supervisor is starting",
    Status.WORKING: "runs, and writes now and then",
    Status.IDLE: "its turn is over",
    Status.WAITING: "needs you: a question, a permission, terminal input",
    Status.STALLED: "runs, but no new output for longer than its limit",
    Status.UNRESPONSIVE: "alive, but its supervisor does not answer",
    Status.EXITED: "ended by itself, or as you asked",
    Status.FAILED: "ended with an error, or was killed",
    Status.LOST: "ended without a word; proven dead by two facts",
    Status.UNKNOWN: "could not tell; nothing is done to it",
}


def help_lines(commands: Sequence[Command], width: int) -> list[Line]:
    """Return the help text."""
    lines: list[Line] = [
        *wrap_words(
            (own("podtui", "strong"), own(" runs, watches and gets back a tree of pods.", "text")),
            width,
        ),
        *wrap_words(
            (own("Closing this screen ends nothing: pods go on running.", "muted"),), width
        ),
    ]
    for place in PLACES:
        lines += [(), (own(GROUPS[place], "title-focus"),)]
        for command in commands:
            if command.place == place:
                lead = own(f"  {command.shown_keys:<{KEYS_WIDTH}}", "key")
                lines += wrap_words((lead, own(command.sentence)), width, KEYS_WIDTH + 2)
    lines += [(), (own("shapes", "title-focus"),)]
    for status, appearance in APPEARANCE.items():
        shape = own(f"  {appearance.glyph} {appearance.word:<{WORD_WIDTH - 2}}", appearance.role)
        lines += wrap_words((shape, own(MEANINGS[status])), width, WORD_WIDTH + 2)
    guess = own(f"  ~ {'italics':<{WORD_WIDTH - 2}}", "guess")
    words = own("inferred by podtui, not said by the agent or the kernel")
    lines += wrap_words((guess, words), width, WORD_WIDTH + 2)
    return lines


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Scrolls by keys and wheel; any of the closing keys goes back."""

    AUTO_FOCUS = "#help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,q,f1,enter",
            "dismiss",
            "close",
            id="help.close",
            tooltip="Back to the pods",
        ),
    ]

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help"):
            yield Words(partial(help_lines, self._commands))
