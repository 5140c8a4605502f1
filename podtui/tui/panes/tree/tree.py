"""The tree of pods: a line-API widget, since stock trees and tables cost seconds at ten thousand.

What it shows is in `state.py`; the widget draws the visible rows and keeps each drawn line by its
content, so that a row is painted again only when it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from podtui.core.model.appearance import age_seconds
from podtui.core.model.snapshot import PodView
from podtui.tui.commands.commands import bindings_of
from podtui.tui.panes.tree.columns import INDENT, columns_for, row_line
from podtui.tui.panes.tree.rows import Rows
from podtui.tui.panes.tree.state import TreeState
from podtui.tui.widgets.row_list import RowList
from podtui.tui.widgets.spans import Line, own, paint

CACHED_STRIPS = 400
SMALLEST_FOLD_REACH = 2
"""Cells around the fold mark that a click may hit."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TreeData:
    """A snapshot as the tree takes it.

    Attributes:
        at: the wall time of the snapshot.
    """

    pods: Sequence[PodView] = ()
    at: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))


class PodTree(RowList, can_focus=True, inherit_bindings=False):
    """The tree of pods with one selected.

    Args:
        elapsed: returns the seconds since the snapshot was taken over.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tree")
    BINDING_GROUP_TITLE = "Pods"

    @dataclass
    class MarksChanged(Message):
        """Other pods are marked; ``gone`` are the names of marked pods that went away."""

        gone: tuple[str, ...] = ()

    class VisibleChanged(Message):
        """Other pods are on screen now, so other pods are worth sampling."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PodTree.VisibleChanged)

    def __init__(
        self,
        elapsed: Callable[[], float],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        self.state = TreeState()
        super().__init__(id=id)
        self._elapsed = elapsed
        self._at = TreeData().at
        self._activity: Mapping[str, Sequence[int]] = {}
        self._strips: LRUCache[tuple[Line, int, bool, bool], Strip] = LRUCache(CACHED_STRIPS)
        self._drawn: dict[int, Line] = {}

    # what is shown

    @property
    def rows(self) -> Rows:
        return self.state.rows

    @property
    def row_count(self) -> int:
        return len(self.state.rows)

    @property
    def index(self) -> int:
        return self.state.index

    @index.setter
    def index(self, index: int) -> None:
        self.state.go_to(index)

    @property
    def selected(self) -> PodView | None:
        """The selected pod, None when there is no row at all."""
        return None if self.state.row is None else self.state.row.pod

    @property
    def marked(self) -> tuple[PodView, ...]:
        """The marked pods in the order of the tree, those without a row included."""
        return self.state.marked

    @property
    def visible_pods(self) -> tuple[PodView, ...]:
        """The pods on screen."""
        return tuple(map(self.rows.pod, self._visible))

    @property
    def _visible(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(top + self.size.height, self.row_count))

    def show(self, data: TreeData) -> None:
        """Take a new snapshot; repaint the visible rows that have changed."""
        self._at = data.at
        gone = self._change(lambda: self.state.take(data.pods))
        if gone:
            self.post_message(self.MarksChanged(gone))

    def show_activity(self, activity: Mapping[str, Sequence[int]]) -> None:
        """Take new activity: bytes per stretch of time, by key of the pod."""
        self._activity = activity
        self.repaint_changed()

    def filter(self, wanted: str) -> None:
        """Show only pods that match all words, and their ancestors."""
        self._change(lambda: self.state.filter(wanted))
        if not self.row_count:
            self.refresh()
        self.reveal()

    def select(self, key: str) -> bool:
        """Select a pod, unfolding what hides it; returns whether there is such a pod."""
        is_there = self._change(lambda: self.state.select(key))
        if is_there:
            self.reveal()
        return is_there

    def _change(self, change: Callable[[], Result]) -> Result:
        """Change the rows; the row at the top stays there when rows above it come or go."""
        before, count, top = self.selected, self.row_count, self.scroll_offset.y
        top_key = self.rows.key(top) if 0 < top < count else None
        result = change()
        if self.row_count != count:
            self.virtual_size = Size(0, self.row_count)
            # Textual leaves its bars to the widget here, as its own list widgets do.
            self._scroll_update(self.virtual_size)
            now = self.rows.index_of(top_key)
            if now is not None and now != top:
                self.scroll_to(y=now, animate=False, immediate=True)
            self._drawn.clear()
            self.refresh()
            self.post_message(self.VisibleChanged())
        else:
            self.repaint_changed()
        if self.selected != before:
            self.post_message(self.Changed())
        return result

    def _change_marks(self, change: Callable[[], None]) -> None:
        before = self.state.marks
        change()
        if self.state.marks != before:
            self.repaint_changed()
            self.post_message(self.MarksChanged())

    def unmark(self, keys: Collection[str]) -> None:
        """Take the marks of these pods away."""
        self._change_marks(lambda: self.state.unmark(keys))

    # drawing

    def row_at(self, index: int, width: int, *, selected: bool) -> Line:
        columns = columns_for(width)
        row = self.rows[index]
        return row_line(
            row,
            columns,
            seconds=age_seconds(row.pod, self._at, self._elapsed()),
            activity=self._activity.get(row.key, ()),
            selected=selected,
            marked=row.key in self.state.marks,
        )

    def nothing(self) -> Line:
        return (
            (own(f" no pod matches {self.state.wanted!r}", "muted"),) if self.state.wanted else ()
        )

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        if index >= self.row_count:
            return super().render_line(y)
        width = self.scrollable_content_region.width
        selected = index == self.index
        line = self._drawn[index] = self.row_at(index, width, selected=selected)
        key = (line, width, selected, self.has_focus)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = paint(line, width, self.style_for(index))
        return strip

    def repaint_changed(self) -> None:
        """Repaint the visible rows that have changed; an age changes by itself."""
        top, width = self.scroll_offset.y, self.scrollable_content_region.width
        changed = [
            Region(0, index - top, self.size.width, 1)
            for index in self._visible
            if self._drawn.get(index) != self.row_at(index, width, selected=index == self.index)
        ]
        if changed:
            self.refresh(*changed)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self) -> None:
        self._drawn.clear()
        self.post_message(self.VisibleChanged())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._drawn.clear()
            self.post_message(self.VisibleChanged())

    # moving

    def action_fold(self) -> None:
        """Fold the selected pod; a pod without open children moves to its parent."""
        row = self.state.row
        if row is None:
            return
        if row.folds and not row.folded and not self.state.wanted:
            self._change(lambda: self.state.set_folded(row.key, folded=True))
            return
        parent = self.rows.parent_of(self.index)
        if parent is not None:
            self.move_to(parent)

    def action_unfold(self) -> None:
        """Unfold the selected pod; an open one moves to its first child."""
        row = self.state.row
        if row is None:
            return
        if row.folded:
            self._change(lambda: self.state.set_folded(row.key, folded=False))
        elif row.folds:
            self.action_move(1)

    def action_fold_all(self, folded: bool) -> None:
        """Fold or unfold every pod that has children."""
        self._change(lambda: self.state.fold_all(folded=folded))
        self.reveal()

    def action_mark(self) -> None:
        """Mark the selected pod, or take its mark away."""
        self._change_marks(self.state.toggle_mark)

    def action_mark_subtree(self) -> None:
        """Mark the selected pod and all below it."""
        self._change_marks(self.state.toggle_subtree)

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self._change_marks(lambda: self.state.unmark(self.state.marks.names))

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index >= self.row_count:
            return
        row, width = self.rows[index], self.scrollable_content_region.width
        fold_at = 1 + min(row.pod.depth * INDENT, columns_for(width).name)
        if row.folds and 0 <= event.x - fold_at < SMALLEST_FOLD_REACH:
            event.prevent_default()
            self.move_to(index)
            self._change(lambda: self.state.set_folded(row.key, folded=not row.folded))
