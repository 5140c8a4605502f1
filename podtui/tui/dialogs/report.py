"""The report of an action on many pods: done, skipped and failed, a sentence each."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll

from podtui.core.model.plans import Report
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.dialogs.dialog import TextDialog
from podtui.tui.dialogs.words import Words, keys_line
from podtui.tui.widgets.spans import Line, Span, own, safe, wrap_words

LONGEST_LINE = 800
INDENT = 4
MOST_IN_A_NOTICE = 4
LONGEST_IN_A_NOTICE = 400
PARTS: tuple[tuple[str, str, str, str], ...] = (
    ("failed", "✗", "failed", "text"),
    ("skipped", "▲", "stalled", "text"),
    ("done", "✓", "ok", "text"),
)
"""Attribute of a report, its shape, the shape's role, the role of its words."""


def is_long(report: Report) -> bool:
    """Whether a report says more than a notice has room for."""
    lines = (*report.done, *report.skipped, *report.failed)
    return len(lines) > MOST_IN_A_NOTICE or sum(map(len, lines)) > LONGEST_IN_A_NOTICE


def counts_line(report: Report) -> Line:
    """Return how much was done, skipped, failed."""
    spans: list[Span] = []
    for attribute, shape, role, _ in reversed(PARTS):
        count = len(getattr(report, attribute))
        if count or attribute == "done":
            spans += [own("   " if spans else ""), own(f"{shape} ", role)]
            spans.append(own(f"{count} {attribute}"))
    return tuple(spans)


def report_lines(report: Report, width: int) -> list[Line]:
    """Return a report as lines, the failures first."""
    lines: list[Line] = []
    for attribute, shape, role, text in PARTS:
        words: tuple[str, ...] = getattr(report, attribute)
        if words and lines:
            lines.append(())
        for each in words:
            spans = (own(f" {shape}  ", role), safe(each, text, LONGEST_LINE))
            lines += wrap_words(spans, width, INDENT)
    return lines or [(own(" nothing was to be done", "muted"),)]


def summary_of_many(report: Report, key: str) -> Notice:
    """Return a long report in one line; ``key`` shows all of it, "" when it is on screen."""
    mark = own(" ✗ ", "failed") if report.failed else own(" ✓ ", "ok")
    more = (own("   "), own(key, "key"), own(" shows the report", "muted")) if key else ()
    action = safe(f"{report.action}: ", "text")
    return Notice((mark, action, *counts_line(report), *more), is_trouble=bool(report.failed))


class ReportDialog(TextDialog[None], inherit_bindings=False):
    """Scrolls by keys and wheel; any of the closing keys goes back."""

    AUTO_FOCUS = "#report-room"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,r", "close", "close", id="report.close", tooltip="Back"),
        Binding("j", "scroll_text(1)", "down", show=False, id="report.down", tooltip="Scroll down"),
        Binding("k", "scroll_text(-1)", "up", show=False, id="report.up", tooltip="Scroll up"),
    ]

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Words(self._title, classes="dialog-title")
            with VerticalScroll(id="report-room", classes="dialog-room"):
                yield Words(lambda width: report_lines(self.report, width), id="report")
            yield Words(self._keys, classes="dialog-keys")

    def _title(self, width: int) -> list[Line]:
        head = own(f"{self.report.action}   ", "title-focus")
        return wrap_words((head, *counts_line(self.report)), width)

    def _keys(self, _width: int) -> list[Line]:
        return keys_line(("esc", "close"), ("↑ ↓", "scroll"))

    def action_close(self) -> None:
        """Go back."""
        if self.is_current:
            self.dismiss()
