"""Sentences about many things that happened at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

NAMED = 5
"""Names that a sentence about many pods gives; the others are counted."""


def group_near_in_time(
    names: Collection[str], what: str, at: datetime, reasons: Collection[str] = ()
) -> str:
    """Return "7 pods were lost at 12:03 (why): a, b, c, d, e and 2 more".

    The time is local; a reason is given when all have the same; "" is none.
    """
    shown = ", ".join(sorted(names)[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    different = set(reasons)
    reason = different.pop() if len(different) == 1 else ""
    why = f" ({reason})" if reason else ""
    return f"{len(names)} pods {what} at {at.astimezone():%H:%M}{why}: {shown}{more}"
