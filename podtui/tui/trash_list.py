"""The list of what is in the trash: a line-API widget, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from podtui.core.model.appearance import APPEARANCE
from podtui.core.model.trash import TrashView
from podtui.core.model.verdicts import Status
from podtui.core.text.durations import size_short
from podtui.core.text.safe import SafeText, safe_line
from podtui.tui.columns import SELECTED
from podtui.tui.lines import RoledWidget
from podtui.tui.spans import Line, Span, cut, fit, fit_right, own, paint

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


class TrashList(RoledWidget, ScrollView, can_focus=False):
    """Shows entries, one selected; kept by its id through every filter.

    Args:
        local_time: says which day it is.
    """

    @dataclass
    class Changed(Message):
        """Other entries are shown, or another one is selected."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TrashList.Changed)

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
        self._index = 0
        self.entries: tuple[TrashView, ...] | None = None
        self.shown: tuple[TrashView, ...] = ()
        self.wanted = ""

    @property
    def selected(self) -> TrashView | None:
        """The selected entry, None when none is shown."""
        return self.shown[self._index] if self._index < len(self.shown) else None

    def show(self, entries: Sequence[TrashView] | None, wanted: str) -> None:
        """Take what is in the trash, None while that is not known, and the words of a filter."""
        before = self.selected
        self.entries = None if entries is None else tuple(entries)
        self.wanted = wanted
        self.shown = found(self.entries or (), wanted)
        places = {entry.id: place for place, entry in enumerate(self.shown)}
        self._index = places.get(before.id, 0) if before is not None else 0
        self.virtual_size = Size(0, len(self.shown))
        # Textual leaves its bars to the widget here, as its own list widgets do.
        self._scroll_update(self.virtual_size)
        self._reveal()
        self.refresh()
        self.post_message(self.Changed())

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= len(self.shown):
            return paint(self._nothing() if index == 0 else (), width, self.role_style)
        is_selected = index == self._index
        line = row_line(self.shown[index], width, self._local_time(), selected=is_selected)
        return paint(line, width, self._selected_style if is_selected else self.role_style)

    def _nothing(self) -> Line:
        if self.entries is None:
            return (own("  looking into the trash …", "muted"),)
        if self.entries:
            return (own("  nothing in the trash has ", "muted"), own(repr(self.wanted), "muted"))
        return (own("  the trash is empty: nothing was pruned", "muted"),)

    def _selected_style(self, role: str) -> Style:
        return self.role_style(role, "selected")

    def _move_to(self, index: int) -> None:
        if not self.shown:
            return
        old, self._index = self._index, max(0, min(index, len(self.shown) - 1))
        self._reveal()
        for each in {old, self._index}:
            self.refresh(Region(0, each - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Changed())

    def _reveal(self) -> None:
        """Scroll no further than needed to show the selected row."""
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self._index < top + height:
            y = self._index if self._index < top else self._index - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)

    def move(self, rows: int) -> None:
        """Move the selection down by ``rows``, up when negative."""
        self._move_to(self._index + rows)

    def page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self._move_to(self._index + direction * max(self.size.height - 1, 1))

    def on_resize(self) -> None:
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index >= len(self.shown):
            return
        is_again = index == self._index
        self._move_to(index)
        if is_again:
            self.post_message(self.Chosen())
