"""How soon an observer shows a pod as lost after its supervisor was killed with SIGKILL.

The peer is the least there can be: a poll on a pidfd of a plain process in the same program. At
the end many supervisors die at once; none may be missed, and the journal has one event for each.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from podtui.core.model.events import EventKind
from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Status
from podtui.kernel import signals
from tests.bench import common

DEATHS, QUICK_DEATHS = 100, 2
AT_ONCE, QUICK_AT_ONCE = 200, 3
PEER = "pidfd + poll"


class Watched:
    """Keeps when each pod was first shown as lost."""

    def __init__(self) -> None:
        self.lost_at: dict[str, float] = {}
        self.known: set[str] = set()
        self.changed = threading.Condition()

    def take(self, snapshot: Snapshot) -> None:
        now = time.monotonic()
        with self.changed:
            self.known = {pod.name for pod in snapshot.pods if pod.status is not Status.STARTING}
            for pod in snapshot.pods:
                if pod.status is Status.LOST:
                    self.lost_at.setdefault(pod.name, now)
            self.changed.notify_all()

    def wait_lost(self, names: set[str]) -> float:
        """Return when the last of them was shown as lost."""
        with self.changed:
            if not self.changed.wait_for(lambda: names <= set(self.lost_at), common.LONGEST_WAIT_S):
                missed = sorted(names - set(self.lost_at))
                raise TimeoutError(f"never shown as lost: {', '.join(missed)}")
            return max(self.lost_at[name] for name in names)

    def wait_known(self, names: set[str]) -> None:
        with self.changed:
            if not self.changed.wait_for(lambda: names <= self.known, common.LONGEST_WAIT_S):
                raise TimeoutError("the live view does not show the new pods")


def kill(pid: int) -> float:
    """Kill a process and return when."""
    handle = signals.open_target(pid)
    try:
        at = time.monotonic()
        signals.send(handle, signal.SIGKILL)
        return at
    finally:
        os.close(handle)


def peer_death() -> float:
    with subprocess.Popen(["sleep", "3600"]) as process:
        handle = os.pidfd_open(process.pid)
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        at = kill(process.pid)
        waiter.poll()
        took = time.monotonic() - at
        os.close(handle)
    return took


def spawn_all(bench: common.Bench, watched: Watched, names: list[str]) -> dict[str, int]:
    for name in names:
        bench.spawn(name, "sleep", "3600")
    watched.wait_known(set(names))
    return {name: bench.supervisor_pid(name) for name in names}


def main() -> int:
    """Print the table; return 0 when it is sound and every death was seen exactly once."""
    options = common.parse_options(__doc__)
    single = [f"one-{n}" for n in range(QUICK_DEATHS if options.quick else DEATHS)]
    many = [f"many-{n}" for n in range(QUICK_AT_ONCE if options.quick else AT_ONCE)]
    watched = Watched()
    noticed, peer = [], []
    with common.own_store() as bench:
        live = bench.plane.watch(watched.take)
        try:
            for name, pid in spawn_all(bench, watched, single).items():
                at = kill(pid)
                noticed.append(watched.wait_lost({name}) - at)
                peer.append(peer_death())
            pids = spawn_all(bench, watched, many)
            first = min(kill(pid) for pid in pids.values())
            all_took = watched.wait_lost(set(many)) - first
            peer_all = peer_many(len(many))
        finally:
            live.close()
        told = [event.pod for event in bench.plane.events() if event.kind is EventKind.LOST]
    missed, twice = len({*single, *many} - set(told)), len(told) - len(set(told))
    rows = [
        row(PEER, peer, None),
        row("shown in a live view", noticed, common.median(noticed) / common.median(peer)),
        common.Row(f"{PEER}, {len(many)} at once", ("", common.milliseconds(peer_all))),
        common.Row(
            f"shown, {len(many)} at once",
            ("", common.milliseconds(all_took)),
            all_took / peer_all,
            f"in the journal: {missed} missed, {twice} twice",
        ),
    ]
    title = f"death of a supervisor noticed, {len(single)} deaths"
    code = common.print_table(title, ("median", "p99 (or all)"), rows, options)
    return code or (1 if missed or twice else 0)


def row(name: str, times: list[float], ratio: float | None) -> common.Row:
    values = (common.median(times), common.percentile(times, 0.99))
    return common.Row(name, tuple(map(common.milliseconds, values)), ratio)


def peer_many(number: int) -> float:
    """Kill plain processes at once and return how long it took to hear of the last."""
    processes = [subprocess.Popen(["sleep", "3600"]) for _ in range(number)]
    handles = [os.pidfd_open(process.pid) for process in processes]
    waiter = select.poll()
    for handle in handles:
        waiter.register(handle, select.POLLIN)
    first = min(kill(process.pid) for process in processes)
    left = set(handles)
    while left:
        for handle, _ in waiter.poll():
            waiter.unregister(handle)
            left.discard(handle)
    took = time.monotonic() - first
    for process, handle in zip(processes, handles, strict=True):
        process.wait()
        os.close(handle)
    return took


if __name__ == "__main__":
    sys.exit(main())
