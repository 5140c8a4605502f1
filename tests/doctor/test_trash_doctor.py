"""The doctor about what actions keep: trash, intents, diagnostics, handoffs, loan ledgers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.core.model.records import HandoffRecord
from podtui.core.model.requests import Prune
from podtui.core.model.snapshot import Problem
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trash import a_family, loan_line


@pytest.fixture
def family(tmp_path: Path) -> Yard:
    """A pod with a parent, a child and a scope, in a store without any problem."""
    yard = a_family(tmp_path / "family")
    for path in yard.plane.store_path.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert yard.plane.doctor() == ()
    return yard


def an_intent(yard: Yard) -> Path:
    """Leave the intent of an action that only a later podtui knows."""
    path = yard.plane.store.paths.intent("0" * 26)
    path.touch(mode=0o600)
    path.write_text(
        json.dumps(
            {
                "format": 3,
                "id": "0" * 26,
                "action": "of tomorrow",
                "pod": "pod",
                "pod_id": "1" * 26,
                "actor": "ann",
                "at": "2026-11-20T12:03:20.113Z",
                "days": [1, 2],
            }
        )
    )
    return path


def a_bad_intent(yard: Yard) -> Path:
    path = yard.plane.store.paths.intent("0" * 26)
    path.touch(mode=0o600)
    return path


def a_bad_line_in_the_diagnostics(yard: Yard) -> Path:
    yard.plane.carry_out(Prune(("child",)))
    path = yard.plane.store.paths.diagnostics / "000001.jsonl"
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    return path


def a_handoff(yard: Yard) -> Path:
    handoff = HandoffRecord(
        pod="pod",
        pod_id="1" * 26,
        run=1,
        at=yard.plane.store.system.clock.now(),
        actor="ann",
        reason="its supervisor did not answer",
    )
    yard.plane.store.handoffs.write(handoff)
    return yard.plane.store.paths.handoff(handoff.pod_id, 1)


def a_bad_handoff(yard: Yard) -> Path:
    path = yard.plane.store.paths.handoffs / "x.1.json"
    path.write_bytes(b"{")
    path.chmod(0o600)
    return path


def a_bad_loan(yard: Yard) -> Path:
    path = yard.plane.store.paths.pod("pod").loans
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    return path


def a_torn_loan(yard: Yard) -> Path:
    path = yard.plane.store.paths.pod("pod").loans
    path.write_bytes(path.read_bytes() + b"{")
    return path


def a_bad_trash_record(yard: Yard) -> Path:
    yard.plane.carry_out(Prune(("child",)))
    (entry,) = yard.plane.store.trash.entries()
    entry.paths.record.write_bytes(b"{")
    return entry.paths.root


PROBLEMS = (
    (an_intent, "action_broken_off", "every start tries again"),
    (a_bad_intent, "record_unreadable", "repair"),
    (a_bad_line_in_the_diagnostics, "line_skipped", "nothing needs to be done"),
    (a_handoff, "handoff", "podtui reap --orphans"),
    (a_bad_handoff, "record_unreadable", "repair"),
    (a_bad_loan, "line_skipped", "repair the line"),
    (a_torn_loan, "torn_line", "nothing needs to be done"),
    (a_bad_trash_record, "trash_entry", "podtui recover"),
)


@pytest.mark.parametrize(
    ("make", "kind", "words"), PROBLEMS, ids=[make.__name__ for make, _, _ in PROBLEMS]
)
def test_each_thing_that_is_wrong_is_told_once(
    family: Yard, make: Callable[[Yard], Path], kind: str, words: str
) -> None:
    """With its place and what to do about it, and nothing besides."""
    path = make(family)
    found: tuple[Problem, ...] = family.reopened().doctor()
    assert [(each.kind, each.path) for each in found] == [(kind, str(path))]
    assert words in found[0].next


def test_an_action_that_is_under_way_is_no_problem(family: Yard) -> None:
    """Its actor holds the lock of the intent."""
    path = an_intent(family)
    with family.plane.store.intents.held(path.stem):
        assert family.reopened().doctor() == ()


def test_a_missing_child_is_still_missed(family: Yard) -> None:
    """What no action took away is told, whatever is in the trash besides."""
    write_exit(family.plane, write_pod(family.plane, "other"))
    family.plane.carry_out(Prune(("other",)))
    family.plane.store.paths.pod("child").root.rename(family.root / "taken")
    assert [each.kind for each in family.plane.doctor()] == ["child_missing"]
    assert family.plane.inspect("pod").children == ("child (not in the store)",)


def test_a_ledger_with_a_second_line_of_a_loan_is_fine(family: Yard) -> None:
    """Two scopes are two loans."""
    loan_line(family.plane, "pod", "/elsewhere", loan="second")
    assert family.plane.doctor() == ()
