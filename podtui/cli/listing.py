"""Tables of pods and of scope loans, for ``ls`` and ``tree``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from podtui.cli.session import Session
from podtui.cli.table import Cell, Column, rendered
from podtui.core.model.appearance import APPEARANCE, status_word
from podtui.core.model.loans import Loan, LoanBook
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.text.durations import age, size_short
from podtui.core.text.safe import safe_line

LONGEST_LABEL = 48
COLUMNS = (
    Column("NAME"),
    Column("STATUS"),
    Column("AGE", right=True, dropped=1),
    Column("RUN", right=True, dropped=4),
    Column("AGENT", dropped=3),
    Column("CPU", right=True, dropped=2),
    Column("MEM", right=True, dropped=2),
    Column("MESSAGE", flexible=True, dropped=5),
)
EMPTY = "podtui spawn NAME -- COMMAND starts one; podtui demo shows a whole tree"


def show_pods(session: Session, seen: Snapshot, names: Sequence[str]) -> None:
    """Write one table of pods; ``names`` are the cells of the first column."""
    for notice in seen.notices:
        session.messages.note(notice)
    if not seen.health.ok:
        session.messages.note(
            f"every status is unknown, because podtui cannot observe pods: {seen.health.reason}"
        )
    if not seen.pods:
        session.messages.note(f"no pods in {seen.store}")
        session.messages.note(f"  next: {EMPTY}")
        return
    rows = [_row(name, view, seen.at) for name, view in zip(names, seen.pods, strict=True)]
    output = session.output
    columns, rows = _without_empty(rows)
    output.text(rendered(columns, rows, width=output.width, colour=output.colour))


def label(view: PodView) -> str:
    """Return the name of a pod as safe text of limited length."""
    return safe_line(view.name, LONGEST_LABEL)


def state(view: PodView) -> Cell:
    """Return the cell of a status: its shape and word, with "~" when it is inferred."""
    look = APPEARANCE[view.status]
    return Cell(f"{look.glyph} {status_word(view)}", look.role)


def _row(name: str, view: PodView, now: datetime) -> list[Cell]:
    processor = "" if view.cpu_percent is None else f"{view.cpu_percent:.0f}%"
    memory = "" if view.rss_bytes is None else size_short(view.rss_bytes)
    return [
        Cell(name),
        state(view),
        Cell(age((now - view.since).total_seconds())),
        Cell(str(view.run) if view.run else ""),
        Cell(safe_line(view.agent, 16)),
        Cell(processor),
        Cell(memory),
        Cell(safe_line(view.message, 400)),
    ]


def _without_empty(rows: list[list[Cell]]) -> tuple[list[Column], list[list[Cell]]]:
    """Leave out the columns that are empty in every row."""
    filled = [n for n in range(len(COLUMNS)) if any(row[n].text for row in rows)]
    return [COLUMNS[n] for n in filled], [[row[n] for n in filled] for row in rows]


# scope loans

SHOWN_PATH = 400
LOAN_COLUMNS = (
    Column("POD"),
    Column("MODE"),
    Column("STATE"),
    Column("PATH", flexible=True),
    Column("SINCE", dropped=2),
    Column("WHY", dropped=3),
    Column("LOAN", dropped=4),
)


def show_loans(session: Session, book: LoanBook) -> None:
    """Write one table: current loans, then returned ones."""
    for pod, doubt in book.doubts.items():
        session.messages.note(f"the loans of {pod} could not be determined: {doubt}")
    if not book.loans:
        session.messages.note("nothing is lent to any pod")
        session.messages.note("  next: podtui spawn NAME --write PATH -- COMMAND lends a scope")
        return
    loans = sorted(book.loans, key=lambda loan: not loan.is_out)
    output = session.output
    rows = [_loan_row(loan) for loan in loans]
    output.text(rendered(LOAN_COLUMNS, rows, width=output.width, colour=output.colour))


def _loan_row(loan: Loan) -> list[Cell]:
    return [
        Cell(safe_line(loan.pod, LONGEST_LABEL)),
        Cell(loan.mode),
        Cell("lent") if loan.is_out else Cell("returned", "quiet"),
        Cell(safe_line(loan.path, SHOWN_PATH)),
        Cell(f"{loan.since.astimezone():%Y-%m-%d %H:%M:%S}"),
        Cell(safe_line(loan.why, LONGEST_LABEL)),
        Cell(safe_line(loan.id, LONGEST_LABEL)),
    ]
