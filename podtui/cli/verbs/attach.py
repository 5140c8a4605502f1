"""``podtui attach``: put this terminal on a live pod."""

from __future__ import annotations

import click

from podtui.cli.as_json import document
from podtui.cli.options import json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.attach.attach import attach_terminal
from podtui.core.settings.detach_key import DEFAULT_KEY


@click.command("attach")
@name_argument
@click.option("--read-only", is_flag=True, help="Watch only: nothing that is typed goes anywhere.")
@click.option(
    "--detach-key",
    metavar="KEY",
    help="The key that leaves the pod running: ctrl-b, ctrl-\\, f12 ...; default: as set, or"
    f" {DEFAULT_KEY}.",
)
@json_option
@pass_session
def command(session: Session, *, name: str, read_only: bool, detach_key: str | None) -> None:
    """Put this terminal on the live pod NAME; the detach key gives it back.

    What the pod writes reaches the terminal as it is.
    """
    plane = session.open_plane(False)
    key = session.settings.detach_key if detach_key is None else detach_key
    left = attach_terminal(plane, name, read_only=read_only, key=key)
    if session.as_json:
        session.output.line(document(pod=left.pod, detached=left.detached, message=left.message))
        return
    session.output.line(left.message)
