"""What is written into the journal."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from podtui.core.model.records import FORMAT_VERSION, Moment, refuse_edges_of_time


class EventKind(StrEnum):
    """What happened."""

    STORE_CREATED = "store_created"
    SPAWN_INTENDED = "spawn_intended"
    SPAWNED = "spawned"
    SPAWN_FAILED = "spawn_failed"
    STOP_INTENDED = "stop_intended"
    STOPPED = "stopped"
    STOP_FAILED = "stop_failed"
    SENT = "sent"
    EXITED = "exited"
    FAILED = "failed"
    LOST = "lost"
    NEVER_STARTED = "never_started"
    LEDGER_MENDED = "ledger_mended"
    STALLED = "stalled"
    OBSERVER_UNWELL = "observer_unwell"
    RECORD_UNREADABLE = "record_unreadable"
    LINE_SKIPPED = "line_skipped"


END_KINDS = frozenset({EventKind.EXITED, EventKind.FAILED, EventKind.LOST, EventKind.NEVER_STARTED})


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal.

    Attributes:
        id: unique; deterministic for what may be seen by many and is to be written once.
        pod: name of the pod, or None.
        summary: one sentence for a person.
    """

    id: str
    at: Moment
    kind: EventKind
    summary: str
    pod: str | None = None
    pod_id: str | None = None
    run: int | None = None
    actor: str | None = None
    format: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        refuse_edges_of_time(self)
