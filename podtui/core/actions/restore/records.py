"""What the records say of a pod that is to be restored: its old end and its new start."""

from __future__ import annotations

from dataclasses import dataclass

from podtui.core.agents.resume import Resumed, resumed
from podtui.core.model.plans import Refusal
from podtui.core.model.records import KEEP_LEFTOVERS, EndedMarker, ExitRecord, PodRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.core.paths import PodPaths
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.text.durations import duration

AT_ONCE_S = 10.0
FLAPS = 3
"""So many runs in a row that ended within `AT_ONCE_S` of their start are not a coincidence."""


@dataclass(frozen=True, slots=True)
class Job:
    """A restore that may be done.

    Attributes:
        view: the pod with its old end, as it was looked at.
        runs: the numbers of its runs so far.
        start: how the new run is started: with the agent's own conversation, or from anew.
        run: the number of the new one.
    """

    store: Store
    pod: PodRecord
    view: PodView
    runs: tuple[int, ...]
    start: Resumed

    @classmethod
    def of(cls, store: Store, view: PodView) -> Job | Refusal:
        """Return the job, or why its records do not allow one.

        Raises:
            OSError: the runs cannot be listed.
        """
        pod = store.pod_record(view.name)
        if isinstance(pod, RecordProblem):
            return Refusal.of(pod.as_error(view.name))
        runs = tuple(store.run_numbers(view.name))
        # Newest first: mostly the latest run did begin, and the others need not be read.
        records = (store.run_record(view.name, run) for run in reversed(runs))
        has_begun = any(
            isinstance(each, RecordProblem) or each.started_at is not None for each in records
        )
        return cls(store, pod, view, runs, resumed(pod.agent, pod.argv, has_begun=has_begun))

    @property
    def run(self) -> int:
        return max(self.runs, default=0) + 1

    @property
    def paths(self) -> PodPaths:
        return self.store.paths.pod(self.pod.name)


def start_request(job: Job) -> Spawn:
    """Return what is to be started, in the form in which starts are checked."""
    pod = job.pod
    return Spawn(name=pod.name, argv=tuple(job.start.argv), cwd=pod.cwd, env=pod.env)


def keeps_leftovers(job: Job) -> bool:
    """Whether the old run ended well and what it left running was asked for."""
    return job.pod.leftovers == KEEP_LEFTOVERS and job.view.status is Status.EXITED


def ends_at_once(job: Job) -> str:
    """Return that the pod keeps ending at once, in words, "" when it does not."""
    latest = job.runs[-FLAPS:]
    if len(latest) < FLAPS:
        return ""
    lengths = [_lasted_s(job, run) for run in latest]
    if any(each is None or each > AT_ONCE_S for each in lengths):
        return ""
    longest = duration(max(each or 0.0 for each in lengths))
    return (
        f"the last {FLAPS} runs of {job.pod.name!r} each ended within {longest} of their start:"
        " restoring it again is unlikely to help"
    )


def _lasted_s(job: Job, number: int) -> float | None:
    """Return how long a run lasted, at most; None when that is not known."""
    run = job.store.run_record(job.pod.name, number)
    if isinstance(run, RecordProblem):
        return None
    ended = job.store.exit_record(job.pod.name, number, job.pod.id)
    if isinstance(ended, ExitRecord):
        at = ended.ended_at
    else:
        marker = job.store.ended_marker(job.pod.name, number)
        if not isinstance(marker, EndedMarker):
            return None
        at = marker.at
    # Wall times of two moments: after a clock was set back they say nothing.
    seconds = (at - (run.started_at or run.reserved_at)).total_seconds()
    return seconds if seconds >= 0 else None
