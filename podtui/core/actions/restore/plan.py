"""What restoring a pod will do, and what speaks against it: every answer is one of its own."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from podtui.core import errors
from podtui.core.actions.framework.preconditions import not_dead_refusal
from podtui.core.actions.loans.changes import Relending, plan_relending
from podtui.core.actions.restore.records import (
    Job,
    ends_at_once,
    keeps_leftovers,
    start_request,
)
from podtui.core.actions.spawn.checks import refusals_of_start
from podtui.core.hosts.registry import survey_leftovers
from podtui.core.model.plans import Plan, Refusal, Step, StepKind
from podtui.core.model.records import RunRecord
from podtui.core.model.snapshot import PodView
from podtui.core.processes.environment import missing_variables
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.store.store import Store
from podtui.core.text.safe import safe_line

SHOWN_COMMAND = 300


def plan_one(
    store: Store,
    view: PodView,
    *,
    without: Sequence[str] = (),
    in_bulk: bool = False,
    surveys: bool = True,
) -> tuple[Plan, Job | None]:
    """Return what restoring one pod will do, and the job of it; touches nothing.

    Args:
        store: where the pod is.
        view: the pod as it was looked at.
        without: paths that are not lent again.
        in_bulk: it is one of many, so that nobody has looked at it in particular.
        surveys: look who is left of the old run; it costs a look at every process of the host.

    Raises:
        OSError: the store could not be asked.
    """
    refusal = state_refusal(store, view)
    if refusal is not None:
        return Plan.refused("restore", view.name, refusal), None
    job = Job.of(store, view)
    if isinstance(job, Refusal):
        return Plan.refused("restore", view.name, job), None
    steps, refusals = _leftovers_step(job, surveys=surveys)
    flapping = ends_at_once(job)
    start = job.start
    refusals += refusals_of_start(store, start_request(job))
    relending = plan_relending(store, job.pod.name, job.pod.id, without=without)
    refusals += relending.refusals + _unknown_scopes(job, relending, in_bulk=in_bulk)
    if flapping and in_bulk:
        next_step = f"podtui restore {view.name}"
        refusals += (Refusal(kind=errors.Refused.kind, message=flapping, next=next_step),)
    command = safe_line(shlex.join(start.argv), SHOWN_COMMAND)
    goes_on = f"go on with {job.pod.agent} conversation {start.conversation}: "
    plan = Plan(
        action="restore",
        pod=view.name,
        steps=(
            *steps,
            *relending.steps,
            Step(
                StepKind.RESERVE,
                view.name,
                f"reserve run {job.run} of {view.name!r}; its place, ledgers, cursors and output"
                " stay",
                {"run": job.run},
            ),
            Step(
                StepKind.START,
                view.name,
                f"{goes_on if start.conversation else ''}start {command} in {job.pod.cwd}",
                {
                    "argv": tuple(start.argv),
                    "cwd": job.pod.cwd,
                    "conversation": start.conversation or "",
                },
            ),
        ),
        refusals=refusals,
        warnings=_warnings(job, start.warning, "" if in_bulk else flapping),
        undo=f"podtui stop {view.name}",
    )
    return plan, job


def _leftovers_step(job: Job, *, surveys: bool) -> tuple[tuple[Step, ...], tuple[Refusal, ...]]:
    run = f"run {job.view.run}"

    def step(kind: StepKind, text: str, processes: tuple[str, ...] = ()) -> tuple[Step, ...]:
        return (Step(kind, job.pod.name, text, {"run": job.view.run, "processes": processes}),)

    if keeps_leftovers(job):
        return step(StepKind.LEAVE, f"leave alone what {run} left running: it was asked for"), ()
    if not surveys:
        return step(StepKind.END, f"end what is left of {run}, and prove it"), ()
    try:
        scan = ProcessScan(job.store)
        found = survey_leftovers(job.store, job.pod.name, job.pod.id, job.view.run, scan=scan)
    except errors.Refused:
        # Its supervisor has written the exit record and is about to leave.
        text = f"end what is left of {run} when its supervisor has left, and prove it"
        return step(StepKind.END, text), ()
    except errors.PodtuiError as error:
        return (), (Refusal.of(error),)
    who = tuple(each.words for each in found.targets)
    text = f"end what is left of {run}, and prove it: {', '.join(who) or 'nothing is seen now'}"
    return step(StepKind.END, text, who), ()


def _unknown_scopes(job: Job, relending: Relending, *, in_bulk: bool) -> tuple[Refusal, ...]:
    # Of many pods each has other scopes: what one never had is another's.
    if in_bulk or not relending.unknown:
        return ()
    message = f"{job.pod.name!r} was never lent {', '.join(relending.unknown)}"
    return (Refusal(kind=errors.BadInput.kind, message=message, next="podtui ls --loans"),)


def _warnings(job: Job, *words: str) -> tuple[str, ...]:
    missing = missing_variables(job.pod.pass_env, job.store.system.environment)
    return (
        *(each for each in words if each),
        *(f"{name} is not set here, so the pod will not have it" for name in missing),
    )


# in what state the pod is


def state_refusal(store: Store, view: PodView) -> Refusal | None:
    """Return why a pod cannot be restored in its present state, None when it is proven dead."""
    if view.record_error:
        message = f"{view.name!r} cannot be restored: its record says not how: {view.record_error}"
        return Refusal(kind=errors.Unreadable.kind, message=message, next="podtui doctor")
    return not_dead_refusal(view, "restore", by=_restored_by(store, view))


def _restored_by(store: Store, view: PodView) -> str:
    """Return who began its run, when that was a restore: for who comes second."""
    run = store.run_record(view.name, view.run)
    if not isinstance(run, RunRecord) or run.reason != "restore":
        return ""
    when = run.reserved_at.isoformat(timespec="seconds")
    return f" (restored by {run.actor} at {when} as run {run.run})"
