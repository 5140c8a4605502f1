"""What time and boots do to pods: a pause (F42), a restart of the host (F43)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.events import EventKind
from podtui.core.model.requests import Reap, Restore
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.observer import Observer
from podtui.core.system.system import real_system
from podtui.kernel import processes
from tests.support.at_once import REPOSITORY
from tests.support.clocks import MovableClock
from tests.support.faults import FaultyProc
from tests.support.lose_pods import lose
from tests.support.orphans import RecordingSignals
from tests.support.store_fixture import Yard, until

LONGEST_WAIT_S = 30.0
ENDS = {EventKind.LOST, EventKind.EXITED, EventKind.FAILED, EventKind.STALLED}


def test_a_host_that_slept_for_a_day_finds_everybody_as_they_were(tmp_path: Path) -> None:
    """The clock of boot jumps, that of awake time does not: nobody is dead, nobody stalled."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.shell("pod", "echo hello; exec sleep 600", stall_after_s=3600.0)
        observer = Observer(yard.plane.store)
        assert observer.look().pods[0].verdict is Verdict.ALIVE
        for _ in range(3):
            clock.sleep_host(86400)
            (view,) = observer.look().pods
            assert (view.verdict, view.status) == (Verdict.ALIVE, Status.WORKING)
        assert yard.view("pod").verdict is Verdict.ALIVE
        assert ENDS.isdisjoint(event.kind for event in yard.plane.events())
        assert yard.plane.diagnostics() == ()
    finally:
        yard.end_everything()


def test_all_of_ours_stopped_and_continued_are_who_they_were(yard: Yard) -> None:
    """While they stand still they are unresponsive and not dead; then all goes on as before."""
    for name in ("a", "b", "c"):
        yard.spawn(name)
    ours = [who(name) for name in "abc" for who in (yard.supervisor_of, yard.child_of)]
    for process in ours:
        yard.stop_process(process)
    signals = RecordingSignals()
    plane = LocalPlane.open(replace(yard.system, signals=signals))
    for _ in range(2):
        for view in plane.snapshot().pods:
            assert view.verdict is not Verdict.DEAD
            assert view.status is Status.UNRESPONSIVE
    for process in ours:
        yard.signal(process, signal.SIGCONT)
    for view in yard.reopened().snapshot().pods:
        assert (view.verdict, view.status, view.run) == (Verdict.ALIVE, Status.WORKING, 1)
    assert signals.sent == []
    assert ENDS.isdisjoint(event.kind for event in yard.plane.events())
    assert yard.plane.diagnostics() == ()


def test_after_a_restart_of_the_host_pods_come_back_and_nobody_is_signalled(
    tmp_path: Path,
) -> None:
    """Every process on record is of another boot: whoever has its number now is left alone."""
    proc = FaultyProc()
    yard = Yard(tmp_path, proc=proc)
    try:
        yard.spawn("parent")
        yard.spawn("pod", parent="parent")
        recorded = [yard.child_of("pod"), yard.child_of("parent")]
        for name in ("pod", "parent"):
            yard.kill(yard.supervisor_of(name))
        proc.boot = "0" * 36
        signals = RecordingSignals()
        plane = LocalPlane.open(replace(yard.system, signals=signals))
        picture = plane.snapshot()
        assert {view.status for view in picture.pods} == {Status.LOST}
        assert {view.message for view in picture.pods} == {
            "lost: the host was restarted while it ran"
        }
        assert plane.carry_out(Reap(("pod",))).failed == ()
        report = plane.carry_out(Restore(tuple(plane.lost_pods())))
        assert report.failed == ()
        assert signals.sent == []
        assert {pod.status for pod in plane.snapshot().pods} <= {Status.WORKING}, recorded
    finally:
        yard.end_everything()


RESTARTED = """
import sys
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Prune, Reap, Restore
from podtui.core.system.system import real_system
from podtui.core.system.signalling import Signals
class Never(Signals):
    def send(self, handle, number):
        raise SystemExit(f"a signal {number} was sent")
from msgspec.structs import replace
plane = LocalPlane.open(replace(real_system(), signals=Never()))
view = plane.look_at("pod")
print(view.status, "|", view.verdict, "|", view.message, flush=True)
plane.carry_out(Reap(("pod",)))
plane.plan(Restore(("pod",))).raise_if_refused()
plane.carry_out(Prune(("pod",)))
print(plane.trash()[0].name)
"""


def test_under_another_boot_id_of_the_kernel_the_living_get_no_signal(tmp_path: Path) -> None:
    """With the kernel itself telling another boot: reap and prune go by it, and signal nobody.

    The command of the pod lives all the while: it stands for a stranger with its number.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("F43: unshare is not installed: no boot id was replaced")
    boot = tmp_path / "boot_id"
    boot.write_text("00000000-1111-2222-3333-444444444444\n")
    yard = Yard(tmp_path, machine_id=real_system().machine_id)
    try:
        yard.shell("pod", "trap '' HUP; exec sleep 600")
        command = yard.child_of("pod")
        until(lambda: yard.system.proc.stat(command.pid).name == "sleep")
        yard.kill(yard.supervisor_of("pod"))
        mount = f'mount --bind "{boot}" /proc/sys/kernel/random/boot_id && exec "$@"'
        done = subprocess.run(
            [unshare, "-Urm", "/bin/sh", "-c", mount, "sh", sys.executable, "-c", RESTARTED],
            env={**yard.environment, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT_S,
            check=False,
        )
        if done.returncode and ("unshare" in done.stderr or "mount:" in done.stderr):
            pytest.skip(f"F43: this machine does not let boot_id be replaced: {done.stderr}")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            "lost | dead | lost: the host was restarted while it ran",
            "pod",
        ]
        assert not processes.read_stat(command.pid).has_exited
        yard.kill(command)
    finally:
        yard.end_everything()


def test_a_lost_pod_is_lost_once_however_long_the_host_slept_since(tmp_path: Path) -> None:
    """A jump of the clock between two looks makes no second loss and no second diagnostic."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.spawn("pod")
        lose(yard, "pod")
        for jump in (86400.0, -2 * 86400.0, 3650 * 86400.0):
            clock.jump_wall(jump)
            clock.sleep_host(60)
            assert yard.view("pod").status is Status.LOST
        kinds = [event.kind for event in yard.plane.events()]
        assert kinds.count(EventKind.LOST) == 1
        assert len(yard.plane.diagnostics()) == 1
    finally:
        yard.end_everything()
