"""The shipped command, killed by the kernel at its n-th system call of a kind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys

import pytest

from podtui.core.actions.spawn.finish import repair_child_links
from podtui.core.model.records import PodRecord
from podtui.core.model.verdicts import Status
from podtui.core.store.children import children_of
from tests.support.at_once import REPOSITORY, at_once
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

STRACE = shutil.which("strace")
LONGEST_WAIT_S = 60.0
CALLS = {"rename": 3, "fsync": 30, "fdatasync": 4, "mkdir": 6}
"""System calls a spawn changes the store by, and more of each than it makes."""
COMMAND = (sys.executable, "-m", "podtui", "spawn", "child", "--parent", "parent", "--json")


def spawn_by_command(yard: Yard, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, *COMMAND, "--", "sleep", "600"],
        env={**yard.environment, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A store with an ended parent."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    yard.plane.snapshot()
    return yard


def test_the_command_spawns(family: Yard) -> None:
    """Without any fault the command does what the tests below break off."""
    told = spawn_by_command(family)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["pod"]["status"] == "working"


def killed_at(yard: Yard, call: str, number: int) -> bool:
    """Kill a spawn before its ``number``-th such call; False when it made fewer."""
    assert STRACE is not None
    # Without -f: what the command starts is not killed, as it would not be by an operator's kill.
    inject = f"{call}:signal=SIGKILL:when={number}"
    told = spawn_by_command(
        yard, STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={inject}"
    )
    assert told.returncode in {0, 128 + signal.SIGKILL, -signal.SIGKILL}, told.stderr
    return told.returncode != 0


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: kills by the kernel not tried")
@pytest.mark.parametrize("call", CALLS)
def test_a_command_killed_at_any_call_loses_nothing(family: Yard, call: str) -> None:
    """After each kill the store opens, converges, and the name is whole or free."""
    store = family.plane.store
    kills = 0
    for number in range(1, CALLS[call] + 1):
        events = [each.id for each in family.plane.events()]
        if not killed_at(family, call, number):
            break
        kills += 1
        plane = family.reopened()
        assert plane.snapshot().health.ok
        assert [each.id for each in plane.events()][: len(events)] == events
        repair_child_links(plane.store)
        record = plane.store.pod_record("child")
        if isinstance(record, PodRecord):
            ledger = children_of(store.system.fs, store.paths.pod("parent"))
            assert [entry.id for entry in ledger.entries][-1] == record.id
        before = fingerprint(store.paths.pods)
        assert repair_child_links(family.reopened().store) == ()
        assert fingerprint(store.paths.pods) == before
        leave_room(family, number)
    else:
        pytest.fail(f"a spawn makes more than {CALLS[call]} calls of {call}")
    assert kills > 0


def leave_room(yard: Yard, number: int) -> None:
    """Give the next spawn its name back, as an operator moving a broken pod away would."""
    pods = yard.plane.store.paths.pods
    if (pods / "child").exists():
        yard.end_everything()
        (pods / "child").rename(yard.root / f"broken-{number}")
    ledger = yard.plane.store.paths.pod("parent").children
    ledger.unlink(missing_ok=True)


def test_a_name_two_spawn_at_once_goes_to_one(family: Yard) -> None:
    """One process gets the name, each other is told that it exists, and one pod runs."""
    script = """
import os, sys
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Spawn
from podtui.core.errors import PodtuiError
from podtui.core.system.system import System
from podtui.core.system.fs import Fs
from pathlib import Path
environment = {"PATH": "/usr/bin:/bin", "PODTUI_RUNTIME_DIR": sys.argv[3]}
system = System(environment=environment, machine_id="test-machine")
plane = LocalPlane.open(system, root=Path(sys.argv[2]))
# gate
try:
    plane.carry_out(Spawn(name="wanted", argv=("sleep", "600"), parent="parent"))
except PodtuiError as error:
    print(error.kind)
else:
    print("spawned")
"""
    arguments = (str(family.plane.store_path), family.environment["PODTUI_RUNTIME_DIR"])
    said = sorted(each.strip() for each in at_once(script, count=4, arguments=arguments))
    assert said == ["exists", "exists", "exists", "spawned"]
    assert family.view("wanted").status is Status.WORKING
    paths = family.plane.store.paths
    ledger = children_of(family.system.fs, paths.pod("parent"))
    assert [entry.name for entry in ledger.entries] == ["wanted"]
    assert ledger.problems == family.plane.store.journal.read().problems == ()
