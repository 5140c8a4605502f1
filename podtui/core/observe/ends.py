"""Writing the end of a run into the journal: once, whoever notices it and however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from podtui.core.errors import PodtuiError
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import EndedMarker
from podtui.core.model.verdicts import Status
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store

KINDS = {
    Status.EXITED: EventKind.EXITED,
    Status.FAILED: EventKind.FAILED,
    Status.LOST: EventKind.LOST,
}


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A proven end of a run."""

    pod: str
    pod_id: str
    run: int
    status: Status
    at: datetime
    summary: str
    never_started: bool = False

    @property
    def event_id(self) -> str:
        """Return the id every observer gives this end."""
        return f"{self.pod_id}.{self.run}.ended"

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


class EndsJournal:
    """Remembers which ends are written, and writes those that are not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[str] = set()
        self.trouble = ""

    def record(self, ends: list[RunEnd]) -> None:
        """Write every end that is not in the journal yet.

        A disk that refuses is told in ``trouble`` and tried again with the next look: the verdict
        itself rests on the records and stands.
        """
        new = [end for end in ends if not self._is_written(end)]
        if not new or self._store.read_only:
            return
        try:
            self._store.journal.append_once(end.as_event() for end in new)
            for end in new:
                self._mark(end)
        except (OSError, PodtuiError) as error:
            self.trouble = f"the journal could not be written: {error}"
            return
        self.trouble = ""

    def _is_written(self, end: RunEnd) -> bool:
        if end.event_id in self._written:
            return True
        marker = self._store.paths.pod(end.pod).run(end.run).ended_marker
        try:
            written = self._store.system.fs.stamp(marker) is not None
        except OSError:
            # Could not tell: the journal itself is asked, under its lock.
            return False
        if written:
            self._written.add(end.event_id)
        return written

    def _mark(self, end: RunEnd) -> None:
        """Leave a note beside the run, so that the journal need not be searched again.

        The note is a convenience, so it is not synced: without it the journal is asked.
        """
        marker = EndedMarker(event_id=end.event_id, at=end.at, status=end.status.value)
        path = self._store.paths.pod(end.pod).run(end.run).ended_marker
        self._store.system.fs.replace(path, encode_json(marker), sync=False)
        self._written.add(end.event_id)
