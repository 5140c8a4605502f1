"""The trash on a screen of its own: pruned pods, found by typing, and their recovery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from podtui.core.control.plane import ScreenPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan
from podtui.core.model.requests import Recover
from podtui.core.model.trash import TrashView
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import bindings_of
from podtui.tui.commands.keymap import Keymap
from podtui.tui.dialogs.recover import RecoverDialog, Recovery
from podtui.tui.dialogs.words import Words
from podtui.tui.feeds.mailbox import post
from podtui.tui.panes.lists.trash_list import TrashList
from podtui.tui.screens.command_screen import CommandScreen
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.safe_input import SafeInput
from podtui.tui.widgets.spans import Line, own, safe, wrap_words

LONGEST_TEXT = 400
MOST_LINES = 3
FOOT = "nothing here is deleted from the screen; only podtui purge --older-than AGE does that"


class TrashScreen(CommandScreen[Recovery | None]):
    """Returns what is to be recovered, or None.

    Args:
        plane: called in threads only.
        local_time: returns the time here, which says what "today" is.
    """

    @dataclass
    class Listed(Message):
        """The entries of the trash, or the error instead of them."""

        result: Sequence[TrashView] | PodtuiError

    AUTO_FOCUS = "#trash-line"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("trash")

    def __init__(
        self, plane: ScreenPlane, keymap: Keymap, local_time: Callable[[], datetime]
    ) -> None:
        super().__init__(keymap)
        self._plane = plane
        self._local_time = local_time
        self.title_bar = PaneTitle(id="trash-title")
        self.line = SafeInput(id="trash-line", compact=True)
        self.list = TrashList(local_time, id="trash")
        self.detail = Words(self._detail, id="trash-detail")
        self.notices = NoticeBar(id="notices")
        self.commands = {
            "trash.up": partial(self.list.action_move, -1),
            "trash.down": partial(self.list.action_move, 1),
            "trash.page-up": partial(self.list.action_page, -1),
            "trash.page-down": partial(self.list.action_page, 1),
            "trash.recover": self._recover,
            "trash.back": self._go_back,
        }

    def compose(self) -> ComposeResult:
        yield self.title_bar
        with Horizontal(id="trash-filter"):
            yield Static(" filter ▸ ", classes="line-label", markup=False)
            yield self.line
        yield self.list
        yield self.detail
        yield Words(self._foot, id="trash-foot")
        yield self.notices
        yield self.key_bar("trash")

    def on_mount(self) -> None:
        self.notices.display = False
        self.title_bar.focused = True
        self.list.rebuild()
        self._read_trash()

    # the entries

    @work(thread=True, exclusive=True, group="trash")
    def _read_trash(self) -> None:
        try:
            result: Sequence[TrashView] | PodtuiError = self._plane.trash()
        except PodtuiError as error:
            result = error
        post(self, self.Listed(result))

    def on_trash_screen_listed(self, message: Listed) -> None:
        message.stop()
        if isinstance(message.result, PodtuiError):
            self.notices.show_notice(Notice.of_error(message.result))
            self.list.show(())
        else:
            self.list.show(message.result)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.list.filter(event.value)

    def on_row_list_changed(self, message: RowList.Changed) -> None:
        message.stop()
        entries = self.list.entries or ()
        left: Line = (own("trash", "title"),)
        if self.list.wanted:
            words = safe(f" · {self.list.wanted} · ", "accent", 40)
            left = (*left, words, own(f"{self.list.row_count} of {len(entries)}", "accent"))
        self.title_bar.left = left
        pods = "1 pod" if len(entries) == 1 else f"{len(entries)} pods"
        self.title_bar.right = (own(pods, "muted"),)
        self.detail.renew()

    def _detail(self, width: int) -> list[Line]:
        """Return the facts about the selected entry that are not in its row."""
        entry = self.list.selected
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

    # commands

    def _recover(self) -> None:
        """Show the plan that recovers the selected pod."""
        entry = self.list.selected
        if entry is None:
            return

        def plan(entry_id: str, as_name: str | None) -> Plan:
            return self._plane.plan(Recover((entry_id,), as_name))

        def answered(recovery: Recovery | None) -> None:
            if recovery is not None:
                self.dismiss(recovery)

        self.app.push_screen(RecoverDialog(entry, plan), answered)

    def on_trash_list_chosen(self, message: TrashList.Chosen) -> None:
        message.stop()
        self._recover()

    def _go_back(self) -> None:
        """End the filter, then go back to the pods."""
        if self.line.value:
            self.line.value = ""
        elif self.is_current:
            self.dismiss(None)
