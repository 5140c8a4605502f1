"""``podtui stop``: ask a pod to end, and end it."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, duration_option, json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.model.requests import Stop


@click.command("stop")
@name_argument
@duration_option("--grace", "How long it may take to end by itself.")
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
    """Ask the pod NAME and everything it started to end; end by force what does not.

    It asks first. Without a terminal it needs --yes.
    """
    request = Stop((name,), grace)
    plane = session.open_plane(False)
    context.exit(run_action(session, plane, request, dry_run=dry_run, ask=not yes))
