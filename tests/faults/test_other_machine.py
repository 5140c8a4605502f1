"""A store that was copied to another machine, or brought back there from a backup (F29)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.requests import Prune, Reap, ReapOrphans, Recover, Restore, Stop
from podtui.core.model.verdicts import Status, Verdict
from tests.support.faults import FaultyProc
from tests.support.orphans import RecordingSignals
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint


@pytest.fixture
def there(yard: Yard, tmp_path: Path) -> tuple[LocalPlane, RecordingSignals]:
    """A copy of a store with a living and an ended pod, as another machine sees it."""
    yard.spawn("lives")
    yard.shell("ended", "echo hello")
    yard.wait_ended("ended")
    copy = tmp_path / "copy"
    shutil.copytree(yard.plane.store_path, copy)
    proc, signals = FaultyProc(), RecordingSignals()
    proc.boot = "1" * 36
    system = replace(yard.system, proc=proc, signals=signals, machine_id="another-machine")
    return LocalPlane.open(system, root=copy), signals


def test_a_copied_store_is_history_and_signals_nobody(
    yard: Yard, there: tuple[LocalPlane, RecordingSignals]
) -> None:
    """What lives elsewhere is unknown here; each action says so, and nobody gets a signal."""
    plane, signals = there
    views = {view.name: view for view in plane.snapshot().pods}
    assert views["lives"].verdict is Verdict.UNKNOWN
    assert views["lives"].message == "belongs to host test-machine"
    assert views["ended"].status is Status.EXITED
    before = fingerprint(plane.store.paths.pod("lives").runs)
    for request in (Reap(("lives",)), Prune(("lives",)), Restore(("lives",))):
        with pytest.raises(PodtuiError, match=r"host|machine") as told:
            plane.carry_out(request)
        assert told.value.next_step
    with pytest.raises(PodtuiError):
        plane.carry_out(Stop(("lives",)))
    plane.carry_out(ReapOrphans())
    assert plane.lost_pods() == ()
    assert signals.sent == []
    assert fingerprint(plane.store.paths.pod("lives").runs) == before
    assert yard.view("lives").verdict is Verdict.ALIVE


def test_what_ended_there_can_be_cleared_away_here(
    there: tuple[LocalPlane, RecordingSignals],
) -> None:
    """Its end is on record, and a record is true on every machine."""
    plane, signals = there
    assert plane.carry_out(Prune(("ended",))).failed == ()
    assert plane.carry_out(Recover(("ended",))).failed == ()
    assert signals.sent == []
