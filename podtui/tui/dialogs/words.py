"""Lines of text in a dialog, as high as they need to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Size

from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, own


def keys_line(*keys: tuple[str, str]) -> list[Line]:
    """Return the line of keys below a dialog: each key and what it does."""
    return [tuple(span for k, w in keys for span in (own(k, "key"), own(f" {w}    ", "muted")))]


class Words(LineWidget):
    """Draws what ``lines_for(width)`` returns."""

    DEFAULT_CSS = "Words { height: auto; width: 1fr; }"

    def __init__(
        self,
        lines_for: Callable[[int], list[Line]],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines_for = lines_for
        self._lines: list[Line] = []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        self._lines = self._lines_for(max(width, 1))
        return len(self._lines)

    def renew(self) -> None:
        """Ask for the lines again."""
        self.refresh(layout=True)

    def line(self, y: int, /) -> Sequence[Span]:
        return self._lines[y] if y < len(self._lines) else ()
