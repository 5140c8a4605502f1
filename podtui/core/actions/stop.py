"""Stop: ask a run to end, and see it ended."""

from __future__ import annotations

from collections.abc import Callable

from podtui.core.actions.locking import action_lock
from podtui.core.actions.reaching import connect, event_of, liveness_refusal
from podtui.core.errors import PodtuiError, TimedOut
from podtui.core.model.events import EventKind
from podtui.core.model.plans import Plan
from podtui.core.model.records import RunRecord
from podtui.core.model.snapshot import Inspection, PodView
from podtui.core.store.store import Store
from podtui.core.text.durations import duration

DEFAULT_GRACE_S = 10.0
FORCE_MARGIN_S = 20.0
"""How long ending a process tree by force, draining and syncing its output may take."""


def plan_stop(inspection: Inspection, grace_s: float) -> Plan:
    """Return what a stop will do; touches nothing."""
    view = inspection.pod
    refusal = liveness_refusal(view, "stopped")
    processes = ", ".join(f"{each.name} {each.pid}" for each in inspection.processes)
    steps = (
        f"ask {view.name}, run {view.run}, to end: {processes or 'its processes'}",
        f"after {duration(grace_s)}, end by force whatever is left of its process tree",
        "keep its output, records and place in the tree",
    )
    children = ", ".join(inspection.children)
    warnings = (f"its children are not stopped with it: {children}",) if children else ()
    return Plan(
        action="stop",
        pod=view.name,
        steps=steps,
        refusals=(refusal,) if refusal else (),
        warnings=warnings,
    )


def carry_out_stop(
    store: Store,
    inspect: Callable[[], Inspection],
    *,
    name: str,
    grace_s: float,
    actor: str,
) -> tuple[tuple[str, ...], PodView]:
    """End the run; returns what was done and the pod as it is then.

    ``inspect`` looks at the pod anew: the evidence behind the plan is checked again under the
    pod's action lock.

    Raises:
        Refused, UnknownState: the pod cannot be stopped as it is now.
        TimedOut: it was asked and has not ended yet.
        Busy: another action holds the pod.
    """
    paths = store.paths.pod(name)
    with action_lock(store.system, paths, pod=name, action="stop", actor=actor):
        inspection = inspect()
        plan_stop(inspection, grace_s).raise_if_refused()
        view = inspection.pod
        intent = f"{name}: to be stopped by {actor}"
        store.journal.append(event_of(store, EventKind.STOP_INTENDED, view, intent, actor=actor))
        try:
            ended = _end(store, view, grace_s, actor)
        except PodtuiError as error:
            failure = f"{name}: not stopped: {error.message}"
            store.journal.append(event_of(store, EventKind.STOP_FAILED, view, failure, actor=actor))
            raise
        after = inspect().pod
        summary = f"{name}: {after.message}"
        store.journal.append(event_of(store, EventKind.STOPPED, after, summary, actor=actor))
    return (f"asked {name}, run {view.run}, to end", ended, after.message), after


def _end(store: Store, view: PodView, grace_s: float, actor: str) -> str:
    record = store.run_record(view.name, view.run)
    with connect(store, view) as client:
        client.stop(grace_s=grace_s, by=actor)
    if isinstance(record, RunRecord) and record.supervisor is not None:
        bound_ms = int((grace_s + FORCE_MARGIN_S) * 1000)
        if store.system.proc.ends_within(record.supervisor.pid, bound_ms):
            return "its process tree is gone"
    raise TimedOut(
        f"{view.name!r} was asked to end and has not ended yet",
        pod=view.name,
        next_step=f"podtui inspect {view.name}",
        kept="its supervisor goes on ending it",
    )
