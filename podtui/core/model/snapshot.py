"""Views for the front ends: one frozen snapshot of the whole store, and one pod in detail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from podtui.core.model.loans import Loan
from podtui.core.model.verdicts import Evidence, Source, Status, Verdict


class PodView(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a pod, its latest run, and what is known of it. Texts are as recorded, not yet safe.

    Attributes:
        parent: name of the parent pod, or None for a root.
        depth: 0 for a root; the tree is in depth-first order in `Snapshot.pods`.
        asserted: True when the agent or the kernel said so, False when it is inferred.
        since: when this status began, as well as it is known.
        message: the status in one sentence ("running, no new output for 12m 31s").
        quiet: the message says already for how long there was no output.
        quiet_for_s: seconds since the last output of a live run, by a clock that stands still while
            the host sleeps.
        progress_quiet_s: seconds since the last output that was new, by the same clock; None when
            that was not asked yet or could not be determined.
        cpu_percent: of one core, for the whole process tree, None when not sampled.
        rss_bytes: resident memory of the process tree, None when not sampled.
        record_error: what is wrong with the record, for a row that could not be read.
        asked_by: the actor that asked the run to end, None when none did or it has not ended.
    """

    name: str
    id: str
    status: Status
    verdict: Verdict
    asserted: bool
    source: Source
    since: datetime
    run: int
    agent: str
    message: str
    quiet: bool = False
    parent: str | None = None
    depth: int = 0
    role: str | None = None
    task: str | None = None
    last_output_at: datetime | None = None
    quiet_for_s: float | None = None
    progress_quiet_s: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    evidence: tuple[Evidence, ...] = ()
    output_bytes: int = 0
    record_error: str | None = None
    asked_by: str | None = None
    machine: str = ""

    @property
    def key(self) -> str:
        """Identifies a pod: its id, or its name while its record cannot be read."""
        pod = self.id or f"name {self.name}"
        return f"{self.machine}/{pod}" if self.machine else pod


LS_FIELDS: tuple[str, ...] = (
    "name",
    "id",
    "parent",
    "status",
    "verdict",
    "asserted",
    "source",
    "since",
    "run",
    "agent",
    "role",
    "last_output_at",
    "quiet_for_s",
    "progress_quiet_s",
    "message",
    "exit_code",
    "signal",
    "cpu_percent",
    "rss_bytes",
)
"""The fields of one pod in ``ls --json``, in order."""


class DetectorState(StrEnum):
    """State of a detector of changes."""

    OK = "ok"
    LATE = "late"
    OFF = "off"


class Detector(msgspec.Struct, frozen=True, kw_only=True):
    """One detector of changes, and how long ago it last worked."""

    name: str
    state: DetectorState
    age_s: float
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Health of the observer itself; when it is not ok, every verdict is UNKNOWN."""

    ok: bool
    reason: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a screen shows, at one moment.

    Attributes:
        pods: every pod, depth-first: a parent before its children.
        counts: how many pods have each status; only statuses that occur.
        notices: sentences for a banner, most important first.
        generation: grows with every snapshot of one observer.
        whole: False while the first look at many pods goes on: others will have rows, too.
    """

    at: datetime
    store: str
    pods: tuple[PodView, ...]
    counts: dict[Status, int]
    health: Health
    detectors: tuple[Detector, ...] = ()
    notices: tuple[str, ...] = ()
    generation: int = 0
    read_only: bool = False
    whole: bool = True

    def find(self, name: str) -> PodView | None:
        """Return the pod of that name or id, or None when this snapshot has none."""
        return next((pod for pod in self.pods if name in {pod.name, pod.id}), None)


class ProcessView(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a pod's tree."""

    pid: int
    name: str
    rss_bytes: int
    cpu_percent: float


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a pod."""

    run: int
    reserved_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    signal: int | None
    output_bytes: int
    reason: str
    record_error: str | None = None


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one pod.

    Attributes:
        children: their names, in the order they were spawned; of one that is not in its place also
            what became of it: "tests (pruned, recover with podtui recover …)".
        absent_parent: why its parent is not in its place, "" when it is, or when it has none.
        loans: scopes that were ever lent to it, as they are now.
        loan_doubts: what of its loan ledger cannot be read, in sentences.
    """

    pod: PodView
    runs: tuple[RunView, ...]
    processes: tuple[ProcessView, ...]
    argv: tuple[str, ...]
    cwd: str
    children: tuple[str, ...]
    loans: tuple[Loan, ...] = ()
    loan_doubts: tuple[str, ...] = ()
    absent_parent: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something the doctor found."""

    kind: str
    message: str
    next: str
    pod: str | None = None
    path: str | None = None
