"""Actions that the version before this one left interrupted are finished as its own were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podtui.core.control.local import NO_RECOVERY, LocalPlane
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.intents import UnknownIntent
from podtui.core.model.requests import Prune, Return
from podtui.core.model.verdicts import Verdict
from tests.support.lose_pods import lose
from tests.support.store_fixture import Yard

ACTION = "01M8J0000000000000000000AA"


def leave(yard: Yard, action: str, details: dict[str, str], *, pod_id: str, run: int = 1) -> Path:
    """Leave an intent as the version before this one wrote it."""
    path = yard.plane.store.paths.intent(ACTION)
    path.touch(mode=0o600)
    path.write_text(
        json.dumps(
            {
                "format": 1,
                "id": ACTION,
                "action": action,
                "pod": "pod",
                "pod_id": pod_id,
                "actor": "ann",
                "at": "2026-11-20T12:03:20.113000Z",
                "run": run,
                "details": details,
            }
        )
    )
    return path


@pytest.fixture
def lost(yard: Yard) -> Yard:
    """A lost pod that has a scope."""
    (yard.root / "work").mkdir()
    yard.spawn("pod", write=(str(yard.root / "work"),))
    lose(yard, "pod")
    yard.plane.snapshot()
    return yard


def recovered(yard: Yard, kind: EventKind) -> str:
    """Open the store, and return the one sentence about what was interrupted."""
    plane = yard.reopened()
    (words,) = plane.recovered
    assert plane.store.intents.all() == []
    told = [each for each in plane.diagnostics() if each.kind is DiagnosticKind.INTERRUPTED]
    assert [each.summary for each in told] == [words]
    assert [each.kind for each in plane.events() if each.id == f"{ACTION}.outcome"] == [kind]
    assert yard.reopened().recovered == ()
    return words


def test_a_restore_is_taken_back(lost: Yard) -> None:
    """Nothing was reserved by it, and the old end is the evidence."""
    leave(lost, "restore", {"old_run": "1"}, pod_id=lost.view("pod").id, run=2)
    assert "nothing was started" in recovered(lost, EventKind.ROLLED_BACK)
    told = lost.plane.diagnostics()
    (failed,) = [each for each in told if each.kind is DiagnosticKind.RESTORE_FAILED]
    assert failed.evidence


def test_a_reap_is_done(lost: Yard) -> None:
    """The runs it names are looked through again."""
    details = {"runs": "1", "grace_s": "0.5", "targets": "end sleep 12, left of run 1"}
    leave(lost, "reap", details, pod_id=lost.view("pod").id)
    assert "run 1:" in recovered(lost, EventKind.FINISHED_LATER)


def test_a_prune_is_taken_back(lost: Yard) -> None:
    """The pod stays where it is."""
    leave(lost, "prune", {}, pod_id=lost.view("pod").id)
    assert "it stays where it is" in recovered(lost, EventKind.ROLLED_BACK)


def test_a_recover_is_taken_back(lost: Yard) -> None:
    """The pod stays in the trash, in the entry that is named."""
    pod_id = lost.view("pod").id
    lost.plane.carry_out(Prune(("pod",)))
    (entry,) = lost.plane.trash()
    leave(lost, "recover", {"trash": entry.id, "name": "pod"}, pod_id=pod_id)
    words = recovered(lost, EventKind.ROLLED_BACK)
    assert f"it stays in the trash as {entry.id}" in words


def test_a_purge_is_done(lost: Yard) -> None:
    """What was taken out of the trash is deleted."""
    pod_id = lost.view("pod").id
    lost.plane.carry_out(Prune(("pod",)))
    (entry,) = lost.plane.trash()
    store = lost.plane.store
    place = store.trash.purging_place(entry.id)
    store.paths.trashed(entry.id).root.rename(place)
    leave(lost, "purge", {"trash": entry.id}, pod_id=pod_id)
    assert "it is deleted now" in recovered(lost, EventKind.FINISHED_LATER)
    assert not place.exists()


@pytest.mark.parametrize("action", ["return", "relend"])
def test_a_change_of_scopes_is_taken_back(lost: Yard, action: str) -> None:
    """No line of a loan was written, and none is written later."""
    if action == "relend":
        lost.plane.carry_out(Return(("pod",)))
    before = lost.plane.loans()
    loans = " ".join(each.id for each in before.loans)
    leave(lost, action, {"loans": loans, "why": "returned by ann"}, pod_id=lost.view("pod").id)
    assert f"{action} of scopes was broken off" in recovered(lost, EventKind.ROLLED_BACK)
    assert lost.plane.loans() == before


def test_a_return_that_was_done_is_reported(lost: Yard) -> None:
    """Its reason and its loans are those of the texts."""
    lost.plane.carry_out(Return(("pod",)))
    ledger = lost.plane.store.paths.pod("pod").loans
    (loan,) = lost.plane.loans().loans
    ledger.write_text(ledger.read_text().replace(loan.act, ACTION))
    details = {"loans": f"{loan.id} another", "why": "returned by ann"}
    leave(lost, "return", details, pod_id=lost.view("pod").id)
    words = recovered(lost, EventKind.ROLLED_BACK)
    assert words.endswith("came back: returned by ann; 1 more stayed as they were")


def test_an_action_of_a_later_version_is_left_alone(lost: Yard) -> None:
    """It is kept as it is, and the doctor names it."""
    path = leave(lost, "of tomorrow", {"days": "1"}, pod_id=lost.view("pod").id)
    before = path.read_bytes()
    plane = lost.reopened()
    assert plane.recovered == ()
    assert path.read_bytes() == before
    (intent,) = plane.store.intents.all()
    assert isinstance(intent, UnknownIntent)
    assert intent.action == "of tomorrow"
    assert "action_broken_off" in [each.kind for each in plane.doctor()]


def test_a_known_action_of_a_later_format_is_left_alone(lost: Yard) -> None:
    """What a later version writes of an action need not mean what it means here."""
    path = leave(lost, "purge", {}, pod_id=lost.view("pod").id)
    path.write_text(path.read_text().replace('"format": 1', '"format": 3'))
    assert lost.reopened().recovered == ()
    assert path.exists()


def test_a_script_may_look_without_finishing_anything(lost: Yard) -> None:
    """With the variable set, opening a store changes nothing in it."""
    path = leave(lost, "prune", {}, pod_id=lost.view("pod").id)
    lost.environment[NO_RECOVERY] = "1"
    plane = LocalPlane.open(lost.system)
    assert plane.recovered == ()
    assert path.exists()
    assert plane.look_at("pod").verdict is Verdict.DEAD
