"""``podtui events``: show what happened, oldest first."""

from __future__ import annotations

import click

from podtui.cli.as_json import document, event_object
from podtui.cli.interruption import interruptible
from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session
from podtui.core.model.events import Event
from podtui.core.text.safe import safe_line


@click.command("events")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@json_option
@pass_session
def command(session: Session, *, follow: bool) -> None:
    """Show what happened, oldest first."""
    plane = session.open_plane(False)
    if follow:
        with interruptible() as stop:
            for event in plane.follow_events(stop):
                session.output.line(_line(event, as_json=session.as_json))
        return
    events = plane.events()
    if session.as_json:
        session.output.line(document(events=[event_object(each) for each in events]))
        return
    for event in events:
        session.output.line(_line(event, as_json=False))


def _line(event: Event, *, as_json: bool) -> str:
    if as_json:
        return document(**event_object(event))
    kind = event.kind.value.replace("_", " ")
    return f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}  {kind:<17}  {safe_line(event.summary)}"
