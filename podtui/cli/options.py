"""Options and argument types that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from podtui.cli.session import Session
from podtui.core.errors import BadInput
from podtui.core.text.durations import parse_duration
from podtui.core.text.safe import safe_line

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
LARGEST_SIZE = 1000


def size(text: str) -> tuple[int, int]:
    """Return the columns and rows of COLSxROWS.

    Raises:
        BadInput: the text is not a terminal size.
    """
    columns, _, rows = text.partition("x")
    if not (_is_size(columns) and _is_size(rows)):
        raise BadInput(
            f"{safe_line(text, 40)!r} is not a terminal size",
            next_step=f"write it as COLSxROWS, each 1 to {LARGEST_SIZE}, for example 120x40",
        )
    return int(columns), int(rows)


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= LARGEST_SIZE


def assignment(text: str) -> tuple[str, str]:
    """Return name and value of NAME=VALUE.

    Raises:
        BadInput: the text is not NAME=VALUE.
    """
    name, sign, content = text.partition("=")
    if not sign or not name:
        raise BadInput(
            f"{safe_line(text, 40)!r} does not set an environment variable",
            next_step="write it as NAME=VALUE",
        )
    return name, content


def duration_option(name: str, description: str) -> Callable[[Decorated], Decorated]:
    """Return an option that accepts 90, 90s, 12m or 1h30m, and passes seconds on."""
    return click.option(
        name, type=parse_duration, metavar="DURATION", help=f"{description} (90s, 12m, 1h30m)."
    )


def _choose_json(context: click.Context, _param: object, chosen: bool) -> None:
    session = context.find_object(Session)
    if session is not None and chosen:
        session.as_json = True


def json_option(decorated: Decorated) -> Decorated:
    """Add ``--json``; the session keeps it, because errors depend on it too."""
    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_choose_json,
        help="Print one JSON object; docs/cli.md describes it.",
    )(decorated)


def action_options(decorated: Decorated) -> Decorated:
    """Add ``--dry-run`` and ``--yes``, which every action accepts."""
    with_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")(
        decorated
    )
    return click.option(
        "--dry-run",
        is_flag=True,
        help="Show the plan and do nothing; exit with the code of the plan.",
    )(with_yes)


name_argument = click.argument("name", metavar="NAME")
