"""``podtui doctor``: check the store for problems."""

from __future__ import annotations

import click

from podtui.cli.as_json import document, problem_object
from podtui.cli.messages import PROBLEMS_FOUND
from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session
from podtui.core.text.durations import size_short
from podtui.core.text.safe import safe_line


@click.command("doctor")
@json_option
@pass_session
@click.pass_context
def command(context: click.Context, session: Session) -> None:
    """Check the store for problems and say what to do about each; exit 1 if there is one."""
    plane = session.open_plane(False)
    problems = plane.doctor()
    host = plane.host()
    if session.as_json:
        found = [problem_object(each) for each in problems]
        machine = host and {name: getattr(host, name) for name in host.__struct_fields__}
        session.output.line(document(ok=not problems, problems=found, host=machine))
    elif not problems:
        session.output.line(f"nothing is wrong with {safe_line(str(plane.store_path))}")
    for each in () if session.as_json else problems:
        where = f"{each.pod}: " if each.pod else ""
        session.output.line(f"{safe_line(each.kind)}: {safe_line(where + each.message)}")
        if each.path:
            session.output.line(f"  file: {safe_line(each.path)}")
        session.output.line(f"  next: {safe_line(each.next)}")
    if host is not None and not session.as_json:
        free, whole = size_short(host.memory_free_bytes), size_short(host.memory_bytes)
        session.output.line(
            f"this host: {free} of {whole} memory free, load {host.load:.1f} on {host.cores} cores"
        )
    context.exit(PROBLEMS_FOUND if problems else 0)
