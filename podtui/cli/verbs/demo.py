"""``podtui demo``: create a separate store with a tree of real pods, and open it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from podtui.cli.as_json import document, pod_object
from podtui.cli.confirm import show_plan
from podtui.cli.options import action_options, json_option
from podtui.cli.session import Session, pass_session
from podtui.demo import run as demo


@click.command("demo")
@click.argument("store", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--stop", is_flag=True, help="End the demo in DIR. Default: the newest demo.")
@click.option("--no-tui", is_flag=True, help="Print the tree instead of opening the screen.")
@action_options
@json_option
@pass_session
@click.pass_context
def command(
    context: click.Context,
    session: Session,
    *,
    store: Path | None,
    stop: bool,
    no_tui: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every action accepts it; the demo never asks, as it can be started again
) -> None:
    """Create a store in DIR, or in a new directory, with a tree of real pods, and open it.

    Without a terminal, or with --no-tui, the tree is printed instead.
    """
    if dry_run:
        ending = stop and demo.plan_stop_demo(store or demo.newest_demo_store())
        show_plan(session, ending or demo.plan_demo(store))
        return
    if stop:
        context.exit(_stop(session, store or demo.newest_demo_store()))
    if session.as_json:
        plane = demo.start_demo(store, session.messages.note)
        demo.wait_for_planner(plane)
        pods = [pod_object(view) for view in plane.snapshot().pods]
        session.output.line(document(store=str(plane.store_path), pods=pods))
        return
    can_show = not no_tui and session.output.is_terminal and os.isatty(0)
    context.exit(
        demo.run_demo(
            root=store,
            open_screen=session.open_screen if can_show else None,
            say=session.output.line,
        )
    )


def _stop(session: Session, store: Path) -> int:
    say = session.messages.note if session.as_json else session.output.line
    code = demo.stop_demo(store, say)
    if session.as_json:
        session.output.line(document(store=str(store), ok=code == 0))
    return code
