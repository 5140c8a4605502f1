"""Finishing what a crash broke off, at the next start."""

from __future__ import annotations

from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import ChildEntry, PodRecord
from podtui.core.store.children import add_child, children_of
from podtui.core.store.store import Store


def enter_missing_children(store: Store) -> tuple[Event, ...]:
    """Enter pods into their parents' ledgers where a broken-off spawn had not yet done it.

    Returns the events that say so. Doing it again changes nothing.
    """
    if store.read_only:
        return ()
    records = [
        record
        for name in store.pod_names()
        if isinstance(record := store.pod_record(name), PodRecord)
    ]
    names = {record.id: record.name for record in records}
    known = {
        name: {entry.id for entry in children_of(store.system.fs, store.paths.pod(name)).entries}
        for name in {names[each.parent_id] for each in records if each.parent_id in names}
    }
    return tuple(
        _enter(store, names[record.parent_id], record)
        for record in records
        if record.parent_id in names and record.id not in known[names[record.parent_id]]
    )


def _enter(store: Store, parent: str, child: PodRecord) -> Event:
    entry = ChildEntry(id=child.id, name=child.name, at=child.created_at)
    add_child(store.system.fs, store.paths.pod(parent), entry)
    event = Event(
        id=f"{child.id}.ledger",
        at=store.system.clock.now(),
        kind=EventKind.LEDGER_MENDED,
        pod=child.name,
        pod_id=child.id,
        summary=f"{child.name}: entered in the children of {parent}, which a crash had left out",
    )
    store.journal.append_once([event])
    return event
