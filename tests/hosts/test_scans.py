"""How often all processes of the machine are read: one scan serves many runs and one ending."""

from __future__ import annotations

from pathlib import Path

import pytest

from podtui.core.hosts.registry import end_leftovers, survey_leftovers
from podtui.core.model.requests import Reap, Restore
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.system.proc import Proc
from podtui.kernel.processes import ProcessStat
from tests.support.store_fixture import Yard


class CountingProc(Proc):
    """The real processes; counts how often all of them are read."""

    scans = 0

    def all_processes(self) -> list[ProcessStat]:
        self.scans += 1
        return super().all_processes()


@pytest.fixture
def proc() -> CountingProc:
    return CountingProc()


@pytest.fixture
def ended(tmp_path: Path, proc: CountingProc) -> Yard:
    """A store with two pods that have ended and left nothing."""
    yard = Yard(tmp_path, proc=proc)
    for name in ("one", "two"):
        yard.shell(name, "exit 0")
        yard.wait_ended(name)
    return yard


def test_a_reap_reads_the_processes_once_under_the_lock(ended: Yard, proc: CountingProc) -> None:
    """What was found under the lock is what the ending begins with."""
    ended.plane.carry_out(Reap(("one",)))

    assert proc.scans == 1


def test_a_restore_reads_the_processes_once_under_the_lock(ended: Yard, proc: CountingProc) -> None:
    """A pod that left nothing, as the kernel told its supervisor, needs no more than that."""
    ended.plane.carry_out(Restore(("one",)))
    ended.end_everything()

    assert proc.scans == 1


def test_one_scan_serves_the_surveys_and_endings_of_many_runs(
    ended: Yard, proc: CountingProc
) -> None:
    """A scan is a value: who has many runs to look after reads the processes once."""
    store = ended.plane.store
    scan = ProcessScan(store)
    for name in ("one", "two"):
        pod_id = ended.view(name).id
        assert survey_leftovers(store, name, pod_id, 1, scan=scan).targets == ()
        assert end_leftovers(store, name, pod_id, 1, grace_s=0.0, scan=scan).survivors == ()

    assert proc.scans == 1
