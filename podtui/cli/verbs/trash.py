"""``podtui prune``, ``recover`` and ``purge``: into the trash, out of it, and gone for good."""

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
@duration_option("--older-than", "With --exited: only what ended at least so long ago.")
@click.option(
    "--unreadable",
    is_flag=True,
    help="Also a pod whose record cannot be read, when nothing of it shows life.",
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
    yes: bool,  # noqa: ARG001 - every action takes it; this one never asks
) -> None:
    """Move the dead pods NAME... out of the tree into the trash, whole.

    It does not ask: `podtui recover NAME` brings everything back.
    """
    _refuse_wrong_mix(names, exited=exited, older_than=older_than, unreadable=unreadable)
    plane = session.open_plane(False)
    if exited:
        names = plane.ended_pods(older_than_s=older_than or 0.0)
        if not names and not session.as_json:
            so_long = " so long ago" if older_than else ""
            session.messages.note(f"no pod has exited or failed{so_long}")
    request = Prune(names, unreadable=unreadable)
    context.exit(run_action(session, plane, request, dry_run=dry_run))


def _refuse_wrong_mix(
    names: tuple[str, ...], *, exited: bool, older_than: float | None, unreadable: bool
) -> None:
    mistakes = (
        (not names and not exited, "which pods are to be pruned is not said"),
        (bool(names) and exited, "pods are named, and --exited chooses pods: it takes one of both"),
        (older_than is not None and not exited, "--older-than goes with --exited"),
        (unreadable and exited, "--unreadable goes with names: --exited chooses what can be read"),
    )
    for is_wrong, message in mistakes:
        if is_wrong:
            raise BadInput(message, next_step=PRUNE_USAGE, kept="nothing was changed")


@click.command("recover")
@click.argument("target", metavar="[NAME|ID]", required=False)
@click.option("--as", "as_name", metavar="NAME", help="Call it so from now on.")
@click.option("--list", "listing", is_flag=True, help="Show what is in the trash, newest first.")
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
    help="Only what was pruned at least so long ago (90s, 12m, 7d).",
)
@action_options
@json_option
@pass_session
@click.pass_context
def purge(context: click.Context, session: Session, *, age: str, dry_run: bool, yes: bool) -> None:
    """Delete old pods from the trash for good: nothing brings them back.

    It asks first. Without a terminal it needs --yes.
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
            f"a purge deletes for good ({len(plan.steps)} here) and there is no terminal to ask"
            " on: it needs --yes",
            next_step=f"podtui purge --older-than {age.strip()} --yes",
            kept="nothing was deleted",
        )
