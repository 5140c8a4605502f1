"""CPU and memory of the process tree of a pod, to be shown."""

from __future__ import annotations

import msgspec

from podtui.core.model.records import IdentityRecord
from podtui.core.model.snapshot import ProcessView
from podtui.core.processes.sample import tree_below
from podtui.core.system.figures import ProcessFigures
from podtui.core.system.system import System


class TreeFigures(msgspec.Struct, frozen=True):
    """What the processes of one pod use at one moment; the supervisor is not one of them.

    Attributes:
        at: awake-clock seconds.
        now: seconds since the epoch.
        processes: parents before children.
    """

    at: float
    now: float
    processes: tuple[ProcessFigures, ...]

    @property
    def rss_bytes(self) -> int:
        return sum(process.rss_bytes for process in self.processes)

    def cpu_percent(self, before: TreeFigures | None) -> float:
        """Return the CPU use of the tree in per cent of one core.

        Since ``before``, or, without it, averaged over the life of each process.
        """
        if before is None or self.at <= before.at:
            return sum(self._life_average(each) for each in self.processes)
        earlier = {each.key: each.cpu_seconds for each in before.processes}
        used = sum(each.cpu_seconds - earlier.get(each.key, 0.0) for each in self.processes)
        return max(0.0, 100 * used / (self.at - before.at))

    def views(self) -> tuple[ProcessView, ...]:
        """Return each process as it is shown."""
        return tuple(
            ProcessView(
                pid=each.pid,
                name=each.name,
                rss_bytes=each.rss_bytes,
                cpu_percent=round(self._life_average(each), 1),
            )
            for each in self.processes
        )

    def _life_average(self, process: ProcessFigures) -> float:
        age = self.now - process.started_at
        return 100 * process.cpu_seconds / age if age > 0 else 0.0


def tree_figures(system: System, supervisor: IdentityRecord | None) -> TreeFigures | None:
    """Return what the tree below a supervisor uses; None when it is not certainly there.

    Which processes that are is found as everywhere else; only what they use is asked of psutil.
    """
    tree = tree_below(system, supervisor)
    if tree is None:
        return None
    processes = system.figures.of_processes(each.pid for each in tree)
    return TreeFigures(system.clock.monotonic(), system.clock.now().timestamp(), processes)
