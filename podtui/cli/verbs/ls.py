"""``podtui ls``: list the pods, or what is lent to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from podtui.cli.options import json_option
from podtui.cli.session import Session, pass_session

if TYPE_CHECKING:
    from podtui.core.model.loans import LoanBook


@click.command("ls")
@click.option("--loans", is_flag=True, help="List the scope loans instead: who has which path.")
@json_option
@pass_session
def command(session: Session, *, loans: bool) -> None:
    """List the pods, each with what is known of its latest run."""
    plane = session.open_plane(False)
    if loans:
        _list_loans(session, plane.loans())
        return
    seen = plane.snapshot(sample=True)
    if session.as_json:
        # Each half is loaded only where it is used: a listing should start at once.
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
    from podtui.cli.loan_table import show_loans  # noqa: PLC0415 - see above

    show_loans(session, book)
