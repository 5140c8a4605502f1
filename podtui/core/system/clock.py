"""The only clock: wall time for people, boot time for durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What podtui asks of a clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC: to be shown, never to be subtracted."""
        ...

    def boottime(self) -> float:
        """Return seconds since boot, sleep included: the clock of durations and deadlines."""
        ...

    def monotonic(self) -> float:
        """Return seconds that do not count sleep: with `boottime` it tells that the host slept."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait a little before a retry; never used to wait for what can be waited on."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def monotonic(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


class FrozenClock:
    """A clock for tests: stands still until it is moved."""

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
