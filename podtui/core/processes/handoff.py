"""Handoffs: durable notes that a start that failed halfway may have left a process running."""

from __future__ import annotations

from contextlib import suppress

from podtui.core.errors import PodtuiError
from podtui.core.model.records import HandoffRecord, IdentityRecord, RunRecord
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store


def hand_off(store: Store, run: RunRecord, *, pod: str, reason: str) -> tuple[str, ...]:
    """Record that processes of this run may exist; return a remark when that fails.

    The note names the processes that the run's record names by now.
    """
    now = store.run_record(pod, run.run)
    known = run if isinstance(now, RecordProblem) else now
    supervisor, child = _without_protected(store, known.supervisor, known.child)
    handoff = HandoffRecord(
        pod=pod,
        pod_id=run.pod_id,
        run=run.run,
        at=store.system.clock.now(),
        actor=run.actor,
        reason=reason,
        supervisor=supervisor,
        child=child,
    )
    try:
        store.handoffs.write(handoff)
    except OSError as error:
        # An earlier note of this run stays, and the run's own records say the same.
        return (f"its handoff could not be written: {error.strerror}",)
    return ()


def _without_protected(
    store: Store, *processes: IdentityRecord | None
) -> tuple[IdentityRecord | None, ...]:
    """Leave out protected processes; leave out all when the protected ones cannot be determined."""
    from podtui.core.processes.protected import protected_processes  # noqa: PLC0415 - seldom needed

    try:
        protected = protected_processes(store)
    except (OSError, PodtuiError):
        return tuple(None for _ in processes)
    return tuple(
        None if process is None or protected.reason(process.pid) else process
        for process in processes
    )


def handed_off_runs(store: Store, pod_id: str) -> tuple[int, ...]:
    """Return the runs of a pod that have a handoff; raises OSError when they cannot be listed."""
    found = store.handoffs.all()
    return tuple(
        sorted(
            each.run for each in found if isinstance(each, HandoffRecord) and each.pod_id == pod_id
        )
    )


def clear_handoff(store: Store, pod_id: str, run: int) -> None:
    """Delete the handoff of a run that started after all, or is over and left nothing.

    If deletion fails the note stays and is reported again next time.
    """
    with suppress(OSError):
        if store.system.fs.stamp(store.paths.handoff(pod_id, run)) is not None:
            store.handoffs.clear(pod_id, run)
