"""Scopes come back and are lent again: only from the dead, told once, and each undoes the other."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.loans.loans import return_after_stop
from podtui.core.control.local import LocalPlane
from podtui.core.errors import DiskTrouble, PodtuiError, Refused
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import LeftProcess
from podtui.core.model.requests import Relend, Return, Stop
from podtui.core.system.fs import Fs
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, on
from tests.support.loans import (
    diagnostics_of_loans,
    lend,
    loans_of_pod,
    out_paths,
    told_events,
    write_holder,
)
from tests.support.record_builders import hold_lock, this_process, write_exit, write_pod
from tests.support.store_fixture import Yard, until
from tests.support.trees import fingerprint


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A directory to lend parts of."""
    made = tmp_path / "work"
    made.mkdir()
    return made


# return and relend


def test_a_dead_pods_scopes_come_back_and_are_lent_again(yard: Yard, work: Path) -> None:
    """One diagnostic and one event for each, naming pod and paths, with the way back."""
    write_holder(yard.plane, "coder", ("write", work), ("read", "/etc"))
    plan = yard.plane.plan(Return(("coder",)))
    assert plan.texts == (f"take back write {work}", "take back read /etc")
    assert plan.undo == f"podtui relend coder {work} /etc"
    report = yard.plane.carry_out(Return(("coder",)), actor="ann")
    assert report.done == (f"coder: write {work} came back", "coder: read /etc came back")
    assert out_paths(yard.plane, "coder") == []
    (told,) = diagnostics_of_loans(yard.plane)
    assert (told.kind, told.pod, told.actor) == (DiagnosticKind.LOAN_RETURNED, "coder", "ann")
    assert f"write {work}, read /etc came back: returned by ann" in told.summary
    assert told.evidence
    assert len(told_events(yard.plane, EventKind.LOAN_RETURNED)) == 1
    assert told.undo is not None
    assert told.undo.action == "relend"
    yard.plane.carry_out(Relend((told.undo.target,)))
    assert out_paths(yard.plane, "coder") == [str(work), "/etc"]
    assert [each.kind for each in diagnostics_of_loans(yard.plane)] == [
        DiagnosticKind.LOAN_RETURNED,
        DiagnosticKind.LOAN_LENT,
    ]
    undo = diagnostics_of_loans(yard.plane)[1].undo
    assert undo is not None
    yard.plane.carry_out(Return((undo.target,)))
    assert out_paths(yard.plane, "coder") == []


def test_an_undo_takes_back_what_it_is_the_undo_of_and_no_more(yard: Yard, work: Path) -> None:
    """Of what came back one after the other, each way back brings its own."""
    write_holder(yard.plane, "coder", *(("write", work / name) for name in "abc"))
    yard.plane.carry_out(Return(("coder",), paths=(str(work / "a"),)))
    yard.plane.carry_out(Return(("coder",), paths=(str(work / "b"), str(work / "c"))))
    first, second = (each.undo for each in diagnostics_of_loans(yard.plane))
    assert first is not None
    assert second is not None
    yard.plane.carry_out(Relend((second.target,)))
    assert out_paths(yard.plane, "coder") == [str(work / "b"), str(work / "c")]
    yard.plane.carry_out(Relend((first.target,)))
    assert out_paths(yard.plane, "coder") == [str(work / name) for name in "abc"]


def test_a_returned_scope_can_be_lent_to_another(yard: Yard, work: Path) -> None:
    """And then it cannot be lent again to whom it came from: holder and rule are named."""
    write_holder(yard.plane, "coder", ("write", work))
    yard.plane.carry_out(Return(("coder",)))
    yard.spawn("heir", "sleep", "600", write=(str(work / "part"),))
    before = fingerprint(yard.plane.store.paths.pod("coder").root)
    assert yard.plane.plan(Relend(("coder",))).is_refused
    with pytest.raises(Refused, match=f"heir may write {work}/part and all below it"):
        yard.plane.carry_out(Relend(("coder",)))
    after = fingerprint(yard.plane.store.paths.pod("coder").root)
    assert after == before


@pytest.mark.parametrize("word", ["src", "./src/", "{work}/src", "{work}", "{id}.1"])
def test_a_scope_may_be_named_as_at_the_spawn(yard: Yard, work: Path, word: str) -> None:
    """By its path, from the pod's directory, by one above it, or by its id."""
    pod = write_pod(yard.plane, "coder")
    place = yard.plane.store.paths.pod("coder").record
    place.write_text(place.read_text().replace('cwd = "/"', f'cwd = "{work}"'))
    write_exit(yard.plane, pod)
    lend(yard.plane, pod, ("write", work / "src"), ("write", "/elsewhere"))
    yard.plane.carry_out(Return(("coder",), paths=(word.format(work=work, id=pod.id),)))
    assert out_paths(yard.plane, "coder") == ["/elsewhere"]


def test_a_scope_there_is_not_is_told_with_those_there_are(yard: Yard, work: Path) -> None:
    """A wrong word changes nothing, also when the others are right."""
    write_holder(yard.plane, "coder", ("write", work))
    with pytest.raises(PodtuiError, match="was never lent /nowhere") as told:
        yard.plane.carry_out(Return(("coder",), paths=(str(work), "/nowhere")))
    assert told.value.kind == "bad_input"
    assert f"write {work}" in told.value.message
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_nothing_to_do_is_a_refusal(yard: Yard, work: Path) -> None:
    """Twice is once, and a pod without scopes has none."""
    write_holder(yard.plane, "coder", ("write", work))
    with pytest.raises(Refused, match="has everything that was lent to it"):
        yard.plane.carry_out(Relend(("coder",)))
    yard.plane.carry_out(Return(("coder",)))
    with pytest.raises(Refused, match="nothing that could come back"):
        yard.plane.carry_out(Return(("coder",)))
    write_holder(yard.plane, "plain")
    with pytest.raises(Refused, match="its scopes: none"):
        yard.plane.carry_out(Return(("plain",)))
    with pytest.raises(PodtuiError) as told:
        yard.plane.carry_out(Relend(("nobody",)))
    assert told.value.kind == "not_found"


def test_the_living_keep_what_they_have(yard: Yard, work: Path) -> None:
    """Stopping it is the way."""
    yard.spawn("coder", "sleep", "600", write=(str(work),))
    with pytest.raises(Refused, match="keeps its scopes while it is alive") as told:
        yard.plane.carry_out(Return(("coder",)))
    assert "podtui stop coder" in (told.value.next_step or "")
    yard.stop_process(yard.supervisor_of("coder"))
    with pytest.raises(Refused, match="keeps its scopes while it is alive"):
        yard.plane.carry_out(Return(("coder",)))
    yard.signal(yard.supervisor_of("coder"), signal.SIGCONT)
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_who_cannot_be_told_dead_keeps_what_it_has(yard: Yard, work: Path) -> None:
    """UNKNOWN has an answer of its own, with its evidence."""
    pod = write_pod(yard.plane, "coder", supervisor=this_process())
    lend(yard.plane, pod, ("write", work))
    with pytest.raises(PodtuiError, match="whether it is over cannot be told") as told:
        yard.plane.carry_out(Return(("coder",)))
    assert told.value.kind == "unknown_state"
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_a_pod_that_starts_keeps_what_it_has(yard: Yard, work: Path) -> None:
    """A run that is reserved may begin any moment."""
    pod = write_pod(yard.plane, "coder")
    lend(yard.plane, pod, ("write", work))
    held = hold_lock(yard.plane, "coder")
    with pytest.raises(PodtuiError):
        yard.plane.carry_out(Return(("coder",)))
    Fs().close(held)


def test_what_is_left_of_a_lost_pod_keeps_its_scopes(yard: Yard, work: Path) -> None:
    """Its command goes on without its supervisor and may write: it is reaped first."""
    ready = work / "ready"
    # The terminal's hang-up must not end it.
    yard.shell("coder", f"trap '' HUP; : > {ready}; exec sleep 600", write=(str(work),))
    until(ready.exists)
    yard.kill(yard.supervisor_of("coder"))
    until(lambda: yard.view("coder").verdict.value == "dead")
    with pytest.raises(Refused, match="processes of it may still write: sleep") as told:
        yard.plane.carry_out(Return(("coder",)))
    assert told.value.next_step == "podtui reap coder"
    yard.kill(yard.child_of("coder"))
    yard.plane.carry_out(Return(("coder",)))
    assert out_paths(yard.plane, "coder") == []


def test_a_pod_that_came_back_to_life_meanwhile_keeps_its_scopes(
    yard: Yard, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence is looked at again under the pod's action lock."""
    pod = write_holder(yard.plane, "coder", ("write", work))
    dead = yard.plane.look_at("coder")
    looks = iter([dead])
    real = yard.plane.look_at
    monkeypatch.setattr(yard.plane, "look_at", lambda name: next(looks, None) or real(name))
    yard.plane.store.paths.pod("coder").run(1).exit.unlink()
    held = hold_lock(yard.plane, "coder")
    with pytest.raises(PodtuiError, match="keeps its scopes"):
        yard.plane.carry_out(Return(("coder",)))
    Fs().close(held)
    assert out_paths(yard.plane, "coder") == [str(work)]
    assert pod.name == "coder"


# stop


def test_a_stop_brings_the_scopes_back(yard: Yard, work: Path) -> None:
    """Its plan says so, and so does its report, after the proof."""
    yard.spawn("coder", "sleep", "600", write=(str(work),))
    assert any(f"write {work}" in step for step in yard.plane.plan(Stop(("coder",))).texts)
    report = yard.plane.carry_out(Stop(("coder",)), actor="ann")
    assert report.done[-1] == f"coder: write {work} came back: stopped by ann"
    assert out_paths(yard.plane, "coder") == []
    (told,) = diagnostics_of_loans(yard.plane)
    assert told.undo is not None
    yard.plane.carry_out(Relend((told.undo.target,)))
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_an_end_of_its_own_brings_nothing_back(yard: Yard, work: Path) -> None:
    """Only who is stopped, pruned or restored without them gives scopes back by itself."""
    yard.spawn("coder", "true", write=(str(work),))
    yard.wait_ended("coder")
    assert out_paths(yard.plane, "coder") == [str(work)]
    assert diagnostics_of_loans(yard.plane) == []


@pytest.mark.parametrize("which", ["kept_leftovers", "survivors"])
def test_what_a_stopped_pod_left_running_keeps_its_scopes(
    yard: Yard, work: Path, which: str
) -> None:
    """What was kept or could not be ended may still write: that is said, and the scopes stay."""
    pod = write_pod(yard.plane, "coder")
    write_exit(yard.plane, pod, **{which: [LeftProcess(pid=7, name="sleep")]})
    lend(yard.plane, pod, ("write", work))
    back, (stays,) = return_after_stop(yard.plane.store, yard.view("coder"), actor="ann")
    assert back == ()
    assert f"write {work} stays lent: processes it left running may still write: sleep 7" in stays
    assert "podtui return coder" in stays
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_an_end_without_a_record_proves_nothing_of_its_processes(yard: Yard, work: Path) -> None:
    """A stopped pod whose supervisor was killed meanwhile keeps its scopes, and that is said."""
    pod = write_pod(yard.plane, "coder", boot_id="another boot")
    lend(yard.plane, pod, ("write", work))
    back, (stays,) = return_after_stop(yard.plane.store, yard.view("coder"), actor="ann")
    assert (back, "nothing tells that all of its processes ended" in stays) == ((), True)


def test_a_process_of_another_pod_does_not_keep_them(yard: Yard, work: Path) -> None:
    """What the ended run left that is a pod of its own has scopes of its own."""
    pod = write_pod(yard.plane, "coder")
    left = LeftProcess(pid=7, name="podtui", of_another_pod=True)
    write_exit(yard.plane, pod, kept_leftovers=[left])
    lend(yard.plane, pod, ("write", work))
    back, stays = return_after_stop(yard.plane.store, yard.view("coder"), actor="ann")
    assert (len(back), stays) == (1, ())


def test_a_full_disk_stops_no_stop(tmp_path: Path, work: Path) -> None:
    """An operator can end a pod that fills the disk; its scopes stay lent, and that is said."""
    fs = FaultyFs({})
    yard = Yard(tmp_path, fs=fs)
    yard.spawn("coder", "sleep", "600", write=(str(work),))
    fs.faults["append_line"] = (errno.ENOSPC, on("loans.jsonl"))
    report = yard.plane.carry_out(Stop(("coder",)))
    assert any("stays lent: No space left on device" in line for line in report.skipped)
    fs.faults.clear()
    assert out_paths(yard.plane, "coder") == [str(work)]
    yard.reopened()
    yard.plane.carry_out(Return(("coder",)))
    assert out_paths(yard.plane, "coder") == []


def test_a_disk_that_refuses_a_return_is_told(tmp_path: Path, work: Path) -> None:
    """What the ledger says holds: here nothing had come back."""
    fs = FaultyFs({})
    yard = Yard(tmp_path, fs=fs)
    write_holder(yard.plane, "coder", ("write", work))
    fs.faults["append_line"] = (errno.EIO, on("loans.jsonl"))
    with pytest.raises(DiskTrouble, match="could not be changed"):
        yard.plane.carry_out(Return(("coder",)))
    fs.faults.clear()
    assert out_paths(yard.plane, "coder") == [str(work)]


# broken off


@pytest.mark.parametrize("action", ["return", "relend"])
def test_killed_at_every_step_the_lines_are_the_truth(yard: Yard, work: Path, action: str) -> None:
    """A second start tells what the ledger has, once; a third changes nothing."""
    names = iter(range(1000))
    steps = Steps()
    mortal = replace(yard.system, fs=MortalFs(steps))
    while True:
        name = f"coder-{next(names)}"
        write_holder(yard.plane, name, ("write", work / name / "a"), ("write", work / name / "b"))
        if action == "relend":
            yard.plane.carry_out(Return((name,)))
        yard.plane.snapshot()
        known = {each.id for each in diagnostics_of_loans(yard.plane)}
        steps.taken, steps.is_dead, steps.die_at = [], False, 0
        plane = LocalPlane.open(mortal)
        request = Return((name,)) if action == "return" else Relend((name,))
        steps.taken, steps.die_at = [], int(name.split("-")[1]) + 1
        try:
            plane.carry_out(request)
        except Killed:
            finished = False
        else:
            finished = True
        check_told_once(yard, name, known, action)
        if finished:
            break
    assert next(names) > 8


def check_told_once(yard: Yard, name: str, known: set[str], action: str) -> None:
    """Start again twice: every changed loan is told in exactly one diagnostic."""
    yard.reopened()
    new = [each for each in diagnostics_of_loans(yard.plane) if each.id not in known]
    changed = [
        loan for loan in loans_of_pod(yard.plane, name) if loan.is_out == (action != "return")
    ]
    told = [loan for loan in changed for each in new if loan.path in each.summary]
    assert told == changed
    assert len(new) == (1 if changed else 0)
    before = fingerprint(yard.plane.store_path)
    yard.reopened()
    assert fingerprint(yard.plane.store_path) == before
