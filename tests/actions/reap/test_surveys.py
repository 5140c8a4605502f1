"""How often a reap and a restore read all processes of the host: it costs with their number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Reap, Restore
from podtui.core.system.proc import Proc
from podtui.kernel.processes import ProcessStat
from tests.support.store_fixture import Yard


class CountingProc(Proc):
    """The real processes, and how often all of them were read."""

    surveys = 0

    def all_processes(self) -> list[ProcessStat]:
        self.surveys += 1
        return super().all_processes()


@pytest.fixture
def counted(yard: Yard) -> Iterator[tuple[LocalPlane, CountingProc]]:
    """A pod whose supervisor has proven that it left nothing, and a plane that counts."""
    yard.shell("pod", "true")
    yard.wait_ended("pod")
    proc = CountingProc()
    yield LocalPlane.open(replace(yard.system, proc=proc)), proc
    yard.end_everything()


def test_a_reap_reads_all_processes_once_for_its_plan_and_once_under_the_lock(
    counted: tuple[LocalPlane, CountingProc],
) -> None:
    """What is surveyed under the lock is what the leftovers are ended by."""
    plane, proc = counted
    plane.plan(Reap(("pod",)))
    assert proc.surveys == 1
    report = plane.carry_out(Reap(("pod",)))
    assert "nothing of it is left running" in report.done[0]
    assert proc.surveys == 2


def test_a_plan_for_many_pods_reads_all_processes_once(yard: Yard) -> None:
    """One list of the processes does for every pod."""
    for name in ("one", "two", "three"):
        yard.shell(name, "true")
        yard.wait_ended(name)
    proc = CountingProc()
    LocalPlane.open(replace(yard.system, proc=proc)).plan(Reap(("one", "two", "three")))
    assert proc.surveys == 1


def test_a_restore_reads_all_processes_once_for_its_plan_and_once_under_the_lock(
    counted: tuple[LocalPlane, CountingProc],
) -> None:
    """Carrying it out surveys nothing before the lock is held."""
    plane, proc = counted
    plane.plan(Restore(("pod",)))
    assert proc.surveys == 1
    plane.carry_out(Restore(("pod",)))
    assert proc.surveys == 2
