"""How each role of a span looks: a colour of the theme, a background, a text style.

Kept out of the style sheet: as component classes, forty roles on ten widgets were matched against
every rule more than a thousand times before the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.color import Color

STATUS_ROLES = ("working", "waiting", "stalled", "failed", "lost", "unknown", "quiet")


class TextStyle(NamedTuple):
    """Names of the theme's variables, None for the widget's own colour or ground."""

    colour: str | None = None
    ground: str | None = None
    bold: bool | None = None
    italic: bool | None = None


LOOKS: Mapping[str, TextStyle] = {
    "text": TextStyle(),
    "strong": TextStyle(bold=True),
    "muted": TextStyle("pod-muted"),
    "accent": TextStyle("accent"),
    "key": TextStyle("accent", bold=True),
    "brand": TextStyle("pod-brand-text", "accent", bold=True),
    "rule": TextStyle("pod-rule"),
    "rule-focus": TextStyle("pod-rule-focus"),
    "title": TextStyle(),
    "title-focus": TextStyle("accent", bold=True),
    "ok": TextStyle("pod-working"),
    "note": TextStyle("pod-muted", italic=True),
    "guess": TextStyle("pod-muted", italic=True),
    "activity": TextStyle("pod-activity"),
    "no-activity": TextStyle("pod-rule-focus"),
    "unread": TextStyle("accent"),
    "match": TextStyle(ground="pod-match"),
    "match-here": TextStyle("pod-match-text", "pod-match-here", bold=True),
    "selected": TextStyle(ground="pod-selected"),
    "selected-blurred": TextStyle(ground="pod-selected-blurred"),
    **{role: TextStyle(f"pod-{role}") for role in STATUS_ROLES},
    **{f"{role}-guess": TextStyle(f"pod-{role}", italic=True) for role in STATUS_ROLES},
    **{f"{role}-strong": TextStyle(f"pod-{role}", bold=True) for role in STATUS_ROLES},
}


def style_of(role: str, variables: Mapping[str, str]) -> Style:
    """Return the style that a role adds to a widget's own, in the colours of a theme."""
    look = LOOKS[role]
    return Style(
        color=None if look.colour is None else Color.parse(variables[look.colour]).rich_color,
        bgcolor=None if look.ground is None else Color.parse(variables[look.ground]).rich_color,
        bold=look.bold,
        italic=look.italic,
    )
