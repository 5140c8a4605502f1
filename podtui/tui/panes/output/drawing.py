"""Rows of the output and its state in words, as spans: pure functions."""

from __future__ import annotations

from rich.cells import cell_len

from podtui.core.output.lines import OutputLine
from podtui.core.output.page import Page
from podtui.core.output.search import Pattern
from podtui.core.text.durations import size_words
from podtui.core.text.safe import SafeText
from podtui.tui.panes.output.scrolling import Following, Scrolling
from podtui.tui.panes.output.viewport import VisibleRow
from podtui.tui.widgets.spans import Line, Span, own, safe

RULE = "─"
THUMB = "▐"
_RULE_ROLES = {"unread": "unread", "gap": "unknown"}


def empty_line(page: Page | None) -> Line:
    """Return the first row where there are no lines: why there are none."""
    if page is None:
        return (own(" reading …", "muted"),)
    if page.problem:
        return (own(" "), safe(page.problem, "unknown"))
    return (own(" no output yet", "muted"),)


def row_line(
    row: VisibleRow, width: int, left: int | None, pattern: Pattern | None, *, is_match: bool
) -> Line:
    """Return a row of text or a dividing line; arguments as for `text_line`."""
    if row.line.kind != "text":
        return rule_line(row.line, width)
    return text_line(row, width, left, pattern, is_match=is_match)


def with_thumb(spans: Line, width: int) -> Line:
    """Return a row with the mark of the scroll position at its right edge."""
    used = sum(cell_len(span.text) for span in spans)
    blank = max(width - 1 - used, 0)
    return (*spans, own(" " * blank), own(THUMB, "rule"))


def state_words(scrolling: Scrolling, *, is_over: bool, hint: str) -> Line:
    """Return whether new output is followed, and how much there is or where this is in it.

    ``hint`` stands before it while the newest line is followed.
    """
    following = scrolling.following
    if scrolling.at_newest:
        words = [] if is_over else [following.value]
        if not (hint and words):
            words.append(size_words(scrolling.page.total if scrolling.page else 0))
        return (own(hint, "accent"), own(" · ".join(words), "muted"))
    # The newest line is on screen, and new output is held off all the same.
    is_held = following is Following.SCROLLED and scrolling.is_at_bottom
    below = (own(" · new output below", "accent"),) if scrolling.has_newer_below else ()
    word = "held" if is_held else following.value
    return (own(word, "accent"), *below, own(f" · {scrolling.percent} %", "muted"))


def rule_line(line: OutputLine, width: int) -> Line:
    """Return a line that divides the output, with what it says."""
    role = _RULE_ROLES.get(line.kind, "muted")
    lead = f"{RULE * 2} {line.text} "
    return (own(" "), own(lead, role), own(RULE * max(width - len(lead), 0), role))


def text_line(
    row: VisibleRow, width: int, left: int | None, pattern: Pattern | None, *, is_match: bool
) -> Line:
    """Return a row of text with its matches marked.

    ``left`` is how many characters are left out at the left of a line that is not wrapped, None
    for one that is; ``is_match`` says that the search has come to this line.
    """
    text = row.line.text
    start, end = row.start, row.end
    if left is not None:
        start = min(left, len(text))
        end = min(start + width, len(text))
    role = "match-here" if is_match else "match"
    spans = [own(" ")]
    for first, last, part_role in _parts(text, start, end, pattern, role):
        spans.append(Span(SafeText(text[first:last]), part_role))
    if left is not None and end < len(text):
        spans.append(own("…", "muted"))
    return tuple(spans)


def _parts(
    text: SafeText, start: int, end: int, pattern: Pattern | None, role: str
) -> list[tuple[int, int, str]]:
    if pattern is None:
        return [(start, end, "text")]
    parts: list[tuple[int, int, str]] = []
    at = start
    for first, last in pattern.spans(text):
        first, last = max(first, start), min(last, end)  # noqa: PLW2901 - the part on this row
        if first < last:
            parts += [(at, first, "text"), (first, last, role)]
            at = last
    return [part for part in [*parts, (at, end, "text")] if part[0] < part[1]]
