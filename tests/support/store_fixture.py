"""A store of a test's own, real pods in it, and their certain end."""

from __future__ import annotations

import os
import select
import signal as signals_of_system
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from podtui.core.control.local import LocalPlane
from podtui.core.model.records import IdentityRecord, RunRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.snapshot import PodView
from podtui.core.processes.sample import identity_of
from podtui.core.system.clock import Clock, SystemClock
from podtui.core.system.fs import Fs
from podtui.core.system.proc import Proc
from podtui.core.system.system import System
from podtui.core.system.watch import Watcher
from podtui.kernel import processes, signals

END_MS = 10_000


class Yard:
    """A temporary store, the plane over it, and shortcuts to spawn and to kill.

    Attributes:
        plane: the core over the store.
        system: what the plane was given.
    """

    def __init__(
        self,
        root: Path,
        *,
        fs: Fs | None = None,
        proc: Proc | None = None,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
        environment: Mapping[str, str] | None = None,
        machine_id: str = "test-machine",
    ) -> None:
        self.root = root
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "PODTUI_HOME": str(root / "store"),
            "PODTUI_RUNTIME_DIR": str(root / "runtime"),
            **(environment or {}),
        }
        self.system = System(
            fs=fs or Fs(),
            proc=proc or Proc(),
            clock=clock or SystemClock(),
            watcher=watcher or Watcher(),
            environment=self.environment,
            machine_id=machine_id,
        )
        (root / "home").mkdir(mode=0o700, exist_ok=True)
        (root / "runtime").mkdir(mode=0o700, exist_ok=True)
        self.plane = LocalPlane.open(self.system, create=True)

    def reopened(self) -> LocalPlane:
        """Return a new plane over the same store, as another process would have."""
        return LocalPlane.open(self.system)

    def spawn(self, name: str, *argv: str, parent: str | None = None, **options: object) -> PodView:
        """Spawn a pod and return its view."""
        request = Spawn(name=name, argv=argv or ("sleep", "600"), parent=parent, **options)  # type: ignore[arg-type]
        view = self.plane.carry_out(request).view
        assert view is not None
        return view

    def shell(self, name: str, script: str, **options: object) -> PodView:
        """Spawn a pod that runs a shell script."""
        return self.spawn(name, "/bin/sh", "-c", script, **options)  # type: ignore[arg-type]

    def view(self, name: str) -> PodView:
        """Look at one pod, as a new observer."""
        found = self.plane.snapshot().find(name)
        assert found is not None
        return found

    def run_record(self, name: str, run: int = 1) -> RunRecord:
        """Return a run's record; it must be readable."""
        record = self.plane.store.run_record(name, run)
        assert isinstance(record, RunRecord)
        return record

    def supervisor_of(self, name: str, run: int = 1) -> IdentityRecord:
        """Return who supervises a run."""
        supervisor = self.run_record(name, run).supervisor
        assert supervisor is not None
        return supervisor

    def child_of(self, name: str, run: int = 1) -> IdentityRecord:
        """Return the process of a run's command."""
        child = self.run_record(name, run).child
        assert child is not None
        return child

    def signal(self, process: IdentityRecord, number: int) -> None:
        """Send a signal to exactly this process."""
        handle = signals.open_target(process.pid)
        try:
            assert signals.is_same_process(identity_of(process), handle)
            signals.send(handle, number)
        finally:
            os.close(handle)

    def kill(self, process: IdentityRecord) -> None:
        """Kill exactly this process and wait until the kernel says that it is gone."""
        handle = signals.open_target(process.pid)
        try:
            assert signals.is_same_process(identity_of(process), handle)
            signals.send(handle, signals_of_system.SIGKILL)
            wait_readable(handle)
        finally:
            os.close(handle)

    def stop_process(self, process: IdentityRecord) -> None:
        """Stop a process (SIGSTOP) and wait until the kernel shows it stopped."""
        self.signal(process, signals_of_system.SIGSTOP)
        until(lambda: processes.read_stat(process.pid).state == "T")

    def wait_ended(self, name: str, run: int = 1) -> PodView:
        """Wait until the supervisor of a run is gone, and return the pod's view."""
        record = self.run_record(name, run)
        if record.supervisor is not None:
            wait_gone(record.supervisor)
        return self.view(name)

    def end_everything(self) -> None:
        """End every process this store's pods ever started and that is still there.

        The store's path in a process's environment marks it as one of ours: it is a temporary
        directory of this very test.
        """
        marker = str(self.plane.store_path)
        for name in self.plane.store.pod_names():
            for run in _run_numbers(self.plane, name):
                record = self.plane.store.run_record(name, run)
                if isinstance(record, RunRecord):
                    for process in (record.supervisor, record.child):
                        _end_recorded(process)
        while marked := _marked(marker):
            for pid in marked:
                _end(pid)


def _run_numbers(plane: LocalPlane, name: str) -> list[int]:
    try:
        return plane.store.run_numbers(name)
    except OSError:
        # A test put something there that is no pod; nothing runs in it.
        return []


def _end_recorded(process: IdentityRecord | None) -> None:
    if process is None:
        return
    try:
        handle = signals.open_target(process.pid)
    except (processes.ProcessGone, ValueError):
        # Gone, or the test itself, which some hand-made records name.
        return
    try:
        if signals.is_same_process(identity_of(process), handle):
            for child in processes.descendants_of(process.pid):
                _end(child.pid)
            signals.send(handle, signals_of_system.SIGKILL)
            wait_readable(handle)
    finally:
        os.close(handle)


def _end(pid: int) -> None:
    try:
        handle = signals.open_target(pid)
    except (processes.ProcessGone, ValueError):
        return
    try:
        signals.send(handle, signals_of_system.SIGKILL)
        wait_readable(handle)
    finally:
        os.close(handle)


def _marked(store: str) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            ours = processes.read_environ(int(entry)).get("PODTUI_HOME") == store
            if ours and not processes.read_stat(int(entry)).has_exited:
                found.append(int(entry))
        except (processes.ProcessGone, OSError):
            continue
    return found


def wait_readable(handle: int, milliseconds: int = END_MS) -> None:
    """Wait until a pidfd says that its process ended."""
    waiter = select.poll()
    waiter.register(handle, select.POLLIN)
    assert waiter.poll(milliseconds), "the process did not end"


def wait_gone(process: IdentityRecord) -> None:
    """Wait until a recorded process has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if signals.is_same_process(identity_of(process), handle):
            wait_readable(handle)
    finally:
        os.close(handle)


def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for something that has nothing to wait on, with a deadline; last resort.

    Waits on a timer descriptor, never by sleeping blindly for "long enough".
    """
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    pause = select.poll()
    while not condition():
        assert clock.monotonic() < deadline, "it did not come true in time"
        pause.poll(2)
