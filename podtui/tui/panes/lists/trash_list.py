"""The list of the trash: a line-API widget, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.message import Message

from podtui.core.model.appearance import APPEARANCE
from podtui.core.model.trash import TrashView
from podtui.core.model.verdicts import Status
from podtui.core.text.durations import size_short
from podtui.core.text.safe import SafeText, safe_line
from podtui.tui.panes.tree.columns import SELECTED
from podtui.tui.widgets.row_list import FilteredList
from podtui.tui.widgets.spans import Line, Span, cut, fit, fit_right, own

LONGEST_TEXT = 200
STATUS, WHEN, ACTOR, SIZE = 13, 14, 16, 7
# The least width at which a column is shown.
_LEAST: tuple[tuple[str, int], ...] = (("status", 34), ("when", 50), ("actor", 70), ("size", 84))


def haystack(entry: TrashView) -> str:
    """Return the text of an entry that a filter searches."""
    parts = (entry.name, entry.parent or "", entry.actor, entry.status, entry.message, entry.id)
    return " ".join(parts).casefold()


def found(entries: Sequence[TrashView], wanted: str) -> tuple[TrashView, ...]:
    """Return the entries that have all these words."""
    words = wanted.casefold().split()
    return tuple(e for e in entries if all(word in haystack(e) for word in words))


def time_words(at: datetime | None, today: datetime) -> str:
    """Return when an entry was pruned: the time, or the date of another day."""
    if at is None:
        return "?"
    local = at.astimezone(today.tzinfo)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d}"


def status_span(entry: TrashView) -> Span:
    """Return the shape and word of the status a pod had when it was pruned."""
    if entry.problem:
        return own("? unreadable", "unknown")
    try:
        look = APPEARANCE[Status(entry.status)]
    except ValueError:
        return Span(safe_line(f"? {entry.status}".rstrip(" "), STATUS), "unknown")
    return own(f"{look.glyph} {look.word}", look.role)


def row_line(entry: TrashView, width: int, today: datetime, *, selected: bool) -> Line:
    """Return one entry as a line of ``width`` cells."""
    shown = {name for name, least in _LEAST if width >= least}
    status = status_span(entry)
    size = "" if entry.size_bytes is None else size_short(entry.size_bytes)
    actor = safe_line(f"by {entry.actor}" if entry.actor else "", LONGEST_TEXT)
    columns = (
        ("status", Span(fit(status.text, STATUS), status.role)),
        ("when", own(f"{time_words(entry.pruned_at, today):<{WHEN}}", "muted")),
        ("actor", Span(fit(cut(actor, ACTOR - 1), ACTOR), "text")),
        ("size", Span(fit_right(SafeText(size), SIZE), "muted")),
    )
    rest = [span for name, span in columns if name in shown]
    left = width - 2 - sum(len(span.text) for span in rest)
    name = fit(cut(safe_line(entry.name or entry.id, LONGEST_TEXT), max(left - 1, 1)), max(left, 1))
    mark = own(f"{SELECTED if selected else ' '} ", "accent")
    return (mark, Span(name, "strong" if selected else "text"), *rest)


class TrashList(FilteredList[TrashView], can_focus=False):
    """Shows the entries of the trash.

    Attributes:
        entries: all of them, None until they are listed.

    Args:
        local_time: returns the time here, which says what "today" is.
    """

    class Chosen(Message):
        """The selected entry was clicked again."""

    def __init__(
        self,
        local_time: Callable[[], datetime],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._local_time = local_time
        self.entries: tuple[TrashView, ...] | None = None

    def show(self, entries: Sequence[TrashView]) -> None:
        """Take the entries of the trash."""
        self.entries = tuple(entries)
        self.filter(self.wanted)

    def build_rows(self) -> Sequence[TrashView]:
        return found(self.entries or (), self.wanted)

    def key_of(self, row: TrashView) -> str:
        return row.id

    @property
    def index_when_gone(self) -> int:
        """The first: Enter recovers the first match of the typed words."""
        return 0

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        return row_line(self.rows[index], width, self._local_time(), selected=selected)

    def nothing(self) -> Line:
        if self.entries is None:
            return (own("  reading the trash …", "muted"),)
        if self.entries:
            return (own("  nothing in the trash has ", "muted"), own(repr(self.wanted), "muted"))
        return (own("  the trash is empty: nothing was pruned", "muted"),)

    def choose_again(self) -> None:
        self.post_message(self.Chosen())
