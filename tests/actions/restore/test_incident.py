"""The incident podtui answers: a parent was restored, and a live child was silently lost.

One list had meant visibility, address and scope at once, and one failed probe had decided. Here a
parent is lost and restored while its child is in every state a child can be in.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import PodRecord
from podtui.core.model.requests import Prune, Recover, Restore
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Status, Verdict
from podtui.core.processes.sample import identity_of
from podtui.kernel import processes
from tests.support.record_builders import write_pod
from tests.support.store_fixture import Yard, until

BUSY = "while :; do echo busy; read -t 0.05 nothing < /dev/zero || :; done"
BASH = "/bin/bash"
OUTPUT = "what the child said"


def end_with_supervisor(yard: Yard) -> None:
    """Kill a child together with its supervisor."""
    yard.kill(yard.supervisor_of("child"))
    yard.kill(yard.child_of("child"))


def stop_supervisor(yard: Yard) -> None:
    """Stop the child's supervisor: it is alive and does not answer."""
    yard.stop_process(yard.supervisor_of("child"))


def stop_command(yard: Yard) -> None:
    """Stop the child's command: it is alive and does nothing."""
    yard.stop_process(yard.child_of("child"))


def damage_record(yard: Yard) -> None:
    """Make the child's record unreadable."""
    record = yard.plane.store.paths.pod("child").record
    record.write_bytes(b"name = [")


def wait_for_its_end(yard: Yard) -> None:
    """Wait until the child has ended by itself."""
    yard.wait_ended("child")


def prune_child(yard: Yard) -> None:
    """Let the child end, and prune it."""
    yard.wait_ended("child")
    yard.plane.carry_out(Prune(("child",)), actor="operator")


def wait_until_it_asks(yard: Yard) -> None:
    """Wait until the child's command is blocked reading its terminal."""
    child = yard.child_of("child")
    until(lambda: yard.system.proc.blocked_on_terminal(child.pid) is Answer.YES)


def nothing(_yard: Yard) -> None:
    """Leave the child as it is."""


@dataclass(frozen=True)
class State:
    """A state of a child: the script that comes to it, and what is done to it."""

    script: str
    happens: Callable[[Yard], None] = nothing
    lives: bool = True

    def __str__(self) -> str:
        return self.happens.__name__


STATES = {
    "working": State(f"echo {OUTPUT}; {BUSY}"),
    "waiting": State(f"echo {OUTPUT}; read answer", wait_until_it_asks),
    "idle": State(f"echo {OUTPUT}; exec sleep 600"),
    "stopped": State(f"echo {OUTPUT}; exec sleep 600", stop_command),
    "unresponsive": State(f"echo {OUTPUT}; exec sleep 600", stop_supervisor),
    "exited": State(f"echo {OUTPUT}", wait_for_its_end, lives=False),
    "failed": State(f"echo {OUTPUT}; exit 3", wait_for_its_end, lives=False),
    "lost": State(f"echo {OUTPUT}; exec sleep 600", end_with_supervisor, lives=False),
    "unreadable": State(f"echo {OUTPUT}; exec sleep 600", damage_record),
}


def output_of(yard: Yard, name: str = "child") -> str:
    """Return everything a pod has printed, read from the disk alone."""
    pieces = yard.reopened().reading(name, reader="test", from_start=True, peek=True).pieces()
    return "".join(str(piece.data) for piece in pieces)


def files_of(yard: Yard, name: str = "child") -> dict[str, bytes]:
    """Return a pod's records and ledgers, as they are on the disk."""
    root = yard.plane.store.paths.pod(name).root
    kept = ("pod.toml", "children.jsonl", "loans.jsonl", "run.json", "exit.json")
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.name in kept
    }


def lose(yard: Yard, name: str) -> None:
    """Kill a pod's supervisor and its command, as a crash of the machine's memory would."""
    supervisor, child = yard.supervisor_of(name), yard.child_of(name)
    yard.kill(supervisor)
    yard.kill(child)
    until(lambda: yard.view(name).status is Status.LOST)


def is_running(yard: Yard, name: str = "child") -> bool:
    """Whether the recorded command of a pod's first run is there."""
    answer, _ = yard.system.proc.is_there(identity_of(yard.child_of(name)))
    return answer is Answer.YES


def row(yard: Yard, name: str = "child") -> PodView:
    """Return the row another observer shows of a pod."""
    found = yard.reopened().snapshot().find(name)
    assert found is not None, f"{name} has no row"
    return found


def diagnostics_about(yard: Yard, name: str) -> list[DiagnosticKind]:
    return [each.kind for each in yard.reopened().diagnostics() if each.pod == name]


@pytest.fixture
def parent(yard: Yard) -> Yard:
    """A store with a parent that runs."""
    yard.shell("parent", "echo parent; exec sleep 600")
    return yard


@pytest.mark.parametrize("name", STATES)
def test_a_child_in_any_state_outlives_the_restore_of_its_parent(parent: Yard, name: str) -> None:
    """It is still shown below its parent, nothing of it is changed, and it reads as before."""
    state = STATES[name]
    scope = parent.root / "work"
    scope.mkdir()
    parent.spawn("child", BASH, "-c", state.script, parent="parent", write=(str(scope),))
    until(lambda: OUTPUT in output_of(parent))
    state.happens(parent)
    before, files = row(parent), files_of(parent)
    ledger = parent.plane.store.paths.pod("parent").children.read_bytes()
    told = diagnostics_about(parent, "child")
    loans = [loan for loan in parent.plane.loans().out if loan.pod == "child"]
    lose(parent, "parent")

    report = parent.reopened().carry_out(Restore(("parent",)), actor="operator")

    assert report.failed == ()
    assert row(parent, "parent").run == 2
    assert row(parent, "parent").verdict is Verdict.ALIVE
    after = row(parent)
    assert (after.id, after.run, after.verdict) == (before.id, before.run, before.verdict)
    assert after.parent == before.parent
    assert files_of(parent) == files
    assert parent.plane.store.paths.pod("parent").children.read_bytes() == ledger
    assert OUTPUT in output_of(parent)
    assert is_running(parent) is state.lives
    assert [loan for loan in parent.plane.loans().out if loan.pod == "child"] == loans
    assert diagnostics_about(parent, "child") == told
    assert "child" in parent.reopened().inspect("parent").children


@pytest.mark.parametrize("name", ["working", "waiting", "idle", "unreadable"])
def test_a_living_child_can_be_attached_to_after_its_parent_was_restored(
    parent: Yard, name: str
) -> None:
    """Its address did not go with its parent's run."""
    state = STATES[name]
    parent.spawn("child", BASH, "-c", state.script, parent="parent")
    until(lambda: OUTPUT in output_of(parent))
    state.happens(parent)
    lose(parent, "parent")
    parent.reopened().carry_out(Restore(("parent",)), actor="operator")
    with parent.reopened().attach("child", read_only=False, columns=80, rows=24) as client:
        assert client is not None
    assert is_running(parent)


def test_a_starting_child_outlives_the_restore_of_its_parent(parent: Yard) -> None:
    """A child whose number is reserved and whose supervisor comes any moment is left in peace."""
    record = parent.plane.store.pod_record("parent")
    assert isinstance(record, PodRecord)
    write_pod(parent.plane, "child", parent=record)
    parent.reopened().snapshot()
    files = files_of(parent)
    lose(parent, "parent")
    parent.reopened().carry_out(Restore(("parent",)), actor="operator")
    assert row(parent).status is Status.STARTING
    assert row(parent).parent == "parent"
    assert files_of(parent) == files


def test_a_pruned_child_comes_back_below_its_restored_parent(parent: Yard) -> None:
    """What was taken away was told with its way back, and the way back works after the restore."""
    parent.shell("child", f"echo {OUTPUT}", parent="parent")
    prune_child(parent)
    lose(parent, "parent")
    parent.reopened().carry_out(Restore(("parent",)), actor="operator")
    told = [
        each
        for each in parent.reopened().diagnostics()
        if each.kind is DiagnosticKind.PRUNED and each.pod == "child"
    ]
    assert len(told) == 1
    assert told[0].evidence
    assert told[0].undo is not None
    with pytest.raises(PodtuiError, match="recover"):
        parent.reopened().inspect("child")
    parent.reopened().carry_out(Recover((told[0].undo.target,)), actor="operator")
    assert row(parent).parent == "parent"
    assert OUTPUT in output_of(parent)


SPAWNER = f"""
trap '' HUP
{sys.executable} -m podtui spawn child -- {BASH} -c '{BUSY}' || exit 9
exec sleep 600
"""


def test_a_child_spawned_from_inside_its_parent_is_not_ended_with_its_leftovers(
    here: Yard,
) -> None:
    """It hung below its parent's supervisor, and the restore ends only the parent's own."""
    yard = here
    yard.spawn("parent", BASH, "-c", SPAWNER)
    until(lambda: "child" in yard.plane.store.pod_names(), seconds=30)
    until(lambda: row(yard).status in {Status.WORKING, Status.WAITING}, seconds=30)
    yard.kill(yard.supervisor_of("parent"))
    # The command of the parent still runs: it is a leftover, and the child is none.
    leftover = yard.child_of("parent")
    until(lambda: yard.view("parent").status is Status.LOST)
    assert is_running(yard, "parent")
    yard.reopened().carry_out(Restore(("parent",)), actor="operator")
    answer, _ = yard.system.proc.is_there(identity_of(leftover))
    assert answer is Answer.NO
    assert is_running(yard)
    assert row(yard).verdict is Verdict.ALIVE
    assert row(yard).parent == "parent"
    # A second run of the spawner finds its child in place, and is told so.
    yard.wait_ended("parent", 2)
    assert row(yard, "parent").exit_code == 9


def test_a_parent_lost_twice_and_restored_twice_keeps_its_children(parent: Yard) -> None:
    """Nothing wears off: the third run has the same ledger as the first."""
    for number in range(3):
        parent.shell(f"child-{number}", "exec sleep 600", parent="parent")
    ledger = parent.plane.store.paths.pod("parent").children.read_bytes()
    for run in (1, 2):
        parent.kill(parent.supervisor_of("parent", run))
        until(lambda: parent.view("parent").status is Status.LOST)
        parent.reopened().carry_out(Restore(("parent",)), actor="operator")
    assert row(parent, "parent").run == 3
    assert parent.plane.store.paths.pod("parent").children.read_bytes() == ledger
    assert set(parent.reopened().inspect("parent").children) == {f"child-{n}" for n in range(3)}
    for number in range(3):
        assert is_running(parent, f"child-{number}")


def test_a_stopped_supervisor_is_never_taken_for_a_dead_one(parent: Yard) -> None:
    """Restoring what does not answer is refused, and nothing is signalled."""
    parent.stop_process(parent.supervisor_of("parent"))
    with pytest.raises(PodtuiError, match="alive"):
        parent.reopened().carry_out(Restore(("parent",)), actor="operator")
    assert processes.read_stat(parent.supervisor_of("parent").pid).state == "T"
    parent.signal(parent.supervisor_of("parent"), signal.SIGCONT)
    assert row(parent, "parent").run == 1


def test_the_whole_family_lost_at_once_comes_back_in_one_step(yard: Yard, tmp_path: Path) -> None:
    """All of a tree lost with the machine's memory: every pod runs again, below whom it was."""
    yard.shell("root", "exec sleep 600")
    yard.shell("left", "exec sleep 600", parent="root")
    yard.shell("right", "exec sleep 600", parent="root")
    yard.shell("leaf", "exec sleep 600", parent="left")
    for name in ("root", "left", "right", "leaf"):
        yard.kill(yard.supervisor_of(name))
    until(lambda: len(yard.plane.lost_pods()) == 4)
    plane = yard.reopened()
    report = plane.carry_out(Restore(tuple(plane.lost_pods())), actor="operator")
    assert report.failed == ()
    pods = {pod.name: (pod.parent, pod.run, pod.verdict) for pod in plane.snapshot().pods}
    alive = Verdict.ALIVE
    assert pods == {
        "root": (None, 2, alive),
        "left": ("root", 2, alive),
        "right": ("root", 2, alive),
        "leaf": ("left", 2, alive),
    }
