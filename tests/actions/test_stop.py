"""Stop and send: asked for by plan, checked again under the lock, and never guessed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.framework import locks
from podtui.core.actions.framework.locks import action_lock
from podtui.core.control.local import LocalPlane
from podtui.core.errors import Busy, NotFound, PodtuiError, Unreadable
from podtui.core.model.events import EventKind
from podtui.core.model.records import ExitRecord
from podtui.core.model.requests import Send, Spawn, Stop
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.paths import log_segment
from podtui.core.store.children import children_of
from podtui.core.system.fs import Fs
from podtui.core.system.system import real_system
from tests.support.at_once import REPOSITORY
from tests.support.faulty import Killed, MortalFs, Steps
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard, until
from tests.support.trees import fingerprint

IGNORES_TERM = "trap '' TERM HUP; echo ready; while :; do sleep 1; done"
Act = Callable[[LocalPlane, str], object]


def stop(plane: LocalPlane, name: str) -> object:
    return plane.carry_out(Stop((name,), grace_s=0))


def send(plane: LocalPlane, name: str) -> object:
    return plane.carry_out(Send(name, "hello"))


BOTH = pytest.mark.parametrize("act", [stop, send])


def kinds_of(yard: Yard, name: str) -> list[EventKind]:
    return [each.kind for each in yard.plane.events() if each.pod == name]


def exit_of(yard: Yard, name: str) -> ExitRecord:
    record = yard.plane.store.exit_record(name, 1, None)
    assert isinstance(record, ExitRecord)
    return record


def test_a_stop_ends_the_run_and_keeps_the_pod(yard: Yard) -> None:
    """Its output, records and place stay, and the journal has intent and outcome."""
    yard.shell("pod", "echo hello; exec sleep 600")
    until(lambda: yard.view("pod").output_bytes > 0)
    plan = yard.plane.plan(Stop(("pod",), grace_s=3))
    assert plan.refusals == ()
    assert "after 3s" in plan.texts[1]
    report = yard.plane.carry_out(Stop(("pod",), grace_s=3), actor="tester")
    assert report.view is not None
    assert (report.view.status, report.view.verdict) == (Status.EXITED, Verdict.DEAD)
    assert exit_of(yard, "pod").asked_by == "tester"
    assert kinds_of(yard, "pod") == [
        EventKind.SPAWN_INTENDED,
        EventKind.SPAWNED,
        EventKind.STOP_INTENDED,
        EventKind.EXITED,
        EventKind.STOPPED,
    ]
    said = [piece.data for piece in yard.plane.reading("pod", reader="me").pieces()]
    assert said == ["hello\n"]


def test_a_command_that_ignores_the_request_is_ended_after_the_grace(yard: Yard) -> None:
    """Ask first, then end by force: with no grace at once."""
    yard.shell("deaf", IGNORES_TERM)
    until(lambda: yard.view("deaf").output_bytes > 0)
    yard.plane.carry_out(Stop(("deaf",), grace_s=0))
    assert exit_of(yard, "deaf").signal == 9


def test_a_command_that_ends_when_asked_is_not_killed(yard: Yard) -> None:
    """Within the grace it ends in its own way."""
    yard.shell("kind", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
    until(lambda: yard.view("kind").output_bytes > 0)
    yard.plane.carry_out(Stop(("kind",), grace_s=30))
    assert (exit_of(yard, "kind").exit_code, exit_of(yard, "kind").signal) == (7, None)


@pytest.mark.parametrize("grace", [-1.0, float("nan"), float("inf"), 3601.0])
def test_a_grace_that_is_no_time_is_refused(yard: Yard, grace: float) -> None:
    """It is bad input, and nothing was asked of the pod."""
    yard.spawn("pod")
    with pytest.raises(PodtuiError, match="the grace must be") as told:
        yard.plane.carry_out(Stop(("pod",), grace_s=grace))
    assert told.value.kind == "bad_input"
    assert yard.view("pod").status is Status.WORKING


@BOTH
def test_a_pod_that_ended_cannot_be_reached(yard: Yard, act: Act) -> None:
    """It is said how it ended, and what to read."""
    yard.shell("done", "exit 4")
    yard.wait_ended("done")
    with pytest.raises(PodtuiError, match="exited 4") as told:
        act(yard.plane, "done")
    assert (told.value.kind, told.value.next_step) == ("refused", "podtui read done")


@BOTH
def test_a_lost_pod_cannot_be_reached_and_nothing_is_signalled(yard: Yard, act: Act) -> None:
    """Its command may still run; it is left alone."""
    # With its supervisor's death the terminal hangs up, which ends most commands.
    yard.shell("lost", "trap '' HUP; exec sleep 600")
    child = yard.child_of("lost")
    until(lambda: yard.system.proc.stat(child.pid).name == "sleep")
    yard.kill(yard.supervisor_of("lost"))
    with pytest.raises(PodtuiError, match="lost") as told:
        act(yard.plane, "lost")
    assert told.value.kind == "refused"
    assert yard.system.proc.stat(child.pid).state in "SR"


@BOTH
def test_a_stopped_supervisor_is_refused_and_not_signalled(yard: Yard, act: Act) -> None:
    """SIGSTOP is not death: nothing is asked and nothing is forced."""
    yard.spawn("held")
    supervisor, child = yard.supervisor_of("held"), yard.child_of("held")
    yard.stop_process(supervisor)
    with pytest.raises(PodtuiError, match="does not answer") as told:
        act(yard.plane, "held")
    assert told.value.kind == "refused"
    assert yard.system.proc.stat(supervisor.pid).state == "T"
    assert yard.system.proc.stat(child.pid).state in "SR"
    assert EventKind.STOP_INTENDED not in kinds_of(yard, "held")
    yard.signal(supervisor, signal.SIGCONT)
    until(lambda: yard.view("held").status is Status.WORKING)


@BOTH
def test_an_unknown_pod_cannot_be_reached(yard: Yard, act: Act) -> None:
    """Could not tell is a reason to do nothing."""
    write_pod(yard.plane, "odd", boot_id="another boot", machine_id="another machine")
    with pytest.raises(PodtuiError) as told:
        act(yard.plane, "odd")
    assert told.value.kind == "unknown_state"


@BOTH
def test_a_name_nobody_has_is_not_found(yard: Yard, act: Act) -> None:
    """An unknown name is told as one."""
    with pytest.raises(NotFound, match="no pod 'nobody'"):
        act(yard.plane, "nobody")


@BOTH
def test_a_pod_can_be_named_by_its_id(yard: Yard, act: Act) -> None:
    """Names and ids are the same to an action."""
    act(yard.plane, yard.spawn("pod", "cat").id)


class Meddler(Fs):
    """A disk on which something happens to the pod between the plan and the lock."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self.meddle = meddle

    def note_holder(self, descriptor: int, note: bytes) -> None:
        super().note_holder(descriptor, note)
        self.meddle()


@BOTH
@pytest.mark.parametrize("what", ["ended", "stopped", "lost"])
def test_what_the_plan_rests_on_is_checked_again_under_the_lock(
    yard: Yard, act: Act, what: str
) -> None:
    """A pod that changed between plan and act is not acted on."""
    yard.spawn("pod", "cat")

    def meddle() -> None:
        if what == "ended":
            yard.kill(yard.child_of("pod"))
            yard.wait_ended("pod")
        elif what == "stopped":
            yard.stop_process(yard.supervisor_of("pod"))
        else:
            yard.kill(yard.supervisor_of("pod"))

    plane = LocalPlane.open(replace(yard.system, fs=Meddler(meddle)))
    with pytest.raises(PodtuiError) as told:
        act(plane, "pod")
    assert told.value.kind == "refused"
    kinds = kinds_of(yard, "pod")
    assert EventKind.STOP_INTENDED not in kinds
    assert EventKind.SENT not in kinds


@BOTH
def test_a_pod_another_action_holds_is_busy_and_names_it(
    yard: Yard, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loser is told which action, of whom, in which process, since when."""
    monkeypatch.setattr(locks, "ACTION_WAIT_S", 0.0)
    yard.spawn("pod", "cat")
    paths = yard.plane.store.paths.pod("pod")
    with action_lock(yard.system, paths, pod="pod", action="restore", actor="somebody"):
        with pytest.raises(Busy) as told:
            act(yard.plane, "pod")
        words = f"locked by restore of somebody, process {yard.system.proc.own_pid()}, since 20"
        assert words in told.value.message
    act(yard.plane, "pod")


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"action": 1}', b"\xff", b"[" * 60_000])
def test_a_holder_without_a_readable_note_is_busy_all_the_same(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, note: bytes
) -> None:
    """Who holds it may be unreadable; that it is held is not in doubt."""
    monkeypatch.setattr(locks, "ACTION_WAIT_S", 0.0)
    yard.spawn("pod")
    paths = yard.plane.store.paths.pod("pod")
    with action_lock(yard.system, paths, pod="pod", action="x", actor="y"):
        paths.action_lock.write_bytes(note)
        with pytest.raises(Busy, match="whose note could not be read"):
            yard.plane.carry_out(Stop(("pod",), grace_s=0))


@BOTH
@pytest.mark.parametrize("kind", ["link", "directory", "fifo"])
def test_something_else_in_the_locks_place_is_told(yard: Yard, act: Act, kind: str) -> None:
    """Nobody writes through a link or waits for a FIFO."""
    yard.spawn("pod", "cat")
    lock = yard.plane.store.paths.pod("pod").action_lock
    lock.unlink()
    victim = yard.root / "victim"
    victim.write_text("mine")
    if kind == "link":
        lock.symlink_to(victim)
    elif kind == "directory":
        lock.mkdir()
    else:
        os.mkfifo(lock)
    with pytest.raises(Unreadable, match="is not the plain file"):
        act(yard.plane, "pod")
    assert victim.read_text() == "mine"
    assert yard.view("pod").status is Status.WORKING


def test_two_who_stop_one_pod_end_it_once(yard: Yard) -> None:
    """One wins, the other is told that it is over; the run has one end."""
    yard.shell("pod", IGNORES_TERM)
    until(lambda: yard.view("pod").output_bytes > 0)
    said: list[str] = []

    def act(actor: str) -> None:
        try:
            yard.reopened().carry_out(Stop(("pod",), grace_s=0.1), actor=actor)
            said.append("stopped")
        except PodtuiError as error:
            said.append(error.kind)

    actors = [threading.Thread(target=act, args=(name,)) for name in ("one", "two")]
    for each in actors:
        each.start()
    for each in actors:
        each.join()
    assert sorted(said) == ["refused", "stopped"]
    assert kinds_of(yard, "pod").count(EventKind.STOPPED) == 1


def test_a_stopper_may_die_before_any_step(yard: Yard) -> None:
    """After a crash in the middle a second stop works, or says that it is over."""
    number, died = 0, True
    while died:
        number += 1
        name = f"pod-{number}"
        yard.spawn(name)
        steps = Steps(number)
        plane = LocalPlane.open(replace(yard.system, fs=MortalFs(steps)))
        with suppress(Killed):
            plane.carry_out(Stop((name,), grace_s=0))
        died = steps.is_dead
        assert yard.reopened().snapshot().health.ok
        if yard.view(name).verdict is Verdict.ALIVE:
            yard.reopened().carry_out(Stop((name,), grace_s=0))
        assert yard.wait_ended(name).status is Status.EXITED
        assert yard.reopened().store.intents.all() == []
        assert yard.plane.store.journal.read().problems == ()
    assert number > 8


def test_a_text_is_typed_whole_and_journalled(yard: Yard) -> None:
    """What was typed arrives; the journal has how much it was, and not what."""
    yard.spawn("cat", "cat")
    report = yard.plane.carry_out(Send("cat", "hello there"), actor="tester")
    assert report.done == ("typed 11 characters into cat, run 1",)
    until(lambda: b"hello there" in (yard.plane.access.pod_paths("cat").run(1).output.read_bytes()))
    journal = log_segment(yard.plane.store.paths.journal, 1).read_bytes()
    assert b"11 characters sent by tester" in journal
    assert b"hello there" not in journal


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [("a\0b", "bad_input", "NUL"), ("x" * 5000, "refused", ""), ("é" * 2500, "refused", "")],
)
def test_a_text_that_would_not_arrive_whole_is_refused(
    yard: Yard, text: str, kind: str, words: str
) -> None:
    """A terminal cuts what is too long for its line, so it is not typed at all."""
    yard.spawn("cat", "cat")
    with pytest.raises(PodtuiError) as told:
        yard.plane.carry_out(Send("cat", text))
    assert told.value.kind == kind
    assert words in told.value.message
    yard.plane.carry_out(Send("cat", "marker"))
    output = yard.plane.access.pod_paths("cat").run(1).output
    until(lambda: output.read_bytes().count(b"marker") >= 2)
    assert output.read_bytes() == b"marker\r\nmarker\r\n"
    assert kinds_of(yard, "cat").count(EventKind.SENT) == 1


def test_a_plan_touches_nothing(yard: Yard) -> None:
    """A dry run writes no lock, no line, and says which processes it would end."""
    yard.spawn("pod", "cat")
    pods = yard.plane.store.paths.pods / "pod"
    before = fingerprint(pods)
    plan = yard.plane.plan(Stop(("pod",)))
    yard.plane.plan(Send("pod", "hello"))
    assert "cat " in plan.texts[0]
    after = fingerprint(pods)
    volatile = {"runs/0001/status.json"}
    assert {k: v for k, v in before.items() if k not in volatile} == {
        k: v for k, v in after.items() if k not in volatile
    }


def spawning_a_child(yard: Yard) -> str:
    """Return a script that spawns a child through podtui's own command, as an agent would."""
    command = f"{sys.executable} -m podtui spawn child -- sleep 600"
    return f"PYTHONPATH={REPOSITORY} {command} && exec sleep 600"


def test_a_child_outlives_the_stop_of_its_parent(yard: Yard) -> None:
    """What a pod spawned is a pod of its own: the plan warns, and it is not stopped with it."""
    yard.shell("parent", spawning_a_child(yard))
    until(lambda: "child" in yard.plane.store.pod_names())
    until(lambda: EventKind.SPAWNED in kinds_of(yard, "child"))
    child = yard.child_of("child")
    plan = yard.plane.plan(Stop(("parent",)))
    assert plan.warnings == ("its children are not stopped with it: child",)
    yard.plane.carry_out(Stop(("parent",), grace_s=0))
    assert yard.system.proc.stat(child.pid).state in "SR"
    record = yard.run_record("child")
    assert record.actor == "parent"
    ledger = children_of(yard.system.fs, yard.plane.store.paths.pod("parent"))
    assert [entry.name for entry in ledger.entries] == ["child"]


def test_a_child_outlives_the_death_of_its_parents_supervisor(yard: Yard) -> None:
    """The supervisor of a child is nobody's child, whoever spawned it."""
    yard.shell("parent", spawning_a_child(yard))
    until(lambda: EventKind.SPAWNED in kinds_of(yard, "child"))
    yard.kill(yard.supervisor_of("parent"))
    yard.kill(yard.child_of("parent"))
    assert yard.view("parent").status is Status.LOST
    assert yard.system.proc.stat(yard.child_of("child").pid).state in "SR"
    assert yard.system.proc.stat(yard.supervisor_of("child").pid).state in "SR"


def test_a_lost_parent_keeps_its_children(yard: Yard) -> None:
    """Nothing that happens to a parent takes a line from its ledger, or its child from the tree."""
    parent = write_pod(yard.plane, "parent", supervisor=a_dead_process())
    yard.plane.carry_out(Spawn(name="child", argv=("sleep", "600"), parent="parent"))
    assert yard.view("child").parent == "parent"
    assert yard.view("parent").status is Status.LOST
    write_exit(yard.plane, parent)
    assert yard.plane.inspect("parent").children == ("child",)


def test_a_stopped_parent_says_nothing_of_a_child_pod_that_goes_on(tmp_path: Path) -> None:
    """A pod spawned from inside another one is no leftover of it, and is not stopped with it."""
    yard = Yard(tmp_path, machine_id=real_system().machine_id)
    spawn = f"{sys.executable} -m podtui spawn child -- sleep 600"
    try:
        yard.shell("parent", f"{spawn}; sleep 600", cwd=str(REPOSITORY))
        until(lambda: "child" in yard.plane.store.pod_names())
        yard.plane.wait("child", until=frozenset({Status.WORKING}), timeout_s=20)

        report = yard.plane.carry_out(Stop(("parent",), grace_s=5))

        assert report.view is not None
        assert report.view.message == "stopped by operator (killed by SIGTERM)"
        assert yard.view("child").status is Status.WORKING
    finally:
        yard.end_everything()
