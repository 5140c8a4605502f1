"""The reading of one pod, from all that is remembered of it and of those it waits for."""

from __future__ import annotations

from collections.abc import Mapping

from podtui.core.observe.memory import PodMemory
from podtui.core.observe.peers import peers_of
from podtui.core.observe.progress import stall_limit_s
from podtui.core.observe.status import Reading, read_status
from podtui.core.system.clock import Clock


def derived(memory: PodMemory, memories: Mapping[str, PodMemory], clock: Clock) -> Reading | None:
    """Return what is to be read of a pod now, None when it was not looked at."""
    if memory.look is None:
        return None
    return read_status(
        memory.look,
        memory.progress,
        now=clock.now(),
        awake_seconds=clock.monotonic(),
        stall_after_s=stall_limit_s(memory.record),
        work=memory.weighing.work if memory.weighing else None,
        peers=peers_of(memory, memories),
    )
