"""Actions that a crash broke off are finished or rolled back at the next start, and told.

Finishing may be broken off as well: every step of it can be done again, and every line it writes
has an id that is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podtui.core.actions.framework.locks import is_being_acted_on
from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import ChildEntry, IntentRecord, PodRecord
from podtui.core.store.children import add_child, children_of
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

Finisher = Callable[[Store, Transaction], "Recovered"]


def _finishers() -> Mapping[str, Finisher]:
    # Loaded here only: nearly always nothing was broken off.
    from podtui.core.actions.loans.loans import finish_relend, finish_return
    from podtui.core.actions.reap.reap import finish_reap
    from podtui.core.actions.restore.finish import finish_restore
    from podtui.core.actions.trash.prune import finish_prune
    from podtui.core.actions.trash.purge import finish_purge
    from podtui.core.actions.trash.recover import finish_recover

    return {
        "prune": finish_prune,
        "purge": finish_purge,
        "reap": finish_reap,
        "recover": finish_recover,
        "relend": finish_relend,
        "restore": finish_restore,
        "return": finish_return,
    }


def recover_interrupted(store: Store) -> tuple[str, ...]:
    """Finish or roll back what was broken off; returns a sentence for each.

    Doing it again changes nothing. What cannot be done is left for the next start, and the doctor
    names it: no start fails because of it.
    """
    if store.read_only:
        return ()
    try:
        intents = store.intents.all()
    except OSError:
        # Whoever looks is told what is wrong with the store.
        return ()
    found = (each for each in intents if isinstance(each, IntentRecord))
    return tuple(words for intent in found if (words := _finish(store, intent)))


def _finish(store: Store, intent: IntentRecord) -> str:
    try:
        with store.intents.held(intent.id):
            # Again, under its lock: its actor may have come to its end a moment ago.
            now = store.intents.read(intent.id)
            if isinstance(now, RecordProblem):
                return ""
            return _take_over(store, Transaction(store, now))
    except (OSError, PodtuiError):
        # Its actor lives, or the disk or another action is in the way: the next start looks again.
        return ""


def _take_over(store: Store, tx: Transaction) -> str:
    finisher = _finishers().get(tx.intent.action)
    if finisher is None:
        # Of a newer podtui: it is not ours to judge.
        return ""
    ending = finisher(store, tx)
    tx.diagnose(DiagnosticKind.INTERRUPTED, ending.summary)
    kind = EventKind.FINISHED_LATER if ending.finished else EventKind.ROLLED_BACK
    tx.end(kind, ending.summary)
    return ending.summary


# children that a broken-off spawn had not yet entered


def repair_child_links(store: Store) -> tuple[Event, ...]:
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
        kind=EventKind.LEDGER_REPAIRED,
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
