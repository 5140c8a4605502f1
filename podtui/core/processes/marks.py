"""What a process shows about itself: the mark of a pod's run, or that it is a supervisor.

Marks are variables in the environment a program was started with. Its children inherit them unless
it clears them. A supervisor of another pod has no mark, and the command under it has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.paths import POD_ID_VARIABLE, RUN_FILE, STORE_VARIABLE
from podtui.core.processes.environment import RUN_VARIABLE
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.store.store import Store
from podtui.core.system.system import System
from podtui.kernel.processes import ProcessGone, ProcessStat
from podtui.kernel.termination import supervised_directory


class Mark(msgspec.Struct, frozen=True):
    """Which run a process was started in.

    Attributes:
        is_here: whether the mark is of this store.
        run: 0 when the mark has no valid run number.
    """

    pod_id: str
    run: int
    is_here: bool

    def is_of(self, pod_id: str, run: int) -> bool:
        """Whether it is the mark of this run, in this store."""
        return self.is_here and (self.pod_id, self.run) == (pod_id, run)

    def words(self, pod_id: str) -> str:
        """Return whose process it is, in words for somebody who inspects pod ``pod_id``."""
        if not self.is_here:
            return f"it belongs to pod {self.pod_id} of another store"
        if self.pod_id == pod_id:
            return f"it belongs to run {self.run} of this pod"
        return f"it belongs to pod {self.pod_id}"


class ProcessMarks:
    """Reads the marks of processes, each once: used for one scan.

    Attributes:
        hidden: pids of the processes whose environment may not be read.
    """

    def __init__(self, system: System, root: Path) -> None:
        self._system = system
        self._root = str(root)
        self._homes: dict[str, bool] = {self._root: True}
        self._known: dict[tuple[int, int], Mark | None] = {}
        self.hidden: set[int] = set()

    def of(self, process: ProcessStat) -> Mark | None:
        """Return the mark of a process, None when it has none or hides it.

        Raises:
            ProcessGone: it ended meanwhile.
            OSError: could not tell.
        """
        key = (process.pid, process.start_ticks)
        if key not in self._known:
            self._known[key] = self._read(process.pid)
        return self._known[key]

    def _read(self, pid: int) -> Mark | None:
        try:
            environment = self._system.proc.environment_of(pid)
        except PermissionError:
            # It forbids being read (ssh-agent, setuid programs): no proof either way.
            self.hidden.add(pid)
            return None
        return self._mark_in(environment)

    def _mark_in(self, environment: Mapping[str, str]) -> Mark | None:
        pod_id = environment.get(POD_ID_VARIABLE)
        if not pod_id:
            return None
        number = environment.get(RUN_VARIABLE, "")
        run = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0  # noqa: PLR2004 - run numbers have six digits at most
        return Mark(pod_id, run, self._is_here(environment.get(STORE_VARIABLE, "")))

    def _is_here(self, home: str) -> bool:
        known = self._homes.get(home)
        if known is None:
            known = self._homes[home] = self._leads_here(home)
        return known

    def _leads_here(self, home: str) -> bool:
        if not home.startswith("/"):
            return False
        fs = self._system.fs
        try:
            return fs.resolved(home) == fs.resolved(self._root)
        except OSError:
            # An unreadable directory is not this store, which is being read.
            return False


def supervisor_reason(system: System, process: ProcessStat) -> str | None:
    """Return why a process counts as a supervisor of any store; None when it is none.

    Arguments can be forged, so the run record in the directory it was given must name the process,
    or must not name any supervisor yet.

    Raises:
        ProcessGone: it ended meanwhile.
        OSError: could not tell.
    """
    directory = supervised_directory(system.proc.arguments_of(process.pid))
    if directory is None:
        return None
    record = read_record(system.fs, Path(directory) / RUN_FILE, RunRecord)
    if isinstance(record, RecordProblem):
        return f"it may be the supervisor of the run in {directory}"
    if record.supervisor is None:
        return f"it may be the supervisor that is starting the run in {directory}"
    for each in (record.supervisor, record.child):
        # Between fork and exec the command has the arguments of its supervisor.
        if each is not None and each.pid == process.pid:
            answer, _ = system.proc.is_there(identity_of(each))
            if answer is not Answer.NO:
                return f"it is the supervisor of the run in {directory}"
    return None


KERNEL_THREADS = 2
"""The parent of every kernel thread; those have neither an environment nor a user."""


class MarkedProcesses:
    """All processes at one moment; further facts about each are read once, when asked for.

    Attributes:
        by_pid: every process that could be seen.
        own_user: the user podtui runs as.

    Raises:
        ProcessGone, OSError: the processes cannot be listed.
    """

    def __init__(self, store: Store) -> None:
        self._system = store.system
        proc = store.system.proc
        self.marks = ProcessMarks(store.system, store.paths.root)
        self.by_pid = {each.pid: each for each in proc.all_processes()}
        self.own_user = proc.owner_of(proc.own_pid())
        self._owners: dict[int, int] = {}
        self._children: dict[int, list[ProcessStat]] = {}
        for each in self.by_pid.values():
            self._children.setdefault(each.parent, []).append(each)

    def children(self, parent: ProcessStat) -> list[ProcessStat]:
        """Return the children of a process."""
        # An older process is not its child: its parent's number belonged to another one before.
        return [
            each
            for each in self._children.get(parent.pid, ())
            if each.start_ticks >= parent.start_ticks
        ]

    def living(self) -> Iterator[ProcessStat]:
        """Yield every process that has not exited and is not a kernel thread."""
        for each in self.by_pid.values():
            if not each.has_exited and each.parent != KERNEL_THREADS:
                yield each

    def is_ours(self, process: ProcessStat) -> bool:
        """Whether it runs as our user; raises ProcessGone or OSError."""
        return self.owner(process) == self.own_user

    def owner(self, process: ProcessStat) -> int:
        """Return the user it runs as; raises ProcessGone or OSError."""
        if process.pid not in self._owners:
            self._owners[process.pid] = self._system.proc.owner_of(process.pid)
        return self._owners[process.pid]

    def marked(self, *, not_before: int = 0) -> Iterator[tuple[ProcessStat, Mark]]:
        """Yield the processes of our user that have a mark, each with it; raises OSError."""
        for each in self.living():
            if each.start_ticks < not_before:
                continue
            try:
                mark = self.marks.of(each) if self.is_ours(each) else None
            except ProcessGone:
                continue
            if mark is not None:
                yield each, mark

    def hidden(self, *, not_before: int = 0) -> int:
        """Return how many processes of our user could have a mark and hide their environment.

        Only processes whose marks were asked for count. Supervisors hide theirs and have no mark.
        """
        found = (self.by_pid[pid] for pid in self.marks.hidden)
        return sum(each.start_ticks >= not_before and self._could_be_marked(each) for each in found)

    def _could_be_marked(self, process: ProcessStat) -> bool:
        try:
            return self.is_ours(process) and supervisor_reason(self._system, process) is None
        except ProcessGone:
            return False
