"""``podtui inspect``: show everything known about a pod."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

import click

from podtui.cli.as_json import document, inspection_object
from podtui.cli.listing import state
from podtui.cli.options import json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.cli.table import Cell, Column, painted, rendered
from podtui.core.model.appearance import signal_name
from podtui.core.model.snapshot import Inspection, RunView
from podtui.core.text.durations import size_short
from podtui.core.text.safe import safe_line

LABEL_CELLS = 9
_EVIDENCE = (
    Column("PROBE"),
    Column("ANSWER"),
    Column("DETAIL", flexible=True),
    Column("AT", dropped=1),
)
_RUNS = (
    Column("RUN", right=True),
    Column("STARTED"),
    Column("ENDED"),
    Column("RESULT"),
    Column("OUTPUT", right=True, dropped=1),
    Column("WHY", flexible=True, dropped=2),
)
_PROCESSES = (
    Column("PID", right=True),
    Column("CPU", right=True),
    Column("MEM", right=True),
    Column("PROCESS", flexible=True),
)


@click.command("inspect")
@name_argument
@json_option
@pass_session
def command(session: Session, *, name: str) -> None:
    """Show everything known about the pod NAME, with the evidence for its status."""
    seen = session.open_plane(False).inspect(name)
    if session.as_json:
        session.output.line(document(pod=inspection_object(seen)))
        return
    for line in _facts(session, seen):
        session.output.line(line)
    for columns, rows in _tables(seen):
        if rows:
            table = rendered(
                columns, rows, width=session.output.width, colour=session.output.colour
            )
            session.output.text(f"\n{table}")


def _facts(session: Session, seen: Inspection) -> Iterator[str]:
    pod = seen.pod
    status = painted(state(pod), colour=session.output.colour)
    yield f"{safe_line(pod.name)}  {status}  {safe_line(pod.message)}"
    said = "asserted" if pod.asserted else "inferred"
    facts = {
        "verdict": f"{pod.verdict.value} ({said}, from: {pod.source.value})",
        "since": local_time(pod.since),
        "id": pod.id,
        "parent": _parent_words(seen),
        "children": ", ".join(seen.children),
        "role": pod.role,
        "task": pod.task,
        "command": shlex.join(seen.argv),
        "in": seen.cwd,
        "scopes": ", ".join(f"{loan.mode} {loan.path}" for loan in seen.loans if loan.is_out),
        "returned": ", ".join(
            f"{loan.mode} {loan.path} ({loan.why})" for loan in seen.loans if not loan.is_out
        ),
        "ledger": "; ".join(seen.loan_doubts),
        "output": f"{size_short(pod.output_bytes)}, last at {local_time(pod.last_output_at)}",
        "record": pod.record_error,
    }
    for word, content in facts.items():
        if content:
            yield f"  {word:<{LABEL_CELLS}}{safe_line(content)}"


def _parent_words(seen: Inspection) -> str | None:
    absent = f" ({seen.absent_parent})" if seen.absent_parent else ""
    return f"{seen.pod.parent}{absent}" if seen.pod.parent else None


def _tables(seen: Inspection) -> Iterator[tuple[tuple[Column, ...], list[list[Cell]]]]:
    yield (
        _EVIDENCE,
        [
            [
                Cell(each.probe.value),
                Cell(each.answer.value, "unknown" if each.answer.value == "unknown" else None),
                Cell(safe_line(each.detail)),
                Cell(f"{each.at.astimezone():%H:%M:%S}"),
            ]
            for each in seen.pod.evidence
        ],
    )
    yield _RUNS, [_run_row(each) for each in seen.runs]
    yield (
        _PROCESSES,
        [
            [
                Cell(str(each.pid)),
                Cell(f"{each.cpu_percent:.0f}%"),
                Cell(size_short(each.rss_bytes)),
                Cell(safe_line(each.name, 80)),
            ]
            for each in seen.processes
        ],
    )


def _run_row(run: RunView) -> list[Cell]:
    return [
        Cell(str(run.run)),
        Cell(local_time(run.started_at)),
        Cell(local_time(run.ended_at)),
        Cell(_result(run)),
        Cell(size_short(run.output_bytes)),
        Cell(safe_line(run.record_error or run.reason)),
    ]


def _result(run: RunView) -> str:
    if run.signal is not None:
        return signal_name(run.signal)
    return "-" if run.exit_code is None else f"exit code {run.exit_code}"


def local_time(at: datetime | None) -> str:
    """Return a time in the local time zone, or "-" if there is none."""
    return "-" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
