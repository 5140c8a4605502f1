"""The clock that the screen is given."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What the screen asks of a clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC: to be shown, never to be subtracted."""
        ...

    def boottime(self) -> float:
        """Return seconds since boot, sleep included: for ages and deadlines."""
        ...

    def monotonic(self) -> float:
        """Return seconds that do not count sleep: for pauses between two readings."""
        ...
