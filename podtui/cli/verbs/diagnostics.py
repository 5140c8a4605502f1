"""``podtui diagnostics``: show the diagnostics, each with its evidence and how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from podtui.cli.as_json import diagnostic_object, document
from podtui.cli.interruption import interruptible
from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session
from podtui.cli.table import Cell, painted
from podtui.core.diagnostics.report import DiagnosticsPicture, Entry, merged
from podtui.core.errors import NotFound
from podtui.core.model.diagnostics import KINDS, Diagnostic, DiagnosticKind
from podtui.core.text.safe import safe_line

if TYPE_CHECKING:
    from podtui.core.control.plane import Plane

Wanted = Callable[[Diagnostic], bool]
KIND_WIDTH = 15


@click.command("diagnostics")
@click.option("--follow", "-f", is_flag=True, help="Go on with new diagnostics, until Ctrl-C.")
@click.option("--unread", is_flag=True, help="Only what you have not seen.")
@click.option("--pod", metavar="NAME", help="Only of this pod, which may be gone.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in DiagnosticKind]),
    metavar="KIND",
    multiple=True,
    help="Only of this kind: " + ", ".join(kind.value for kind in DiagnosticKind) + ". Repeatable.",
)
@click.option("--each", is_flag=True, help="One line for each, even if many came together.")
@click.option("--mark-seen", is_flag=True, help="Note that you have seen what is shown.")
@json_option
@pass_session
def command(
    session: Session,
    *,
    follow: bool,
    unread: bool,
    pod: str | None,
    kinds: tuple[str, ...],
    each: bool,
    mark_seen: bool,
) -> None:
    """Show what must not be missed, oldest first: losses, what was done about them, the way back.

    Each is reported once. Many of one kind that came within seconds are one line. Showing them
    does not mark them as seen.
    """
    plane = session.open_plane(False)
    if mark_seen:
        # Refused in a read-only store before anything is shown.
        plane.mark_diagnostics_read((), session.caller)
    picture = plane.diagnostics_picture(session.caller)
    # With --json, standard error has one error object or nothing.
    for problem in () if session.as_json else picture.problems:
        session.messages.note(problem)
    wanted = _filter(pod, kinds)
    if follow:
        _follow(session, plane, picture, wanted, only_unread=unread, mark_seen=mark_seen)
        return
    shown = tuple(
        one
        for one in picture.diagnostics
        if wanted(one) and (not unread or one.id in picture.unread)
    )
    if pod is not None and not any(map(wanted, picture.diagnostics)):
        _refuse_unknown(plane, pod)
    if session.as_json:
        objects = [
            diagnostic_object(one, picture, is_unread=one.id in picture.unread) for one in shown
        ]
        session.output.line(document(diagnostics=objects, problems=list(picture.problems)))
    else:
        _show(session, shown, picture, each=each)
    if mark_seen:
        plane.mark_diagnostics_read([one.id for one in shown], session.caller)


def _filter(pod: str | None, kinds: tuple[str, ...]) -> Wanted:
    return lambda one: (
        (pod is None or pod in {one.pod, one.pod_id}) and (not kinds or one.kind.value in kinds)
    )


def _refuse_unknown(plane: Plane, pod: str) -> None:
    """Refuse a name without diagnostics unless a pod has that name.

    Raises:
        NotFound: there is no such pod.
    """
    try:
        plane.name_of(pod)
    except NotFound as error:
        error.kept = error.kept or "no diagnostic names it either"
        raise


def _follow(
    session: Session,
    plane: Plane,
    past: DiagnosticsPicture,
    wanted: Wanted,
    *,
    only_unread: bool,
    mark_seen: bool,
) -> None:
    known = {one.id for one in past.diagnostics}
    with interruptible() as stop:
        for one in plane.follow_diagnostics(stop):
            is_unread = one.id in past.unread or one.id not in known
            if not wanted(one) or (only_unread and not is_unread):
                continue
            if session.as_json:
                session.output.line(document(**diagnostic_object(one, past, is_unread=is_unread)))
            else:
                _show_entry(session, Entry((one,), one.summary), past, is_unread=is_unread)
            if mark_seen:
                plane.mark_diagnostics_read([one.id], session.caller)


def _show(
    session: Session,
    shown: Sequence[Diagnostic],
    picture: DiagnosticsPicture,
    *,
    each: bool,
) -> None:
    if each:
        entries: Iterable[Entry] = (Entry((one,), one.summary) for one in shown)
    else:
        entries = reversed(merged(shown))
    count = 0
    for entry in entries:
        count += 1
        _show_entry(session, entry, picture, is_unread=picture.is_unread(entry))
    if not count:
        session.messages.note("no diagnostics" if picture.diagnostics else "no diagnostics yet")


def _show_entry(
    session: Session, entry: Entry, picture: DiagnosticsPicture, *, is_unread: bool
) -> None:
    look = KINDS[entry.kind]
    mark = "*" if is_unread else " "
    kind = painted(
        Cell(f"{look.glyph} {look.word:<{KIND_WIDTH}}", look.role), colour=session.output.colour
    )
    at = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"
    session.output.line(f"{mark} {at}  {kind}  {safe_line(entry.sentence)}")
    command = _undo_command(entry, picture)
    if command:
        session.output.line(f"    undo: {safe_line(command)}")


def _undo_command(entry: Entry, picture: DiagnosticsPicture) -> str:
    """Return the command that undoes an entry, "" when nothing is left to undo."""
    undos = [one.undo for one in picture.open_undo(entry) if one.undo is not None]
    if not undos:
        return ""
    if len(undos) == 1:
        return undos[0].command
    return f"podtui diagnostics --each names it for each of the {len(undos)}"
