"""From the answers of the probes to a verdict, by a table.

The first row that matches decides; the last matches always and says "could not tell". A row can
only call a run DEAD on proof: its own exit record, another boot, a reservation nobody took up in
time, or two independent facts (the lock is free and the process is gone).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import msgspec

from podtui.core.model.verdicts import Answer, Verdict


class Outcome(StrEnum):
    """Which row of the table a run is in; names the row for statuses, tests and people."""

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
    UNTOLD = "could not tell"


class RunAnswers(msgspec.Struct, frozen=True):
    """What the probes answered about one run; everything a verdict may rest on.

    Attributes:
        exit_record: is there an exit record of this very run?
        started: does the run record name a supervisor?
        lock: is the run's lock held?
        supervisor: is the recorded supervisor process there?
        boot: is this the boot the run belongs to?
        machine: is this the machine the run belongs to?
        socket: does the supervisor answer? UNKNOWN also when it was not asked.
        deadline_passed: is the time over in which a reserved run must start?
        confirmed: was the supervisor found gone twice, seconds apart, by a healthy observer?
    """

    exit_record: Answer = Answer.UNKNOWN
    started: Answer = Answer.UNKNOWN
    lock: Answer = Answer.UNKNOWN
    supervisor: Answer = Answer.UNKNOWN
    boot: Answer = Answer.UNKNOWN
    machine: Answer = Answer.UNKNOWN
    socket: Answer = Answer.UNKNOWN
    deadline_passed: bool = False
    confirmed: bool = False


YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


class Row(msgspec.Struct, frozen=True):
    """One row of the table: what must have been answered, and what follows.

    A condition of None is not asked about.
    """

    outcome: Outcome
    verdict: Verdict
    exit_record: Answer | None = NO
    started: Answer | None = None
    lock: Answer | None = None
    supervisor: Answer | None = None
    boot: Answer | None = YES
    machine: Answer | None = YES
    socket: Answer | None = None
    deadline_passed: bool | None = None
    confirmed: bool | None = None

    def matches(self, answers: RunAnswers) -> bool:
        """Whether every condition of this row holds."""
        wanted = ((name, getattr(self, name)) for name in CONDITIONS)
        return all(want is None or want == getattr(answers, name) for name, want in wanted)


CONDITIONS: tuple[str, ...] = RunAnswers.__struct_fields__

TABLE: tuple[Row, ...] = (
    # An end that was written down is true on every machine and after every boot.
    Row(Outcome.ENDED, Verdict.DEAD, exit_record=YES, boot=None, machine=None),
    Row(Outcome.ELSEWHERE, Verdict.UNKNOWN, exit_record=None, boot=None, machine=NO),
    Row(Outcome.HOST_RESTARTED, Verdict.DEAD, boot=NO),
    # A run that is reserved only: its lock tells a supervisor that has just begun from nobody.
    Row(Outcome.STARTING, Verdict.ALIVE, started=NO, lock=YES),
    Row(Outcome.STARTING, Verdict.UNKNOWN, started=NO, lock=NO, deadline_passed=False),
    Row(Outcome.NEVER_STARTED, Verdict.DEAD, started=NO, lock=NO, deadline_passed=True),
    # The kernel's lock says somebody lives; the socket only says whether it listens.
    Row(Outcome.SILENT, Verdict.ALIVE, started=YES, lock=YES, socket=NO),
    Row(Outcome.RUNNING, Verdict.ALIVE, started=YES, lock=YES),
    # Two independent facts.
    Row(Outcome.LOST, Verdict.DEAD, started=YES, lock=NO, supervisor=NO),
    Row(Outcome.DISAGREEMENT, Verdict.UNKNOWN, started=YES, lock=NO, supervisor=YES),
    # One fact: only if it is found again, later, by an observer that is in order.
    Row(
        Outcome.LOST_CONFIRMED,
        Verdict.DEAD,
        started=YES,
        lock=UNKNOWN,
        supervisor=NO,
        confirmed=True,
    ),
    Row(Outcome.GONE_UNCONFIRMED, Verdict.UNKNOWN, started=YES, lock=UNKNOWN, supervisor=NO),
    Row(Outcome.UNTOLD, Verdict.UNKNOWN, exit_record=None, boot=None, machine=None),
)


@cache
def row_for(answers: RunAnswers) -> Row:
    """Return the row of the table that decides; there always is one."""
    return next(row for row in TABLE if row.matches(answers))
