"""``podtui read``: write the part of a pod's output that this reader has not seen.

The reader's cursor moves past a piece only after the piece was written: a reader that is
interrupted gets the piece again and never misses one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import click

from podtui.cli.as_json import document, encoded
from podtui.cli.interruption import interruptible
from podtui.cli.options import json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput
from podtui.core.model.names import checked_name
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.system.clock import SystemClock
from podtui.core.text.durations import duration

if TYPE_CHECKING:
    from podtui.core.control.plane import Plane
    from podtui.core.output.reading import OutputPiece, OutputReading

STATUS_IS_FRESH_S = 0.5
"""How old the status beside a followed output may be; reading it costs more than a piece."""


@click.command("read")
@name_argument
@click.option("--as", "reader", metavar="READER", help="Whose cursor; default: the caller.")
@click.option(
    "--view",
    type=click.Choice(["text", "raw", "screen"]),
    default="text",
    show_default=True,
    help="raw gives the bytes as they were printed; on a terminal they can do anything to it. "
    "screen gives the terminal as it looks now, and moves no cursor.",
)
@click.option("--peek", is_flag=True, help="Do not move the cursor.")
@click.option("--follow", "-f", is_flag=True, help="Go on as output comes, until the pod ends.")
@click.option("--from-start", is_flag=True, help="Begin at the first run's first byte.")
@json_option
@pass_session
def command(
    session: Session,
    *,
    name: str,
    reader: str | None,
    view: Literal["text", "raw", "screen"],
    peek: bool,
    follow: bool,
    from_start: bool,
) -> None:
    """Write the part of the output of the pod NAME that this reader has not seen.

    The reader's cursor moves after the text was written. The message about the pod goes to
    standard error.
    """
    chosen = checked_name(reader or session.caller, "reader name")
    if view == "screen" and (follow or from_start):
        raise BadInput(
            "--view screen shows the terminal as it is now: there is nothing to follow in it, "
            "and no start",
            next_step=f"podtui attach {name} --read-only shows it as it changes",
        )
    plane = session.open_plane(False)
    if view == "screen":
        from podtui.cli.screen_view import write_screen  # noqa: PLC0415 - loads an emulator

        write_screen(session, plane, name)
        return
    reading = plane.reading(name, reader=chosen, view=view, from_start=from_start, peek=peek)
    status = _Status(plane, name)
    with interruptible() as stop:
        pieces = reading.follow(stop) if follow else reading.pieces()
        if not session.as_json:
            _write(session, reading, pieces, status)
        elif follow:
            _write_objects(session, reading, pieces, status, view)
        else:
            _write_object(session, reading, pieces, status, view)


class _Status:
    """The pod's status, which is reported beside its output."""

    def __init__(self, plane: Plane, name: str) -> None:
        self._plane = plane
        self._name = name
        self._clock = SystemClock()
        self._view: PodView | None = None
        self._at = 0.0

    def view(self, *, fresh: bool = True) -> PodView:
        now = self._clock.monotonic()
        if self._view is None or fresh or now - self._at > STATUS_IS_FRESH_S:
            self._view, self._at = self._plane.look_at(self._name), now
        return self._view


def message(view: PodView, *, something_new: bool) -> str:
    """Return the message of the pod: "running, no new output for 3s", "exited 0, nothing new"."""
    if something_new:
        return view.message
    if view.verdict is not Verdict.ALIVE:
        return f"{view.message}, nothing new"
    if view.quiet:
        return view.message
    if view.quiet_for_s is None:
        return f"{view.message}, no output yet"
    return f"{view.message}, no new output for {duration(view.quiet_for_s)}"


def _write(
    session: Session, reading: OutputReading, pieces: Iterator[OutputPiece], status: _Status
) -> None:
    something_new = False
    ends_line = True
    for piece in pieces:
        data = piece.data.encode() if isinstance(piece.data, str) else piece.data
        session.output.write(data)
        reading.commit(piece)
        something_new = True
        ends_line = data.endswith(b"\n") if data else ends_line
    if not ends_line and session.output.is_terminal:
        # A message on the line of a prompt would look like output of the pod.
        session.output.line()
    session.messages.note(message(status.view(), something_new=something_new))


def _write_objects(
    session: Session,
    reading: OutputReading,
    pieces: Iterator[OutputPiece],
    status: _Status,
    view: Literal["text", "raw"],
) -> None:
    """Write one object for each piece, and a last one when the pod has ended."""

    def write(run: int, data: str | bytes, begin: int, end: int, gap: int, *, last: bool) -> None:
        pod = status.view(fresh=last)
        if isinstance(data, bytes):
            content = {"text": "", "data_base64": base64.b64encode(data).decode("ascii")}
        else:
            content = {"text": data}
        line = document(
            pod=pod.name,
            run=run,
            **content,
            **{"from": begin, "to": end},
            gap_bytes=gap,
            status=pod.status.value,
            message=message(pod, something_new=bool(data) or bool(gap)),
        )
        session.output.line(line)

    for piece in pieces:
        positions = piece.from_position, piece.to_position
        write(piece.run, piece.data, *positions, piece.gap_bytes, last=False)
        reading.commit(piece)
    nothing: str | bytes = "" if view == "text" else b""
    write(reading.run, nothing, reading.position, reading.position, 0, last=True)


def _write_object(
    session: Session,
    reading: OutputReading,
    pieces: Iterator[OutputPiece],
    status: _Status,
    view: Literal["text", "raw"],
) -> None:
    """Write one object, its text piece by piece, so that the output may have any size.

    The cursor moves at the end, since a program cannot use half an object.
    """
    first = next(pieces, None)
    begin = first.from_position if first else reading.position
    name = status.view().name
    session.output.text(document(pod=name)[:-1] + ", ")
    gap_bytes, last = 0, None
    body = _Base64Body(session) if view == "raw" else _TextBody(session)
    for piece in _from(first, pieces):
        body.add(piece.data)
        gap_bytes, last = gap_bytes + piece.gap_bytes, piece
    body.close()
    pod = status.view()
    rest: dict[str, Any] = {
        "run": reading.run,
        "from": begin,
        "to": last.to_position if last else begin,
        "gap_bytes": gap_bytes,
        "status": pod.status.value,
        "message": message(pod, something_new=last is not None),
    }
    session.output.line(", " + encoded(rest)[1:])
    if last is not None:
        reading.commit(last)


def _from(first: OutputPiece | None, others: Iterator[OutputPiece]) -> Iterator[OutputPiece]:
    if first is not None:
        yield first
        yield from others


class _TextBody:
    """The ``text`` of an object, written piece by piece."""

    def __init__(self, session: Session) -> None:
        self._output = session.output
        self._output.text('"text": "')

    def add(self, data: str | bytes) -> None:
        self._output.text(encoded(data)[1:-1])

    def close(self) -> None:
        self._output.text('"')


class _Base64Body:
    """The ``data_base64`` of an object, written piece by piece, three bytes at a time."""

    def __init__(self, session: Session) -> None:
        self._output = session.output
        self._left = b""
        self._output.text('"text": "", "data_base64": "')

    def add(self, data: str | bytes) -> None:
        pending = self._left + (data if isinstance(data, bytes) else data.encode())
        whole = len(pending) - len(pending) % 3
        self._left = pending[whole:]
        self._output.write(base64.b64encode(pending[:whole]))

    def close(self) -> None:
        self._output.write(base64.b64encode(self._left) + b'"')
