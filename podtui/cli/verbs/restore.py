"""``podtui restore``: start a new run of pods that are not alive."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, json_option
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput
from podtui.core.model.requests import Restore


@click.command("restore")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all-lost", is_flag=True, help="Every pod that is lost or never started.")
@click.option(
    "--without",
    metavar="PATH",
    multiple=True,
    help="Do not lend this scope to the new run. Repeatable.",
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
    yes: bool,  # noqa: ARG001 - every action accepts it; restore never asks, as stop undoes it
) -> None:
    """Start a new run of each pod NAME that is not alive, parents before their children.

    Processes that its last run left running are ended first. An agent resumes its own conversation
    if its command names the conversation.
    """
    if all_lost == bool(names):
        wrong = "give names or --all-lost, not both" if names else "no pod is named"
        raise BadInput(wrong, next_step="podtui restore NAME, or podtui restore --all-lost")
    plane = session.open_plane(False)
    wanted = plane.lost_pods() if all_lost else names
    if not wanted and not dry_run:
        session.messages.note("no pod is lost")
    request = Restore(wanted, without=without, in_bulk=all_lost)
    context.exit(run_action(session, plane, request, dry_run=dry_run))
