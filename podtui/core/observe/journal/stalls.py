"""Writes into the journal that a run is stalled, once per episode, even with many observers.

An episode is identified by the length of the output at its start. Observers that have judged the
same output derive the same length. One that started late may find another start: so a stall that
was written after the last certain progress of the run belongs to this episode too.

A note beside the run says which stall is written, and how far the output has been judged since. An
observer that scans for the first time, and reads only the end of a long output, goes on from there.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import StalledMarker
from podtui.core.observe.journal.writer import OnceJournal
from podtui.core.observe.progress.new_output import MOST_FIRST_BYTES, Before
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store

NOTED_AGAIN_BYTES = MOST_FIRST_BYTES // 2
"""After so much chatter the note is written again: it must cover what a new observer reads."""


class Stall(msgspec.Struct, frozen=True):
    """An episode without progress that has become a stall.

    Attributes:
        offset: length of the output when the last that was new had come.
        judged_to: length of the output up to which nothing new came since.
        sure_at: wall time after which there was certainly no progress; None = unknown.
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
        """The id that observers that know the whole output give this episode."""
        return f"{self.pod_id}.{self.run}.stalled.{self.offset}"

    def is_noted_by(self, marker: StalledMarker) -> bool:
        """Whether a note says that this episode is written."""
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


def judged_before(marker: StalledMarker, pod_id: str, run: int) -> Before | None:
    """Return what a note says of the output of this run, None when it is of another."""
    if (marker.pod_id, marker.run) != (pod_id, run) or marker.offset is None:
        return None
    return Before(marker.offset, marker.judged_to)


class StallsJournal(OnceJournal[Stall]):
    """Writes stalls into the journal."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._latest: dict[tuple[str, int], StalledMarker] = {}

    def is_written(self, entry: Stall) -> bool:
        """Whether a stall is written, and noted as far as it matters; asks no disk."""
        known = self._known(entry)
        return known is not None and entry.judged_to < known.judged_to + NOTED_AGAIN_BYTES

    def _known(self, stall: Stall) -> StalledMarker | None:
        known = self._latest.get((stall.pod_id, stall.run))
        return known if known is not None and stall.is_noted_by(known) else None

    def _write(self, due: list[Stall]) -> None:
        new = [stall for stall in due if not self._is_in_journal(stall)]
        self._store.journal.append_once(stall.as_event() for stall in new)
        for stall in due:
            if not self.is_written(stall):
                self._mark(stall)

    def _is_in_journal(self, stall: Stall) -> bool:
        if self._known(stall):
            return True
        marker = self._store.stalled_marker(stall.pod, stall.run)
        if isinstance(marker, StalledMarker) and stall.is_noted_by(marker):
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
