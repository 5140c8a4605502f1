"""The list of diagnostics: a line-API widget; ten thousand of them cost what is on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from podtui.core.diagnostics.report import DiagnosticsPicture, Entry
from podtui.tui.panes.lists.diagnostics_rows import DiagnosticsRow, build_rows, haystack, row_line
from podtui.tui.widgets.row_list import FilteredList
from podtui.tui.widgets.spans import Line, own


class DiagnosticsList(FilteredList[DiagnosticsRow], can_focus=True, inherit_bindings=False):
    """Shows diagnostics, newest first; each can be unfolded.

    Args:
        local_time: returns the time here, which says what "today" is.
    """

    def __init__(
        self,
        local_time: Callable[[], datetime],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._local_time = local_time
        self._unfolded: set[str] = set()
        self._haystacks: dict[tuple[str, int], str] = {}
        self._drawn: set[str] = set()
        self.picture = DiagnosticsPicture()
        self.found = 0

    # what is shown

    def show(self, picture: DiagnosticsPicture) -> None:
        """Take a new picture; rows on screen stay where they are."""
        self.picture = picture
        self.rebuild()

    def begin(self) -> None:
        """Begin at the newest, with nothing unfolded or filtered, like a new list."""
        self._unfolded.clear()
        self._drawn.clear()
        self.wanted, self.index, self.rows = "", 0, ()
        self.rebuild()
        self.scroll_to(y=0, animate=False, immediate=True)

    @property
    def drawn(self) -> frozenset[str]:
        """The ids of the diagnostics whose rows were on screen since they were last taken."""
        return frozenset(self._drawn)

    def take_drawn(self) -> frozenset[str]:
        """Return the ids of the unread diagnostics that were on screen since the last call."""
        drawn, self._drawn = self._drawn, set()
        return frozenset(drawn & self.picture.unread)

    def build_rows(self) -> Sequence[DiagnosticsRow]:
        words = self.wanted.lower().split()
        entries = self.picture.entries
        if words:
            entries = tuple(e for e in entries if all(word in self._text_of(e) for word in words))
        self.found = len(entries)
        width = max(self.scrollable_content_region.width, 1)
        return build_rows(self.picture, entries, self._unfolded, width)

    def key_of(self, row: DiagnosticsRow) -> str:
        return row.key

    def _text_of(self, entry: Entry) -> str:
        """Return the text that a filter searches, made once for each entry."""
        key = (entry.id, len(entry.members))
        text = self._haystacks.get(key)
        if text is None:
            text = self._haystacks[key] = haystack(entry)
        return text

    # drawing

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        row = self.rows[index]
        if row.detail is None:
            self._drawn.update(each.id for each in row.members)
        return row_line(row, self.picture, width, today=self._local_time(), selected=selected)

    def nothing(self) -> Line:
        if self.wanted:
            return (own(f" no diagnostic has {self.wanted!r}", "muted"),)
        words = " no diagnostics yet: no pod was lost, and nothing was done to one"
        return (own(words, "muted"),)

    def on_resize(self) -> None:
        self.rebuild()
        self.reveal()

    # moving

    def toggle(self) -> None:
        """Unfold the selected row, or fold it."""
        row = self.selected
        if row is None:
            return
        key = row.key.partition("#")[0]
        (self._unfolded.discard if key in self._unfolded else self._unfolded.add)(key)
        self.index = next(i for i, each in enumerate(self.rows) if each.key == key)
        self.rebuild()
        self.reveal()

    def choose_again(self) -> None:
        self.toggle()
