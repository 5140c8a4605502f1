"""The base of our own widgets: each draws lines of spans, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from podtui.tui.widgets.roles import style_of
from podtui.tui.widgets.spans import Span, paint

PAINTED_KEPT = 256
"""Painted lines a widget keeps: when output moves up by a line, the others are reused."""


class RoledWidget(Widget):
    """A widget that looks up the style of each role once per theme and background."""

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
    """A widget that draws the lines its subclass returns."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
        self._painted: LRUCache[tuple[tuple[Span, ...], int], Strip] = LRUCache(PAINTED_KEPT)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painted.clear()

    def line(self, y: int, /) -> Sequence[Span]:
        """Return the line at ``y``, 0 at the top."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        key = tuple(self.line(y)), self.size.width
        strip = self._painted.get(key)
        if strip is None:
            strip = self._painted[key] = paint(*key, self.role_style)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        # Textual builds each line again, for borders and padding that most of our widgets do not
        # have; a strip that stays the same object keeps its rendered escape sequences.
        if self.styles.gutter != (0, 0, 0, 0) or self.opacity != 1:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, self.background_colors[1]) for strip in strips]
        if crop.column_span == (0, self.size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]
