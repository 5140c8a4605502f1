"""Real pods, killed, stopped, copied and outlived by their host: what is said of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from podtui.core.errors import Refused, UnknownState
from podtui.core.model.events import END_KINDS, Event, EventKind
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Stop
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.observe.observer import Observer, ObserverOptions
from podtui.core.observe.socket_asks import AskAndWait
from podtui.kernel.processes import identify, read_stat
from tests.observe.conftest import NOON, Scene, row
from tests.support.clocks import MovableClock
from tests.support.faults import FaultyProc, refusal
from tests.support.record_builders import a_dead_process, record_of
from tests.support.store_fixture import Yard, until, wait_gone

REPOSITORY = Path(__file__).resolve().parents[2]
ONLOOKER = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from podtui.core.control.local import LocalPlane
from podtui.core.system.system import System
import os
system = System(environment=dict(os.environ), machine_id="test-machine")
told = {}
def see(picture):
    for view in picture.pods:
        if told.get(view.name) != view.status:
            told[view.name] = view.status
            print(view.name, view.status.value, flush=True)
live = LocalPlane.open(system).watch(see)
sys.stdin.read()
live.close()
"""


@contextmanager
def onlooker(yard: Yard) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps looking and prints every change of status it sees."""
    with subprocess.Popen(
        [sys.executable, "-c", ONLOOKER, str(REPOSITORY)],
        env={**os.environ, **yard.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], wanted: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == wanted:
            return
    raise AssertionError(f"it ended without having printed {wanted!r}")


def ends_of(yard: Yard, name: str) -> list[Event]:
    """Return the ends of a pod that are in the journal."""
    events = yard.plane.store.journal.read().entries
    return [event for event in events if event.pod == name and event.kind in END_KINDS]


def test_a_killed_supervisor_is_lost_and_told_once_by_however_many_observers(yard: Yard) -> None:
    """Three processes that watch and three looks at the same moment make one event of one death."""
    yard.spawn("coder")
    with ExitStack() as stack:
        lookers = [stack.enter_context(onlooker(yard)) for _ in range(3)]
        for each in lookers:
            wait_for_line(each, "coder working")
        yard.kill(yard.supervisor_of("coder"))
        looks = [Observer(yard.reopened().store).look() for _ in range(3)]
        for each in lookers:
            wait_for_line(each, "coder lost")
        for each in lookers:
            each.communicate()

    assert {row(picture, "coder").status for picture in looks} == {Status.LOST}
    assert [event.kind for event in ends_of(yard, "coder")] == [EventKind.LOST]


def test_a_lost_pod_says_that_its_command_still_runs_until_it_does_not(yard: Yard) -> None:
    """The row of an unwatched command changes when that ends, though no record does."""
    yard.shell("coder", "trap '' HUP; while :; do sleep 600; done")
    observer = Observer(yard.plane.store)
    observer.look()
    child = yard.child_of("coder")
    # Before it is deaf, it would end with its terminal.
    until(lambda: bool(yard.system.proc.descendants(child.pid)))
    yard.kill(yard.supervisor_of("coder"))
    unwatched = row(observer.look(), "coder")
    yard.kill(child)
    over = row(observer.look(), "coder")

    assert unwatched.status is over.status is Status.LOST
    assert "still runs, unwatched" in unwatched.message
    assert "still runs" not in over.message
    assert unwatched.since == over.since


def test_the_time_of_a_loss_is_the_same_for_all_who_ever_look(yard: Yard) -> None:
    """Whoever looks later is told since when, as the first who noticed wrote it down."""
    yard.spawn("coder")
    yard.kill(yard.supervisor_of("coder"))
    first = yard.view("coder")
    later = row(Observer(yard.reopened().store).look(), "coder")

    assert first.since == later.since
    assert [event.at for event in ends_of(yard, "coder")] == [first.since]


def test_a_stopped_supervisor_is_unresponsive_and_never_dead(tmp_path: Path) -> None:
    """However long a supervisor is stopped: its lock is held, so it lives; then it goes on."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.spawn("coder")
        supervisor = yard.supervisor_of("coder")
        observer = Observer(yard.plane.store)
        observer.look()
        yard.stop_process(supervisor)
        seen = []
        for seconds in (0, 1, 60, 3600, 86_400, 30 * 86_400):
            clock.pass_time(seconds)
            seen.append(row(observer.look(), "coder"))
        assert {view.verdict for view in seen} == {Verdict.ALIVE}
        assert {view.status for view in seen} == {Status.UNRESPONSIVE}
        assert "stopped (SIGSTOP)" in seen[0].message
        assert len({view.since for view in seen}) == 1
        with pytest.raises(Refused):
            yard.plane.plan(Stop(("coder",))).raise_if_refused()
        yard.signal(supervisor, signal.SIGCONT)
        until(lambda: row(observer.look(), "coder").status is not Status.UNRESPONSIVE)
        assert ends_of(yard, "coder") == []
    finally:
        yard.end_everything()


def test_a_second_spell_of_silence_has_its_own_beginning(tmp_path: Path) -> None:
    """The age of "unresponsive" counts from this episode, not from an earlier one."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    try:
        yard.spawn("coder")
        supervisor = yard.supervisor_of("coder")
        observer = Observer(yard.plane.store)
        begun = []
        for _ in range(2):
            yard.stop_process(supervisor)
            begun.append(row(observer.look(), "coder").since)
            yard.signal(supervisor, signal.SIGCONT)
            until(lambda: row(observer.look(), "coder").status is Status.WORKING)
            clock.pass_time(120)
        assert (begun[1] - begun[0]).total_seconds() >= 120
    finally:
        yard.end_everything()


def test_a_stopped_command_is_told_and_goes_on_after_sigcont(yard: Yard) -> None:
    """A command that was stopped makes no progress, and the kernel says why."""
    yard.spawn("coder")
    child = yard.child_of("coder")
    yard.stop_process(child)
    stopped = yard.view("coder")
    yard.signal(child, signal.SIGCONT)
    until(lambda: read_stat(child.pid).state != "T")
    again = yard.view("coder")

    assert (stopped.status, stopped.verdict) == (Status.STALLED, Verdict.ALIVE)
    assert stopped.asserted
    assert "its command is stopped" in stopped.message
    assert again.status is Status.WORKING


def test_an_exit_is_told_with_its_code_and_once(yard: Yard) -> None:
    """A run that ended by itself is failed or exited by its own record, in one event."""
    yard.shell("tests", "exit 3")
    view = yard.wait_ended("tests")
    yard.view("tests")

    assert (view.status, view.exit_code, view.asserted) == (Status.FAILED, 3, True)
    assert [event.kind for event in ends_of(yard, "tests")] == [EventKind.FAILED]


def test_after_a_restart_of_the_host_every_run_is_lost_and_it_is_said_once(scene: Scene) -> None:
    """Another boot id ends every run of the old one: proven, merged into one notice, no signal."""
    for name in ("planner", "coder", "reviewer"):
        scene.alive(name)
    observer = scene.observer()
    assert observer.look().notices == ()
    scene.proc.boot = "another-boot"

    picture = observer.look()

    assert {view.status for view in picture.pods} == {Status.LOST}
    assert {view.message for view in picture.pods} == {"lost: the host was restarted while it ran"}
    assert len(picture.notices) == 1
    assert picture.notices[0].startswith("3 pods were lost at ")
    assert "the host was restarted" in picture.notices[0]
    assert picture.notices[0].endswith("coder, planner, reviewer")


def test_a_copied_store_shows_the_runs_of_its_host_and_touches_nothing(tmp_path: Path) -> None:
    """On another machine a live pod's run belongs to its host: unknown, refused, not journalled."""
    yard = Yard(tmp_path)
    try:
        yard.spawn("coder")
        there = Yard(tmp_path, machine_id="other-machine")
        view = there.view("coder")
        assert view.verdict is Verdict.UNKNOWN
        assert view.message == "belongs to host test-machine"
        with pytest.raises(UnknownState):
            there.plane.carry_out(Stop(("coder",)))
        assert yard.view("coder").verdict is Verdict.ALIVE
        assert ends_of(yard, "coder") == []
    finally:
        yard.end_everything()


def test_a_reserved_run_is_starting_until_its_deadline_and_then_never_started(
    scene: Scene,
) -> None:
    """Nobody took the run up: unknown while it still may be, and dead when its time is over."""
    scene.lost("new", supervisor=None)
    observer = scene.observer()

    waiting = row(observer.look(), "new")
    scene.clock.advance(19)
    still = row(observer.look(), "new")
    scene.clock.advance(2)
    over = row(observer.look(), "new")

    assert (waiting.status, waiting.verdict) == (Status.STARTING, Verdict.UNKNOWN)
    assert (still.status, still.verdict) == (Status.STARTING, Verdict.UNKNOWN)
    assert (over.status, over.verdict) == (Status.LOST, Verdict.DEAD)
    assert over.message.startswith("never started")
    kinds = [event.kind for event in ends_of(scene.yard, "new")]
    assert kinds == [EventKind.NEVER_STARTED]


def test_a_host_that_slept_through_the_deadline_has_not_failed_to_start(scene: Scene) -> None:
    """A start that a closed lid interrupted gets its full time when the host is awake again."""
    scene.lost("new", supervisor=None)
    observer = scene.observer()
    observer.look()
    scene.clock.sleep_host(8 * 3600)

    view = row(observer.look(), "new")

    assert (view.status, view.verdict) == (Status.STARTING, Verdict.UNKNOWN)


def test_a_reserved_run_whose_lock_is_held_is_starting_however_long_it_takes(scene: Scene) -> None:
    """A supervisor that took the lock and has not yet written itself down lives."""
    scene.alive("new")
    path = scene.yard.plane.store.paths.pod("new").run(1).record
    path.write_text(path.read_text().replace('"supervisor":{', '"ignored":{'))
    scene.clock.advance(3600)

    view = scene.view("new")

    assert (view.status, view.verdict) == (Status.STARTING, Verdict.ALIVE)


def test_one_fact_is_a_death_only_when_it_is_found_again_seconds_later(scene: Scene) -> None:
    """With a lock that cannot be asked, a supervisor that is gone is unknown, then confirmed."""
    scene.lost("gone", supervisor=a_dead_process())
    scene.fs.fail(5, "gone/runs/0001/lock", "lock")
    observer = scene.observer()

    first = row(observer.look(), "gone")
    at_once = row(observer.look(), "gone")
    scene.clock.advance(3)
    later = row(observer.look(), "gone")

    assert (first.verdict, at_once.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert "not confirmed yet" in first.message
    assert (later.verdict, later.status) == (Verdict.DEAD, Status.LOST)


def test_a_sleeping_host_confirms_nothing(scene: Scene) -> None:
    """The seconds between two looks count only when the host was awake in them."""
    scene.lost("gone")
    scene.fs.fail(5, "gone/runs/0001/lock", "lock")
    observer = scene.observer()
    observer.look()
    scene.clock.sleep_host(3600)

    assert row(observer.look(), "gone").verdict is Verdict.UNKNOWN


def test_an_observer_that_is_not_in_order_confirms_nothing(scene: Scene) -> None:
    """Locks nobody can ask are the disk's trouble: found again or not, no death follows."""
    for name in ("a", "b", "c"):
        scene.lost(name)
    scene.fs.fail(5, "0001/lock", "lock")
    observer = scene.observer()
    for _ in range(3):
        picture = observer.look()
        assert not picture.health.ok
        assert {view.verdict for view in picture.pods} == {Verdict.UNKNOWN}
        scene.clock.advance(60)
    scene.fs.mend()

    assert {view.status for view in observer.look().pods} == {Status.LOST}


def test_a_supervisor_on_its_way_out_is_not_a_disagreement(scene: Scene) -> None:
    """Between letting the lock go and being gone a supervisor is given a moment, not a verdict."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        scene.lost("gone", supervisor=record_of(identify(process.pid)))
        ends_within = scene.proc.ends_within

        def let_go(pid: int, milliseconds: int) -> bool:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
            return ends_within(pid, milliseconds)

        scene.proc.ends_within = let_go  # type: ignore[method-assign]
        view = scene.view("gone")

    assert view.status is Status.LOST
    assert [each.answer for each in view.evidence if each.probe is Probe.SUPERVISOR] == [Answer.NO]


def test_a_new_pod_under_an_old_name_inherits_nothing(scene: Scene) -> None:
    """A name that was taken away and given again is another pod: nothing of the old is kept."""
    scene.lost("coder", pod_id="old" * 8 + "xx")
    observer = scene.observer()
    old = row(observer.look(), "coder")
    shutil.rmtree(scene.yard.plane.store.paths.pod("coder").root)
    scene.clock.advance(100)
    scene.alive("coder", pod_id="new" * 8 + "xx")

    new = row(observer.look(), "coder")

    assert old.status is Status.LOST
    assert (new.status, new.verdict) == (Status.WORKING, Verdict.ALIVE)
    assert new.since >= NOON


def test_one_pod_whose_process_cannot_be_asked_does_not_hide_the_death_of_another(
    scene: Scene,
) -> None:
    """A fault that concerns one pod leaves the verdicts of the others as they are."""
    stuck = a_dead_process()
    scene.lost("stuck", supervisor=stuck)
    scene.lost("gone")
    scene.proc.pidfd_fault = lambda pid: refusal(13) if pid == stuck.pid else None

    picture = scene.observer().look()

    assert picture.health.ok
    assert row(picture, "stuck").verdict is Verdict.UNKNOWN
    assert row(picture, "gone").status is Status.LOST


def test_without_proc_nothing_is_said_of_anybody(scene: Scene) -> None:
    """An observer without /proc does not take its own blindness for the death of all."""
    scene.lost("gone")
    scene.alive("here")

    class Blind(FaultyProc):
        def boot_id(self) -> str:
            raise refusal(2, "/proc/sys/kernel/random/boot_id")

    blind = Yard(scene.yard.root, proc=Blind())
    picture = Observer(blind.plane.store).look()

    assert not picture.health.ok
    assert {view.verdict for view in picture.pods} == {Verdict.UNKNOWN}
    assert "/proc" in picture.notices[0]


def test_a_run_that_ends_while_its_socket_is_asked_is_ended_and_not_unresponsive(
    yard: Yard,
) -> None:
    """A supervisor that hangs up is looked at again: it may have recorded its end by then."""
    yard.shell("brief", "read line; exit 0")
    waiting = yard.child_of("brief")

    class EndsWhenAsked(AskAndWait):
        def ask(self, runs: list[RunRecord]) -> None:
            yard.signal(waiting, signal.SIGKILL)
            wait_gone(yard.supervisor_of("brief"))
            super().ask(runs)

    store = yard.reopened().store
    view = (
        Observer(store, options=ObserverOptions(asking=EndsWhenAsked(store))).look().find("brief")
    )

    assert view is not None
    assert view.status is Status.FAILED
