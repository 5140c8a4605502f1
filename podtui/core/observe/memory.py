"""What the observer remembers of one pod from look to look."""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.hosts.facts import Pong, RunProbe
from podtui.core.model.records import PodRecord, Record, RunRecord
from podtui.core.model.verdicts import Answer, Status, Verdict
from podtui.core.observe.progress.cpu_work import CpuSample
from podtui.core.observe.progress.new_output import OutputNews
from podtui.core.observe.progress.progress import Progress
from podtui.core.observe.status import StatusReading
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.paths import EXIT_FILE, POD_FILE, RUN_FILE, run_name
from podtui.core.store.codec import ProblemKind, RecordProblem
from podtui.core.system.fs import Fs, Stamp

Fingerprint = tuple[Stamp | None, ...]
NEVER = float("-inf")
LIVE_OUTCOMES = frozenset({Finding.RUNNING, Finding.SILENT})


class PodMemory(msgspec.Struct):
    """What was seen of a pod and its latest run.

    Attributes:
        trouble: why there is no look, "" when there is one.
        was_refused: the kernel or the disk would not tell, or a record that was there is gone:
            when that is so of half of all pods, it is the observer's trouble.
        settled: the stamps of the records of a run about which nothing can change unless they do;
            None = look again.
        gone_since: awake-clock seconds of the first look of a row that wants a second one.
        news: where the output last brought something new; None = not judged yet.
        judged_at: awake-clock seconds at which the output was last judged.
        weighing: the last look at the CPU use of a run without progress.
        ended_at: when a death that has no record of its own was first known.
    """

    name: str
    record: PodRecord | RecordProblem
    run: int = 0
    look: RunProbe | None = None
    progress: Progress = msgspec.field(default_factory=Progress)
    trouble: str = ""
    had_record: bool = False
    had_run_record: bool = False
    was_refused: bool = False
    settled: Fingerprint | None = None
    pong: Pong | None = None
    pong_at: datetime | None = None
    ping_due: float = NEVER
    gone_since: float | None = None
    confirmed: bool = False
    terminal_asked_at: float = NEVER
    news: OutputNews | None = None
    judged_at: float = NEVER
    weighing: CpuSample | None = None
    reading: StatusReading | None = None
    ended_at: datetime | None = None
    _episode: tuple[Status, datetime] | None = None

    @property
    def outcome(self) -> Finding:
        """The row of the table of verdicts the last look came to."""
        return rule_for(self.look.answers).outcome if self.look else Finding.UNTOLD

    @property
    def has_ended(self) -> bool:
        """Whether the run has an exit record of its own."""
        return self.look is not None and self.look.answers.exit_record is Answer.YES

    @property
    def is_dead(self) -> bool:
        return self.reading is not None and self.reading.verdict is Verdict.DEAD

    @property
    def run_record(self) -> RunRecord | None:
        """The record of the run, where it could be read."""
        if self.look is None or isinstance(self.look.record, RecordProblem):
            return None
        return self.look.record

    @property
    def live_record(self) -> RunRecord | None:
        """The record of a run that is alive and has a supervisor."""
        return self.run_record if self.outcome in LIVE_OUTCOMES else None

    def is_of(self, record: PodRecord | RecordProblem) -> bool:
        """Whether a record is of the pod remembered, as far as can be told.

        A name may be taken away and given to another pod between two looks.
        """
        known = self.record
        if isinstance(known, PodRecord) and isinstance(record, PodRecord):
            return known.id == record.id
        return True

    def of_run(self, run: int) -> PodMemory:
        """Return a memory for another run of the pod, of which the old one says nothing."""
        return PodMemory(
            self.name,
            self.record,
            run=run,
            had_record=self.had_record,
            was_refused=self.was_refused,
        )

    def began(self, status: Status, now: datetime) -> datetime:
        """Return since when the status is what it is, as far as this observer has seen it."""
        if self._episode is None or self._episode[0] is not status:
            self._episode = (status, now)
        return self._episode[1]

    def can_change(self) -> bool:
        """Whether a later look could find something else although no record has changed."""
        look = self.look
        if look is None or self.trouble or isinstance(self.record, RecordProblem):
            return True
        if self.outcome is Finding.ENDED:
            # A supervisor lets its lock go a moment after the exit record.
            return look.answers.claimed is Answer.YES
        if self.outcome is Finding.LOST:
            return look.command is not None and look.command.answer is not Answer.NO
        return self.outcome not in {Finding.HOST_RESTARTED, Finding.ELSEWHERE}


def is_refusal(record: Record | RecordProblem, *, had_one: bool) -> bool:
    """Whether a record was not given although it is, or was, there."""
    if not isinstance(record, RecordProblem):
        return False
    return record.kind is ProblemKind.NOT_READ or (record.is_missing and had_one)


# whether anything about an ended run has changed


def fingerprint(fs: Fs, pods: str, name: str, run: int) -> Fingerprint | None:
    """Return the stamps of a pod's record, runs, run and exit record; None = could not tell."""
    # Texts, not paths: thousands are asked about every few seconds.
    root = f"{pods}/{name}"
    files = f"{root}/runs/{run_name(run)}"
    places = (f"{root}/{POD_FILE}", f"{root}/runs", f"{files}/{RUN_FILE}", f"{files}/{EXIT_FILE}")
    try:
        return tuple(fs.stamp(path) for path in places)
    except OSError:
        # It is looked at, and the look says why.
        return None
