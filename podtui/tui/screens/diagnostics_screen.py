"""The screen of diagnostics: what was lost or done, on what evidence, and the undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from podtui.core.diagnostics.report import DiagnosticsPicture
from podtui.core.text.safe import safe_line
from podtui.tui.bars.input_bar import InputBar
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import bindings_of
from podtui.tui.controllers.action_runner import ActionRunner, undo_action
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.panes.lists.diagnostics_list import DiagnosticsList
from podtui.tui.screens.command_screen import CommandScreen
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.spans import Line, own

UNDO = "diagnostics.undo"


class DiagnosticsScreen(CommandScreen[None]):
    """Shows the picture it is given.

    Args:
        runner: that of the main screen, which outlives this one.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("diagnostics")

    def __init__(self, runner: ActionRunner, local_time: Callable[[], datetime]) -> None:
        super().__init__(runner.keymap)
        self._runner = runner
        self._given = DiagnosticsPicture()
        self.title_bar = PaneTitle(id="diagnostics-title")
        self.list = DiagnosticsList(local_time, id="diagnostics")
        self.notices = NoticeBar(id="notices")
        self.input_bar = InputBar(id="input")
        self.keys = self.key_bar("diagnostics")
        self.commands = {
            "diagnostics.up": partial(self.list.action_move, -1),
            "diagnostics.down": partial(self.list.action_move, 1),
            "diagnostics.page-up": partial(self.list.action_page, -1),
            "diagnostics.page-down": partial(self.list.action_page, 1),
            "diagnostics.first": self.list.action_first,
            "diagnostics.last": self.list.action_last,
            "diagnostics.unfold": self.list.toggle,
            UNDO: self._undo,
            "diagnostics.filter": lambda: self.input_bar.ask("filter", text=self.list.wanted),
            "diagnostics.help": lambda: self.app.push_screen(HelpScreen(self.keymap.commands)),
            "diagnostics.back": self._go_back,
        }

    def compose(self) -> ComposeResult:
        yield self.title_bar
        yield self.list
        yield self.notices
        yield self.input_bar
        yield self.keys

    def on_mount(self) -> None:
        self.notices.display = False
        self.title_bar.focused = True
        self.list.show(self._given)

    def on_screen_resume(self) -> None:
        self.list.focus()
        self._runner.show_progress()

    def reopen(self) -> None:
        """Begin at the newest, because the screen is opened again."""
        if self.is_mounted:
            self.notices.clear_notice()
            self.list.begin()

    def show(self, picture: DiagnosticsPicture) -> None:
        """Take a new picture."""
        self._given = picture
        if self.is_mounted:
            self.list.show(picture)

    def on_row_list_changed(self, message: RowList.Changed) -> None:
        message.stop()
        shown, picture = self.list, self.list.picture
        unread = sum(map(picture.is_unread, picture.entries))
        total = len(picture.entries)
        left: Line = (own("diagnostics", "title"),)
        if shown.wanted:
            words = safe_line(shown.wanted, 40)
            left = (*left, own(f" · {words} · {shown.found} of {total}", "accent"))
        self.title_bar.left = left
        self.title_bar.right = (own(f"{unread} unread of {total}" if total else "none", "muted"),)
        for problem in picture.problems[:1]:
            self.notices.show_trouble(Notice.of_words(problem, is_trouble=True))
        row = shown.selected
        has_undo = row is not None and any(
            each.undo is not None and each.id not in picture.undone for each in row.members
        )
        self.keys.hide(frozenset() if has_undo else frozenset({UNDO}))

    # commands

    def _undo(self) -> None:
        """Show the plan that undoes the selected diagnostic."""
        row, undone = self.list.selected, self.list.picture.undone
        if row is None:
            return
        is_open = [each for each in row.members if each.undo is not None and each.id not in undone]
        action = undo_action(self._runner.plane, is_open, row.label, UNDO)
        if action is not None:
            self._runner.propose(action)
            return
        past = next((undone[each.id] for each in row.members if each.id in undone), "")
        self._runner.say(f"it is {past} already" if past else "there is no undo for this")

    def _go_back(self) -> None:
        """End the filter, then go back to the pods."""
        if self.list.wanted:
            self.list.filter("")
        else:
            self.leave()

    def leave(self) -> None:
        """Go back to the pods; what was on screen is marked as read."""
        drawn = self.list.take_drawn()
        if drawn and not self._runner.plane.read_only:
            self._runner.in_thread(partial(self._runner.plane.mark_diagnostics_read, drawn))
        self.app.pop_screen()
        if self.notices.notice is not None:
            # The operator may not have read it yet.
            self._runner.show_notice(self.notices.notice)

    # the line to type in

    @on(InputBar.Typed)
    @on(InputBar.Cancelled)
    @on(InputBar.Submitted)
    def _take_line(self, message: InputBar.Typed | InputBar.Cancelled | InputBar.Submitted) -> None:
        message.stop()
        self.list.filter("" if isinstance(message, InputBar.Cancelled) else message.text)
        if not isinstance(message, InputBar.Typed):
            self.list.focus()
