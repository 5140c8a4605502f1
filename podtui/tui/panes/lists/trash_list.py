"""The list of what is in the trash: a line-API widget, newest first."""

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
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.spans import Line, Span, cut, fit, fit_right, own

LONGEST_TEXT = 200
STATUS, WHEN, ACTOR, SIZE = 13, 14, 16, 7
# The least width at which a column is shown.
_LEAST: tuple[tuple[str, int], ...] = (("status", 34), ("when", 50), ("actor", 70), ("size", 84))


def haystack(entry: TrashView) -> str:
    """Return what a filter looks in."""
    parts = (entry.name, entry.parent or "", entry.actor, entry.status, entry.message, entry.id)
    return " ".join(parts).casefold()


def found(entries: Sequence[TrashView], wanted: str) -> tuple[TrashView, ...]:
    """Return the entries that have all these words."""
    words = wanted.casefold().split()
    return tuple(e for e in entries if all(word in haystack(e) for word in words))


def time_words(at: datetime | None, today: datetime) -> str:
    """Return when it was pruned: the time, of another day with its date."""
    if at is None:
        return "?"
    local = at.astimezone(today.tzinfo)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d}"


def status_span(entry: TrashView) -> Span:
    """Return shape and word of the status the pod had when it was pruned."""
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


class TrashList(RowList, can_focus=False):
    """Shows entries, one selected; kept by its id through every filter.

    Args:
        local_time: says which day it is.
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
        self.shown: tuple[TrashView, ...] = ()
        self.wanted = ""

    @property
    def selected(self) -> TrashView | None:
        """The selected entry, None when none is shown."""
        return self.shown[self._index] if self._index < len(self.shown) else None

    @property
    def row_count(self) -> int:
        return len(self.shown)

    def show(self, entries: Sequence[TrashView] | None, wanted: str) -> None:
        """Take what is in the trash, None while that is not known, and the words of a filter."""
        before = self.selected
        self.entries = None if entries is None else tuple(entries)
        self.wanted = wanted
        self.shown = found(self.entries or (), wanted)
        places = {entry.id: place for place, entry in enumerate(self.shown)}
        self._index = places.get(before.id, 0) if before is not None else 0
        self.take_rows()
        self.reveal()

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        return row_line(self.shown[index], width, self._local_time(), selected=selected)

    def nothing(self) -> Line:
        if self.entries is None:
            return (own("  looking into the trash …", "muted"),)
        if self.entries:
            return (own("  nothing in the trash has ", "muted"), own(repr(self.wanted), "muted"))
        return (own("  the trash is empty: nothing was pruned", "muted"),)

    def chosen_again(self) -> None:
        self.post_message(self.Chosen())
