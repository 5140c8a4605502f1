"""Orphans: what ended runs of any pod left, in place or in the trash, and starts that failed.

Each is proven as for a single pod. A handoff whose run turns out to live is an agent nobody counts
on: it is ended through its own supervisor. A handoff that cannot be resolved stays, and is
reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from podtui.core import errors
from podtui.core.actions.framework.limits import REAP_GRACE_S, grace_refusal
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.reap.place import Find, PodFiles, Searching, reap_place
from podtui.core.actions.running import stop
from podtui.core.model.plans import Plan, Refusal, Report, Step, StepKind
from podtui.core.model.records import HandoffRecord
from podtui.core.model.requests import ReapOrphans, Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.paths import PodPaths
from podtui.core.processes.handoff import clear_handoff
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import MISSING
from podtui.core.text.durations import duration

ALL = "--orphans"
"""Stands for the name of a pod in plans and reports about every orphan."""


class _Orphans(msgspec.Struct):
    """What one survey of the whole store found.

    Attributes:
        finds: pods with processes of ended runs.
        living: handoffs whose run lives.
        resolved: handoffs whose run is over and left nothing.
        skipped: what gets no signal, and why.
        unresolved: handoffs whose outcome could not be determined.
    """

    finds: list[Find] = []
    living: list[tuple[HandoffRecord, PodView]] = []
    resolved: list[HandoffRecord] = []
    skipped: list[str] = []
    unresolved: list[str] = []


def plan(inspector: Inspector, request: ReapOrphans) -> Plan:
    """Return who would be ended, everywhere; touches nothing."""
    grace = REAP_GRACE_S if request.grace_s is None else request.grace_s
    refusal = grace_refusal(grace)
    if refusal is not None:
        return Plan.refused("reap", ALL, refusal)
    try:
        orphans = _look(inspector)
    except errors.PodtuiError as error:
        refusal = Refusal.of(error)
        return Plan.refused("reap", ALL, refusal)
    steps = [
        msgspec.structs.replace(step, text=f"{step.pod}: {step.text}")
        for each in orphans.finds
        for step in each.steps()
    ]
    if steps:
        text = (
            f"ask those of each pod at once, and after {duration(grace)} end by force who is left"
        )
        steps.append(Step(StepKind.END, "", text, {"grace_s": grace}))
    steps += [
        Step(StepKind.STOP, view.name, _stop_words(handoff, view), {"run": handoff.run})
        for handoff, view in orphans.living
    ]
    steps += [
        Step(
            StepKind.RESOLVE,
            each.pod,
            f"{_handoff_words(each)}: it left nothing; settle it",
            {"run": each.run},
        )
        for each in orphans.resolved
    ]
    nothing = Step(StepKind.CHECK, "", "nothing is seen that an ended run left running")
    return Plan(
        action="reap",
        pod=ALL,
        steps=tuple(steps) or (nothing,),
        warnings=(*(f"no signal for {each}" for each in orphans.skipped), *orphans.unresolved),
    )


def carry_out(inspector: Inspector, request: ReapOrphans, *, actor: str) -> Report:
    """End every orphan; of several pods each stands for itself.

    Raises:
        UnknownState: who must not be signalled, or who is there, could not be determined.
        BadInput: that is no grace.
    """
    grace_s = request.grace_s
    plan(inspector, request).raise_if_refused()
    grace = REAP_GRACE_S if grace_s is None else grace_s
    orphans = _look(inspector)
    reports = [_reap(inspector, each, grace, actor) for each in orphans.finds]
    reports += [_stop(inspector, each, view, grace_s, actor) for each, view in orphans.living]
    for handoff in orphans.resolved:
        clear_handoff(inspector.store, handoff.pod_id, handoff.run)
    done = [line for each in reports for line in each.done]
    done += [f"{_handoff_words(each)}: resolved, it left nothing" for each in orphans.resolved]
    return Report(
        action="reap",
        pod=ALL,
        done=tuple(done) or ("nothing is left running that is proven to be of an ended run",),
        skipped=(*orphans.skipped, *(line for each in reports for line in each.skipped)),
        failed=(*orphans.unresolved, *(line for each in reports for line in each.failed)),
    )


# looking


def _look(inspector: Inspector) -> _Orphans:
    """Look for orphans everywhere.

    Raises:
        UnknownState: nothing could be determined.
    """
    store, found = inspector.store, _Orphans()
    picture = inspector.snapshot()
    if not picture.health.ok:
        # Of pods that cannot be seen nobody knows what they left; that is not "nothing".
        raise errors.UnknownState(
            f"what is left running cannot be told: {picture.health.reason}",
            next_step="podtui doctor",
            kept="no signal was sent",
        )
    views = picture.pods
    searching = Searching(store)
    try:
        for view in views:
            _sort_in(searching, _in_place(store, view, found), found)
        for place in _in_trash(store):
            _sort_in(searching, place, found)
        _sort_handoffs(store, searching, views, found)
    except OSError as error:
        raise errors.UnknownState(
            f"the store cannot be looked through: {error.strerror} ({error.filename})",
            next_step="podtui doctor",
            kept="no signal was sent",
        ) from error
    found.skipped += _strangers(store, searching, views)
    return found


def _in_place(store: Store, view: PodView, found: _Orphans) -> PodFiles | None:
    """Return a pod with those of its runs that are over."""
    paths = store.paths.pod(view.name)
    runs = _runs_in(store, paths)
    if view.verdict is not Verdict.DEAD:
        if view.verdict is Verdict.UNKNOWN:
            found.skipped.append(
                f"{view.name}: whether run {view.run} is over cannot be told: {view.message}"
            )
        runs = runs[:-1]
    return PodFiles(pod=view.name, pod_id=view.id, paths=paths, runs=runs) if runs else None


def _in_trash(store: Store) -> Iterator[PodFiles]:
    for entry in store.trash.entries():
        runs = _runs_in(store, entry.paths.pod)
        if entry.has_pod and runs:
            yield PodFiles(
                pod=entry.shown_name, pod_id=entry.pod_id, paths=entry.paths.pod, runs=runs
            )


def _runs_in(store: Store, paths: PodPaths) -> tuple[int, ...]:
    try:
        return tuple(store.run_numbers_in(paths))
    except MISSING:
        return ()


def _sort_in(searching: Searching, place: PodFiles | None, found: _Orphans) -> None:
    if place is None:
        return
    find = searching.find(place)
    found.skipped += [each for each in find.skipped if each not in found.skipped]
    wanted = []
    for left in find.with_targets:
        if left.past.is_kept:
            who = ", ".join(each.words for each in left.survey.targets)
            found.skipped.append(
                f"{place.pod}: {who}: left running because that was asked for; podtui reap"
                f" {place.pod} ends it"
            )
        else:
            wanted.append(left)
    if wanted:
        found.finds.append(Find(place, tuple(wanted)))


def _strangers(store: Store, searching: Searching, views: Iterable[PodView]) -> list[str]:
    """Return the processes that bear this store's mark, of a pod the store does not know."""
    known = {view.id for view in views} | {each.pod_id for each in store.trash.entries()}
    try:
        marked = list(searching.everyone.marked())
    except OSError:
        return []
    return [
        f"{process.name} {process.pid}: it bears the mark of pod {mark.pod_id}, run {mark.run},"
        " which this store does not have"
        for process, mark in marked
        if mark.is_here and mark.pod_id not in known
    ]


# handoffs


def _sort_handoffs(
    store: Store, searching: Searching, views: Sequence[PodView], found: _Orphans
) -> None:
    by_id = {view.id: view for view in views if view.id}
    busy = {each.place.pod_id for each in found.finds}
    trashed = {each.pod_id for each in store.trash.entries()}
    for handoff in store.handoffs.all():
        if isinstance(handoff, RecordProblem):
            found.unresolved.append(f"a handoff is kept: {handoff.sentence()}")
            continue
        view = by_id.get(handoff.pod_id)
        if view is not None and view.run == handoff.run and view.verdict is Verdict.ALIVE:
            found.living.append((handoff, view))
        elif view is not None and view.run == handoff.run and view.verdict is Verdict.UNKNOWN:
            found.unresolved.append(_kept(handoff, view.message))
        elif handoff.pod_id in busy:
            continue  # It is resolved when what its run left is ended.
        else:
            is_known = view is not None or handoff.pod_id in trashed
            doubt = _doubt(store, searching, handoff, is_known=is_known)
            if doubt:
                found.unresolved.append(_kept(handoff, doubt))
            else:
                found.resolved.append(handoff)


def _doubt(store: Store, searching: Searching, handoff: HandoffRecord, *, is_known: bool) -> str:
    """Return why a handed-off run may have left something, "" when it left nothing."""
    recorded = [each for each in (handoff.supervisor, handoff.child) if each is not None]
    for each in recorded:
        if each.boot_id != store.system.proc.boot_id():
            continue
        answer, detail = store.system.proc.is_there(identity_of(each))
        if answer is not Answer.NO:
            return detail
    for process, mark in searching.everyone.marked():
        if mark.is_of(handoff.pod_id, handoff.run):
            return f"{process.name} {process.pid} bears its mark"
    if not recorded and not is_known:
        return "its pod is not in the store, and who was started is not on record"
    return ""


def _handoff_words(handoff: HandoffRecord) -> str:
    return f"{handoff.pod}: the handoff of run {handoff.run}"


def _kept(handoff: HandoffRecord, why: str) -> str:
    return f"{_handoff_words(handoff)} is kept, as what became of it cannot be told: {why}"


def _stop_words(handoff: HandoffRecord, view: PodView) -> str:
    return (
        f"{view.name}: stop run {handoff.run} through its supervisor: it was handed off"
        f" ({handoff.reason}) and lives: {view.message}"
    )


# ending


def _reap(inspector: Inspector, find: Find, grace_s: float, actor: str) -> Report:
    """End what is left of one pod; what goes wrong with it does not keep the others."""
    store, place = inspector.store, find.place
    runs = [each.past.run for each in find.left]
    try:
        with action_lock(store.system, place.paths, pod=place.pod, action="reap", actor=actor):
            return reap_place(store, find, runs=runs, grace_s=grace_s, actor=actor)
    except errors.PodtuiError as error:
        return _failed(place.pod, error.sentence())
    except OSError as error:
        return _failed(place.pod, f"it was not reaped: {error.strerror} ({error.filename})")


def _stop(
    inspector: Inspector, handoff: HandoffRecord, view: PodView, grace_s: float | None, actor: str
) -> Report:
    try:
        report = stop.carry_out(inspector, Stop((view.name,), grace_s), actor=actor)
    except errors.PodtuiError as error:
        return _failed(view.name, error.sentence())
    clear_handoff(inspector.store, handoff.pod_id, handoff.run)
    done = tuple(f"{view.name}: {line}" for line in (_handoff_words(handoff), *report.done))
    return msgspec.structs.replace(report, done=done)


def _failed(pod: str, why: str) -> Report:
    return Report(action="reap", pod=pod, done=(), failed=(f"{pod}: {why}",))
