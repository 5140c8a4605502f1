"""Reap: end what the past runs of a pod left running, and prove that it is gone.

Only of pods that are proven dead: of one that lives its supervisor ends what is below it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import cache

import msgspec

from podtui.core import errors
from podtui.core.actions.framework.batch import for_each, plan_pods
from podtui.core.actions.framework.limits import REAP_GRACE_S, grace_refusal
from podtui.core.actions.framework.locks import action_lock, refuse_if_busy
from podtui.core.actions.framework.preconditions import not_dead_refusal, refuse_if_changed
from podtui.core.actions.framework.start import failure_of
from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.actions.reap.place import (
    Find,
    PodFiles,
    Searching,
    end_runs,
    reap_place,
    report_ended,
    runs_to_end,
)
from podtui.core.model.intents import ReapIntent
from podtui.core.model.leftovers import Ended
from podtui.core.model.plans import Plan, Refusal, Report, Step, StepKind, joined_plan
from podtui.core.model.requests import Reap
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.paths import PodPaths
from podtui.core.store.store import Store
from podtui.core.system.fs import MISSING
from podtui.core.text.durations import duration


def plan(inspector: Inspector, request: Reap) -> Plan:
    """Return who would be ended, with the proof for each; touches nothing."""
    store, grace_s = inspector.store, _grace(request)
    # One list of all processes does for all pods; made when a pod needs it.
    searching = cache(lambda: Searching(store))

    def plan_one(view: PodView) -> Plan:
        refusal = grace_refusal(grace_s) or state_refusal(view)
        if refusal is not None:
            return Plan.refused("reap", view.name, refusal)
        return _plan(searching().find(place_of(store, view)), grace_s)

    return joined_plan("reap", [each for each, _ in _planned(inspector, request, plan_one)])


def carry_out(inspector: Inspector, request: Reap, *, actor: str) -> Report:
    """End what is left of pods; of several pods each stands for itself.

    Raises:
        PodtuiError: nothing was done, and why: of a single pod, or of the first of several.
    """
    grace_s = _grace(request)

    def may_be_reaped(view: PodView) -> Plan:
        # Who is left is surveyed once, under the lock.
        refusal = grace_refusal(grace_s) or state_refusal(view)
        if refusal is not None:
            return Plan.refused("reap", view.name, refusal)
        return Plan(action="reap", pod=view.name)

    found = _planned(inspector, request, may_be_reaped)
    joined_plan("reap", [each for each, _ in found]).raise_if_refused()
    return for_each("reap", found, lambda view: _reap(inspector, view, grace_s, actor))


def _grace(request: Reap) -> float:
    return REAP_GRACE_S if request.grace_s is None else request.grace_s


def _planned(
    inspector: Inspector, request: Reap, plan_one: Callable[[PodView], Plan]
) -> list[tuple[Plan, PodView | None]]:
    try:
        return plan_pods(inspector, "reap", request.pods, plan_one)
    except OSError as error:
        named = ", ".join(request.pods)
        raise failure_of(named, "reaped", error, "no signal was sent") from error


def _plan(find: Find, grace_s: float) -> Plan:
    name, steps = find.place.pod, find.steps()
    nothing = Step(StepKind.CHECK, name, "nothing of its past runs is seen running now")
    grace = duration(grace_s)
    ways = Step(
        StepKind.END,
        name,
        f"ask them all at once, and after {grace} end by force who is still there",
        {"grace_s": grace_s},
    )
    return Plan(
        action="reap",
        pod=name,
        steps=(
            *(steps or (nothing,)),
            *((ways,) if steps else ()),
            Step(StepKind.CHECK, name, "look again until nothing matches any more"),
        ),
        warnings=(*_kept_warnings(find), *(f"no signal for {each}" for each in find.skipped)),
    )


def _kept_warnings(find: Find) -> tuple[str, ...]:
    return tuple(
        f"run {each.past.run} ended well, and what it left running was asked for:"
        f" {', '.join(target.words for target in each.survey.targets)}"
        for each in find.with_targets
        if each.past.is_kept
    )


def state_refusal(view: PodView) -> Refusal | None:
    """Return why a pod cannot be reaped in its present state, None when it is proven dead."""
    if view.record_error and view.verdict is Verdict.UNKNOWN:
        message = f"whether {view.name!r} is dead cannot be told: {view.record_error}"
        return Refusal(kind=errors.Unreadable.kind, message=message, next="podtui doctor")
    return not_dead_refusal(view, "reap")


def place_of(store: Store, view: PodView) -> PodFiles:
    """Return where a pod that is dead is, with all its runs; raises OSError."""
    try:
        runs = tuple(store.run_numbers(view.name))
    except MISSING:
        runs = ()
    return PodFiles(
        pod=view.name,
        pod_id=view.id,
        paths=store.paths.pod(view.name),
        runs=runs,
        latest=max(runs, default=0),
    )


def _reap(inspector: Inspector, then: PodView, grace_s: float, actor: str) -> Report:
    store, name = inspector.store, then.name
    try:
        with action_lock(store.system, store.paths.pod(name), pod=name, action="reap", actor=actor):
            now = inspector.look_at(name)
            refuse_if_changed(
                then,
                now,
                state_refusal(now),
                kept="no signal was sent",
                next_step=f"podtui reap {shlex.quote(now.name)}",
            )
            find = Searching(store).find(place_of(store, now))
            report = reap_place(
                store,
                find,
                runs=runs_to_end(store, find),
                grace_s=grace_s,
                actor=actor,
            )
    except OSError as error:
        raise failure_of(name, "reaped", error, "nothing was signalled after that") from error
    return msgspec.structs.replace(report, view=now)


# what was broken off


def finish_reap(store: Store, tx: Transaction[ReapIntent]) -> Recovered:
    """Look again who is left, and end it: a reap can be done any number of times.

    Raises:
        Busy: the pod is acted on: the next start looks again.
        Refused, UnknownState, OSError: who is left could not be determined, and nothing is decided.
    """
    intent = tx.intent
    place = _place_now(store, tx, intent.runs)
    if place is None:
        words = "a reap was broken off; the pod is not there any more"
        return Recovered(finished=False, words=words)
    refuse_if_busy(store.system, place.paths, place.pod)
    is_known = intent.grace_s is not None and grace_refusal(intent.grace_s) is None
    grace_s = intent.grace_s if is_known and intent.grace_s is not None else REAP_GRACE_S
    with action_lock(store.system, place.paths, pod=place.pod, action="reap", actor=intent.actor):
        ended: dict[int, Ended] = {}
        end_runs(store, place, place.runs, grace_s=grace_s, into=ended)
        words = report_ended(store, tx, place, ended)
    return Recovered(
        finished=not any(each.survivors for each in ended.values()),
        words=f"a reap by {intent.actor} was broken off and finished later: {words}",
        name=place.pod,
    )


def _place_now(store: Store, tx: Transaction[ReapIntent], runs: Sequence[int]) -> PodFiles | None:
    """Return where the pod is now, None when it is neither in place nor in the trash."""
    pod_id = tx.intent.pod_id
    name = store.name_of_id(pod_id, likely=tx.intent.pod)
    if name is not None:
        there = store.run_numbers(name)
        return _place(name, pod_id, store.paths.pod(name), runs, there)
    for entry in store.trash.entries():
        if entry.has_pod and entry.pod_id == pod_id:
            return _place(entry.shown_name, pod_id, entry.paths.pod, runs, runs)
    return None


def _place(
    name: str, pod_id: str, paths: PodPaths, runs: Sequence[int], there: Sequence[int]
) -> PodFiles:
    wanted = tuple(each for each in runs if each in there)
    return PodFiles(pod=name, pod_id=pod_id, paths=paths, runs=wanted, latest=max(there, default=0))
