"""``podtui relend``: lend scopes to a pod again."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, json_option, name_argument
from podtui.cli.session import Session, pass_session


@click.command("relend")
@name_argument
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    name: str,
    paths: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action takes it; what the next command undoes never asks
) -> None:
    """Lend PATHs to the pod NAME again, or all that came back from it, if nobody else has them.

    `podtui return` takes it back. NAME may be the id of a loan or of what took it back, too.
    """
    plane = session.open_plane(False)
    if dry_run:
        show_plan(session, plane.plan_relend(name, paths=paths))
        return
    context.exit(carry_out(session, lambda: plane.relend(name, paths=paths, actor=session.caller)))
