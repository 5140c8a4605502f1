"""``podtui reap``: end what ended runs left running."""

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
    help="Everything that ended runs of any pod left, and starts that failed halfway.",
)
@duration_option("--grace", "How long they may take to end by themselves.")
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
    """End the processes that the ended runs of each pod NAME left, and prove that they are gone.

    Only what is proven to be left over is signalled, and nothing when it cannot be told who must
    not be. It asks first. Without a terminal it needs --yes.
    """
    if orphans == bool(names):
        wrong = "give names or --orphans, not both" if names else "no pod is named"
        raise BadInput(wrong, next_step="podtui reap NAME, or podtui reap --orphans")
    request = ReapOrphans(grace) if orphans else Reap(names, grace)
    plane = session.open_plane(False)
    context.exit(run_action(session, plane, request, dry_run=dry_run, ask=not yes))
