"""Writing into the journal that a run is stalled: once per episode, whoever notices it.

An episode is named after the length of the output at which it began, which all who look derive
alike as long as they have judged the same output. Who began to look late may put the beginning
elsewhere: so a stall written after the last certain progress of the run is of this episode too.

A note beside the run says which stall is written, and how far the output has been judged since:
whoever looks for the first time, and sees the end of a long output only, goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from podtui.core.errors import PodtuiError
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import PodRecord, StalledMarker
from podtui.core.model.verdicts import Status
from podtui.core.observe.memory import PodMemory
from podtui.core.observe.progress.new_output import MOST_FIRST_BYTES, Before
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker

NOTED_AGAIN_BYTES = MOST_FIRST_BYTES // 2
"""Chatter after which the note is written anew: who looks at the end of the output must see it."""


class Stall(msgspec.Struct, frozen=True):
    """An episode without progress that has become a stall.

    Attributes:
        offset: length of the output when the last that was new had come.
        judged_to: length of the output up to which nothing new came since.
        sure_at: wall time after which there was certainly no progress; None = cannot be told.
        at: when the episode became a stall.
    """

    pod: str
    pod_id: str
    run: int
    offset: int
    judged_to: int
    sure_at: datetime | None
    at: datetime
    summary: str

    @property
    def event_id(self) -> str:
        """The id observers who know the whole output give this episode."""
        return f"{self.pod_id}.{self.run}.stalled.{self.offset}"

    def is_told_by(self, marker: StalledMarker) -> bool:
        """Whether what is noted as written is of this episode."""
        if marker.event_id == self.event_id:
            return True
        if (marker.pod_id, marker.run) != (self.pod_id, self.run):
            return False
        return self.sure_at is None or marker.at >= self.sure_at

    def as_event(self) -> Event:
        """Return the journal's event."""
        return Event(
            id=self.event_id,
            at=self.at,
            kind=EventKind.STALLED,
            pod=self.pod,
            pod_id=self.pod_id,
            run=self.run,
            summary=f"{self.pod}: {self.summary}",
        )


def stall_of(memory: PodMemory) -> Stall | None:
    """Return the stall a pod is in, None when it is in none that its output or tools tell of."""
    reading, pod = memory.reading, memory.record
    if reading is None or reading.status is not Status.STALLED or reading.standstill is None:
        return None
    if not isinstance(pod, PodRecord) or reading.since is None:
        return None
    return Stall(
        pod=memory.name,
        pod_id=pod.id,
        run=memory.run,
        offset=memory.progress.progress_offset,
        judged_to=memory.news.judged_to if memory.news else memory.progress.progress_offset,
        sure_at=memory.progress.progress_sure_at,
        at=reading.since,
        summary=reading.message,
    )


def judged_before(marker: StalledMarker, pod_id: str, run: int) -> Before | None:
    """Return what a note says of the output of this run, None when it is of another."""
    if (marker.pod_id, marker.run) != (pod_id, run) or marker.offset is None:
        return None
    return Before(marker.offset, marker.judged_to)


class StallsWriter(Protocol):
    """Where stalls go that are to be written into the journal."""

    @property
    def trouble(self) -> str:
        """Why a stall could not be written, "" when all could."""
        ...

    def record(self, stalls: list[Stall]) -> None:
        """Take care of these stalls; asked again with every look while they last."""
        ...


class StallsJournal:
    """Remembers which stalls are written, and writes those that are not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: dict[tuple[str, int], StalledMarker] = {}
        self.trouble = ""

    def record(self, stalls: list[Stall]) -> None:
        """Write every stall that is not in the journal yet; what fails is tried again."""
        due = [stall for stall in stalls if not self.is_noted(stall)]
        new = [stall for stall in due if not self._is_written(stall)]
        due = [stall for stall in due if not self.is_noted(stall)]
        if not due or self._store.read_only:
            return
        try:
            if new:
                self._store.journal.append_once(stall.as_event() for stall in new)
            for stall in due:
                self._mark(stall)
        except (OSError, PodtuiError) as error:
            self.trouble = f"the journal could not be written: {error}"
            return
        self.trouble = ""

    def is_noted(self, stall: Stall) -> bool:
        """Whether a stall is written, and noted as far as it matters; asks no disk."""
        known = self._known(stall)
        return known is not None and stall.judged_to < known.judged_to + NOTED_AGAIN_BYTES

    def _known(self, stall: Stall) -> StalledMarker | None:
        known = self._latest.get((stall.pod_id, stall.run))
        return known if known is not None and stall.is_told_by(known) else None

    def _is_written(self, stall: Stall) -> bool:
        if self._known(stall):
            return True
        marker = self._store.stalled_marker(stall.pod, stall.run)
        if isinstance(marker, StalledMarker) and stall.is_told_by(marker):
            self._latest[stall.pod_id, stall.run] = marker
            return True
        return False

    def _mark(self, stall: Stall) -> None:
        """Leave a note beside the run; a convenience, so it is not synced (see `EndsJournal`)."""
        known = self._known(stall)
        marker = StalledMarker(
            event_id=known.event_id if known else stall.event_id,
            at=known.at if known else stall.at,
            judged_to=stall.judged_to,
            pod_id=stall.pod_id,
            run=stall.run,
            offset=known.offset if known else stall.offset,
        )
        path = self._store.paths.pod(stall.pod).run(stall.run).stalled_marker
        self._store.system.fs.replace(path, encode_json(marker), sync=False)
        self._latest[stall.pod_id, stall.run] = marker


class StallsBeside:
    """Has stalls written from a thread of its own: no screen waits for the journal's lock."""

    def __init__(self, journal: StallsJournal, on_written: Callable[[], None]) -> None:
        self._journal = journal
        self._on_written = on_written
        self._under_way: set[str] = set()
        self._worker = Worker("podtui-stalls", self._write)

    def record(self, stalls: list[Stall]) -> None:
        """Write the stalls soon."""
        new = [
            stall
            for stall in stalls
            if stall.event_id not in self._under_way and not self._journal.is_noted(stall)
        ]
        self._under_way.update(stall.event_id for stall in new)
        if new:
            self._worker.give(new)

    @property
    def trouble(self) -> str:
        return self._worker.trouble or self._journal.trouble

    def close(self, timeout_s: float) -> bool:
        """Write what is still to be written and end; whether it has ended within the time."""
        return self._worker.close(timeout_s)

    def _write(self, stalls: list[Stall]) -> None:
        try:
            self._journal.record(stalls)
        finally:
            self._under_way.difference_update(stall.event_id for stall in stalls)
        self._on_written()
