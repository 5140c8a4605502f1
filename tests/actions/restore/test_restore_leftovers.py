"""What the old run left running is ended before a new one begins, and nobody else is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from podtui.core.model.records import HandoffRecord
from podtui.core.model.requests import Restore, Send
from podtui.core.model.verdicts import Answer, Status, Verdict
from podtui.core.processes.sample import identity_of
from podtui.kernel.processes import ProcessGone, read_stat
from tests.support.lose_pods import lose, output_of, wait_for_output
from tests.support.store_fixture import Yard, until

# The second run tells whether a process the first one noted is still there. One that has ended and
# that nobody has waited for yet is not.
TELLS_WHO_IS_LEFT = """
trap '' HUP
if [ -e noted ]; then
  case "$(cut -d ' ' -f 3 "/proc/$(cat noted)/stat" 2>/dev/null)" in
    ""|Z) echo gone;; *) echo still there;;
  esac
fi
{start} echo $! > noted
echo ready
exec sleep 600
"""
PLAIN = "sleep 600 &"
OF_ITS_OWN_SESSION = "setsid sleep 600 &"


def is_there(pid: int) -> bool:
    """Whether a process is there and has not exited."""
    try:
        return not read_stat(pid).has_exited
    except ProcessGone:
        return False


def noted(directory: Path) -> int:
    return int((directory / "noted").read_text())


@pytest.mark.parametrize("start", [PLAIN, OF_ITS_OWN_SESSION])
def test_leftovers_are_gone_before_the_new_run_begins(yard: Yard, start: str) -> None:
    """Two writers in one working directory are what a restore must never make."""
    yard.shell("pod", TELLS_WHO_IS_LEFT.format(start=start), cwd=str(yard.root))
    wait_for_output(yard, "pod", 1, "ready")
    left, command = noted(yard.root), yard.child_of("pod")
    yard.kill(yard.supervisor_of("pod"))
    until(lambda: yard.view("pod").status is Status.LOST)
    assert is_there(left)
    steps = yard.plane.plan(Restore(("pod",))).texts
    assert str(left) in steps[0]
    assert str(command.pid) in steps[0]
    report = yard.plane.carry_out(Restore(("pod",)))
    assert report.failed == ()
    wait_for_output(yard, "pod", 2, "ready")
    assert output_of(yard, "pod", 2) == "gone\nready\n"
    assert any(f" {left} " in each for each in report.done)
    assert yard.system.proc.is_there(identity_of(command))[0] is Answer.NO


def test_a_living_child_of_the_pod_is_no_leftover(yard: Yard) -> None:
    """Pods are restored each by itself: what belongs to another goes on."""
    yard.spawn("pod")
    yard.spawn("child", parent="pod")
    child = yard.child_of("child")
    yard.kill(yard.supervisor_of("pod"))
    until(lambda: yard.view("pod").status is Status.LOST)
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.system.proc.is_there(identity_of(child))[0] is Answer.YES
    assert yard.view("child").verdict is Verdict.ALIVE


KEEPS = "trap '' HUP; sleep 600 & echo $! > noted; echo ready"
"""Without its terminal a process is hung up, unless it does not care."""


def test_what_was_kept_on_purpose_stays(yard: Yard) -> None:
    """A run that ended well and was to keep what it left: the plan says so, and it runs on."""
    yard.shell("pod", KEEPS, cwd=str(yard.root), leftovers="keep")
    yard.wait_ended("pod")
    left = noted(yard.root)
    plan = yard.plane.plan(Restore(("pod",)))
    assert "leave alone what run 1 left running" in plan.texts[0]
    yard.plane.carry_out(Restore(("pod",)))
    assert is_there(left)


def test_what_a_lost_run_left_is_ended_though_it_would_have_been_kept(yard: Yard) -> None:
    """Only who ended well has left something on purpose."""
    yard.shell("pod", f"{KEEPS}; exec sleep 600", cwd=str(yard.root), leftovers="keep")
    wait_for_output(yard, "pod", 1, "ready")
    left = noted(yard.root)
    lose(yard, "pod")
    assert is_there(left)
    yard.plane.carry_out(Restore(("pod",)))
    assert not is_there(left)


def test_what_an_earlier_start_handed_off_is_ended_as_well(yard: Yard) -> None:
    """An agent of a run that nobody watches any more would write beside the new one."""
    yard.shell("pod", "echo ready; exec sleep 600")
    wait_for_output(yard, "pod", 1, "ready")
    run = yard.run_record("pod")
    yard.kill(yard.supervisor_of("pod"))
    until(lambda: yard.view("pod").status is Status.LOST)
    yard.plane.store.handoffs.write(
        HandoffRecord(
            pod="pod",
            pod_id=run.pod_id,
            run=1,
            at=yard.system.clock.now(),
            actor="test",
            reason="test",
            supervisor=run.supervisor,
            child=run.child,
        )
    )
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.plane.store.handoffs.all() == []
    assert run.child is not None
    assert yard.system.proc.is_there(identity_of(run.child))[0] is Answer.NO


def test_restored_right_after_its_end_a_pod_does_not_trip_over_its_own_supervisor(
    yard: Yard,
) -> None:
    """A supervisor leaves a moment after it wrote the exit record; that moment is waited for."""
    yard.shell("pod", "read answer")
    exit_record = yard.plane.store.paths.pod("pod").run(1).exit
    yard.plane.carry_out(Send("pod", "go"))
    until(exit_record.exists)
    yard.plane.carry_out(Restore(("pod",)))
    assert yard.view("pod").run == 2
    assert os.listdir(yard.plane.store.paths.intents) == []
