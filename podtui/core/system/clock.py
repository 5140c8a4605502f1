"""The only clock: wall time for people, boot time for durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The clock that the core is given."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC: to be shown, never to be subtracted."""
        ...

    def boottime(self) -> float:
        """Return seconds since boot, sleep included: the clock of durations and deadlines."""
        ...

    def monotonic(self) -> float:
        """Return seconds that do not count sleep: with `boottime` it shows that the host slept."""
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
