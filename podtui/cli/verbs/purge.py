"""``podtui purge``: delete what has been in the trash for long."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, confirm, show_plan
from podtui.cli.options import action_options, json_option
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput
from podtui.core.text.durations import parse_duration


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
def command(
    context: click.Context, session: Session, *, age: str, dry_run: bool, yes: bool
) -> None:
    """Delete old pods from the trash for good: nothing brings them back.

    It asks first. Without a terminal it needs --yes.
    """
    older_than_s = parse_duration(age)
    plane = session.open_plane(False)
    plan = plane.plan_purge(older_than_s=older_than_s)
    if dry_run:
        show_plan(session, plan)
        return
    plan.raise_if_refused()
    if plan.steps and not yes:
        if not session.can_ask:
            raise BadInput(
                f"a purge deletes for good ({len(plan.steps)} here) and there is no terminal to ask"
                " on: it needs --yes",
                next_step=f"podtui purge --older-than {age.strip()} --yes",
                kept="nothing was deleted",
            )
        confirm(session, plan)
    code = carry_out(session, lambda: plane.purge(older_than_s=older_than_s, actor=session.caller))
    context.exit(code)
