"""``podtui ls``: list the pods."""

from __future__ import annotations

import click

from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session


@click.command("ls")
@json_option
@pass_session
def command(session: Session) -> None:
    """List the pods, each with what is known of its latest run."""
    seen = session.open_plane(False).snapshot(sample=True)
    if session.as_json:
        # Each half is loaded only where it is used: a listing should start at once.
        from podtui.cli.as_json import document, pod_object  # noqa: PLC0415

        session.output.line(document(pods=[pod_object(view) for view in seen.pods]))
        return
    from podtui.cli.listing import label, show_pods  # noqa: PLC0415 - see above

    show_pods(session, seen, [label(view) for view in seen.pods])
