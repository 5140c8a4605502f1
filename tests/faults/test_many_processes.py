"""Pods with very many processes (F51), and pods that run out of memory (F57)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from podtui.core.model.records import ExitRecord
from podtui.core.model.requests import Reap, Restore, Stop
from podtui.core.model.verdicts import Status, Verdict
from podtui.kernel.processes import ProcessGone
from tests.support.lose_pods import wait_for_output
from tests.support.orphans import living_marked, lose_supervisor, plane_with
from tests.support.store_fixture import Yard, until

MANY = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for each in range(int(sys.argv[1])):
    if os.fork() == 0:
        if each % 2:
            os.setsid()
        while True:
            signal.pause()
print("all are up", flush=True)
while True:
    signal.pause()
"""
MEMORY = Path("/sys/fs/cgroup/memory")
LIMIT = 48 * 1024 * 1024
EATS = "open(__import__('sys').argv[1], 'w').write('0'); x = b'x' * (1 << 28); print(len(x))"


def test_two_thousand_children_that_ignore_every_request_are_all_ended(yard: Yard) -> None:
    """Half of them in sessions of their own; the supervisor is told by the kernel that none is."""
    view = yard.spawn("pod", sys.executable, "-c", MANY, "2000")
    wait_for_output(yard, "pod", 1, "all are up")
    assert len(living_marked(yard, view.id)) >= 2000
    report = yard.plane.carry_out(Stop(("pod",), grace_s=0))
    assert report.failed == ()
    ended = yard.plane.store.exit_record("pod", 1, view.id)
    assert isinstance(ended, ExitRecord)
    assert (ended.proof, ended.survivors) == ("echild", [])
    assert living_marked(yard, view.id) == []


def test_hundreds_of_orphans_that_ignore_every_request_are_all_reaped(yard: Yard) -> None:
    """Their supervisor was killed; a second reap finds nobody."""
    view = yard.spawn("pod", sys.executable, "-c", MANY, "300")
    wait_for_output(yard, "pod", 1, "all are up")
    lose_supervisor(yard, "pod")
    assert len(living_marked(yard, view.id)) >= 300
    plane = plane_with(yard)
    report = plane.carry_out(Reap(("pod",), grace_s=0.1))
    assert report.failed == ()
    assert living_marked(yard, view.id) == []
    assert len(plane.carry_out(Reap(("pod",))).done) == 1


@pytest.fixture
def small_memory() -> Iterator[Path]:
    """A control group with little memory; skips loudly where none can be made."""
    group = MEMORY / f"podtui-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"F57: no control group can be made here, nothing ran out of memory: {error}")
    try:
        (group / "memory.limit_in_bytes").write_text(str(LIMIT))
        yield group / "cgroup.procs"
    finally:
        until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def test_a_command_killed_for_its_memory_is_failed_by_that_signal(
    yard: Yard, small_memory: Path
) -> None:
    """The kernel ends the command alone: its supervisor says how, and it can be restored."""
    yard.spawn("neighbour")
    yard.spawn("pod", sys.executable, "-c", EATS, str(small_memory))
    view = yard.wait_ended("pod")
    assert (view.status, view.verdict, view.signal) == (
        Status.FAILED,
        Verdict.DEAD,
        signal.SIGKILL,
    )
    assert "KILL" in view.message
    assert yard.view("neighbour").verdict is Verdict.ALIVE
    assert yard.plane.plan(Restore(("pod",))).refusals == ()


def test_a_command_without_memory_of_its_own_limit_tells_its_own_code(yard: Yard) -> None:
    """A limit the command set itself ends nobody else, and its exit code is kept."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 27, 1 << 27));"
        " x = b'x' * (1 << 30)"
    )
    yard.spawn("pod", sys.executable, "-c", code)
    view = yard.wait_ended("pod")
    assert (view.status, view.exit_code) == (Status.FAILED, 1)


def test_a_supervisor_killed_for_its_memory_loses_its_pod_and_nothing_else(yard: Yard) -> None:
    """An out-of-memory kill is a SIGKILL: the pod is lost with its evidence, and comes back."""
    yard.shell("pod", "echo kept; exec sleep 600")
    wait_for_output(yard, "pod", 1, "kept")
    lose_supervisor(yard, "pod")
    # The end of its terminal may have been the end of the command already.
    with suppress(ProcessGone):
        yard.kill(yard.child_of("pod"))
    assert yard.plane.carry_out(Restore(("pod",))).failed == ()
    assert yard.view("pod").verdict is Verdict.ALIVE
    assert "kept" in yard.plane.store.paths.pod("pod").run(1).output.read_text()
