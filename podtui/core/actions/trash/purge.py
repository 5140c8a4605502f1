"""Purge: delete what has been in the trash for long. The only thing that ever deletes pods.

Each entry is first taken out of the trash by one rename, so that nobody recovers half of it, and
then deleted where nobody looks; a crash in between is gone on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.access.visibility import Sight
from podtui.core.actions.framework.batch import for_each, may_be_acted_on
from podtui.core.actions.framework.limits import FUTURE_S, refuse_bad_age
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.start import failure_of
from podtui.core.actions.framework.transaction import Recovered, Transaction, transaction
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import Details, EventKind
from podtui.core.model.intents import Intent, PurgeIntent, RecoverIntent
from podtui.core.model.plans import Field, Plan, Refusal, Report, Step, StepKind
from podtui.core.model.records import TrashRecord
from podtui.core.model.requests import Purge
from podtui.core.observe.inspector import Inspector
from podtui.core.paths import TrashPaths
from podtui.core.store.store import Store
from podtui.core.store.trash import TrashEntry
from podtui.core.text.durations import duration, limit_words, size_words


class _Found(msgspec.Struct, frozen=True):
    """What a purge would delete, what it leaves although it was asked for, and why."""

    entries: tuple[TrashEntry, ...]
    left: tuple[str, ...]
    broken_off: tuple[str, ...]


# plan


def plan(inspector: Inspector, request: Purge) -> Plan:
    """Return what would be deleted for good; touches nothing."""
    store = inspector.store
    refusal = _sight_refusal(inspector.access.sight)
    if refusal is not None:
        return Plan.refused("purge", "", refusal)
    found = _found(store, request.older_than_s)
    now = store.system.clock.now()
    steps: list[Step] = []
    for entry in found.entries:
        at = entry.pruned_at
        age = duration((now - at).total_seconds()) if at else "some time"
        size = store.system.fs.tree_size(entry.paths.root)
        of_size = f", {size_words(size)}" if size is not None else ""
        text = f"delete {entry.shown_name} ({entry.id}), pruned {age} ago{of_size}"
        fields: dict[str, Field] = {"trash_id": entry.id, "bytes": size or 0}
        steps.append(Step(StepKind.DELETE, entry.shown_name, text, fields))
    steps += [
        Step(
            StepKind.DELETE,
            "",
            f"go on deleting {each}, which was broken off",
            {"trash_id": each},
        )
        for each in found.broken_off
    ]
    return Plan(
        action="purge",
        pod=", ".join(each.shown_name for each in found.entries),
        steps=tuple(steps),
        warnings=(*(("nothing brings back what is deleted",) if steps else ()), *found.left),
        undo=None,
    )


def _sight_refusal(sight: Sight) -> Refusal | None:
    """Refuse a pod that asks: what is deleted for good is the operator's affair."""
    if sight.sees_all:
        return None
    return Refusal(
        kind=errors.NotVisible.kind,
        message=f"the trash is not all visible to you (pod {sight.caller!r}), and only who"
        " sees all of it may purge it",
        next="ask the operator",
    )


def _found(store: Store, older_than_s: float) -> _Found:
    refuse_bad_age(older_than_s)
    try:
        entries, broken_off = store.trash.entries(), store.trash.purging()
        under_way = _under_way(store)
    except OSError as error:
        raise failure_of("the trash", "purged", error, "nothing was deleted") from error
    now = store.system.clock.now()
    wanted, left = [], []
    for entry in entries:
        age = (now - entry.pruned_at).total_seconds() if entry.pruned_at else None
        why = _why_left(entry, age, under_way)
        if why:
            left.append(f"{entry.shown_name} ({entry.id}) is left: {why}")
        elif age is not None and age >= older_than_s:
            wanted.append(entry)
    # Those of a purge that is under way in this very moment are its own.
    mine = tuple(each for each in broken_off if each not in under_way)
    return _Found(tuple(wanted), tuple(left), mine)


def _why_left(entry: TrashEntry, age: float | None, under_way: frozenset[str]) -> str:
    if entry.id in under_way:
        return "an action on it is under way"
    if age is None:
        return f"when it was pruned cannot be told ({entry.problem or 'no record of it'})"
    if age < -FUTURE_S:
        ahead = duration(-age)
        return f"it was pruned {ahead} from now by this clock, which must have gone backwards"
    return ""


def _under_way(store: Store) -> frozenset[str]:
    """Return the entries that somebody acts on, or that a broken-off action is still to do with."""
    found = [each for each in store.intents.all() if isinstance(each, Intent)]
    on_entries = [each for each in found if isinstance(each, RecoverIntent | PurgeIntent)]
    return frozenset((*(each.id for each in found), *(each.trash_id for each in on_entries)))


# carrying out


def carry_out(inspector: Inspector, request: Purge, *, actor: str) -> Report:
    """Delete every entry that is at least so old; one that cannot be does not stop the others.

    Raises:
        PodtuiError: nothing was deleted.
    """
    store = inspector.store
    refusal = _sight_refusal(inspector.access.sight)
    if refusal is not None:
        Plan.refused("purge", "", refusal).raise_if_refused()
    found = _found(store, request.older_than_s)
    report = for_each(
        "purge",
        [(Plan(action="purge", pod=each.shown_name, steps=()), each) for each in found.entries],
        lambda entry: _purge(store, entry, actor),
    )
    more = for_each(
        "purge",
        [(Plan(action="purge", pod=each, steps=()), each) for each in found.broken_off],
        lambda trash_id: _purge_on(store, trash_id, actor),
    )
    nothing = f"nothing has been in the trash for {limit_words(request.older_than_s)}"
    is_empty = not (found.entries or found.broken_off or found.left)
    return Report(
        action="purge",
        pod=report.pod,
        done=(*report.done, *more.done),
        skipped=(*report.skipped, *more.skipped, *found.left, *((nothing,) if is_empty else ())),
        failed=(*report.failed, *more.failed),
    )


def _purge(store: Store, entry: TrashEntry, actor: str) -> Report:
    name = entry.shown_name
    try:
        intended = partial(
            PurgeIntent,
            pod=entry.name,
            pod_id=entry.pod_id,
            actor=actor,
            run=entry.record.run if isinstance(entry.record, TrashRecord) else 0,
            trash_id=entry.id,
        )
        with (
            _locked(store, entry, actor),
            transaction(store, EventKind.PURGE_INTENDED, intended) as tx,
        ):
            _take_out(store, entry, tx)
            _delete_and_end(store, tx)
    except OSError as error:
        gone = not store.trash.is_there(entry.paths.root)
        kept = "what is left of it is deleted by the next start" if gone else "it stays"
        raise failure_of(name, "purged", error, kept) from error
    return Report(action="purge", pod=name, done=(f"deleted {name} ({entry.id})",))


def _purge_on(store: Store, trash_id: str, actor: str) -> Report:
    try:
        intended = partial(PurgeIntent, pod="", pod_id="", actor=actor, trash_id=trash_id)
        with transaction(store, EventKind.PURGE_INTENDED, intended) as tx:
            _delete_and_end(store, tx)
    except OSError as error:
        kept = "what is left of it is deleted by the next start"
        raise failure_of(trash_id, "purged", error, kept) from error
    return Report(action="purge", pod=trash_id, done=(f"deleted what was left of {trash_id}",))


@contextmanager
def _locked(store: Store, entry: TrashEntry, actor: str) -> Iterator[None]:
    """Hold the pod's own lock, so that nobody recovers it meanwhile."""
    paths = entry.paths.pod
    if not (entry.has_pod and may_be_acted_on(store, paths, unreadable=True)):
        yield
        return
    with action_lock(store.system, paths, pod=entry.shown_name, action="purge", actor=actor):
        yield


# the steps


def _take_out(store: Store, entry: TrashEntry, tx: Transaction[PurgeIntent]) -> None:
    """Take an entry out of the trash, so that from here on nobody can recover it."""
    fs, place = store.system.fs, store.trash.purging_place(entry.id)
    name = entry.shown_name
    try:
        fs.rename_new(entry.paths.root, place)
    except OSError as error:
        if store.trash.is_there(place):
            raise
        tx.end(EventKind.PURGE_FAILED, f"not purged: {error.strerror}", name=name)
        if isinstance(error, FileNotFoundError):
            raise _was_first(entry) from error
        raise
    if entry.has_pod and not store.trash.is_there(TrashPaths(place).pod.root):
        # What has no lock can be taken out of its entry in this very moment.
        fs.remove_tree(place)
        tx.end(EventKind.PURGE_FAILED, "not purged: it was recovered", name=name)
        raise _was_first(entry)


def _was_first(entry: TrashEntry) -> errors.NotFound:
    return errors.NotFound(
        f"{entry.shown_name!r} ({entry.id}) was taken out of the trash by another action",
        pod=entry.shown_name,
        next_step="podtui recover --list shows what is in it",
        kept="nothing of it was deleted",
    )


def _delete_and_end(store: Store, tx: Transaction[PurgeIntent]) -> None:
    """Delete what was taken out, and write the outcome."""
    words = _delete(store, tx)
    name, details = tx.intent.pod or tx.intent.trash_id, Details(trash_id=tx.intent.trash_id)
    tx.end(EventKind.PURGED, words, name=name, details=details)


def _delete(store: Store, tx: Transaction[PurgeIntent]) -> str:
    """Delete what was taken out, and write the diagnostic; returns its words."""
    intent = tx.intent
    store.system.fs.remove_tree(store.trash.purging_place(intent.trash_id))
    cause = f"by {intent.actor}"
    words = f"purged {cause}: nothing brings it back"
    tx.diagnose(
        DiagnosticKind.PURGED,
        words,
        name=intent.pod or intent.trash_id,
        details=Details(cause=cause, trash_id=intent.trash_id),
    )
    return words


# after a crash


def finish_purge(store: Store, tx: Transaction[PurgeIntent]) -> Recovered:
    """Go on deleting what was taken out; leave in the trash what was not.

    Raises:
        Busy, OSError: it cannot be done now; it may be tried again.
    """
    intent, trash_id = tx.intent, tx.intent.trash_id
    name = intent.pod or trash_id
    broken_off = f"a purge by {intent.actor} was broken off"
    if not trash_id or store.trash.is_there(store.paths.trashed(trash_id).root):
        words = f"{broken_off}; it stays in the trash as {trash_id}"
        return Recovered(finished=False, words=words, name=name)
    was_taken = store.trash.is_there(store.trash.purging_place(trash_id))
    if not was_taken and _is_somewhere(store, intent.pod_id):
        return Recovered(finished=False, words=f"{broken_off}; it was recovered", name=name)
    _delete(store, tx)
    return Recovered(finished=True, words=f"{broken_off}; it is deleted now", name=name)


def _is_somewhere(store: Store, pod_id: str) -> bool:
    return bool(pod_id) and (
        store.name_of_id(pod_id) is not None or bool(store.trash.named(pod_id))
    )
