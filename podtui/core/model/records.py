"""The records of a store, as strict types; docs/store.md shows an example of each.

Every record carries the format version it was written in. Unknown fields of a record of our own
version are ignored, so that a later patch release may add one.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Literal

import msgspec

from podtui.core.model.verdicts import Evidence

FORMAT_VERSION = 1
PTY_HOST = "pty"
"""The kind of host of a run under a supervisor of this machine, which gives it a terminal."""
KEEP_LEFTOVERS = "keep"
"""The value of a pod's ``leftovers`` that lets run on what its command left running."""

Pid = Annotated[int, msgspec.Meta(gt=1, le=4_194_304)]
RunNumber = Annotated[int, msgspec.Meta(ge=1, le=999_999)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone: one without could not be compared with any other."""


def refuse_edges_of_time(values: msgspec.Struct) -> None:
    """Raise ValueError for a time that cannot be turned into another zone, to be shown there."""
    for name in values.__struct_fields__:
        value = getattr(values, name)
        if isinstance(value, datetime) and not MINYEAR < value.year < MAXYEAR:
            raise ValueError(f"{name} is not a time anybody lives in: {value}")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every record."""

    format: Annotated[int, msgspec.Meta(ge=1)] = FORMAT_VERSION

    def __post_init__(self) -> None:
        refuse_edges_of_time(self)


class StoreRecord(Record, frozen=True, kw_only=True):
    """``store.toml``."""

    store_id: str
    created_at: Moment


class PodRecord(Record, frozen=True, kw_only=True):
    """``pod.toml``: what the operator asked for. Write-once."""

    id: str
    name: str
    created_at: Moment
    argv: Annotated[list[str], msgspec.Meta(min_length=1)]
    cwd: str
    parent_id: str | None = None
    parent_name: str | None = None
    role: str | None = None
    task: str | None = None
    agent: str = "command"
    env: dict[str, str] = {}
    pass_env: list[str] = []
    columns: int = 120
    rows: int = 40
    stall_after_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    leftovers: str = "end"
    read_scopes: list[str] = []
    write_scopes: list[str] = []
    sees: list[str] = []
    """Ids of pods it may see besides itself and those below it; "all" of all of them."""


class IdentityRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who a process is; see ``podtui.kernel.processes``."""

    pid: Pid
    start_ticks: Count
    boot_id: str
    uid: Count
    pidfd_inode: int | None = None


class RunRecord(Record, frozen=True, kw_only=True):
    """``run.json``: reserved by the actor; its host adds which processes run it.

    Attributes:
        action_id: of the action that reserved it, so that an interrupted restore recognises its
            own run; None for a first run.
        host: the kind of host that runs it; a record without this field is of a pty supervisor.
        handle: what the host needs to find the run again, such as the id of a container.
        supervisor: the process that owns the run, where the host has one.
        child: the process of the command, where it is a process of this machine.
    """

    pod_id: str
    run: RunNumber
    reserved_at: Moment
    reserved_boottime_s: float
    reserved_awake_s: float | None = None
    starting_deadline_s: float
    boot_id: str
    machine_id: str
    argv: list[str]
    cwd: str
    reason: str
    actor: str
    action_id: str | None = None
    host: str = PTY_HOST
    handle: dict[str, str] = {}
    env_names: list[str] = []
    socket_directories: list[str] = []
    columns: int = 120
    rows: int = 40
    supervisor: IdentityRecord | None = None
    child: IdentityRecord | None = None
    started_at: Moment | None = None


class LeftProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was still there when the run's command had ended.

    Attributes:
        reason: why it was left, for one that was not this run's to end.
        of_another_pod: it belongs to a pod of its own, which simply goes on.
        start_ticks: with the pid and the inode who it is; None where that was not written down.
    """

    pid: int
    name: str
    start_ticks: int | None = None
    pidfd_inode: int | None = None
    reason: str | None = None
    of_another_pod: bool = False


class ExitRecord(Record, frozen=True, kw_only=True):
    """``exit.json``: written once, synced, before the lock is let go."""

    pod_id: str
    run: RunNumber
    ended_at: Moment
    exit_code: int | None = None
    signal: int | None = None
    start_error: str | None = None
    asked_by: str | None = None
    output_bytes: Count = 0
    ended_leftovers: list[LeftProcess] = []
    kept_leftovers: list[LeftProcess] = []
    survivors: list[LeftProcess] = []
    proof: str = ""


class DescendantRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process the supervisor has seen below its child."""

    pid: int
    start_ticks: int
    name: str
    pidfd_inode: int | None = None


class StatusRecord(Record, frozen=True, kw_only=True):
    """``status.json``: what the supervisor last saw; a convenience, never the truth."""

    run: RunNumber
    at: Moment
    output_bytes: Count = 0
    last_output_at: Moment | None = None
    disk_error: str | None = None
    sizes: list[tuple[Count, Count, Count]] = []
    """The terminal's latest sizes, oldest first: bytes of output before it, columns, rows."""
    descendants: list[DescendantRecord] = []


class CursorRecord(Record, frozen=True, kw_only=True):
    """``cursors/<reader>.json``: how far one reader has come."""

    reader: str
    run: RunNumber
    offset: Count
    at: Moment


class ChildEntry(Record, frozen=True, kw_only=True):
    """One line of ``children.jsonl``; nothing is ever taken out."""

    id: str
    name: str
    at: Moment


class StalledMarker(Record, frozen=True, kw_only=True):
    """``stalled.json``: the latest stall of this run that is in the journal.

    Attributes:
        judged_to: length of the output up to which nothing new came in this stall, roughly.
        offset: length of the output when the last that was new had come.
        pod_id, run: whose it is; notes of earlier versions say neither, nor ``offset``.
    """

    event_id: str
    at: Moment
    judged_to: int = 0
    pod_id: str | None = None
    run: int | None = None
    offset: int | None = None


class EndedMarker(Record, frozen=True, kw_only=True):
    """``ended.json``: the end of this run is in the journal."""

    event_id: str
    at: Moment
    status: str


class LoanLine(Record, frozen=True, kw_only=True):
    """One line of ``loans.jsonl``: a scope was lent to this pod, or came back; the last counts.

    Attributes:
        loan: id of the loan; it stays the same when a scope is lent again.
        path: absolute, links resolved when it was lent.
    """

    loan: str
    change: Literal["lent", "returned"]
    mode: Literal["read", "write"]
    path: Annotated[str, msgspec.Meta(pattern="^/")]
    at: Moment
    actor: str
    why: str
    act: str = ""
    """Id of the action that changed it: one action is taken back as a whole."""


class TrashRecord(Record, frozen=True, kw_only=True):
    """``trash/<id>/trashed.json``: what was pruned, by whom, and on what evidence."""

    id: str
    name: str
    pod_id: str
    run: int
    at: Moment
    actor: str
    status: str
    message: str
    evidence: list[Evidence] = []
    returned_loans: list[str] = []
    """Ids of the loans that were out and came back with the prune."""
    parent_id: str | None = None
    parent_name: str | None = None


class HandoffRecord(Record, frozen=True, kw_only=True):
    """``handoffs/<pod id>.<run>.json``: a start that failed after a process was started."""

    pod: str
    pod_id: str
    run: RunNumber
    at: Moment
    actor: str
    reason: str
    supervisor: IdentityRecord | None = None
    child: IdentityRecord | None = None


class SeenRecord(Record, frozen=True, kw_only=True):
    """``diagnostics/seen-<reader>.json``: how far a reader has looked through the diagnostics.

    Attributes:
        diagnostic_id: all up to this one were seen; "" = none.
        beyond: ids of later ones that were seen, too: who looks at the newest first has not seen
            those in between.
    """

    reader: str
    diagnostic_id: str
    at: Moment
    beyond: list[str] = []
