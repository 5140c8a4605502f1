"""Stop: ask a run to end, and see it ended."""

from __future__ import annotations

from functools import partial

from podtui.core.actions.framework.batch import do_each, plan_each
from podtui.core.actions.framework.limits import LONGEST_GRACE_S, STOP_GRACE_S, grace_refusal
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.preconditions import latest_run, liveness_refusal
from podtui.core.actions.framework.transaction import transaction
from podtui.core.errors import PodtuiError
from podtui.core.hosts.registry import host_of
from podtui.core.model.events import EventKind
from podtui.core.model.intents import StopIntent
from podtui.core.model.plans import Plan, Report, Step, StepKind
from podtui.core.model.requests import Stop
from podtui.core.model.snapshot import Inspection, PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.processes.handoff import clear_handoff
from podtui.core.store.store import Store
from podtui.core.text.durations import duration


def plan(inspector: Inspector, request: Stop) -> Plan:
    """Return what a stop will do; touches nothing."""
    grace_s = STOP_GRACE_S if request.grace_s is None else request.grace_s
    return plan_each("stop", request.pods, lambda name: _plan(inspector.inspect(name), grace_s))


def _plan(inspection: Inspection, grace_s: float) -> Plan:
    view = inspection.pod
    refusals = (grace_refusal(grace_s), liveness_refusal(view, "stopped"))
    processes = ", ".join(f"{each.name} {each.pid}" for each in inspection.processes)
    grace = duration(grace_s) if 0 <= grace_s <= LONGEST_GRACE_S else str(grace_s)
    steps = (
        Step(
            StepKind.STOP,
            view.name,
            f"ask {view.name}, run {view.run}, to end: {processes or 'its processes'}",
            {"run": view.run, "pids": tuple(each.pid for each in inspection.processes)},
        ),
        Step(
            StepKind.END,
            view.name,
            f"after {grace}, end by force whatever is left of its process tree",
            {"grace_s": grace_s},
        ),
        Step(StepKind.KEEP, view.name, "keep its output, records and place in the tree"),
        *_loan_steps(inspection),
    )
    children = ", ".join(inspection.children)
    warnings = (f"its children are not stopped with it: {children}",) if children else ()
    return Plan(
        action="stop",
        pod=view.name,
        steps=steps,
        refusals=tuple(refusal for refusal in refusals if refusal),
        warnings=warnings,
    )


def _loan_steps(inspection: Inspection) -> tuple[Step, ...]:
    out = tuple(f"{loan.mode} {loan.path}" for loan in inspection.loans if loan.is_out)
    text = f"take back what was lent to it, once its end is proven: {', '.join(out)}"
    step = Step(StepKind.TAKE_BACK, inspection.pod.name, text, {"paths": out})
    return (step,) if out else ()


def carry_out(inspector: Inspector, request: Stop, *, actor: str) -> Report:
    """End the runs; of one pod the report's view is the pod as it is then.

    Raises:
        Refused, UnknownState: the pod cannot be stopped as it is now.
        TimedOut: it was asked and has not ended yet.
        Busy: another action holds the pod.
    """
    grace_s = STOP_GRACE_S if request.grace_s is None else request.grace_s
    return do_each(
        "stop", request.pods, lambda name: _stop(inspector, name, grace_s=grace_s, actor=actor)
    )


def _stop(inspector: Inspector, target: str, *, grace_s: float, actor: str) -> Report:
    store, name = inspector.store, inspector.access.name_of(target)
    _plan(inspector.inspect(name), grace_s).raise_if_refused()
    paths = store.paths.pod(name)
    with action_lock(store.system, paths, pod=name, action="stop", actor=actor):
        inspection = inspector.inspect(name)
        _plan(inspection, grace_s).raise_if_refused()
        view = inspection.pod
        intended = partial(StopIntent, pod=name, pod_id=view.id, run=view.run, actor=actor)
        # A pod that fills the disk must be stopped all the same.
        with transaction(store, EventKind.STOP_INTENDED, intended, even_if_unwritten=True) as tx:
            try:
                run = latest_run(store, view)
                ended = host_of(store, run).stop(name, run, grace_s=grace_s, by=actor)
            except PodtuiError as error:
                tx.end_anyhow(EventKind.STOP_FAILED, f"not stopped: {error.message}")
                raise
            after = inspector.inspect(name).pod
            if after.verdict is Verdict.DEAD:
                clear_handoff(store, view.id, view.run)
            tx.end_anyhow(EventKind.STOPPED, after.message)
        back, stays = _take_back_loans(store, inspection, after, actor)
    done = (f"asked {name}, run {view.run}, to end", ended, after.message, *back)
    return Report(action="stop", pod=name, done=done, skipped=(*tx.remarks, *stays), view=after)


def _take_back_loans(
    store: Store, inspection: Inspection, after: PodView, actor: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take back what a stopped pod had; returns what came back, and what stays and why."""
    if not any(loan.is_out for loan in inspection.loans):
        return (), ()
    # Loaded here only: few pods have anything lent to them.
    from podtui.core.actions.loans.loans import return_after_stop  # noqa: PLC0415

    return return_after_stop(store, after, actor=actor)
