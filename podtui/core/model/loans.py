"""Scope loans: which paths a pod may read or write."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

import msgspec

Mode = Literal["read", "write"]


class Loan(msgspec.Struct, frozen=True, kw_only=True):
    """One scope that was lent to a pod, as it is now.

    Attributes:
        is_out: whether the pod has it now; False when it came back.
        since: when that began.
        why: why it was lent, or came back.
        act: id of the action that did so, "" for the spawn.
    """

    id: str
    pod: str
    pod_id: str
    mode: Mode
    path: str
    is_out: bool
    since: datetime
    why: str
    act: str = ""

    def overlaps(self, path: str) -> bool:
        """Whether one path is the other, or above it, or below it."""
        return overlap(self.path, path)

    @property
    def rule(self) -> str:
        """Return what the loan allows, in words."""
        return f"{self.pod} may {self.mode} {self.path} and all below it"


def overlap(one: str, other: str) -> bool:
    """Whether one of two absolute, resolved paths is the other or holds it."""
    first, second = PurePosixPath(one), PurePosixPath(other)
    return first == second or first in second.parents or second in first.parents


class LoanBook(msgspec.Struct, frozen=True, kw_only=True):
    """Every loan of the pods in place.

    Attributes:
        loans: those that are out and those that came back, by pod, oldest first.
        doubts: pods whose ledger cannot be read whole, and why: what they hold is not known.
    """

    loans: tuple[Loan, ...]
    doubts: dict[str, str] = {}

    @property
    def out(self) -> tuple[Loan, ...]:
        return tuple(loan for loan in self.loans if loan.is_out)
