"""A disk that takes its time (F26): who looks is not held up, and who runs is not either."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.events import EventKind
from podtui.core.model.requests import Stop
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.system.fs import Fs
from podtui.core.system.system import real_system
from podtui.kernel import frames
from tests.observe.test_live import Screen
from tests.support.at_once import REPOSITORY
from tests.support.lose_pods import wait_for_output
from tests.support.store_fixture import Yard, until

LONGEST_WAIT_S = 60.0


class Gated(Fs):
    """The real disk, on which nothing is written while the gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.waits = threading.Event()

    def _wait(self) -> None:
        if not self.gate.is_set():
            self.waits.set()
            assert self.gate.wait(LONGEST_WAIT_S)

    def append_line(self, path: Path, line: bytes) -> None:
        self._wait()
        super().append_line(path, line)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self._wait()
        super().replace(path, data, sync=sync)


@pytest.fixture
def slow() -> Iterator[Gated]:
    disk = Gated()
    yield disk
    disk.gate.set()


def test_a_death_is_shown_while_the_disk_takes_its_time(yard: Yard, slow: Gated) -> None:
    """Pictures go on though no event can be written; it is written when the disk can."""
    yard.shell("dies", "exec sleep 600")
    yard.shell("lives", "read line; echo heard $line; exec sleep 600")
    plane = LocalPlane.open(replace(yard.system, fs=slow))
    screen = Screen()
    live = plane.watch(screen.show)
    try:
        screen.wait_status("dies", Status.WORKING)
        yard.kill(yard.supervisor_of("dies"))
        screen.wait_status("dies", Status.LOST)
        assert slow.waits.wait(LONGEST_WAIT_S)
        # With a writer held up in the disk, the pictures and the other pod still go on.
        supervisor = yard.supervisor_of("lives")
        yard.stop_process(supervisor)
        live.refresh()
        yard.kill(supervisor)
        screen.wait_status("lives", Status.LOST)
        assert yard.plane.store.journal.read().entries[-1].kind is not EventKind.LOST
        slow.gate.set()
        until(lambda: _lost(yard) == {"dies", "lives"})
    finally:
        slow.gate.set()
        live.close()


def _lost(yard: Yard) -> set[str | None]:
    entries = yard.plane.store.journal.read().entries
    return {each.pod for each in entries if each.kind is EventKind.LOST}


def test_a_pod_goes_on_while_an_action_waits_for_the_disk(yard: Yard, slow: Gated) -> None:
    """An action that is held up in a sync holds up itself; the pod answers its terminal."""
    yard.shell("pod", "read line; echo heard $line; exec sleep 600")
    plane = LocalPlane.open(replace(yard.system, fs=slow))
    stopping = threading.Thread(target=plane.carry_out, args=(Stop(("pod",), grace_s=0),))
    stopping.start()
    try:
        assert slow.waits.wait(LONGEST_WAIT_S)
        with yard.plane.attach("pod", read_only=False, columns=80, rows=24) as terminal:
            terminal.send_now(frames.pack(frames.INPUT, b"me\n"))
            wait_for_output(yard, "pod", 1, "heard me")
        assert yard.view("pod").verdict is Verdict.ALIVE
    finally:
        slow.gate.set()
        stopping.join(LONGEST_WAIT_S)
    assert yard.view("pod").verdict is Verdict.DEAD


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Yard]:
    """A store on this very machine: the command line acts on it too."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


def test_a_spawn_on_a_slow_disk_takes_longer_and_is_whole(here: Yard) -> None:
    """Every sync of the shipped command takes 40 ms more; the pod runs and the store is well."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("F26: strace is not installed: no sync was slowed down")
    delay = ("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=40000")
    spawn = (sys.executable, "-m", "podtui", "spawn", "pod", "--", "sleep", "600")
    done = subprocess.run(
        [strace, "-qq", "-o", "/dev/null", *delay, *spawn],
        env={**here.environment, "PYTHONPATH": str(REPOSITORY)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert here.view("pod").status is Status.WORKING
    assert here.plane.store.intents.all() == []
