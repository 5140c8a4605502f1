"""Derives a verdict from the answers of the probes, by a table.

The first row that matches decides; the last matches always and says "could not tell". A row can
only call a run DEAD on proof: its own exit record, another boot, a reservation that no supervisor
took up in time, or two independent facts (the lock is free and the process is gone).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import msgspec

from podtui.core.hosts.interface.facts import RunFacts
from podtui.core.model.verdicts import Answer, Verdict


class Finding(StrEnum):
    """The row of the table that matched, named for statuses, tests and people."""

    ENDED = "ended"
    ELSEWHERE = "belongs to another machine"
    HOST_RESTARTED = "the host was restarted"
    RUNNING = "running"
    SILENT = "alive but its supervisor does not answer"
    LOST = "lost"
    DISAGREEMENT = "the probes disagree"
    LOST_CONFIRMED = "lost, confirmed twice"
    GONE_UNCONFIRMED = "gone, not yet confirmed"
    STARTING = "starting"
    NEVER_STARTED = "never started"
    UNDETERMINED = "could not tell"


YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


class Rule(msgspec.Struct, frozen=True):
    """One row of the table: the answers that it requires, and what follows from them.

    A condition of None matches every answer.
    """

    outcome: Finding
    verdict: Verdict
    exit_record: Answer | None = NO
    started: Answer | None = None
    claimed: Answer | None = None
    owner: Answer | None = None
    same_boot: Answer | None = YES
    same_machine: Answer | None = YES
    reachable: Answer | None = None
    deadline_passed: bool | None = None
    confirmed: bool | None = None

    def matches(self, answers: RunFacts) -> bool:
        """Whether every condition of this row holds."""
        wanted = ((name, getattr(self, name)) for name in CONDITIONS)
        return all(want is None or want == getattr(answers, name) for name, want in wanted)


CONDITIONS: tuple[str, ...] = RunFacts.__struct_fields__

TABLE: tuple[Rule, ...] = (
    # A recorded end is true on every machine and after every boot.
    Rule(Finding.ENDED, Verdict.DEAD, exit_record=YES, same_boot=None, same_machine=None),
    Rule(Finding.ELSEWHERE, Verdict.UNKNOWN, exit_record=None, same_boot=None, same_machine=NO),
    Rule(Finding.HOST_RESTARTED, Verdict.DEAD, same_boot=NO),
    # A run that is only reserved: a held lock shows that a supervisor has just begun.
    Rule(Finding.STARTING, Verdict.ALIVE, started=NO, claimed=YES),
    Rule(Finding.STARTING, Verdict.UNKNOWN, started=NO, claimed=NO, deadline_passed=False),
    Rule(Finding.NEVER_STARTED, Verdict.DEAD, started=NO, claimed=NO, deadline_passed=True),
    # The kernel's lock shows that a process is alive; the socket only shows whether it listens.
    Rule(Finding.SILENT, Verdict.ALIVE, started=YES, claimed=YES, reachable=NO),
    Rule(Finding.RUNNING, Verdict.ALIVE, started=YES, claimed=YES),
    # Two independent facts.
    Rule(Finding.LOST, Verdict.DEAD, started=YES, claimed=NO, owner=NO),
    Rule(Finding.DISAGREEMENT, Verdict.UNKNOWN, started=YES, claimed=NO, owner=YES),
    # One fact: it must be found again later, by an observer whose self-check passes.
    Rule(
        Finding.LOST_CONFIRMED,
        Verdict.DEAD,
        started=YES,
        claimed=UNKNOWN,
        owner=NO,
        confirmed=True,
    ),
    Rule(Finding.GONE_UNCONFIRMED, Verdict.UNKNOWN, started=YES, claimed=UNKNOWN, owner=NO),
    Rule(
        Finding.UNDETERMINED,
        Verdict.UNKNOWN,
        exit_record=None,
        same_boot=None,
        same_machine=None,
    ),
)


@cache
def rule_for(answers: RunFacts) -> Rule:
    """Return the row of the table that decides; there always is one."""
    return next(row for row in TABLE if row.matches(answers))
