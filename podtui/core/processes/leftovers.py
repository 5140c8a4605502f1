"""Which processes are left running of a run that is over: proven, never guessed.

A process is a leftover when a record of the run names it (same start, same pidfd inode), when it
has the run's mark, when it is in the session of the run's command, or when it descends from such a
process. Besides, it must be of the run's boot and of our user, not older than the run, and not
protected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from podtui.core.errors import UnknownState
from podtui.core.model.leftovers import LeftoverProcess, Skipped, Survey
from podtui.core.processes.marks import MarkedProcesses
from podtui.core.processes.past_runs import Known, PastRun, is_of_this_host
from podtui.core.processes.protected import (
    FIRST_PROCESS,
    Foreign,
    Protected,
    protected_processes,
)
from podtui.core.store.store import Store
from podtui.core.system.proc import Proc
from podtui.kernel.processes import Identity, ProcessGone, ProcessStat


class ProcessScan:
    """One reading of all processes of this machine; surveys of many runs share it.

    Both parts are read when they are first asked for, and never again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def protected(self) -> Protected:
        """The processes that are never signalled; raises UnknownState."""
        return protected_processes(self._store)

    @cached_property
    def everyone(self) -> MarkedProcesses:
        """All processes and their marks; raises ProcessGone, OSError, ValueError, IndexError."""
        return MarkedProcesses(self._store)


def survey_run(
    store: Store,
    past: PastRun,
    *,
    scan: ProcessScan,
    refuse_unless_over: Callable[[Store, PastRun], None],
    before: Iterable[LeftoverProcess] = (),
) -> Survey:
    """Find the processes that a past run left running, wherever its pod is; signal nobody.

    Args:
        store: the store of the run.
        past: the run.
        scan: the processes as they were a moment ago.
        refuse_unless_over: raises Refused or UnknownState while the run may still be alive.
        before: targets of earlier surveys: what is proven of a process stays proven.

    Raises:
        Refused: the run is not over.
        UnknownState: could not tell.
    """
    if not is_of_this_host(store, past):
        return Survey(possible=False)
    refuse_unless_over(store, past)
    try:
        return _RunSurvey(store, past, scan).survey(before)
    except (OSError, ValueError, IndexError, ProcessGone) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise past.undetermined(f"the processes cannot be read: {reason or error}") from error
    except UnknownState as error:
        error.pod = error.pod or past.pod
        raise


class _RunSurvey:
    """Searches one scan of the processes on behalf of one run."""

    def __init__(self, store: Store, past: PastRun, scan: ProcessScan) -> None:
        self._proc: Proc = store.system.proc
        self._past = past
        self._protected = scan.protected
        self._everyone = scan.everyone
        self._all = self._everyone.by_pid
        # One tick earlier: the start of a process is rounded down, the reservation is not.
        self._not_before = int(past.record.reserved_boottime_s * self._proc.ticks_per_second) - 1
        self._targets: dict[int, LeftoverProcess] = {}
        self._skipped: dict[int, Skipped] = {}
        self._recorded: set[int] = set()
        self._objections: dict[int, Foreign | None] = {}

    def survey(self, before: Iterable[LeftoverProcess]) -> Survey:
        on_record = self._on_record(self._past.known)
        self._recorded = {process.pid for process, _ in on_record}
        earlier = self._on_record([Known(each.identity, each.why) for each in before])
        for process, why in (*on_record, *earlier):
            self._add_tree(process, why)
        for process in self._marked():
            self._add_tree(process, "it has the mark of the run")
        for process in self._in_session():
            self._add_tree(process, "it is in the session of the run's command")
        return Survey(
            targets=self._in_order(),
            skipped=tuple(each for pid, each in self._skipped.items() if pid not in self._targets),
            hidden=self._everyone.hidden(not_before=self._not_before),
        )

    # candidates

    def _on_record(self, known: Sequence[Known]) -> list[tuple[ProcessStat, str]]:
        found: dict[int, tuple[ProcessStat, str]] = {}
        for each in known:
            pid = each.identity.pid
            process = self._all.get(pid)
            if process is None or pid <= FIRST_PROCESS or pid in found:
                continue
            if process.has_exited:
                continue
            if self._is_recorded(each.identity):
                found[pid] = (process, each.what)
                self._skipped.pop(pid, None)
            elif self._lives(pid):
                self._skip(process, "its pid is on record, and it is another process")
        return list(found.values())

    def _is_recorded(self, recorded: Identity) -> bool:
        """Whether the recorded process is there and every recorded fact agrees."""
        handle = self._proc.open_pidfd(recorded.pid)
        if handle is None:
            return False
        try:
            inode = self._proc.pidfd_inode(handle)
            if self._proc.has_ended(handle, 0):
                return False
            if None not in {inode, recorded.inode} and inode != recorded.inode:
                return False
            # The start as well: one fact that differs is enough to leave it alone.
            return self._proc.stat(recorded.pid).start_ticks == recorded.start_ticks
        except ProcessGone:
            return False
        finally:
            self._proc.close(handle)

    def _lives(self, pid: int) -> bool:
        try:
            return not self._proc.stat(pid).has_exited
        except ProcessGone:
            return False

    def _marked(self) -> list[ProcessStat]:
        marked = self._everyone.marked(not_before=self._not_before)
        past = self._past
        return [process for process, mark in marked if mark.is_of(past.pod_id, past.run)]

    def _in_session(self) -> list[ProcessStat]:
        """Return the processes in the session of the run's command, if it is still that session.

        The kernel does not reuse a number while a session of that number has members. So a process
        that is on record of this run and still in the session proves that it is the same session.
        """
        command = self._past.record.child
        if command is None:
            return []
        members = [
            each
            for each in self._everyone.living()
            if each.session == command.pid and each.start_ticks >= self._not_before
        ]
        leader = self._all.get(command.pid)
        if not self._recorded.isdisjoint(each.pid for each in members):
            return members
        if leader is not None and leader.has_exited and self._is_zombie_of_command(leader):
            return members
        for each in members:
            if each.pid not in self._targets and each.pid != command.pid:
                self._skip(
                    each, "its session has the number of the run's session and may be another one"
                )
        return []

    def _is_zombie_of_command(self, leader: ProcessStat) -> bool:
        command = self._past.record.child
        if command is None or leader.start_ticks != command.start_ticks:
            return False
        handle = self._proc.open_pidfd(leader.pid)
        if handle is None:
            return False
        try:
            inode = self._proc.pidfd_inode(handle)
        finally:
            self._proc.close(handle)
        return None in {inode, command.pidfd_inode} or inode == command.pidfd_inode

    # adding targets

    def _add_tree(self, process: ProcessStat, why: str) -> None:
        """Add a process and its descendants, except those that do not belong to this run."""
        pending = [(process, why)]
        while pending:
            each, proof = pending.pop()
            if each.pid in self._targets or not self._add(each, proof):
                continue
            below = f"it is below {each.name} {each.pid}"
            pending += [(child, below) for child in self._everyone.children(each)]

    def _add(self, process: ProcessStat, why: str) -> bool:
        if process.has_exited:
            return False
        try:
            reason = self._reason_against(process)
            if reason is not None:
                self._skip(process, reason)
                return False
            identity = self._identity(process)
        except ProcessGone:
            return False
        if identity is None:
            return False
        self._targets[process.pid] = LeftoverProcess(
            identity,
            process.name,
            why,
            parent=process.parent,
            state=process.state,
            is_on_record=process.pid in self._recorded,
        )
        return True

    def _reason_against(self, process: ProcessStat) -> str | None:
        tests: tuple[Callable[[ProcessStat], str | None], ...] = (
            lambda each: self._protected.reason(each.pid),
            self._age_reason,
            self._user_reason,
            self._foreign_reason,
        )
        return next((reason for test in tests if (reason := test(process))), None)

    def _age_reason(self, process: ProcessStat) -> str | None:
        if process.start_ticks >= self._not_before:
            return None
        return "it was started before the run"

    def _user_reason(self, process: ProcessStat) -> str | None:
        if self._everyone.is_ours(process):
            return None
        return f"it is of another user ({self._everyone.owner(process)})"

    def _foreign_reason(self, process: ProcessStat) -> str | None:
        """Return why a process does not belong to this run: by itself or by an ancestor."""
        own = self._own_objection(process)
        if own is not None:
            return own.reason
        above = self._all.get(process.parent)
        seen = {process.pid}
        while above is not None and above.pid > FIRST_PROCESS and above.pid not in seen:
            seen.add(above.pid)
            try:
                objection = self._own_objection(above)
            except ProcessGone:
                return None  # Then it has another parent by now.
            if objection is not None:
                # Orphans become children of the supervisor their pod was spawned under.
                found = f"it is below {above.name} {above.pid}: {objection.reason}"
                return None if objection.is_supervisor else found
            above = self._all.get(above.parent)
        return None

    def _own_objection(self, process: ProcessStat) -> Foreign | None:
        if process.pid not in self._objections:
            past = self._past
            self._objections[process.pid] = self._protected.objection(
                process,
                self._everyone.marks,
                pod_id=past.pod_id,
                run=past.run,
                orphan_of=past.parent_id if process.pid in self._recorded else None,
            )
        return self._objections[process.pid]

    def _identity(self, process: ProcessStat) -> Identity | None:
        """Return its identity, None when it is no longer the process that was read."""
        handle = self._proc.open_pidfd(process.pid)
        if handle is None:
            return None
        try:
            now = self._proc.stat(process.pid)
            inode = self._proc.pidfd_inode(handle)
            if self._proc.has_ended(handle, 0) or now.start_ticks != process.start_ticks:
                return None
        finally:
            self._proc.close(handle)
        return Identity(
            pid=process.pid,
            start_ticks=process.start_ticks,
            inode=inode,
            boot=self._past.record.boot_id,
            uid=self._everyone.own_user,
        )

    def _skip(self, process: ProcessStat, reason: str) -> None:
        self._skipped.setdefault(process.pid, Skipped(process.pid, process.name, reason))

    def _in_order(self) -> tuple[LeftoverProcess, ...]:
        """Return the targets, each after its ancestors."""
        ordered: dict[int, LeftoverProcess] = {}
        for target in self._targets.values():
            chain = []
            at: LeftoverProcess | None = target
            while at is not None and at.identity.pid not in ordered and at not in chain:
                chain.append(at)
                at = self._targets.get(at.parent)
            for each in reversed(chain):
                ordered[each.identity.pid] = each
        return tuple(ordered.values())
