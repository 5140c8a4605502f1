"""Scope loans as rows for a person."""

from __future__ import annotations

from podtui.cli.listing import LONGEST_LABEL
from podtui.cli.session import Session
from podtui.cli.table import Cell, Column, rendered
from podtui.core.model.loans import Loan, LoanBook
from podtui.core.text.safe import safe_line

SHOWN_PATH = 400
_COLUMNS = (
    Column("POD"),
    Column("MODE"),
    Column("STATE"),
    Column("PATH", flexible=True),
    Column("SINCE", dropped=2),
    Column("WHY", dropped=3),
    Column("LOAN", dropped=4),
)


def show_loans(session: Session, book: LoanBook) -> None:
    """Write one table: what is lent now, then what came back."""
    for pod, doubt in book.doubts.items():
        session.messages.note(f"what {pod} has cannot be told: {doubt}")
    if not book.loans:
        session.messages.note("nothing is lent to any pod")
        session.messages.note("  next: podtui spawn NAME --write PATH -- COMMAND lends a scope")
        return
    loans = sorted(book.loans, key=lambda loan: not loan.is_out)
    output = session.output
    rows = [_row(loan) for loan in loans]
    output.text(rendered(_COLUMNS, rows, width=output.width, colour=output.colour))


def _row(loan: Loan) -> list[Cell]:
    return [
        Cell(safe_line(loan.pod, LONGEST_LABEL)),
        Cell(loan.mode),
        Cell("lent") if loan.is_out else Cell("returned", "quiet"),
        Cell(safe_line(loan.path, SHOWN_PATH)),
        Cell(f"{loan.since.astimezone():%Y-%m-%d %H:%M:%S}"),
        Cell(safe_line(loan.why, LONGEST_LABEL)),
        Cell(safe_line(loan.id, LONGEST_LABEL)),
    ]
