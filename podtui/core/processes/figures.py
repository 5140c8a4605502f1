"""CPU and memory of the process tree of a pod, to be shown."""

from __future__ import annotations

import msgspec

from podtui.core.model.snapshot import ProcessView
from podtui.core.processes.sample import TreeSample
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


def tree_figures(system: System, sample: TreeSample | None) -> TreeFigures | None:
    """Return what the processes of a sample use; None without a sample.

    The host of the run determines which processes these are; psutil only measures what they use.
    """
    if sample is None:
        return None
    processes = system.figures.of_processes(each.pid for each in sample.processes)
    return TreeFigures(system.clock.monotonic(), system.clock.now().timestamp(), processes)
