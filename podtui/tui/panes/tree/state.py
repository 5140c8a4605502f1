"""The state of the tree without its drawing: which pods are folded, filtered, marked, selected."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from podtui.core.model.snapshot import PodView
from podtui.tui.panes.tree.rows import PodRow, Rows, build_rows
from podtui.tui.panes.tree.selection import Selection, subtree


class TreeState:
    """Keeps the selection and the marks on their pods, by key, through every change.

    Attributes:
        index: the selected row.
        wanted: the words of the filter.
        was_moved: whether the operator ever moved the selection.
    """

    def __init__(self) -> None:
        self.pods: Sequence[PodView] = ()
        self.rows = Rows()
        self.marks = Selection()
        self.index = 0
        self.wanted = ""
        self.was_moved = False
        self._key: str | None = None
        self._folded: set[str] = set()

    @property
    def row(self) -> PodRow | None:
        """The selected row, None when there is none."""
        return self.rows[self.index] if self.index < len(self.rows) else None

    @property
    def marked(self) -> tuple[PodView, ...]:
        """The marked pods in the order of the tree, those without a row included."""
        return self.marks.of(self.pods) if self.marks else ()

    @property
    def hidden_marks(self) -> int:
        """How many marked pods a filter or a fold hides."""
        if not self.marks:
            return 0
        return len(self.marked) - len(self.marks.of(map(self.rows.pod, range(len(self.rows)))))

    # what is there

    def take(self, pods: Sequence[PodView]) -> tuple[str, ...]:
        """Take the pods of a new snapshot; returns the names of marked pods that are gone."""
        self.pods = pods
        gone = self.marks.gone_from(pods)
        if gone:
            self.marks = self.marks.without(gone)
        self.rebuild()
        return tuple(gone.values())

    def filter(self, wanted: str) -> None:
        """Show only pods that have all these words, and their ancestors."""
        self.wanted = wanted
        self.rebuild()

    def rebuild(self) -> None:
        """Build the rows; when the selected one is gone, its nearest neighbour is selected."""
        self.rows = rows = build_rows(self.pods, self._folded, self.wanted)
        if not len(rows):
            self._key, self.index = None, 0
            return
        if not (self.index < len(rows) and rows.key(self.index) == self._key):
            found = rows.index_of(self._key)
            self.index = min(self.index, len(rows) - 1) if found is None else found
        self._key = rows.key(self.index)

    # the selection

    def go_to(self, index: int) -> None:
        """Select a row that the operator moved to."""
        self.was_moved = True
        self.index, self._key = index, self.rows.key(index)

    def select(self, key: str) -> bool:
        """Select a pod and unfold its ancestors; returns whether there is such a pod."""
        position = next((i for i, pod in enumerate(self.pods) if pod.key == key), None)
        if position is None:
            return False
        depth = self.pods[position].depth
        for above in range(position - 1, -1, -1):
            if self.pods[above].depth < depth:
                depth = self.pods[above].depth
                self._folded.discard(self.pods[above].key)
        self._key = key
        self.rebuild()
        return True

    # folds

    def set_folded(self, key: str, *, folded: bool) -> None:
        """Hide what is below a pod, or show it."""
        (self._folded.add if folded else self._folded.discard)(key)
        self.rebuild()

    def fold_all(self, *, folded: bool) -> None:
        """Fold or unfold every pod that has children; the root of the selected one is selected."""
        parents = zip(self.pods, self.pods[1:], strict=False)
        self._folded = {pod.key for pod, after in parents if after.depth > pod.depth and folded}
        index: int | None = self.index if folded else None
        while index is not None and index < len(self.rows):
            self._key = self.rows.key(index)
            index = self.rows.parent_of(index)
        self.rebuild()

    # marks

    def unmark(self, keys: Collection[str]) -> None:
        """Take the marks of these pods away."""
        self.marks = self.marks.without(keys)

    def toggle_mark(self) -> None:
        """Mark the selected pod, or take its mark away."""
        if self.row is not None:
            self.marks = self.marks.toggled([self.row.pod])

    def toggle_subtree(self) -> None:
        """Mark the selected pod and all below it; with a filter, those of them that match."""
        if self.row is None:
            return
        pods = subtree(self.pods, self.row.key)
        if self.wanted:
            matching = {row.key for row in self.rows if row.matches}
            pods = tuple(each for each in pods if each.key in matching)
        if pods:
            self.marks = self.marks.toggled(pods)
