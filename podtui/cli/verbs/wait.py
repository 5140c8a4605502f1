"""``podtui wait``: wait until a pod has a given status."""

from __future__ import annotations

import click

from podtui.cli.as_json import document, pod_object
from podtui.cli.interruption import interruptible
from podtui.cli.listing import label
from podtui.cli.options import duration_option, json_option, name_argument
from podtui.cli.session import Session, pass_session
from podtui.core.errors import BadInput
from podtui.core.model.appearance import status_word
from podtui.core.model.verdicts import ENDED_STATUSES, LIVE_STATUSES, Status
from podtui.core.text.safe import safe_line

GROUPS: dict[str, frozenset[Status]] = {"ended": ENDED_STATUSES, "live": LIVE_STATUSES}


def statuses(text: str) -> frozenset[Status]:
    """Return the statuses of a comma-separated list; the name of a group stands for several.

    Raises:
        BadInput: a word is not the name of a status or of a group.
    """
    return frozenset().union(*(_meant_by(word.strip()) for word in text.split(",")))


def _meant_by(word: str) -> frozenset[Status]:
    if word in GROUPS:
        return GROUPS[word]
    try:
        return frozenset({Status(word)})
    except ValueError:
        known = ", ".join([*(status.value for status in Status), *GROUPS])
        raise BadInput(
            f"{safe_line(word, 40)!r} is not a status", next_step=f"one or more of: {known}"
        ) from None


@click.command("wait")
@name_argument
@click.option(
    "--until",
    type=statuses,
    required=True,
    metavar="STATUS[,STATUS...]",
    help="The statuses to wait for; `ended` and `live` are groups of statuses.",
)
@duration_option("--timeout", "Wait at most this long, instead of without limit")
@json_option
@pass_session
def command(
    session: Session, *, name: str, until: frozenset[Status], timeout: float | None
) -> None:
    """Wait until the pod NAME has one of the given statuses."""
    plane = session.open_plane(False)
    with interruptible() as stop:
        view = plane.wait(name, until=until, timeout_s=timeout, stop=stop)
    if session.as_json:
        session.output.line(document(pod=pod_object(view)))
        return
    session.output.line(f"{label(view)} {status_word(view)}: {safe_line(view.message)}")
