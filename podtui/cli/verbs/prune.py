"""``podtui prune``: move dead pods into the trash."""

from __future__ import annotations

import click

from podtui.cli.confirm import carry_out, show_plan
from podtui.cli.options import action_options, duration_option, json_option
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput

NEXT = "podtui prune NAME…, or podtui prune --exited [--older-than 7d]"


@click.command("prune")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--exited", is_flag=True, help="Every pod that exited or failed by itself.")
@duration_option("--older-than", "With --exited: only what ended at least so long ago.")
@click.option(
    "--unreadable",
    is_flag=True,
    help="Also a pod whose record cannot be read, when nothing of it shows life.",
)
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    names: tuple[str, ...],
    exited: bool,
    older_than: float | None,
    unreadable: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action takes it; this one never asks
) -> None:
    """Move the dead pods NAME... out of the tree into the trash, whole.

    It does not ask: `podtui recover NAME` brings everything back.
    """
    _refuse_wrong_mix(names, exited=exited, older_than=older_than, unreadable=unreadable)
    plane = session.open_plane(False)
    if exited:
        names = plane.ended_pods(older_than_s=older_than or 0.0)
        if not names and not session.as_json:
            so_long = " so long ago" if older_than else ""
            session.messages.note(f"no pod has exited or failed{so_long}")
    if dry_run:
        show_plan(session, plane.plan_prune(names, unreadable=unreadable))
        return
    code = carry_out(
        session, lambda: plane.prune(names, unreadable=unreadable, actor=session.caller)
    )
    context.exit(code)


def _refuse_wrong_mix(
    names: tuple[str, ...], *, exited: bool, older_than: float | None, unreadable: bool
) -> None:
    mistakes = (
        (not names and not exited, "which pods are to be pruned is not said"),
        (bool(names) and exited, "pods are named, and --exited chooses pods: it takes one of both"),
        (older_than is not None and not exited, "--older-than goes with --exited"),
        (unreadable and exited, "--unreadable goes with names: --exited chooses what can be read"),
    )
    for is_wrong, message in mistakes:
        if is_wrong:
            raise BadInput(message, next_step=NEXT, kept="nothing was changed")
