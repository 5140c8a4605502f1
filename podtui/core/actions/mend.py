"""Finishing what a crash broke off, at the next start."""

from __future__ import annotations

from podtui.core.actions.locking import is_being_acted_on
from podtui.core.errors import PodtuiError
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import ChildEntry, PodRecord
from podtui.core.store.children import add_child, children_of
from podtui.core.store.store import Store


def enter_missing_children(store: Store) -> tuple[Event, ...]:
    """Enter pods into their parents' ledgers where a broken-off spawn had not yet done it.

    Returns the events that say so. Doing it again changes nothing. What cannot be done is left
    for the next start, and the doctor names it: no start fails because of it.
    """
    if store.read_only:
        return ()
    try:
        records = [
            record
            for name in store.pod_names()
            if isinstance(record := store.pod_record(name), PodRecord)
        ]
    except OSError:
        # Whoever looks is told that the pods cannot be listed.
        return ()
    names = {record.id: record.name for record in records}
    known = {
        name: {entry.id for entry in children_of(store.system.fs, store.paths.pod(name)).entries}
        for name in {names[each.parent_id] for each in records if each.parent_id in names}
    }
    return tuple(
        event
        for record in records
        if record.parent_id in names
        and record.id not in known[names[record.parent_id]]
        and (event := _enter(store, names[record.parent_id], record))
    )


def _enter(store: Store, parent: str, child: PodRecord) -> Event | None:
    entry = ChildEntry(id=child.id, name=child.name, at=child.created_at)
    event = Event(
        id=f"{child.id}.ledger",
        at=store.system.clock.now(),
        kind=EventKind.LEDGER_MENDED,
        pod=child.name,
        pod_id=child.id,
        summary=f"{child.name}: entered in the children of {parent}, which a crash had left out",
    )
    try:
        # A spawn that is still under way enters its pod itself.
        if is_being_acted_on(store.system, store.paths.pod(child.name)):
            return None
        if not add_child(store.system, store.paths.pod(parent), entry):
            return None
        store.journal.append_once([event])
    except (OSError, PodtuiError):
        return None
    return event
