"""Clocks for tests: one that stands still until it is moved, one that goes and can be set."""

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


class FrozenClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime, *, boottime: float = 1000.0) -> None:
        self._now = now
        self._boottime = boottime
        self._monotonic = boottime

    def now(self) -> datetime:
        return self._now

    def boottime(self) -> float:
        return self._boottime

    def monotonic(self) -> float:
        return self._monotonic

    def pause(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on every clock."""
        self._now += timedelta(seconds=seconds)
        self._boottime += seconds
        self._monotonic += seconds

    def sleep_host(self, seconds: float) -> None:
        """Let the host sleep: wall and boot time go on, monotonic time does not."""
        self._now += timedelta(seconds=seconds)
        self._boottime += seconds

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a correction of the time does."""
        self._now += timedelta(seconds=seconds)
