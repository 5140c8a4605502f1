"""Limits that several actions keep, and the sentence for what lies outside of them."""

from __future__ import annotations

from collections.abc import Sequence

from podtui.core import errors
from podtui.core.model.plans import Refusal

STOP_GRACE_S = 10.0
REAP_GRACE_S = 5.0
LONGEST_GRACE_S = 3600.0
FUTURE_S = 5.0
"""How far ahead of the clock a time may be, for clocks that are corrected by little."""
LONGEST_ACTOR = 255
SHOWN_PROCESSES = 5
LONGEST_DETAIL = 1000
"""Characters of one text in a record."""


def grace_refusal(grace_s: float) -> Refusal | None:
    """Return why a grace cannot be given, None when it can."""
    # Not a number is in no range.
    if 0 <= grace_s <= LONGEST_GRACE_S:
        return None
    return Refusal(
        kind=errors.BadInput.kind,
        message=f"the grace must be 0 to {LONGEST_GRACE_S:.0f} seconds, not {grace_s}",
        next="give --grace SECONDS",
    )


def refuse_bad_age(older_than_s: float) -> None:
    """Raise BadInput for what is no age: negative, or not a number."""
    if not older_than_s >= 0:
        raise errors.BadInput(
            f"an age is 0 seconds or more, not {older_than_s}", next_step="give --older-than 7d"
        )


def refuse_bad_actor(actor: str) -> None:
    """Raise BadInput for the name of an actor that cannot be written into a record."""
    try:
        fits = 0 < len(actor.encode()) <= LONGEST_ACTOR and "\0" not in actor
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise errors.BadInput(
            f"the actor {actor[:40]!a} is no name: it must be 1 to {LONGEST_ACTOR} bytes of UTF-8"
            " without NUL",
            next_step="give the name of the pod or person that asks",
            kept="nothing was changed",
        )


def first_few(words: Sequence[str]) -> str:
    """Return the first few of many, and how many more there are."""
    more = len(words) - SHOWN_PROCESSES
    return ", ".join(words[:SHOWN_PROCESSES]) + (f" and {more} more" if more > 0 else "")
