"""``podtui reap``: end processes that ended runs left running."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, duration_option, json_option
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput
from podtui.core.model.requests import Reap, ReapOrphans


@click.command("reap")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--orphans",
    is_flag=True,
    help="All processes left by ended runs of any pod, and by starts that failed halfway.",
)
@duration_option("--grace", "How long the processes may take to end before they are killed")
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    names: tuple[str, ...],
    orphans: bool,
    grace: float | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """End the processes that ended runs of each pod NAME left, and prove that they are gone.

    A process gets a signal only if it is proven to be left over. If podtui cannot determine which
    processes are protected, no process gets a signal.

    Asks for confirmation; without a terminal, --yes is required.
    """
    if orphans == bool(names):
        wrong = "give names or --orphans, not both" if names else "no pod is named"
        raise BadInput(wrong, next_step="podtui reap NAME, or podtui reap --orphans")
    request = ReapOrphans(grace) if orphans else Reap(names, grace)
    plane = session.open_plane(False)
    context.exit(run_action(session, plane, request, dry_run=dry_run, ask=not yes))
