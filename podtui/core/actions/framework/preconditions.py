"""What every action on a living run needs: whether it may be reached, and its socket."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.hosts.interface.base import REACH_TIMEOUT_S, Role, Stream
from podtui.core.hosts.registry import host_of
from podtui.core.model.plans import Plan, Refusal
from podtui.core.model.records import RunRecord
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store


def liveness_refusal(view: PodView, wish: str) -> Refusal | None:
    """Return why a pod cannot be reached for ``wish``, None when it can be tried."""
    if view.verdict is Verdict.DEAD:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is not running ({view.message})",
            next=f"podtui read {view.name}",
        )
    if view.verdict is Verdict.UNKNOWN:
        return Refusal(
            kind=errors.UnknownState.kind,
            message=f"{view.name!r} cannot be {wish}: {view.message}",
            next=f"podtui inspect {view.name}",
        )
    if view.status is Status.UNRESPONSIVE:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is {view.message}",
            next=f"podtui inspect {view.name}",
        )
    return None


class NeedsDeath(NamedTuple):
    """How a verb that is only for dead pods refuses the others.

    Attributes:
        done: "restored".
        instead: what is to be known of a pod that is alive.
        command: of a pod that is alive, what to do.
        untouched: what is not done to a pod of which it is not known.
    """

    done: str
    instead: str
    command: str
    untouched: str


NEEDS_DEATH: Mapping[str, NeedsDeath] = {
    "restore": NeedsDeath("restored", "attach instead", "attach", "it is not restored"),
    "reap": NeedsDeath(
        "reaped", "only its supervisor ends what is below it", "stop", "nothing of it is ended"
    ),
    "prune": NeedsDeath("pruned", "only what is dead is pruned", "stop", "it is not pruned"),
}


def alive_refusal(view: PodView, verb: str, *, by: str = "") -> Refusal | None:
    """Return why a pod that is alive or starting cannot be acted on, None for any other.

    ``by`` says who began its run, after a blank.
    """
    needs, name = NEEDS_DEATH[verb], shlex.quote(view.name)
    if view.status is Status.STARTING:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} is starting, run {view.run}{by}: {view.message}",
            next=f"podtui wait {name} --until live",
        )
    if view.status is Status.UNRESPONSIVE:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} is not dead but unresponsive: it is {view.message}",
            next=f"podtui inspect {name}",
        )
    if view.verdict is not Verdict.ALIVE:
        return None
    return Refusal(
        kind=errors.Refused.kind,
        message=f"{view.name!r} is alive{by}: {view.message}; {needs.instead}",
        next=f"podtui {needs.command} {name}",
    )


def unknown_refusal(view: PodView, verb: str) -> Refusal:
    """Return why a pod of which it is not known whether it is dead cannot be acted on."""
    seen = [each for each in view.evidence if each.answer is Answer.UNKNOWN] or view.evidence
    doubts = "; ".join(f"{each.probe.value}: {each.detail}" for each in seen)
    return Refusal(
        kind=errors.UnknownState.kind,
        message=f"whether {view.name!r} is dead cannot be told, so {NEEDS_DEATH[verb].untouched}:"
        f" {view.message} ({doubts or 'no probe answered'})",
        next=f"podtui inspect {shlex.quote(view.name)}",
    )


def not_dead_refusal(view: PodView, verb: str, *, by: str = "") -> Refusal | None:
    """Return why a pod cannot be acted on in its present state, None when it is proven dead."""
    if view.verdict is Verdict.DEAD:
        return None
    return (
        alive_refusal(view, verb, by=by)
        or elsewhere_refusal(view, verb)
        or unknown_refusal(view, verb)
    )


def elsewhere_refusal(view: PodView, verb: str) -> Refusal | None:
    """Return why a pod of another host cannot be acted on here, None for one of this host."""
    machine = [each for each in view.evidence if each.probe is Probe.MACHINE]
    if not any(each.answer is Answer.NO for each in machine):
        return None
    return Refusal(
        kind=errors.UnknownState.kind,
        message=f"{view.name!r} cannot be {NEEDS_DEATH[verb].done} here: it {machine[0].detail},"
        " and only there can be told whether it lives",
        next=f"{verb} it on that host",
    )


def connect(
    store: Store,
    view: PodView,
    *,
    role: Role = "control",
    columns: int = 0,
    rows: int = 0,
    timeout_s: float = REACH_TIMEOUT_S,
) -> Stream:
    """Connect to the owner of a pod's latest run.

    Raises:
        RunSilent: nobody answers.
        Unreadable: the record of the run cannot be read.
    """
    run = latest_run(store, view)
    return host_of(store, run).reach(
        view.name, run, role=role, columns=columns, rows=rows, timeout_s=timeout_s
    )


def latest_run(store: Store, view: PodView) -> RunRecord:
    """Return the record of a pod's latest run; raises Unreadable."""
    record = store.run_record(view.name, view.run)
    if isinstance(record, RecordProblem):
        raise record.as_error(view.name)
    return record


def unless_gone(access: Access, plan: Plan) -> Plan:
    """Return the plan; if it is refused and its pod has gone meanwhile, refuse it as not found.

    Another action may move the pod while its files are read: what is missing then proves nothing.
    """
    gone = access.gone(plan.pod) if plan.is_refused else None
    return plan if gone is None else Plan.refused(plan.action, plan.pod, Refusal.of(gone))


def plan_unless_gone(
    access: Access, action: str, view: PodView, plan: Callable[[PodView], Plan]
) -> Plan:
    """Return the plan for a pod, as `unless_gone`; an error is a refusal.

    Raises:
        OSError: the files of the pod could not be read, and it is still in its place.
    """
    try:
        return unless_gone(access, plan(view))
    except errors.PodtuiError as error:
        return unless_gone(access, Plan.refused(action, view.name, Refusal.of(error)))
    except OSError:
        gone = access.gone(view.name)
        if gone is None:
            raise
        return Plan.refused(action, view.name, Refusal.of(gone))


# the second check, under the action lock


def refuse_if_changed(
    planned: PodView, now: PodView, refusal: Refusal | None, *, kept: str, next_step: str
) -> None:
    """Raise when a pod is not any more what it was when this was planned.

    Args:
        planned: the pod as the plan saw it.
        now: the pod as it is now.
        refusal: what speaks against the act now.
        kept: what was not done.
        next_step: how to try again.

    Raises:
        PodtuiError: of the refusal's kind; or Refused, when it is another pod, run or status.
    """
    then = f"it was {planned.status.value}, run {planned.run}, when this was planned"
    if refusal is not None:
        raise errors.leaf_of(refusal.kind)(
            f"{refusal.message} ({then})", pod=now.name, next_step=refusal.next, kept=kept
        )
    if (now.id, now.run, now.status) == (planned.id, planned.run, planned.status):
        return
    what = "another pod has its name" if now.id != planned.id else now.message
    raise errors.Refused(
        f"{now.name!r} has changed meanwhile: {then}, and now it is {now.status.value},"
        f" run {now.run}: {what}",
        pod=now.name,
        next_step=next_step,
        kept=kept,
    )
