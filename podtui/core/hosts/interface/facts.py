"""What a run host found out about one run: everything that a verdict may rest on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.model.verdicts import Answer, Evidence, Probe
from podtui.core.store.codec import RecordProblem
from podtui.core.system.proc import Sighting

RunKey = tuple[str, int]
"""Identifies a run for ever: the id of its pod and its number."""


class RunFacts(msgspec.Struct, frozen=True):
    """The answers that the table of verdicts is read with.

    Attributes:
        exit_record: is there an exit record of this very run?
        started: is the run on record as started?
        claimed: does the system under the host say that the run is held? A lock that a process
            holds, a container that exists.
        owner: is the process there that keeps the run? A supervisor, the first process of a
            container.
        same_boot: is this the boot the run belongs to?
        same_machine: is this the machine the run belongs to?
        reachable: does the owner answer? UNKNOWN also when it was not asked.
        deadline_passed: is the time over in which a reserved run must start?
        confirmed: was the owner found gone twice, seconds apart, by a healthy observer?
    """

    exit_record: Answer = Answer.UNKNOWN
    started: Answer = Answer.UNKNOWN
    claimed: Answer = Answer.UNKNOWN
    owner: Answer = Answer.UNKNOWN
    same_boot: Answer = Answer.UNKNOWN
    same_machine: Answer = Answer.UNKNOWN
    reachable: Answer = Answer.UNKNOWN
    deadline_passed: bool = False
    confirmed: bool = False


class Pong(msgspec.Struct, frozen=True):
    """What the owner of a run answered: YES, NO (silent, refused, gone), or could not tell.

    Attributes:
        hung_up: it refused or closed the connection, as an owner does that has just ended.
    """

    answer: Answer
    detail: str
    hung_up: bool = False


class RunProbe(msgspec.Struct, frozen=True):
    """One probe of one run: the answers, the evidence in words, and the records they came from.

    Attributes:
        owner: what was seen of the process that keeps the run; None where it was not looked for.
        command: the same of the process of the command.
        known_pong: the owner's answer where it is known without asking; None = ask.
        was_refused: the kernel or the disk refused to tell something.
        owner_name: what the owner is called in sentences.
        claim_name: what the claim is called in sentences.
    """

    name: str
    run: int
    answers: RunFacts
    evidence: tuple[Evidence, ...]
    record: RunRecord | RecordProblem
    exit: ExitRecord | RecordProblem
    owner: Sighting | None = None
    command: Sighting | None = None
    known_pong: Pong | None = None
    was_refused: bool = False
    owner_name: str = "supervisor"
    claim_name: str = "lock"

    def with_pong(self, pong: Pong, at: datetime) -> RunProbe:
        """Return the probe with what the owner of the run answered."""
        answered = Evidence(probe=Probe.SOCKET, answer=pong.answer, detail=pong.detail, at=at)
        kept = tuple(each for each in self.evidence if each.probe is not Probe.SOCKET)
        return msgspec.structs.replace(
            self,
            answers=msgspec.structs.replace(self.answers, reachable=pong.answer),
            evidence=(*kept, answered),
        )
