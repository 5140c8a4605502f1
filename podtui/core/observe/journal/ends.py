"""Writes the end of a run into the journal once, even if many observers notice it many times.

A loss is a diagnostic as well. The note "written" beside the run is left only when both lines are
on the disk: if an observer is killed between them, or the disk is full, the next scan by any
observer writes the rest.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import Details, Event, EventKind
from podtui.core.model.records import EndedMarker
from podtui.core.model.verdicts import Evidence, Status
from podtui.core.observe.journal.writer import OnceJournal
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store

KINDS = {
    Status.EXITED: EventKind.EXITED,
    Status.FAILED: EventKind.FAILED,
    Status.LOST: EventKind.LOST,
}


def event_id(pod_id: str, run: int) -> str:
    """Return the id every observer gives the end of a run."""
    return f"{pod_id}.{run}.ended"


class RunEnd(msgspec.Struct, frozen=True):
    """A proven end of a run."""

    pod: str
    pod_id: str
    run: int
    status: Status
    at: datetime
    summary: str
    cause: str = ""
    never_started: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def event_id(self) -> str:
        """Return the id every observer gives this end."""
        return event_id(self.pod_id, self.run)

    def as_event(self) -> Event:
        """Return the journal's event."""
        kind = EventKind.NEVER_STARTED if self.never_started else KINDS[self.status]
        return Event(
            id=self.event_id,
            at=self.at,
            kind=kind,
            pod=self.pod,
            pod_id=self.pod_id,
            run=self.run,
            summary=f"{self.pod}: {self.summary}",
        )

    def as_diagnostic(self) -> Diagnostic | None:
        """Return what the operator must not miss of it, None when it ended by itself."""
        if self.status is not Status.LOST:
            return None
        kind = DiagnosticKind.NEVER_STARTED if self.never_started else DiagnosticKind.LOST
        return Diagnostic(
            id=self.event_id,
            at=self.at,
            kind=kind,
            pod=self.pod,
            pod_id=self.pod_id,
            run=self.run,
            summary=f"{self.pod}: {self.summary}",
            details=Details(words=self.summary, cause=self.cause),
            evidence=self.evidence,
            undo=Undo("restore", self.pod),
        )


class EndsJournal(OnceJournal[RunEnd]):
    """Writes the ends of runs into the journal, and losses into the diagnostics."""

    failure = "what ended could not be written into journal and diagnostics yet"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._written: dict[str, datetime] = {}

    def is_written(self, entry: RunEnd) -> bool:
        return self.known_at(entry.pod, entry.pod_id, entry.run) is not None

    def known_at(self, pod: str, pod_id: str, run: int) -> datetime | None:
        """Return when an observer first noticed the end of a run, None when none has.

        If the note beside the run is missing, or belongs to another run, the journal itself is
        searched when the end is written, under its lock.
        """
        wanted = event_id(pod_id, run)
        if wanted not in self._written:
            marker = self._store.ended_marker(pod, run)
            if isinstance(marker, EndedMarker) and marker.event_id == wanted:
                self._written[wanted] = marker.at
        return self._written.get(wanted)

    def _write(self, due: list[RunEnd]) -> None:
        self._store.journal.append_once(end.as_event() for end in due)
        losses = (end.as_diagnostic() for end in due)
        self._store.diagnostics.append_once(loss for loss in losses if loss is not None)
        for end in due:
            self._mark(end)

    def _mark(self, end: RunEnd) -> None:
        """Leave a note beside the run, so that the journal need not be searched again.

        The note is a convenience, so it is not synced: without it the journal is searched. A note
        that is already there stays: it has the time of the first observer.
        """
        if not self.is_written(end):
            marker = EndedMarker(event_id=end.event_id, at=end.at, status=end.status.value)
            path = self._store.paths.pod(end.pod).run(end.run).ended_marker
            self._store.system.fs.replace(path, encode_json(marker), sync=False)
            self._written[end.event_id] = marker.at
