"""``podtui stop``: ask a pod to end, and end it."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, confirm, show_plan
from podtui.cli.options import action_options, duration_option, json_option, name_argument
from podtui.cli.session import Session, pass_session


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
    plane = session.open_plane(False)
    plan = plane.plan_stop(name, grace_s=grace)
    if dry_run:
        show_plan(session, plan)
        return
    plan.raise_if_refused()
    if not yes:
        confirm(session, plan)
    context.exit(carry_out(session, lambda: plane.stop(name, grace_s=grace, actor=session.caller)))
