"""The screen of diagnostics: what was lost or done, on what evidence, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.getters import query_one

from podtui.core.control.plane import Plane
from podtui.core.diagnostics.report import DiagnosticsPicture
from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Report
from podtui.core.text.safe import safe_line
from podtui.tui.bars.input_bar import InputBar
from podtui.tui.bars.key_bar import KeyBar
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import bindings_of
from podtui.tui.commands.keymap import Keymap
from podtui.tui.controllers.action_runner import ActingScreen, Attach, undoing
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.panes.lists.diagnostics_list import DiagnosticsList
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.spans import Line, own

UNDO = "diagnostics.undo"


class DiagnosticsScreen(ActingScreen):
    """Shows the picture it is given; made once and kept, so that no outcome is lost with it.

    Args:
        tell_elsewhere: shows what an action came to while this screen is not on.
        keep_elsewhere: keeps a report where it can be shown again.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("diagnostics")

    told = query_one("#told", DiagnosticsList)
    title_bar = query_one("#told-title", PaneTitle)
    notices = query_one("#notices", NoticeBar)
    input_bar = query_one("#input", InputBar)
    keys = query_one("#keys", KeyBar)

    def __init__(
        self,
        plane: Plane,
        attach: Attach,
        keymap: Keymap,
        local_time: Callable[[], datetime],
        *,
        tell_elsewhere: Callable[[Notice], None],
        keep_elsewhere: Callable[[Report], None],
    ) -> None:
        super().__init__(plane, attach, keymap)
        self._local_time = local_time
        self._tell_elsewhere = tell_elsewhere
        self._keep_elsewhere = keep_elsewhere
        self._given = DiagnosticsPicture()

    def compose(self) -> ComposeResult:
        yield PaneTitle(id="told-title")
        yield DiagnosticsList(self._local_time, id="told")
        yield NoticeBar(id="notices")
        yield InputBar(id="input")
        commands = [each for each in self.keymap.commands if each.place == "diagnostics"]
        yield KeyBar(commands, id="keys")

    def on_mount(self) -> None:
        self.notices.display = False
        self.title_bar.focused = True
        self.told.show(self._given)
        self.told.focus()

    def on_screen_resume(self) -> None:
        self.told.focus()

    def open_anew(self) -> None:
        """Begin at the newest: the screen is opened again."""
        if self.is_mounted:
            self.notices.forget()
            self.told.begin()

    def show(self, picture: DiagnosticsPicture) -> None:
        """Take a new picture."""
        self._given = picture
        if self.is_mounted:
            self.told.show(picture)

    def tell(self, outcome: Notice) -> None:
        """Show an outcome above the keys, here or where the operator is by now."""
        if self in self.app.screen_stack:
            self.notices.say(outcome)
        else:
            self._tell_elsewhere(outcome)

    def keep_report(self, report: Report) -> None:
        # The key that shows a report is one of the pods' screen.
        self._keep_elsewhere(report)

    def on_acting_screen_done(self, message: ActingScreen.Done) -> None:
        message.stop()
        self.end(message)

    def on_row_list_changed(self, message: RowList.Changed) -> None:
        message.stop()
        shown = self.told
        unread = sum(map(shown.picture.is_unread, shown.picture.entries))
        total = len(shown.picture.entries)
        left: Line = (own("diagnostics", "title"),)
        if shown.wanted:
            words = safe_line(shown.wanted, 40)
            left = (*left, own(f" · {words} · {shown.found} of {total}", "accent"))
        self.title_bar.left = left
        self.title_bar.right = (own(f"{unread} unread of {total}" if total else "none", "muted"),)
        for problem in shown.picture.problems[:1]:
            self.notices.stand(Notice.of_words(problem, is_trouble=True))
        row = shown.selected
        has_undo = row is not None and any(
            each.undo is not None and each.id not in shown.picture.undone for each in row.meant
        )
        self.keys.hide(frozenset() if has_undo else frozenset({UNDO}))

    # actions

    def action_move(self, rows: int) -> None:
        """Move the selection."""
        self.told.move(rows)

    def action_page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self.told.page(direction)

    def action_first(self) -> None:
        """Select the newest."""
        self.told.go_to_end(False)

    def action_last(self) -> None:
        """Select the oldest."""
        self.told.go_to_end(True)

    def action_unfold(self) -> None:
        """Show the evidence, or each of many."""
        self.told.toggle()

    def action_undo(self) -> None:
        """Show the plan that takes back what is selected."""
        row = self.told.selected
        if row is None:
            return
        undone = self.told.picture.undone
        meant = [each for each in row.meant if each.undo is not None and each.id not in undone]
        intended = undoing(self.plane, meant, row.label, UNDO)
        if intended is not None:
            self.propose(intended)
            return
        past = next((undone[each.id] for each in row.meant if each.id in undone), "")
        words = f"it is {past} already" if past else "there is no way back from this"
        self.tell(Notice.of_words(words))

    def action_filter(self) -> None:
        """Open the line for the filter."""
        self.input_bar.ask("filter", text=self.told.wanted)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.keymap.commands))

    def action_back(self) -> None:
        """End the filter, then go back to the pods."""
        if self.told.wanted:
            self.told.filter("")
            return
        self.leave()

    def leave(self) -> None:
        """Go back to the pods; what was on screen is seen now."""
        drawn = self.told.take_drawn()
        if drawn and not self.plane.read_only:
            self.mark_read(drawn)
        self.app.pop_screen()
        if self.notices.outcome is not None:
            # Who leaves at once has not read it.
            self._tell_elsewhere(self.notices.outcome)

    @work(thread=True, exclusive=False, group="seen", exit_on_error=True)
    def mark_read(self, ids: Collection[str]) -> None:
        """Note what was seen; the next picture shows it."""
        try:
            self.plane.mark_diagnostics_read(ids)
        except PodtuiError as error:
            self.post_message(self.Done(Notice.of_error(error)))

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        message.stop()
        await self.app.run_action(message.command.action, self)

    # the line to type in

    def on_input_bar_typed(self, message: InputBar.Typed) -> None:
        message.stop()
        self.told.filter(message.text)

    def on_input_bar_cancelled(self, message: InputBar.Cancelled) -> None:
        message.stop()
        self.told.filter("")
        self.told.focus()

    def on_input_bar_submitted(self, message: InputBar.Submitted) -> None:
        message.stop()
        self.told.filter(message.text)
        self.told.focus()
