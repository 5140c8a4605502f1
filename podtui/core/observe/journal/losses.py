"""Reports many deaths at once as one notice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from podtui.core.model.verdicts import Status
from podtui.core.observe.journal.ends import RunEnd
from podtui.core.system.clock import Clock
from podtui.core.text.grouping import group_near_in_time

MANY = 2
TOGETHER_S = 2.0
"""Deaths found so shortly one after the other are one batch."""
SHOWN_S = 60.0


class Batch(msgspec.Struct):
    """Runs that were lost together; ``last_s`` is of the awake clock."""

    at: datetime
    last_s: float
    names: dict[str, str] = msgspec.field(default_factory=dict)

    def sentence(self) -> str:
        """Return what happened, with at most a few of the names."""
        return group_near_in_time(self.names, "were lost", self.at, self.names.values())


class LossNotices:
    """Gathers proven losses into batches and shows each batch for a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._batches: list[Batch] = []

    def note(self, ends: Iterable[RunEnd]) -> None:
        """Take losses that were just found."""
        lost = [end for end in ends if end.status is Status.LOST and not end.never_started]
        if not lost:
            return
        now = self._clock.monotonic()
        batch = self._batches[-1] if self._batches else None
        if batch is None or now - batch.last_s > TOGETHER_S:
            batch = Batch(self._clock.now(), now)
            self._batches.append(batch)
        batch.last_s = now
        batch.names.update({end.pod: end.cause for end in lost})

    def sentences(self) -> list[str]:
        """Return a sentence for every batch that is still to be shown, newest first."""
        now = self._clock.monotonic()
        self._batches = [each for each in self._batches if now - each.last_s < SHOWN_S]
        return [each.sentence() for each in reversed(self._batches) if len(each.names) >= MANY]
