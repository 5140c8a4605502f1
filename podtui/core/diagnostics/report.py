"""Prepares diagnostics for display: merges those that came together, and finds what is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from podtui.core.model.diagnostics import KINDS, Diagnostic, DiagnosticKind
from podtui.core.text.grouping import group_near_in_time

MANY = 2
"""From this number of pods on, diagnostics that came together are one entry."""
TOGETHER = timedelta(seconds=2)
"""Diagnostics that follow each other within this time came together."""
LONGEST_TOGETHER = timedelta(seconds=60)
"""A series that lasts longer becomes several entries, so that no entry grows for ever."""


class Entry(msgspec.Struct, frozen=True):
    """One line on the screen: a diagnostic, or several of one kind that came together.

    Attributes:
        members: oldest first, at least one.
        sentence: what happened; not yet safe.
    """

    members: tuple[Diagnostic, ...]
    sentence: str

    @property
    def id(self) -> str:
        """The id; it stays the same while members are added."""
        return self.members[0].id

    @property
    def kind(self) -> DiagnosticKind:
        return self.members[0].kind

    @property
    def at(self) -> datetime:
        """When its newest member was written."""
        return self.members[-1].at

    @property
    def is_many(self) -> bool:
        return len(self.members) > 1

    @property
    def label(self) -> str:
        """The pod's name, or how many pods; "" when it is about no pod."""
        if self.is_many:
            return f"{len(pods_of(self.members))} pods"
        return self.members[0].pod or ""

    @property
    def words(self) -> str:
        """The sentence without the name of its pod, which is the label."""
        return self.sentence if self.is_many else words_of(self.members[0])


class DiagnosticsPicture(msgspec.Struct, frozen=True, kw_only=True):
    """All diagnostics, as they are now.

    Attributes:
        diagnostics: as they were written, oldest first.
        entries: the same merged, newest first.
        unread: ids of those the reader has not seen.
        undone: by id, why an undo is no longer possible or needed ("restored", "purged").
        problems: sentences about what is unreadable.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    entries: tuple[Entry, ...] = ()
    unread: frozenset[str] = frozenset()
    undone: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()

    def is_unread(self, entry: Entry) -> bool:
        """Whether the reader has not seen one of the entry's members."""
        return any(each.id in self.unread for each in entry.members)

    def open_undo(self, entry: Entry) -> tuple[Diagnostic, ...]:
        """Return the members that can still be undone."""
        return tuple(
            each for each in entry.members if each.undo is not None and each.id not in self.undone
        )


def words_of(diagnostic: Diagnostic) -> str:
    """Return what a diagnostic says without the name of its pod, as far as it is recorded so."""
    return diagnostic.facts.words or diagnostic.summary


def pods_of(members: Sequence[Diagnostic]) -> tuple[str, ...]:
    """Return the names of the pods that diagnostics are about, each once, in their order."""
    return tuple(dict.fromkeys(each.pod for each in members if each.pod))


def merged(diagnostics: Sequence[Diagnostic]) -> tuple[Entry, ...]:
    """Return entries, newest first; those of one kind and actor that came together are merged."""
    groups: list[list[tuple[int, Diagnostic]]] = []
    growing: dict[tuple[DiagnosticKind, str | None], list[tuple[int, Diagnostic]]] = {}
    for place, each in enumerate(diagnostics):
        key = (each.kind, each.actor)
        group = growing.get(key)
        if group is None or not _comes_with(group, each):
            group = growing[key] = []
            groups.append(group)
        group.append((place, each))
    placed = [part for group in groups for part in _parts(group)]
    placed.sort(key=lambda part: part[0], reverse=True)
    return tuple(entry for _, entry in placed)


def _comes_with(group: Sequence[tuple[int, Diagnostic]], each: Diagnostic) -> bool:
    first, last = group[0][1], group[-1][1]
    if each.pod is None or last.pod is None:
        return False
    # If the clock was set back, diagnostics that are hours apart must not be joined.
    return abs(each.at - last.at) <= TOGETHER and abs(each.at - first.at) <= LONGEST_TOGETHER


def _parts(group: Sequence[tuple[int, Diagnostic]]) -> list[tuple[int, Entry]]:
    """Return a group as one entry, or one entry for each when they are about too few pods."""
    members = tuple(each for _, each in group)
    names = pods_of(members) if len(members) >= MANY else ()
    if len(names) < MANY:
        return [(place, Entry((each,), each.summary)) for place, each in group]
    what = KINDS[members[0].kind].of_many
    causes = {each.facts.cause for each in members}
    sentence = group_near_in_time(names, what, members[0].at, causes)
    return [(group[-1][0], Entry(members, sentence))]


_RESTORED = {DiagnosticKind.RESTORED: "restored"}
_OVER = {
    DiagnosticKind.RESTORED: "restored since",
    DiagnosticKind.LOST: "lost since",
    DiagnosticKind.PRUNED: "pruned since",
}
_AWAY = {DiagnosticKind.RECOVERED: "recovered", DiagnosticKind.PURGED: "purged"}
_ENDINGS: Mapping[str, Mapping[DiagnosticKind, str]] = {
    "restore": _RESTORED,
    "recover": _AWAY,
    "prune": {DiagnosticKind.PRUNED: "pruned"},
    "stop": _OVER,
}
"""For each undo: which later diagnostics of the same pod show that it is no longer needed."""
_BACK = {
    DiagnosticKind.LOAN_LENT: ("relend", "lent again"),
    DiagnosticKind.LOAN_RETURNED: ("return", "returned"),
}


def undone_of(diagnostics: Sequence[Diagnostic]) -> dict[str, str]:
    """Return by id why an undo is no longer needed, as later diagnostics show.

    Where no diagnostic shows it, the plan of the undo refuses.
    """
    undone: dict[str, str] = {}
    later: dict[str, set[DiagnosticKind]] = {}
    is_away: dict[str, bool] = {}
    turned: set[tuple[str, str]] = set()
    for each in reversed(diagnostics):
        since = later.setdefault(each.pod_id, set()) if each.pod_id else set()
        why = _why_undone(each, since, turned, is_away=is_away.get(each.pod_id or "", False))
        if why:
            undone[each.id] = why
        since.add(each.kind)
        if each.pod_id and each.kind in {DiagnosticKind.PRUNED, DiagnosticKind.RECOVERED}:
            is_away.setdefault(each.pod_id, each.kind is DiagnosticKind.PRUNED)
        if each.kind in _BACK and each.undo is not None:
            turned.add((_BACK[each.kind][0], each.undo.target))
    return undone


def _why_undone(
    each: Diagnostic,
    since: set[DiagnosticKind],
    turned: set[tuple[str, str]],
    *,
    is_away: bool,
) -> str:
    if each.undo is None:
        return ""
    for kind, word in _ENDINGS.get(each.undo.action, {}).items():
        if kind in since:
            return word
    if (each.undo.action, each.undo.target) in turned:
        return next(word for action, word in _BACK.values() if action == each.undo.action)
    # A pod in the trash can only be recovered.
    return "pruned since" if is_away and each.undo.action != "recover" else ""


def picture_of(
    diagnostics: Sequence[Diagnostic],
    *,
    unread: frozenset[str],
    problems: tuple[str, ...] = (),
) -> DiagnosticsPicture:
    """Prepare diagnostics, given oldest first, for display."""
    return DiagnosticsPicture(
        diagnostics=tuple(diagnostics),
        entries=merged(diagnostics),
        unread=unread,
        undone=undone_of(diagnostics),
        problems=problems,
    )
