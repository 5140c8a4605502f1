"""``podtui send``: type a line into a pod's terminal."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.model.requests import Send


@click.command("send")
@name_argument
@click.argument("text", metavar="TEXT")
@click.option("--no-enter", is_flag=True, help="Do not press Enter after TEXT.")
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
    yes: bool,  # noqa: ARG001 - every action accepts it; send never asks
) -> None:
    """Type TEXT and Enter into the terminal of the pod NAME.

    Write -- before a TEXT that begins with a dash.
    """
    request = Send(name, text, enter=not no_enter)
    context.exit(run_action(session, session.open_plane(False), request, dry_run=dry_run))
