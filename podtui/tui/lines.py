"""The base of our own widgets: each draws lines of spans, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from podtui.tui.roles import style_of
from podtui.tui.spans import Span, paint


class RoledWidget(Widget):
    """A widget that looks up the style of each role once per theme and ground."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
        self._styles: dict[tuple[str, str], Style] = {}

    def role_style(self, role: str, ground: str = "") -> Style:
        """Return the style of a role on the widget's background, or on that of role ``ground``."""
        key = (role, ground)
        if key not in self._styles:
            variables = self.app.theme_variables
            base = self.rich_style
            if ground:
                base += style_of(ground, variables)
            self._styles[key] = base + style_of(role, variables)
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
