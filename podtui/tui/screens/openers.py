"""Opens the screens that stand on top of the main one; each is loaded when it is first opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from podtui.core.model.requests import Spawn
from podtui.core.text.safe import safe_line
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.commands.keymap import ScreenSettings
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.controllers.diagnostics import DiagnosticsFeed
from podtui.tui.controllers.pod_actions import PodActions
from podtui.tui.dialogs.help import HelpScreen

if TYPE_CHECKING:
    from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen

NAME_SHOWN = 80


class Openers:
    """Opens screens, and shows notices on the one where the operator is.

    Args:
        main: the screen below the others.
        notices: the lines above its keys.
    """

    def __init__(
        self,
        main: Screen[Any],
        notices: NoticeBar,
        runner: ActionRunner,
        actions: PodActions,
        *,
        feed: DiagnosticsFeed,
        setup: ScreenSettings,
    ) -> None:
        self._main = main
        self._notices = notices
        self._runner = runner
        self._actions = actions
        self._feed = feed
        self._setup = setup
        self._diagnostics: DiagnosticsScreen | None = None

    # notices

    def show_notice(self, notice: Notice) -> None:
        """Show a notice on the diagnostics while they are open, else on the main screen."""
        screen = self._diagnostics
        is_open = screen is not None and screen in self._main.app.screen_stack
        (screen.notices if screen is not None and is_open else self._notices).show_notice(notice)

    def show_running(self, sentences: Sequence[str]) -> None:
        """Show on both screens which actions are running."""
        self._notices.show_running(sentences)
        if self._diagnostics is not None and self._diagnostics.is_mounted:
            self._diagnostics.notices.show_running(sentences)

    # screens

    def open_help(self) -> None:
        """Show all keys."""
        self._main.app.push_screen(HelpScreen(self._runner.keymap.commands))

    def open_trash(self) -> None:
        """Show the trash, and recover what is chosen in it."""
        from podtui.tui.screens.trash_screen import TrashScreen  # noqa: PLC0415

        screen = TrashScreen(self._runner.plane, self._runner.keymap, self._feed.local_time)
        self._main.app.push_screen(screen, self._actions.recover)

    def undo_or_open_trash(self) -> None:
        """Show the plan that undoes the diagnostic above the keys, else the trash."""
        if not self._actions.undo(self._feed.noticed, self._feed.picture):
            self.open_trash()

    def open_spawn(self) -> None:
        """Show the form for a new pod, and start what is confirmed."""
        # The form needs the whole core, the first paint does not.
        from podtui.tui.dialogs.spawn import SpawnForm  # noqa: PLC0415

        def answered(request: Spawn | None) -> None:
            if request is not None:
                self._runner.say(f"starting {safe_line(request.name, NAME_SHOWN)} …")
                self._runner.carry_out(request)

        form = SpawnForm(
            self._runner.plane.plan,
            parent=self._actions.parent_of_new,
            directory=".",
            stall_after_s=self._setup.stall_after_s,
        )
        self._main.app.push_screen(form, answered)

    def open_diagnostics(self) -> None:
        """Show the diagnostics."""
        screen = self._diagnostics
        if screen is None:
            from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen  # noqa: PLC0415

            screen = self._diagnostics = DiagnosticsScreen(self._runner, self._feed.local_time)
            # Kept by name, since a screen that is only pushed is removed when it is left.
            self._main.app.install_screen(screen, "diagnostics")
            screen.show(self._feed.picture)
        screen.reopen()
        self._main.app.push_screen(screen)

    def show_diagnostics(self) -> None:
        """Give the newest picture to the screen of diagnostics, when there is one."""
        if self._diagnostics is not None:
            self._diagnostics.show(self._feed.picture)

    def leave_diagnostics(self) -> None:
        """Go back to the pods when the diagnostics are on screen."""
        if self._diagnostics is not None and self._diagnostics.is_current:
            self._diagnostics.leave()
