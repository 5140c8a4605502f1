"""A run that is over, as its records describe it: who ran in it, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from podtui.core.errors import PodtuiError, UnknownState
from podtui.core.model.records import (
    KEEP_LEFTOVERS,
    ExitRecord,
    HandoffRecord,
    IdentityRecord,
    PodRecord,
    Record,
    RunRecord,
    StatusRecord,
)
from podtui.core.paths import PodPaths, RunPaths
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.store.store import Store
from podtui.kernel.processes import Identity

R = TypeVar("R", bound=Record)
COMMAND = "the recorded command of the run"
DESCENDANT = "recorded below the run's supervisor"
KEPT = "recorded as left running when the run ended"
HANDED_OFF = "recorded by the handoff of the run"


class Known(msgspec.Struct, frozen=True):
    """A process that a record names; ``what`` says which record, in words."""

    identity: Identity
    what: str
    name: str = ""


class PastRun(msgspec.Struct, frozen=True):
    """One run, as its records have it.

    Attributes:
        known: the processes on record; the command first, where there is one.
        parent_id: id of the pod its pod was spawned in; None for none, or when it is unreadable.
        is_kept: it exited with 0, and its pod was spawned to keep what it leaves running.
    """

    pod: str
    pod_id: str
    run: int
    files: RunPaths
    record: RunRecord
    exit: ExitRecord | None
    known: tuple[Known, ...]
    parent_id: str | None = None
    is_kept: bool = False

    @property
    def words(self) -> str:
        return f"run {self.run} of {self.pod!r}"

    def undetermined(self, why: str) -> PodtuiError:
        """Return the error for leftovers that could not be determined; nothing is done then."""
        return UnknownState(
            f"what {self.words} left running could not be determined: {why}",
            pod=self.pod,
            next_step=f"podtui inspect {self.pod}",
            kept="no signal was sent",
        )


def past_run(store: Store, place: PodPaths, *, pod: str, pod_id: str, run: int) -> PastRun:
    """Read the records of a run; ``place`` is the pod's directory, in the tree or in the trash.

    Raises:
        UnknownState: a record that must be there cannot be read.
    """
    files = place.run(run)
    record = _read(store, files.record, RunRecord, pod)
    if record is None:
        raise _undetermined(pod, f"{files.record} is missing")
    if (record.run, record.pod_id) != (run, pod_id or record.pod_id):
        raise _undetermined(
            pod, f"{files.record} is of run {record.run} of pod {record.pod_id}, not of this run"
        )
    ended = _read(store, files.exit, ExitRecord, pod)
    if ended is not None and (ended.run, ended.pod_id) != (run, record.pod_id):
        raise _undetermined(pod, f"{files.exit} is of run {ended.run} of pod {ended.pod_id}")
    asked = read_record(store.system.fs, place.record, PodRecord)
    return PastRun(
        pod=pod,
        pod_id=record.pod_id,
        run=run,
        files=files,
        record=record,
        exit=ended,
        known=(
            *_known(record.child, COMMAND),
            *_seen_below(store, files, record),
            *_kept(record, ended),
            *_handed_off(store, record),
        ),
        parent_id=asked.parent_id if isinstance(asked, PodRecord) else None,
        is_kept=isinstance(asked, PodRecord)
        and asked.leftovers == KEEP_LEFTOVERS
        and _ended_well(ended),
    )


def _ended_well(ended: ExitRecord | None) -> bool:
    return ended is not None and (ended.exit_code, ended.signal, ended.start_error) == (
        0,
        None,
        None,
    )


def _read(store: Store, path: Path, kind: type[R], pod: str) -> R | None:
    found = read_record(store.system.fs, path, kind)
    if isinstance(found, RecordProblem):
        if found.is_missing:
            return None
        raise _undetermined(pod, found.sentence())
    return found


def _undetermined(pod: str, why: str) -> UnknownState:
    return UnknownState(
        f"what {pod!r} left running could not be determined: {why}",
        pod=pod,
        next_step=f"podtui inspect {pod}",
        kept="no signal was sent",
    )


def _known(recorded: IdentityRecord | None, what: str) -> tuple[Known, ...]:
    return () if recorded is None else (Known(identity_of(recorded), what),)


def _identity(run: RunRecord, pid: int, start_ticks: int, inode: int | None) -> Identity:
    # The boot is that of the run. The user was not recorded; only our own processes are signalled.
    return Identity(pid=pid, start_ticks=start_ticks, inode=inode, boot=run.boot_id, uid=-1)


def _seen_below(store: Store, files: RunPaths, run: RunRecord) -> tuple[Known, ...]:
    """Return the processes the supervisor saw last; none without its status record."""
    status = read_record(store.system.fs, files.status, StatusRecord)
    if isinstance(status, RecordProblem) or status.run != run.run:
        return ()
    return tuple(
        Known(_identity(run, each.pid, each.start_ticks, each.pidfd_inode), DESCENDANT, each.name)
        for each in status.descendants
    )


def _kept(run: RunRecord, ended: ExitRecord | None) -> tuple[Known, ...]:
    return tuple(
        Known(_identity(run, each.pid, each.start_ticks, each.pidfd_inode), KEPT, each.name)
        for each in (ended.kept_leftovers if ended else ())
        if each.start_ticks is not None
    )


def _handed_off(store: Store, run: RunRecord) -> tuple[Known, ...]:
    path = store.paths.handoff(run.pod_id, run.run)
    handoff = read_record(store.system.fs, path, HandoffRecord)
    return () if isinstance(handoff, RecordProblem) else _known(handoff.child, HANDED_OFF)


def is_of_this_host(store: Store, past: PastRun) -> bool:
    """Whether processes of the run can exist: it is of this machine and of this boot.

    Raises:
        UnknownState: could not tell, or the run is of another machine.
    """
    if past.record.machine_id != store.system.machine_id:
        raise past.undetermined(f"it belongs to host {past.record.machine_id or 'without a name'}")
    try:
        return store.system.proc.boot_id() == past.record.boot_id
    except OSError as error:
        raise past.undetermined(f"the boot id: {error.strerror}") from error
