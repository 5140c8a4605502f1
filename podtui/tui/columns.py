"""What one row of the tree says, column by column: pure, from a row to a line of spans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from podtui.core.model.appearance import APPEARANCE, INFERRED, status_word
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import LIVE_STATUSES, Status
from podtui.core.text.durations import age, size_short
from podtui.core.text.safe import SafeText, safe_line
from podtui.tui.rows import Row
from podtui.tui.spans import Line, Span, cut, fit, fit_right, own, width_of

UNFOLDED, FOLDED, SELECTED = "▾", "▸", "▌"
LEVELS = "▁▂▃▄▅▆▇█"
ACTIVITY_CELLS = 10
LONGEST_NAME_SHOWN = 200
INDENT = 2
SHORTEST_NAME = 12
PERCENT_WITH_FRACTION = 9.95


class Columns(NamedTuple):
    """Widths in cells; 0 for a column there is no room for. ``note`` spans the last three."""

    name: int
    status: int
    age: int
    activity: int = 0
    cpu: int = 0
    memory: int = 0

    @property
    def note(pod: PodView) -> SafeText:
    """Return the reason that stands where a pod has no activity; "" where it has."""
    if pod.record_error:
        return SafeText("record unreadable")
    if pod.status in LIVE_STATUSES:
        return SafeText("")
    message = safe_line(pod.message, LONGEST_NAME_SHOWN)
    # What the status column says already is not said again.
    said = (APPEARANCE[pod.status].word, f"exited {pod.exit_code}")
    for word in said:
        message = SafeText(message.removeprefix(word).removeprefix(":").removeprefix(","))
    return SafeText(message.strip())


def age_seconds(pod: PodView, at: datetime, elapsed: float) -> float:
    """Return the seconds a row shows: how long quiet when alive, else how long in this status.

    Args:
        at: wall time of the snapshot the pod is from.
        elapsed: seconds since that snapshot, by a clock that counts sleep.
    """
    if pod.status in LIVE_STATUSES and pod.quiet_for_s is not None:
        return pod.quiet_for_s + elapsed
    return (at - pod.since).total_seconds() + elapsed
