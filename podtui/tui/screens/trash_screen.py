"""The trash on a screen of its own: what was pruned, found by typing, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.getters import query_one
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from podtui.core.control.plane import Plane
from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan
from podtui.core.model.requests import Recover
from podtui.core.model.trash import TrashView
from podtui.tui.bars.key_bar import KeyBar
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import bindings_of
from podtui.tui.commands.keymap import Keymap
from podtui.tui.dialogs.recover import RecoverDialog, Recovery
from podtui.tui.dialogs.words import Words
from podtui.tui.panes.lists.trash_list import TrashList
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.safe_input import SafeInput
from podtui.tui.widgets.spans import Line, own, safe, wrap_words

LONGEST_TEXT = 400
MOST_LINES = 3
FOOT = "nothing here is deleted from the screen; only podtui purge --older-than AGE does that"


class TrashScreen(Screen[Recovery | None], inherit_bindings=False):
    """Returns what is to be recovered, or None.

    Args:
        plane: asked in threads only.
        local_time: says which day it is.
    """

    @dataclass
    class Listed(Message):
        """What is in the trash, or why that cannot be told."""

        said: Sequence[TrashView] | PodtuiError

    AUTO_FOCUS = "#trash-line"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("trash")

    listed = query_one("#trash", TrashList)
    title_bar = query_one("#trash-title", PaneTitle)
    line = query_one("#trash-line", SafeInput)
    notices = query_one("#notices", NoticeBar)

    def __init__(self, plane: Plane, keymap: Keymap, local_time: Callable[[], datetime]) -> None:
        super().__init__()
        self.plane = plane
        self.keymap = keymap
        self._local_time = local_time

    def compose(self) -> ComposeResult:
        yield PaneTitle(id="trash-title")
        with Horizontal(id="trash-filter"):
            yield Static(" filter ▸ ", classes="line-label", markup=False)
            yield SafeInput(id="trash-line", compact=True)
        yield TrashList(self._local_time, id="trash")
        yield Words(self._detail, id="trash-detail")
        yield Words(self._foot, id="trash-foot")
        yield NoticeBar(id="notices")
        commands = [each for each in self.keymap.commands if each.place == "trash"]
        yield KeyBar(commands, id="keys")

    def on_mount(self) -> None:
        self.notices.display = False
        self.title_bar.focused = True
        self.listed.show(None, "")
        self.list_trash()

    # what is in it

    @work(thread=True, exclusive=True, group="trash", exit_on_error=True)
    def list_trash(self) -> None:
        """Look into the trash."""
        try:
            said: Sequence[TrashView] | PodtuiError = self.plane.trash()
        except PodtuiError as error:
            said = error
        self.post_message(self.Listed(said))

    def on_trash_screen_listed(self, message: Listed) -> None:
        message.stop()
        if isinstance(message.said, PodtuiError):
            self.notices.say(Notice.of_error(message.said))
            self.listed.show((), self.line.value)
        else:
            self.listed.show(message.said, self.line.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.listed.show(self.listed.entries, event.value)

    def on_row_list_changed(self, message: RowList.Changed) -> None:
        message.stop()
        shown, entries = self.listed.shown, self.listed.entries or ()
        left: Line = (own("trash", "title"),)
        if self.listed.wanted:
            words = safe(f" · {self.listed.wanted} · ", "accent", 40)
            left = (*left, words, own(f"{len(shown)} of {len(entries)}", "accent"))
        self.title_bar.left = left
        pods = "1 pod" if len(entries) == 1 else f"{len(entries)} pods"
        self.title_bar.right = (own(pods, "muted"),)
        self.query_one("#trash-detail", Words).renew()

    def _detail(self, width: int) -> list[Line]:
        """Return what is known of the selected entry besides its row."""
        entry = self.listed.selected
        if entry is None:
            return []
        parts = [entry.problem or entry.message]
        parts += [f"under {entry.parent}"] * bool(entry.parent)
        if entry.pruned_at is not None:
            at = entry.pruned_at.astimezone(self._local_time().tzinfo)
            by = f" by {entry.actor}" if entry.actor else ""
            parts.append(f"pruned {at:%Y-%m-%d %H:%M}{by}")
        parts.append(entry.id)
        words = " · ".join(part for part in parts if part)
        return wrap_words((own("  "), safe(words, "text", LONGEST_TEXT)), width, 2)[:MOST_LINES]

    def _foot(self, width: int) -> list[Line]:
        return wrap_words((own("  "), own(FOOT, "muted")), width, 2)

    # keys

    def action_move(self, rows: int) -> None:
        """Move the selection."""
        self.listed.move(rows)

    def action_page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self.listed.page(direction)

    def action_recover(self) -> None:
        """Show the plan that brings the selected pod back."""
        entry = self.listed.selected
        if entry is None:
            return

        def plan(entry_id: str, as_name: str | None) -> Plan:
            return self.plane.plan(Recover((entry_id,), as_name))

        self.app.push_screen(RecoverDialog(entry, plan), self._answered)

    def _answered(self, recovery: Recovery | None) -> None:
        if recovery is not None:
            self.dismiss(recovery)

    def on_trash_list_chosen(self, message: TrashList.Chosen) -> None:
        message.stop()
        self.action_recover()

    def action_back(self) -> None:
        """End the filter, then go back to the pods."""
        if self.line.value:
            self.line.value = ""
        elif self.is_current:
            self.dismiss(None)

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        message.stop()
        await self.app.run_action(message.command.action, self)
