"""Snapshots from the core's thread, at most one of them waiting, at most twenty a second."""

from __future__ import annotations

from textual.message import Message
from textual.message_pump import MessagePump

from podtui.core.model.snapshot import Snapshot
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.mailbox import Mailbox, post

FLUSH_S = 0.05


class SnapshotFeed:
    """Hands the newest snapshot to the event loop; what was overtaken is never drawn.

    Args:
        pump: gets one `Arrived` however many snapshots came since the last was taken.
    """

    class Arrived(Message):
        """There is a snapshot to take."""

    def __init__(self, pump: MessagePump, clock: Clock) -> None:
        self._clock = clock
        self._taken_at = float("-inf")
        self._box: Mailbox[Snapshot] = Mailbox(lambda: post(pump, self.Arrived()))
        self.put = self._box.put

    def wait_s(self) -> float:
        """Return how many seconds to wait before the next snapshot is taken, 0 when none."""
        return max(self._taken_at + FLUSH_S - self._clock.monotonic(), 0.0)

    def take(self) -> Snapshot | None:
        """Return the newest snapshot, None when it was taken already."""
        snapshot = self._box.take()
        if snapshot is not None:
            self._taken_at = self._clock.monotonic()
        return snapshot
