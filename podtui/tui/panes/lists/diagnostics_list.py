"""The list of diagnostics: a line-API widget; ten thousand of them cost what is on screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from podtui.core.diagnostics.report import DiagnosticsPicture, Entry
from podtui.tui.panes.lists.diagnostics_rows import DiagnosticsRow, build_rows, haystack, row_line
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.spans import Line, own


class DiagnosticsList(RowList, can_focus=True, inherit_bindings=False):
    """Newest first, one row selected, kept by what it shows through every change.

    Args:
        local_time: says which day it is.
    """

    def __init__(
        self,
        local_time: Callable[[], datetime],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._local_time = local_time
        self._picture = DiagnosticsPicture()
        self._rows: list[DiagnosticsRow] = []
        self._unfolded: set[str] = set()
        self._wanted = ""
        self._haystacks: dict[tuple[str, int], str] = {}
        self._drawn: set[str] = set()
        self.found = 0

    # what is shown

    @property
    def picture(self) -> DiagnosticsPicture:
        return self._picture

    @property
    def wanted(self) -> str:
        """The words of the filter."""
        return self._wanted

    @property
    def selected(self) -> DiagnosticsRow | None:
        return self._rows[self._index] if self._index < len(self._rows) else None

    def show(self, picture: DiagnosticsPicture) -> None:
        """Take a new picture; rows on screen stay where they are."""
        self._picture = picture
        self._rebuild()

    def filter(self, wanted: str) -> None:
        """Show only entries that have all these words."""
        self._wanted = wanted
        self._rebuild()
        self.reveal()

    def begin(self) -> None:
        """Begin at the newest, with nothing unfolded or filtered, as if it had just been made."""
        self._unfolded.clear()
        self._drawn.clear()
        self._wanted = ""
        self._index = 0
        self._rebuild(keeps=False)
        self.scroll_to(y=0, animate=False, immediate=True)

    def take_drawn(self) -> frozenset[str]:
        """Return the ids of the unread diagnostics that were on screen since the last time."""
        drawn, self._drawn = self._drawn, set()
        return frozenset(drawn & self._picture.unread)

    def _entries(self) -> tuple[Entry, ...]:
        words = self._wanted.lower().split()
        if not words:
            return self._picture.entries
        return tuple(
            entry
            for entry in self._picture.entries
            if all(word in self._text_of(entry) for word in words)
        )

    def _text_of(self, entry: Entry) -> str:
        """Return what a filter looks in, made once for each entry that was ever looked for."""
        key = (entry.id, len(entry.members))
        text = self._haystacks.get(key)
        if text is None:
            text = self._haystacks[key] = haystack(entry)
        return text

    def _rebuild(self, *, keeps: bool = True) -> None:
        key = self._rows[self._index].key if keeps and self._index < len(self._rows) else None
        top = self.scroll_offset.y
        top_key = self._rows[top].key if keeps and 0 < top < len(self._rows) else None
        entries = self._entries()
        self.found = len(entries)
        self._rows = build_rows(self._picture, entries, self._unfolded, self._width)
        places = {row.key: place for place, row in enumerate(self._rows)}
        last = max(len(self._rows) - 1, 0)
        self._index = min(places.get(key, self._index) if key else 0, last)
        self.take_rows()
        if top_key is not None and places.get(top_key, top) != top:
            self.scroll_to(y=places[top_key], animate=False, immediate=True)

    @property
    def _width(self) -> int:
        return max(self.scrollable_content_region.width, 1)

    # drawing

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def selected_state(self) -> str:
        return "selected" if self.has_focus else "selected-blurred"

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        row = self._rows[index]
        if row.detail is None:
            self._drawn.update(each.id for each in row.meant)
        return row_line(row, self._picture, width, today=self._local_time(), selected=selected)

    def nothing(self) -> Line:
        if self._wanted:
            return (own(f" no diagnostic has {self._wanted!r}", "muted"),)
        return (
            own(" nothing was told yet: no pod was lost, and nothing was done to one", "muted"),
        )

    def on_resize(self) -> None:
        self._rebuild()
        self.reveal()

    # moving

    def go_to_end(self, last: bool) -> None:
        """Select the oldest, else the newest."""
        self.move_to(len(self._rows) if last else 0)

    def toggle(self) -> None:
        """Unfold what is selected, or fold it."""
        row = self.selected
        if row is None:
            return
        key = row.key.partition("#")[0]
        (self._unfolded.discard if key in self._unfolded else self._unfolded.add)(key)
        self._index = next(i for i, each in enumerate(self._rows) if each.key == key)
        self._rebuild()
        self.reveal()

    def chosen_again(self) -> None:
        self.toggle()
