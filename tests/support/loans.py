"""Pods written by hand that have something lent to them."""

from __future__ import annotations

from pathlib import Path

from podtui.core.control.local import LocalPlane
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.loans import Loan, Mode
from podtui.core.model.records import LoanLine, PodRecord
from podtui.core.store.loans import encode_lines
from tests.support.record_builders import write_exit, write_pod


def lend(plane: LocalPlane, pod: PodRecord, *scopes: tuple[Mode, Path | str]) -> None:
    """Write the ledger of a hand-made pod."""
    lines = [
        LoanLine(
            loan=f"{pod.id}.{number}",
            change="lent",
            mode=mode,
            path=str(path),
            at=plane.store.system.clock.now(),
            actor="test",
            why="spawned by test",
        )
        for number, (mode, path) in enumerate(scopes, 1)
    ]
    plane.store.paths.pod(pod.name).loans.write_bytes(encode_lines(lines))


def write_holder(
    plane: LocalPlane, name: str, *scopes: tuple[Mode, Path | str], ended: bool = True
) -> PodRecord:
    """Write a pod that has scopes, and has ended unless said otherwise."""
    pod = write_pod(plane, name)
    if ended:
        write_exit(plane, pod)
    lend(plane, pod, *scopes)
    return pod


def loans_of_pod(plane: LocalPlane, name: str) -> tuple[Loan, ...]:
    """Return every loan of a pod, as it is now."""
    return tuple(loan for loan in plane.loans().loans if loan.pod == name)


def out_paths(plane: LocalPlane, name: str) -> list[str]:
    """Return what a pod has now."""
    return [loan.path for loan in loans_of_pod(plane, name) if loan.is_out]


def diagnostics_of_loans(plane: LocalPlane) -> list[Diagnostic]:
    """Return what was told of scopes that came back or were lent again, oldest first."""
    kinds = {DiagnosticKind.LOAN_RETURNED, DiagnosticKind.LOAN_LENT}
    return [each for each in plane.store.diagnostics.read().entries if each.kind in kinds]


def told_events(plane: LocalPlane, kind: EventKind) -> list[str]:
    """Return the summaries of the events of a kind."""
    return [each.summary for each in plane.store.journal.read().entries if each.kind is kind]
