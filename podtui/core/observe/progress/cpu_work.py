"""Samples the CPU use of a run without progress: a long tool computes and prints nothing new."""

from __future__ import annotations

import msgspec

from podtui.core.hosts.registry import host_of
from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.processes.sample import TreeSample
from podtui.core.store.store import Store
from podtui.core.system.system import System
from podtui.kernel.processes import ProcessStat

BUSY_PERCENT = 20.0
"""Percent of one core; a spinner or an idle event loop stays below it."""
BUSY_BESIDE_CHATTER_PERCENT = 50.0
"""The same for a run that prints; its own command is not counted, since printing uses CPU too."""
MOST_OF_IT = 0.9


class Work(msgspec.Struct, frozen=True):
    """The CPU use of a run's processes since an earlier sample, or since its last progress.

    Attributes:
        answer: whether a tool is at work; UNKNOWN when the processes could not be read.
        words: "pytest 48977 uses 97 % CPU".
    """

    answer: Answer = Answer.UNKNOWN
    words: str = "the processes could not be read"


class CpuSample(msgspec.Struct, frozen=True):
    """What is remembered of one sample of a run's processes until the next.

    Attributes:
        at: awake-clock seconds.
        peers: names or ids of the pods the run waits for.
    """

    at: float
    sample: TreeSample | None
    work: Work
    peers: tuple[str, ...] = ()


def sample_cpu(
    store: Store,
    record: RunRecord,
    *,
    before: TreeSample | None,
    stuck_s: float,
    is_chatter: bool,
) -> CpuSample:
    """Sample a run's processes; ``stuck_s`` is for how long it made no progress."""
    system = store.system
    sample = host_of(store, record).sample(record)
    at = system.clock.monotonic()
    if sample is None:
        return CpuSample(at, None, Work())
    # A command uses CPU whenever it prints, so only its other processes can show a tool at work.
    aside = record.child.pid if is_chatter and record.child else 0
    if before is not None and sample.at > before.at:
        used = _used_between(system, before, sample, aside)
        elapsed = sample.at - before.at
    else:
        used = _surely_used(system, sample, stuck_s, aside)
        elapsed = stuck_s
    limit = BUSY_BESIDE_CHATTER_PERCENT if is_chatter else BUSY_PERCENT
    return CpuSample(at, sample, _work(sample, used, max(elapsed, 0.001), limit))


def _used_between(
    system: System, before: TreeSample, now: TreeSample, aside: int
) -> dict[int, float]:
    """Return the CPU seconds used between two samples, by pid, those of ended children included."""
    earlier = {(each.pid, each.start_ticks): each for each in before.processes}
    used: dict[int, float] = {}
    for each in now.processes:
        own, waited = each.user_ticks + each.system_ticks, each.waited_ticks
        last = earlier.get((each.pid, each.start_ticks))
        if last is not None:
            own -= last.user_ticks + last.system_ticks
            waited -= last.waited_ticks
        ticks = waited if each.pid == aside else own + waited
        used[each.pid] = ticks / system.proc.ticks_per_second
    # The parent of an ended child got its whole CPU time: subtract what is older than `before`.
    present = {(each.pid, each.start_ticks) for each in now.processes}
    gone = [each for key, each in earlier.items() if key not in present]
    for each in gone:
        ticks = each.user_ticks + each.system_ticks + each.waited_ticks
        if each.parent in used:
            used[each.parent] -= ticks / system.proc.ticks_per_second
    return {pid: max(seconds, 0.0) for pid, seconds in used.items()}


def _surely_used(
    system: System, sample: TreeSample, stuck_s: float, aside: int
) -> dict[int, float]:
    """Return the CPU seconds each process has certainly used in the last ``stuck_s``.

    With one sample only, that is its whole CPU time less all the time it existed before.
    """
    rate = system.proc.ticks_per_second
    used: dict[int, float] = {}
    for each in sample.processes:
        before_s = max(sample.at - each.start_ticks / rate - stuck_s, 0.0)
        seconds = (each.user_ticks + each.system_ticks) / rate - before_s
        used[each.pid] = 0.0 if each.pid == aside else max(seconds, 0.0)
    return used


def _work(sample: TreeSample, used: dict[int, float], elapsed_s: float, limit: float) -> Work:
    total = 100 * sum(used.values()) / elapsed_s
    if not used or total < limit:
        return Work(Answer.NO, f"its processes use {total:.1f} % CPU")
    busiest = max(sample.processes, key=lambda each: used[each.pid])
    return Work(Answer.YES, _busy_words(busiest, 100 * used[busiest.pid] / elapsed_s, total))


def _busy_words(busiest: ProcessStat, percent: float, total: float) -> str:
    if percent >= MOST_OF_IT * total:
        return f"{busiest.name} {busiest.pid} uses {percent:.0f} % CPU"
    return f"its processes use {total:.0f} % CPU, most of it {busiest.name} {busiest.pid}"
