"""What the probes of a run host answered about one run: everything a verdict may rest on."""

from __future__ import annotations

import msgspec

from podtui.core.model.verdicts import Answer


class RunFacts(msgspec.Struct, frozen=True):
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
