"""All processes of the machine as they were at one moment, with the marks they bear."""

from __future__ import annotations

from collections.abc import Iterator

from podtui.core.processes.marks import Mark, Marks, supervisor_reason
from podtui.core.store.store import Store
from podtui.kernel.identity import ProcessGone, ProcessStat

KERNEL_THREADS = 2
"""The parent of every kernel thread; those have neither an environment nor a user."""


class Everyone:
    """One look at all processes; what is asked of one of them is read once.

    Attributes:
        by_pid: every process that could be seen.
        own_user: the user podtui runs as.

    Raises:
        ProcessGone, OSError: the processes cannot be listed.
    """

    def __init__(self, store: Store) -> None:
        self._system = store.system
        proc = store.system.proc
        self.marks = Marks(store.system, store.paths.root)
        self.by_pid = {each.pid: each for each in proc.all_processes()}
        self.own_user = proc.owner_of(proc.own_pid())
        self._owners: dict[int, int] = {}
        self._children: dict[int, list[ProcessStat]] = {}
        for each in self.by_pid.values():
            self._children.setdefault(each.parent, []).append(each)

    def children(self, parent: ProcessStat) -> list[ProcessStat]:
        """Return who is directly below a process."""
        # Who is older is not its child: the number was another's when it was read.
        return [
            each
            for each in self._children.get(parent.pid, ())
            if each.start_ticks >= parent.start_ticks
        ]

    def living(self) -> Iterator[ProcessStat]:
        """Yield every process that has not exited and is no thread of the kernel."""
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
        """Yield our user's processes that bear a mark, and it; raises OSError."""
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
        """Return how many of our processes could bear a mark and do not show it.

        Of those whose marks were asked for; supervisors hide theirs and have none.
        """
        found = (self.by_pid[pid] for pid in self.marks.hidden)
        return sum(each.start_ticks >= not_before and self._could_be_marked(each) for each in found)

    def _could_be_marked(self, process: ProcessStat) -> bool:
        try:
            return self.is_ours(process) and supervisor_reason(self._system, process) is None
        except ProcessGone:
            return False
