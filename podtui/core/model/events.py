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


MOST_LISTED = 32
"""Entries of one list of details that are kept."""


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event or a diagnostic says, in fields; each is there where it has a meaning.

    Attributes:
        words: the summary without the name of its pod.
        cause: why, in words that are the same for all pods it happened to.
        trash_id: of the entry of the trash.
        old_name: what the pod was called before.
        paths: scopes: "write /a".
        loans: ids of the loans that changed.
        runs: numbers of the runs it is about, besides the one of the event.
        ended: processes that were ended.
        survivors: processes that are still there.
        parent: name of the pod's parent.
    """

    words: str = ""
    cause: str = ""
    trash_id: str = ""
    old_name: str = ""
    paths: tuple[str, ...] = ()
    loans: tuple[str, ...] = ()
    runs: tuple[int, ...] = ()
    ended: tuple[str, ...] = ()
    survivors: tuple[str, ...] = ()
    parent: str = ""

    def cut(self, characters: int) -> Details:
        """Return them with no text longer than ``characters``, and lists of bounded length."""
        bounded: dict[str, object] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str):
                bounded[name] = cut_text(value, characters)
            else:
                # A line of a log has a limit, and the summary names the first few anyhow.
                bounded[name] = tuple(
                    cut_text(each, characters // 16) if isinstance(each, str) else each
                    for each in value[:MOST_LISTED]
                )
        return msgspec.structs.replace(self, **bounded)


NO_DETAILS = Details()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal.

    Attributes:
        id: unique; deterministic for what may be seen by many and is to be written once.
        pod: name of the pod, or None.
        summary: one sentence for a person, which no program needs to read.
        details: the same for a program; lines of earlier versions have none.
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
    details: Details | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        refuse_edges_of_time(self)

    @property
    def facts(self) -> Details:
        """The details; those of a line without any are all empty."""
        return self.details or NO_DETAILS

    def cut(self, characters: int) -> Event:
        """Return the event with no text longer than ``characters``, and text that is UTF-8."""
        return msgspec.structs.replace(
            self,
            summary=cut_text(self.summary, characters),
            pod=None if self.pod is None else cut_text(self.pod, characters),
            actor=None if self.actor is None else cut_text(self.actor, characters),
            details=self.details and self.details.cut(characters),
        )
