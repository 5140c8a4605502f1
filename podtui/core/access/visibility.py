"""Decides which pods a caller may see: a rule for pods that call podtui, not a protection.

A pod's processes have the rights of its user, and can read every file of the store. The rule keeps
agents from meddling with pods that are none of their business; it is not meant to keep a secret.

Parents and children are found by ids, in the records and children ledgers of pods in place and in
the trash: a child stays its parent's when its record cannot be read, when either was restored,
and when a pod between them was pruned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from podtui.core.errors import NotVisible
from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.events import Event
from podtui.core.model.loans import LoanBook
from podtui.core.model.records import ChildEntry, PodRecord, RunRecord, TrashRecord
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.paths import POD_ID_VARIABLE, POD_VARIABLE, STORE_VARIABLE, PodPaths
from podtui.core.store.children import children_of
from podtui.core.store.codec import read_record

if TYPE_CHECKING:
    from podtui.core.store.store import Store

Entry = TypeVar("Entry", Event, Diagnostic)
ALL = "all"
WHOLE_PICTURE = f"env -u {POD_ID_VARIABLE} podtui"


class Sight:
    """The pods of a store that one caller may see.

    Attributes:
        caller: name of the pod that asks, "" for the operator.
        pod_id: its id, "" for the operator.
    """

    def __init__(self, store: Store, *, caller: str = "", pod_id: str = "") -> None:
        self._store = store
        self.caller = caller
        self.pod_id = pod_id

    @cached_property
    def sees_all(self) -> bool:
        """Whether nothing is hidden: from the operator, and from pods that were granted all."""
        return not self.pod_id or ALL in self._granted

    @cached_property
    def _granted(self) -> frozenset[str]:
        for record in _records(self._store):
            if record.id == self.pod_id:
                return frozenset(record.sees)
        return frozenset()

    def names(self) -> frozenset[str]:
        """Return the names of the pods in place that are seen, as it is now."""
        kin = _Ancestry(self._store)
        ids, names = kin.below(self.pod_id)
        ids |= self._granted
        return frozenset(
            name
            for name, record in kin.in_place.items()
            if (record.id in ids if record else name in names or name == self.caller)
        )

    def ids(self) -> frozenset[str]:
        """Return the ids of the pods that are seen, also of those in the trash."""
        return frozenset(_Ancestry(self._store).below(self.pod_id)[0] | self._granted)

    def refuse(self, name: str) -> None:
        """Raise NotVisible for a pod in place that is not seen."""
        if self.sees_all or name in self.names():
            return
        raise NotVisible(
            f"{name!r} exists but is not visible to you (pod {self.caller!r}), because it is"
            " neither you nor below you and the operator has not granted it",
            pod=name,
            next_step="podtui ls shows the pods you see; the operator grants more with"
            " podtui spawn --sees",
        )

    def limit(self, picture: Snapshot) -> Snapshot:
        """Return a picture with what is seen only; whose parent is not seen is a root in it."""
        if self.sees_all:
            return picture
        names = self.names()
        pods = tuple(_seen_rows(picture.pods, names))
        counts = {
            status: number
            for status in picture.counts
            if (number := sum(view.status is status for view in pods))
        }
        hidden = len(picture.pods) - len(pods)
        words = f"{hidden} more not visible to pod {self.caller!r}: {WHOLE_PICTURE} shows all"
        notices = (*picture.notices, words) if hidden else picture.notices
        return msgspec.structs.replace(picture, pods=pods, counts=counts, notices=notices)

    def limit_loans(self, book: LoanBook) -> LoanBook:
        """Return the loans of the pods that are seen."""
        if self.sees_all:
            return book
        names = self.names()
        return LoanBook(
            loans=tuple(loan for loan in book.loans if loan.pod in names),
            doubts={pod: doubt for pod, doubt in book.doubts.items() if pod in names},
        )

    def visible(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return the events or diagnostics of pods that are seen, and those of no pod."""
        if self.sees_all:
            return tuple(entries)
        ids = self.ids()
        return tuple(each for each in entries if each.pod_id is None or each.pod_id in ids)


def sight_of(store: Store, environment: Mapping[str, str]) -> Sight:
    """Return what the caller with this environment sees of a store.

    A pod is known by its id, which is in its environment, and in this store: a pod of another
    store, even of a copy of this one, asks as the operator does.
    """
    pod_id = environment.get(POD_ID_VARIABLE, "")
    if not pod_id or not _is_home(store, environment.get(STORE_VARIABLE, "")):
        return Sight(store)
    name = environment.get(POD_VARIABLE, "")
    for record in _records(store):
        if record.id == pod_id:
            return Sight(store, caller=record.name, pod_id=pod_id)
    if _is_unreadable_caller(store, name, pod_id) or any(
        entry.pod_id == pod_id for entry, _ in _trashed(store)
    ):
        return Sight(store, caller=name, pod_id=pod_id)
    return Sight(store)


def _is_home(store: Store, home: str) -> bool:
    """Whether the store that a caller was given is this one; True when it was given none."""
    fs = store.system.fs
    try:
        given = str(Path(home).expanduser().absolute())
        return not home or fs.resolved(given) == fs.resolved(str(store.paths.root.absolute()))
    except (OSError, RuntimeError, ValueError):
        return False


def _is_unreadable_caller(store: Store, name: str, pod_id: str) -> bool:
    """Whether the pod of this name, whose own record cannot be read, is the caller."""
    try:
        if name not in store.pod_names() or isinstance(store.pod_record(name), PodRecord):
            return False
        runs = [store.run_record(name, number) for number in store.run_numbers(name)]
    except OSError:
        return False
    return any(isinstance(run, RunRecord) and run.pod_id == pod_id for run in runs)


def _seen_rows(views: Iterable[PodView], names: frozenset[str]) -> Iterator[PodView]:
    """Yield the rows of a tree that are seen, each as deep as it is below others that are seen."""
    above: list[tuple[int, bool]] = []
    for view in views:
        while above and above[-1][0] >= view.depth:
            above.pop()
        seen = view.name in names
        if seen:
            yield msgspec.structs.replace(view, depth=sum(shown for _, shown in above))
        above.append((view.depth, seen))


def _records(store: Store) -> Iterator[PodRecord]:
    try:
        names = store.pod_names()
    except OSError:
        # A caller that asks for more gets that answer.
        return
    for name in names:
        record = store.pod_record(name)
        if isinstance(record, PodRecord):
            yield record


def _trashed(store: Store) -> Iterator[tuple[TrashRecord, PodPaths]]:
    fs, paths = store.system.fs, store.paths
    try:
        names = fs.names_in(paths.trash)
    except OSError:
        return
    for name in names:
        entry = paths.trashed(name)
        record = read_record(fs, entry.record, TrashRecord)
        if isinstance(record, TrashRecord):
            yield record, entry.pod


class _Ancestry:
    """Parents and children, as the records and the ledgers have them now.

    Attributes:
        in_place: every pod in place by name, None for one whose record cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.in_place: dict[str, PodRecord | None] = {}
        self._children: dict[str, set[str]] = {}
        self._ledgers: dict[str, list[PodPaths]] = {}
        for name in store.pod_names():
            record = store.pod_record(name)
            self.in_place[name] = known = record if isinstance(record, PodRecord) else None
            if known is not None:
                self._enter(known.id, known.parent_id, store.paths.pod(name))
        for trashed, paths in _trashed(store):
            self._enter(trashed.pod_id, trashed.parent_id, paths)

    def _enter(self, pod_id: str, parent_id: str | None, paths: PodPaths) -> None:
        if parent_id:
            self._children.setdefault(parent_id, set()).add(pod_id)
        self._ledgers.setdefault(pod_id, []).append(paths)

    def below(self, pod_id: str) -> tuple[set[str], set[str]]:
        """Return the ids of a pod and all below it, and the names their ledgers have."""
        ids: set[str] = set()
        names: set[str] = set()
        pending = {pod_id}
        while pending:
            current = pending.pop()
            if current in ids:
                continue
            ids.add(current)
            entries = self._entries(current)
            names |= {entry.name for entry in entries}
            pending |= self._children.get(current, set()) | {entry.id for entry in entries}
        return ids, names

    def _entries(self, pod_id: str) -> list[ChildEntry]:
        fs = self._store.system.fs
        ledgers = self._ledgers.get(pod_id, [])
        return [entry for paths in ledgers for entry in children_of(fs, paths).entries]
