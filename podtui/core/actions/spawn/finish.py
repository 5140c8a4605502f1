"""Finishing a spawn that was interrupted: taken back before its run began, reported after it.

What is on the disk decides, not how far the actor may have come.
"""

from __future__ import annotations

from contextlib import suppress

from podtui.core.actions.framework.batch import pod_in_place
from podtui.core.actions.framework.locks import is_being_acted_on
from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.errors import Busy, PodtuiError, UnknownState
from podtui.core.hosts.registry import host_of, probe_run
from podtui.core.model.events import Details, Event, EventKind
from podtui.core.model.intents import SpawnIntent
from podtui.core.model.records import ChildEntry, ExitRecord, PodRecord, RunRecord
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.processes.handoff import clear_handoff
from podtui.core.store.children import add_child, children_of
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

INTERRUPTED = "the spawn that reserved it was interrupted before its supervisor was started"
UNDETERMINED = frozenset({Finding.UNDETERMINED, Finding.ELSEWHERE, Finding.GONE_UNCONFIRMED})


def finish_spawn(store: Store, tx: Transaction[SpawnIntent]) -> Recovered:
    """Find out what became of a spawn whose actor is gone, and bring it to its end.

    Raises:
        Busy: the pod is acted on, or just starting: the next start looks again.
        UnknownState, Unreadable, OSError: it could not be determined, and nothing is decided.
    """
    intent = tx.intent
    interrupted = f"a spawn by {intent.actor} was interrupted"
    with pod_in_place(store, tx) as name:
        if name is None:
            _clear_staged(store, intent.pod_id)
            words = f"{interrupted}: nothing was started"
            if store.trash.named(intent.pod_id):
                words = f"{interrupted}; the pod is in the trash"
            return Recovered(finished=False, words=words)
        pod = store.pod_record(name)
        if isinstance(pod, RecordProblem):
            raise pod.as_error(name)
        if pod.id != intent.pod_id:
            return Recovered(finished=False, words=f"{interrupted}: nothing was started")
        _enter_in_parent(store, pod)
        run = store.run_record(name, intent.run)
        if isinstance(run, RecordProblem):
            raise run.as_error(name)
        return _of_reserved(store, tx, name, run)


def _of_reserved(
    store: Store, tx: Transaction[SpawnIntent], name: str, run: RunRecord
) -> Recovered:
    interrupted = f"a spawn by {tx.intent.actor} was interrupted"
    if host_of(store, run).prevent(name, run, INTERRUPTED):
        return _never_began(store, name, run, interrupted)
    seen = probe_run(store, name, run.run, run.pod_id)
    outcome = rule_for(seen.answers).outcome
    if outcome is Finding.STARTING:
        raise Busy(f"run {run.run} of {name!r} is starting", pod=name)
    if outcome in UNDETERMINED:
        raise UnknownState(f"what became of run {run.run} of {name!r} is not known", pod=name)
    if isinstance(seen.exit, ExitRecord) and seen.exit.start_error:
        return _never_began(store, name, run, interrupted)
    if outcome is not Finding.LOST:
        # Of a lost one something may be left, and that is the reaper's to end.
        clear_handoff(store, run.pod_id, run.run)
    words = f"spawned by {tx.intent.actor}, run {run.run}; who did it was interrupted"
    return Recovered(finished=True, words=words, name=name)


def _never_began(store: Store, name: str, run: RunRecord, interrupted: str) -> Recovered:
    clear_handoff(store, run.pod_id, run.run)
    words = f"{interrupted}: run {run.run} was reserved and never began"
    return Recovered(finished=False, words=words, name=name)


def _clear_staged(store: Store, pod_id: str) -> None:
    """Remove a pod that was not built to its end: nothing ever began in it; raises OSError."""
    place = store.paths.staging / pod_id
    with suppress(FileNotFoundError):
        store.system.fs.remove_tree(place)


# children that are missing in the ledger of their parent


def _enter_in_parent(store: Store, pod: PodRecord) -> None:
    """Enter a pod in its parent's ledger, when the parent is in place and does not have it."""
    parent = store.name_of_id(pod.parent_id, likely=pod.parent_name) if pod.parent_id else None
    if parent is None:
        return
    known = children_of(store.system.fs, store.paths.pod(parent)).entries
    if pod.id not in {entry.id for entry in known}:
        _enter(store, parent, pod)


def repair_child_links(store: Store) -> tuple[Event, ...]:
    """Enter pods into their parents' ledgers where they are missing; returns the events of it.

    An interrupted spawn is finished by its intent. This is for stores that have older ones, and for
    ledgers that lost a line. Repeating it changes nothing. What cannot be done is left for the next
    start, and the doctor names it: no start fails because of it.
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
        # Every listing reports that itself.
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
        and (event := _enter_unless_busy(store, names[record.parent_id], record))
    )


def _enter_unless_busy(store: Store, parent: str, child: PodRecord) -> Event | None:
    """Enter a child, unless it is acted on: a spawn under way does it itself."""
    try:
        if is_being_acted_on(store.system, store.paths.pod(child.name)):
            return None
        return _enter(store, parent, child)
    except (OSError, PodtuiError):
        return None


def _enter(store: Store, parent: str, child: PodRecord) -> Event | None:
    """Enter a child in its parent's ledger, and write an event about it.

    Raises:
        Busy, OSError: a part is not written.
    """
    entry = ChildEntry(id=child.id, name=child.name, at=child.created_at)
    event = Event(
        id=f"{child.id}.ledger",
        at=store.system.clock.now(),
        kind=EventKind.LEDGER_REPAIRED,
        pod=child.name,
        pod_id=child.id,
        summary=f"{child.name}: entered in the children of {parent}, which a crash had left out",
        details=Details(parent=parent),
    )
    if not add_child(store.system, store.paths.pod(parent), entry):
        return None
    store.journal.append_once([event])
    return event
