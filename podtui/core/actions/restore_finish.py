"""Finishing a restore that was broken off: taken back before its run began, told after it.

What there is on the disk decides, never how far the actor may have come: the run that was
reserved by this very action, its lock, its records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podtui.core.actions.act import Act
from podtui.core.actions.handing_off import settle
from podtui.core.actions.loan_changes import take_back_relending
from podtui.core.actions.locking import action_lock, is_being_acted_on
from podtui.core.actions.restore_staging import clear_staged
from podtui.core.actions.starting import prevent_start
from podtui.core.errors import Busy, UnknownState
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.model.verdicts import Evidence
from podtui.core.observe.facts import look_at_run
from podtui.core.observe.verdict import Outcome, row_for
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

if TYPE_CHECKING:
    from podtui.core.actions.unfinished import Ending

BROKEN_OFF = "the restore that reserved it was broken off before its supervisor was started"
UNTOLD = frozenset({Outcome.UNTOLD, Outcome.ELSEWHERE, Outcome.GONE_UNCONFIRMED})


def finish_restore(store: Store, act: Act) -> Ending:
    """Find out what became of a restore whose actor is gone, and bring it to its end.

    Raises:
        Busy: the pod is acted on, or its new run is just starting: the next start looks again.
        UnknownState, Unreadable, OSError: it cannot be told, and nothing is decided.
    """
    name = _name_now(store, act)
    if name is None:
        return _ending(
            finished=False,
            summary=f"{act.intent.pod}: a restore was broken off; the pod is not in place any more",
        )
    paths = store.paths.pod(name)
    # Not waited for: a start must not stand still because somebody else acts on a pod.
    if is_being_acted_on(store.system, paths):
        raise Busy(f"{name!r} is being acted on", pod=name)
    with action_lock(store.system, paths, pod=name, action="restore", actor=act.intent.actor):
        record = store.run_record(name, act.intent.run)
        if isinstance(record, RecordProblem) and not record.is_missing:
            raise record.as_error(name)
        if _was_restored_since(store, act, name, record):
            # What it was lent belongs to that run by now, whoever lent it.
            summary = f"{name}: a restore by {act.intent.actor} was broken off before a later one"
            return _ending(finished=False, summary=summary)
        if isinstance(record, RunRecord):
            return _of_reserved(store, act, name, record)
        return _taken_back(store, act, name, "nothing was started")


def _name_now(store: Store, act: Act) -> str | None:
    """Return what the pod is called now, None when it is not in place."""
    for name in (act.intent.pod, *store.pod_names()):
        record = store.pod_record(name)
        if isinstance(record, PodRecord) and record.id == act.intent.pod_id:
            return name
        if name == act.intent.pod and isinstance(record, RecordProblem) and not record.is_missing:
            # It may be this pod: what cannot be read is nobody else's.
            raise record.as_error(name)
    return None


def _was_restored_since(
    store: Store, act: Act, name: str, record: RunRecord | RecordProblem
) -> bool:
    """Whether the pod has a later run, or one of this number that another action reserved."""
    if isinstance(record, RunRecord) and record.action_id != act.id:
        return True
    return max(store.run_numbers(name), default=0) > act.intent.run


def _of_reserved(store: Store, act: Act, name: str, run: RunRecord) -> Ending:
    if prevent_start(store, name, run, BROKEN_OFF):
        return _never_began(store, act, name, run)
    look = look_at_run(store, name, run.run, run.pod_id)
    outcome = row_for(look.answers).outcome
    if outcome is Outcome.STARTING:
        raise Busy(f"run {run.run} of {name!r} is starting", pod=name)
    if outcome in UNTOLD:
        raise UnknownState(f"what became of run {run.run} of {name!r} cannot be told", pod=name)
    if isinstance(look.exit, ExitRecord) and look.exit.start_error:
        return _never_began(store, act, name, run)
    if outcome is not Outcome.LOST:
        settle(store, run.pod_id, run.run)
    summary = f"{name}: restored by {act.intent.actor}, run {run.run}; who did it was broken off"
    act.diagnose(
        DiagnosticKind.RESTORED,
        summary,
        evidence=_old_evidence(store, act, name),
        undo=Undo("stop", name),
    )
    return _ending(finished=True, summary=summary)


def _never_began(store: Store, act: Act, name: str, run: RunRecord) -> Ending:
    settle(store, run.pod_id, run.run)
    return _taken_back(store, act, name, f"run {run.run} was reserved and never began")


def _taken_back(store: Store, act: Act, name: str, what: str) -> Ending:
    clear_staged(store, act.intent.pod_id, act.intent.run)
    back = take_back_relending(store, name, act.intent.pod_id, actor=act.intent.actor, act=act)
    summary = "; ".join((f"{name}: a restore by {act.intent.actor} was broken off: {what}", *back))
    act.diagnose(
        DiagnosticKind.RESTORE_FAILED,
        summary,
        evidence=_old_evidence(store, act, name),
        undo=Undo("restore", name),
    )
    return _ending(finished=False, summary=summary)


def _old_evidence(store: Store, act: Act, name: str) -> tuple[Evidence, ...]:
    """Return the evidence of the end the pod was to be restored from."""
    old = act.intent.details.get("old_run", "")
    if not old.isdigit() or not int(old):
        return ()
    return look_at_run(store, name, int(old), act.intent.pod_id).evidence


def _ending(*, finished: bool, summary: str) -> Ending:
    # Loaded here only: it is what loads this file.
    from podtui.core.actions.unfinished import Ending  # noqa: PLC0415

    return Ending(finished=finished, summary=summary)
