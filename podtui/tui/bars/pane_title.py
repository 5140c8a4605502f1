"""The title line of a pane: the only border there is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import var

from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, cut_line, own, width_of

RULE = "─"
LEAD = 1
LEAST_RULE = 2


class PaneTitle(LineWidget):
    """A thin rule with the pane's name on the left and facts on the right."""

    DEFAULT_CSS = "PaneTitle { height: 1; }"

    focused: var[bool] = var(False)
    left: var[Line] = var(())
    right: var[Line] = var(())
    flush: var[bool] = var(False)
    """Whether the right part aligns with columns below, next to the scroll bar's cell."""

    def watch_focused(self) -> None:
        self.refresh()

    def watch_left(self) -> None:
        self.refresh()

    def watch_right(self) -> None:
        self.refresh()

    def line(self, _y: int, /) -> Sequence[Span]:
        rule = "rule-focus" if self.focused else "rule"
        width = self.size.width
        right = self._right(rule)
        left = self._left(rule, width - width_of(right) - LEAST_RULE)
        blank = width - width_of(left) - width_of(right)
        if blank < 0:
            right = ()
            blank = width - width_of(left)
        return (*left, own(RULE * max(blank, 0), rule), *right)

    def _left(self, rule: str, width: int) -> Line:
        title = "title-focus" if self.focused else "title"
        words = tuple(
            span._replace(role=title) if span.role == "title" else span for span in self.left
        )
        shown = cut_line(words, max(width - LEAD - 2, 1))
        if not shown:
            return (own(RULE * LEAD, rule),)
        return (own(RULE * LEAD, rule), own(" "), *shown, own(" "))

    def _right(self, rule: str) -> Line:
        if not self.right:
            return ()
        if self.flush:
            return (own(" "), *self.right, own(RULE, rule))
        return (own(" "), *self.right, own(" "), own(RULE * LEAD, rule))
