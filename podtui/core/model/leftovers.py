"""Processes that a run left running: what a survey found, and what became of them."""

from __future__ import annotations

import msgspec

from podtui.kernel.processes import Identity

Key = tuple[int, int]


class LeftoverProcess(msgspec.Struct, frozen=True):
    """A process that is proven to be left over; ``why`` is the proof in words."""

    identity: Identity
    name: str
    why: str
    parent: int = 0
    state: str = ""
    is_on_record: bool = False

    @property
    def key(self) -> Key:
        return (self.identity.pid, self.identity.start_ticks)

    @property
    def words(self) -> str:
        return f"{self.name} {self.identity.pid}"


class Skipped(msgspec.Struct, frozen=True):
    """A process that looks like a leftover and gets no signal, with the reason."""

    pid: int
    name: str
    reason: str

    @property
    def words(self) -> str:
        return f"{self.name} {self.pid}: {self.reason}"


class Survey(msgspec.Struct, frozen=True):
    """Which processes are left of one run, at one moment.

    Attributes:
        targets: parents before children.
        hidden: processes of our user that do not show whether they bear the mark.
        possible: False when no process of the run can be there: the host was restarted since.
    """

    targets: tuple[LeftoverProcess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    hidden: int = 0
    possible: bool = True


class Ended(msgspec.Struct, frozen=True):
    """What became of the processes that a run left running.

    Attributes:
        reaped: one sentence for each process that is gone.
        skipped: each process that looked like a leftover and got no signal, with the reason.
        survivors: each process that is still there, with the reason.
        proof: why nothing else is left, in words.
        targets: every process that was proven to be left over, with the proofs.
    """

    reaped: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    survivors: tuple[str, ...] = ()
    proof: str = ""
    targets: tuple[LeftoverProcess, ...] = ()
