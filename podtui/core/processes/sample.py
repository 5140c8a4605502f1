"""The process tree of a pod, and the CPU time it used: what the judgement of a stall rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from podtui.core.model.records import IdentityRecord
from podtui.core.model.verdicts import Answer
from podtui.core.system.system import System
from podtui.kernel.processes import SUPERVISOR_NAME, Identity, ProcessGone, ProcessStat


class TreeSample(msgspec.Struct, frozen=True):
    """The processes of one pod at one moment, parents first; a supervisor is not one of them.

    Attributes:
        at: boot time in seconds.
    """

    at: float
    processes: tuple[ProcessStat, ...]


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
    """Read the process tree below a supervisor; None when the supervisor is not proven alive."""
    if supervisor is None:
        return None
    answer, _ = system.proc.is_there(identity_of(supervisor))
    if answer is not Answer.YES:
        return None
    try:
        tree = tuple(_own(system.proc.descendants(supervisor.pid)))
    except (ProcessGone, OSError):
        return None
    return TreeSample(system.clock.boottime(), tree)


def _own(descendants: Sequence[ProcessStat]) -> Iterator[ProcessStat]:
    """Leave out the supervisors of pods that this pod spawned, with their descendants.

    They are recognised by their name, which any process can take: no verdict rests on this.
    """
    foreign: set[int] = set()
    for process in descendants:
        if process.name == SUPERVISOR_NAME or process.parent in foreign:
            foreign.add(process.pid)
        else:
            yield process
