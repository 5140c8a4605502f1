"""Derives a run's status from its verdict: with source, age, message, and asserted or inferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from podtui.core.hosts.interface.facts import RunProbe
from podtui.core.model.appearance import signal_name
from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.model.verdicts import Answer, Probe, Source, Status, Verdict
from podtui.core.observe.progress.cpu_work import Work
from podtui.core.observe.progress.progress import Progress
from podtui.core.observe.progress.stall_rules import Peer, Standstill, standstill_of
from podtui.core.observe.verdict import Finding, Rule, rule_for
from podtui.core.store.codec import RecordProblem
from podtui.core.text.durations import duration


class StatusReading(msgspec.Struct, frozen=True):
    """The present status of a run, as the operator reads it.

    Attributes:
        since: when this status began, None when only its first observation is known.
        standstill: why a live run makes no progress; None when it makes some.
        cause: why it is lost, in words that are the same for every run lost in this way.
        is_quiet: whether the message already says for how long there was no output.
    """

    status: Status
    verdict: Verdict
    asserted: bool
    source: Source
    message: str
    since: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    asked_by: str | None = None
    standstill: Standstill | None = None
    cause: str = ""
    is_quiet: bool = False


class Situation(msgspec.Struct, frozen=True):
    """All facts that a status may be derived from."""

    look: RunProbe
    row: Rule
    progress: Progress
    now: datetime
    awake_seconds: float
    standstill: Standstill | None

    @property
    def quiet_s(self) -> float | None:
        return self.progress.quiet_for(self.awake_seconds)


def read_status(
    look: RunProbe,
    progress: Progress,
    *,
    now: datetime,
    awake_seconds: float,
    stall_after_s: float,
    work: Work | None = None,
    peers: Sequence[Peer] = (),
) -> StatusReading:
    """Derive the status of a run from its probes, progress, CPU use and the pods it waits for."""
    situation = Situation(
        look=look,
        row=rule_for(look.answers),
        progress=progress,
        now=now,
        awake_seconds=awake_seconds,
        standstill=standstill_of(
            progress,
            work,
            peers=peers,
            awake_seconds=awake_seconds,
            stall_after_s=stall_after_s,
        ),
    )
    return READERS[situation.row.outcome](situation)


def ended_sentence(record: ExitRecord) -> str:
    """Return how a run ended, in words."""
    if record.start_error:
        return f"could not start: {record.start_error}"
    if record.signal is not None:
        how = f"killed by {signal_name(record.signal)}"
    else:
        how = f"exited {record.exit_code}"
    if record.asked_by:
        how = f"stopped by {record.asked_by} ({how})"
    own_survivors = [each for each in record.survivors if not each.of_another_pod]
    left = len(record.kept_leftovers) + len(own_survivors)
    return f"{how}, {left} left running" if left else how


def _ended(situation: Situation) -> StatusReading:
    record = situation.look.exit
    if isinstance(record, RecordProblem):
        return _undetermined(situation)
    well = not record.start_error and (record.exit_code == 0 or bool(record.asked_by))
    return StatusReading(
        status=Status.EXITED if well else Status.FAILED,
        verdict=situation.row.verdict,
        asserted=True,
        source=Source.EXIT_RECORD,
        message=ended_sentence(record),
        since=record.ended_at,
        exit_code=record.exit_code,
        signal=record.signal,
        asked_by=record.asked_by,
    )


def _running(situation: Situation) -> StatusReading:
    child, quiet, standstill = situation.look.command, situation.quiet_s, situation.standstill
    if child is not None and child.is_stopped:
        return StatusReading(
            status=Status.STALLED,
            verdict=situation.row.verdict,
            asserted=True,
            source=Source.KERNEL,
            message="running, but its command is stopped (SIGSTOP): it goes on after SIGCONT",
        )
    if quiet is not None and situation.progress.terminal is Answer.YES:
        return StatusReading(
            status=Status.WAITING,
            verdict=situation.row.verdict,
            asserted=False,
            source=Source.PROCESS,
            message=f"waits for terminal input, no new output for {duration(quiet)}",
            is_quiet=True,
            since=situation.now - timedelta(seconds=quiet),
        )
    if standstill is not None and standstill.is_stall:
        return _stalled(situation, standstill)
    return _working(situation, standstill)


def _stalled(situation: Situation, standstill: Standstill) -> StatusReading:
    return StatusReading(
        status=Status.STALLED,
        verdict=situation.row.verdict,
        asserted=False,
        source=standstill.source,
        message=standstill.words,
        is_quiet=standstill.is_quiet,
        since=situation.now - timedelta(seconds=standstill.seconds - standstill.limit_s),
        standstill=standstill,
    )


def _working(situation: Situation, standstill: Standstill | None) -> StatusReading:
    child = situation.look.command
    message = standstill.words if standstill else "running"
    is_quiet = standstill is not None and standstill.is_quiet
    if child is not None and child.answer is Answer.NO:
        is_quiet = False
        owner = situation.look.owner_name
        message = f"its command has ended; its {owner} ends what is left of it"
    # That a tool is at work is inferred from CPU use; that the run is alive is not.
    is_guess = standstill is not None and standstill.source is Source.PROCESS
    return StatusReading(
        status=Status.WORKING,
        verdict=situation.row.verdict,
        asserted=not is_guess,
        source=Source.PROCESS if is_guess else Source.KERNEL,
        message=message,
        is_quiet=is_quiet,
        since=_started_at(situation),
        standstill=standstill,
    )


def _silent(situation: Situation) -> StatusReading:
    return StatusReading(
        status=Status.UNRESPONSIVE,
        verdict=situation.row.verdict,
        asserted=True,
        source=Source.KERNEL,
        message=f"alive, but its {situation.look.owner_name} does not answer:"
        f" {_detail(situation, Probe.SOCKET)}",
    )


def _lost(situation: Situation) -> StatusReading:
    cause = f"its {situation.look.owner_name} ended without writing an exit record"
    more = ""
    if situation.row.outcome is Finding.HOST_RESTARTED:
        cause = "the host was restarted while it ran"
    elif _answer(situation, Probe.CHILD) is Answer.YES:
        more = "; its command still runs, unwatched"
    return StatusReading(
        status=Status.LOST,
        verdict=situation.row.verdict,
        asserted=True,
        source=Source.KERNEL,
        message=f"lost: {cause}{more}",
        cause=cause,
    )


def _starting(situation: Situation) -> StatusReading:
    alive = situation.row.verdict is Verdict.ALIVE
    owner = situation.look.owner_name
    return StatusReading(
        status=Status.STARTING,
        verdict=situation.row.verdict,
        asserted=alive,
        source=Source.KERNEL if alive else Source.RECORD,
        message=f"its {owner} is starting" if alive else f"reserved, waiting for its {owner}",
        since=_reserved_at(situation),
    )


def _never_started(situation: Situation) -> StatusReading:
    cause = f"the run was reserved and no {situation.look.owner_name} took it up"
    return StatusReading(
        status=Status.LOST,
        verdict=situation.row.verdict,
        asserted=True,
        source=Source.RECORD,
        message=f"never started: {cause}",
        cause=cause,
        since=_reserved_at(situation),
    )


def _elsewhere(situation: Situation) -> StatusReading:
    return _unknown(situation, _detail(situation, Probe.MACHINE), Source.RECORD)


def _disagreement(situation: Situation) -> StatusReading:
    look = situation.look
    message = (
        f"the probes disagree: its {look.claim_name} is free, and its {look.owner_name} is there"
    )
    return _unknown(situation, message, Source.KERNEL)


def _unconfirmed(situation: Situation) -> StatusReading:
    look = situation.look
    message = (
        f"its {look.owner_name} is gone, and its {look.claim_name} could not be asked:"
        " not confirmed yet"
    )
    return _unknown(situation, message, Source.KERNEL)


def _undetermined(situation: Situation) -> StatusReading:
    record, exit_record = situation.look.record, situation.look.exit
    if isinstance(record, RecordProblem):
        return _unknown(situation, record.sentence(), Source.RECORD)
    if isinstance(exit_record, RecordProblem) and not exit_record.is_missing:
        return _unknown(situation, exit_record.sentence(), Source.RECORD)
    unanswered = [each for each in situation.look.evidence if each.answer is Answer.UNKNOWN]
    why = unanswered[0].detail if unanswered else "no row of the table of verdicts fits"
    return _unknown(situation, f"could not tell: {why}", Source.KERNEL)


def _unknown(situation: Situation, message: str, source: Source) -> StatusReading:
    return StatusReading(
        status=Status.UNKNOWN,
        verdict=situation.row.verdict,
        asserted=True,
        source=source,
        message=message,
    )


READERS: Mapping[Finding, Callable[[Situation], StatusReading]] = {
    Finding.ENDED: _ended,
    Finding.ELSEWHERE: _elsewhere,
    Finding.HOST_RESTARTED: _lost,
    Finding.RUNNING: _running,
    Finding.SILENT: _silent,
    Finding.LOST: _lost,
    Finding.LOST_CONFIRMED: _lost,
    Finding.DISAGREEMENT: _disagreement,
    Finding.GONE_UNCONFIRMED: _unconfirmed,
    Finding.STARTING: _starting,
    Finding.NEVER_STARTED: _never_started,
    Finding.UNDETERMINED: _undetermined,
}


def _answer(situation: Situation, probe: Probe) -> Answer:
    found = (each.answer for each in situation.look.evidence if each.probe is probe)
    return next(found, Answer.UNKNOWN)


def _detail(situation: Situation, probe: Probe) -> str:
    found = (each.detail for each in situation.look.evidence if each.probe is probe)
    return next(found, "could not tell")


def _started_at(situation: Situation) -> datetime | None:
    record = situation.look.record
    return record.started_at if isinstance(record, RunRecord) else None


def _reserved_at(situation: Situation) -> datetime | None:
    record = situation.look.record
    return record.reserved_at if isinstance(record, RunRecord) else None
