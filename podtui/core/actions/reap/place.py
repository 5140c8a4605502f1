"""Reaping one pod: its past runs are surveyed, their leftovers ended, the outcome written.

The pod is in its own directory or in the trash; leftovers are proven in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.actions.framework.limits import LONGEST_DETAIL, first_few
from podtui.core.actions.framework.transaction import Transaction, transaction
from podtui.core.hosts.registry import host_of
from podtui.core.model.diagnostics import MOST_EVIDENCE, DiagnosticKind
from podtui.core.model.events import MOST_LISTED, Details, EventKind, cut_text
from podtui.core.model.intents import ReapIntent
from podtui.core.model.leftovers import Ended, Survey
from podtui.core.model.plans import Report, Step, StepKind
from podtui.core.model.verdicts import Answer, Evidence, Probe
from podtui.core.paths import PodPaths
from podtui.core.processes.handoff import clear_handoff, handed_off_runs
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.processes.past_runs import PastRun, past_run
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone


class PodFiles(msgspec.Struct, frozen=True):
    """A pod whose past runs are surveyed.

    Attributes:
        pod: its name; in the trash the one it had.
        runs: numbers of the runs that are over, oldest first.
        latest: number of its latest run, whose records must be readable.
    """

    pod: str
    pod_id: str
    paths: PodPaths
    runs: tuple[int, ...]
    latest: int = 0


class Left(msgspec.Struct, frozen=True):
    """One run and the processes that are left of it."""

    past: PastRun
    survey: Survey


class Find(msgspec.Struct, frozen=True):
    """Which processes are left of the runs of one pod.

    Attributes:
        doubts: the runs of which that could not be determined, each with the reason.
        scan: the scan they were found in, for an ending that follows at once under the same lock.
    """

    place: PodFiles
    left: tuple[Left, ...] = ()
    doubts: tuple[str, ...] = ()
    scan: ProcessScan | None = None

    @property
    def with_targets(self) -> tuple[Left, ...]:
        return tuple(each for each in self.left if each.survey.targets)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Processes that only seemed to be leftovers, and runs that could not be surveyed."""
        words = (f"{skip.words}" for each in self.left for skip in each.survey.skipped)
        return (*dict.fromkeys(words), *self.doubts)

    def steps(self) -> tuple[Step, ...]:
        """Return what would be done, a step for each process."""
        return tuple(
            Step(
                StepKind.END,
                self.place.pod,
                f"end {target.words}, left of run {each.past.run}: {target.why}",
                {"run": each.past.run, "pid": target.identity.pid, "process": target.name},
            )
            for each in self.left
            for target in each.survey.targets
        )


class Searching:
    """Surveys the runs of many pods, with one list of the processes for all of them.

    Raises:
        UnknownState: who must not be signalled could not be determined, or the processes could
            not be listed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scan = ProcessScan(store)
        try:
            self._scan.protected  # noqa: B018 - read now, so that no pod is judged without it
            self.everyone = self._scan.everyone
        except (OSError, ProcessGone, ValueError, IndexError) as error:
            raise errors.UnknownState(
                f"the processes cannot be listed: {error}",
                next_step="podtui doctor",
                kept="no signal was sent",
            ) from error

    def find(self, place: PodFiles) -> Find:
        """Look who is left of a pod's runs.

        Raises:
            Refused, UnknownState: of its latest run: it is not over, or could not be determined.
        """
        left, doubts = [], []
        for run in place.runs:
            try:
                past = past_run(
                    self._store, place.paths, pod=place.pod, pod_id=place.pod_id, run=run
                )
                survey = host_of(self._store, past.record).leftovers(past, scan=self._scan)
            except (errors.UnknownState, errors.Refused) as error:
                if run == place.latest:
                    raise
                doubts.append(f"{place.pod}: {error.message}")
            else:
                left.append(Left(past, survey))
        return Find(place, tuple(left), tuple(doubts), self._scan)


def reap_place(
    store: Store, find: Find, *, runs: Iterable[int], grace_s: float, actor: str
) -> Report:
    """End what some runs of a pod left, and write the outcome; the pod's action lock is held.

    Raises:
        Refused, UnknownState: who is left, or who must not be signalled, could not be determined.
        Busy, OSError: it could not be written that it is to be done, and nothing was done.
    """
    place, numbers = find.place, tuple(runs)
    intended = partial(
        ReapIntent,
        pod=place.pod,
        pod_id=place.pod_id,
        run=max(numbers, default=0),
        actor=actor,
        runs=numbers,
        grace_s=grace_s,
        targets=tuple(cut_text(each.text, LONGEST_DETAIL) for each in find.steps()[:MOST_LISTED]),
    )
    with transaction(store, EventKind.REAP_INTENDED, intended) as tx:
        ended: dict[int, Ended] = {}
        try:
            end_runs(store, place, numbers, grace_s=grace_s, into=ended, scan=find.scan)
        except errors.PodtuiError as error:
            before = report_ended(store, tx, place, ended) if ended else "nothing was ended"
            tx.end(EventKind.REAP_FAILED, f"{before}; then not reaped on: {error.message}")
            raise
        report = _report(place, ended, find.doubts)
        # What was ended is ended. What the disk does not take now is written by the next start.
        remarks = _reported_or_later(store, tx, place, ended)
        return msgspec.structs.replace(report, skipped=(*report.skipped, *remarks))


def end_runs(
    store: Store,
    place: PodFiles,
    runs: Sequence[int],
    *,
    grace_s: float,
    into: dict[int, Ended],
    scan: ProcessScan | None = None,
) -> None:
    """End what is left of each run, and put the outcome ``into`` a table by run.

    Errors as `RunHost.end`; the table then has the runs before that. ``scan`` serves until it has
    been acted on: afterwards the processes are read anew.
    """
    for run in runs:
        past = past_run(store, place.paths, pod=place.pod, pod_id=place.pod_id, run=run)
        into[run] = host_of(store, past.record).end(past, grace_s=grace_s, scan=scan)
        scan = None if into[run].targets else scan


def _reported_or_later(
    store: Store, tx: Transaction[ReapIntent], place: PodFiles, ended: dict[int, Ended]
) -> tuple[str, ...]:
    try:
        words = report_ended(store, tx, place, ended)
        survived = any(each.survivors for each in ended.values())
        kind = EventKind.REAP_FAILED if survived else EventKind.REAPED
        tx.end(kind, words, name=place.pod, details=_details(ended))
    except (OSError, errors.PodtuiError) as error:
        return (f"{place.pod}: that it was reaped will be told by the next start: {error}",)
    return ()


def report_ended(
    store: Store, tx: Transaction[ReapIntent], place: PodFiles, ended: dict[int, Ended]
) -> str:
    """Write diagnostics of what was ended and what was not; returns it in one sentence.

    Handoffs of runs that left nothing are settled. Raises Busy or OSError.
    """
    reaped = sum(len(each.reaped) for each in ended.values())
    if reaped:
        tx.diagnose(
            DiagnosticKind.REAPED,
            f"ended {_count(reaped)} its past runs had left: {_proofs(ended)}",
            name=place.pod,
            details=_details(ended),
            evidence=_evidence(store, ended),
        )
    survivors = [words for each in ended.values() for words in each.survivors]
    if survivors:
        tx.diagnose(
            DiagnosticKind.SURVIVORS,
            f"still there: {first_few(survivors)}",
            name=place.pod,
            details=_details(ended),
            evidence=_evidence(store, ended),
        )
    for run, each in ended.items():
        if not each.survivors:
            clear_handoff(store, place.pod_id, run)
    outcome = f"ended {_count(reaped)} of its past runs" if reaped else ""
    if survivors:
        return "; ".join(word for word in (outcome, f"still there: {first_few(survivors)}") if word)
    return f"{outcome or 'nothing of its past runs is left'} ({_proofs(ended)})"


def _details(ended: dict[int, Ended]) -> Details:
    return Details(
        runs=tuple(ended),
        ended=tuple(words for each in ended.values() for words in each.reaped),
        survivors=tuple(words for each in ended.values() for words in each.survivors),
    )


def _count(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"


def _proofs(ended: dict[int, Ended]) -> str:
    return "; ".join(f"run {run}: {each.proof}" for run, each in ended.items())


def _evidence(store: Store, ended: dict[int, Ended]) -> tuple[Evidence, ...]:
    now = store.system.clock.now()
    found = [
        Evidence(
            probe=Probe.LEFTOVER,
            answer=Answer.YES,
            detail=f"{target.words}, run {run}: {target.why}",
            at=now,
        )
        for run, each in ended.items()
        for target in each.targets
    ]
    return tuple(found[:MOST_EVIDENCE])


def _report(place: PodFiles, ended: dict[int, Ended], doubts: Sequence[str]) -> Report:
    done = [line for each in ended.values() for line in each.reaped]
    if not any(each.survivors for each in ended.values()):
        done.append(f"{place.pod}: nothing of it is left running ({_proofs(ended)})")
    return Report(
        action="reap",
        pod=place.pod,
        done=tuple(done),
        skipped=(*(line for each in ended.values() for line in each.skipped), *doubts),
        failed=tuple(
            f"{place.pod}: of run {run} there still is {words}"
            for run, each in ended.items()
            for words in each.survivors
        ),
    )


def runs_to_end(store: Store, find: Find) -> tuple[int, ...]:
    """Return the runs whose leftovers are to be ended: with targets, handed off, and the latest.

    Raises:
        OSError: the handoffs cannot be listed.
    """
    wanted = {each.past.run for each in find.with_targets}
    wanted.update(handed_off_runs(store, find.place.pod_id))
    wanted.add(find.place.latest)
    return tuple(each for each in find.place.runs if each in wanted)
