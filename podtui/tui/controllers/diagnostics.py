"""The part of the main screen that has to do with diagnostics: feed, count, notice, the way there.

The newest one that was not seen stands above the keys for a minute, or until it is seen; how many
there are stands in the first line for as long as there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from textual.getters import query_one
from textual.message import Message

from podtui.core.control.plane import Closing, Plane
from podtui.core.diagnostics.report import DiagnosticsPicture, Entry
from podtui.core.model.diagnostics import KINDS
from podtui.tui.bars.header_bar import HeaderBar
from podtui.tui.commands.keymap import Keymap
from podtui.tui.controllers.action_runner import Attach
from podtui.tui.controllers.output_views import ViewingScreen
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.widgets.spans import Line, own, safe

if TYPE_CHECKING:
    from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen

SHOWN_S = 60.0
"""How long a diagnostic stands above the keys; then the count tells that there is something."""
LONGEST_NOTICE = 600


class DiagnosticsFeed:
    """Owns the watch over the diagnostics, which has a thread of its own."""

    def __init__(self, plane: Plane, put: Callable[[DiagnosticsPicture], None]) -> None:
        self._plane = plane
        self._put = put
        self._view: Closing | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Begin to watch, once."""
        if self._view is None and not self._is_stopped:
            self._view = self._plane.watch_diagnostics(self._put)

    def stop(self) -> None:
        """Begin no more; returns at once."""
        self._is_stopped = True

    def join(self) -> None:
        """End the watch; takes a bounded time."""
        if self._view is not None:
            self._view.close()


class TellingScreen(ViewingScreen):
    """Takes pictures of the diagnostics.

    Attributes:
        told: the newest picture.
        noticed: the entry that stands above the keys, None when none does.
    """

    header = query_one("#header", HeaderBar)

    class Told(Message):
        """There is a new picture of the diagnostics to take."""

    def __init__(self, plane: Plane, attach: Attach, clock: Clock, keymap: Keymap) -> None:
        super().__init__(plane, attach, clock, keymap)
        self.told = DiagnosticsPicture()
        self.noticed: Entry | None = None
        self._told_box: Mailbox[DiagnosticsPicture] = Mailbox(lambda: post(self, self.Told()))
        self._notice_until = 0.0
        self._known = 0
        self._diagnostics_screen: DiagnosticsScreen | None = None
        self.diagnostics_feed = DiagnosticsFeed(plane, self._told_box.put)

    def on_telling_screen_told(self, message: Told) -> None:
        message.stop()
        picture = self._told_box.take()
        if picture is None:
            return
        self.told = picture
        self.header.tell(
            sum(map(picture.is_unread, picture.entries)), self.keymap.shown("view.diagnostics")
        )
        self._notice_newest(picture)
        if self._diagnostics_screen is not None:
            self._diagnostics_screen.show(picture)

    def _notice_newest(self, picture: DiagnosticsPicture) -> None:
        fresh = {each.id for each in picture.diagnostics[self._known :]}
        self._known = len(picture.diagnostics)
        newest = next((each for each in picture.entries if picture.is_unread(each)), None)
        if newest is not None and any(each.id in fresh for each in newest.members):
            self._notice_until = self._clock.boottime() + SHOWN_S
            self._notice(newest)
        elif self.noticed is not None:
            # It may have grown, or have been seen meanwhile, here or elsewhere.
            before = self.noticed.id
            still = (e for e in picture.entries if e.id == before and picture.is_unread(e))
            self._notice(next(still, None))

    def tick_told(self) -> None:
        """Let a notice go when its time is over."""
        if self.noticed is not None and self._clock.boottime() >= self._notice_until:
            self._notice(None)

    def _notice(self, entry: Entry | None) -> None:
        self.noticed = entry
        if entry is None:
            self.notices.show_told((), (), "")
            return
        look = KINDS[entry.kind]
        at = entry.at.astimezone(self._local_time().tzinfo)
        is_today = at.date() == self._local_time().date()
        time = f"{at:%H:%M}" if is_today else f"{at:%b %d %H:%M}"
        line: Line = (
            own(f" {look.glyph} ", look.role),
            own(f"{time} ", "muted"),
            safe(entry.sentence, "text", LONGEST_NOTICE),
        )
        self.notices.show_told(line, self._way_back(entry), entry.sentence)

    def _way_back(self, entry: Entry) -> Line:
        offered = self.told.open_undo(entry)
        if not offered or offered[0].undo is None:
            return (own(f"  {self.keymap.shown('view.diagnostics')} ", "key"),)
        verb = offered[0].undo.action
        return (own(f" — {verb}: ", "muted"), own(f"{self.keymap.shown('pod.recover')} ", "key"))

    def _local_time(self) -> datetime:
        return self._clock.now().astimezone()

    def action_diagnostics(self) -> None:
        """Show the diagnostics."""
        screen = self._diagnostics_screen
        if screen is None:
            # Loaded here only: the first paint does not need it.
            from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen  # noqa: PLC0415

            screen = self._diagnostics_screen = DiagnosticsScreen(
                self.plane,
                self._hand_over,
                self.keymap,
                self._local_time,
                tell_elsewhere=self.tell,
                keep_elsewhere=self.keep_report,
            )
            # Kept by name: a screen that is only pushed would be gone with what is under way on it.
            self.app.install_screen(screen, "diagnostics")
            screen.show(self.told)
        screen.open_anew()
        self.app.push_screen(screen)

    def back_to_pods(self) -> None:
        """Leave the diagnostics, when they are on screen."""
        if self._diagnostics_screen is not None and self._diagnostics_screen.is_current:
            self._diagnostics_screen.leave()
