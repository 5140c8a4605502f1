"""``podtui recover``: bring a pod back from the trash, or show what is in it."""

from __future__ import annotations

import click

from podtui.cli.as_json import document, trash_object
from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, json_option
from podtui.cli.session import Session, pass_session
from podtui.cli.table import Cell, Column, rendered
from podtui.core.errors import BadInput
from podtui.core.model.trash import TrashView
from podtui.core.text.safe import safe_line

_COLUMNS = (
    Column("NAME"),
    Column("ID"),
    Column("PRUNED"),
    Column("BY", dropped=2),
    Column("PARENT", dropped=3),
    Column("STATUS", dropped=1),
    Column("MESSAGE", flexible=True, dropped=4),
)


@click.command("recover")
@click.argument("target", metavar="[NAME|ID]", required=False)
@click.option("--as", "as_name", metavar="NAME", help="Call it so from now on.")
@click.option("--list", "listing", is_flag=True, help="Show what is in the trash, newest first.")
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    target: str | None,
    as_name: str | None,
    listing: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action takes it; this one never asks
) -> None:
    """Bring the pod NAME back from the trash with everything it had; the newest of that name.

    With an ID (of the entry of the trash, or of the pod) exactly that one. It does not ask:
    `podtui prune NAME` undoes it.
    """
    if listing:
        if target is not None or as_name is not None:
            raise BadInput("--list shows the whole trash", next_step="podtui recover --list")
        _show(session)
        return
    if target is None:
        raise BadInput(
            "which pod is to be recovered is not said",
            next_step="podtui recover NAME; podtui recover --list shows what is in the trash",
        )
    plane = session.open_plane(False)
    if dry_run:
        show_plan(session, plane.plan_recover(target, as_name=as_name))
        return
    code = carry_out(session, lambda: plane.recover(target, as_name=as_name, actor=session.caller))
    context.exit(code)


def _show(session: Session) -> None:
    found = session.open_plane(False).trash()
    output = session.output
    if session.as_json:
        output.line(document(trash=[trash_object(each) for each in found]))
    elif not found:
        session.messages.note("the trash is empty")
    else:
        rows = [_row(each) for each in found]
        output.text(rendered(_COLUMNS, rows, width=output.width, colour=output.colour))


def _row(each: TrashView) -> list[Cell]:
    pruned_at = f"{each.pruned_at.astimezone():%Y-%m-%d %H:%M}" if each.pruned_at else "-"
    return [
        Cell(safe_line(each.name, 64)),
        Cell(safe_line(each.id, 64)),
        Cell(pruned_at),
        Cell(safe_line(each.actor, 64)),
        Cell(safe_line(each.parent or "", 64)),
        Cell(safe_line(each.status)),
        Cell(safe_line(each.problem or each.message, 400), "unknown" if each.problem else None),
    ]
