"""Watches the diagnostics, counts the unread ones, and shows the newest above the keys.

It stands above the keys for a minute, or until it is read; the count stands in the first line for
as long as there are unread ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.message import Message
from textual.message_pump import MessagePump

from podtui.core.control.plane import Closing
from podtui.core.diagnostics.report import DiagnosticsPicture, Entry
from podtui.core.model.diagnostics import KINDS
from podtui.tui.bars.header_bar import HeaderBar
from podtui.tui.bars.notice_bar import NoticeBar
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.widgets.spans import Line, own, safe

SHOWN_S = 60.0
"""How long a diagnostic stands above the keys; the count stays."""
LONGEST_NOTICE = 600


class DiagnosticsFeed:
    """Owns the watch over the diagnostics, which has a thread of its own.

    Attributes:
        picture: the newest picture.
        noticed: the entry above the keys, None when there is none.
        local_time: returns the time here, which says what "today" is.
    """

    class Arrived(Message):
        """A new picture of the diagnostics is waiting."""

    def __init__(
        self,
        host: MessagePump,
        runner: ActionRunner,
        clock: Clock,
        local_time: Callable[[], datetime],
        *,
        header: HeaderBar,
        notices: NoticeBar,
    ) -> None:
        self._plane = runner.plane
        self._keymap = runner.keymap
        self._clock = clock
        self.local_time = local_time
        self._header = header
        self._notices = notices
        self.picture = DiagnosticsPicture()
        self.noticed: Entry | None = None
        self._box: Mailbox[DiagnosticsPicture] = Mailbox(lambda: post(host, self.Arrived()))
        self._shown_until = 0.0
        self._known = 0
        self._view: Closing | None = None
        self._is_stopped = False

    # the watch

    def start(self) -> None:
        """Begin to watch, once."""
        if self._view is None and not self._is_stopped:
            self._view = self._plane.watch_diagnostics(self._box.put)

    def stop(self) -> None:
        """Start no watch any more; returns at once."""
        self._is_stopped = True

    def join(self) -> None:
        """End the watch; takes a bounded time."""
        if self._view is not None:
            self._view.close()

    # the newest picture

    def take(self) -> None:
        """Show the count and the notice of the newest picture."""
        picture = self._box.take()
        if picture is None:
            return
        self.picture = picture
        self._header.show_unread(
            sum(map(picture.is_unread, picture.entries)), self._keymap.shown("view.diagnostics")
        )
        new = {each.id for each in picture.diagnostics[self._known :]}
        self._known = len(picture.diagnostics)
        newest = next((each for each in picture.entries if picture.is_unread(each)), None)
        if newest is not None and any(each.id in new for each in newest.members):
            self._shown_until = self._clock.boottime() + SHOWN_S
            self._notice(newest)
        elif self.noticed is not None:
            # It may have grown, or have been read meanwhile, here or elsewhere.
            before = self.noticed.id
            same = (e for e in picture.entries if e.id == before and picture.is_unread(e))
            self._notice(next(same, None))

    def tick(self) -> None:
        """Take a notice away when its time is over."""
        if self.noticed is not None and self._clock.boottime() >= self._shown_until:
            self._notice(None)

    def _notice(self, entry: Entry | None) -> None:
        self.noticed = entry
        if entry is None:
            self._notices.show_diagnostic((), (), "")
            return
        look = KINDS[entry.kind]
        today = self.local_time()
        at = entry.at.astimezone(today.tzinfo)
        time = f"{at:%H:%M}" if at.date() == today.date() else f"{at:%b %d %H:%M}"
        line: Line = (
            own(f" {look.glyph} ", look.role),
            own(f"{time} ", "muted"),
            safe(entry.sentence, "text", LONGEST_NOTICE),
        )
        self._notices.show_diagnostic(line, self._undo_key(entry), entry.sentence)

    def _undo_key(self, entry: Entry) -> Line:
        offered = self.picture.open_undo(entry)
        if not offered or offered[0].undo is None:
            return (own(f"  {self._keymap.shown('view.diagnostics')} ", "key"),)
        verb = offered[0].undo.action
        return (own(f" — {verb}: ", "muted"), own(f"{self._keymap.shown('pod.recover')} ", "key"))
