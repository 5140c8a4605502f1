"""A reap that is broken off anywhere is finished by the next start, told once, and then over."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.requests import Reap
from tests.support.at_once import REPOSITORY
from tests.support.faulty import Killed, MortalFs, MortalSignals, Steps
from tests.support.orphans import DEAF, BusyClock, Handles, lose_supervisor
from tests.support.store_fixture import Yard, until
from tests.support.trees import fingerprint

STRACE = shutil.which("strace")
CALLS = {"rename": 4, "fsync": 16, "fdatasync": 8, "pidfd_send_signal": 12}
"""System calls a reap makes, and more of each than it does."""
MOST_STEPS = 60


def a_lost_pod(yard: Yard, held: Handles, name: str) -> int:
    """Lose a pod whose command ignores being asked to end; return the command."""
    yard.shell(name, f"{DEAF} trap '' TERM; exec sleep 600")
    command = held.hold(yard.child_of(name).pid)
    until(lambda: yard.system.proc.stat(command).name == "sleep")
    lose_supervisor(yard, name)
    return command


def reaped_by_a_mortal(yard: Yard, name: str, die_at: int) -> Steps:
    """Reap as a process that dies before its ``die_at``-th change; 0 lives on."""
    steps = Steps(die_at)
    system = replace(
        yard.system, fs=MortalFs(steps), signals=MortalSignals(steps), clock=BusyClock()
    )
    with suppress(Killed):
        LocalPlane.open(system).carry_out(Reap((name,), grace_s=0), actor="ann")
    return steps


def converges(yard: Yard, held: Handles, name: str, command: int, *, begun: bool) -> None:
    """Check that the next start brings it to an end, and the one after it changes nothing."""
    plane = LocalPlane.open(replace(yard.system, clock=BusyClock()))
    assert list(plane.store.paths.intents.glob("*.json")) == []
    assert held.is_living(command) is not begun
    told = [each for each in plane.diagnostics() if each.pod == name]
    reaped = [each for each in told if each.kind is DiagnosticKind.REAPED]
    assert len(reaped) <= 1
    kept = (plane.store.paths.pods, plane.store.paths.diagnostics, plane.store.paths.journal)
    before = [fingerprint(each) for each in kept]
    LocalPlane.open(replace(yard.system, clock=BusyClock()))
    assert [fingerprint(each) for each in kept] == before


def test_a_reap_killed_before_any_of_its_steps_is_finished(yard: Yard, held: Handles) -> None:
    """From the intent on the next start ends what is left, whatever was signalled before."""
    whole = reaped_by_a_mortal(yard, "whole", 0) if a_lost_pod(yard, held, "whole") else None
    assert whole is not None
    count = len(whole.taken)
    intent = next(n for n, step in enumerate(whole.taken, 1) if step.startswith("replace"))
    assert 10 < count < MOST_STEPS, whole.taken
    assert [step for step in whole.taken if step.startswith("signal")] == [
        f"signal {number.value}"
        for number in (
            signal.SIGTERM,
            signal.SIGHUP,
            signal.SIGCONT,
            signal.SIGSTOP,
            signal.SIGKILL,
        )
    ]
    for die_at in range(1, count + 1):
        name = f"pod-{die_at}"
        command = a_lost_pod(yard, held, name)
        reaped_by_a_mortal(yard, name, die_at)
        converges(yard, held, name, command, begun=die_at > intent)


def reap_by_command(yard: Yard, name: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "podtui", "reap", name, "--yes", "--grace", "0s"],
        env={**yard.environment, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: kills by the kernel not tried")
@pytest.mark.parametrize("call", CALLS)
def test_a_reap_killed_by_the_kernel_at_any_call_converges(
    here: Yard, held: Handles, call: str
) -> None:
    """The shipped command, killed before its n-th call of a kind."""
    assert STRACE is not None
    kills = 0
    for number in range(1, CALLS[call] + 1):
        name = f"pod-{number}"
        command = a_lost_pod(here, held, name)
        inject = f"{call}:signal=SIGKILL:when={number}"
        told = reap_by_command(
            here,
            name,
            STRACE,
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={inject}",
        )
        if told.returncode == 0:
            break
        assert told.returncode in {128 + signal.SIGKILL, -signal.SIGKILL}, told.stderr
        kills += 1
        plane = LocalPlane.open(replace(here.system, clock=BusyClock()))
        assert list(plane.store.paths.intents.glob("*.json")) == []
        before = fingerprint(plane.store.paths.diagnostics)
        LocalPlane.open(replace(here.system, clock=BusyClock())).carry_out(Reap((name,), grace_s=0))
        assert not held.is_living(command)
        assert len(fingerprint(plane.store.paths.diagnostics)) >= len(before)
    else:
        pytest.fail(f"a reap makes more than {CALLS[call]} calls of {call}")
    assert kills > 0
