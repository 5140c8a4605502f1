"""``podtui prune``, ``recover`` and ``purge``: move pods into the trash, back, or delete them."""

from __future__ import annotations

import click

from podtui.cli.as_json import document, trash_object
from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, duration_option, json_option
from podtui.cli.session import Session, pass_session
from podtui.cli.table import Cell, Column, rendered
from podtui.core.errors import BadInput
from podtui.core.model.plans import Plan
from podtui.core.model.requests import Prune, Purge, Recover
from podtui.core.model.trash import TrashView
from podtui.core.text.durations import parse_duration
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
PRUNE_USAGE = "podtui prune NAME…, or podtui prune --exited [--older-than 7d]"


@click.command("prune")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--exited", is_flag=True, help="Every pod that exited or failed by itself.")
@duration_option("--older-than", "With --exited: only pods that ended at least this long ago")
@click.option(
    "--unreadable",
    is_flag=True,
    help="Also prune a pod whose record cannot be read, if nothing shows that it is alive.",
)
@action_options
@json_option
@pass_session
@click.pass_context
def prune(
    context: click.Context,
    session: Session,
    *,
    names: tuple[str, ...],
    exited: bool,
    older_than: float | None,
    unreadable: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action accepts it; this one never asks
) -> None:
    """Move each dead pod NAME, with all of its files, out of the tree into the trash.

    Does not ask for confirmation: `podtui recover NAME` brings everything back.
    """
    _refuse_wrong_mix(names, exited=exited, older_than=older_than, unreadable=unreadable)
    plane = session.open_plane(False)
    if exited:
        names = plane.ended_pods(older_than_s=older_than or 0.0)
        if not names and not session.as_json:
            age = " that long ago" if older_than else ""
            session.messages.note(f"no pod has exited or failed{age}")
    request = Prune(names, unreadable=unreadable)
    context.exit(run_action(session, plane, request, dry_run=dry_run))


def _refuse_wrong_mix(
    names: tuple[str, ...], *, exited: bool, older_than: float | None, unreadable: bool
) -> None:
    mistakes = (
        (not names and not exited, "no pod is named"),
        (bool(names) and exited, "give names or --exited, not both"),
        (older_than is not None and not exited, "--older-than needs --exited"),
        (unreadable and exited, "--unreadable needs names: --exited selects only readable pods"),
    )
    for is_wrong, message in mistakes:
        if is_wrong:
            raise BadInput(message, next_step=PRUNE_USAGE, kept="nothing was changed")


@click.command("recover")
@click.argument("target", metavar="[NAME|ID]", required=False)
@click.option("--as", "as_name", metavar="NAME", help="Recover it under this name.")
@click.option("--list", "listing", is_flag=True, help="List the trash, newest first.")
@action_options
@json_option
@pass_session
@click.pass_context
def recover(
    context: click.Context,
    session: Session,
    *,
    target: str | None,
    as_name: str | None,
    listing: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action accepts it; this one never asks
) -> None:
    """Bring the newest pod called NAME back from the trash, with everything it had.

    An ID, of a trash entry or of a pod, selects exactly that one. Does not ask for confirmation:
    `podtui prune NAME` undoes it.
    """
    if listing:
        if target is not None or as_name is not None:
            raise BadInput("--list takes no other argument", next_step="podtui recover --list")
        _show(session)
        return
    if target is None:
        raise BadInput(
            "no pod is named",
            next_step="podtui recover NAME; podtui recover --list lists the trash",
        )
    request = Recover((target,), as_name)
    context.exit(run_action(session, session.open_plane(False), request, dry_run=dry_run))


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


@click.command("purge")
@click.option(
    "--older-than",
    "age",
    required=True,
    metavar="DURATION",
    help="Delete only pods that were pruned at least this long ago (90s, 12m, 7d).",
)
@action_options
@json_option
@pass_session
@click.pass_context
def purge(context: click.Context, session: Session, *, age: str, dry_run: bool, yes: bool) -> None:
    """Delete old pods from the trash for good: nothing brings them back.

    Asks for confirmation; without a terminal, --yes is required.
    """
    request = Purge(parse_duration(age))
    plane = session.open_plane(False)
    if not (yes or dry_run or session.can_ask):
        _refuse_unasked(plane.plan(request), age)
    context.exit(
        run_action(session, plane, request, dry_run=dry_run, ask=session.can_ask and not yes)
    )


def _refuse_unasked(plan: Plan, age: str) -> None:
    plan.raise_if_refused()
    if plan.steps:
        raise BadInput(
            f"purge would delete {len(plan.steps)} for good, and there is no terminal to ask on:"
            " --yes is required",
            next_step=f"podtui purge --older-than {age.strip()} --yes",
            kept="nothing was deleted",
        )
