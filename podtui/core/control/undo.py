"""Taking back what a diagnostic tells: which calls of the plane its undo is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from podtui.core.control.plane import Plane
from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan, Refusal, Report, joined_plan, joined_report

ACTOR = "operator"
Targets = Sequence[str]


class Way(NamedTuple):
    """How one kind of undo is planned and done; ``doing`` is its word while it is under way."""

    doing: str
    plan: Callable[[Plane, Targets], Plan]
    carry_out: Callable[[Plane, Targets], Report]


def _planned(plan: Callable[[str], Plan], action: str, target: str) -> Plan:
    """Return the plan for one of many; an error is a refusal of this one."""
    try:
        return plan(target)
    except PodtuiError as error:
        refusal = Refusal.of(error)
        return Plan(action=action, pod=error.pod or target, steps=(), refusals=(refusal,))


def _plans(action: str, plan: Callable[[str], Plan], targets: Targets) -> Plan:
    if len(targets) == 1:
        return plan(targets[0])
    return joined_plan(action, [_planned(plan, action, target) for target in targets])


def _reported(act: Callable[[str], Report], action: str, target: str) -> Report:
    """Do one of many, told in a line that names it; an error does not stop the others."""
    try:
        report = act(target)
        done = (f"{report.pod}: {'; '.join(report.done)}",) if report.done else ()
        return replace(report, done=done)
    except PodtuiError as error:
        failed = f"{error.pod or target}: {error.sentence()}"
        return Report(action=action, pod=error.pod or target, done=(), failed=(failed,))


def _reports(action: str, act: Callable[[str], Report], targets: Targets) -> Report:
    if len(targets) == 1:
        return act(targets[0])
    return joined_report(action, [_reported(act, action, target) for target in targets])


WAYS: Mapping[str, Way] = {
    "restore": Way(
        "restoring",
        lambda plane, targets: plane.plan_restore(targets, in_bulk=len(targets) > 1),
        lambda plane, targets: plane.restore(targets, in_bulk=len(targets) > 1, actor=ACTOR),
    ),
    "prune": Way(
        "pruning",
        lambda plane, targets: plane.plan_prune(targets),
        lambda plane, targets: plane.prune(targets, actor=ACTOR),
    ),
    "recover": Way(
        "recovering",
        lambda plane, targets: _plans("recover", plane.plan_recover, targets),
        lambda plane, targets: _reports(
            "recover", lambda target: plane.recover(target, actor=ACTOR), targets
        ),
    ),
    "return": Way(
        "taking back scopes of",
        lambda plane, targets: _plans("return", plane.plan_return, targets),
        lambda plane, targets: _reports(
            "return", lambda target: plane.return_loans(target, actor=ACTOR), targets
        ),
    ),
    "relend": Way(
        "lending scopes again to",
        lambda plane, targets: _plans("relend", plane.plan_relend, targets),
        lambda plane, targets: _reports(
            "relend", lambda target: plane.relend(target, actor=ACTOR), targets
        ),
    ),
    "stop": Way(
        "stopping",
        lambda plane, targets: _plans(
            "stop", lambda target: plane.plan_stop(target, grace_s=None), targets
        ),
        lambda plane, targets: _reports(
            "stop", lambda target: plane.stop(target, grace_s=None, actor=ACTOR), targets
        ),
    ),
}
"""By the verb of an undo: every one that core/actions writes into a diagnostic."""
