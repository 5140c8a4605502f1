"""``podtui spawn``: start a command as a new pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from podtui.cli.confirm import run_action
from podtui.cli.options import (
    action_options,
    assignment,
    duration_option,
    json_option,
    name_argument,
    size,
)
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput, NotFound
from podtui.core.paths import POD_ID_VARIABLE
from podtui.core.text.safe import safe_line

if TYPE_CHECKING:
    from podtui.core.control.plane import Plane

USAGE = "podtui spawn NAME [OPTIONS] -- COMMAND [ARGUMENT]..."


class SpawnCommand(click.Command):
    """The parser of spawn: everything after the first ``--`` is the command of the pod."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, found, command = _split(args)
        ctx.meta[__name__] = tuple(command) if found else None
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARGUMENT]..."]


def _split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in arguments:
        return arguments, False, []
    end = arguments.index("--")
    return arguments[:end], True, arguments[end + 1 :]


def _command(words: tuple[str, ...], command: tuple[str, ...] | None, name: str) -> tuple[str, ...]:
    if command and not words:
        return command
    if words:
        trouble = f"write the command of {safe_line(name, 64)!r} after --"
    else:
        trouble = f"no command is given for {safe_line(name, 64)!r}"
    raise BadInput(trouble, next_step=USAGE, kept="nothing was started")


def _calling_pod(plane: Plane, session: Session) -> str | None:
    """Return the pod this process runs in, by id: another store may have a pod of that name."""
    pod_id = session.environment.get(POD_ID_VARIABLE)
    if not pod_id:
        return None
    try:
        return plane.name_of(pod_id)
    except NotFound:
        return None


@click.command("spawn", cls=SpawnCommand)
@name_argument
@click.argument("words", metavar="", nargs=-1)
@click.option("--parent", metavar="POD", help="Its parent. Default: the pod this command runs in.")
@click.option("--role", help="The role of the pod, in one word.")
@click.option("--task", help="The task of the pod, in one sentence.")
@click.option("--cwd", metavar="DIR", help="Its working directory. Default: this one.")
@click.option(
    "--env",
    type=assignment,
    metavar="NAME=VALUE",
    multiple=True,
    help="Set an environment variable for it. Repeatable.",
)
@click.option(
    "--pass-env",
    metavar="NAME",
    multiple=True,
    help="Pass it this variable of the caller. Repeatable.",
)
@duration_option("--stall-after", "Time without progress after which it counts as stalled")
@click.option(
    "--size",
    "terminal_size",
    type=size,
    metavar="COLSxROWS",
    default="120x40",
    show_default=True,
    help="The size of its terminal.",
)
@click.option(
    "--leftovers",
    type=click.Choice(["end", "keep"]),
    default="end",
    show_default=True,
    help="End or keep processes that outlive the command.",
)
@click.option("--read", metavar="PATH", multiple=True, help="Lend it PATH to read. Repeatable.")
@click.option(
    "--write",
    metavar="PATH",
    multiple=True,
    help="Lend it PATH to write; no other pod can then have PATH to write. Repeatable.",
)
@click.option(
    "--sees",
    metavar="POD|all",
    multiple=True,
    help="Let it see POD too, besides itself and its descendants. Repeatable.",
)
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    name: str,
    words: tuple[str, ...],
    parent: str | None,
    role: str | None,
    task: str | None,
    cwd: str | None,
    env: tuple[tuple[str, str], ...],
    pass_env: tuple[str, ...],
    stall_after: float | None,
    terminal_size: tuple[int, int],
    leftovers: str,
    read: tuple[str, ...],
    write: tuple[str, ...],
    sees: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action accepts it; spawn never asks
) -> None:
    """Start a command as the new pod NAME.

    Everything after -- is the command and is passed on unchanged.
    """
    argv = _command(words, context.meta[__name__], name)
    # Loaded here only: wrong usage needs no core.
    from podtui.core.model.requests import Spawn  # noqa: PLC0415

    plane = session.open_plane(not dry_run)
    request = Spawn(
        name=name,
        argv=argv,
        parent=parent or _calling_pod(plane, session),
        role=role,
        task=task,
        cwd=cwd,
        env=dict(env),
        pass_env=pass_env,
        stall_after_s=session.settings.stall_after_s if stall_after is None else stall_after,
        columns=terminal_size[0],
        rows=terminal_size[1],
        leftovers="keep" if leftovers == "keep" else "end",
        read=read,
        write=write,
        sees=sees,
    )
    context.exit(run_action(session, plane, request, dry_run=dry_run))
