"""One row of the output as spans: pure, from a line and a place in it."""

from __future__ import annotations

from podtui.core.output.lines import OutputLine
from podtui.core.output.search import Pattern
from podtui.core.text.safe import SafeText
from podtui.tui.panes.output.viewport import VisibleRow
from podtui.tui.widgets.spans import Line, Span, own

RULE = "─"
_RULE_ROLES = {"unread": "unread", "gap": "unknown"}


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
