"""Recover: bring a pod back from the trash, whole, into its place in the tree.

One rename brings back everything; around it, its name where another one is wanted, and its scopes
where they are free. docs/store.md has what a crash between any two steps leaves.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.access.missing import recover_command
from podtui.core.actions.framework.batch import (
    DISK_FAILURES,
    clear_entry,
    do_each,
    may_be_acted_on,
    plan_each,
    pod_in_place,
)
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.start import failure_of
from podtui.core.actions.framework.transaction import Recovered, Transaction, transaction
from podtui.core.actions.trash.recover_plan import Candidate, candidate
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.events import Details, EventKind
from podtui.core.model.intents import RecoverIntent
from podtui.core.model.plans import Plan, Report
from podtui.core.model.records import PodRecord, TrashRecord
from podtui.core.model.requests import Recover
from podtui.core.model.snapshot import PodView
from podtui.core.model.trash import TrashView
from podtui.core.observe.inspector import Inspector
from podtui.core.store.codec import encode_toml
from podtui.core.store.store import Store
from podtui.core.store.trash import TrashEntry
from podtui.core.system.fs import MISSING


def trash_views(access: Access) -> tuple[TrashView, ...]:
    """Return what is in the trash, newest first.

    Raises:
        DiskTrouble, Refused: it cannot be listed.
    """
    try:
        entries = access.store.trash.entries()
    except OSError as error:
        raise failure_of("the trash", "listed", error, "nothing was changed") from error
    if not access.sight.sees_all:
        seen = access.sight.ids()
        entries = [each for each in entries if each.pod_id in seen]
    return tuple(_view(each) for each in entries)


def _view(entry: TrashEntry) -> TrashView:
    record = entry.record if isinstance(entry.record, TrashRecord) else None
    pod = entry.pod if isinstance(entry.pod, PodRecord) else None
    parent = record.parent_name if record else None
    return TrashView(
        id=entry.id,
        name=entry.shown_name,
        pod_id=entry.pod_id if entry.has_pod else "",
        parent=pod.parent_name if pod else parent,
        pruned_at=entry.pruned_at,
        actor=record.actor if record else "",
        status=record.status if record else "",
        message=record.message if record else "",
        problem=entry.problem,
    )


def plan(inspector: Inspector, request: Recover) -> Plan:
    """Return what bringing pods back will do; touches nothing."""
    _refuse_one_name_for_many(request)
    return plan_each(
        "recover",
        request.targets,
        lambda target: _candidate(inspector.access, target, request.as_name).plan,
    )


def _refuse_one_name_for_many(request: Recover) -> None:
    if request.as_name is not None and len(request.targets) != 1:
        raise errors.BadInput(
            "a new name can be given to one pod, not to several",
            next_step="recover that pod alone, with --as NAME",
            kept="nothing was changed",
        )


def _candidate(access: Access, target: str, as_name: str | None) -> Candidate:
    try:
        return candidate(access, target, as_name)
    except OSError as error:
        raise failure_of(target, "recovered", error, "nothing was changed") from error


# carrying out


def carry_out(inspector: Inspector, request: Recover, *, actor: str) -> Report:
    """Bring pods back with everything they had; of one pod the report has its view.

    Raises:
        PodtuiError: of a single pod: it stays in the trash as it was.
    """
    _refuse_one_name_for_many(request)
    return do_each(
        "recover",
        request.targets,
        lambda target: _recover(inspector, target, as_name=request.as_name, actor=actor),
    )


def _recover(inspector: Inspector, target: str, *, as_name: str | None, actor: str) -> Report:
    store = inspector.store
    planned = _candidate(inspector.access, target, as_name)
    planned.plan.raise_if_refused()
    assert planned.entry is not None  # noqa: S101 - without one the plan is refused
    entry = planned.entry
    try:
        with _locked(inspector.access, entry, planned.name, actor):
            # Again: by the entry's own id, since a name may mean another one by now.
            now = _candidate(inspector.access, entry.id, planned.name)
            now.plan.raise_if_refused()
            done, skipped = _begin(store, now, actor)
    except OSError as error:
        kept = f"it stays in the trash as {entry.id}"
        raise failure_of(planned.name, "recovered", error, kept) from error
    view = _looked_at(inspector, planned.name)
    return Report(action="recover", pod=planned.name, done=done, skipped=skipped, view=view)


def _looked_at(inspector: Inspector, name: str) -> PodView | None:
    try:
        return inspector.look_at(name)
    except errors.PodtuiError:
        # It is back, whatever became of it since: that it cannot be probed is no failure.
        return None


@contextmanager
def _locked(access: Access, entry: TrashEntry, name: str, actor: str) -> Iterator[None]:
    """Hold the pod's own lock, which goes with it into its place."""
    store, paths = access.store, entry.paths.pod
    try:
        if not may_be_acted_on(store, paths, unreadable=True):
            yield
            return
        with action_lock(store.system, paths, pod=name, action="recover", actor=actor):
            yield
    except errors.NotFound:
        if store.trash.is_there(paths.root):
            raise
        # Somebody was first: the error is the one for a pod that is not in the trash.
        candidate(access, entry.id, name).plan.raise_if_refused()
        raise


def _begin(store: Store, now: Candidate, actor: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    entry = now.entry
    assert entry is not None  # noqa: S101 - as in the plan
    intended = partial(
        RecoverIntent,
        pod=now.name,
        pod_id=entry.pod_id,
        actor=actor,
        run=entry.record.run if isinstance(entry.record, TrashRecord) else 0,
        trash_id=entry.id,
        old_name=entry.name,
    )
    with transaction(store, EventKind.RECOVER_INTENDED, intended) as tx:
        try:
            _bring_back(store, entry, now.name)
        except OSError as error:
            if store.trash.is_there(entry.paths.pod.root):
                raise _stayed(store, entry, tx, error) from error
            raise
        try:
            lent, conflicts = _after(store, tx, entry, now.name)
        except DISK_FAILURES as error:
            raise _half_done(now.name, error) from error
    return (f"recovered {now.name} from the trash ({entry.id})", *lent), conflicts


# the steps


def _bring_back(store: Store, entry: TrashEntry, name: str) -> None:
    _name_it(store, entry, name)
    store.system.fs.rename_new(entry.paths.pod.root, store.paths.pod(name).root)


def _name_it(store: Store, entry: TrashEntry, name: str) -> None:
    """Write the name a pod is to have into its record; ids and everything else stay."""
    pod = store.trash.entry(entry.id).pod
    if isinstance(pod, PodRecord) and pod.name != name:
        named = msgspec.structs.replace(pod, name=name)
        store.system.fs.replace(entry.paths.pod.record, encode_toml(named))


def _after(
    store: Store, tx: Transaction[RecoverIntent], entry: TrashEntry, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Do what comes after the rename: scopes, the diagnostic, the empty entry, the outcome."""
    lent, conflicts = _lent_again(store, tx, entry, name)
    _diagnose(tx, entry, name, conflicts)
    clear_entry(store, entry.id)
    tx.end(EventKind.RECOVERED, _words(tx, entry, name), name=name, details=_details(tx, entry))
    return lent, conflicts


def _lent_again(
    store: Store, tx: Transaction[RecoverIntent], entry: TrashEntry, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    record = entry.record
    if not isinstance(record, TrashRecord) or not record.returned_loans:
        return (), ()
    # Loaded here only: few pods have had anything lent to them.
    from podtui.core.actions.loans.changes import relend_after_recover, scopes  # noqa: PLC0415

    loans, conflicts = relend_after_recover(
        store, name, record.pod_id, record.returned_loans, actor=tx.intent.actor, tx=tx
    )
    lent = (f"{name}: lent again: {scopes(loans)}",) if loans else ()
    return lent, tuple(f"{name}: not lent again: {each}" for each in conflicts)


def _words(tx: Transaction[RecoverIntent], entry: TrashEntry, name: str) -> str:
    was = f"; it was {entry.name}" if entry.name not in {"", name} else ""
    return f"recovered by {tx.intent.actor} from the trash ({entry.id}){was}"


def _details(tx: Transaction[RecoverIntent], entry: TrashEntry) -> Details:
    cause = f"by {tx.intent.actor}"
    return Details(cause=cause, trash_id=entry.id, old_name=tx.intent.old_name or entry.name)


def _diagnose(
    tx: Transaction[RecoverIntent], entry: TrashEntry, name: str, conflicts: tuple[str, ...]
) -> None:
    tx.diagnose(
        DiagnosticKind.RECOVERED,
        "; ".join((_words(tx, entry, name), *conflicts)),
        name=name,
        details=_details(tx, entry),
        undo=Undo("prune", entry.pod_id or name),
    )


def _stayed(
    store: Store, entry: TrashEntry, tx: Transaction[RecoverIntent], error: OSError
) -> errors.PodtuiError:
    """Leave a pod that could not be brought back as it was; returns what is to be raised."""
    kept = f"it stays in the trash as {entry.id}"
    if isinstance(error, FileExistsError):
        failure: errors.PodtuiError = errors.Exists(
            f"there is a pod {tx.intent.pod!r} by now: somebody was first",
            pod=tx.intent.pod,
            next_step=f"{recover_command(entry.id)} --as ANOTHER",
            kept=kept,
        )
    else:
        failure = failure_of(tx.intent.pod, "recovered", error, kept)
    # What the disk refuses here as well is left to the next start, by the intent.
    with suppress(*DISK_FAILURES):
        _name_it(store, entry, tx.intent.old_name or tx.intent.pod)
        tx.end(EventKind.RECOVER_FAILED, f"not recovered: {failure.message}")
    return failure


def _half_done(name: str, error: OSError | errors.PodtuiError) -> errors.PodtuiError:
    why = error.strerror if isinstance(error, OSError) else error.message
    return errors.DiskTrouble(
        f"{name!r} is back in its place, but not all that follows could be done: {why}",
        pod=name,
        next_step=f"podtui inspect {shlex.quote(name)}",
        kept="the pod is whole; the next start lends its scopes again and tells of it",
    )


# after a crash


def finish_recover(store: Store, tx: Transaction[RecoverIntent]) -> Recovered:
    """Do what follows for a pod that is back; leave one in the trash that is still there.

    Raises:
        Busy, PodtuiError, OSError: it cannot be done now; it may be tried again.
    """
    name, trash_id = tx.intent.pod, tx.intent.trash_id
    entry = store.trash.entry(trash_id)
    broken_off = f"a recover by {tx.intent.actor} was broken off"
    if trash_id and entry.has_pod:
        with suppress(*MISSING), _locked(Access(store), entry, name, tx.intent.actor):
            _name_it(store, entry, tx.intent.old_name or name)
        words = f"{broken_off}; it stays in the trash as {trash_id}"
        return Recovered(finished=False, words=words)
    if not _is_back(store, tx):
        return Recovered(finished=False, words=f"{broken_off}; it is not in the trash any more")
    with pod_in_place(store, tx) as place:
        lent_again = ""
        if place is not None:
            lent, conflicts = _lent_again(store, tx, entry, place)
            lent_again = "".join(f"; {each}" for each in (*lent, *conflicts))
        _diagnose(tx, entry, place or name, ())
        clear_entry(store, trash_id)
    return Recovered(
        finished=True, words=f"{broken_off}; it is back{lent_again}", name=place or name
    )


def _is_back(store: Store, tx: Transaction[RecoverIntent]) -> bool:
    """Whether the pod came out of its entry by this very action, wherever it is by now."""
    trash_id = tx.intent.trash_id
    if not trash_id:
        return False
    # A purge takes the whole entry; a recover leaves its record until the end.
    purged = store.trash.is_there(store.trash.purging_place(trash_id))
    if store.trash.is_there(store.paths.trashed(trash_id).root) or purged:
        return not purged
    pod_id = tx.intent.pod_id
    return bool(pod_id and store.name_of_id(pod_id, likely=tx.intent.pod))
