"""The table of verdicts: every row, every combination, and what may never be called dead."""

from __future__ import annotations

import itertools

import pytest

from podtui.core.hosts.interface.facts import RunFacts
from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.observe.verdict import TABLE, Finding, rule_for

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ALIVE_HERE = RunFacts(
    exit_record=NO,
    started=YES,
    claimed=YES,
    owner=YES,
    same_boot=YES,
    same_machine=YES,
    reachable=YES,
)


def answers(**changes: Answer | bool) -> RunFacts:
    """Return the answers of a healthy live run with some of them changed."""
    fields = {name: getattr(ALIVE_HERE, name) for name in RunFacts.__struct_fields__}
    return RunFacts(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "verdict", "outcome"),
    [
        ({}, Verdict.ALIVE, Finding.RUNNING),
        ({"exit_record": YES}, Verdict.DEAD, Finding.ENDED),
        ({"exit_record": YES, "claimed": YES}, Verdict.DEAD, Finding.ENDED),
        ({"exit_record": YES, "same_machine": NO, "same_boot": NO}, Verdict.DEAD, Finding.ENDED),
        ({"reachable": NO}, Verdict.ALIVE, Finding.SILENT),
        ({"reachable": UNKNOWN}, Verdict.ALIVE, Finding.RUNNING),
        ({"owner": NO}, Verdict.ALIVE, Finding.RUNNING),
        ({"owner": UNKNOWN}, Verdict.ALIVE, Finding.RUNNING),
        ({"owner": NO, "reachable": NO}, Verdict.ALIVE, Finding.SILENT),
        ({"claimed": NO, "owner": NO}, Verdict.DEAD, Finding.LOST),
        ({"claimed": NO, "owner": NO, "reachable": NO}, Verdict.DEAD, Finding.LOST),
        ({"claimed": NO}, Verdict.UNKNOWN, Finding.DISAGREEMENT),
        ({"claimed": NO, "owner": UNKNOWN}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"claimed": UNKNOWN, "owner": NO}, Verdict.UNKNOWN, Finding.GONE_UNCONFIRMED),
        (
            {"claimed": UNKNOWN, "owner": NO, "confirmed": True},
            Verdict.DEAD,
            Finding.LOST_CONFIRMED,
        ),
        ({"claimed": UNKNOWN, "owner": YES}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"claimed": UNKNOWN, "owner": UNKNOWN}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"same_boot": NO}, Verdict.DEAD, Finding.HOST_RESTARTED),
        (
            {"same_boot": NO, "claimed": UNKNOWN, "owner": UNKNOWN},
            Verdict.DEAD,
            Finding.HOST_RESTARTED,
        ),
        ({"same_boot": UNKNOWN}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"same_boot": UNKNOWN, "claimed": NO, "owner": NO}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"same_machine": NO}, Verdict.UNKNOWN, Finding.ELSEWHERE),
        ({"same_machine": NO, "same_boot": NO}, Verdict.UNKNOWN, Finding.ELSEWHERE),
        (
            {"same_machine": UNKNOWN, "claimed": NO, "owner": NO},
            Verdict.UNKNOWN,
            Finding.UNDETERMINED,
        ),
        ({"exit_record": UNKNOWN}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        (
            {"exit_record": UNKNOWN, "claimed": NO, "owner": NO},
            Verdict.UNKNOWN,
            Finding.UNDETERMINED,
        ),
        ({"exit_record": UNKNOWN, "same_boot": NO}, Verdict.UNKNOWN, Finding.UNDETERMINED),
        ({"started": NO, "claimed": YES}, Verdict.ALIVE, Finding.STARTING),
        ({"started": NO, "claimed": NO}, Verdict.UNKNOWN, Finding.STARTING),
        (
            {"started": NO, "claimed": NO, "deadline_passed": True},
            Verdict.DEAD,
            Finding.NEVER_STARTED,
        ),
        (
            {"started": NO, "claimed": UNKNOWN, "deadline_passed": True},
            Verdict.UNKNOWN,
            Finding.UNDETERMINED,
        ),
        ({"started": UNKNOWN, "claimed": NO, "owner": NO}, Verdict.UNKNOWN, Finding.UNDETERMINED),
    ],
)
def test_every_row_of_the_table_gives_its_verdict(
    changes: dict[str, Answer | bool], verdict: Verdict, outcome: Finding
) -> None:
    """Each row of the design's table, and each neighbour of it, decides as written."""
    row = rule_for(answers(**changes))

    assert (row.verdict, row.outcome) == (verdict, outcome)


def every_combination() -> list[RunFacts]:
    """Return every answer of every probe combined with every other."""
    three, two = (YES, NO, UNKNOWN), (True, False)
    return [RunFacts(*each) for each in itertools.product(*(three,) * 7, two, two)]


def is_proven_dead(seen: RunFacts) -> bool:
    """Say, in other words than the table, when a run may be called dead."""
    if seen.exit_record is YES:
        return True
    if seen.exit_record is not NO or seen.same_machine is not YES:
        return False
    if seen.same_boot is NO:
        return True
    if seen.same_boot is not YES or seen.claimed is YES:
        return False
    if seen.started is NO:
        return seen.claimed is NO and seen.deadline_passed
    gone = seen.started is YES and seen.owner is NO
    return gone and (seen.claimed is NO or seen.confirmed)


def test_dead_is_said_on_proof_only_whatever_the_probes_answer() -> None:
    """Over all combinations of answers, DEAD is said exactly when there is proof."""
    wrong = [
        seen
        for seen in every_combination()
        if (rule_for(seen).verdict is Verdict.DEAD) != is_proven_dead(seen)
    ]

    assert wrong == []


def test_a_held_lock_is_never_called_dead_on_its_own_boot() -> None:
    """While the kernel says that the lock is held, only an exit record says otherwise."""
    wrong = [
        seen
        for seen in every_combination()
        if seen.claimed is YES
        and seen.exit_record is not YES
        and seen.same_boot is not NO
        and rule_for(seen).verdict is Verdict.DEAD
    ]

    assert wrong == []


def test_every_row_can_be_reached() -> None:
    """No row of the table is hidden behind an earlier one."""
    reached = {rule_for(seen) for seen in every_combination()}

    assert reached == set(TABLE)


def test_a_socket_alone_decides_nothing_about_life() -> None:
    """Changing only what the socket answers never changes alive into dead or unknown."""
    for seen in every_combination():
        others = {
            name: getattr(seen, name) for name in RunFacts.__struct_fields__ if name != "reachable"
        }
        verdicts = {rule_for(RunFacts(**others, reachable=each)).verdict for each in Answer}
        assert len(verdicts) == 1
