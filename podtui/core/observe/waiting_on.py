"""Finds the pods a run waits for, from the commands that run below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from podtui.core.model.records import PodRecord
from podtui.core.observe.memory import PodMemory
from podtui.core.observe.progress.stall_rules import AT_WORK, Peer, StandstillKind
from podtui.core.system.proc import Proc
from podtui.kernel.processes import ProcessGone, ProcessStat

PROGRAM = "podtui"
FOLLOWING = frozenset({"-f", "--follow"})
OPTIONS_WITH_VALUE = frozenset({"--until", "--timeout", "--as", "--view"})
LATEST_PROGRAM_PLACE = 3
"""The last position where the program may be: ``python -I -m podtui``."""
PROCESSES_ASKED = 64


def pods_waited_for(proc: Proc, processes: Iterable[ProcessStat]) -> tuple[str, ...]:
    """Return the names or ids that ``podtui wait`` and ``podtui read --follow`` were given.

    A process whose arguments are unreadable is left out.
    """
    found: dict[str, None] = {}
    for each in list(processes)[:PROCESSES_ASKED]:
        try:
            name = pod_waited_for(proc.arguments_of(each.pid))
        except (ProcessGone, OSError):
            continue
        if name:
            found[name] = None
    return tuple(found)


def peers_of(memory: PodMemory, memories: Mapping[str, PodMemory]) -> tuple[Peer, ...]:
    """Return the pods a run waits for, with what this observer knows of them."""
    if memory.weighing is None:
        return ()
    return tuple(_peer(name, memories) for name in memory.weighing.peers)


def waits_for_pods(memory: PodMemory) -> bool:
    """Whether a run without progress was seen waiting for other pods."""
    return memory.weighing is not None and bool(memory.weighing.peers)


def _peer(name_or_id: str, memories: Mapping[str, PodMemory]) -> Peer:
    found = memories.get(name_or_id) or next(
        (each for each in memories.values() if _has_id(each, name_or_id)), None
    )
    reading = found.reading if found else None
    if found is None or reading is None:
        return Peer(name_or_id)
    # Two pods that wait for each other must not both count as at work.
    waits = reading.standstill is not None and reading.standstill.kind is StandstillKind.PEER
    return Peer(found.name, reading.status, gets_on=reading.status in AT_WORK and not waits)


def _has_id(memory: PodMemory, wanted: str) -> bool:
    return isinstance(memory.record, PodRecord) and memory.record.id == wanted


def pod_waited_for(arguments: Sequence[str]) -> str | None:
    """Return the pod that a command waits for, None when it waits for none."""
    own = _own_arguments(arguments)
    if not own:
        return None
    verb, rest = own[0], own[1:]
    waits = verb == "wait" or (verb == "read" and any(each in FOLLOWING for each in rest))
    if not waits:
        return None
    is_value = False
    for each in rest:
        if is_value:
            is_value = False
        elif each.startswith("-"):
            is_value = each in OPTIONS_WITH_VALUE
        else:
            return each
    return None


def _own_arguments(arguments: Sequence[str]) -> Sequence[str]:
    for place, each in enumerate(arguments[: LATEST_PROGRAM_PLACE + 1]):
        if PurePath(each).name == PROGRAM:
            return arguments[place + 1 :]
    return ()
