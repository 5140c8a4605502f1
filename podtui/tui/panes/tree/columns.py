"""The columns of the tree: turns a row into a line of spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from podtui.core.model.appearance import APPEARANCE, STOPPED, status_word
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import LIVE_STATUSES, Status
from podtui.core.text.durations import age, size_short
from podtui.core.text.safe import SafeText, safe_line
from podtui.tui.panes.tree.rows import PodRow
from podtui.tui.widgets.spans import Line, Span, cut, fit, fit_right, own, width_of

UNFOLDED, FOLDED, SELECTED = "▾", "▸", "▌"
MARKED, MARKED_SELECTED = "■", "◧"
LEVELS = "▁▂▃▄▅▆▇█"
ACTIVITY_CELLS = 10
LONGEST_NAME_SHOWN = 200
INDENT = 2
GLYPH_ONLY = 2
SHORTEST_NAME = 12
PERCENT_WITH_FRACTION = 9.95


class Columns(NamedTuple):
    """Widths in cells; 0 for a column there is no room for. ``note`` spans the last three."""

    name: int
    status: int
    age: int
    activity: int = 0
    cpu: int = 0
    memory: int = 0

    @property
    def rest(self) -> int:
        """Cells of the last three columns, where a reason may stand instead."""
        return self.activity + self.cpu + self.memory


# The least width at which a set of columns is used, widest first.
_SETS: tuple[tuple[int, Columns], ...] = (
    (66, Columns(0, 15, 5, 2 + ACTIVITY_CELLS, 6, 6)),
    (50, Columns(0, 15, 5, 2 + ACTIVITY_CELLS, 5, 0)),
    (40, Columns(0, 15, 5, 0, 0, 6)),
    (26, Columns(0, 12, 5)),
    (0, Columns(0, GLYPH_ONLY, 0)),
)


def columns_for(width: int) -> Columns:
    """Return the columns that fit a tree of ``width`` cells."""
    chosen = next(columns for least, columns in _SETS if width >= least)
    return chosen._replace(name=max(width - 1 - sum(chosen), 1))


def column_titles(columns: Columns) -> Line:
    """Return the names of the columns, as wide as they are, for the title line above the tree."""
    parts = (
        ("quiet", columns.age, True),
        ("  activity", columns.activity, False),
        ("cpu", columns.cpu, True),
        ("mem", columns.memory, True),
    )
    return tuple(
        own(f"{name:>{width}}" if right else f"{name:<{width}}", "muted")
        for name, width, right in parts
        if width
    )


def row_line(
    row: PodRow,
    columns: Columns,
    *,
    seconds: float,
    activity: Sequence[int] = (),
    selected: bool = False,
    marked: bool = False,
) -> Line:
    """Return a row as a line of exactly the columns' width.

    ``seconds`` is the age to show, see `age_seconds`; ``activity`` is bytes of output per stretch
    of time, oldest first.
    """
    pod = row.pod
    mark = own(_LEFT[marked, selected], "accent")
    name = _name(row, columns.name, "strong" if selected else "text")
    word = short_status(pod)
    if columns.status == GLYPH_ONLY:
        word = SafeText(APPEARANCE[pod.status].glyph)
    status = Span(fit(word, columns.status), _status_role(pod))
    shown_age = Span(fit_right(safe_line(age(seconds)), columns.age), "muted")
    return (mark, *name, status, shown_age, *_rest(pod, columns, activity))


_LEFT = {
    (False, False): " ",
    (False, True): SELECTED,
    (True, False): MARKED,
    (True, True): MARKED_SELECTED,
}
"""The mark left of a row, by whether it is marked and selected."""


def _status_role(pod: PodView) -> str:
    role = APPEARANCE[pod.status].role
    guessed = not pod.asserted and pod.status is not Status.UNKNOWN
    return f"{role}-guess" if guessed else role


def short_status(pod: PodView) -> SafeText:
    """Return glyph and word of the status; the note names the signal."""
    word = status_word(pod)
    if pod.signal is not None:
        word = word.partition(" ")[0]
    return safe_line(f"{APPEARANCE[pod.status].glyph} {word}")


def _name(row: PodRow, width: int, role: str) -> tuple[Span, ...]:
    pod = row.pod
    # The indent of a deep tree ends where only the shortest name fits.
    indent = min(pod.depth * INDENT, max(width - SHORTEST_NAME, 0))
    fold = (FOLDED if row.folded else UNFOLDED) if row.folds else " "
    hidden = _hidden(row)
    left = max(width - indent - 2 - width_of(hidden) - 1, 1)
    name = cut(safe_line(pod.name, LONGEST_NAME_SHOWN), left)
    spans = [own(" " * indent), own(f"{fold} ", "muted")]
    spans.append(Span(name, role if row.matches else "muted"))
    spans.extend(hidden)
    blank = width - width_of(spans)
    if blank < 0:
        return (Span(cut(SafeText("".join(span.text for span in spans)), width), "text"),)
    return (*spans, own(" " * blank))


def _hidden(row: PodRow) -> tuple[Span, ...]:
    if not row.hidden or row.worst_hidden is None:
        return ()
    worst = APPEARANCE[row.worst_hidden]
    return (own(f" ⋯{row.hidden} ", "muted"), own(worst.glyph, worst.role))


def _rest(pod: PodView, columns: Columns, activity: Sequence[int]) -> tuple[Span, ...]:
    if not columns.rest:
        return ()
    reason = note(pod)
    if reason or pod.status not in LIVE_STATUSES:
        shown = SafeText(f"  {cut(reason, max(columns.rest - 2, 0))}")
        return (Span(fit(shown, columns.rest), "note"),)
    spans: list[Span] = []
    if columns.activity:
        spans.append(own("  "))
        spans.extend(sparkline(activity))
    if columns.cpu:
        spans.append(_cpu(pod.cpu_percent, columns.cpu))
    if columns.memory:
        memory = "" if pod.rss_bytes is None else size_short(pod.rss_bytes)
        spans.append(own(f"{memory:>{columns.memory}}", "muted"))
    return tuple(spans)


def _cpu(percent: float | None, width: int) -> Span:
    if percent is None:
        return own(" " * width)
    return own(f"{percent:.0f}%".rjust(width), "text" if percent >= 1 else "muted")


def sparkline(activity: Sequence[int]) -> tuple[Span, ...]:
    """Return bytes per stretch of time as blocks; no output at all is a thin grey line.

    The scale is a logarithm, so that a lone line is seen beside a burst a thousand times larger.
    """
    counts = list(activity)[-ACTIVITY_CELLS:]
    counts = [0] * (ACTIVITY_CELLS - len(counts)) + counts
    spans: list[Span] = []
    for count in counts:
        level = min(max(count.bit_length() // 2 - 1, 1), len(LEVELS) - 1) if count else 0
        role = "activity" if count else "no-activity"
        if spans and spans[-1].role == role:
            spans[-1] = own(spans[-1].text + LEVELS[level], role)
        else:
            spans.append(own(LEVELS[level], role))
    return tuple(spans)


def note(pod: PodView) -> SafeText:
    """Return the reason that stands where a pod has no activity; "" where it has."""
    if pod.record_error:
        return SafeText("record unreadable")
    if pod.status in LIVE_STATUSES:
        return SafeText("")
    message = safe_line(pod.message, LONGEST_NAME_SHOWN)
    # The words of the status column are not repeated.
    shown = (f"exited {pod.exit_code}", STOPPED, APPEARANCE[pod.status].word)
    for word in shown:
        message = SafeText(message.removeprefix(word).removeprefix(":").removeprefix(","))
    return SafeText(message.strip())
