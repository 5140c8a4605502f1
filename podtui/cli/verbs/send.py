"""``podtui send``: type a line into a pod's terminal."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, json_option, name_argument
from podtui.cli.session import Session, pass_session


@click.command("send")
@name_argument
@click.argument("text", metavar="TEXT")
@click.option("--no-enter", is_flag=True, help="Do not press Enter after it.")
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    name: str,
    text: str,
    no_enter: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action takes it; sending never asks
) -> None:
    """Type TEXT and Enter into the terminal of the pod NAME.

    A TEXT that begins with a dash stands after --.
    """
    plane = session.open_plane(False)
    if dry_run:
        show_plan(session, plane.plan_send(name, text, enter=not no_enter))
        return
    context.exit(
        carry_out(session, lambda: plane.send(name, text, enter=not no_enter, actor=session.caller))
    )
