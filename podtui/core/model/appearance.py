"""Appearance of each status: shape, word and role of colour, the same in every front end.

Shape and word show the state; the role only chooses a colour, and no meaning depends on it.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import LIVE_STATUSES, Status

Role = Literal["working", "waiting", "stalled", "failed", "lost", "unknown", "quiet"]
STOPPED = "stopped"
"""The word for what ended because it was asked to."""
INFERRED = "~"
"""Written before a status that is inferred, not asserted by the agent or the kernel."""


class Appearance(NamedTuple):
    """One status as the operator sees it: a one-cell shape, a word, and the role of its colour."""

    glyph: str
    word: str
    role: Role


APPEARANCE: Mapping[Status, Appearance] = MappingProxyType(
    {
        Status.STARTING: Appearance("◔", "starting", "quiet"),
        Status.WORKING: Appearance("●", "working", "working"),
        Status.IDLE: Appearance("○", "idle", "quiet"),
        Status.WAITING: Appearance("◆", "waiting", "waiting"),
        Status.STALLED: Appearance("▲", "stalled", "stalled"),
        Status.UNRESPONSIVE: Appearance("◌", "unresponsive", "stalled"),
        Status.EXITED: Appearance("✓", "exited", "quiet"),
        Status.FAILED: Appearance("✗", "failed", "failed"),
        Status.LOST: Appearance("⊘", "lost", "lost"),
        Status.UNKNOWN: Appearance("?", "unknown", "unknown"),
    }
)


def signal_name(number: int) -> str:
    """Return a signal's name ("SIGKILL"), or "signal 99" for one this system does not name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def status_word(view: PodView) -> str:
    """Return the status in few words: "exited 0", "failed 137", "killed SIGKILL", "~stalled"."""
    word = APPEARANCE[view.status].word
    if view.status is Status.EXITED and view.asked_by:
        # Its signal or code says how it took the request, and its message says the same.
        word = STOPPED
    elif view.status in {Status.EXITED, Status.FAILED}:
        if view.signal is not None:
            how = "killed" if view.status is Status.FAILED else word
            word = f"{how} {signal_name(view.signal)}"
        elif view.exit_code is not None:
            word = f"{word} {view.exit_code}"
    # "Could not tell" is itself the guess-free answer: a mark would say it twice.
    inferred = not view.asserted and view.status is not Status.UNKNOWN
    return f"{INFERRED}{word}" if inferred else word


URGENCY: dict[Status, int] = {
    status: rank
    for rank, status in enumerate(
        (
            Status.WAITING,
            Status.LOST,
            Status.FAILED,
            Status.UNKNOWN,
            Status.UNRESPONSIVE,
            Status.STALLED,
            Status.STARTING,
            Status.IDLE,
            Status.WORKING,
            Status.EXITED,
        )
    )
}
"""Order of statuses by how much they need the operator; 0 needs most."""


def age_seconds(pod: PodView, at: datetime, elapsed: float) -> float:
    """Return the seconds a row shows: how long quiet when alive, else how long in this status.

    Of a stalled pod it is the time without progress: one that repeats itself is never quiet.
    ``at`` is the wall time of the snapshot the pod is from, ``elapsed`` the seconds since then by
    a clock that counts sleep.
    """
    if pod.status in LIVE_STATUSES and pod.quiet_for_s is not None:
        stuck = pod.progress_quiet_s if pod.status is Status.STALLED else None
        return max(pod.quiet_for_s, stuck or 0.0) + elapsed
    return (at - pod.since).total_seconds() + elapsed
