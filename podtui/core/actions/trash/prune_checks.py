"""Why a pod may not be pruned: one refusal for each reason, with its next step."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress

from podtui.core import errors
from podtui.core.actions.framework.limits import first_few
from podtui.core.actions.framework.preconditions import (
    alive_refusal,
    elsewhere_refusal,
    unknown_refusal,
)
from podtui.core.hosts.registry import host_of, is_known
from podtui.core.model.plans import Refusal
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Verdict
from podtui.core.processes.environment import POD_ID_VARIABLE, POD_VARIABLE
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.processes.past_runs import past_run
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import ProblemKind, RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import MISSING, UnsafeFile
from podtui.kernel.processes import ProcessGone


class Checks:
    """Checks whether pods may be pruned; one for a plan, a new one for each check after it."""

    def __init__(self, store: Store, *, unreadable: bool) -> None:
        self._store = store
        self._unreadable = unreadable
        self._scan = ProcessScan(store)

    def refusal_of(self, view: PodView) -> Refusal | None:
        """Return why a pod, as it was seen, may not be pruned; None when it may."""
        if view.verdict is Verdict.DEAD:
            refusal = self._of_dead(view)
            return self._of_later_run(view) or refusal if refusal is not None else None
        return (
            alive_refusal(view, "prune")
            or _observer_unwell(view)
            or elsewhere_refusal(view, "prune")
            or self._of_unknown(view)
        )

    def _of_later_run(self, view: PodView) -> Refusal | None:
        """Return that a run was reserved after the pod was probed: somebody restores it now."""
        try:
            latest = max(self._store.run_numbers(view.name), default=0)
        except OSError:
            # Could not tell: the refusal that was found stands.
            return None
        if latest <= view.run:
            return None
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} is being restored: run {latest} was reserved meanwhile",
            next=f"podtui inspect {shlex.quote(view.name)}",
        )

    def _of_dead(self, view: PodView) -> Refusal | None:
        refusal = self._left_running(view)
        if refusal is None or refusal.kind != errors.UnknownState.kind:
            return refusal
        problem = _unreadable_run(self._store, view)
        what = f"what {view.name!r} left running cannot be told"
        return self._of_unreadable(view, what, problem) if problem else refusal

    def _of_unknown(self, view: PodView) -> Refusal | None:
        problem = unreadable_record(self._store, view)
        what = f"{view.name!r} cannot be told to be dead"
        return (
            self._of_unreadable(view, what, problem) if problem else unknown_refusal(view, "prune")
        )

    def _of_unreadable(self, view: PodView, what: str, problem: RecordProblem) -> Refusal | None:
        if problem.kind is ProblemKind.NEWER:
            return _newer(view, problem)
        if not self._unreadable:
            return _not_asked_for(view, what, problem)
        return next(_life_signs(self._store, view), None)

    def _left_running(self, view: PodView) -> Refusal | None:
        """Refuse what left processes behind: out of the tree nobody would see them any more."""
        try:
            numbers = self._store.run_numbers(view.name)
        except OSError as error:
            return _undetermined_leftovers(
                view, f"its runs cannot be listed: {error.strerror}", None
            )
        try:
            left = [words for run in reversed(numbers) for words in self._left_of(view, run)]
        except errors.PodtuiError as error:
            return _undetermined_leftovers(view, error.message, error.next_step)
        except (OSError, ValueError, IndexError, ProcessGone) as error:
            # As a survey does that looks at all processes by itself.
            return _undetermined_leftovers(
                view, f"the processes cannot be looked at: {error}", None
            )
        if not left:
            return None
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} has ended and left processes running: {first_few(left)}",
            next=f"podtui reap {shlex.quote(view.name)}",
        )

    def _left_of(self, view: PodView, run: int) -> list[str]:
        store = self._store
        if _left_nothing_elsewhere(store, view, run):
            return []
        paths = store.paths.pod(view.name)
        past = past_run(store, paths, pod=view.name, pod_id=view.id, run=run)
        survey = host_of(store, past.record).leftovers(past, scan=self._scan)
        return [each.words for each in survey.targets]


def _left_nothing_elsewhere(store: Store, view: PodView, run: int) -> bool:
    """Whether a run of another machine wrote down that it left nothing: its store was moved here.

    Of a run of this machine its processes are looked for, whatever is written.
    """
    record = store.run_record(view.name, run)
    if not isinstance(record, RunRecord) or record.machine_id == store.system.machine_id:
        return False
    ended = store.exit_record(view.name, run, view.id)
    return isinstance(ended, ExitRecord) and not (ended.kept_leftovers or ended.survivors)


def _undetermined_leftovers(view: PodView, why: str, next_step: str | None) -> Refusal:
    return Refusal(
        kind=errors.UnknownState.kind,
        message=f"whether {view.name!r} left anything running cannot be told: {why}",
        next=next_step or f"podtui inspect {shlex.quote(view.name)}",
    )


# a pod that is not dead


def _observer_unwell(view: PodView) -> Refusal | None:
    own = [each for each in view.evidence if each.probe is Probe.OBSERVER]
    is_unwell = any(each.answer is Answer.NO for each in own)
    return unknown_refusal(view, "prune") if is_unwell else None


# a pod that cannot be read


def unreadable_record(store: Store, view: PodView) -> RecordProblem | None:
    """Return what of a pod cannot be read and decides over its life, None when all of it can."""
    record = store.pod_record(view.name)
    if isinstance(record, RecordProblem):
        return record
    runs = store.paths.pod(view.name).runs
    try:
        numbers = store.run_numbers(view.name)
    except OSError as error:
        kind = ProblemKind.MISSING if isinstance(error, MISSING) else ProblemKind.NOT_READ
        return RecordProblem(runs, kind, f"it cannot be listed: {error.strerror}")
    if not numbers:
        return RecordProblem(runs, ProblemKind.UNREADABLE, "it holds no run")
    run = store.run_record(view.name, numbers[-1])
    if isinstance(run, RecordProblem):
        return run
    if run.pod_id != record.id:
        place = store.paths.pod(view.name).run(numbers[-1]).record
        reason = f"it is of pod {run.pod_id}, not of this one"
        return RecordProblem(place, ProblemKind.UNREADABLE, reason)
    ended = store.exit_record(view.name, numbers[-1], record.id)
    return ended if isinstance(ended, RecordProblem) and not ended.is_missing else None


def _newer(view: PodView, problem: RecordProblem) -> Refusal:
    return Refusal(
        kind=errors.Unreadable.kind,
        message=f"{view.name!r} was written by a newer podtui: {problem.sentence()}",
        next="prune it with that one",
    )


def _unreadable_run(store: Store, view: PodView) -> RecordProblem | None:
    """Return what of any run of a dead pod cannot be read, None when all of it can."""
    with suppress(OSError):
        for run in store.run_numbers(view.name):
            record = store.run_record(view.name, run)
            ended = store.exit_record(view.name, run, view.id)
            for each in (record, ended):
                if isinstance(each, RecordProblem) and (each is record or not each.is_missing):
                    return each
    return None


def _not_asked_for(view: PodView, what: str, problem: RecordProblem) -> Refusal:
    return Refusal(
        kind=errors.Unreadable.kind,
        message=f"{what}: {problem.sentence()}",
        next=f"mend it, or podtui prune {shlex.quote(view.name)} --unreadable",
    )


def _life_signs(store: Store, view: PodView) -> Iterator[Refusal]:
    """Yield every sign that a pod with unreadable records is alive, or that it may be.

    Nothing that may still belong to it is taken out of sight: its locks, the processes its records
    name, and what bears its mark.
    """
    try:
        numbers = store.run_numbers(view.name)
    except MISSING:
        numbers = []
    except OSError as error:
        where = store.paths.pod(view.name).runs
        yield _may_live(view, f"its runs cannot be listed: {error.strerror} ({where})")
        return
    for run in numbers:
        yield from _lock_sign(store, view, run)
        yield from _recorded_signs(store, view, run)
    yield from _marked_signs(store, view)


def _lives(view: PodView, how: str) -> Refusal:
    return Refusal(
        kind=errors.Refused.kind,
        message=f"{view.name!r} cannot be read and is not dead: {how}",
        next="mend its record, then stop it; or end those processes by hand",
    )


def _may_live(view: PodView, why: str) -> Refusal:
    return Refusal(
        kind=errors.UnknownState.kind,
        message=f"{view.name!r} cannot be read, and whether it is dead cannot be told: {why}",
        next=f"podtui inspect {shlex.quote(view.name)}",
    )


def _lock_sign(store: Store, view: PodView, run: int) -> Iterator[Refusal]:
    path = store.paths.pod(view.name).run(run).lock
    try:
        if store.system.fs.is_locked(path):
            yield _lives(view, f"the lock of its run {run} is held")
    except UnsafeFile:
        # Nobody can hold what is no lock; who held what was there before is found by its mark.
        return
    except MISSING:
        return
    except OSError as error:
        yield _may_live(view, f"the lock of its run {run}: {error.strerror} ({path})")


def _recorded_signs(store: Store, view: PodView, run: int) -> Iterator[Refusal]:
    record = store.run_record(view.name, run)
    if not isinstance(record, RunRecord) or isinstance(
        store.exit_record(view.name, run, record.pod_id), ExitRecord
    ):
        return
    if not is_known(record):
        yield _may_live(view, f"run {run} is of a kind of host that only a newer podtui knows")
        return
    if record.machine_id != store.system.machine_id:
        yield _may_live(view, f"run {run} belongs to host {record.machine_id or 'unnamed'}")
        return
    try:
        if store.system.proc.boot_id() != record.boot_id:
            return
    except OSError as error:
        yield _may_live(view, f"the boot id: {error.strerror}")
        return
    for process in (record.supervisor, record.child):
        if process is None:
            continue
        answer, detail = store.system.proc.is_there(identity_of(process))
        if answer is Answer.YES:
            yield _lives(view, detail)
        elif answer is Answer.UNKNOWN:
            yield _may_live(view, detail)


def _marked_signs(store: Store, view: PodView) -> Iterator[Refusal]:
    """Look for processes that were started as this pod's, in any of its runs."""
    record = store.pod_record(view.name)
    pod_id = record.id if isinstance(record, PodRecord) else view.id

    def is_its(environment: dict[str, str]) -> bool:
        if environment.get("PODTUI_HOME") != str(store.paths.root):
            return False
        if pod_id:
            return environment.get(POD_ID_VARIABLE) == pod_id
        return environment.get(POD_VARIABLE) == view.name

    try:
        marked = _marked(store, is_its)
    except OSError as error:
        yield _may_live(view, f"the processes cannot be listed: {error.strerror}")
        return
    if marked:
        yield _lives(view, f"processes of it are running: {first_few(marked)}")


def _marked(store: Store, is_its: Callable[[dict[str, str]], bool]) -> list[str]:
    proc = store.system.proc
    found = []
    for each in proc.all_processes():
        try:
            if not each.has_exited and is_its(proc.environment_of(each.pid)):
                found.append(f"{each.name} {each.pid}")
        except (ProcessGone, OSError, ValueError):
            # A process that the kernel does not let us read belongs to another user.
            continue
    return found
