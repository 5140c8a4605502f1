"""The tree of pods: a line-API widget, since stock trees and tables cost seconds at ten thousand.

The rows are plain values made outside (`rows.py`); the widget draws the visible ones and
keeps each drawn line under what it says, so that a line is built again only when it says
something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from podtui.core.model.appearance import age_seconds
from podtui.core.model.snapshot import PodView
from podtui.tui.commands.commands import bindings_of
from podtui.tui.panes.tree.columns import INDENT, Columns, columns_for, row_line
from podtui.tui.panes.tree.rows import PodRow, Rows, build_rows
from podtui.tui.panes.tree.selection import Selection, subtree
from podtui.tui.widgets.line_widget import RoledWidget
from podtui.tui.widgets.spans import Line, own, paint

CACHED_STRIPS = 400
SMALLEST_FOLD_REACH = 2
"""Cells around the fold mark that a click may hit."""


@dataclass(frozen=True, slots=True)
class TreeData:
    """What the tree shows.

    Attributes:
        at: the wall time of the snapshot.
        activity: bytes per stretch of time by pod key, where sampled.
    """

    pods: Sequence[PodView] = ()
    at: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))
    activity: Mapping[str, Sequence[int]] = field(default_factory=dict)


class PodTree(RoledWidget, ScrollView, can_focus=True):
    """The tree of pods with one selected, kept by the pod's key through every change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tree")
    BINDING_GROUP_TITLE = "Pods"

    @dataclass
    class Selected(Message):
        """Another pod is selected, or the selected one has news."""

        tree: PodTree
        pod: PodView | None

        @property
        def control(self) -> PodTree:
            return self.tree

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PodTree.Selected)

    @dataclass
    class MarksChanged(Message):
        """Other pods are marked; ``gone`` are the names of marked pods that went away."""

        tree: PodTree
        gone: tuple[str, ...] = ()

    @dataclass
    class VisibleChanged(Message):
        """Other pods are on screen now, so other pods are worth sampling."""

        tree: PodTree

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PodTree.VisibleChanged)

    def __init__(
        self,
        elapsed: Callable[[], float],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._elapsed = elapsed
        self._data = TreeData()
        self._rows = Rows()
        self._folded: set[str] = set()
        self._wanted = ""
        self._selected: str | None = None
        self._selected_index = 0
        self._marks = Selection()
        self.was_moved = False
        """Whether the operator ever moved the selection."""
        self._strips: LRUCache[tuple[Line, int, bool, bool], Strip] = LRUCache(CACHED_STRIPS)
        self._drawn: dict[int, Line] = {}

    # what is shown

    @property
    def rows(self) -> Rows:
        return self._rows

    @property
    def selected(self) -> PodView | None:
        """The selected pod, None when there is no row at all."""
        index = self._selected_index
        return self._rows.pod(index) if index < len(self._rows) else None

    @property
    def wanted(self) -> str:
        """The words of the filter."""
        return self._wanted

    @property
    def marked(self) -> tuple[PodView, ...]:
        """The marked pods in the order of the tree, also those that a filter or a fold hides."""
        return self._marks.of(self._data.pods) if self._marks else ()

    @property
    def hidden_marks(self) -> int:
        """How many marked pods have no row now."""
        if not self._marks:
            return 0
        return len(self.marked) - len(self._marks.of(map(self._rows.pod, range(len(self._rows)))))

    def show(self, data: TreeData) -> None:
        """Take a new picture of the store; repaint the visible rows that say something else."""
        self._data = replace(data, activity=self._data.activity)
        gone = self._marks.gone_from(data.pods)
        if gone:
            self._marks = self._marks.without(gone)
            self.post_message(self.MarksChanged(self, tuple(gone.values())))
        self._rebuild()

    def unmark(self, keys: Collection[str]) -> None:
        """Take the marks of these pods away."""
        self._mark(self._marks.without(keys))

    def _mark(self, marks: Selection) -> None:
        if marks != self._marks:
            self._marks = marks
            self.repaint_changed()
            self.post_message(self.MarksChanged(self))

    def show_activity(self, activity: Mapping[str, Sequence[int]]) -> None:
        """Take new activity of the visible pods."""
        self._data = TreeData(self._data.pods, self._data.at, activity)
        self.repaint_changed()

    def filter(self, wanted: str) -> None:
        """Show only pods that match all words, and their ancestors."""
        self._wanted = wanted
        self._rebuild()
        if not len(self._rows):
            self.refresh()
        self._reveal()

    def select(self, key: str) -> bool:
        """Select a pod, unfolding what hides it; returns whether there is such a pod."""
        pods = self._data.pods
        position = next((i for i, pod in enumerate(pods) if pod.key == key), None)
        if position is None:
            return False
        depth = pods[position].depth
        for above in range(position - 1, -1, -1):
            if pods[above].depth < depth:
                depth = pods[above].depth
                self._folded.discard(pods[above].key)
        self._selected = key
        self._rebuild()
        self._reveal()
        return True

    def visible_pods(self) -> tuple[PodView, ...]:
        """Return the pods on screen."""
        top = self.scroll_offset.y
        bottom = min(top + self.size.height, len(self._rows))
        return tuple(self._rows.pod(index) for index in range(top, bottom))

    def _rebuild(self) -> None:
        before = self.selected
        count = len(self._rows)
        top_key, top = self._top_row()
        self._rows = build_rows(self._data.pods, self._folded, self._wanted)
        self._keep_selection()
        if len(self._rows) != count:
            self.virtual_size = Size(0, len(self._rows))
            # Textual leaves its bars to the widget here, as its own list widgets do.
            self._scroll_update(self.virtual_size)
            self._keep_viewport(top_key, top)
            self._drawn.clear()
            self.refresh()
            self.post_message(self.VisibleChanged(self))
        else:
            self.repaint_changed()
        if self.selected != before:
            self.post_message(self.Selected(self, self.selected))

    def _top_row(self) -> tuple[str | None, int]:
        top = self.scroll_offset.y
        return (self._rows.key(top) if top < len(self._rows) else None), top

    def _keep_viewport(self, top_key: str | None, top: int) -> None:
        """Keep the row at the top where it is when rows above it came or went."""
        if top == 0 or top_key is None:
            return
        now = self._rows.index_of(top_key)
        if now is not None and now != top:
            self.scroll_to(y=now, animate=False, immediate=True)

    def _keep_selection(self) -> None:
        rows = self._rows
        if not len(rows):
            self._selected, self._selected_index = None, 0
            return
        index = self._selected_index
        if not (index < len(rows) and rows.key(index) == self._selected):
            found = self._rows.index_of(self._selected)
            # The pod is gone or folded away: whatever took its place is the nearest to it.
            index = min(index, len(rows) - 1) if found is None else found
        self._selected, self._selected_index = rows.key(index), index

    # drawing

    def _line_at(self, index: int, columns: Columns) -> Line:
        row = self._rows[index]
        seconds = age_seconds(row.pod, self._data.at, self._elapsed())
        return row_line(
            row,
            columns,
            seconds=seconds,
            activity=self._data.activity.get(row.key, ()),
            selected=index == self._selected_index,
            marked=row.key in self._marks,
        )

    @property
    def _columns(self) -> Columns:
        return columns_for(self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= len(self._rows):
            nothing = index == 0 and self._wanted
            words = (own(f" no pod matches {self._wanted!r}", "muted"),) if nothing else ()
            return paint(words, width, self.role_style)
        line = self._line_at(index, columns_for(width))
        self._drawn[index] = line
        key = (line, width, index == self._selected_index, self.has_focus)
        strip = self._strips.get(key)
        if strip is None:
            strip = paint(line, width, self._style_for(index))
            self._strips[key] = strip
        return strip

    def _style_for(self, index: int) -> Callable[[str], Style]:
        if index != self._selected_index:
            return self.role_style
        ground = "selected" if self.has_focus else "selected-blurred"
        return lambda role: self.role_style(role, ground)

    def repaint_changed(self) -> None:
        """Repaint the visible rows that would say something else now (an age went on)."""
        top = self.scroll_offset.y
        width, columns = self.size.width, self._columns
        changed = [
            Region(0, index - top, width, 1)
            for index in range(top, min(top + self.size.height, len(self._rows)))
            if self._drawn.get(index) != self._line_at(index, columns)
        ]
        if changed:
            self.refresh(*changed)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self) -> None:
        self._drawn.clear()
        self.post_message(self.VisibleChanged(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._drawn.clear()
            self.post_message(self.VisibleChanged(self))

    def on_focus(self) -> None:
        self._refresh_row(self._selected_index)

    def on_blur(self) -> None:
        self._refresh_row(self._selected_index)

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # moving

    def _move_to(self, index: int) -> None:
        if not len(self._rows):
            return
        self.was_moved = True
        index = max(0, min(index, len(self._rows) - 1))
        old, self._selected_index = self._selected_index, index
        self._selected = self._rows.key(index)
        self._reveal()
        for each in {old, index}:
            self._refresh_row(each)
        if old != index:
            self.post_message(self.Selected(self, self.selected))

    def _reveal(self) -> None:
        """Scroll no further than needed to show the selected row."""
        top, height = self.scroll_offset.y, self.size.height
        index = self._selected_index
        if height and not top <= index < top + height:
            y = index if index < top else index - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)

    def action_move(self, rows: int) -> None:
        """Move the selection down by ``rows``, up when negative."""
        self._move_to(self._selected_index + rows)

    def action_page(self, direction: int) -> None:
        """Move the selection by a screen."""
        self._move_to(self._selected_index + direction * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Select the first pod."""
        self._move_to(0)

    def action_last(self) -> None:
        """Select the last pod."""
        self._move_to(len(self._rows) - 1)

    def action_fold(self) -> None:
        """Fold the selected pod; a pod without open children moves to its parent."""
        row = self._selected_row()
        if row is None:
            return
        if row.folds and not row.folded and not self._wanted:
            self._set_folded(row.key, folded=True)
            return
        parent = self._rows.parent_of(self._selected_index)
        if parent is not None:
            self._move_to(parent)

    def action_unfold(self) -> None:
        """Unfold the selected pod; an open one moves to its first child."""
        row = self._selected_row()
        if row is None:
            return
        if row.folded:
            self._set_folded(row.key, folded=False)
        elif row.folds:
            self._move_to(self._selected_index + 1)

    def toggle_fold(self) -> None:
        """Fold or unfold the selected pod."""
        row = self._selected_row()
        if row is not None and row.folds:
            self._set_folded(row.key, folded=not row.folded)

    def action_mark(self) -> None:
        """Mark the selected pod, or take its mark away."""
        pod = self.selected
        if pod is not None:
            self._mark(self._marks.toggled([pod]))

    def action_mark_subtree(self) -> None:
        """Mark the selected pod and all below it; with a filter, those of them that match."""
        pod = self.selected
        if pod is None:
            return
        meant = subtree(self._data.pods, pod.key)
        if self._wanted:
            matching = {row.key for row in self._rows if row.matches}
            meant = tuple(each for each in meant if each.key in matching)
        if meant:
            self._mark(self._marks.toggled(meant))

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self._mark(Selection())

    def action_fold_all(self, folded: bool) -> None:
        """Fold or unfold every pod that has children."""
        parents = zip(self._data.pods, self._data.pods[1:], strict=False)
        self._folded = {pod.key for pod, after in parents if after.depth > pod.depth and folded}
        if folded:
            self._select_root_of_selected()
        self._rebuild()
        self._reveal()

    def _select_root_of_selected(self) -> None:
        index: int | None = self._selected_index
        while index is not None and index < len(self._rows):
            self._selected = self._rows.key(index)
            index = self._rows.parent_of(index)

    def _selected_row(self) -> PodRow | None:
        index = self._selected_index
        return self._rows[index] if index < len(self._rows) else None

    def _set_folded(self, key: str, *, folded: bool) -> None:
        (self._folded.add if folded else self._folded.discard)(key)
        self._rebuild()

    # the mouse

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index >= len(self._rows):
            return
        self._move_to(index)
        row = self._rows[index]
        fold_at = 1 + min(row.pod.depth * INDENT, self._columns.name)
        if row.folds and 0 <= event.x - fold_at < SMALLEST_FOLD_REACH:
            self.toggle_fold()
