"""Two actors on one pod at the same moment (F70, F74), and a holder of its lock killed (F71)."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Restore, Stop
from podtui.core.model.verdicts import Verdict
from podtui.kernel import signals
from tests.support.at_once import REPOSITORY, at_once
from tests.support.faulty import Killed, MortalFs, MortalProc, MortalSignals, Steps
from tests.support.lose_pods import lose, wait_for_output
from tests.support.orphans import living_marked, lose_supervisor
from tests.support.store_fixture import Yard

SCRIPT = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Prune, Reap, ReapOrphans, Restore, Stop
from podtui.core.errors import PodtuiError
from podtui.core.system.system import System
environment = {"PATH": "/usr/bin:/bin", "PODTUI_RUNTIME_DIR": sys.argv[3]}
system = System(environment=environment, machine_id="test-machine")
plane = LocalPlane.open(system, root=Path(sys.argv[2]))
import podtui.core.actions.running.stop
import podtui.core.actions.restore.restore
import podtui.core.actions.reap.reap
import podtui.core.actions.trash.prune
acts = {
    "stop": lambda: plane.carry_out(Stop(("pod",), grace_s=0), actor="stopper"),
    "restore": lambda: plane.carry_out(Restore(("pod",)), actor="restorer"),
    "reap": lambda: plane.carry_out(Reap(("pod",), grace_s=0.1), actor="reaper"),
    "orphans": lambda: plane.carry_out(ReapOrphans(grace_s=0.1), actor="reaper"),
    "prune": lambda: plane.carry_out(Prune(("pod",)), actor="pruner"),
}
wanted = sys.argv[4:][int(sys.argv[1]) % (len(sys.argv) - 4)]
# gate
try:
    report = acts[wanted]()
except PodtuiError as error:
    print(wanted, error.kind, "|", error.message, "|", error.next_step)
else:
    print(wanted, "failed" if report.failed else "done", "|", report)
"""
TOLD = {"done", "failed", "refused", "busy", "unknown_state", "not_found"}
"""The answers a pair may get; which one depends on who came first, and each says it."""


def together(yard: Yard, *acts: str, count: int = 2) -> list[tuple[str, str, str]]:
    """Let processes act at the same moment; returns what each wanted, its outcome, its words."""
    arguments = (str(yard.plane.store_path), yard.environment["PODTUI_RUNTIME_DIR"], *acts)
    said = at_once(SCRIPT, count=count, arguments=arguments)
    parts = [each.strip().split(" | ", 1) for each in said]
    return [(*head.split(" ", 1), words) for head, words in parts]  # type: ignore[misc]


def assert_converged(yard: Yard) -> None:
    """Nothing is under way, nothing is torn, and one run of the pod is alive at most."""
    plane = yard.reopened()
    assert plane.store.intents.all() == []
    assert list(plane.store.paths.staging.iterdir()) == []
    assert plane.store.journal.read().problems == ()
    if plane.snapshot().find("pod") is None:
        assert [each.name for each in plane.trash()] == ["pod"]
        return
    living = [
        run
        for run in plane.store.run_numbers("pod")
        if isinstance(record := plane.store.run_record("pod", run), RunRecord)
        and record.supervisor is not None
        and plane.store.exit_record("pod", run, record.pod_id).__class__.__name__ != "ExitRecord"
        and not yard.system.proc.ends_within(record.supervisor.pid, 0)
    ]
    assert len(living) <= 1
    assert living in ([], [plane.look_at("pod").run])


def alive(yard: Yard) -> None:
    yard.spawn("pod")


def lost(yard: Yard) -> None:
    yard.spawn("pod")
    lose(yard, "pod")


def orphaned(yard: Yard) -> None:
    yard.shell("pod", "trap '' HUP; sleep 600 & echo up; sleep 600; sleep 600")
    wait_for_output(yard, "pod", 1, "up")
    lose_supervisor(yard, "pod")


PAIRS = [
    (alive, "stop", "restore"),
    (alive, "stop", "stop"),
    (alive, "stop", "prune"),
    (alive, "stop", "reap"),
    (lost, "restore", "restore"),
    (lost, "restore", "stop"),
    (lost, "restore", "prune"),
    (orphaned, "reap", "restore"),
    (orphaned, "reap", "reap"),
    (orphaned, "reap", "prune"),
    (orphaned, "orphans", "restore"),
    (orphaned, "orphans", "reap"),
    (orphaned, "restore", "restore"),
]


@pytest.mark.parametrize(
    "pair", PAIRS, ids=[f"{state.__name__}-{one}-{other}" for state, one, other in PAIRS]
)
def test_of_two_at_once_each_is_told_the_truth(yard: Yard, pair: tuple[object, str, str]) -> None:
    """Whoever came first: each is done or told why not, and the pod is in one whole state."""
    state, one, other = pair
    assert callable(state)
    state(yard)
    answers = together(yard, one, other)
    assert {outcome for _, outcome, _ in answers} <= TOLD, answers
    # Of many pods, one that somebody else acts on is a failure that names him.
    assert all("is locked by" in words for _, outcome, words in answers if outcome == "failed")
    assert "done" in {outcome for _, outcome, _ in answers}, answers
    assert_converged(yard)
    done = {wanted for wanted, outcome, _ in answers if outcome == "done"}
    view = yard.reopened().snapshot().find("pod")
    if "prune" in done:
        assert view is None
    elif "restore" in done and "stop" not in (one, other):
        assert view is not None
        assert (view.run, view.verdict) == (2, Verdict.ALIVE)
    elif done == {"stop"}:
        assert view is not None
        assert view.verdict is Verdict.DEAD
    if state is orphaned and view is not None and view.run == 1:
        assert living_marked(yard, view.id) == []


def test_restored_twice_crashed_and_twice_again_each_round_is_one_run(yard: Yard) -> None:
    """Two at once, a loss, a restorer that dies in the middle, two at once again: no run twice."""
    yard.spawn("pod")
    lose(yard, "pod")
    for run in (2, 3):
        answers = together(yard, "restore", count=2)
        assert sorted(outcome for _, outcome, _ in answers) == ["done", "refused"], answers
        assert (yard.view("pod").run, yard.view("pod").verdict) == (run, Verdict.ALIVE)
        lose(yard, "pod", run)
    steps = Steps(8)
    mortal = replace(
        yard.system, fs=MortalFs(steps), proc=MortalProc(steps), signals=MortalSignals(steps)
    )
    with suppress(Killed):
        LocalPlane.open(mortal).carry_out(Restore(("pod",)))
    assert steps.is_dead
    answers = together(yard, "restore", count=2)
    assert sorted(outcome for _, outcome, _ in answers) == ["done", "refused"], answers
    assert_converged(yard)
    runs = yard.plane.store.run_numbers("pod")
    restored = [e for e in yard.plane.diagnostics() if e.kind is DiagnosticKind.RESTORED]
    assert len({each.run for each in restored}) == len(restored) == 3
    assert restored[-1].run == runs[-1] == yard.view("pod").run


HOLDER = """
import subprocess, sys
from pathlib import Path
from podtui.core.actions.framework.locks import action_lock
from podtui.core.store.store import Store
from podtui.core.system.system import System
system = System(machine_id="test-machine")
store = Store.open(system, Path(sys.argv[1]))
with action_lock(system, store.paths.pod("pod"), pod="pod", action="restore", actor="ann"):
    # What podtui starts inherits no lock, even where everything would be inherited.
    child = subprocess.Popen(["sleep", "600"], close_fds=False)
    print(child.pid, flush=True)
    sys.stdin.readline()
"""


def test_the_lock_of_a_killed_holder_is_free_at_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while a process that the holder started lives on: the lock was not inherited."""
    yard.spawn("pod")
    monkeypatch.setattr("podtui.core.actions.framework.locks.ACTION_WAIT_S", 0.0)
    lock = yard.plane.store.paths.pod("pod").action_lock
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(yard.plane.store_path)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(REPOSITORY))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        child = signals.open_target(int(holder.stdout.readline()))
        assert yard.system.fs.is_locked(lock)
        holder.kill()
        holder.wait()
        assert not yard.system.proc.has_ended(child, 0)
        assert not yard.system.fs.is_locked(lock)
        assert yard.plane.carry_out(Stop(("pod",), grace_s=0)).failed == ()
        signals.send(child, 9)
        yard.system.proc.close(child)
