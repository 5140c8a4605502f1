"""``podtui stop``: ask a pod to end, and kill what does not end."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, duration_option, json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.model.requests import Stop


@click.command("stop")
@name_argument
@duration_option("--grace", "How long the pod may take to end before it is killed")
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    name: str,
    grace: float | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Ask the pod NAME and all processes it started to end, and kill those that do not.

    Asks for confirmation; without a terminal, --yes is required.
    """
    request = Stop((name,), grace)
    plane = session.open_plane(False)
    context.exit(run_action(session, plane, request, dry_run=dry_run, ask=not yes))
