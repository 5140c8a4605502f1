"""Scopes as parts of other actions, and three ledgers that are never merged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.framework.transaction import Transaction, transaction
from podtui.core.actions.loans.changes import (
    plan_relending,
    relend_after_recover,
    relend_for_restore,
    return_for,
    take_back_relending,
)
from podtui.core.control.local import LocalPlane
from podtui.core.errors import Refused
from podtui.core.model.events import EventKind
from podtui.core.model.intents import Intent, PruneIntent
from podtui.core.model.records import PodRecord
from podtui.core.model.requests import Relend, Return, Spawn, Stop
from podtui.core.store.children import children_of
from tests.support.loans import (
    diagnostics_of_loans,
    loans_of_pod,
    out_paths,
    told_events,
    write_holder,
)
from tests.support.store_fixture import Yard, until


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A directory to lend parts of."""
    made = tmp_path / "work"
    made.mkdir()
    return made


def an_act(
    yard: Yard, pod: PodRecord, part: Callable[[Transaction[Intent]], object], *, twice: bool
) -> object:
    """Do a part of an action, twice as after a crash if so wanted; returns what it gave."""
    with transaction(
        yard.plane.store,
        EventKind.PRUNE_INTENDED,
        partial(PruneIntent, pod=pod.name, pod_id=pod.id, actor="ann"),
    ) as act:
        first = part(act)
        again = part(act) if twice else first
        assert again == first
        act.end(EventKind.PRUNED, "done")
    return first


def test_a_part_done_again_after_a_crash_is_told_once(yard: Yard, work: Path) -> None:
    """Returning for a prune gives the same loans again and writes no second line."""
    pod = write_holder(yard.plane, "coder", ("write", work))

    def part(act: Transaction[Intent]) -> object:
        return return_for(
            yard.plane.store, "coder", pod.id, why="pruned by ann", actor="ann", tx=act
        )

    loans = an_act(yard, pod, part, twice=True)
    assert [loan.path for loan in loans] == [str(work)]  # type: ignore[attr-defined]
    assert len(diagnostics_of_loans(yard.plane)) == 1
    ledger = yard.plane.store.paths.pod("coder").loans.read_bytes()
    assert ledger.count(b"\n") == 2
    assert told_events(yard.plane, EventKind.LOAN_RETURNED) == [
        f"coder: write {work} came back: pruned by ann"
    ]


def test_another_pod_under_the_name_keeps_its_scopes(yard: Yard, work: Path) -> None:
    """What finishes an old action goes by the id, not by the name."""
    pod = write_holder(yard.plane, "coder", ("write", work))
    old = replace(pod, id="0" * 25 + "X")

    def part(act: Transaction[Intent]) -> object:
        return return_for(yard.plane.store, "coder", old.id, why="x", actor="ann", tx=act)

    assert an_act(yard, old, part, twice=False) == ()
    assert out_paths(yard.plane, "coder") == [str(work)]


def test_a_ledger_with_a_bad_line_is_told_when_its_scopes_come_back(yard: Yard, work: Path) -> None:
    """What can be read comes back, and that there may have been more is a diagnostic."""
    pod = write_holder(yard.plane, "coder", ("write", work))
    ledger = yard.plane.store.paths.pod("coder").loans
    ledger.write_bytes(b"nonsense\n" + ledger.read_bytes())

    def part(act: Transaction[Intent]) -> object:
        return return_for(yard.plane.store, "coder", pod.id, why="x", actor="ann", tx=act)

    an_act(yard, pod, part, twice=True)
    told = [each.summary for each in diagnostics_of_loans(yard.plane)]
    assert len(told) == 2
    assert "whether more came back could not be determined" in told[1]
    assert b"nonsense\n" in ledger.read_bytes()


def test_a_restore_lends_again_all_but_what_it_is_to_do_without(yard: Yard, work: Path) -> None:
    """What it has and is restored without comes back; when it fails all is as it was."""
    pod = write_holder(yard.plane, "coder", *(("write", work / name) for name in "abc"))
    yard.plane.carry_out(Return(("coder",), paths=(str(work / "a"), str(work / "b"))))
    store = yard.plane.store
    without = (str(work / "b"), str(work / "c"))
    plan = plan_relending(store, "coder", pod.id, without=without)
    assert [loan.path for loan in plan.lent] == [str(work / "a")]
    assert [loan.path for loan in plan.returned] == [str(work / "c")]

    def part(act: Transaction[Intent]) -> object:
        return relend_for_restore(store, "coder", pod.id, without=without, actor="ann", tx=act)

    def failing(act: Transaction[Intent]) -> object:
        part(act)
        assert out_paths(yard.plane, "coder") == [str(work / "a")]
        return bool(take_back_relending(store, "coder", pod.id, actor="ann", tx=act))

    an_act(yard, pod, failing, twice=False)
    assert out_paths(yard.plane, "coder") == [str(work / "c")]
    an_act(yard, pod, part, twice=True)
    assert out_paths(yard.plane, "coder") == [str(work / "a")]


def test_taking_back_twice_undoes_nothing(yard: Yard, work: Path) -> None:
    """A finisher that is killed and comes again finds it done."""
    pod = write_holder(yard.plane, "coder", ("write", work / "a"), ("write", work / "b"))
    yard.plane.carry_out(Return(("coder",), paths=(str(work / "a"),)))
    store = yard.plane.store
    without = (str(work / "b"),)

    def part(act: Transaction[Intent]) -> object:
        relend_for_restore(store, "coder", pod.id, without=without, actor="ann", tx=act)
        first = take_back_relending(store, "coder", pod.id, actor="ann", tx=act)
        assert take_back_relending(store, "coder", pod.id, actor="ann", tx=act) == first
        return first

    an_act(yard, pod, part, twice=False)
    assert out_paths(yard.plane, "coder") == [str(work / "b")]


def test_a_restore_is_refused_while_another_has_the_scope(yard: Yard, work: Path) -> None:
    """The holder and its rule are named before anything is lent."""
    pod = write_holder(yard.plane, "coder", ("write", work / "a"), ("write", work / "b"))
    yard.plane.carry_out(Return(("coder",)))
    write_holder(yard.plane, "heir", ("write", work / "b"))
    store = yard.plane.store
    (refusal,) = plan_relending(store, "coder", pod.id).refusals
    assert "heir may write" in refusal.message
    assert f"podtui restore coder --without {work}/b" in (refusal.next or "")

    def part(act: Transaction[Intent]) -> object:
        with pytest.raises(Refused, match="heir may write"):
            relend_for_restore(store, "coder", pod.id, without=(), actor="ann", tx=act)
        return None

    an_act(yard, pod, part, twice=False)
    assert out_paths(yard.plane, "coder") == []


def test_a_recovered_pod_gets_what_is_free(yard: Yard, work: Path) -> None:
    """And is told who has the rest."""
    pod = write_holder(yard.plane, "coder", ("write", work / "a"), ("write", work / "b"))
    yard.plane.carry_out(Return(("coder",)))
    write_holder(yard.plane, "heir", ("write", work / "b"))
    ids = [loan.id for loan in loans_of_pod(yard.plane, "coder")]

    def part(act: Transaction[Intent]) -> object:
        lent, conflicts = relend_after_recover(
            yard.plane.store, "coder", pod.id, ids, actor="ann", tx=act
        )
        assert [loan.path for loan in lent] == [str(work / "a")]
        assert "heir may write" in conflicts[0]
        return len(conflicts)

    assert an_act(yard, pod, part, twice=True) == 1
    assert out_paths(yard.plane, "coder") == [str(work / "a")]


# three ledgers, never merged


def test_a_scope_that_comes_back_takes_nobody_away(yard: Yard, work: Path) -> None:
    """Children, visibility and addresses are what they were: the incident, replayed."""
    yard.spawn("parent", "sleep", "600")
    yard.shell("child", "echo said; exec sleep 600", parent="parent", write=(str(work),))
    until(lambda: yard.view("child").output_bytes > 0)
    yard.spawn("below", "sleep", "600", parent="child")
    record = yard.plane.store.pod_record("parent")
    assert isinstance(record, PodRecord)
    variables = {**yard.environment, "PODTUI_POD": "parent", "PODTUI_POD_ID": record.id}
    parent = LocalPlane.open(replace(yard.system, environment=variables))
    parent.carry_out(Stop(("child",)))
    assert out_paths(yard.plane, "child") == []
    assert [view.name for view in parent.snapshot().pods] == ["parent", "child", "below"]
    assert parent.inspect("parent").children == ("child",)
    assert parent.inspect("child").children == ("below",)
    assert list(parent.reading("child", reader="parent").pieces())
    address = yard.plane.store.socket_place(yard.run_record("below"))
    parent.carry_out(Relend(("child",)))
    parent.carry_out(Return(("child",)))
    assert yard.plane.store.socket_place(yard.run_record("below")) == address
    with parent.attach("below", read_only=True, columns=80, rows=24):
        pass
    assert parent.inspect("parent").children == ("child",)
    for holder, held in (("parent", "child"), ("child", "below")):
        ledger = children_of(yard.system.fs, yard.plane.store.paths.pod(holder))
        assert [entry.name for entry in ledger.entries] == [held]


def test_a_lost_address_takes_no_scope_and_no_child(yard: Yard, work: Path) -> None:
    """A pod that does not answer keeps what it has, and stays whose it is."""
    yard.spawn("parent", "sleep", "600")
    yard.spawn("child", "sleep", "600", parent="parent", write=(str(work),))
    place = yard.plane.store.socket_place(yard.run_record("child"))
    for directory in place.directories:
        (directory / place.name).unlink(missing_ok=True)
    yard.plane.snapshot()
    assert out_paths(yard.plane, "child") == [str(work)]
    assert yard.plane.inspect("parent").children == ("child",)
    with pytest.raises(Refused):
        yard.plane.carry_out(Spawn(name="x", argv=("true",), write=(str(work),)))


def test_a_damaged_children_ledger_takes_no_scope(yard: Yard, work: Path) -> None:
    """Each ledger is a file of its own: damage to one says nothing of the others."""
    yard.spawn("parent", "sleep", "600", write=(str(work),))
    yard.plane.store.paths.pod("parent").children.write_text("nonsense\n")
    assert out_paths(yard.plane, "parent") == [str(work)]
    yard.spawn("other", "sleep", "600", write=(str(work.parent / "free"),))
