"""Process trees of many shapes that a dead supervisor left, ended to the last one."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.hosts.registry import end_leftovers
from podtui.core.model.leftovers import Ended
from podtui.core.model.records import StatusRecord
from podtui.kernel import processes
from tests.support.orphans import (
    DEAF,
    Handles,
    RecordingSignals,
    living_marked,
    lose_supervisor,
    plane_with,
    wait_until_recorded,
)
from tests.support.store_fixture import Yard, until

ME = "touch $D/$$; exec sleep 600"
CLEARED = "env -i D=$D PATH=$PATH"
TALKING = "while :; do echo .; sleep 0.1; done"
ZOMBIE_PARENT = """
import os, signal, pathlib, time
if os.fork() == 0:
    os._exit(0)
pathlib.Path(os.environ["D"], str(os.getpid())).touch()
time.sleep(600)
"""
BOMB = """
import os, signal, pathlib, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(100):
    if os.fork() == 0:
        break
pathlib.Path(os.environ["D"], str(os.getpid())).touch()
time.sleep(600)
"""
CHURN = """
import os, signal, pathlib, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for chain in range(6):
    if os.fork() == 0:
        for generation in range(4000):
            if os.fork():
                os._exit(0)
            if generation % 3 == 0:
                os.setsid()
            time.sleep(0.004)
        os._exit(0)
pathlib.Path(os.environ["D"], str(os.getpid())).touch()
time.sleep(600)
"""
FORKS_ON_TERM = """
import os, signal, pathlib, time
def fork_on(number, frame):
    for _ in range(5):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            break
signal.signal(signal.SIGTERM, fork_on)
pathlib.Path(os.environ["D"], str(os.getpid())).touch()
while True:
    time.sleep(600)
"""


@dataclass(frozen=True)
class Shape:
    """A tree: what the pod runs, how many say that they are there, and whether all are recorded."""

    script: str
    count: int
    recorded: bool = False


def python(code: str) -> str:
    """Return a shell command that becomes a Python program."""
    return f"exec {sys.executable} -S -c '{code}'"


SHAPES = {
    "a command alone": Shape(ME, 1),
    "a command with a child": Shape(f"sh -c '{ME}' & {ME}", 2),
    "a daemon of a double fork": Shape(f"( setsid sh -c '{ME}' & ); {ME}", 2),
    "tools in sessions of their own": Shape(f"setsid sh -c '{ME}' & " * 3 + ME, 4),
    "who ignores TERM and HUP": Shape(f"trap '' TERM; sh -c '{ME}' & {ME}", 2),
    "a stopped process": Shape(f"sh -c 'touch $D/$$; kill -STOP $$; sleep 600' & {ME}", 2),
    "a parent that never waits for its child": Shape(python(ZOMBIE_PARENT), 1),
    "a hundred who ignore TERM": Shape(python(BOMB), 101),
    "chains that fork all the time": Shape(python(CHURN), 1),
    "who forks when it is asked to end": Shape(python(FORKS_ON_TERM), 1),
    "a cleared environment, recorded": Shape(f"{CLEARED} sh -c '{ME}' & {TALKING}", 1, True),
    "cleared, recorded, in a session of its own": Shape(
        f"( setsid {CLEARED} sh -c '{ME}' & ); {TALKING}", 1, True
    ),
    "cleared, an orphan in the command's session": Shape(f"( {CLEARED} sh -c '{ME}' & ); {ME}", 2),
}


def left_over(yard: Yard, held: Handles, shape: Shape) -> list[int]:
    """Spawn a pod, kill its supervisor, and return who said that it is there."""
    place = yard.root / "pids"
    place.mkdir()
    yard.shell("pod", DEAF + shape.script, env={"D": str(place)})
    pids = held.hold_named(place, shape.count)
    if shape.recorded:
        wait_until_recorded(yard, "pod", pids)
    held.hold(yard.child_of("pod").pid)
    lose_supervisor(yard, "pod")
    return pids


def end(plane: LocalPlane, *, grace_s: float = 0.2, run: int = 1) -> Ended:
    """End what the pod's run left."""
    view = plane.look_at("pod")
    return end_leftovers(plane.store, "pod", view.id, run, grace_s=grace_s)


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_of_a_tree_is_left(yard: Yard, held: Handles, name: str) -> None:
    """Every process that was there is gone, nobody with the mark is left, and it is told so."""
    pids = left_over(yard, held, SHAPES[name])
    pod_id = yard.view("pod").id
    assert all(held.is_living(pid) for pid in pids)
    ended = end(plane_with(yard))
    assert ended.survivors == ()
    assert not any(held.is_living(pid) for pid in pids)
    assert not held.is_living(yard.child_of("pod").pid)
    assert living_marked(yard, pod_id) == []
    told = " ".join(ended.reaped)
    assert all(str(pid) in told for pid in pids if len(pids) < 50)
    assert "nothing matched in 5 scans" in ended.proof


def test_a_second_time_finds_nobody_and_sends_nothing(yard: Yard, held: Handles) -> None:
    """Ending is done once; to do it again changes nothing."""
    left_over(yard, held, SHAPES["a command with a child"])
    end(plane_with(yard))
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert (ended.reaped, ended.survivors, signals.sent) == ((), (), [])
    assert "nothing matched in 3 scans" in ended.proof


def test_who_ends_when_asked_is_not_killed(yard: Yard, held: Handles) -> None:
    """Each gets TERM once and is made to hear it; children are asked before their parents."""
    pids = left_over(yard, held, SHAPES["a command with a child"])
    parent = yard.child_of("pod").pid
    (child,) = set(pids) - {parent}
    signals = RecordingSignals()
    end(plane_with(yard, signals=signals), grace_s=10)
    assert signals.to(child) == [signal.SIGTERM, signal.SIGCONT]
    asked = [pid for pid, number in signals.sent if number == signal.SIGTERM]
    assert asked.index(child) < asked.index(parent)
    assert {number for _, number in signals.sent} == {signal.SIGTERM, signal.SIGCONT}


def test_who_does_not_end_is_frozen_and_then_killed_once(yard: Yard, held: Handles) -> None:
    """After one grace for all: STOP, so that nobody forks on, and one KILL each."""
    pids = left_over(yard, held, SHAPES["who ignores TERM and HUP"])
    signals = RecordingSignals()
    end(plane_with(yard, signals=signals), grace_s=0)
    asked = [signal.SIGTERM, signal.SIGHUP, signal.SIGCONT]
    for pid in pids:
        assert signals.to(pid) == [*asked, signal.SIGSTOP, signal.SIGKILL]


def test_each_is_told_with_its_proof(yard: Yard, held: Handles) -> None:
    """What the report says of a process is why it was this run's."""
    place = yard.root / "pids"
    place.mkdir()
    script = f"{DEAF} ( setsid sh -c '{ME}' & ); {CLEARED} sh -c '{ME}' & {ME}"
    yard.shell("pod", script, env={"D": str(place)})
    held.hold_named(place, 3)
    lose_supervisor(yard, "pod")
    yard.plane.store.paths.pod("pod").run(1).status.unlink(missing_ok=True)
    told = "\n".join(end(plane_with(yard)).reaped)
    for proof in ("the recorded command", "has the mark", "it is below"):
        assert proof in told


def test_a_session_whose_number_may_be_another_ones_is_left_alone(
    yard: Yard, held: Handles
) -> None:
    """With its command gone and nobody of it on record, a session proves nothing."""
    pids = left_over(yard, held, SHAPES["cleared, an orphan in the command's session"])
    command = yard.child_of("pod")
    (orphan,) = set(pids) - {command.pid}
    yard.kill(command)
    until(lambda: not Path(f"/proc/{command.pid}").exists())
    paths = yard.plane.store.paths.pod("pod").run(1)
    paths.status.unlink(missing_ok=True)
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert signals.sent == []
    assert held.is_living(orphan)
    assert [f"{orphan}: its session has the number" in each for each in ended.skipped] == [True]


def test_who_may_not_be_signalled_survives_and_is_told(yard: Yard, held: Handles) -> None:
    """The others are ended all the same, and the one that is left is named with the reason."""
    pids = left_over(yard, held, SHAPES["tools in sessions of their own"])
    spared = pids[0]
    signals = RecordingSignals(refuse=lambda pid: pid == spared)
    ended = end(plane_with(yard, signals=signals))
    assert held.is_living(spared)
    assert not any(held.is_living(pid) for pid in pids[1:])
    assert ended.survivors == (f"sleep {spared}: this user may not signal it",)
    assert "nothing else matched" in ended.proof


def test_who_does_not_die_is_a_survivor_and_is_killed_only_once(yard: Yard, held: Handles) -> None:
    """As with a process in uninterruptible sleep: the kill is pending, and asking is no help."""
    pids = left_over(yard, held, SHAPES["a command alone"])

    class Deaf(RecordingSignals):
        def send(self, handle: int, number: int) -> bool:
            self.sent.append((self._pids[handle], number))
            return True

    signals = Deaf()
    ended = end(plane_with(yard, signals=signals), grace_s=0)
    assert signals.to(pids[0]).count(signal.SIGKILL) == 1
    assert ended.survivors == (f"sleep {pids[0]}: it was killed and is still there",)
    assert ended.proof.startswith("not proven")


def test_what_a_run_was_asked_to_keep_is_known_without_a_mark(yard: Yard, held: Handles) -> None:
    """The end of the run has written down who was left, with what tells it from others."""
    place = yard.root / "pids"
    place.mkdir()
    script = f"{DEAF} setsid {CLEARED} sh -c '{ME}' & while [ -z \"$(ls $D)\" ]; do :; done"
    yard.shell("pod", script, env={"D": str(place)}, leftovers="keep")
    (kept,) = held.hold_named(place, 1)
    yard.wait_ended("pod")
    until(lambda: processes.read_stat(kept).name == "sleep")
    ended = end(plane_with(yard))
    assert not held.is_living(kept)
    assert "recorded as left running" in ended.reaped[0]


def test_the_records_of_a_run_hold_who_was_seen(yard: Yard, held: Handles) -> None:
    """A supervisor writes down start and inode of whom it sees, or nobody could be told later."""
    left_over(yard, held, SHAPES["a cleared environment, recorded"])
    status = yard.plane.store.status_record("pod", 1)
    assert isinstance(status, StatusRecord)
    assert all(each.start_ticks for each in status.descendants)


def test_after_a_restart_of_the_host_nothing_is_looked_for(yard: Yard, held: Handles) -> None:
    """No process of another boot can be there, whatever has its number now."""
    pids = left_over(yard, held, SHAPES["a command alone"])
    record = yard.plane.store.paths.pod("pod").run(1).record
    boot = yard.run_record("pod").boot_id
    other = "0" * len(boot)
    record.write_bytes(record.read_bytes().replace(boot.encode(), other.encode()))
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert "the host was restarted" in ended.proof
    assert signals.sent == []
    assert held.is_living(pids[0])
    record.write_bytes(record.read_bytes().replace(other.encode(), boot.encode()))
