"""``podtui return`` and ``relend``: take scopes back from a dead pod, and lend them again."""

from __future__ import annotations

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import action_options, json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.model.requests import Relend, Return

_paths = click.argument("paths", metavar="[PATH]...", nargs=-1)


@click.command("return")
@name_argument
@_paths
@action_options
@json_option
@pass_session
@click.pass_context
def return_loans(
    context: click.Context,
    session: Session,
    *,
    name: str,
    paths: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action accepts it; this one never asks, as relend undoes it
) -> None:
    """Take scopes back from the dead pod NAME: each PATH, or without PATH all of its scopes.

    `podtui relend` lends them again. NAME can also be the id of a loan, or of the action that lent
    the scopes.
    """
    request = Return((name,), paths)
    context.exit(run_action(session, session.open_plane(False), request, dry_run=dry_run))


@click.command("relend")
@name_argument
@_paths
@action_options
@json_option
@pass_session
@click.pass_context
def relend(
    context: click.Context,
    session: Session,
    *,
    name: str,
    paths: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - as above
) -> None:
    """Lend returned scopes to the pod NAME again, if no other pod has them: each PATH, or all.

    `podtui return` takes them back. NAME can also be the id of a loan, or of the action that took
    the scopes back.
    """
    request = Relend((name,), paths)
    context.exit(run_action(session, session.open_plane(False), request, dry_run=dry_run))
