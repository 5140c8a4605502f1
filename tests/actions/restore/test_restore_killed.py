"""A restore that is broken off anywhere: nothing is lost, one run at most, and it converges."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.requests import Restore, Return
from podtui.core.model.verdicts import Status, Verdict
from tests.support.at_once import REPOSITORY
from tests.support.faulty import Killed, MortalFs, MortalProc, MortalSignals, Steps
from tests.support.lose_pods import lose
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint, too_open

RESTORE_KINDS = (DiagnosticKind.RESTORED, DiagnosticKind.RESTORE_FAILED)


def mortal_plane(yard: Yard, steps: Steps) -> LocalPlane:
    """Open the store as a process that dies at a step."""
    system = replace(
        yard.system, fs=MortalFs(steps), proc=MortalProc(steps), signals=MortalSignals(steps)
    )
    return LocalPlane.open(system)


def restored_by_a_mortal(yard: Yard, die_at: int) -> Steps:
    """Restore as a process that dies before its ``die_at``-th change; 0 lives on."""
    steps = Steps(die_at)
    with suppress(Killed):
        mortal_plane(yard, steps).carry_out(Restore(("pod",)), actor="ann")
    return steps


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A lost pod with a living child, and a scope that had come back from it."""
    scope = yard.root / "work"
    scope.mkdir()
    yard.spawn("pod", write=(str(scope),))
    yard.spawn("child", parent="pod")
    lose(yard, "pod")
    yard.plane.snapshot()
    yard.plane.carry_out(Return(("pod",)))
    return yard


def all_steps() -> list[str]:
    """Return the steps of a whole restore, to number the tests by."""
    # The list is checked against a real restore below; a new step makes that test fail.
    return [
        "locked action.lock",
        "note_holder ",
        "locked ACTION.lock",
        "replace ACTION.json",
        *("locked lock", "append_line 000001.jsonl", "write_line "),
        *("locked loans.lock", "append_line loans.jsonl", "write_line "),
        *("locked lock", "append_line 000001.jsonl", "write_line "),
        *("locked lock", "append_line 000001.jsonl", "write_line "),
        "locked loans.lock",
        "make_directory ID.2",
        "create run.json",
        "create lock",
        "create output",
        "create index",
        "sync_directory ID.2",
        "rename 0002",
        "open_append supervisor.log",
        "start ",
        "started ",
        *("locked lock", "append_line 000001.jsonl", "write_line "),
        *("locked lock", "append_line 000001.jsonl", "write_line "),
        "remove ACTION.json",
        "remove ACTION.lock",
        "sync_directory intents",
    ]


RESERVED = all_steps().index("rename 0002") + 1
STARTED = all_steps().index("start ") + 1
INTENDED = all_steps().index("replace ACTION.json") + 1


def test_the_steps_of_a_restore_are_known(family: Yard) -> None:
    """Every change a restore makes is one of the steps at which it is killed below."""
    steps = restored_by_a_mortal(family, 0).taken
    action = next(each for each in steps if each.startswith("replace")).split()[1][:-5]
    pod_id = family.view("pod").id
    named = [each.replace(pod_id, "ID").replace(action, "ACTION") for each in steps]
    assert named == all_steps()


def out(yard: Yard) -> list[bool]:
    return [loan.is_out for loan in yard.plane.loans().loans if loan.pod == "pod"]


def told(yard: Yard) -> list[DiagnosticKind]:
    return [each.kind for each in yard.plane.diagnostics() if each.kind in RESTORE_KINDS]


def settled(yard: Yard) -> dict[str, str]:
    """Return everything in the store that does not belong to a living run."""
    return {
        name: what
        for name, what in fingerprint(yard.plane.store_path).items()
        if not name.startswith(("pods/pod/runs/0002", "pods/child/runs", "run/"))
    }


def assert_converges(yard: Yard) -> None:
    """The second start brings it to an end, and the third changes nothing."""
    yard.reopened().snapshot()
    store = yard.plane.store
    assert store.intents.all() == []
    assert list(store.paths.staging.iterdir()) == []
    assert too_open(store.paths.root) == []
    before = settled(yard)
    assert yard.reopened().recover_interrupted() == ()
    yard.reopened().snapshot()
    assert settled(yard) == before


def assert_nothing_is_lost(yard: Yard, child: dict[str, str]) -> None:
    """The old run, the child and the ledger are what they were; one new run at most."""
    numbers = yard.plane.store.run_numbers("pod")
    assert numbers in ([1], [1, 2])
    assert yard.view("child").verdict is Verdict.ALIVE
    assert yard.view("child").parent == "pod"
    assert stable_files(yard) == child


def stable_files(yard: Yard) -> dict[str, str]:
    paths = yard.plane.store.paths
    files = {
        **{f"child/{name}": what for name, what in fingerprint(paths.pod("child").root).items()},
        "ledger": paths.pod("pod").children.read_text(),
        "run 1": paths.pod("pod").run(1).record.read_text(),
    }
    return {name: what for name, what in files.items() if not name.endswith("status.json")}


@pytest.mark.parametrize(
    "die_at", range(1, len(all_steps()) + 1), ids=lambda n: f"{n}-{all_steps()[n - 1].strip()}"
)
def test_a_restorer_may_die_before_any_step(family: Yard, die_at: int) -> None:
    """Before the start it is taken back, after it told; then it is as if nobody had died."""
    kept = stable_files(family)
    assert restored_by_a_mortal(family, die_at).is_dead
    assert_converges(family)
    assert_nothing_is_lost(family, kept)
    view = family.view("pod")
    if die_at > STARTED:
        assert (view.run, view.verdict) == (2, Verdict.ALIVE)
        assert (told(family), out(family)) == ([DiagnosticKind.RESTORED], [True])
        return
    expected = (2, Status.FAILED) if die_at > RESERVED else (1, Status.LOST)
    assert (view.run, view.status) == expected
    assert out(family) == [False]
    assert told(family) == ([DiagnosticKind.RESTORE_FAILED] if die_at > INTENDED else [])
    family.plane.carry_out(Restore(("pod",)))
    assert family.view("pod").verdict is Verdict.ALIVE
    assert out(family) == [True]


@pytest.mark.parametrize("broken_off_at", [RESERVED, RESERVED + 1, STARTED + 1])
def test_whoever_finishes_it_may_die_as_well(family: Yard, broken_off_at: int) -> None:
    """Killed again and again while it is brought to its end, it still comes to the same."""
    restored_by_a_mortal(family, broken_off_at)
    deaths = 0
    for die_at in range(1, 100):
        steps = Steps(die_at)
        with suppress(Killed):
            mortal_plane(family, steps)
        if not steps.is_dead:
            break
        deaths += 1
    assert deaths > 3
    assert_converges(family)
    runs = broken_off_at > STARTED
    kind = DiagnosticKind.RESTORED if runs else DiagnosticKind.RESTORE_FAILED
    assert told(family) == [kind]
    assert out(family) == [runs]
    assert (family.view("pod").verdict is Verdict.ALIVE) is runs


class Interrupting(MortalProc):
    """Somebody presses Ctrl-C while the supervisor starts."""

    def start_detached(self, *arguments: object, **options: object) -> bytes:
        super().start_detached(*arguments, **options)
        raise KeyboardInterrupt


def test_ctrl_c_while_it_starts_loses_nothing(family: Yard) -> None:
    """The supervisor goes on; the next start tells that the pod is restored."""
    plane = LocalPlane.open(replace(family.system, proc=Interrupting(Steps())))
    with pytest.raises(KeyboardInterrupt):
        plane.carry_out(Restore(("pod",)))
    assert_converges(family)
    assert told(family) == [DiagnosticKind.RESTORED]
    assert family.view("pod").verdict is Verdict.ALIVE


def test_a_supervisor_that_comes_after_its_restore_was_taken_back_starts_nothing(
    family: Yard,
) -> None:
    """The reserved run was fenced off: a late supervisor finds its exit record, and leaves."""
    late: list[tuple[tuple[object, ...], dict[str, object]]] = []

    class HeldUp(MortalProc):
        def start_detached(self, *arguments: object, **options: object) -> bytes:
            late.append((arguments, options))
            raise Killed("its supervisor is on its way")

    with pytest.raises(Killed):
        LocalPlane.open(replace(family.system, proc=HeldUp(Steps()))).carry_out(Restore(("pod",)))
    family.reopened()
    before = fingerprint(family.plane.store.paths.pod("pod").run(2).root)
    arguments, options = late[0]
    log = family.system.fs.open_append(family.plane.store.paths.pod("pod").run(2).supervisor_log)
    try:
        answer = family.system.proc.start_detached(*arguments, **{**options, "log": log})  # type: ignore[arg-type]
    finally:
        family.system.fs.close(log)
    assert b"started before" in answer
    assert fingerprint(family.plane.store.paths.pod("pod").run(2).root) == before
    assert family.view("pod").status is Status.FAILED


# the shipped command, killed by the kernel

STRACE = shutil.which("strace")
LONGEST_WAIT_S = 60.0
CALLS = {"rename": 6, "fsync": 40, "fdatasync": 20, "mkdir": 6, "unlink": 6}
"""System calls a restore changes the store by, and more of each than it makes."""


def killed_at(yard: Yard, call: str, number: int) -> bool:
    """Kill a restore before its ``number``-th such call; False when it made fewer."""
    assert STRACE is not None
    inject = f"{call}:signal=SIGKILL:when={number}"
    # Without -f: what the command starts is not killed, as it would not be by an operator's kill.
    strace = (STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={inject}")
    done = subprocess.run(
        [*strace, sys.executable, "-m", "podtui", "restore", "pod", "--json"],
        env={**yard.environment, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    assert done.returncode in {0, 128 + signal.SIGKILL, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Yard]:
    """A lost pod, on this very machine, since another process restores it."""
    from podtui.core.system.system import real_system  # noqa: PLC0415 - seldom needed

    yard = Yard(tmp_path, machine_id=real_system().machine_id)
    yard.spawn("pod")
    lose(yard, "pod")
    yield yard
    yard.end_everything()


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: kills by the kernel not tried")
@pytest.mark.parametrize("call", CALLS)
def test_a_command_killed_at_any_call_loses_nothing(lost: Yard, call: str) -> None:
    """After each kill it converges, and no two of the pod's runs are alive."""
    kills = 0
    for number in range(1, CALLS[call] + 1):
        runs = lost.plane.store.run_numbers("pod")
        was_killed = killed_at(lost, call, number)
        lost.reopened().snapshot()
        assert lost.plane.store.intents.all() == []
        assert list(lost.plane.store.paths.staging.iterdir()) == []
        before = fingerprint(lost.plane.store.paths.intents)
        lost.reopened().snapshot()
        assert fingerprint(lost.plane.store.paths.intents) == before
        now = lost.plane.store.run_numbers("pod")
        assert now in (runs, [*runs, runs[-1] + 1])
        view = lost.view("pod")
        assert view.verdict in {Verdict.ALIVE, Verdict.DEAD}
        if view.verdict is Verdict.ALIVE:
            lose(lost, "pod", view.run)
        if not was_killed:
            break
        kills += 1
    else:
        pytest.fail(f"a restore makes more than {CALLS[call]} calls of {call}")
    assert kills > 0
