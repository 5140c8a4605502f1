"""Restoring one pod: what it keeps, what is new, and each reason why it is not done."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from podtui.core.actions.framework import locks as action_locks
from podtui.core.actions.restore import restore
from podtui.core.control.local import LocalPlane
from podtui.core.errors import (
    BadInput,
    Busy,
    NotFound,
    PodtuiError,
    Refused,
    UnknownState,
    Unreadable,
)
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import EventKind
from podtui.core.model.records import EndedMarker, ExitRecord
from podtui.core.model.requests import Prune, Restore, Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.store.codec import encode_json
from podtui.kernel import locks
from tests.support.lose_pods import a_program, lose, output_of, wait_for_output
from tests.support.record_builders import (
    a_dead_process,
    hold_lock,
    this_process,
    write_exit,
    write_pod,
)
from tests.support.store_fixture import Yard

SAYS_HELLO = "echo hello; exec sleep 600"


def diagnostics_of(plane: LocalPlane, *kinds: DiagnosticKind) -> list[Diagnostic]:
    """Return the diagnostics of these kinds."""
    return [each for each in plane.diagnostics() if each.kind in kinds]


def event_kinds(plane: LocalPlane, name: str) -> list[EventKind]:
    return [each.kind for each in plane.events() if each.pod == name]


# what is done


def end_well(yard: Yard) -> None:
    """Let the pod end by itself."""
    yard.shell("pod", "echo hello")
    yard.wait_ended("pod")


def end_badly(yard: Yard) -> None:
    """Let the pod fail."""
    yard.shell("pod", "echo hello; exit 3")
    yard.wait_ended("pod")


def be_stopped(yard: Yard) -> None:
    """Stop the pod."""
    yard.shell("pod", SAYS_HELLO)
    yard.plane.carry_out(Stop(("pod",), grace_s=0))


def be_lost(yard: Yard) -> None:
    """Kill the pod with its supervisor."""
    yard.shell("pod", SAYS_HELLO)
    wait_for_output(yard, "pod", 1, "hello")
    lose(yard, "pod")


def never_start(yard: Yard) -> None:
    """Reserve a pod that no supervisor took up in its time."""
    write_pod(yard.plane, "pod", waited_s=60.0)


def survive_a_restart(yard: Yard) -> None:
    """Leave a pod of an earlier boot."""
    dead = a_dead_process()
    write_pod(yard.plane, "pod", supervisor=dead, child=dead, boot_id="an-earlier-boot")


ENDS = (end_well, end_badly, be_stopped, be_lost, never_start, survive_a_restart)


@pytest.mark.parametrize("end", ENDS, ids=lambda each: each.__name__)
def test_a_pod_that_is_over_runs_again(yard: Yard, end: object) -> None:
    """However it ended: run 2 runs the same command, and the first run is as it was."""
    assert callable(end)
    end(yard)
    old = yard.view("pod")
    assert old.verdict is Verdict.DEAD
    files = yard.plane.store.paths.pod("pod")
    kept = {
        path: path.read_bytes() for path in (files.record, files.run(1).record, files.run(1).output)
    }
    report = yard.plane.carry_out(Restore(("pod",)), actor="ann")
    assert (report.failed, report.action) == ((), "restore")
    view = yard.view("pod")
    assert (view.id, view.run) == (old.id, 2)
    run = yard.run_record("pod", 2)
    assert (run.reason, run.actor) == ("restore", "ann")
    assert run.argv == yard.run_record("pod").argv
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_restore_is_told_once_with_its_evidence_and_its_way_back(yard: Yard) -> None:
    """One intent and one outcome in the journal, one diagnostic, and no intent is left."""
    be_lost(yard)
    evidence = yard.view("pod").evidence
    yard.plane.carry_out(Restore(("pod",)), actor="ann")
    told = diagnostics_of(yard.plane, DiagnosticKind.RESTORED)
    assert len(told) == 1
    assert (told[0].pod, told[0].run, told[0].actor) == ("pod", 2, "ann")
    assert told[0].summary.startswith("pod: restored by ann, run 2; run 1: lost: its super")
    assert [(each.probe, each.answer) for each in told[0].evidence] == [
        (each.probe, each.answer) for each in evidence
    ]
    assert told[0].undo == Undo("stop", "pod")
    kinds = event_kinds(yard.plane, "pod")
    assert kinds.count(EventKind.RESTORE_INTENDED) == kinds.count(EventKind.RESTORED) == 1
    assert yard.plane.store.intents.all() == []
    assert os.listdir(yard.plane.store.paths.staging) == []


def test_the_place_in_the_tree_and_the_ledger_stay(yard: Yard) -> None:
    """Restoring parent and child changes neither the ledger nor who is whose."""
    yard.spawn("parent")
    yard.spawn("child", parent="parent")
    ledger = yard.plane.store.paths.pod("parent").children.read_bytes()
    child = yard.view("child")
    lose(yard, "parent")
    yard.plane.carry_out(Restore(("parent",)))
    assert yard.view("child").run == child.run
    assert yard.view("child").verdict is Verdict.ALIVE
    lose(yard, "child")
    yard.plane.carry_out(Restore(("child",)))
    assert yard.view("child").parent == "parent"
    assert yard.plane.store.paths.pod("parent").children.read_bytes() == ledger
    assert yard.plane.inspect("parent").children == ("child",)


@pytest.mark.parametrize("gone", ["dead", "moved away"])
def test_a_parent_that_is_not_there_does_not_stop_its_child_from_coming_back(
    yard: Yard, gone: str
) -> None:
    """Parent and child are restored each by itself."""
    yard.spawn("parent")
    yard.spawn("child", parent="parent")
    lose(yard, "child")
    lose(yard, "parent")
    if gone == "moved away":
        yard.plane.store.paths.pod("parent").root.rename(yard.root / "elsewhere")
    yard.plane.carry_out(Restore(("child",)))
    assert yard.view("child").verdict is Verdict.ALIVE


def test_the_environment_is_the_recorded_one_and_what_the_restorer_has(tmp_path: Path) -> None:
    """Values given at the spawn stay; what is passed comes from whoever restores, or is missed."""
    yard = Yard(tmp_path, environment={"TOKEN": "first"})
    try:
        yard.shell("pod", "env", env={"MODE": "test"}, pass_env=("TOKEN", "OTHER"))
        yard.wait_ended("pod")
        again = msgspec.structs.replace(
            yard.system, environment={**yard.environment, "TOKEN": "second"}
        )
        plane = LocalPlane.open(again)
        assert "OTHER is not set here" in "".join(plane.plan(Restore(("pod",))).warnings)
        plane.carry_out(Restore(("pod",)))
        yard.wait_ended("pod", 2)
        said = output_of(yard, "pod", 2).splitlines()
        assert {"MODE=test", "TOKEN=second", "PODTUI_RUN=2", "PODTUI_POD=pod"} <= set(said)
    finally:
        yard.end_everything()


def test_an_agent_goes_on_with_its_own_conversation(tmp_path: Path) -> None:
    """Its pinned id is resumed; the pod's record keeps the id for ever."""
    agents = a_program(tmp_path / "bin", "claude")
    yard = Yard(tmp_path, environment={"PATH": f"{agents}:/usr/bin:/bin"})
    pinned = "6f1d2c3b-1111-4a2b-9c3d-0123456789ab"
    try:
        yard.spawn("pod", "claude", "--session-id", pinned, "--verbose")
        for run in (2, 3):
            lose(yard, "pod", run - 1)
            plan = yard.plane.plan(Restore(("pod",)))
            assert f"go on with claude conversation {pinned}" in plan.texts[-1]
            yard.plane.carry_out(Restore(("pod",)))
            wait_for_output(yard, "pod", run, f"called: --resume {pinned} --verbose\n")
        assert yard.plane.inspect("pod").argv[1:3] == ("--session-id", pinned)
    finally:
        yard.end_everything()


def test_an_agent_without_a_known_conversation_begins_anew_and_the_plan_says_so(
    tmp_path: Path,
) -> None:
    """The latest conversation in the directory may be another pod's, so it is not taken."""
    agents = a_program(tmp_path / "bin", "claude")
    yard = Yard(tmp_path, environment={"PATH": f"{agents}:/usr/bin:/bin"})
    try:
        yard.spawn("pod", "claude", "--continue")
        lose(yard, "pod")
        (warning,) = yard.plane.plan(Restore(("pod",))).warnings
        assert "its conversation id is not known" in warning
        yard.plane.carry_out(Restore(("pod",)))
        wait_for_output(yard, "pod", 2, "called: \n")
    finally:
        yard.end_everything()


# what speaks against it


def refused(yard: Yard, kind: type[PodtuiError], words: str) -> PodtuiError:
    """Check that plan and restore are refused alike, and that nothing was begun."""
    runs = yard.plane.store.paths.pod("pod").runs
    before = sorted(os.listdir(runs))
    plan = yard.plane.plan(Restore(("pod",)))
    assert [each.kind for each in plan.refusals] == [kind.kind]
    with pytest.raises(kind, match=words) as told:
        yard.plane.carry_out(Restore(("pod",)))
    assert told.value.next_step
    assert sorted(os.listdir(runs)) == before
    assert yard.plane.store.intents.all() == []
    return told.value


def test_what_is_no_pod_cannot_be_restored(yard: Yard) -> None:
    """Its own answer: there is no such pod."""
    assert yard.plane.plan(Restore(("nobody",))).refusals[0].kind == "not_found"
    with pytest.raises(NotFound, match="nobody"):
        yard.plane.carry_out(Restore(("nobody",)))


def test_what_was_pruned_is_recovered_first(yard: Yard) -> None:
    """It is said when and by whom it was pruned, and how it comes back."""
    end_well(yard)
    yard.plane.carry_out(Prune(("pod",)), actor="ann")
    with pytest.raises(NotFound, match=r"pruned .*by ann") as told:
        yard.plane.carry_out(Restore(("pod",)))
    assert "podtui recover" in (told.value.next_step or "") + told.value.message


def test_what_is_alive_is_attached_to_instead(yard: Yard) -> None:
    """The next step is an attach."""
    yard.spawn("pod")
    error = refused(yard, Refused, "is alive.*attach instead")
    assert error.next_step == "podtui attach pod"


def test_restored_twice_the_second_time_is_told_who_was_first(yard: Yard) -> None:
    """A pod that was restored is alive, and it is said by whom and when."""
    be_lost(yard)
    yard.plane.carry_out(Restore(("pod",)), actor="ann")
    refused(yard, Refused, r"alive \(restored by ann at .* as run 2\)")
    assert yard.view("pod").run == 2


def test_what_is_starting_is_waited_for(yard: Yard) -> None:
    """A reserved run may be taken up any moment, whether its supervisor has come or not."""
    write_pod(yard.plane, "pod")
    error = refused(yard, Refused, "is starting, run 1")
    assert error.next_step == "podtui wait pod --until live"
    lock = hold_lock(yard.plane, "pod")
    try:
        refused(yard, Refused, "is starting, run 1")
    finally:
        os.close(lock)


def test_what_does_not_answer_is_not_dead(yard: Yard) -> None:
    """A stopped supervisor is alive, and nothing is done to it."""
    yard.spawn("pod")
    supervisor = yard.supervisor_of("pod")
    yard.stop_process(supervisor)
    refused(yard, Refused, "not dead but unresponsive")
    yard.signal(supervisor, signal.SIGCONT)


def test_what_cannot_be_told_is_refused_with_the_evidence(yard: Yard) -> None:
    """Free lock, living process: the probes disagree, and each is quoted."""
    write_pod(yard.plane, "pod", supervisor=this_process())
    error = refused(yard, UnknownState, "the probes disagree")
    assert "lock: free" in error.message
    assert "supervisor: " in error.message


def test_a_run_of_another_host_is_restored_there(yard: Yard) -> None:
    """Whether it lives cannot be told from here, and the host is named."""
    dead = a_dead_process()
    write_pod(yard.plane, "pod", supervisor=dead, machine_id="far-away")
    error = refused(yard, UnknownState, "belongs to host far-away")
    assert error.next_step == "restore it on that host"


def test_a_pod_whose_record_cannot_be_read_says_not_how_it_is_started(yard: Yard) -> None:
    """Unreadable is an answer of its own, and names the file."""
    write_exit(yard.plane, write_pod(yard.plane, "pod"))
    record = yard.plane.store.paths.pod("pod").record
    record.write_bytes(b"name = [")
    error = refused(yard, Unreadable, "its record says not how")
    assert str(record) in error.message
    assert record.read_bytes() == b"name = ["


def test_a_run_whose_record_is_torn_is_unknown(yard: Yard) -> None:
    """What nobody can read may be alive."""
    write_pod(yard.plane, "pod", supervisor=a_dead_process())
    record = yard.plane.store.paths.pod("pod").run(1).record
    record.write_bytes(record.read_bytes()[:-10])
    error = refused(yard, UnknownState, "cannot be told")
    assert str(record) in error.message


def test_what_another_action_holds_is_named_with_its_holder(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked by action X of process Y since Z."""
    monkeypatch.setattr(action_locks, "ACTION_WAIT_S", 0.0)
    be_lost(yard)
    lock = yard.plane.store.paths.pod("pod").action_lock
    lock.write_text(
        '{"action": "prune", "actor": "ann", "pid": 4711, "since": "2026-11-20T11:27:06+00:00"}'
    )
    descriptor = os.open(lock, os.O_RDWR)
    try:
        assert locks.try_lock(descriptor)
        plane = LocalPlane(yard.plane.store)
        with pytest.raises(
            Busy, match=r"locked by prune of ann, process 4711, since 2026-11-20T11:27:06"
        ):
            plane.carry_out(Restore(("pod",)))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("directory", "does not exist"),
        ("command", "is not an executable file"),
    ],
)
def test_what_could_not_start_is_refused_before_anything_is_done(
    yard: Yard, change: str, words: str
) -> None:
    """A directory or a command that is gone is named, and no run is used up for it."""
    directory = yard.root / "work"
    program = Path(a_program(yard.root / "bin", "tool", "exit 0")) / "tool"
    directory.mkdir()
    yard.spawn("pod", str(program), cwd=str(directory))
    yard.wait_ended("pod")
    if change == "directory":
        directory.rmdir()
    else:
        program.unlink()
    refused(yard, BadInput, words)


def short_runs(yard: Yard, lengths: list[float]) -> None:
    """Write a pod whose runs lasted so many seconds each."""
    dead = a_dead_process()
    pod = write_pod(yard.plane, "pod", supervisor=dead, child=dead)
    first = yard.plane.store.paths.pod("pod").run(1)
    run = yard.run_record("pod")
    assert run.started_at is not None
    for number, length in enumerate(lengths, 1):
        files = yard.plane.store.paths.pod("pod").run(number)
        if number > 1:
            files.root.mkdir(mode=0o700)
            files.record.write_bytes(encode_json(msgspec.structs.replace(run, run=number)))
            for empty in (files.lock, files.output, files.index):
                empty.write_bytes(b"")
                empty.chmod(0o600)
        ended = run.started_at + timedelta(seconds=length)
        record = ExitRecord(pod_id=pod.id, run=number, ended_at=ended, exit_code=1)
        files.exit.write_bytes(encode_json(record))
    assert first.exit.exists()


@pytest.mark.parametrize(
    ("lengths", "flaps"),
    [
        ([1.0, 2.0, 3.0], True),
        ([600.0, 1.0, 2.0, 3.0], True),
        ([1.0, 2.0], False),
        ([1.0, 60.0, 1.0], False),
        ([1.0, -5.0, 1.0], False),
    ],
)
def test_a_pod_that_keeps_ending_at_once_is_restored_only_by_name(
    yard: Yard, lengths: list[float], flaps: bool
) -> None:
    """Of many it is left out with the reason; named alone it is restored with a warning."""
    short_runs(yard, lengths)
    bulk = yard.plane.plan(Restore(("pod",), in_bulk=True))
    assert bulk.is_refused is flaps
    alone = yard.plane.plan(Restore(("pod",)))
    assert not alone.is_refused
    assert any("each ended within" in each for each in alone.warnings) is flaps
    if flaps:
        assert "the last 3 runs of 'pod' each ended within 3s" in bulk.refusals[0].message
        with pytest.raises(Refused, match="unlikely to help"):
            yard.plane.carry_out(Restore(("pod",), in_bulk=True))
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.view("pod").run == len(lengths) + 1


def test_a_pod_that_is_lost_again_and_again_at_once_flaps_as_well(yard: Yard) -> None:
    """Without an exit record the note of when its end was noticed tells how long it lasted."""
    short_runs(yard, [1.0, 1.0, 1.0])
    run = yard.run_record("pod", 3)
    assert run.started_at is not None
    files = yard.plane.store.paths.pod("pod").run(3)
    files.exit.unlink()
    yard.plane.snapshot()
    at = run.started_at + timedelta(seconds=4)
    marker = EndedMarker(event_id=f"{run.pod_id}.3.ended", at=at, status="lost")
    files.ended_marker.write_bytes(encode_json(marker))
    assert yard.view("pod").status is Status.LOST
    assert yard.plane.plan(Restore(("pod",), in_bulk=True)).is_refused


# what changes between plan and restore


def test_evidence_that_changed_since_the_plan_is_told(yard: Yard) -> None:
    """What the pod was and what it is now are both named, and nothing is done."""
    be_lost(yard)

    class Changing(Inspector):
        looks = 0

        def look_at(self, name: str) -> PodView:
            view = super().look_at(name)
            type(self).looks += 1
            if self.looks > 1:
                return view
            # As it was looked at before it was lost.
            return msgspec.structs.replace(view, status=Status.EXITED)

    with pytest.raises(Refused, match=r"it was exited, run 1, .* now it is lost, run 1"):
        restore.carry_out(Changing(yard.plane.access), Restore(("pod",)), actor="ann")
    assert yard.view("pod").run == 1


def test_no_run_number_is_used_twice(yard: Yard) -> None:
    """A number whose directory is there, whatever is in it, counts as used."""
    be_lost(yard)
    pod = yard.plane.store.paths.pod("pod")
    (pod.runs / "00007").mkdir()
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.view("pod").run == 2
    lose(yard, "pod", 2)
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.view("pod").run == 3
