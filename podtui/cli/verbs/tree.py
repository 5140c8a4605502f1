"""``podtui tree``: show the pods as a tree."""

from __future__ import annotations

from collections.abc import Sequence

import click

from podtui.cli.as_json import document, forest
from podtui.cli.listing import label, show_pods
from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session
from podtui.core.model.snapshot import PodView

DEEPEST_GUIDE = 24
"""Levels that are drawn; below it, depth is told by a number."""


@click.command("tree")
@json_option
@pass_session
def command(session: Session) -> None:
    """Show the pods as a tree: who started whom."""
    plane = session.open_plane(False)
    seen = plane.snapshot(sample=True)
    if session.as_json:
        session.output.line(document(pods=forest(seen.pods)))
        return
    names = [guide + label(view) for guide, view in zip(guides(seen.pods), seen.pods, strict=True)]
    for view in seen.pods:
        # A root that has a parent: nobody is to wonder where it was.
        if view.depth == 0 and view.parent and (why := plane.absent_parent(view.name)):
            session.messages.note(f"the parent of {view.name}, {view.parent}, {why}")
    show_pods(session, seen, names)


def guides(views: Sequence[PodView]) -> list[str]:
    """Return the lines drawn before each name; ``views`` are depth-first."""
    drawn: list[str] = []
    goes_on: set[int] = set()
    # From the last row up: whether a branch goes on is known by what is below.
    for view in reversed(views):
        goes_on = {depth for depth in goes_on if depth <= view.depth}
        drawn.append(_guide(view.depth, goes_on))
        goes_on.add(view.depth)
    return drawn[::-1]


def _guide(depth: int, goes_on: set[int]) -> str:
    if depth == 0:
        return ""
    if depth > DEEPEST_GUIDE:
        return f"({depth} deep) "
    trunk = "".join("│  " if level in goes_on else "   " for level in range(1, depth))
    return trunk + ("├─ " if depth in goes_on else "└─ ")
