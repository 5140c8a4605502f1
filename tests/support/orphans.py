"""Pods whose supervisor was killed and whose processes go on, and what becomes of those."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.records import StatusRecord
from podtui.core.model.verdicts import Status
from podtui.core.system.clock import SystemClock
from podtui.core.system.proc import Proc
from podtui.core.system.signalling import Signals
from podtui.kernel import processes, signals
from podtui.kernel.processes import Identity, ProcessGone, ProcessStat
from tests.support.store_fixture import Yard, until, wait_readable

SHELL = "/bin/sh"
DEAF = "trap '' HUP; "
"""A pod's terminal goes away with its supervisor, and only who ignores that is left over."""


class BusyClock(SystemClock):
    """The real clocks, on which a pause is over at once and has taken its time all the same."""

    def __init__(self) -> None:
        self._paused_s = 0.0

    def boottime(self) -> float:
        return super().boottime() + self._paused_s

    def monotonic(self) -> float:
        return super().monotonic() + self._paused_s

    def pause(self, seconds: float) -> None:
        """Return at once."""
        self._paused_s += seconds


class RecordingSignals(Signals):
    """Real signals, each noted.

    Args:
        refuse: to which processes they are not permitted.
        harmless: they are noted and not sent: where a mistake would end the test or its host.
    """

    def __init__(
        self, refuse: Callable[[int], bool] = lambda _: False, *, harmless: bool = False
    ) -> None:
        self._harmless = harmless
        self.sent: list[tuple[int, int]] = []
        self._pids: dict[int, int] = {}
        self._refuse = refuse

    def open_target(self, pid: int) -> int | None:
        handle = super().open_target(pid)
        if handle is not None:
            self._pids[handle] = pid
        return handle

    def send(self, handle: int, number: int) -> bool:
        pid = self._pids[handle]
        if self._refuse(pid):
            raise PermissionError(1, os.strerror(1))
        self.sent.append((pid, number))
        return True if self._harmless else super().send(handle, number)

    def to(self, pid: int) -> list[int]:
        """Return the signals a process got, in their order."""
        return [number for each, number in self.sent if each == pid]


Fault = Callable[[int], Exception | None]


class RefusingProc(Proc):
    """The real processes, some of which cannot be looked at in some way.

    Attributes:
        faults: by the name of the probe, what is raised instead of an answer about a process.
    """

    def __init__(self, **faults: Fault) -> None:
        super().__init__()
        self.faults = faults

    def _ask(self, probe: str, pid: int = 0) -> None:
        fault = self.faults.get(probe)
        error = fault(pid) if fault else None
        if error is not None:
            raise error

    def stat(self, pid: int) -> ProcessStat:
        self._ask("stat", pid)
        return super().stat(pid)

    def all_processes(self) -> list[ProcessStat]:
        self._ask("all_processes")
        return super().all_processes()

    def owner_of(self, pid: int) -> int:
        self._ask("owner_of", pid)
        return super().owner_of(pid)

    def environment_of(self, pid: int) -> dict[str, str]:
        self._ask("environment_of", pid)
        return super().environment_of(pid)

    def arguments_of(self, pid: int) -> list[str]:
        self._ask("arguments_of", pid)
        return super().arguments_of(pid)

    def open_pidfd(self, pid: int) -> int | None:
        self._ask("open_pidfd", pid)
        return super().open_pidfd(pid)

    def boot_id(self) -> str:
        self._ask("boot_id")
        return super().boot_id()


def plane_with(yard: Yard, **parts: object) -> LocalPlane:
    """Open the yard's store with another clock, other signals, other processes."""
    return LocalPlane.open(replace(yard.system, **{"clock": BusyClock(), **parts}))


class Handles:
    """Processes a test started in some way, each ended by its own handle afterwards."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}

    def hold(self, pid: int) -> int:
        """Remember a living process by its pidfd; returns its pid."""
        if pid not in self._held:
            self._held[pid] = signals.open_target(pid)
        return pid

    def hold_named(self, directory: Path, count: int) -> list[int]:
        """Wait until so many processes wrote their number to a file here, and hold them."""
        until(lambda: len(self._named(directory)) >= count, seconds=20)
        return [self.hold(pid) for pid in self._named(directory)]

    def _named(self, directory: Path) -> list[int]:
        return sorted(int(each.name) for each in directory.iterdir() if each.name.isdigit())

    def is_living(self, pid: int) -> bool:
        """Whether a held process has not ended."""
        return not Proc().has_ended(self._held[pid], 0)

    def end_all(self) -> None:
        """End every process that was held and is still there."""
        for handle in self._held.values():
            signals.send(handle, signal.SIGKILL)
            wait_readable(handle)
            os.close(handle)
        self._held.clear()


@contextmanager
def handles() -> Iterator[Handles]:
    """Hold processes, and end them."""
    held = Handles()
    try:
        yield held
    finally:
        held.end_all()


def lose_supervisor(yard: Yard, name: str, run: int = 1) -> None:
    """Kill a pod's supervisor alone, and wait until the pod is lost."""
    yard.kill(yard.supervisor_of(name, run))
    until(lambda: yard.view(name).status is Status.LOST)


def wait_until_recorded(yard: Yard, name: str, pids: list[int], run: int = 1) -> None:
    """Wait until a supervisor has written down that it saw these processes below itself."""

    def is_recorded() -> bool:
        status = yard.plane.store.status_record(name, run)
        seen = status.descendants if isinstance(status, StatusRecord) else []
        return set(pids) <= {each.pid for each in seen}

    until(is_recorded, seconds=20)


def living_marked(yard: Yard, pod_id: str) -> list[int]:
    """Return the living processes that bear a pod's mark."""
    found = []
    for each in processes.all_stats():
        try:
            marks = processes.read_environ(each.pid)
        except (ProcessGone, OSError):
            continue
        is_here = marks.get("PODTUI_HOME") == str(yard.plane.store_path)
        if is_here and marks.get("PODTUI_POD_ID") == pod_id and not each.has_exited:
            found.append(each.pid)
    return found


def as_identity(pid: int) -> Identity:
    """Return who a process is."""
    return processes.identify(pid)
