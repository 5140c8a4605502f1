"""The base of our own widgets: each draws lines of spans, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from podtui.tui.spans import Span, paint

STATUS_ROLES = ("working", "waiting", "stalled", "failed", "lost", "unknown", "quiet")
ROLES: frozenset[str] = frozenset(
    {
        "text",
        "strong",
        "muted",
        "accent",
        "key",
        "brand",
        "rule",
        "rule-focus",
        "title",
        "title-focus",
        "ok",
        "note",
        "guess",
        "activity",
        "no-activity",
        "unread",
        "match",
        "match-here",
        "selected",
        "selected-blurred",
        *STATUS_ROLES,
        *(f"{role}-guess" for role in STATUS_ROLES),
        *(f"{role}-strong" for role in STATUS_ROLES),
    }
)
"""Every role a span may have; the style sheet has a rule ``.role--<name>`` for each."""


class RoledWidget(Widget):
    """A widget that looks up the style of each role once per theme and ground."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"role--{role}" for role in ROLES}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
        self._styles: dict[tuple[str, str], Style] = {}

    def role_style(self, role: str, ground: str = "") -> Style:
        """Return the style of a role on the widget's background, or on that of role ``ground``."""
        key = (role, ground)
        if key not in self._styles:
            base = self.rich_style
            if ground:
                base += self.get_component_rich_style(f"role--{ground}", partial=True)
            self._styles[key] = base + self.get_component_rich_style(f"role--{role}", partial=True)
        return self._styles[key]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = {}


class LineWidget(RoledWidget):
    """A widget that draws its lines; subclasses say what is in each."""

    def line(self, y: int, /) -> Sequence[Span]:
        """Return the line at ``y``, 0 at the top."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        return paint(self.line(y), self.size.width, self.role_style)
