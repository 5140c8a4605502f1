"""The scope-loan ledger of each pod, and the one lock under which scopes are lent.

Loans are lines in the pod's own directory, so that they go into the trash and come back with it.
The last line of a loan counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from podtui.core.errors import Busy
from podtui.core.model.loans import Loan
from podtui.core.model.records import LoanLine
from podtui.core.paths import PodPaths, StorePaths
from podtui.core.store.codec import encode_json
from podtui.core.store.lines import LineProblem, read_lines
from podtui.core.system.fs import Fs
from podtui.core.system.system import System

LOCK_WAIT_S = 10.0


class PodLoans(msgspec.Struct, frozen=True):
    """The loans of one pod, oldest first, and what of its ledger cannot be read.

    A ledger with a problem other than a torn end does not say which scopes are out.
    """

    loans: tuple[Loan, ...]
    problems: tuple[LineProblem, ...] = ()

    @property
    def out(self) -> tuple[Loan, ...]:
        return tuple(loan for loan in self.loans if loan.is_out)

    @property
    def doubts(self) -> tuple[LineProblem, ...]:
        """Return the problems that may hide a loan; a torn end was never committed."""
        return tuple(problem for problem in self.problems if not problem.torn)


def loans_of(fs: Fs, paths: PodPaths, *, pod: str, pod_id: str) -> PodLoans:
    """Return the loans of one pod; nothing is raised."""
    lines = read_lines(fs, paths.loans, LoanLine)
    latest: dict[str, LoanLine] = {}
    for line in lines.entries:
        latest[line.loan] = line
    loans = tuple(
        Loan(
            id=line.loan,
            pod=pod,
            pod_id=pod_id,
            mode=line.mode,
            path=line.path,
            is_out=line.change == "lent",
            since=line.at,
            why=line.why,
            act=line.act,
        )
        for line in latest.values()
    )
    return PodLoans(loans, lines.problems)


def encode_lines(lines: Sequence[LoanLine]) -> bytes:
    """Return the ledger of a new pod."""
    return b"".join(encode_json(line) + b"\n" for line in lines)


def append_loan_lines(system: System, paths: PodPaths, lines: Sequence[LoanLine]) -> None:
    """Write changes of a pod's loans, each synced; the caller holds `lending_lock`.

    Raises:
        OSError: the disk refused; the lines before it are written.
    """
    for line in lines:
        system.fs.append_line(paths.loans, encode_json(line))


@contextmanager
def lending_lock(system: System, paths: StorePaths) -> Iterator[None]:
    """Hold the lock under which loans are compared and changed; it is held for moments only.

    Raises:
        Busy: it was not free in time.
        OSError: it cannot be made.
    """
    try:
        with system.fs.locked(paths.loans_lock, clock=system.clock, timeout_s=LOCK_WAIT_S):
            yield
    except BlockingIOError:
        raise Busy(
            f"the scope loans were locked for {LOCK_WAIT_S:.0f} s ({paths.loans_lock})",
            next_step="try again",
            kept="nothing was lent or returned",
        ) from None
