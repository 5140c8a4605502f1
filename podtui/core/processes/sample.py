"""CPU and memory of a pod's process tree, read from /proc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from podtui.core.model.records import IdentityRecord
from podtui.core.model.snapshot import ProcessView
from podtui.core.model.verdicts import Answer
from podtui.core.system.system import System
from podtui.kernel.processes import SUPERVISOR_NAME, Identity, ProcessGone, ProcessStat


class TreeSample(msgspec.Struct, frozen=True):
    """The processes of one pod at one moment; the supervisor itself is not one of them.

    Attributes:
        at: boot time in seconds.
        cpu_seconds: CPU time used so far, by pid and start.
    """

    at: float
    processes: tuple[ProcessStat, ...]
    cpu_seconds: dict[tuple[int, int], float]

    @property
    def rss_bytes(self) -> int:
        return sum(process.rss for process in self.processes)


def identity_of(record: IdentityRecord) -> Identity:
    """Return the identity a record holds."""
    return Identity(
        pid=record.pid,
        start_ticks=record.start_ticks,
        inode=record.pidfd_inode,
        boot=record.boot_id,
        uid=record.uid,
    )


def sample_tree(system: System, supervisor: IdentityRecord | None) -> TreeSample | None:
    """Read the process tree below a supervisor; None when the supervisor is not proven alive.

    A process that cannot be read is left out: these are figures to show, not evidence.
    """
    if supervisor is None:
        return None
    answer, _ = system.proc.is_there(identity_of(supervisor))
    if answer is not Answer.YES:
        return None
    try:
        processes = tuple(_own(system.proc.descendants(supervisor.pid)))
    except (ProcessGone, OSError):
        return None
    ticks = system.proc.ticks_per_second
    cpu = {
        (each.pid, each.start_ticks): (each.user_ticks + each.system_ticks) / ticks
        for each in processes
    }
    return TreeSample(system.clock.boottime(), processes, cpu)


def _own(descendants: Sequence[ProcessStat]) -> Iterator[ProcessStat]:
    """Leave out the supervisors of pods that this pod spawned, with their descendants.

    They are recognised by their name, which any process can take: only figures depend on it.
    """
    foreign: set[int] = set()
    for process in descendants:
        if process.name == SUPERVISOR_NAME or process.parent in foreign:
            foreign.add(process.pid)
        else:
            yield process


def cpu_percent(system: System, now: TreeSample, before: TreeSample | None) -> float:
    """Return the CPU use of the tree in per cent of one core.

    Since ``before``, or, without it, averaged over the life of each process.
    """
    if before is not None and now.at > before.at:
        used = sum(
            seconds - before.cpu_seconds.get(key, 0.0) for key, seconds in now.cpu_seconds.items()
        )
        return max(0.0, 100 * used / (now.at - before.at))
    return sum(_life_average(system, each, now.at) for each in now.processes)


def process_views(system: System, sample: TreeSample) -> tuple[ProcessView, ...]:
    """Return each process of the tree, parents before children."""
    return tuple(
        ProcessView(
            pid=each.pid,
            name=each.name,
            rss_bytes=each.rss,
            cpu_percent=round(_life_average(system, each, sample.at), 1),
        )
        for each in sample.processes
    )


def _life_average(system: System, process: ProcessStat, now: float) -> float:
    ticks = system.proc.ticks_per_second
    age = now - process.start_ticks / ticks
    used = (process.user_ticks + process.system_ticks) / ticks
    return 100 * used / age if age > 0 else 0.0
