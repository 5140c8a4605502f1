"""Restoring one pod, step by step.

Under the pod's action lock it is probed again, what the old run left is ended and proven gone,
scopes are lent again, the next run is reserved (built in staging, renamed into place), and only
then is a supervisor started. docs/store.md has what a crash between any two steps leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.actions.framework.limits import REAP_GRACE_S
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.preconditions import refuse_if_changed
from podtui.core.actions.framework.start import failure_of, record_never_began, start_run
from podtui.core.actions.framework.transaction import Transaction, transaction
from podtui.core.actions.loans.changes import relend_for_restore, scopes, take_back_relending
from podtui.core.actions.restore.finish import build_run, clear_staged
from podtui.core.actions.restore.plan import plan_one, state_refusal
from podtui.core.actions.restore.records import Job, keeps_leftovers
from podtui.core.actions.spawn.records import run_record
from podtui.core.hosts import registry
from podtui.core.hosts.interface.base import Launch
from podtui.core.hosts.registry import end_leftovers
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.events import Details, EventKind
from podtui.core.model.intents import RestoreIntent
from podtui.core.model.plans import Report
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.core.observe.inspector import Inspector
from podtui.core.output.last_lines import last_words
from podtui.core.processes.handoff import clear_handoff, handed_off_runs
from podtui.core.store.store import Store

LEAVING_MS = 2000
"""How long a supervisor that wrote its exit record is given to be gone."""


class SoFar(msgspec.Struct):
    """What a restore has done and skipped so far."""

    done: list[str] = []
    skipped: list[str] = []


class Attempt(msgspec.Struct, frozen=True):
    """What became of a restore that was begun.

    Attributes:
        error: why the pod is not restored, None when it is.
        ended: how the new run has ended already, "" when it goes on: a restore that was of no use.
    """

    report: Report
    error: errors.PodtuiError | None = None
    ended: str = ""

    @property
    def trouble(self) -> str:
        """Why this may be no help to the next pod either, "" when it may."""
        return self.error.message if self.error else self.ended


def restore_one(
    inspector: Inspector,
    planned: PodView,
    *,
    without: Sequence[str],
    actor: str,
    in_bulk: bool = False,
) -> Attempt:
    """Restore one pod; returns when its command runs or cannot.

    Args:
        inspector: looks at the pod anew.
        planned: the pod as it was when the restore was planned.
        without: paths that are not lent again.
        actor: who asks.
        in_bulk: it is one of many, as it was planned.

    Raises:
        PodtuiError: nothing was begun: the pod is not any more what it was, or cannot be restored
            as it is, or another action holds it.
    """
    store, name = inspector.store, planned.name
    try:
        with action_lock(
            store.system, store.paths.pod(name), pod=name, action="restore", actor=actor
        ):
            job = _looked_at_again(inspector, planned, without, in_bulk=in_bulk)
            return _begin(inspector, job, without, actor)
    except OSError as error:
        raise failure_of(name, "restored", error, "nothing was started") from error


def _looked_at_again(
    inspector: Inspector, planned: PodView, without: Sequence[str], *, in_bulk: bool
) -> Job:
    """Check under the lock that the evidence behind the plan still holds."""
    now = inspector.look_at(planned.name)
    refuse_if_changed(
        planned,
        now,
        state_refusal(inspector.store, now),
        kept="nothing was changed",
        next_step=f"podtui restore {now.name}",
    )
    plan, job = plan_one(inspector.store, now, without=without, in_bulk=in_bulk, surveys=False)
    plan.raise_if_refused()
    assert job is not None  # noqa: S101 - without one the plan is refused
    return job


def _begin(inspector: Inspector, job: Job, without: Sequence[str], actor: str) -> Attempt:
    intended = partial(
        RestoreIntent,
        pod=job.pod.name,
        pod_id=job.pod.id,
        actor=actor,
        run=job.run,
        old_run=job.view.run,
    )
    with transaction(job.store, EventKind.RESTORE_INTENDED, intended) as tx:
        so_far = SoFar()
        try:
            _end_old_run(job, so_far)
            so_far.done += _lent_again(job, tx, without)
            run = _reserved(job, tx)
            launch = _started(job.store, job.pod, run)
            so_far.skipped += launch.remarks
        except (OSError, errors.PodtuiError) as error:
            return _failed(job, tx, error, so_far)
        if launch.started:
            return _succeeded(inspector, job, tx, so_far)
        return _not_started(job, tx, launch, so_far)


# the steps


def _end_old_run(job: Job, so_far: SoFar) -> None:
    """End what earlier runs left; raises Refused when anything of it is still there."""
    store, name = job.store, job.pod.name
    _wait_for_owner(job)
    left = {job.view.run} if job.view.run and not keeps_leftovers(job) else set()
    for run in sorted(left.union(handed_off_runs(store, job.pod.id))):
        ended = end_leftovers(store, name, job.pod.id, run, grace_s=REAP_GRACE_S)
        so_far.done += ended.reaped
        so_far.skipped += ended.skipped
        if ended.survivors:
            raise errors.Refused(
                f"{name!r} was not restored: of run {run} there still runs"
                f" {', '.join(ended.survivors)}",
                pod=name,
                next_step=f"podtui reap {name}",
                kept="no new run was begun",
            )
        clear_handoff(store, job.pod.id, run)


def _wait_for_owner(job: Job) -> None:
    """Let the owner of the old run leave, which has recorded its end: it would pass for alive."""
    record = job.store.run_record(job.pod.name, job.view.run)
    if isinstance(record, RunRecord):
        registry.wait_until_gone(job.store, record, LEAVING_MS)


def _lent_again(
    job: Job, tx: Transaction[RestoreIntent], without: Sequence[str]
) -> tuple[str, ...]:
    lent = relend_for_restore(
        job.store, job.pod.name, job.pod.id, without=without, actor=tx.intent.actor, tx=tx
    )
    return (f"{job.pod.name}: lent it again: {scopes(lent)}",) if lent else ()


def _reserved(job: Job, tx: Transaction[RestoreIntent]) -> RunRecord:
    """Reserve the run: built in staging, so that it is there whole or not at all."""
    old = job.store.run_record(job.pod.name, job.view.run)
    run = run_record(
        job.store,
        job.pod,
        tx.intent.actor,
        run=job.run,
        argv=job.start.argv,
        reason="restore",
        action_id=tx.id,
        host=old.host if isinstance(old, RunRecord) else registry.NEW_RUNS,
    )
    build_run(job.store, job.pod.name, run)
    return run


def _started(store: Store, pod: PodRecord, run: RunRecord) -> Launch:
    try:
        return start_run(store, pod, run)
    except (OSError, errors.PodtuiError) as error:
        record_never_began(store, pod.name, run, error)
        raise


# what became of it


def _not_started(
    job: Job, tx: Transaction[RestoreIntent], launch: Launch, so_far: SoFar
) -> Attempt:
    name = job.pod.name
    words = last_words(job.store.system.fs, job.paths.run(job.run))
    why = f"{launch.error}{f'; {words}' if words else ''}"
    if launch.confirmed:
        failure = errors.leaf_of(launch.kind)(f"{name!r} was not restored: {why}", pod=name)
        return _failed(job, tx, failure, so_far)
    error = errors.leaf_of(launch.kind)(
        f"whether {name!r} was restored is not known: {why}",
        pod=name,
        next_step=f"podtui inspect {name}",
        kept=f"run {job.run} is reserved, and a handoff says that a process may be there",
    )
    if not isinstance(error, errors.TimedOut):
        # It did begin, and is over: what it was lent stays with it, as with every lost pod.
        _report_failed_or_later(tx, name, error.message, job.view, so_far)
    # Of one that may still begin the intent stays: the next start looks what became of it.
    return Attempt(_failure_report(name, error, so_far), error)


def _succeeded(
    inspector: Inspector, job: Job, tx: Transaction[RestoreIntent], so_far: SoFar
) -> Attempt:
    name = job.pod.name
    summary = f"restored {name}, run {job.run}"
    so_far.skipped += _report_restored(job, tx)
    try:
        view = inspector.look_at(name)
    except (OSError, errors.PodtuiError) as error:
        so_far.skipped.append(f"{name}: what it is now could not be looked at: {error}")
        return Attempt(_report(name, [*so_far.done, summary], so_far))
    ended = ""
    if view.run == job.run and view.status in {Status.FAILED, Status.LOST}:
        words = last_words(job.store.system.fs, job.paths.run(job.run))
        ended = f"{name}: run {job.run} has ended already: {view.message}"
        so_far.skipped.append(f"{ended}; {words}" if words else ended)
    report = _report(name, [*so_far.done, f"{summary}: {view.message}"], so_far)
    return Attempt(msgspec.structs.replace(report, view=view), ended=ended)


def _report_restored(job: Job, tx: Transaction[RestoreIntent]) -> tuple[str, ...]:
    """Write that a pod is restored; returns a remark when the disk does not take it.

    The intent then stays, and the next start writes it.
    """
    name, old = job.pod.name, job.view
    cause = f"by {tx.intent.actor}, run {job.run}"
    words = f"restored {cause}"
    try:
        tx.diagnose(
            DiagnosticKind.RESTORED,
            f"{words}; run {old.run}: {old.message}",
            details=Details(cause=cause),
            evidence=old.evidence,
            undo=Undo("stop", name),
        )
        tx.end(EventKind.RESTORED, words)
    except (OSError, errors.PodtuiError) as error:
        return (f"{name}: that it is restored will be told by the next start: {error}",)
    return ()


def _failed(
    job: Job, tx: Transaction[RestoreIntent], error: OSError | errors.PodtuiError, so_far: SoFar
) -> Attempt:
    """Take back what was done so far, and write that it failed."""
    name = job.pod.name
    kept = "its output, ledgers, cursors and children are as they were; it can be restored again"
    if isinstance(error, OSError):
        failure = failure_of(name, "restored", error, kept)
    else:
        failure = error
        failure.kept = failure.kept or kept
        failure.next_step = failure.next_step or f"podtui restore {name}"
    try:
        clear_staged(job.store, job.pod.id, job.run)
        back = take_back_relending(job.store, name, job.pod.id, actor=tx.intent.actor, tx=tx)
        so_far.skipped += [f"{name}: {each}" for each in back]
    except (OSError, errors.PodtuiError) as trouble:
        # The intent stays: the next start takes back what is left.
        so_far.skipped.append(f"{name}: taking it back is left to the next start: {trouble}")
    else:
        _report_failed_or_later(tx, name, failure.message, job.view, so_far)
    return Attempt(_failure_report(name, failure, so_far), failure)


def _report_failed_or_later(
    tx: Transaction[RestoreIntent], name: str, why: str, old: PodView, so_far: SoFar
) -> None:
    try:
        _report_failed(tx, name, why, old)
    except (OSError, errors.PodtuiError) as trouble:
        so_far.skipped.append(f"{name}: that it failed will be told by the next start: {trouble}")


def _report_failed(tx: Transaction[RestoreIntent], name: str, why: str, old: PodView) -> None:
    """Write that a pod was not restored; raises Busy or OSError."""
    tx.diagnose(
        DiagnosticKind.RESTORE_FAILED,
        why,
        details=Details(cause=why),
        evidence=old.evidence,
        undo=Undo("restore", name),
    )
    tx.end(EventKind.RESTORE_FAILED, f"not restored: {why}")


def _report(name: str, done: Sequence[str], so_far: SoFar) -> Report:
    return Report(action="restore", pod=name, done=tuple(done), skipped=tuple(so_far.skipped))


def _failure_report(name: str, error: errors.PodtuiError, so_far: SoFar) -> Report:
    failed = (f"{name}: {error.sentence()}",)
    return msgspec.structs.replace(_report(name, so_far.done, so_far), failed=failed)
