"""What the observer remembers of one pod between scans, and how each scan changes it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.hosts.interface.facts import Pong, RunProbe
from podtui.core.hosts.registry import probe_run
from podtui.core.model.records import PodRecord, Record, RunRecord
from podtui.core.model.verdicts import Answer, Status, Verdict
from podtui.core.observe.journal.ends import RunEnd
from podtui.core.observe.journal.stalls import Stall
from podtui.core.observe.progress.cpu_work import CpuSample
from podtui.core.observe.progress.new_output import NewOutput
from podtui.core.observe.progress.progress import Progress
from podtui.core.observe.status import StatusReading
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.paths import EXIT_FILE, POD_FILE, RUN_FILE, run_name
from podtui.core.store.codec import ProblemKind, RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.clock import Clock
from podtui.core.system.fs import Fs, Stamp, errno_words

Fingerprint = tuple[Stamp | None, ...]
NEVER = float("-inf")
FIRST_RUN = 1
CONFIRM_AFTER_S = 2.0
LIVELY_S = 10.0
"""How long after its last output the status of a pod is derived every second."""
LIVE_OUTCOMES = frozenset({Finding.RUNNING, Finding.SILENT})
RESTLESS_OUTCOMES = frozenset({Finding.STARTING, Finding.GONE_UNCONFIRMED, Finding.DISAGREEMENT})


class PodMemory(msgspec.Struct):
    """What is known of a pod and its latest run; changed by its own methods.

    Only the progress probes (`slow_probes`) fill their fields themselves: progress, terminal,
    new_output, judged_at and weighing.

    Attributes:
        trouble: why the run could not be probed, "" when it was.
        was_refused: the kernel or the disk refused to tell, or a record that was there is gone:
            when that is so of half of all pods, it is the observer's trouble.
        unchanged: the stamps of the records of a run about which nothing can change unless they do;
            None = scan again.
        gone_since: awake-clock seconds of the first scan with an outcome that a second one must
            confirm.
        new_output: where the last new output is; None = not judged yet.
        judged_at: awake-clock seconds at which the output was last judged.
        weighing: the last sample of the CPU use of a run without progress.
        reading: what is to be read of it now; None = not derived since it was first scanned.
        last: the reading at the end of the last whole scan, None before the first.
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
    unchanged: Fingerprint | None = None
    pong: Pong | None = None
    pong_at: datetime | None = None
    ping_due: float = NEVER
    gone_since: float | None = None
    confirmed: bool = False
    terminal_asked_at: float = NEVER
    new_output: NewOutput | None = None
    judged_at: float = NEVER
    weighing: CpuSample | None = None
    reading: StatusReading | None = None
    last: StatusReading | None = None
    ended_at: datetime | None = None
    _episode: tuple[Status, datetime] | None = None

    # what follows from it

    @property
    def outcome(self) -> Finding:
        """The row of the table of verdicts the last look came to."""
        return rule_for(self.look.answers).outcome if self.look else Finding.UNDETERMINED

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
        """The record of a run that is alive and has an owner."""
        return self.run_record if self.outcome in LIVE_OUTCOMES else None

    @property
    def is_restless(self) -> bool:
        """Whether its state may change without a hint, so that it is scanned every second."""
        if self.pong is not None and self.pong.answer is not Answer.YES:
            return True
        return self.outcome in RESTLESS_OUTCOMES

    @property
    def is_derived(self) -> bool:
        """Whether a partial snapshot of this very scan has shown all of an ended run."""
        return self.has_ended and self.reading is not None and self.last is None

    @property
    def was_dead(self) -> bool:
        """Whether it was dead at the end of the last whole scan."""
        return self.last is not None and self.last.verdict is Verdict.DEAD

    def is_lively(self, awake_seconds: float) -> bool:
        """Whether it printed a moment ago, or its status changes with time."""
        quiet = self.progress.quiet_for(awake_seconds)
        return quiet is None or quiet < LIVELY_S or self.is_restless

    def can_change(self) -> bool:
        """Whether a later scan could find something else although no record has changed."""
        look = self.look
        if look is None or self.trouble or isinstance(self.record, RecordProblem):
            return True
        if self.outcome is Finding.ENDED:
            # A supervisor releases its lock a moment after it wrote the exit record.
            return look.answers.claimed is Answer.YES
        if self.outcome is Finding.LOST:
            return look.command is not None and look.command.answer is not Answer.NO
        return self.outcome not in {Finding.HOST_RESTARTED, Finding.ELSEWHERE}

    def end(self) -> RunEnd | None:
        """Return the end of its run, None while none is proven."""
        reading, pod = self.reading, self.record
        # While the record is unreadable the row says so; the end is written when it is readable.
        if reading is None or not self.is_dead or isinstance(pod, RecordProblem):
            return None
        assert reading.since is not None  # noqa: S101 - a death is dated when it is derived
        return RunEnd(
            pod=self.name,
            pod_id=pod.id,
            run=self.run,
            status=reading.status,
            at=reading.since,
            summary=reading.message,
            cause=reading.cause,
            never_started=self.outcome is Finding.NEVER_STARTED,
            evidence=self.look.evidence if self.look else (),
        )

    def stall(self) -> Stall | None:
        """Return the stall it is in, None when its output and its tools show none."""
        reading, pod = self.reading, self.record
        if reading is None or reading.status is not Status.STALLED or reading.standstill is None:
            return None
        if not isinstance(pod, PodRecord) or reading.since is None:
            return None
        return Stall(
            pod=self.name,
            pod_id=pod.id,
            run=self.run,
            offset=self.progress.progress_offset,
            judged_to=self.new_output.judged_to
            if self.new_output
            else self.progress.progress_offset,
            sure_at=self.progress.progress_sure_at,
            at=reading.since,
            summary=reading.message,
        )

    # how it changes

    def scan(self, store: Store, record: PodRecord | RecordProblem) -> PodMemory:
        """Read its runs and probe the latest; returns this memory, or one of a newer run."""
        self.record = record
        self.unchanged, self.look, self.trouble = None, None, ""
        self.was_refused = is_refusal(record, had_one=self.had_record)
        self.had_record |= isinstance(record, PodRecord)
        paths = store.paths.pod(self.name)
        try:
            runs = store.run_numbers(self.name)
        except OSError as error:
            self.trouble = f"its runs cannot be listed: {paths.runs}: {errno_words(error)}"
            not_there = isinstance(error, FileNotFoundError | NotADirectoryError)
            self.was_refused |= self.run > 0 or not not_there
            return self
        if not runs:
            self.trouble = f"it has no run in {paths.runs}"
            return self
        latest = self if runs[-1] == self.run else self._of_run(runs[-1])
        latest._probe(store)  # noqa: SLF001 - another one of this class
        return latest

    def _of_run(self, run: int) -> PodMemory:
        """Return a memory of another run of the pod, about which this one says nothing."""
        return PodMemory(
            self.name,
            self.record,
            run=run,
            had_record=self.had_record,
            was_refused=self.was_refused,
        )

    def _probe(self, store: Store) -> None:
        pod_id = self.record.id if isinstance(self.record, PodRecord) else None
        look = probe_run(store, self.name, self.run, pod_id, patient=self.gone_since is None)
        self.look = look
        self._confirm(store.system.clock.monotonic())
        gone = is_refusal(look.record, had_one=self.had_run_record)
        self.was_refused |= gone or (look.was_refused and self.outcome is not Finding.ENDED)
        self.had_run_record |= isinstance(look.record, RunRecord)

    def _confirm(self, awake_seconds: float) -> None:
        """Believe a death that rests on one fact only when it is found again, seconds later."""
        if self.outcome not in {Finding.GONE_UNCONFIRMED, Finding.DISAGREEMENT}:
            self.distrust()
            return
        if self.gone_since is None:
            self.gone_since = awake_seconds
        if self.outcome is Finding.DISAGREEMENT or self.look is None:
            return
        self.confirmed = self.confirmed or awake_seconds - self.gone_since >= CONFIRM_AFTER_S
        answers = msgspec.structs.replace(self.look.answers, confirmed=self.confirmed)
        self.look = msgspec.structs.replace(self.look, answers=answers)

    def distrust(self) -> None:
        """Do not count the last scan as the first of two: the observer was not in order."""
        self.gone_since, self.confirmed = None, False

    def take_pong(self, pong: Pong, clock: Clock, *, again_after_s: float) -> None:
        """Take the answer of the owner of its run."""
        self.pong, self.pong_at = pong, clock.now()
        self.ping_due = clock.monotonic() + again_after_s
        self.add_pong()

    def add_pong(self) -> None:
        """Add the last answer of the owner to the facts of the last probe."""
        if self.live_record is None:
            self.pong = None
        if self.pong is not None and self.look is not None and self.pong_at is not None:
            self.look = self.look.with_pong(self.pong, self.pong_at)

    def date_death(self, at: datetime) -> None:
        """Keep when a death without a record of its own was first noticed by anybody."""
        if self.ended_at is None:
            self.ended_at = at
        if self.reading is not None:
            self.reading = msgspec.structs.replace(self.reading, since=self.ended_at)

    def vanish(self, path: str) -> None:
        """Forget what was seen: its directory is gone, and no action removed it."""
        self.look, self.reading, self.last, self.unchanged = None, None, None, None
        self.trouble = f"{path} vanished from the store, and no action took it away"

    def began(self, status: Status, now: datetime) -> datetime:
        """Return since when the status is what it is, as far as this observer has seen it."""
        if self._episode is None or self._episode[0] is not status:
            self._episode = (status, now)
        return self._episode[1]


def scan_pod(store: Store, name: str, before: PodMemory | None) -> PodMemory:
    """Read the records of a pod and probe its latest run.

    ``before`` is what was known; it is continued as long as it is about the same pod and run.
    """
    # Stamped before they are read: what changes meanwhile is scanned again.
    expected = before.run if before else FIRST_RUN
    stamps = fingerprint(store.system.fs, str(store.paths.pods), name, expected)
    record = store.pod_record(name)
    if before is None or _is_another(before.record, record):
        before = PodMemory(name, record)
    memory = before.scan(store, record)
    memory.unchanged = stamps if memory.look is not None and memory.run == expected else None
    return memory


def _is_another(known: PodRecord | RecordProblem, record: PodRecord | RecordProblem) -> bool:
    """Whether a name was surely given to another pod between two scans."""
    if isinstance(known, PodRecord) and isinstance(record, PodRecord):
        return known.id != record.id
    return False


def is_refusal(record: Record | RecordProblem, *, had_one: bool) -> bool:
    """Whether a record was not given although it is, or was, there."""
    if not isinstance(record, RecordProblem):
        return False
    return record.kind is ProblemKind.NOT_READ or (record.is_missing and had_one)


def fingerprint(fs: Fs, pods: str, name: str, run: int) -> Fingerprint | None:
    """Return the stamps of a pod's record, runs, run and exit record; None = could not tell."""
    # Texts, not paths: thousands are asked about every few seconds.
    root = f"{pods}/{name}"
    files = f"{root}/runs/{run_name(run)}"
    places = (f"{root}/{POD_FILE}", f"{root}/runs", f"{files}/{RUN_FILE}", f"{files}/{EXIT_FILE}")
    try:
        return tuple(fs.stamp(path) for path in places)
    except OSError:
        # It is scanned, and the scan says why.
        return None
