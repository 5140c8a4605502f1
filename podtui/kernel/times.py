"""Moments as texts, without ``datetime``, which the supervisor does not load."""

from __future__ import annotations

import time

_NANOSECONDS = 1_000_000_000


def rfc3339(wall_ns: int) -> str:
    """Return a moment of the wall clock in nanoseconds as RFC 3339, UTC, to the microsecond."""
    seconds, rest = divmod(wall_ns, _NANOSECONDS)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{moment}.{rest // 1000:06d}Z"
