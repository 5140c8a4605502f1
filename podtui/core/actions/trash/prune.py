"""Prune: move a pod that is proven dead out of the tree, whole, into the trash.

Intent, what is known of it, its scopes, and then one rename: before it the pod is in its place,
after it in the trash, and never anywhere else. docs/store.md has what a crash between any two
steps leaves, and who finishes it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.access.missing import not_found, recover_command
from podtui.core.actions.framework.batch import (
    DISK_FAILURES,
    clear_entry,
    for_each,
    may_be_acted_on,
    plan_pods,
    pod_in_place,
)
from podtui.core.actions.framework.limits import FUTURE_S, LONGEST_DETAIL, refuse_bad_age
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.preconditions import refuse_if_changed
from podtui.core.actions.framework.start import failure_of
from podtui.core.actions.framework.transaction import Recovered, Transaction, transaction
from podtui.core.actions.trash.prune_checks import Checks
from podtui.core.model.diagnostics import MOST_EVIDENCE, DiagnosticKind, Undo
from podtui.core.model.events import Details, EventKind, cut_text
from podtui.core.model.intents import PruneIntent
from podtui.core.model.plans import Plan, Refusal, Report, Step, StepKind, joined_plan
from podtui.core.model.records import PodRecord, TrashRecord
from podtui.core.model.requests import Prune
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.store.codec import RecordProblem, encode_json
from podtui.core.store.store import Store
from podtui.core.text.durations import duration

ENDED_BY_THEMSELVES = frozenset({Status.EXITED, Status.FAILED})
SHOWN_CHILDREN = 8


# plan


def plan(inspector: Inspector, request: Prune) -> Plan:
    """Return what moving pods into the trash will do; touches nothing."""
    found = _candidates(inspector, request)
    return joined_plan("prune", [each for each, _ in found])


def _candidates(inspector: Inspector, request: Prune) -> list[tuple[Plan, PodView | None]]:
    store = inspector.store
    checks = Checks(store, unreadable=request.unreadable)
    children = _children_by_parent(store)

    def plan_one(view: PodView) -> Plan:
        refusal = _name_refusal(view.name) or checks.refusal_of(view)
        if refusal is not None:
            return Plan.refused("prune", view.name, refusal)
        return _plan(store, view, children.get(view.id, ()))

    try:
        return plan_pods(inspector, "prune", request.pods, plan_one)
    except OSError as error:
        named = ", ".join(request.pods)
        raise failure_of(named, "pruned", error, "nothing was changed") from error


def _name_refusal(name: str) -> Refusal | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return Refusal(
            kind=errors.BadInput.kind,
            message=f"what is called {name!a} in the store has a name that is not UTF-8, and"
            " records are UTF-8",
            next="move it out of the store by hand",
        )
    return None


def _plan(store: Store, view: PodView, children: Sequence[str]) -> Plan:
    from podtui.core.actions.loans.changes import own_loans, scope_step  # noqa: PLC0415 - few need it

    loans = own_loans(store, view.name, view.id)
    problem = view.record_error
    warnings = [f"what is moved cannot be read: {problem}"] if problem else []
    if children:
        more = len(children) - SHOWN_CHILDREN
        shown = ", ".join(children[:SHOWN_CHILDREN]) + (f" and {more} more" if more > 0 else "")
        warnings.append(f"its children stay, as roots until it is recovered: {shown}")
    warnings += [f"its scopes cannot all be told: {each.sentence()}" for each in loans.doubts]
    return Plan(
        action="prune",
        pod=view.name,
        steps=(
            *((scope_step(StepKind.TAKE_BACK, "take back", loans.out),) if loans.out else ()),
            Step(
                StepKind.MOVE,
                view.name,
                f"move {view.name!r} into the trash, whole: output, runs, ledgers, cursors",
            ),
            Step(
                StepKind.DIAGNOSE,
                view.name,
                f"write a diagnostic with the evidence ({view.message}) and the way back",
            ),
        ),
        warnings=tuple(warnings),
        undo=recover_command(view.name),
    )


def _children_by_parent(store: Store) -> Mapping[str, list[str]]:
    """Return the names of the pods in place by the id of their parent."""
    found: dict[str, list[str]] = {}
    with suppress(OSError):
        # Only a warning rests on it; the caller, which lists the pods too, reports the error.
        for name in store.pod_names():
            record = store.pod_record(name)
            if isinstance(record, PodRecord) and record.parent_id:
                found.setdefault(record.parent_id, []).append(name)
    return found


# which pods


def ended_pods(inspector: Inspector, older_than_s: float) -> tuple[str, ...]:
    """Return the pods that ended by themselves at least so long ago, children before parents.

    Exited or failed: one that is lost is pruned by its name only, since who lost it may want it
    back.

    Raises:
        BadInput: that is no age.
        Refused: a pod ended in the future: the clock went backwards, and ages are unknown.
    """
    refuse_bad_age(older_than_s)
    seen = inspector.snapshot()
    ended = [
        view
        for view in reversed(seen.pods)
        if view.verdict is Verdict.DEAD and view.status in ENDED_BY_THEMSELVES
    ]
    if older_than_s <= 0:
        return tuple(view.name for view in ended)
    now = inspector.store.system.clock.now()
    ages = {view.name: (now - view.since).total_seconds() for view in ended}
    future = sorted(name for name, age in ages.items() if age < -FUTURE_S)
    if future:
        raise errors.Refused(
            f"by this clock {future[0]!r} ended {duration(-ages[future[0]])} from now: the clock"
            " went backwards, and no age can be told",
            pod=future[0],
            next_step="set the clock right, or prune pods by their names",
            kept="nothing was changed",
        )
    return tuple(name for name, age in ages.items() if age >= older_than_s)


# carrying out


def carry_out(inspector: Inspector, request: Prune, *, actor: str) -> Report:
    """Move pods into the trash; of several, one that is refused does not stop the others.

    Raises:
        PodtuiError: of a single pod: why it was not pruned; of several: of the first, when none
            was.
    """
    found = _candidates(inspector, request)
    joined_plan("prune", [each for each, _ in found]).raise_if_refused()
    return for_each(
        "prune",
        found,
        lambda view: _prune(inspector, view, unreadable=request.unreadable, actor=actor),
    )


def _prune(inspector: Inspector, planned: PodView, *, unreadable: bool, actor: str) -> Report:
    store, name = inspector.store, planned.name
    try:
        with _locked(store, name, actor, unreadable=unreadable):
            view = _looked_at_again(inspector, planned, unreadable=unreadable)
            return _begin(store, view, actor)
    except OSError as error:
        raise failure_of(name, "pruned", error, "it stays where it is") from error


@contextmanager
def _locked(store: Store, name: str, actor: str, *, unreadable: bool) -> Iterator[None]:
    """Hold a pod's action lock; what cannot have one is moved by one rename all the same."""
    paths = store.paths.pod(name)
    if not may_be_acted_on(store, paths, unreadable=unreadable):
        yield
        return
    try:
        lock = action_lock(store.system, paths, pod=name, action="prune", actor=actor)
        with lock:
            yield
    except errors.NotFound as error:
        # Somebody took it away meanwhile: the error is the one for a pod that is gone.
        if store.trash.is_there(paths.root):
            raise
        raise not_found(store, name) from error


def _looked_at_again(inspector: Inspector, planned: PodView, *, unreadable: bool) -> PodView:
    """Check under the lock that the evidence behind the plan still holds."""
    now = inspector.look_at(planned.name)
    refuse_if_changed(
        planned,
        now,
        Checks(inspector.store, unreadable=unreadable).refusal_of(now),
        kept="nothing was changed",
        next_step=f"podtui inspect {shlex.quote(now.name)}",
    )
    return now


def _begin(store: Store, view: PodView, actor: str) -> Report:
    intended = partial(PruneIntent, pod=view.name, pod_id=view.id, actor=actor, run=view.run)
    with transaction(store, EventKind.PRUNE_INTENDED, intended) as tx:
        record = _trash_record(store, view, tx)
        try:
            done = _move(store, record, tx)
        except DISK_FAILURES as error:
            if not store.trash.is_there(store.paths.trashed(record.id).pod.root):
                raise _taken_back(store, record, tx, error) from error
            raise
        try:
            _report(tx, record)
        except DISK_FAILURES as error:
            raise _undetermined(record, error) from error
    moved = f"pruned {view.name}: it is in the trash as {record.id}"
    return Report(action="prune", pod=view.name, done=(*done, moved))


# the steps


def _trash_record(store: Store, view: PodView, tx: Transaction[PruneIntent]) -> TrashRecord:
    from podtui.core.actions.loans.changes import own_loans  # noqa: PLC0415 - few need it

    pod = store.pod_record(view.name)
    known = pod if isinstance(pod, PodRecord) else None
    return TrashRecord(
        id=tx.id,
        name=view.name,
        pod_id=view.id,
        run=view.run,
        at=tx.intent.at,
        actor=tx.intent.actor,
        status=view.status.value,
        message=cut_text(view.message, LONGEST_DETAIL),
        evidence=[
            msgspec.structs.replace(each, detail=cut_text(each.detail, LONGEST_DETAIL))
            for each in view.evidence[:MOST_EVIDENCE]
        ],
        returned_loans=[loan.id for loan in own_loans(store, view.name, view.id).out],
        parent_id=known.parent_id if known else None,
        parent_name=known.parent_name if known else None,
    )


def _move(store: Store, record: TrashRecord, tx: Transaction[PruneIntent]) -> tuple[str, ...]:
    from podtui.core.actions.loans.changes import return_for, scopes  # noqa: PLC0415 - few need it

    fs, entry = store.system.fs, store.paths.trashed(record.id)
    fs.make_directory(entry.root)
    # Before the rename: whatever comes to be in the trash says what it was.
    fs.replace(entry.record, encode_json(record))
    done: tuple[str, ...] = ()
    if record.returned_loans:
        loans = return_for(
            store,
            record.name,
            record.pod_id,
            why=f"pruned by {record.actor}",
            actor=record.actor,
            tx=tx,
            undo=Undo("recover", record.id),
        )
        done = (f"{record.name}: came back: {scopes(loans)}",) if loans else ()
    fs.rename_new(store.paths.pod(record.name).root, entry.pod.root)
    return done


def _report(tx: Transaction[PruneIntent], record: TrashRecord) -> None:
    tx.end(EventKind.PRUNED, _diagnose(tx, record), details=Details(trash_id=tx.id))


def _diagnose(tx: Transaction[PruneIntent], record: TrashRecord | RecordProblem) -> str:
    """Write the diagnostic of a prune; returns its words."""
    known = record if isinstance(record, TrashRecord) else None
    was = f"last state: {known.message}" if known else "its evidence is not known"
    cause = f"by {tx.intent.actor}"
    words = f"pruned {cause}; {was}"
    tx.diagnose(
        DiagnosticKind.PRUNED,
        words,
        details=Details(cause=cause, trash_id=tx.id),
        evidence=known.evidence if known else (),
        undo=Undo("recover", tx.id),
    )
    return words


def _taken_back(
    store: Store,
    record: TrashRecord,
    tx: Transaction[PruneIntent],
    error: OSError | errors.PodtuiError,
) -> errors.PodtuiError:
    """Take back what was done before the rename; returns what is to be raised."""
    failure = (
        failure_of(record.name, "pruned", error, "it stays where it is")
        if isinstance(error, OSError)
        else error
    )
    # What the disk refuses here as well is left to the next start, by the intent.
    with suppress(*DISK_FAILURES):
        words = _stays(store, record.id, tx, record)
        tx.end(EventKind.PRUNE_FAILED, f"not pruned: {failure.message}{words}")
    return failure


def _stays(
    store: Store,
    trash_id: str,
    tx: Transaction[PruneIntent],
    record: TrashRecord | RecordProblem,
) -> str:
    """Give a pod that stays in its place back what it had; returns what there is to say of it."""
    # Loaded here only: a prune is seldom taken back.
    from podtui.core.actions.loans.changes import relend_after_recover, scopes  # noqa: PLC0415

    words = ""
    if isinstance(record, TrashRecord) and record.returned_loans:
        lent, conflicts = relend_after_recover(
            store,
            record.name,
            record.pod_id,
            record.returned_loans,
            actor=tx.intent.actor,
            tx=tx,
        )
        words = f"; lent again: {scopes(lent)}" if lent else ""
        words += "".join(f"; not lent again: {each}" for each in conflicts)
    clear_entry(store, trash_id)
    return words


def _undetermined(record: TrashRecord, error: OSError | errors.PodtuiError) -> errors.PodtuiError:
    why = error.strerror if isinstance(error, OSError) else error.message
    return errors.DiskTrouble(
        f"{record.name!r} was pruned, and that could not be written down: {why}",
        pod=record.name,
        next_step=recover_command(record.id),
        kept=f"it is in the trash as {record.id}, whole; the next start tells it",
    )


# after a crash


def finish_prune(store: Store, tx: Transaction[PruneIntent]) -> Recovered:
    """Tell of a pod that has come into the trash; take back what was begun for one that has not.

    Raises:
        Busy, PodtuiError, OSError: it cannot be done now; it may be tried again.
    """
    entry, broken_off = store.trash.entry(tx.id), f"a prune by {tx.intent.actor} was broken off"
    if entry.has_pod:
        _diagnose(tx, entry.record)
        words = f"{broken_off}; it is in the trash as {entry.id}"
        return Recovered(finished=True, words=words)
    with pod_in_place(store, tx) as place:
        if place is None:
            clear_entry(store, tx.id)
            words = f"{broken_off}; the pod is not in place any more"
            return Recovered(finished=False, words=words)
        words = _stays(store, tx.id, tx, entry.record)
    return Recovered(finished=False, words=f"{broken_off}; it stays where it is{words}", name=place)
