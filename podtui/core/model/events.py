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
    RESTORE_INTENDED = "restore_intended"
    RESTORED = "restored"
    RESTORE_FAILED = "restore_failed"
    REAP_INTENDED = "reap_intended"
    REAPED = "reaped"
    REAP_FAILED = "reap_failed"
    PRUNE_INTENDED = "prune_intended"
    PRUNED = "pruned"
    PRUNE_FAILED = "prune_failed"
    RECOVER_INTENDED = "recover_intended"
    RECOVERED = "recovered"
    RECOVER_FAILED = "recover_failed"
    PURGE_INTENDED = "purge_intended"
    PURGED = "purged"
    PURGE_FAILED = "purge_failed"
    RETURN_INTENDED = "return_intended"
    RETURN_FAILED = "return_failed"
    RELEND_INTENDED = "relend_intended"
    RELEND_FAILED = "relend_failed"
    LOAN_LENT = "loan_lent"
    LOAN_RETURNED = "loan_returned"
    FINISHED_LATER = "finished_later"
    ROLLED_BACK = "rolled_back"
    EXITED = "exited"
    FAILED = "failed"
    LOST = "lost"
    NEVER_STARTED = "never_started"
    LEDGER_REPAIRED = "ledger_mended"
    STALLED = "stalled"
    OBSERVER_UNWELL = "observer_unwell"
    RECORD_UNREADABLE = "record_unreadable"
    LINE_SKIPPED = "line_skipped"


def cut_text(text: str, characters: int) -> str:
    """Return a text of at most so many characters that can be encoded."""
    return text[:characters].encode("utf-8", "replace").decode()


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

    def cut(self, characters: int) -> Event:
        """Return the event with no text longer than ``characters``, and text that is UTF-8."""
        return msgspec.structs.replace(
            self,
            summary=cut_text(self.summary, characters),
            pod=None if self.pod is None else cut_text(self.pod, characters),
            actor=None if self.actor is None else cut_text(self.actor, characters),
        )
