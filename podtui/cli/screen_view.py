"""``podtui read --view screen``: the terminal of a pod as it looks now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podtui.cli.as_json import document
from podtui.cli.session import Session
from podtui.core.screen.paint import clipped, painted_line
from podtui.core.screen.picture import ScreenPicture

if TYPE_CHECKING:
    from podtui.core.control.plane import Plane


def write_screen(session: Session, plane: Plane, name: str) -> None:
    """Write the screen of a pod's latest run; no reader's cursor is moved."""
    terminal = plane.output(name).terminal()
    picture = terminal.update() or terminal.picture
    pod = plane.look_at(name)
    lines = picture.plain_lines()
    if session.as_json:
        session.output.line(
            document(
                pod=pod.name,
                run=terminal.run,
                text="".join(f"{line}\n" for line in lines),
                columns=picture.columns,
                rows=picture.rows,
                cursor={
                    "column": picture.cursor.x,
                    "row": picture.cursor.y,
                    "visible": picture.cursor.visible,
                },
                alternate=picture.alternate,
                title=picture.title,
                status=pod.status.value,
                message=pod.message,
            )
        )
        return
    for row, line in enumerate(lines):
        session.output.line(_coloured(session, picture, row) if session.output.colour else line)
    if picture.note:
        session.messages.note(picture.note)
    session.messages.note(pod.message)


def _coloured(session: Session, picture: ScreenPicture, row: int) -> str:
    return painted_line(clipped(picture.lines[row], session.output.width or picture.columns))
