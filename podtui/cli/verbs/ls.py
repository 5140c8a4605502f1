"""``podtui ls`` and ``podtui tree``: list the pods, or their scope loans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session
from podtui.core.model.snapshot import PodView

if TYPE_CHECKING:
    from podtui.core.model.loans import LoanBook


figures_option = click.option(
    "--figures", is_flag=True, help="Show CPU and memory of each live pod too; takes a moment."
)


@click.command("ls")
@figures_option
@click.option(
    "--loans", is_flag=True, help="List the scope loans instead: which pod has which path."
)
@json_option
@pass_session
def command(session: Session, *, figures: bool, loans: bool) -> None:
    """List the pods, each with the state of its latest run."""
    plane = session.open_plane(False)
    if loans:
        _list_loans(session, plane.loans())
        return
    seen = plane.snapshot(sample=figures)
    if session.as_json:
        # Each half is loaded only where it is used, which keeps the start short.
        from podtui.cli.as_json import document, pod_object  # noqa: PLC0415

        session.output.line(document(pods=[pod_object(view) for view in seen.pods]))
        return
    from podtui.cli.listing import label, show_pods  # noqa: PLC0415 - see above

    show_pods(session, seen, [label(view) for view in seen.pods])


def _list_loans(session: Session, book: LoanBook) -> None:
    if session.as_json:
        from podtui.cli.as_json import document, loan_object  # noqa: PLC0415 - see above

        doubts = [{"pod": pod, "message": doubt} for pod, doubt in book.doubts.items()]
        loans = [loan_object(loan) for loan in book.loans]
        session.output.line(document(loans=loans, doubts=doubts))
        return
    from podtui.cli.listing import show_loans  # noqa: PLC0415 - see above

    show_loans(session, book)


DEEPEST_GUIDE = 24
"""Deepest level that is drawn as lines; below it the depth is a number."""


@click.command("tree")
@figures_option
@json_option
@pass_session
def tree_command(session: Session, *, figures: bool) -> None:
    """Show the pods as a tree: each below the pod that started it."""
    plane = session.open_plane(False)
    seen = plane.snapshot(sample=figures)
    if session.as_json:
        from podtui.cli.as_json import document, forest  # noqa: PLC0415 - see above

        session.output.line(document(pods=forest(seen.pods)))
        return
    from podtui.cli.listing import label, show_pods  # noqa: PLC0415 - see above

    names = [guide + label(view) for guide, view in zip(guides(seen.pods), seen.pods, strict=True)]
    for view in seen.pods:
        # The row stands at the root although it names a parent: say where the parent is.
        if view.depth == 0 and view.parent and (why := plane.absent_parent(view.name)):
            session.messages.note(f"the parent of {view.name}, {view.parent}, {why}")
    show_pods(session, seen, names)


def guides(views: Sequence[PodView]) -> list[str]:
    """Return the lines drawn before each name; ``views`` are depth-first."""
    drawn: list[str] = []
    goes_on: set[int] = set()
    # From the last row up: the rows below decide whether a branch continues.
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
