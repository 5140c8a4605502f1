"""What the operator must not miss: each written once, with its evidence and the way back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from podtui.core.model.appearance import Role
from podtui.core.model.events import NO_DETAILS, Details, cut_text
from podtui.core.model.records import FORMAT_VERSION, Moment, refuse_edges_of_time
from podtui.core.model.requests import Request, undo_request
from podtui.core.model.verdicts import Evidence

MOST_EVIDENCE = 32


class DiagnosticKind(StrEnum):
    """What a diagnostic is about."""

    LOST = "lost"
    NEVER_STARTED = "never_started"
    RESTORED = "restored"
    RESTORE_FAILED = "restore_failed"
    BRAKED = "braked"
    REAPED = "reaped"
    SURVIVORS = "survivors"
    PRUNED = "pruned"
    RECOVERED = "recovered"
    PURGED = "purged"
    LOAN_RETURNED = "loan_returned"
    LOAN_LENT = "loan_lent"
    HANDOFF = "handoff"
    INTERRUPTED = "interrupted"


class Undo(msgspec.Struct, frozen=True):
    """The command that takes something back.

    Attributes:
        action: a verb of the command line: "recover", "restore", "relend", "return".
        target: what it is given: a pod, an id.
    """

    action: str
    target: str

    @property
    def command(self) -> str:
        return f"podtui {self.action} {shlex.quote(self.target)}"


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the diagnostics.

    Attributes:
        id: made in the same way by every writer, so that each is written once.
        summary: one sentence for a person, which no program needs to read.
        details: the same for a program; lines of earlier versions have none.
        evidence: what it rests on, at the time it was written.
        undo: the way back, None where there is none.
    """

    id: str
    at: Moment
    kind: DiagnosticKind
    summary: str
    pod: str | None = None
    pod_id: str | None = None
    run: int | None = None
    actor: str | None = None
    evidence: tuple[Evidence, ...] = ()
    undo: Undo | None = None
    format: int = FORMAT_VERSION
    details: Details | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        refuse_edges_of_time(self)

    @property
    def facts(self) -> Details:
        """The details; those of a line without any are all empty."""
        return self.details or NO_DETAILS

    def cut(self, characters: int) -> Diagnostic:
        """Return the diagnostic with no text longer than ``characters``, in UTF-8."""
        return msgspec.structs.replace(
            self,
            summary=cut_text(self.summary, characters),
            pod=None if self.pod is None else cut_text(self.pod, characters),
            actor=None if self.actor is None else cut_text(self.actor, characters),
            evidence=tuple(
                msgspec.structs.replace(each, detail=cut_text(each.detail, characters))
                for each in self.evidence[:MOST_EVIDENCE]
            ),
            details=self.details and self.details.cut(characters),
        )


def undo_of(diagnostics: Sequence[Diagnostic]) -> Request | None:
    """Return the one request that takes back diagnostics of one kind; None when none does."""
    undos = [each for each in diagnostics if each.undo is not None]
    action = undos[0].undo.action if undos and undos[0].undo else ""
    targets = [_target(each) for each in undos if each.undo and each.undo.action == action]
    return undo_request(action, targets)


def _target(diagnostic: Diagnostic) -> str:
    """Return what the undo is about: the pod by its id where it has one, to mean no namesake."""
    target = diagnostic.undo.target if diagnostic.undo else ""
    is_pod = diagnostic.pod_id and target == diagnostic.pod
    return diagnostic.pod_id if is_pod and diagnostic.pod_id else target


# how each kind looks: the same behind every door


class KindLook(NamedTuple):
    """One kind: a one-cell shape, a word, the role of its colour, what is said of many pods."""

    glyph: str
    word: str
    role: Role
    of_many: str


KINDS: Mapping[DiagnosticKind, KindLook] = MappingProxyType(
    {
        DiagnosticKind.LOST: KindLook("⊘", "lost", "lost", "were lost"),
        DiagnosticKind.NEVER_STARTED: KindLook("⊘", "never started", "lost", "never started"),
        DiagnosticKind.RESTORED: KindLook("✓", "restored", "working", "were restored"),
        DiagnosticKind.RESTORE_FAILED: KindLook(
            "✗", "not restored", "failed", "could not be restored"
        ),
        DiagnosticKind.BRAKED: KindLook("▲", "braked", "stalled", "were not restored any more"),
        DiagnosticKind.REAPED: KindLook("✓", "reaped", "quiet", "had leftovers reaped"),
        DiagnosticKind.SURVIVORS: KindLook("▲", "survivors", "failed", "have survivors"),
        DiagnosticKind.PRUNED: KindLook("▽", "pruned", "quiet", "were pruned"),
        DiagnosticKind.RECOVERED: KindLook("△", "recovered", "working", "were recovered"),
        DiagnosticKind.PURGED: KindLook("✗", "purged", "quiet", "were purged"),
        DiagnosticKind.LOAN_RETURNED: KindLook("◁", "returned", "quiet", "had scopes returned"),
        DiagnosticKind.LOAN_LENT: KindLook("▷", "lent", "quiet", "had scopes lent again"),
        DiagnosticKind.HANDOFF: KindLook("▲", "handoff", "stalled", "were handed to the reaper"),
        DiagnosticKind.INTERRUPTED: KindLook(
            "▲", "interrupted", "stalled", "had an action broken off"
        ),
    }
)
