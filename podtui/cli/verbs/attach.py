"""``podtui attach``: connect this terminal to a live pod."""

from __future__ import annotations

import click

from podtui.cli.as_json import document
from podtui.cli.options import json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.attach.attach import attach_terminal
from podtui.core.settings.detach_key import DEFAULT_KEY


@click.command("attach")
@name_argument
@click.option("--read-only", is_flag=True, help="Watch only: no key reaches the pod.")
@click.option(
    "--detach-key",
    metavar="KEY",
    help="The key that detaches and leaves the pod running: ctrl-b, ctrl-\\, f12 ... Default: the"
    f" configured key, else {DEFAULT_KEY}.",
)
@json_option
@pass_session
def command(session: Session, *, name: str, read_only: bool, detach_key: str | None) -> None:
    """Connect this terminal to the live pod NAME until the detach key is pressed.

    The output of the pod reaches the terminal unchanged.
    """
    plane = session.open_plane(False)
    key = session.settings.detach_key if detach_key is None else detach_key
    left = attach_terminal(plane, name, read_only=read_only, key=key)
    if session.as_json:
        session.output.line(document(pod=left.pod, detached=left.detached, message=left.message))
        return
    session.output.line(left.message)
