"""What each role of a span looks like: a colour of the theme, a ground, a way of writing.

Kept out of the style sheet: as component classes, forty roles on ten widgets were matched against
every rule more than a thousand times before the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.color import Color

STATUS_ROLES = ("working", "waiting", "stalled", "failed", "lost", "unknown", "quiet")


class Look(NamedTuple):
    """Names of the theme's variables, None for the widget's own colour or ground."""

    colour: str | None = None
    ground: str | None = None
    bold: bool | None = None
    italic: bool | None = None


LOOKS: Mapping[str, Look] = {
    "text": Look(),
    "strong": Look(bold=True),
    "muted": Look("pod-muted"),
    "accent": Look("accent"),
    "key": Look("accent", bold=True),
    "brand": Look("pod-brand-text", "accent", bold=True),
    "rule": Look("pod-rule"),
    "rule-focus": Look("pod-rule-focus"),
    "title": Look(),
    "title-focus": Look("accent", bold=True),
    "ok": Look("pod-working"),
    "note": Look("pod-muted", italic=True),
    "guess": Look("pod-muted", italic=True),
    "activity": Look("pod-activity"),
    "no-activity": Look("pod-rule-focus"),
    "unread": Look("accent"),
    "match": Look(ground="pod-match"),
    "match-here": Look("pod-match-text", "pod-match-here", bold=True),
    "selected": Look(ground="pod-selected"),
    "selected-blurred": Look(ground="pod-selected-blurred"),
    **{role: Look(f"pod-{role}") for role in STATUS_ROLES},
    **{f"{role}-guess": Look(f"pod-{role}", italic=True) for role in STATUS_ROLES},
    **{f"{role}-strong": Look(f"pod-{role}", bold=True) for role in STATUS_ROLES},
}


def style_of(role: str, variables: Mapping[str, str]) -> Style:
    """Return what a role adds to a widget's own style, in the colours of a theme."""
    look = LOOKS[role]
    return Style(
        color=None if look.colour is None else Color.parse(variables[look.colour]).rich_color,
        bgcolor=None if look.ground is None else Color.parse(variables[look.ground]).rich_color,
        bold=look.bold,
        italic=look.italic,
    )
