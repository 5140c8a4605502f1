"""Reaping pods: which may be reaped, what is told of it, and orphans of every kind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from podtui.core.actions.framework.locks import action_lock
from podtui.core.control.local import LocalPlane
from podtui.core.errors import BadInput, Busy, NotFound, Refused, UnknownState, Unreadable
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import HandoffRecord, RunRecord
from podtui.core.model.requests import Prune, Reap, ReapOrphans
from podtui.core.model.verdicts import Verdict
from podtui.core.store.codec import encode_json
from tests.support.at_once import at_once
from tests.support.orphans import (
    DEAF,
    Handles,
    RecordingSignals,
    as_identity,
    lose_supervisor,
    plane_with,
)
from tests.support.record_builders import a_dead_process, record_of, write_exit, write_pod
from tests.support.store_fixture import Yard, until

TOGETHER = "sleep 600 & exec sleep 600"


def a_lost_pod(yard: Yard, held: Handles, name: str = "pod", **options: object) -> int:
    """Spawn a pod, kill its supervisor, and return its command, which goes on."""
    yard.shell(name, f"{DEAF} exec sleep 600", **options)
    command = held.hold(yard.child_of(name).pid)
    # Before it is deaf, it would end with its terminal.
    until(lambda: yard.system.proc.stat(command).name == "sleep")
    lose_supervisor(yard, name)
    return command


def told_by(plane: LocalPlane, kind: DiagnosticKind) -> list[Diagnostic]:
    return [each for each in plane.diagnostics() if each.kind is kind]


def kinds_of(plane: LocalPlane) -> list[EventKind]:
    return [each.kind for each in plane.events()]


def bystander(held: Handles, **environment: str) -> int:
    """Start a process that is no pod's, with some environment."""
    process = subprocess.Popen(["sleep", "600"], env={"PATH": "/usr/bin:/bin", **environment})
    process.returncode = 0  # Whoever waits for it is the test's own fixture.
    return held.hold(process.pid)


# one pod


def test_a_plan_names_each_process_with_its_proof_and_touches_nothing(
    yard: Yard, held: Handles
) -> None:
    """What would be ended is known before it is."""
    command = a_lost_pod(yard, held)
    signals = RecordingSignals()
    plan = plane_with(yard, signals=signals).plan(Reap(("pod",)))
    assert (plan.action, plan.pod, plan.refusals, plan.undo) == ("reap", "pod", (), None)
    assert plan.texts[0].startswith(f"end sleep {command}, left of run 1: the recorded command")
    assert signals.sent == []
    assert held.is_living(command)


def test_what_was_reaped_is_told_once_with_its_evidence(yard: Yard, held: Handles) -> None:
    """Report, diagnostic and journal say who was ended, why, and that nothing is left."""
    command = a_lost_pod(yard, held)
    plane = plane_with(yard)
    report = plane.carry_out(Reap(("pod",)), actor="ann")
    assert not held.is_living(command)
    assert f"ended sleep {command}" in report.done[0]
    assert "nothing of it is left running" in report.done[-1]
    assert report.failed == ()
    (told,) = told_by(plane, DiagnosticKind.REAPED)
    assert (told.pod, told.run, told.actor, told.undo) == ("pod", 1, "ann", None)
    assert f"sleep {command}, run 1: the recorded command" in told.evidence[0].detail
    assert kinds_of(plane)[-2:] == [EventKind.REAP_INTENDED, EventKind.REAPED]
    assert os.listdir(plane.store.paths.intents) == []


def test_a_second_reap_finds_nothing_and_tells_no_diagnostic(yard: Yard, held: Handles) -> None:
    """Nothing was there any more, and that is what is said."""
    a_lost_pod(yard, held)
    plane = plane_with(yard)
    plane.carry_out(Reap(("pod",)))
    report = plane.carry_out(Reap(("pod",)))
    assert len(report.done) == 1
    assert "nothing of it is left running" in report.done[0]
    assert len(told_by(plane, DiagnosticKind.REAPED)) == 1


def test_a_pod_whose_processes_have_all_ended_costs_no_signal(yard: Yard) -> None:
    """The recorded command does not run, and its number may be anybody's."""
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())
    signals = RecordingSignals()
    plane_with(yard, signals=signals).carry_out(Reap(("pod",)))
    assert signals.sent == []


def test_a_living_pod_is_refused_and_its_processes_are_untouched(yard: Yard) -> None:
    """Only its supervisor ends what is below it."""
    yard.spawn("pod")
    signals = RecordingSignals()
    with pytest.raises(Refused, match="is alive") as told:
        plane_with(yard, signals=signals).carry_out(Reap(("pod",)))
    assert told.value.next_step == "podtui stop pod"
    assert signals.sent == []


def test_a_pod_with_a_stopped_supervisor_is_refused(yard: Yard) -> None:
    """It does not answer, and it lives."""
    yard.spawn("pod")
    yard.stop_process(yard.supervisor_of("pod"))
    try:
        with pytest.raises(Refused, match="is alive") as told:
            plane_with(yard).carry_out(Reap(("pod",)))
        assert told.value.next_step == "podtui inspect pod"
    finally:
        yard.signal(yard.supervisor_of("pod"), signal.SIGCONT)


def test_a_starting_pod_is_refused(yard: Yard) -> None:
    """Its supervisor may come any moment."""
    write_pod(yard.plane, "pod")
    with pytest.raises(Refused, match="is starting"):
        plane_with(yard).carry_out(Reap(("pod",)))


def test_an_unknown_pod_is_refused_with_the_evidence(yard: Yard, held: Handles) -> None:
    """Of a run of another host nothing can be told here."""
    command = a_lost_pod(yard, held)
    path = yard.plane.store.paths.pod("pod").run(1).record
    run = msgspec.json.decode(path.read_bytes(), type=RunRecord)
    path.write_bytes(encode_json(replace(run, machine_id="another")))
    with pytest.raises(UnknownState, match="belongs to host another"):
        plane_with(yard).carry_out(Reap(("pod",)))
    assert held.is_living(command)


def test_an_unreadable_pod_is_refused(yard: Yard, held: Handles) -> None:
    """Nothing is ended on the ground of what cannot be read."""
    command = a_lost_pod(yard, held)
    yard.plane.store.paths.pod("pod").run(1).record.write_bytes(b"{")
    with pytest.raises((Unreadable, UnknownState)):
        plane_with(yard).carry_out(Reap(("pod",)))
    assert held.is_living(command)


def test_a_name_of_nobody_and_a_grace_that_is_none_are_refused(yard: Yard, held: Handles) -> None:
    """Each with its own answer."""
    a_lost_pod(yard, held)
    with pytest.raises(NotFound):
        plane_with(yard).carry_out(Reap(("nobody",)))
    for grace_s in (-1.0, float("nan"), 1e9):
        with pytest.raises(BadInput, match="grace"):
            plane_with(yard).carry_out(Reap(("pod",), grace_s=grace_s))


def test_of_several_pods_a_refused_one_does_not_stop_the_others(yard: Yard, held: Handles) -> None:
    """Its reason is told, and the rest is reaped."""
    first = a_lost_pod(yard, held, "first")
    yard.spawn("living")
    last = a_lost_pod(yard, held, "last")
    report = plane_with(yard).carry_out(Reap(("first", "living", "nobody", "last")))
    assert not held.is_living(first)
    assert not held.is_living(last)
    assert yard.view("living").verdict is Verdict.ALIVE
    assert ["living" in each or "nobody" in each for each in report.skipped] == [True, True]


def test_who_survives_is_a_failure_and_a_diagnostic(yard: Yard, held: Handles) -> None:
    """Never counted as success: named in the report, the journal and the diagnostics."""
    command = a_lost_pod(yard, held)
    plane = plane_with(yard, signals=RecordingSignals(refuse=lambda pid: pid == command))
    report = plane.carry_out(Reap(("pod",)))
    assert [f"sleep {command}: this user may not signal it" in each for each in report.failed] == [
        True
    ]
    assert len(told_by(plane, DiagnosticKind.SURVIVORS)) == 1
    assert kinds_of(plane)[-1] is EventKind.REAP_FAILED


def test_a_busy_pod_names_who_acts_on_it(yard: Yard, held: Handles) -> None:
    """One actor at a time; the other waits no longer than it says."""
    command = a_lost_pod(yard, held)
    store = yard.plane.store
    with (
        action_lock(store.system, store.paths.pod("pod"), pod="pod", action="restore", actor="bob"),
        pytest.raises(Busy, match="restore of bob"),
    ):
        plane_with(yard).carry_out(Reap(("pod",)))
    assert held.is_living(command)


def test_what_was_asked_to_stay_is_warned_of_and_ended_by_name_only(
    yard: Yard, held: Handles
) -> None:
    """A pod that keeps leftovers and ended well: named in the plan, left alone as an orphan."""
    yard.shell("pod", f"{DEAF} sleep 600 & exit 0", leftovers="keep")
    yard.wait_ended("pod")
    plane = plane_with(yard)
    (kept,) = [target for target in plane.plan(Reap(("pod",))).texts if "left of run 1" in target]
    pid = held.hold(int(kept.split()[2].rstrip(",")))
    assert any("was asked for" in each for each in plane.plan(Reap(("pod",))).warnings)
    report = plane.carry_out(ReapOrphans())
    assert held.is_living(pid)
    assert any("that was asked for" in each for each in report.skipped)
    plane.carry_out(Reap(("pod",)))
    assert not held.is_living(pid)


REAP_AT_ONCE = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Reap
from podtui.core.errors import PodtuiError
from podtui.core.system.system import System
plane = LocalPlane.open(System(machine_id="test-machine"), root=Path(sys.argv[2]))
# gate
try:
    report = plane.carry_out(Reap(("pod",), grace_s=0))
except PodtuiError as error:
    print(error.kind)
else:
    print(sum("ended" in each for each in report.done))
"""


def test_of_two_who_reap_at_once_one_ends_and_the_other_finds_nothing(
    yard: Yard, held: Handles
) -> None:
    """The second waits for the first, looks again, and tells nothing twice."""
    command = a_lost_pod(yard, held)
    said = at_once(REAP_AT_ONCE, count=2, arguments=(str(yard.plane.store_path),))
    assert sorted(each.strip() for each in said) == ["0", "1"]
    assert not held.is_living(command)
    assert len(told_by(yard.reopened(), DiagnosticKind.REAPED)) == 1


# orphans


def test_orphans_of_every_pod_are_ended_and_the_living_untouched(yard: Yard, held: Handles) -> None:
    """Two lost pods and a living one: only what the lost ones left is ended."""
    lost = [a_lost_pod(yard, held, name) for name in ("first", "second")]
    yard.spawn("living")
    plane = plane_with(yard)
    plan = plane.plan(ReapOrphans())
    assert [f"sleep {pid}" in step for pid, step in zip(lost, plan.texts, strict=False)] == [
        True,
        True,
    ]
    report = plane.carry_out(ReapOrphans(), actor="ann")
    assert not any(held.is_living(pid) for pid in lost)
    assert yard.view("living").verdict is Verdict.ALIVE
    assert report.failed == ()
    assert {each.pod for each in told_by(plane, DiagnosticKind.REAPED)} == {"first", "second"}


def test_without_orphans_nothing_is_done(yard: Yard) -> None:
    """No line in the journal either."""
    yard.spawn("living")
    plane = plane_with(yard)
    before = kinds_of(plane)
    assert plane.carry_out(ReapOrphans()).done == (
        "nothing is left running that is proven to be of an ended run",
    )
    assert kinds_of(plane) == before


def test_orphans_of_a_pruned_pod_are_found_in_the_trash(yard: Yard, held: Handles) -> None:
    """A process that came to light after the prune is still its pod's."""
    pod = write_pod(
        yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
    )
    write_exit(yard.plane, pod)
    plane = plane_with(yard)
    plane.carry_out(Prune(("pod",)))
    marks = {"PODTUI_POD_ID": pod.id, "PODTUI_RUN": "1"}
    stray = bystander(held, PODTUI_HOME=str(yard.plane.store_path), **marks)
    report = plane.carry_out(ReapOrphans())
    assert not held.is_living(stray)
    assert report.failed == ()


def test_a_process_of_a_pod_the_store_does_not_know_is_told_and_left_alone(
    yard: Yard, held: Handles
) -> None:
    """Nobody knows when its run began, nor whether it is over."""
    marks = {"PODTUI_POD_ID": "01GONEFORGOOD", "PODTUI_RUN": "1"}
    stray = bystander(held, PODTUI_HOME=str(yard.plane.store_path), **marks)
    signals = RecordingSignals()
    report = plane_with(yard, signals=signals).carry_out(ReapOrphans())
    assert signals.sent == []
    assert [f"sleep {stray}" in each for each in report.skipped] == [True]


def test_a_lost_record_of_one_pod_is_told_and_the_others_are_looked_at(
    yard: Yard, held: Handles
) -> None:
    """Of an unreadable pod nothing is ended; with its record torn nobody else is either."""
    command = a_lost_pod(yard, held, "lost")
    write_pod(yard.plane, "torn", supervisor=a_dead_process(), child=a_dead_process())
    yard.plane.store.paths.pod("torn").run(1).record.write_bytes(b"{")
    signals = RecordingSignals()
    report = plane_with(yard, signals=signals).carry_out(ReapOrphans())
    assert signals.sent == []
    assert held.is_living(command)
    assert any("must not be signalled could not be determined" in each for each in report.skipped)
    assert any(each.startswith("torn:") for each in report.skipped)


# handoffs


def hand_off(yard: Yard, pod: str, pod_id: str, **fields: object) -> Path:
    """Write a handoff as a spawn that failed halfway does; return its file."""
    now = yard.system.clock.now()
    record = HandoffRecord(
        pod=pod, pod_id=pod_id, run=1, at=now, actor="ann", reason="it did not answer"
    )
    yard.plane.store.handoffs.write(replace(record, **fields))
    return yard.plane.store.paths.handoff(pod_id, 1)


def test_a_handed_off_run_that_lives_is_stopped_through_its_supervisor(yard: Yard) -> None:
    """An agent nobody counts on is ended whole, reported, and its handoff settled."""
    view = yard.spawn("pod")
    handoff = hand_off(yard, "pod", view.id)
    plane = plane_with(yard)
    assert any(
        "stop run 1 through its supervisor" in each for each in plane.plan(ReapOrphans()).texts
    )
    report = plane.carry_out(ReapOrphans(grace_s=5.0))
    assert yard.view("pod").verdict is Verdict.DEAD
    assert not handoff.exists()
    assert any("the handoff of run 1" in each for each in report.done)


def test_a_handed_off_run_that_is_over_is_reaped_and_settled(yard: Yard, held: Handles) -> None:
    """Its supervisor is gone, what it left is ended, and nothing is left to hand off."""
    command = a_lost_pod(yard, held)
    handoff = hand_off(yard, "pod", yard.view("pod").id)
    plane_with(yard).carry_out(ReapOrphans())
    assert not held.is_living(command)
    assert not handoff.exists()


def test_a_reap_by_name_settles_the_handoff_too(yard: Yard, held: Handles) -> None:
    """The run left nothing any more."""
    a_lost_pod(yard, held)
    handoff = hand_off(yard, "pod", yard.view("pod").id)
    plane_with(yard).carry_out(Reap(("pod",)))
    assert not handoff.exists()


def test_a_handoff_of_a_run_with_survivors_is_kept(yard: Yard, held: Handles) -> None:
    """It is not a success."""
    command = a_lost_pod(yard, held)
    handoff = hand_off(yard, "pod", yard.view("pod").id)
    signals = RecordingSignals(refuse=lambda pid: pid == command)
    report = plane_with(yard, signals=signals).carry_out(ReapOrphans())
    assert handoff.exists()
    assert report.failed


def test_a_handoff_that_left_nothing_is_settled(yard: Yard) -> None:
    """Its run is over, whoever is on record is gone, and nobody bears its mark."""
    pod = write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())
    write_exit(yard.plane, pod)
    handoff = hand_off(yard, "pod", pod.id, supervisor=a_dead_process())
    report = plane_with(yard).carry_out(ReapOrphans())
    assert not handoff.exists()
    assert any("resolved" in each for each in report.done)


def test_what_cannot_be_settled_is_kept_told_and_no_success(yard: Yard, held: Handles) -> None:
    """However old: nobody knows what was started, it lives unknown, or it cannot be read."""
    unknown = hand_off(yard, "gone", "01GONEFORGOOD")
    stranger = bystander(held)
    living = hand_off(yard, "other", "01ANOTHERPOD", child=record_of(as_identity(stranger)))
    torn = yard.plane.store.paths.handoffs / "torn.1.json"
    torn.write_bytes(b"{")
    report = plane_with(yard).carry_out(ReapOrphans())
    assert all(each.exists() for each in (unknown, living, torn))
    assert held.is_living(stranger)
    assert len(report.failed) == 3
    again = plane_with(yard).carry_out(ReapOrphans())
    assert again.failed == report.failed


def test_a_handoff_whose_process_number_is_anothers_now_is_settled(
    yard: Yard, held: Handles
) -> None:
    """The recorded process is gone; who has its number gets no signal."""
    other = record_of(as_identity(bystander(held)))
    forged = replace(other, start_ticks=other.start_ticks - 1, pidfd_inode=1)
    handoff = hand_off(yard, "gone", "01GONEFORGOOD", child=forged)
    signals = RecordingSignals()
    plane_with(yard, signals=signals).carry_out(ReapOrphans())
    assert not handoff.exists()
    assert signals.sent == []
    assert held.is_living(other.pid)
