"""Writing the end of a run into the journal: once, whoever notices it and however often.

A loss is a diagnostic as well. The note beside the run that says "written" is left only when both
lines are on the disk: who is killed between them, or meets a full disk, leaves the rest to the next
look of anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import Details, Event, EventKind
from podtui.core.model.records import EndedMarker
from podtui.core.model.verdicts import Evidence, Status
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker

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


class EndsWriter(Protocol):
    """Where ends go that are to be written into the journal."""

    def record(self, ends: list[RunEnd]) -> None:
        """Take care of these ends; asked again with every look until they are written."""
        ...


class EndsJournal:
    """Remembers which ends are written, and writes those that are not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[str, datetime] = {}
        self.trouble = ""

    def record(self, ends: list[RunEnd]) -> None:
        """Write every end that is not in the journal yet.

        A disk that refuses is told in ``trouble`` and tried again with the next look: the verdict
        itself rests on the records and stands.
        """
        new = [end for end in ends if not self.is_written(end)]
        if not new or self._store.read_only:
            return
        try:
            self._store.journal.append_once(end.as_event() for end in new)
            losses = (end.as_diagnostic() for end in new)
            self._store.diagnostics.append_once(loss for loss in losses if loss is not None)
            for end in new:
                self._mark(end)
        except (OSError, PodtuiError) as error:
            self.trouble = (
                f"what ended could not be written into journal and diagnostics yet: {error}"
            )
            return
        self.trouble = ""

    def is_written(self, end: RunEnd) -> bool:
        """Whether all there is to write of an end is known to be written."""
        return self.known_at(end.pod, end.pod_id, end.run) is not None

    def known_at(self, pod: str, pod_id: str, run: int) -> datetime | None:
        """Return when the end of a run was first noticed by anybody, None when nobody has.

        Of a note that cannot be had, or is of something else, the journal itself is asked later,
        under its lock.
        """
        wanted = event_id(pod_id, run)
        if wanted not in self._written:
            marker = self._store.ended_marker(pod, run)
            if isinstance(marker, EndedMarker) and marker.event_id == wanted:
                self._written[wanted] = marker.at
        return self._written.get(wanted)

    def _mark(self, end: RunEnd) -> None:
        """Leave a note beside the run, so that the journal need not be searched again.

        The note is a convenience, so it is not synced: without it the journal is asked. One that
        is there stays: it has the time of the observer who was first.
        """
        if not self.is_written(end):
            marker = EndedMarker(event_id=end.event_id, at=end.at, status=end.status.value)
            path = self._store.paths.pod(end.pod).run(end.run).ended_marker
            self._store.system.fs.replace(path, encode_json(marker), sync=False)
            self._written[end.event_id] = marker.at


class EndWriter:
    """Has ends written from a thread of its own: no screen waits for the journal's lock."""

    def __init__(self, journal: EndsJournal, on_written: Callable[[], None]) -> None:
        self._journal = journal
        self._on_written = on_written
        self._under_way: set[str] = set()
        self._worker = Worker("podtui-journal", self._write)

    def record(self, ends: list[RunEnd]) -> None:
        """Write the ends soon."""
        new = [
            end
            for end in ends
            if end.event_id not in self._under_way and not self._journal.is_written(end)
        ]
        self._under_way.update(end.event_id for end in new)
        if new:
            self._worker.give(new)

    @property
    def trouble(self) -> str:
        return self._worker.trouble

    def close(self, timeout_s: float) -> bool:
        """Write what is still to be written and end; whether it has ended within the time."""
        return self._worker.close(timeout_s)

    def _write(self, ends: list[RunEnd]) -> None:
        try:
            self._journal.record(ends)
        finally:
            self._under_way.difference_update(end.event_id for end in ends)
        self._on_written()
