"""Evidence, verdicts and statuses: the words podtui uses for what it knows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Answer(StrEnum):
    """Answer of one probe: never a bool, because "could not tell" is an answer of its own."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Probe(StrEnum):
    """One kind of observation of a run."""

    RECORD = "record"
    """Can the pod's and the run's records be read?"""
    EXIT_RECORD = "exit record"
    """Is there an exit record of this very run?"""
    STARTED = "started"
    """Does the run record name a supervisor (yes), or is the number only reserved (no)?"""
    LOCK = "lock"
    """Is the run's lock held?"""
    SUPERVISOR = "supervisor"
    """Is the recorded supervisor process there, every recorded fact agreeing?"""
    CHILD = "child"
    """Is the recorded child process there?"""
    BOOT = "boot"
    """Is this the boot the run belongs to?"""
    MACHINE = "machine"
    """Is this the machine the run belongs to?"""
    SOCKET = "socket"
    """Does the supervisor answer on its socket?"""
    OUTPUT = "output"
    """Has there been new output within the pod's threshold?"""
    PROGRESS = "progress"
    """Has the output brought anything new within the pod's threshold?"""
    CPU = "cpu"
    """Do the processes of a run without progress use the CPU?"""
    TERMINAL = "terminal"
    """Is the foreground process blocked reading the terminal?"""
    LEFTOVER = "leftover"
    """Is a process proven to be left of a run that is over?"""
    OBSERVER = "observer"
    """Is the observer itself in order?"""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One observation by one probe, with its time and a detail in words."""

    probe: Probe
    answer: Answer
    detail: str
    at: datetime


class Verdict(StrEnum):
    """Whether a run lives; only ``DEAD`` may ever lead to a destructive act."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Status of a pod, as the operator reads it."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"
    STALLED = "stalled"
    UNRESPONSIVE = "unresponsive"
    EXITED = "exited"
    FAILED = "failed"
    LOST = "lost"
    UNKNOWN = "unknown"


ENDED_STATUSES = frozenset({Status.EXITED, Status.FAILED, Status.LOST})
LIVE_STATUSES = frozenset(
    {
        Status.STARTING,
        Status.WORKING,
        Status.IDLE,
        Status.WAITING,
        Status.STALLED,
        Status.UNRESPONSIVE,
    }
)


class Source(StrEnum):
    """Source on which a status rests, in the order of trust."""

    EXIT_RECORD = "exit record"
    KERNEL = "kernel"
    AGENT = "agent"
    TRANSCRIPT = "transcript"
    PROCESS = "process"
    OUTPUT = "output"
    RECORD = "record"
