"""Finishing a restore that was interrupted: taken back before its run began, reported after it.

What is on the disk decides, not how far the actor may have come: the run that this very action
reserved, its lock, its records.
"""

from __future__ import annotations

from podtui.core.access.names import name_now
from podtui.core.actions.framework.locks import action_lock, refuse_if_busy
from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.actions.loans.changes import take_back_relending
from podtui.core.errors import Busy, UnknownState
from podtui.core.hosts.registry import host_of, probe_run
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.events import Details
from podtui.core.model.intents import RestoreIntent
from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.model.verdicts import Evidence
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.paths import RunPaths
from podtui.core.processes.handoff import clear_handoff
from podtui.core.store.codec import RecordProblem, encode_json
from podtui.core.store.store import Store

BROKEN_OFF = "the restore that reserved it was broken off before its supervisor was started"
UNDETERMINED = frozenset({Finding.UNDETERMINED, Finding.ELSEWHERE, Finding.GONE_UNCONFIRMED})


def finish_restore(store: Store, tx: Transaction[RestoreIntent]) -> Recovered:
    """Find out what became of a restore whose actor is gone, and bring it to its end.

    Raises:
        Busy: the pod is acted on, or its new run is just starting: the next start looks again.
        UnknownState, Unreadable, OSError: it could not be determined, and nothing is decided.
    """
    name = name_now(store, tx.intent.pod, tx.intent.pod_id)
    if name is None:
        words = "a restore was broken off; the pod is not in place any more"
        return Recovered(finished=False, words=words)
    pod = store.pod_record(name)
    if isinstance(pod, RecordProblem):
        raise pod.as_error(name)
    paths = store.paths.pod(name)
    refuse_if_busy(store.system, paths, name)
    with action_lock(store.system, paths, pod=name, action="restore", actor=tx.intent.actor):
        record = store.run_record(name, tx.intent.run)
        if isinstance(record, RecordProblem) and not record.is_missing:
            raise record.as_error(name)
        if _was_restored_since(store, tx, name, record):
            # What it was lent belongs to that run by now.
            words = f"a restore by {tx.intent.actor} was broken off before a later one"
            return Recovered(finished=False, words=words, name=name)
        if isinstance(record, RunRecord):
            return _of_reserved(store, tx, name, record)
        return _taken_back(store, tx, name, "nothing was started")


def _was_restored_since(
    store: Store, tx: Transaction[RestoreIntent], name: str, record: RunRecord | RecordProblem
) -> bool:
    """Whether the pod has a later run, or one of this number that another action reserved."""
    if isinstance(record, RunRecord) and record.action_id != tx.id:
        return True
    return max(store.run_numbers(name), default=0) > tx.intent.run


def _of_reserved(
    store: Store, tx: Transaction[RestoreIntent], name: str, run: RunRecord
) -> Recovered:
    if host_of(store, run).prevent(name, run, BROKEN_OFF):
        return _never_began(store, tx, name, run)
    look = probe_run(store, name, run.run, run.pod_id)
    outcome = rule_for(look.answers).outcome
    if outcome is Finding.STARTING:
        raise Busy(f"run {run.run} of {name!r} is starting", pod=name)
    if outcome in UNDETERMINED:
        raise UnknownState(f"what became of run {run.run} of {name!r} cannot be told", pod=name)
    if isinstance(look.exit, ExitRecord) and look.exit.start_error:
        return _never_began(store, tx, name, run)
    if outcome is not Finding.LOST:
        clear_handoff(store, run.pod_id, run.run)
    cause = f"by {tx.intent.actor}, run {run.run}"
    words = f"restored {cause}; who did it was broken off"
    tx.diagnose(
        DiagnosticKind.RESTORED,
        words,
        name=name,
        details=Details(cause=cause),
        evidence=_old_evidence(store, tx, name),
        undo=Undo("stop", name),
    )
    return Recovered(finished=True, words=words, name=name)


def _never_began(
    store: Store, tx: Transaction[RestoreIntent], name: str, run: RunRecord
) -> Recovered:
    clear_handoff(store, run.pod_id, run.run)
    return _taken_back(store, tx, name, f"run {run.run} was reserved and never began")


def _taken_back(store: Store, tx: Transaction[RestoreIntent], name: str, what: str) -> Recovered:
    clear_staged(store, tx.intent.pod_id, tx.intent.run)
    back = take_back_relending(store, name, tx.intent.pod_id, actor=tx.intent.actor, tx=tx)
    words = "; ".join((f"a restore by {tx.intent.actor} was broken off: {what}", *back))
    tx.diagnose(
        DiagnosticKind.RESTORE_FAILED,
        words,
        name=name,
        details=Details(cause=what),
        evidence=_old_evidence(store, tx, name),
        undo=Undo("restore", name),
    )
    return Recovered(finished=False, words=words, name=name)


def _old_evidence(store: Store, tx: Transaction[RestoreIntent], name: str) -> tuple[Evidence, ...]:
    """Return the evidence of the end the pod was to be restored from."""
    old = tx.intent.old_run
    return probe_run(store, name, old, tx.intent.pod_id).evidence if old else ()


# where a new run is built, before it is renamed into its pod


def staged_run(store: Store, pod_id: str, run: int) -> RunPaths:
    """Return the files of a run that is being built; the caller holds the pod's action lock."""
    return RunPaths(store.paths.staging / f"{pod_id}.{run}")


def build_run(store: Store, pod: str, run: RunRecord) -> None:
    """Reserve a run: it is in its pod whole and synced when this returns, or not at all.

    Raises:
        OSError: it is not in place.
    """
    fs = store.system.fs
    staged = staged_run(store, run.pod_id, run.run)
    # What a restore that was broken off has left there is not built upon.
    clear_staged(store, run.pod_id, run.run)
    fs.make_directory(staged.root)
    fs.create(staged.record, encode_json(run))
    for empty in (staged.lock, staged.output, staged.index):
        fs.create(empty)
    fs.sync_directory(staged.root)
    fs.rename(staged.root, store.paths.pod(pod).run(run.run).root)


def clear_staged(store: Store, pod_id: str, run: int) -> None:
    """Take away a run that was not built to its end: nothing ever began in it.

    Raises:
        OSError: it is still there.
    """
    fs, root = store.system.fs, staged_run(store, pod_id, run).root
    try:
        names = fs.names_in(root)
    except FileNotFoundError:
        return
    for name in names:
        fs.remove(root / name)
    fs.remove_directory(root)
