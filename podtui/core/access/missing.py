"""Explains why a pod is missing: it was pruned, purged, or is not known."""

from __future__ import annotations

import shlex
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from podtui.core.errors import NotFound
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind
from podtui.core.model.records import TrashRecord

if TYPE_CHECKING:
    from podtui.core.store.store import Store
    from podtui.core.store.trash import TrashEntry


class GoneKind(StrEnum):
    """Where a pod went that is not in its place."""

    PRUNED = "pruned"
    PURGED = "purged"


class Gone(msgspec.Struct, frozen=True):
    """The reason why a pod is missing, and the way back.

    Attributes:
        words: what follows a name: "was pruned on … by …".
        next_step: the command that brings it back, or None when none does.
    """

    kind: GoneKind
    words: str
    next_step: str | None


def local_words(at: datetime) -> str:
    """Return a time as the operator's clock shows it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def recover_command(target: str) -> str:
    return f"podtui recover {shlex.quote(target)}"


def why_gone(store: Store, name_or_id: str, *, pod_id: str | None = None) -> Gone | None:
    """Return what became of a pod that was there once, None when nothing is known of it.

    With ``pod_id`` only that very pod counts, and not another of its name.
    """
    wanted = pod_id or name_or_id
    try:
        entries = [each for each in store.trash.named(wanted) if each.has_pod]
    except OSError:
        # The doctor reports a trash that cannot be listed; here it gives no answer.
        entries = []
    if entries:
        return _pruned(entries[0], target=name_or_id if pod_id is None else entries[0].id)
    return _purged(store, frozenset({wanted}))


def not_found(store: Store, name_or_id: str) -> NotFound:
    """Return the error for a pod that is not in its place: each case has its own answer."""
    gone = why_gone(store, name_or_id)
    if gone is None:
        return NotFound(
            f"there is no pod {name_or_id!r} in the store {store.paths.root}",
            pod=name_or_id,
            next_step="podtui ls shows the pods there are",
        )
    way_back = f"; recover with {gone.next_step}" if gone.next_step else ""
    return NotFound(
        f"{name_or_id!r} {gone.words}{way_back}",
        pod=name_or_id,
        next_step=gone.next_step or "podtui ls shows the pods there are",
    )


def _pruned(entry: TrashEntry, *, target: str) -> Gone:
    when = f" on {local_words(entry.pruned_at)}" if entry.pruned_at else ""
    who = f" by {entry.record.actor}" if isinstance(entry.record, TrashRecord) else ""
    return Gone(GoneKind.PRUNED, f"was pruned{when}{who}", recover_command(target))


def _purged(store: Store, wanted: frozenset[str]) -> Gone | None:
    for entry in reversed(store.diagnostics.read().entries):
        if entry.kind is DiagnosticKind.PURGED and not wanted.isdisjoint(_subjects(entry)):
            who = f" by {entry.actor}" if entry.actor else ""
            words = f"was pruned, and purged on {local_words(entry.at)}{who}"
            return Gone(GoneKind.PURGED, f"{words}: nothing brings it back", None)
    return None


def _subjects(entry: Diagnostic) -> set[str]:
    return {each for each in (entry.pod, entry.pod_id) if each}
