"""A clock that goes as the real one does, and that a test can set."""

from __future__ import annotations

from datetime import datetime, timedelta

from podtui.core.system.clock import SystemClock


class MovableClock(SystemClock):
    """The real clocks, each moved by as much as a test asked for."""

    def __init__(self) -> None:
        self.wall_s = self.boot_s = self.awake_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.wall_s)

    def boottime(self) -> float:
        return super().boottime() + self.boot_s

    def monotonic(self) -> float:
        return super().monotonic() + self.awake_s

    def pass_time(self, seconds: float) -> None:
        """Let time pass on every clock."""
        self.wall_s += seconds
        self.boot_s += seconds
        self.awake_s += seconds

    def sleep_host(self, seconds: float) -> None:
        """Let the host sleep: only the clock of awake time stands still."""
        self.wall_s += seconds
        self.boot_s += seconds

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock."""
        self.wall_s += seconds
