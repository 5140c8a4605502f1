"""Decides why a run makes no progress, describes it, and decides when it is called a stall."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import inf

import msgspec

from podtui.core.model.verdicts import Answer, Source, Status
from podtui.core.observe.progress.cpu_work import Work
from podtui.core.observe.progress.progress import Progress
from podtui.core.text.durations import duration

LONG_TOOL_FACTOR = 3.0
"""The threshold of a run whose tools use the CPU is multiplied by this."""
AT_WORK = frozenset({Status.STARTING, Status.WORKING, Status.IDLE})
QUIET_WORDS_AFTER_S = 10.0
"""After this time the message says for how long there was no output."""
CHATTER_WORDS_AFTER_S = 60.0
"""After this time the message says that nothing new came. Not earlier: a program that computes
may show a spinner for a while."""
SILENT_SHARE = 0.9
"""Silent for this share of the time without progress, a run is called silent, not repeating."""


class StandstillKind(StrEnum):
    """Why a run seems to make no progress."""

    MUTE = "never printed anything"
    SILENT = "silent and idle"
    CHATTER = "repeats itself"
    LONG_TOOL = "in a long tool"
    PEER = "waits for another pod"


class Peer(msgspec.Struct, frozen=True):
    """A pod that a run waits for.

    Attributes:
        status: None when the observer does not scan that pod.
        gets_on: whether it works itself and waits for no other pod.
    """

    name: str
    status: Status | None = None
    gets_on: bool = False

    @property
    def words(self) -> str:
        return f"{self.name} ({self.status.value})" if self.status else self.name


class Standstill(msgspec.Struct, frozen=True):
    """A run without progress, stalled or not yet.

    Attributes:
        seconds: for how long, in awake time.
        limit_s: after how many seconds it is called stalled.
        words: the message of its row.
        is_quiet: the words say already for how long there was no output.
    """

    kind: StandstillKind
    seconds: float
    limit_s: float
    words: str
    source: Source = Source.OUTPUT
    is_quiet: bool = False

    @property
    def is_stall(self) -> bool:
        return self.seconds >= self.limit_s


def standstill_of(
    progress: Progress,
    work: Work | None,
    *,
    peers: Sequence[Peer] = (),
    awake_seconds: float,
    stall_after_s: float,
) -> Standstill | None:
    """Return the standstill of a live run, None when it makes progress or that is unknown."""
    quiet = progress.quiet_for(awake_seconds)
    stuck = progress.stuck_for(awake_seconds)
    if quiet is None or stuck is None:
        return None
    is_late = stuck >= stall_after_s
    if is_chattering(quiet, stuck, stall_after_s) and (is_late or stuck >= CHATTER_WORDS_AFTER_S):
        kind = StandstillKind.CHATTER
        words = f"running, only repeating itself for {duration(stuck)}"
    elif is_late or quiet >= QUIET_WORDS_AFTER_S:
        kind = StandstillKind.SILENT
        words = f"running, no new output for {duration(quiet)}"
    else:
        return None
    is_quiet = kind is StandstillKind.SILENT
    plain = Standstill(kind, stuck, stall_after_s, words, is_quiet=is_quiet)
    return _explained(plain, progress, work, peers) if is_late else plain


def _explained(
    plain: Standstill, progress: Progress, work: Work | None, peers: Sequence[Peer]
) -> Standstill:
    """Add why a run at its threshold makes no progress, and for how long that is acceptable."""
    if work is not None and work.answer is Answer.YES:
        return Standstill(
            StandstillKind.LONG_TOOL,
            plain.seconds,
            plain.limit_s * LONG_TOOL_FACTOR,
            f"{plain.words}, in a long tool: {work.words}",
            Source.PROCESS,
            plain.is_quiet,
        )
    if peers:
        return _waiting_for(plain, peers)
    if not progress.output_bytes:
        words = f"{plain.words}: it never printed anything"
        return msgspec.structs.replace(plain, kind=StandstillKind.MUTE, words=words)
    return plain


def _waiting_for(plain: Standstill, peers: Sequence[Peer]) -> Standstill:
    stuck = [each for each in peers if each.status is not None and each.status not in AT_WORK]
    if stuck:
        factor, named = 1.0, stuck
    elif any(each.gets_on for each in peers):
        # If that pod stops making progress, its own row reports it.
        factor, named = inf, [each for each in peers if each.gets_on]
    else:
        factor, named = LONG_TOOL_FACTOR, list(peers)
    names = ", ".join(each.words for each in named)
    return Standstill(
        StandstillKind.PEER,
        plain.seconds,
        plain.limit_s * factor,
        f"{plain.words}, waits for {names}",
        Source.PROCESS,
        plain.is_quiet,
    )


def is_chattering(quiet_s: float, stuck_s: float, stall_after_s: float) -> bool:
    """Whether a run printed for a good part of the time without progress, and nothing was new.

    A run that is silent for its whole threshold is reported as silent instead.
    """
    return quiet_s < SILENT_SHARE * stuck_s and quiet_s < stall_after_s
