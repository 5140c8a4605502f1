"""``podtui return``: take scopes back from a pod that is dead."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, json_option, name_argument
from podtui.cli.session import Session, pass_session


@click.command("return")
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
    """Take back scopes of the pod NAME, which must be dead: PATHs, or all that it has.

    `podtui relend` takes it back. NAME may be the id of a loan or of what lent it, too.
    """
    plane = session.open_plane(False)
    if dry_run:
        show_plan(session, plane.plan_return(name, paths=paths))
        return
    context.exit(
        carry_out(session, lambda: plane.return_loans(name, paths=paths, actor=session.caller))
    )
