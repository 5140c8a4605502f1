"""Alive and making progress are two clocks: what a row says of the second one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from podtui.core.agents.profile import DEFAULT_STALL_AFTER_S
from podtui.core.model.requests import Send
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Source, Status, Verdict
from podtui.core.observe.observer import Observer
from podtui.kernel import locks
from tests.observe.conftest import Scene, row
from tests.support.clocks import MovableClock
from tests.support.record_builders import write_row
from tests.support.store_fixture import Yard, until


def printed(scene: Scene, name: str) -> None:
    """Let a pod have printed something this moment."""
    write_row(scene.yard.plane, name, awake_s=scene.clock.monotonic())


def test_a_pod_that_printed_a_moment_ago_runs(scene: Scene) -> None:
    """Fresh output is work, and the kernel's lock is what says that it lives."""
    scene.alive("coder")
    printed(scene, "coder")

    view = scene.view("coder")

    assert (view.status, view.message, view.asserted) == (Status.WORKING, "running", True)
    assert view.source is Source.KERNEL


@pytest.mark.parametrize(
    ("quiet", "status", "message"),
    [
        (9, Status.WORKING, "running"),
        (31, Status.WORKING, "running, no new output for 31s"),
        (599, Status.WORKING, "running, no new output for 9m 59s"),
        (600, Status.STALLED, "running, no new output for 10m 00s"),
        (751, Status.STALLED, "running, no new output for 12m 31s"),
        (90_000, Status.STALLED, "running, no new output for 1d 1h"),
    ],
)
def test_silence_is_told_and_stalled_from_the_threshold_on(
    scene: Scene, quiet: int, status: Status, message: str
) -> None:
    """The row reads for how long nothing came; at the threshold it is stalled, as a guess."""
    scene.alive("coder")
    printed(scene, "coder")
    observer = scene.observer()
    observer.look()
    scene.clock.advance(quiet)

    view = row(observer.tick(), "coder")

    assert (view.status, view.message) == (status, message)
    assert view.verdict is Verdict.ALIVE
    assert view.asserted is (status is Status.WORKING)
    assert view.quiet_for_s == quiet


def test_a_stall_begins_when_the_threshold_was_passed(scene: Scene) -> None:
    """The age of "stalled" counts from the threshold, not from the look that noticed it."""
    scene.alive("coder")
    printed(scene, "coder")
    scene.clock.advance(DEFAULT_STALL_AFTER_S + 151)

    view = scene.view("coder")

    assert (scene.clock.now() - view.since).total_seconds() == pytest.approx(151)


def test_the_threshold_of_a_pod_is_its_own(tmp_path: Path) -> None:
    """A pod that was spawned with a threshold is stalled by that one, others by theirs."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.shell("hasty", "echo; sleep 600", stall_after_s=30.0)
        yard.shell("patient", "echo; sleep 600", stall_after_s=3600.0)
        until(lambda: all(yard.view(name).output_bytes for name in ("hasty", "patient")))
        clock.pass_time(700)
        picture = yard.plane.snapshot()
        assert row(picture, "hasty").status is Status.STALLED
        assert row(picture, "patient").status is Status.WORKING
    finally:
        yard.end_everything()


def test_a_sleeping_host_is_no_stall(scene: Scene) -> None:
    """A night with the lid closed adds nothing to a pod's silence."""
    scene.alive("coder")
    printed(scene, "coder")
    observer = scene.observer()
    observer.look()
    scene.clock.sleep_host(9 * 3600)
    scene.clock.advance(20)

    picture = observer.look()

    assert row(picture, "coder").message == "running, no new output for 20s"
    assert "the host slept for 9h 00m" in picture.notices[0]


@pytest.mark.parametrize("seconds", [-2 * 86_400, 10 * 365 * 86_400, -56 * 365 * 86_400, 3600])
def test_a_wall_clock_that_is_set_changes_no_status(scene: Scene, seconds: int) -> None:
    """Two days back, ten years on, 1970: every status stays, and the jump is told once."""
    scene.alive("coder")
    scene.lost("gone")
    scene.lost("new", supervisor=None)
    printed(scene, "coder")
    observer = scene.observer()
    before = observer.look()
    scene.clock.jump_wall(seconds)

    after = observer.look()

    for name in ("coder", "gone", "new"):
        assert row(after, name).status is row(before, name).status
        assert row(after, name).message == row(before, name).message
    assert ("forward" if seconds > 0 else "back") in after.notices[-1]
    scene.clock.advance(61)
    assert observer.look().notices == ()


def test_a_pod_that_never_printed_is_silent_since_its_start(scene: Scene) -> None:
    """Without any output the silence began with the run, and it stalls as others do."""
    scene.alive("mute", waited_s=700)

    view = scene.view("mute")

    assert (view.status, view.message) == (
        Status.STALLED,
        "running, no new output for 11m 40s: it never printed anything",
    )


def test_the_silence_of_a_run_that_does_not_tell_its_start_is_not_guessed(scene: Scene) -> None:
    """A record without the awake time of its start and no output yet: running, never stalled."""
    scene.alive("mute", waited_s=700, reserved_awake_s=None)

    view = scene.view("mute")

    assert (view.status, view.quiet_for_s) == (Status.WORKING, None)
    output = next(each for each in view.evidence if each.probe is Probe.OUTPUT)
    assert output.answer is Answer.UNKNOWN


def test_the_silence_of_one_run_is_not_that_of_the_next(scene: Scene) -> None:
    """A new run begins its own silence: nothing of the old run's index counts."""
    pod = scene.alive("coder")
    printed(scene, "coder")
    scene.clock.advance(5000)
    paths = scene.yard.plane.store.paths.pod("coder")
    shutil.copytree(paths.run(1).root, paths.run(2).root)
    record = msgspec.json.decode(paths.run(2).record.read_bytes())
    record |= {"run": 2, "reserved_awake_s": scene.clock.monotonic() - 4}
    paths.run(2).record.write_bytes(msgspec.json.encode(record))
    paths.run(2).index.write_bytes(b"")
    held = os.open(paths.run(2).lock, os.O_RDWR)
    scene.held.append(held)
    assert locks.try_lock(held)

    view = scene.view("coder")

    assert (view.id, view.run, view.status) == (pod.id, 2, Status.WORKING)
    assert view.quiet_for_s == 4


READERS = {
    "cat": ("cat",),
    "a shell's read": ("/bin/sh", "-c", "read answer"),
    "a read in a script's child": ("/bin/sh", "-c", "echo working; cat; echo done"),
    "Python's input": (sys.executable, "-c", "input()"),
}


def wait_for_status(clock: MovableClock, observer: Observer, wanted: Status) -> PodView:
    """Look again and again, letting time pass, until a pod has a status."""
    seen: list[PodView] = []

    def is_so() -> bool:
        clock.pass_time(1)
        seen[:] = [row(observer.look(), "asker")]
        return seen[0].status is wanted

    until(is_so)
    return seen[0]


@pytest.mark.parametrize("reader", READERS)
def test_a_program_that_reads_its_terminal_waits_for_the_operator(
    tmp_path: Path, reader: str
) -> None:
    """Blocked on terminal input is "waiting": inferred from the kernel, whoever reads in front."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.spawn("asker", *READERS[reader])
        observer = Observer(yard.plane.store)
        clock.pass_time(2)
        view = wait_for_status(clock, observer, Status.WAITING)
        assert view.message.startswith("waits for terminal input")
        assert (view.asserted, view.source) == (False, Source.PROCESS)
        clock.pass_time(100_000)
        assert row(observer.look(), "asker").status is Status.WAITING
    finally:
        yard.end_everything()


def test_a_program_that_was_answered_works_again(tmp_path: Path) -> None:
    """Once the answer is typed and something is printed, nobody is asked any more."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.shell("asker", "read answer; echo got $answer; sleep 600")
        observer = Observer(yard.plane.store)
        clock.pass_time(2)
        wait_for_status(clock, observer, Status.WAITING)
        yard.plane.carry_out(Send("asker", "yes"))
        wait_for_status(clock, observer, Status.WORKING)
        clock.pass_time(60)
        until(lambda: row(observer.look(), "asker").status is Status.WORKING)
    finally:
        yard.end_everything()


def test_a_quiet_program_that_does_not_read_is_not_waiting(tmp_path: Path) -> None:
    """Sleeping is not asking: silent for a minute, the pod still works."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.spawn("sleeper")
        observer = Observer(yard.plane.store)
        clock.pass_time(60)
        view = row(observer.look(), "sleeper")
        assert view.status is Status.WORKING
        terminal = [each.answer for each in view.evidence if each.probe is Probe.TERMINAL]
        assert terminal == [Answer.NO]
    finally:
        yard.end_everything()


def test_a_reader_in_the_background_asks_nobody(tmp_path: Path) -> None:
    """Only the program in front of the terminal can be answered there."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        script = "set -m; cat <&0 >/dev/null & sleep 600"
        yard.shell("worker", script)
        observer = Observer(yard.plane.store)
        clock.pass_time(60)
        assert row(observer.look(), "worker").status is not Status.WAITING
    finally:
        yard.end_everything()
