"""Restoring many pods: in the order of the tree, paced, braked, and beside somebody else."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from podtui.core.actions.restore.restore import BACKOFF, BURST, PAUSE_S
from podtui.core.control.local import LocalPlane
from podtui.core.errors import NotFound, Refused
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Restore
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.system.clock import SystemClock
from podtui.core.system.proc import Proc
from tests.support.at_once import at_once
from tests.support.lose_pods import lose
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard


class PausingClock(SystemClock):
    """The real clock, but that it notes longer pauses and does not make them."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        if seconds < PAUSE_S:
            super().pause(seconds)
        else:
            self.pauses.append(seconds)


class Picky(Proc):
    """Processes of which some pods' supervisors cannot be started; notes who was asked for."""

    def __init__(self, *cannot: str) -> None:
        super().__init__()
        self.cannot = cannot
        self.asked: list[str] = []

    def start_detached(self, arguments: Sequence[str], **options: object) -> bytes:
        name = arguments[-1].split("/")[-3]
        self.asked.append(name)
        if name in self.cannot:
            return b'{"ok": false, "error": "no room", "kind": "refused"}\n'
        return super().start_detached(arguments, **options)  # type: ignore[arg-type]


def never_started(yard: Yard, names: Sequence[str]) -> None:
    """Write pods that never started."""
    for name in names:
        write_pod(yard.plane, name, waited_s=60.0)


def plane_with(yard: Yard, proc: Proc | None = None) -> tuple[LocalPlane, PausingClock]:
    clock = PausingClock()
    system = msgspec.structs.replace(yard.system, clock=clock, proc=proc or yard.system.proc)
    return LocalPlane.open(system), clock


def test_parents_come_before_their_children_whatever_the_order_of_the_names(yard: Yard) -> None:
    """A child that starts first would find nobody to report to."""
    root = write_pod(yard.plane, "z-root", waited_s=60.0)
    write_pod(yard.plane, "a-child", parent=root, waited_s=60.0)
    write_pod(yard.plane, "other", waited_s=60.0)
    proc = Picky()
    plane, _ = plane_with(yard, proc)
    report = plane.carry_out(Restore(("a-child", "other", "z-root", "other")))
    assert report.failed == ()
    assert proc.asked.index("z-root") < proc.asked.index("a-child")
    assert sorted(proc.asked) == ["a-child", "other", "z-root"]
    assert {view.verdict for view in yard.plane.snapshot().pods} == {Verdict.ALIVE}


def test_starts_are_paced(yard: Yard) -> None:
    """One after the other, and after every few a pause: no storm of agents that begin at once."""
    names = [f"pod-{number:02d}" for number in range(2 * BURST + 1)]
    never_started(yard, names)
    plane, clock = plane_with(yard)
    report = plane.carry_out(Restore(tuple(plane.lost_pods()), in_bulk=True))
    assert len(report.done) == len(names)
    assert clock.pauses == [PAUSE_S, PAUSE_S]


def test_a_brake_stops_what_fails_again_and_again(yard: Yard) -> None:
    """After so many failures in a row the rest is left as it was, and one diagnostic says so."""
    names = [f"pod-{number}" for number in range(BACKOFF + 3)]
    never_started(yard, names)
    proc = Picky(*names)
    plane, _ = plane_with(yard, proc)
    report = plane.carry_out(Restore(tuple(names)))
    assert len(proc.asked) == len(report.failed) == BACKOFF
    assert [each.partition(":")[0] for each in report.skipped] == names[BACKOFF:]
    assert all("after 3 failures in a row" in each for each in report.skipped)
    (braked,) = [each for each in plane.diagnostics() if each.kind is DiagnosticKind.BRAKED]
    assert all(name in braked.summary for name in names)
    assert "no room" in braked.summary
    for name in names[BACKOFF:]:
        assert yard.view(name).run == 1


def test_failures_apart_from_each_other_do_not_brake(yard: Yard) -> None:
    """A success in between shows that it is not the host."""
    names = [f"pod-{number}" for number in range(6)]
    never_started(yard, names)
    plane, _ = plane_with(yard, Picky(*names[::2]))
    report = plane.carry_out(Restore(tuple(names)))
    assert (len(report.failed), len(report.done)) == (3, 3)
    assert [each for each in plane.diagnostics() if each.kind is DiagnosticKind.BRAKED] == []


def test_each_pod_stands_for_itself(yard: Yard) -> None:
    """Who is alive, starting or not there is left out with its reason; the others are restored."""
    yard.spawn("alive")
    write_pod(yard.plane, "starting")
    never_started(yard, ["lost"])
    names = ["alive", "nobody", "starting", "lost"]
    plan = yard.plane.plan(Restore(tuple(names)))
    assert not plan.is_refused
    assert sorted(each.kind for each in plan.refusals) == ["not_found", "refused", "refused"]
    report = yard.plane.carry_out(Restore(tuple(names)))
    assert len(report.done) == 1
    assert sorted(each.partition(":")[0] for each in report.skipped) == [
        "alive",
        "nobody",
        "starting",
    ]
    assert report.failed == ()


def test_when_none_can_be_restored_the_first_reason_is_the_answer(yard: Yard) -> None:
    """Nothing done is no success."""
    yard.spawn("alive")
    with pytest.raises(NotFound, match="nobody"):
        yard.plane.carry_out(Restore(("nobody", "alive")))


def test_only_what_is_lost_is_among_the_lost(yard: Yard) -> None:
    """What ended by itself is not brought back by a restore of everything that is lost."""
    write_exit(yard.plane, write_pod(yard.plane, "exited"))
    never_started(yard, ["never"])
    yard.spawn("killed")
    lose(yard, "killed")
    assert sorted(yard.plane.lost_pods()) == ["killed", "never"]


def test_a_pod_that_changes_while_others_are_restored_is_left_out(yard: Yard) -> None:
    """What was planned is looked at again when its turn comes."""
    never_started(yard, ["first", "second"])

    class Meddling(Picky):
        def start_detached(self, arguments: Sequence[str], **options: object) -> bytes:
            answer = super().start_detached(arguments, **options)
            if self.asked == ["first"]:
                yard.plane.carry_out(Restore(("second",)), actor="bob")
            return answer

    plane, _ = plane_with(yard, Meddling())
    report = plane.carry_out(Restore(("first", "second")), actor="ann")
    assert len(report.done) == 1
    (skipped,) = report.skipped
    assert "restored by bob" in skipped
    assert yard.view("second").run == 2


RESTORE = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Restore
from podtui.core.errors import PodtuiError
from podtui.core.system.system import System
environment = {"PATH": "/usr/bin:/bin", "PODTUI_RUNTIME_DIR": sys.argv[3]}
system = System(environment=environment, machine_id="test-machine")
plane = LocalPlane.open(system, root=Path(sys.argv[2]))
# gate
try:
    plane.carry_out(Restore(("pod",)), actor=f"actor-{sys.argv[1]}")
except PodtuiError as error:
    print(error.kind, error.message)
else:
    print("restored")
"""


def test_of_several_who_restore_one_pod_at_once_one_does_it(yard: Yard) -> None:
    """Exactly one new run; each other is told who has won, and the pod runs once."""
    yard.spawn("pod")
    lose(yard, "pod")
    arguments = (str(yard.plane.store_path), yard.environment["PODTUI_RUNTIME_DIR"])
    said = at_once(RESTORE, count=4, arguments=arguments)
    assert sum(each == "restored\n" for each in said) == 1
    winner = yard.run_record("pod", 2).actor
    for each in said:
        assert each == "restored\n" or f"restored by {winner}" in each
    assert yard.plane.store.run_numbers("pod") == [1, 2]
    assert yard.view("pod").verdict is Verdict.ALIVE
    assert yard.plane.store.intents.all() == []


def test_restored_again_and_again_each_run_is_of_one_restore(yard: Yard) -> None:
    """Twice, lost, twice again: one run for each restore that was done."""
    yard.spawn("pod")
    for run in (2, 3):
        lose(yard, "pod", run - 1)
        yard.plane.carry_out(Restore(("pod",)))
        with pytest.raises(Refused, match="alive"):
            yard.plane.carry_out(Restore(("pod",)))
        assert yard.view("pod").run == run
    actions = set()
    for run in yard.plane.store.run_numbers("pod"):
        record = yard.plane.store.run_record("pod", run)
        assert isinstance(record, RunRecord)
        actions.add(record.action_id)
    assert len(actions) == 3
    assert yard.view("pod").status is Status.WORKING
