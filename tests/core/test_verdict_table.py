"""The table of verdicts: every row, every combination, and what may never be called dead."""

from __future__ import annotations

import itertools

import pytest

from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.observe.verdict import TABLE, Outcome, RunAnswers, row_for

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ALIVE_HERE = RunAnswers(
    exit_record=NO, started=YES, lock=YES, supervisor=YES, boot=YES, machine=YES, socket=YES
)


def answers(**changes: Answer | bool) -> RunAnswers:
    """Return the answers of a healthy live run with some of them changed."""
    fields = {name: getattr(ALIVE_HERE, name) for name in RunAnswers.__struct_fields__}
    return RunAnswers(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "verdict", "outcome"),
    [
        ({}, Verdict.ALIVE, Outcome.RUNNING),
        ({"exit_record": YES}, Verdict.DEAD, Outcome.ENDED),
        ({"exit_record": YES, "lock": YES}, Verdict.DEAD, Outcome.ENDED),
        ({"exit_record": YES, "machine": NO, "boot": NO}, Verdict.DEAD, Outcome.ENDED),
        ({"socket": NO}, Verdict.ALIVE, Outcome.SILENT),
        ({"socket": UNKNOWN}, Verdict.ALIVE, Outcome.RUNNING),
        ({"supervisor": NO}, Verdict.ALIVE, Outcome.RUNNING),
        ({"supervisor": UNKNOWN}, Verdict.ALIVE, Outcome.RUNNING),
        ({"supervisor": NO, "socket": NO}, Verdict.ALIVE, Outcome.SILENT),
        ({"lock": NO, "supervisor": NO}, Verdict.DEAD, Outcome.LOST),
        ({"lock": NO, "supervisor": NO, "socket": NO}, Verdict.DEAD, Outcome.LOST),
        ({"lock": NO}, Verdict.UNKNOWN, Outcome.DISAGREEMENT),
        ({"lock": NO, "supervisor": UNKNOWN}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"lock": UNKNOWN, "supervisor": NO}, Verdict.UNKNOWN, Outcome.GONE_UNCONFIRMED),
        (
            {"lock": UNKNOWN, "supervisor": NO, "confirmed": True},
            Verdict.DEAD,
            Outcome.LOST_CONFIRMED,
        ),
        ({"lock": UNKNOWN, "supervisor": YES}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"lock": UNKNOWN, "supervisor": UNKNOWN}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"boot": NO}, Verdict.DEAD, Outcome.HOST_RESTARTED),
        (
            {"boot": NO, "lock": UNKNOWN, "supervisor": UNKNOWN},
            Verdict.DEAD,
            Outcome.HOST_RESTARTED,
        ),
        ({"boot": UNKNOWN}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"boot": UNKNOWN, "lock": NO, "supervisor": NO}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"machine": NO}, Verdict.UNKNOWN, Outcome.ELSEWHERE),
        ({"machine": NO, "boot": NO}, Verdict.UNKNOWN, Outcome.ELSEWHERE),
        ({"machine": UNKNOWN, "lock": NO, "supervisor": NO}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"exit_record": UNKNOWN}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"exit_record": UNKNOWN, "lock": NO, "supervisor": NO}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"exit_record": UNKNOWN, "boot": NO}, Verdict.UNKNOWN, Outcome.UNTOLD),
        ({"started": NO, "lock": YES}, Verdict.ALIVE, Outcome.STARTING),
        ({"started": NO, "lock": NO}, Verdict.UNKNOWN, Outcome.STARTING),
        ({"started": NO, "lock": NO, "deadline_passed": True}, Verdict.DEAD, Outcome.NEVER_STARTED),
        (
            {"started": NO, "lock": UNKNOWN, "deadline_passed": True},
            Verdict.UNKNOWN,
            Outcome.UNTOLD,
        ),
        ({"started": UNKNOWN, "lock": NO, "supervisor": NO}, Verdict.UNKNOWN, Outcome.UNTOLD),
    ],
)
def test_every_row_of_the_table_gives_its_verdict(
    changes: dict[str, Answer | bool], verdict: Verdict, outcome: Outcome
) -> None:
    """Each row of the design's table, and each neighbour of it, decides as written."""
    row = row_for(answers(**changes))

    assert (row.verdict, row.outcome) == (verdict, outcome)


def every_combination() -> list[RunAnswers]:
    """Return every answer of every probe combined with every other."""
    three, two = (YES, NO, UNKNOWN), (True, False)
    return [RunAnswers(*each) for each in itertools.product(*(three,) * 7, two, two)]


def is_proven_dead(seen: RunAnswers) -> bool:
    """Say, in other words than the table, when a run may be called dead."""
    if seen.exit_record is YES:
        return True
    if seen.exit_record is not NO or seen.machine is not YES:
        return False
    if seen.boot is NO:
        return True
    if seen.boot is not YES or seen.lock is YES:
        return False
    if seen.started is NO:
        return seen.lock is NO and seen.deadline_passed
    gone = seen.started is YES and seen.supervisor is NO
    return gone and (seen.lock is NO or seen.confirmed)


def test_dead_is_said_on_proof_only_whatever_the_probes_answer() -> None:
    """Over all combinations of answers, DEAD is said exactly when there is proof."""
    wrong = [
        seen
        for seen in every_combination()
        if (row_for(seen).verdict is Verdict.DEAD) != is_proven_dead(seen)
    ]

    assert wrong == []


def test_a_held_lock_is_never_called_dead_on_its_own_boot() -> None:
    """While the kernel says that the lock is held, only an exit record says otherwise."""
    wrong = [
        seen
        for seen in every_combination()
        if seen.lock is YES
        and seen.exit_record is not YES
        and seen.boot is not NO
        and row_for(seen).verdict is Verdict.DEAD
    ]

    assert wrong == []


def test_every_row_can_be_reached() -> None:
    """No row of the table is hidden behind an earlier one."""
    reached = {row_for(seen) for seen in every_combination()}

    assert reached == set(TABLE)


def test_a_socket_alone_decides_nothing_about_life() -> None:
    """Changing only what the socket answers never changes alive into dead or unknown."""
    for seen in every_combination():
        others = {
            name: getattr(seen, name) for name in RunAnswers.__struct_fields__ if name != "socket"
        }
        verdicts = {row_for(RunAnswers(**others, socket=each)).verdict for each in Answer}
        assert len(verdicts) == 1
