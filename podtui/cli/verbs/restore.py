"""``podtui restore``: start a new run of pods that are not alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, json_option
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput

if TYPE_CHECKING:
    from podtui.core.control.local import LocalPlane
    from podtui.core.model.plans import Report


@click.command("restore")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all-lost", is_flag=True, help="Every pod that is lost or never started.")
@click.option(
    "--without",
    metavar="PATH",
    multiple=True,
    help="A scope it is not lent again. Repeatable.",
)
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    names: tuple[str, ...],
    all_lost: bool,
    without: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action takes it; restoring never asks, as stop undoes it
) -> None:
    """Start a new run of each pod NAME that is not alive, parents before their children.

    What its last run left is ended first. An agent goes on with its own conversation where its
    command names that.
    """
    if all_lost == bool(names):
        wrong = "give names or --all-lost, not both" if names else "no pod is named"
        raise BadInput(wrong, next_step="podtui restore NAME, or podtui restore --all-lost")
    plane = session.open_plane(False)
    wanted = plane.lost_pods() if all_lost else names
    if dry_run:
        show_plan(session, plane.plan_restore(wanted, without=without, in_bulk=all_lost))
        return
    context.exit(carry_out(session, lambda: _restore(session, plane, wanted, without, all_lost)))


def _restore(
    session: Session,
    plane: LocalPlane,
    names: tuple[str, ...],
    without: tuple[str, ...],
    all_lost: bool,
) -> Report:
    if not names:
        session.messages.note("no pod is lost")
    return plane.restore(names, without=without, in_bulk=all_lost, actor=session.caller)
